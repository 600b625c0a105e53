"""Exponential linear units: linear for x > 0, saturating below; and the exponential itself."""

import math
from typing import Annotated

from keras_acts.activations.tanh_like import isru, isru_derivative, isru_second_derivative
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["celu", "elish", "elu", "elu_plus_one", "exponential", "hard_elish", "isrlu", "mpelu", "pelu"]
__all__ += ["selu", "soft_exponential", "xielu"]


# elu, selu, celu, pelu and mpelu are rise x for x > 0 and depth (exp(x / reach) - 1) below.


def _below(x: nx.Tensor, reach: float) -> nx.Tensor:
    below = ops.minimum(x, 0.0)
    return below if reach == 1.0 else below / reach


def _saturating(x: nx.Tensor, depth: float, reach: float = 1.0, rise: float = 1.0) -> nx.Tensor:
    """The sum of both branches, one of which is 0."""
    z = _below(x, reach)
    below = depth * nx.expm1(z)
    if reach > 1.0:  # near 0 the tangent is exact, and a normal number where x / reach is not
        below = ops.where(z > -(2.0**-60), (depth / reach) * ops.minimum(x, 0.0), below)
    if depth == reach == rise == 1.0:  # a pass over memory less, as exp(x) - 1 is never below x
        return ops.maximum(x, below)
    above = ops.relu(x)
    return (above if rise == 1.0 else rise * above) + below


def _saturating_derivative(x: nx.Tensor, depth: float, reach: float = 1.0, rise: float = 1.0) -> nx.Tensor:
    factor, z = depth / reach, _below(x, reach)
    below = ops.exp(z) if factor == 1.0 else nx.times_exp_fast(factor, z)
    return below if factor == rise else ops.where(x >= 0.0, rise, below)


def _saturating_second_derivative(x: nx.Tensor, depth: float, reach: float = 1.0) -> nx.Tensor:
    return ops.where(x >= 0.0, 0.0, nx.times_exp_fast(depth / reach / reach, _below(x, reach)))


@activation(
    formula="max(x, 0) + alpha * (exp(min(x, 0)) - 1)",
    traits={"monotonic"},
    aliases={
        "keras tf timm": "elu",
        "jax flax": "elu(alpha=1.0)",
        "torch": "ELU elu(alpha=1.0, inplace=False)",
        "onnx": "Elu(alpha=1.0)",
    },
    kinks=(0.0,),
)
def elu(x: nx.Tensor, alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 1.0) -> nx.Tensor:
    """Exponential linear unit: negative outputs push the mean activation towards zero.

    Its units cannot die and it saturates at -alpha. The derivative at 0 is 1. Some surveys write the branch as
    (exp(x) - 1) / alpha; all frameworks multiply.

    Returns:
        Tensor of the same shape and dtype as x, in (-alpha, inf).

    Example:
        >>> np.asarray(elu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.6321, 0.0, 2.0]

    Reference:
        arXiv:1511.07289, Fast and Accurate Deep Network Learning by Exponential Linear Units.
    """
    return _saturating(x, alpha)


elu.derivative(lambda x, alpha: _saturating_derivative(x, alpha))
elu.second_derivative(lambda x, alpha: _saturating_second_derivative(x, alpha))


# The fixed point of the paper: with these, mean 0 and variance 1 map to themselves.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def _of_onnx(alpha: float = SELU_ALPHA, gamma: float = SELU_SCALE) -> dict[str, float]:
    return {"alpha": alpha, "scale": gamma}


@activation(
    formula="scale * (max(x, 0) + alpha * (exp(min(x, 0)) - 1))",
    traits={"monotonic"},
    aliases={"keras tf jax flax timm": "selu", "torch": "SELU selu(inplace=False)", "onnx": {"Selu": _of_onnx}},
    kinks=(0.0,),
)
def selu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("depth of the negative branch, before scaling", low=0.0)] = SELU_ALPHA,
    scale: Annotated[float, positive("slope of the positive branch")] = SELU_SCALE,
) -> nx.Tensor:
    """Scaled exponential linear unit, which keeps activations at mean 0 and variance 1 through depth.

    Self-normalising only together with `lecun_normal` kernels, and with `AlphaDropout` in place of `Dropout`. Other
    constants than the paper's are for models of other frameworks, and for `keras_acts.initializers.selu_constants`.
    The derivative at 0 is 1.0507 as in Keras (torch and jax: 1.7581, the left one).

    Returns:
        Tensor of the same shape and dtype as x, in (-1.7581, inf).

    Example:
        >>> np.asarray(selu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-1.1113, 0.0, 2.1014]

    Reference:
        arXiv:1706.02515, Self-Normalizing Neural Networks.
    """
    return _saturating(x, scale * alpha, rise=scale)


selu.derivative(lambda x, alpha, scale: _saturating_derivative(x, scale * alpha, rise=scale))
selu.second_derivative(lambda x, alpha, scale: _saturating_second_derivative(x, scale * alpha))


@activation(
    formula="max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)",
    traits={"monotonic"},
    aliases={
        "keras timm": "celu",
        "jax flax": "celu(alpha=1.0)",
        "torch": "CELU celu(alpha=1.0, inplace=False)",
        "onnx": "Celu(alpha=1.0)",
    },
    kinks=(0.0,),
)
def celu(x: nx.Tensor, alpha: Annotated[float, positive("depth and reach of the negative branch")] = 1.0) -> nx.Tensor:
    """ELU with a continuous derivative for every alpha.

    The derivative at 0 is 1; Keras' own gives 2 there, the sum of both sides.

    Returns:
        Tensor of the same shape and dtype as x, in (-alpha, inf).

    Example:
        >>> np.asarray(celu(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [-0.4323, 0.0, 2.0]

    Reference:
        arXiv:1704.07483, Continuously Differentiable Exponential Linear Units.
    """
    return _saturating(x, alpha, alpha)


celu.derivative(lambda x, alpha: _saturating_derivative(x, alpha, alpha))
celu.second_derivative(lambda x, alpha: _saturating_second_derivative(x, alpha, alpha))


@activation(formula="max(x, 0) + exp(min(x, 0))", traits={"monotonic"}, kinks=(0.0,))
def elu_plus_one(x: nx.Tensor) -> nx.Tensor:
    """ELU moved up to be positive: the feature map of linear attention.

    Written as `elu(x) + 1` it is rounded to 0 below -17 in float32; this is not. The derivative is continuous.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(elu_plus_one(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1353, 1.0, 3.0]

    Reference:
        arXiv:2006.16236, Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention.
    """
    return ops.where(x > 0.0, x + 1.0, ops.exp(ops.minimum(x, 0.0)))


elu_plus_one.derivative(lambda x: _saturating_derivative(x, 1.0))
elu_plus_one.second_derivative(lambda x: _saturating_second_derivative(x, 1.0))


@activation(formula="exp(x)", traits={"smooth", "monotonic"}, aliases={"keras": "exponential", "onnx": "Exp"})
def exponential(x: nx.Tensor) -> nx.Tensor:
    """Exponential function, for outputs that must be positive.

    It overflows above 88.7 in float32 and 11.09 in float16. Some surveys mean exp(-x) by this name.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(exponential(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [0.3679, 1.0, 2.7183]
    """
    return ops.exp(x)


exponential.derivative(ops.exp)
exponential.second_derivative(ops.exp)


@activation(
    formula="sigmoid(x) * (max(x, 0) + exp(min(x, 0)) - 1)",
    traits={"non_monotonic"},
    aliases={"echo": "ELiSH"},
    kinks=(0.0,),
)
def elish(x: nx.Tensor) -> nx.Tensor:
    """Elu times a sigmoid: silu for x >= 0, vanishing exponentially below.

    The derivative at 0 is 1/2 from both sides; only the second one jumps.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.172 at x = -0.881.

    Example:
        >>> np.asarray(elish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.17, 0.0, 1.7616]

    Reference:
        arXiv:1808.00783, The Quest for the Golden Activation Function.
    """
    h, e = nx.half_decay(x)
    return ops.where(x < 0.0, h * (h * ops.tanh(0.5 * x)), x / (1.0 + e))


@elish.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    h, e = nx.half_decay(x)
    below = h * (h * (e * (2.0 + e) - 1.0))
    return ops.where(x < 0.0, below, 1.0 + e * (1.0 + x)) / (1.0 + e * (2.0 + e))


@elish.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    h, e = nx.half_decay(x)
    below = h * (h * ((e * (5.0 + e * (3.0 + e)) - 1.0) / (1.0 + e * (3.0 + e * (3.0 + e)))))
    return ops.where(x < 0.0, below, nx.times_sigmoid_derivative(2.0 - x * ops.tanh(0.5 * x), x))


@activation(
    formula="(max(x, 0) + exp(min(x, 0)) - 1) * min(max((x + 1) / 2, 0), 1)",
    traits={"non_monotonic", "sparse"},
    aliases={"echo": "HardELiSH"},
    kinks=(-1.0, 0.0, 1.0),
)
def hard_elish(x: nx.Tensor) -> nx.Tensor:
    """Elish with a piecewise linear gate: x above 1, exactly 0 below -1.

    Echo's torch version has exp(x - 1) for exp(x) - 1. The derivative is 0 at -1, 1/2 at 0 and 1 at 1.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.1 at x = -0.443.

    Example:
        >>> np.asarray(hard_elish(np.array([-0.5, 0.0, 2.0]))).round(4).tolist()
        [-0.0984, 0.0, 2.0]

    Reference:
        arXiv:1808.00783, The Quest for the Golden Activation Function.
    """
    inner = ops.clip(x, -1.0, 0.0)
    return ops.where(x < 0.0, 0.5 * nx.expm1(inner) * (inner + 1.0), x * ops.minimum(0.5 * x + 0.5, 1.0))


@hard_elish.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    inner = ops.clip(x, -1.0, 0.0)
    below = 0.5 * (nx.expm1(inner) * (inner + 2.0) + (inner + 1.0))
    return ops.where(x <= -1.0, 0.0, ops.where(x < 0.0, below, ops.where(x < 1.0, x + 0.5, 1.0)))


@hard_elish.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    below = ops.exp(ops.clip(x, -1.0, 0.0)) * (0.5 * (x + 3.0))
    return ops.where(x <= -1.0, 0.0, ops.where(x < 0.0, below, ops.where(x < 1.0, 1.0, ops.zeros_like(x))))


@activation(
    formula="alpha / beta * max(x, 0) + alpha * (exp(min(x, 0) / beta) - 1)", traits={"monotonic"}, kinks=(0.0,)
)
def pelu(
    x: nx.Tensor,
    alpha: Annotated[float, positive("depth of the negative branch")] = 1.0,
    beta: Annotated[float, positive("reach of the negative branch")] = 1.0,
) -> nx.Tensor:
    """Parametric ELU: both branches scaled so that the derivative has no jump.

    The paper learns both parameters; with alpha = beta = 1 it is `elu`. Some ports take a third one as the slope for
    x >= 0.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, inf).

    Example:
        >>> np.asarray(pelu(np.array([-1.0, 0.0, 2.0]), alpha=3.0, beta=2.0)).round(4).tolist()
        [-1.1804, 0.0, 3.0]

    Reference:
        arXiv:1605.09332, Parametric Exponential Linear Unit for Deep Convolutional Neural Networks.
    """
    return _saturating(x, alpha, beta, rise=alpha / beta)


pelu.derivative(lambda x, alpha, beta: _saturating_derivative(x, alpha, beta, rise=alpha / beta))
pelu.second_derivative(lambda x, alpha, beta: _saturating_second_derivative(x, alpha, beta))


@activation(formula="max(x, 0) + alpha * (exp(beta * min(x, 0)) - 1)", traits={"monotonic"}, kinks=(0.0,))
def mpelu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 0.25,
    beta: Annotated[float, positive("rate of the negative branch")] = 1.0,
) -> nx.Tensor:
    """Multiple parametric ELU, which covers ReLU, leaky ReLU and ELU.

    The paper learns both parameters. The derivative at 0 is 1.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, inf).

    Example:
        >>> np.asarray(mpelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.158, 0.0, 2.0]

    Reference:
        arXiv:1606.00305, Improving Deep Neural Network with Multiple Parametric Exponential Linear Units.
    """
    return _saturating(x, alpha, 1.0 / beta)


mpelu.derivative(lambda x, alpha, beta: _saturating_derivative(x, alpha, 1.0 / beta))
mpelu.second_derivative(lambda x, alpha, beta: _saturating_second_derivative(x, alpha, 1.0 / beta))


def _exp_excess(factor: float, x: nx.Tensor) -> nx.Tensor:
    """factor (exp(x) - 1 - x) for -3/2 <= x <= 0, where it cancels, as factor x^2 (1/2 + x/6 + x^2/24 + ...)."""
    terms = 21 if nx.is_float64(x) else 12  # the next one would not change the last bit at x = -3/2
    series = factor / math.factorial(terms + 1)
    for k in reversed(range(2, terms + 1)):
        series = factor / math.factorial(k) + x * series
    return x * (x * series)  # x^2 may be 0 where the product is not


@activation(
    formula="alpha_p * max(x, 0)**2 + alpha_n * (exp(min(x, 0)) - 1 - min(x, 0)) + beta * x",
    traits={"non_monotonic"},
    kinks=(0.0,),
)
def xielu(
    x: nx.Tensor,
    alpha_p: Annotated[float, positive("growth of the slope for x > 0")] = 0.8,
    alpha_n: Annotated[float, positive("scale of the negative branch")] = 0.8,
    beta: Annotated[float, Param("slope at 0", low=0.0, below="alpha_n")] = 0.5,
) -> nx.Tensor:
    """Integral of an ELU-like slope: squared ReLU on the right, a branch that turns up again on the left.

    The activation of the Apertus language models, which learn alpha_p and alpha_n; here they are fixed, at their
    initial values by default. Hugging Face clamps the exponential's argument at -1e-6 and stores the two before a
    softplus: alpha_p = softplus(p), alpha_n = beta + softplus(n). The derivative is continuous.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xielu(np.array([-4.0, -1.0, 0.0, 2.0]))).round(4).tolist()
        [0.4147, -0.2057, 0.0, 4.2]

    Reference:
        arXiv:2411.13010, Deriving Activation Functions Using Integration.
    """
    below = ops.minimum(x, 0.0)
    near = beta * below + _exp_excess(alpha_n, ops.maximum(below, -1.5))
    far = alpha_n * nx.expm1(below) + (beta - alpha_n) * below
    return ops.where(x > 0.0, x * (alpha_p * x + beta), ops.where(x < -1.5, far, near))


@xielu.derivative
def _(x: nx.Tensor, alpha_p: float, alpha_n: float, beta: float) -> nx.Tensor:
    below = ops.minimum(x, 0.0)
    near = alpha_n * nx.expm1(below) + beta
    far = alpha_n * ops.exp(below) + (beta - alpha_n)  # the limit, beta - alpha_n, rounded once
    return ops.where(x > 0.0, 2.0 * alpha_p * x + beta, ops.where(x < -1.0, far, near))


@xielu.second_derivative
def _(x: nx.Tensor, alpha_p: float, alpha_n: float, beta: float) -> nx.Tensor:
    return ops.where(x > 0.0, 2.0 * alpha_p, nx.times_exp_fast(alpha_n, ops.minimum(x, 0.0)))


@activation(
    formula="max(x, 0) + min(x, 0) / sqrt(1 + alpha * min(x, 0)**2)",
    traits={"monotonic"},
    aliases={"echo": "ISRLU(alpha=1.0)"},
    kinks=(0.0,),
)
def isrlu(x: nx.Tensor, alpha: Annotated[float, positive("inverse square of the negative bound")] = 1.0) -> nx.Tensor:
    """Inverse square root linear unit: a cheap ELU, with continuous first and second derivative.

    Returns:
        Tensor of the same shape and dtype as x, in [-1 / sqrt(alpha), inf).

    Example:
        >>> np.asarray(isrlu(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [-0.6, 0.0, 2.0]

    Reference:
        arXiv:1710.09967, Improving Deep Learning by Inverse Square Root Linear Units (ISRLUs).
    """
    return ops.where(x >= 0.0, x, isru.body(ops.minimum(x, 0.0), alpha))


isrlu.derivative(lambda x, alpha: isru_derivative(ops.minimum(x, 0.0), alpha=alpha))
isrlu.second_derivative(lambda x, alpha: ops.where(x >= 0.0, 0.0, isru_second_derivative(ops.minimum(x, 0.0), alpha)))


def _to_pole(x: nx.Tensor, alpha: float) -> nx.Tensor:
    """1 - alpha (x + alpha) for alpha < 0, NaN where that is not positive. x + alpha would lose a small x."""
    distance = (1.0 - alpha * alpha) - alpha * x
    return ops.where(distance <= 0.0, math.nan, distance)


def _logarithm(x: nx.Tensor, alpha: float) -> nx.Tensor:
    """-log(1 - alpha (x + alpha)) / alpha for alpha < 0."""
    excess = -alpha * (x + alpha)
    central = nx.log1p_unit(ops.clip(excess, 0.0, 1.0))
    # For -0.25 <= excess < 0 the kernel's log1p is accurate, XLA's too.
    central = ops.where(excess < 0.0, nx.log1p(ops.clip(excess, -0.25, 0.0)), central)
    distance = _to_pole(x, alpha)
    # Where the product with alpha would overflow, the sum of the logarithms; nothing cancels there.
    vast = x > 0.25 * nx.largest(x) / max(-alpha, 1.0)
    outside = ops.where(vast, ops.log(x) + math.log(-alpha), ops.log(distance))
    return ops.where(ops.logical_and(excess > -0.25, excess < 1.0), central, outside) / -alpha


@activation(
    formula=(
        "where(alpha > 0, (exp(alpha * x) - 1) / alpha + alpha, "
        "where(alpha < 0, -log(1 - alpha * (x + alpha)) / alpha, x))"
    ),
    traits={"smooth", "monotonic"},
)
def soft_exponential(x: nx.Tensor, alpha: Annotated[float, Param("from logarithm to exponential")] = 0.0) -> nx.Tensor:
    """Between a logarithm (alpha = -1), the identity (alpha = 0) and an exponential (alpha = 1).

    For alpha < 0 it is defined where alpha (x + alpha) < 1 only, and NaN elsewhere. The paper trains alpha, from 0.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(soft_exponential(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [-0.2869, 0.5, 3.9366]
        >>> np.asarray(soft_exponential(np.array([0.5, 1.0, 2.0]), alpha=-1.0)).round(4).tolist()
        [-0.6931, 0.0, 0.6931]

    Reference:
        arXiv:1602.01321, A Continuum among Logarithmic, Linear, and Exponential Functions.
    """
    if not alpha:
        return x
    if alpha < 0.0:
        return _logarithm(x, alpha)
    h = ops.exp(0.5 * alpha * x)
    # The quotient may be representable where the exponential is not.
    grown = ops.where(alpha * x > 80.0, h * (h / alpha), nx.expm1(ops.minimum(alpha * x, 80.0)) / alpha)
    return grown + alpha


@soft_exponential.derivative
def _(x: nx.Tensor, alpha: float) -> nx.Tensor:
    if alpha > 0.0:
        return ops.exp(alpha * x)
    if not alpha:
        return ops.ones_like(x)
    return 1.0 / _to_pole(x, alpha)


@soft_exponential.second_derivative
def _(x: nx.Tensor, alpha: float) -> nx.Tensor:
    if alpha > 0.0:
        return ops.square(math.sqrt(alpha) * ops.exp(0.5 * alpha * x))
    if not alpha:
        return ops.zeros_like(x)
    derivative = 1.0 / _to_pole(x, alpha)
    # Of a quotient of quotients XLA would make one square, which underflows too early.
    return (alpha * derivative) * derivative
