"""Exponential linear units: linear for x > 0, saturating below; and the exponential itself."""

import math
from typing import Annotated

import keras
from keras import ops

from keras_acts.activations.tanh_like import isru_curvature, isru_slope, isru_value
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "celu",
    "elish",
    "elu",
    "elu_plus_one",
    "exponential",
    "hard_elish",
    "isrlu",
    "mpelu",
    "pelu",
    "selu",
    "soft_exponential",
    "xielu",
]


# The fixed point of arXiv:1706.02515: with these, mean 0 and variance 1 map to themselves.
SELU_ALPHA = 1.6732632423543772848170429916717


SELU_SCALE = 1.0507009873554804934193349852946


def _saturating(x, scale, rate=1.0):
    """x for x > 0, scale (exp(x / rate) - 1) below: the sum of both, one of which is 0."""
    below = ops.minimum(x, 0.0)
    return ops.relu(x) + scale * nx.expm1(below if rate == 1.0 else below / rate)


def _elu_curvature(x, alpha):
    return ops.where(x >= 0.0, 0.0, nx.times_exp_fast(alpha, ops.minimum(x, 0.0)))


@nx.with_derivative(_elu_curvature)
def _elu_slope(x, alpha):
    below = ops.minimum(x, 0.0)
    return ops.exp(below) if alpha == 1.0 else ops.where(x >= 0.0, 1.0, nx.times_exp_fast(alpha, below))


@activation(
    formula=r"\max(x, 0) + \alpha (e^{\min(x, 0)} - 1)",
    paper="arXiv:1511.07289",
    traits={Trait.MONOTONIC},
    aliases={"keras": "elu", "tf": "elu", "torch": "ELU", "jax": "elu", "flax": "elu", "timm": "elu"},
    derivative=_elu_slope,
    kinks=(0.0,),
)
def elu(x: nx.Tensor, alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 1.0) -> nx.Tensor:
    """Exponential linear unit: negative outputs push the mean activation towards zero.

    f(x) = x if x > 0, else alpha (exp(x) - 1)

    Its units cannot die and it saturates at -alpha. The derivative at 0 is 1. Some surveys write the branch as
    (exp(x) - 1) / alpha; all frameworks multiply.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, scale of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in (-alpha, inf).

    Example:
        >>> np.asarray(elu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.6321, 0.0, 2.0]

    Reference:
        arXiv:1511.07289, Fast and Accurate Deep Network Learning by Exponential Linear Units.
    """
    return _saturating(x, alpha)


def _selu_curvature(x):
    return _elu_curvature(x, SELU_SCALE * SELU_ALPHA)


@nx.with_derivative(_selu_curvature)
def _selu_slope(x):
    below = nx.times_exp_fast(SELU_SCALE * SELU_ALPHA, ops.minimum(x, 0.0))
    return ops.where(x >= 0.0, SELU_SCALE, below)


@activation(
    formula=r"\lambda (\max(x, 0) + \alpha (e^{\min(x, 0)} - 1))",
    paper="arXiv:1706.02515",
    traits={Trait.MONOTONIC},
    aliases={"keras": "selu", "tf": "selu", "torch": "SELU", "jax": "selu", "flax": "selu", "timm": "selu"},
    derivative=_selu_slope,
    kinks=(0.0,),
)
def selu(x: nx.Tensor) -> nx.Tensor:
    """Scaled exponential linear unit, which keeps activations at mean 0 and variance 1 through depth.

    f(x) = 1.0507 x if x > 0, else 1.0507 * 1.6733 (exp(x) - 1)

    Self-normalising only together with `lecun_normal` kernels, and with `AlphaDropout` in place of `Dropout`.
    The derivative at 0 is 1.0507 as in Keras (torch and jax: 1.7581, the left one).

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in (-1.7581, inf).

    Example:
        >>> np.asarray(selu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-1.1113, 0.0, 2.1014]

    Reference:
        arXiv:1706.02515, Self-Normalizing Neural Networks.
    """
    return SELU_SCALE * _saturating(x, SELU_ALPHA)


def _celu_curvature(x, alpha):
    return ops.where(x >= 0.0, 0.0, nx.times_exp_fast(1.0 / alpha, ops.minimum(x, 0.0) / alpha))


@nx.with_derivative(_celu_curvature)
def _celu_slope(x, alpha):
    return ops.exp(ops.minimum(x, 0.0) / alpha)


@activation(
    formula=r"\max(x, 0) + \alpha (e^{\min(x, 0) / \alpha} - 1)",
    paper="arXiv:1704.07483",
    traits={Trait.MONOTONIC},
    aliases={"keras": "celu", "torch": "CELU", "jax": "celu", "flax": "celu", "timm": "celu"},
    derivative=_celu_slope,
    kinks=(0.0,),
)
def celu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("depth and reach of the negative branch", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """ELU with a continuous derivative for every alpha.

    f(x) = x if x > 0, else alpha (exp(x / alpha) - 1)

    The derivative at 0 is 1; Keras' own gives 2 there, the sum of both sides.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, depth and reach of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in (-alpha, inf).

    Example:
        >>> np.asarray(celu(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [-0.4323, 0.0, 2.0]

    Reference:
        arXiv:1704.07483, Continuously Differentiable Exponential Linear Units.
    """
    return _saturating(x, alpha, alpha)


def _elu_plus_one_curvature(x):
    return ops.where(x >= 0.0, 0.0, ops.exp(ops.minimum(x, 0.0)))


@nx.with_derivative(_elu_plus_one_curvature)
def _elu_plus_one_slope(x):
    return ops.where(x >= 0.0, 1.0, ops.exp(ops.minimum(x, 0.0)))


@activation(
    formula=r"\max(x, 0) + e^{\min(x, 0)}",
    paper="arXiv:2006.16236",
    traits={Trait.MONOTONIC},
    derivative=_elu_plus_one_slope,
    kinks=(0.0,),
)
def elu_plus_one(x: nx.Tensor) -> nx.Tensor:
    """ELU moved up to be positive: the feature map of linear attention.

    f(x) = x + 1 if x > 0, else exp(x)

    Written as `elu(x) + 1` it is rounded to 0 below -17 in float32; this is not. The derivative is continuous.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(elu_plus_one(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1353, 1.0, 3.0]

    Reference:
        arXiv:2006.16236, Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention.
    """
    return ops.where(x > 0.0, x + 1.0, ops.exp(ops.minimum(x, 0.0)))


@activation(
    formula=r"e^x",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"keras": "exponential"},
    derivative=ops.exp,
)
def exponential(x: nx.Tensor) -> nx.Tensor:
    """Exponential function, for outputs that must be positive.

    f(x) = exp(x)

    It overflows above 88.7 in float32 and 11.09 in float16. Some surveys mean exp(-x) by this name.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(exponential(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [0.3679, 1.0, 2.7183]
    """
    return ops.exp(x)


def _elish_curvature(x):
    x = nx.near(x)
    h = nx.half_decay(x)
    e = ops.square(h)
    below = h * (h * ((e * (5.0 + e * (3.0 + e)) - 1.0) / (1.0 + e * (3.0 + e * (3.0 + e)))))
    return ops.where(x < 0.0, below, nx.times_sigmoid_derivative(2.0 - x * ops.tanh(0.5 * x), x))


@nx.with_derivative(_elish_curvature)
def _elish_slope(x):
    x = nx.near(x)
    h = nx.half_decay(x)
    e = ops.square(h)
    below = h * (h * (e * (2.0 + e) - 1.0))
    return ops.where(x < 0.0, below, 1.0 + e * (1.0 + x)) / (1.0 + e * (2.0 + e))


@activation(
    formula=r"\sigma(x) (\max(x, 0) + e^{\min(x, 0)} - 1)",
    paper="arXiv:1808.00783",
    traits={Trait.NON_MONOTONIC},
    aliases={"echo": "ELiSH"},
    derivative=_elish_slope,
    kinks=(0.0,),
)
def elish(x: nx.Tensor) -> nx.Tensor:
    """Elu times a sigmoid: silu for x >= 0, vanishing exponentially below.

    f(x) = x sigmoid(x) if x >= 0, else (exp(x) - 1) sigmoid(x)

    The derivative at 0 is 1/2 from both sides; only the second one jumps.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.172 at x = -0.881.

    Example:
        >>> np.asarray(elish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.17, 0.0, 1.7616]

    Reference:
        arXiv:1808.00783, The Quest for the Golden Activation Function.
    """
    h = nx.half_decay(x)
    return ops.where(x < 0.0, h * (h * ops.tanh(0.5 * x)), x / (1.0 + ops.square(h)))


def _hard_elish_curvature(x):
    below = ops.exp(ops.clip(x, -1.0, 0.0)) * (0.5 * (x + 3.0))
    return ops.where(x <= -1.0, 0.0, ops.where(x < 0.0, below, ops.where(x < 1.0, 1.0, ops.zeros_like(x))))


@nx.with_derivative(_hard_elish_curvature)
def _hard_elish_slope(x):
    inner = ops.clip(x, -1.0, 0.0)
    below = 0.5 * (ops.expm1(inner) * (inner + 2.0) + (inner + 1.0))
    return ops.where(x <= -1.0, 0.0, ops.where(x < 0.0, below, ops.where(x < 1.0, x + 0.5, 1.0)))


@activation(
    formula=r"(\max(x, 0) + e^{\min(x, 0)} - 1) \min(\max(\frac{x + 1}{2}, 0), 1)",
    paper="arXiv:1808.00783",
    traits={Trait.NON_MONOTONIC, Trait.SPARSE},
    aliases={"echo": "HardELiSH"},
    derivative=_hard_elish_slope,
    kinks=(-1.0, 0.0, 1.0),
)
def hard_elish(x: nx.Tensor) -> nx.Tensor:
    """Elish with a piecewise linear gate: x above 1, exactly 0 below -1.

    f(x) = g x if x >= 0, else g (exp(x) - 1), with g = min(max((x + 1) / 2, 0), 1)

    Echo's torch version has exp(x - 1) for exp(x) - 1. The derivative is 0 at -1, 1/2 at 0 and 1 at 1.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.1 at x = -0.443.

    Example:
        >>> np.asarray(hard_elish(np.array([-0.5, 0.0, 2.0]))).round(4).tolist()
        [-0.0984, 0.0, 2.0]

    Reference:
        arXiv:1808.00783, The Quest for the Golden Activation Function.
    """
    inner = ops.clip(x, -1.0, 0.0)
    return ops.where(x < 0.0, 0.5 * ops.expm1(inner) * (inner + 1.0), x * ops.minimum(0.5 * x + 0.5, 1.0))


def _with_tangent(x, depth, reach):
    """depth (exp(x / reach) - 1) for x <= 0, its tangent depth / reach x for x > 0."""
    z = ops.minimum(x, 0.0)
    if reach != 1.0:
        z = z / reach
    # Near 0 the tangent is exact, and depth / reach x a normal number where x / reach is not.
    return ops.where(z > -(2.0**-60), depth / reach * x, depth * ops.expm1(z))


def _decay(factor, z):
    """factor exp(z) for z <= 0, down to the smallest normal number."""
    if factor <= 1.0:
        return nx.times_exp_fast(factor, z)
    # In the square, as TensorFlow's optimiser moves a plain factor behind h h, which is 0 where the result is not.
    return ops.square(math.sqrt(factor) * ops.exp(0.5 * z))


def _pelu_curvature(x, alpha, beta):
    below = _decay(alpha / beta / beta, ops.minimum(x, 0.0) / beta)
    return ops.where(x >= 0.0, 0.0, below)


@nx.with_derivative(_pelu_curvature)
def _pelu_slope(x, alpha, beta):
    return _decay(alpha / beta, ops.minimum(x, 0.0) / beta)


@activation(
    formula=r"\frac{a}{b} \max(x, 0) + a (e^{\min(x, 0) / b} - 1)",
    paper="arXiv:1605.09332",
    traits={Trait.MONOTONIC},
    aliases={"keras_contrib": "PELU(alpha=1.0, beta=1.0)"},
    derivative=_pelu_slope,
    kinks=(0.0,),
)
def pelu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("a, depth of the negative branch", low=0.0, exclusive=True)] = 1.0,
    beta: Annotated[float, Param("b, reach of the negative branch", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Parametric ELU: both branches scaled so that the derivative has no jump.

    f(x) = alpha / beta x if x >= 0, else alpha (exp(x / beta) - 1)

    The paper learns both parameters; with alpha = beta = 1 it is `elu`. Some ports take a third one as the slope for
    x >= 0.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, depth of the negative branch.
        beta: float > 0, reach of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, inf).

    Example:
        >>> np.asarray(pelu(np.array([-1.0, 0.0, 2.0]), alpha=3.0, beta=2.0)).round(4).tolist()
        [-1.1804, 0.0, 3.0]

    Reference:
        arXiv:1605.09332, Parametric Exponential Linear Unit for Deep Convolutional Neural Networks.
    """
    return _with_tangent(x, alpha, beta)


def _mpelu_curvature(x, alpha, beta):
    below = _decay(alpha * beta * beta, beta * ops.minimum(x, 0.0))
    return ops.where(x >= 0.0, 0.0, below)


@nx.with_derivative(_mpelu_curvature)
def _mpelu_slope(x, alpha, beta):
    below = _decay(alpha * beta, beta * ops.minimum(x, 0.0))
    return ops.where(x >= 0.0, 1.0, below)


@activation(
    formula=r"\max(x, 0) + \alpha (e^{\beta \min(x, 0)} - 1)",
    paper="arXiv:1606.00305",
    traits={Trait.MONOTONIC},
    aliases={"echo": "MPeLU(alpha=0.25, beta=1.0)"},
    derivative=_mpelu_slope,
    kinks=(0.0,),
)
def mpelu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 0.25,
    beta: Annotated[float, Param("rate of the negative branch", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Multiple parametric ELU, which covers ReLU, leaky ReLU and ELU.

    f(x) = x if x > 0, else alpha (exp(beta x) - 1)

    The paper learns both parameters. The derivative at 0 is 1.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, scale of the negative branch.
        beta: float > 0, rate of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, inf).

    Example:
        >>> np.asarray(mpelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.158, 0.0, 2.0]

    Reference:
        arXiv:1606.00305, Improving Deep Neural Network with Multiple Parametric Exponential Linear Units.
    """
    return ops.where(x > 0.0, x, _with_tangent(x, alpha, 1.0 / beta))


# exp(x) - 1 - x = x^2 (1/2 + x/6 + x^2/24 + ...); for |x| <= 3/2 so many terms give the last bit.
_EXCESS_TERMS = {"float64": 21, "float32": 12}


def _exp_excess(factor, x):
    """factor (exp(x) - 1 - x) for -3/2 <= x <= 0, where the difference cancels."""
    terms = _EXCESS_TERMS[keras.backend.standardize_dtype(x.dtype)]
    series = factor / math.factorial(terms + 1)
    for k in reversed(range(2, terms + 1)):
        series = factor / math.factorial(k) + x * series
    return x * (x * series)  # x^2 may be 0 where the product is not


def _xielu_curvature(x, alpha_p, alpha_n, beta):
    return ops.where(x > 0.0, 2.0 * alpha_p, nx.times_exp_fast(alpha_n, ops.minimum(x, 0.0)))


@nx.with_derivative(_xielu_curvature)
def _xielu_slope(x, alpha_p, alpha_n, beta):
    below = ops.minimum(x, 0.0)
    near = alpha_n * ops.expm1(below) + beta
    far = alpha_n * ops.exp(below) + (beta - alpha_n)  # the limit, beta - alpha_n, rounded once
    return ops.where(x > 0.0, 2.0 * alpha_p * x + beta, ops.where(x < -1.0, far, near))


@activation(
    formula=r"\alpha_p \max(x, 0)^2 + \alpha_n (e^{\min(x, 0)} - 1 - \min(x, 0)) + \beta x",
    paper="arXiv:2411.13010",
    traits={Trait.NON_MONOTONIC},
    aliases={"hf": "xielu"},
    derivative=_xielu_slope,
    kinks=(0.0,),
)
def xielu(
    x: nx.Tensor,
    alpha_p: Annotated[float, Param("growth of the slope for x > 0", low=0.0, exclusive=True)] = 0.8,
    alpha_n: Annotated[float, Param("scale of the negative branch", low=0.0, exclusive=True)] = 0.8,
    beta: Annotated[float, Param("slope at 0", low=0.0, below="alpha_n")] = 0.5,
) -> nx.Tensor:
    """Integral of an ELU-like slope: squared ReLU on the right, a branch that turns up again on the left.

    f(x) = alpha_p x^2 + beta x if x > 0, else alpha_n (exp(x) - 1 - x) + beta x

    The activation of the Apertus language models, which learn alpha_p and alpha_n; here they are fixed, at their
    initial values by default. Hugging Face clamps the exponential's argument at -1e-6 and stores the two before a
    softplus: alpha_p = softplus(p), alpha_n = beta + softplus(n). The derivative is continuous.

    Args:
        x: float tensor of any shape.
        alpha_p: float > 0, growth of the slope for x > 0.
        alpha_n: float > beta, scale of the negative branch.
        beta: float >= 0, slope at 0.

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
    far = alpha_n * ops.expm1(below) + (beta - alpha_n) * below
    return ops.where(x > 0.0, x * (alpha_p * x + beta), ops.where(x < -1.5, far, near))


def _isrlu_curvature(x, alpha):
    return ops.where(x >= 0.0, 0.0, isru_curvature(ops.minimum(x, 0.0), alpha))


@nx.with_derivative(_isrlu_curvature)
def _isrlu_slope(x, alpha):
    return isru_slope(ops.minimum(x, 0.0), alpha=alpha)


@activation(
    formula=r"\max(x, 0) + \frac{\min(x, 0)}{\sqrt{1 + \alpha \min(x, 0)^2}}",
    paper="arXiv:1710.09967",
    traits={Trait.MONOTONIC},
    aliases={"echo": "ISRLU(alpha=1.0)"},
    derivative=_isrlu_slope,
    kinks=(0.0,),
)
def isrlu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("inverse square of the negative bound", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Inverse square root linear unit: a cheap ELU, with continuous first and second derivative.

    f(x) = x if x >= 0, else x / sqrt(1 + alpha x^2)

    Args:
        x: float tensor of any shape.
        alpha: float > 0; the output saturates at -1 / sqrt(alpha).

    Returns:
        Tensor of the same shape and dtype as x, in [-1 / sqrt(alpha), inf).

    Example:
        >>> np.asarray(isrlu(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [-0.6, 0.0, 2.0]

    Reference:
        arXiv:1710.09967, Improving Deep Learning by Inverse Square Root Linear Units (ISRLUs).
    """
    return ops.where(x >= 0.0, x, isru_value(ops.minimum(x, 0.0), alpha))


def _soft_exponential_curvature(x, alpha):
    if alpha > 0.0:
        h = ops.exp(0.5 * alpha * x)
        return h * (alpha * h)
    if not alpha:
        return ops.zeros_like(x)
    slope = 1.0 / _to_pole(x, alpha)
    return (alpha * slope) * slope  # of a quotient of quotients XLA makes a square that underflows


@nx.with_derivative(_soft_exponential_curvature)
def _soft_exponential_slope(x, alpha):
    if alpha > 0.0:
        return ops.exp(alpha * x)
    if not alpha:
        return ops.ones_like(x)
    return 1.0 / _to_pole(x, alpha)


def _to_pole(x, alpha):
    """1 - alpha (x + alpha) for alpha < 0, NaN where that is not positive. x + alpha would lose a small x."""
    distance = (1.0 - alpha * alpha) - alpha * x
    return ops.where(distance <= 0.0, math.nan, distance)


def _logarithm(x, alpha):
    """-log(1 - alpha (x + alpha)) / alpha for alpha < 0."""
    excess = -alpha * (x + alpha)
    central = nx.log1p_unit(ops.clip(excess, 0.0, 1.0))
    central = ops.where(excess < 0.0, ops.log1p(ops.clip(excess, -0.25, 0.0)), central)  # XLA's own is right down there
    distance = _to_pole(x, alpha)
    # Where the product with alpha would overflow, the sum of the logarithms; nothing cancels there.
    vast = x > 0.25 * nx.largest(x) / max(-alpha, 1.0)
    outside = ops.where(vast, ops.log(x) + math.log(-alpha), ops.log(distance))
    return ops.where(ops.logical_and(excess > -0.25, excess < 1.0), central, outside) / -alpha


@activation(
    formula=r"\frac{e^{\alpha x} - 1}{\alpha} + \alpha \quad (\alpha > 0)",
    paper="arXiv:1602.01321",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"echo": "SoftExponential(alpha=0.0)"},
    derivative=_soft_exponential_slope,
)
def soft_exponential(x: nx.Tensor, alpha: Annotated[float, Param("from logarithm to exponential")] = 0.0) -> nx.Tensor:
    """Between a logarithm (alpha = -1), the identity (alpha = 0) and an exponential (alpha = 1).

    f(x) = (exp(alpha x) - 1) / alpha + alpha if alpha > 0, x if alpha = 0, -log(1 - alpha (x + alpha)) / alpha if
    alpha < 0

    For alpha < 0 it is defined where alpha (x + alpha) < 1 only, and NaN elsewhere. The paper trains alpha, from 0.

    Args:
        x: float tensor of any shape.
        alpha: float, from logarithm to exponential.

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
    grown = ops.where(alpha * x > 80.0, h * (h / alpha), ops.expm1(ops.minimum(alpha * x, 80.0)) / alpha)
    return grown + alpha
