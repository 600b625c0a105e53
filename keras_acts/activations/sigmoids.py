"""Sigmoids: monotonic, bounded and S-shaped, most of them from 0 to 1; and the logarithm of the sigmoid."""

import math
from fractions import Fraction
from typing import Annotated

from keras_acts.activations._double_exponential import exponent_and_exp, times_exp_minus
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["cloglog", "elliott", "exp_sigmoid", "hard_sigmoid", "hard_sigmoid_legacy", "log_sigmoid", "mega_laplace"]
__all__ += ["sigmoid", "soft_clipping", "softsign", "sparse_sigmoid"]


@activation(
    formula="1 / (1 + exp(-x))",
    traits={"smooth", "monotonic", "bounded"},
    aliases={"keras tf jax flax timm hf": "sigmoid", "torch": "Sigmoid sigmoid", "onnx": "Sigmoid"},
)
def sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Logistic function: a probability from a logit.

    For the output of a binary classifier and for gates. In hidden layers its derivative, at most 0.25, makes gradients
    vanish with depth.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(sigmoid(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1192, 0.5, 0.8808]
    """
    return nx.sigmoid(x)


sigmoid.derivative(nx.sigmoid_derivative)
sigmoid.second_derivative(nx.sigmoid_second_derivative)
sigmoid.logits(lambda x: x)


def ramp(x: nx.Tensor, half_width: float) -> nx.Tensor:
    """From 0 at -half_width straight to 1 at half_width. The sum first: it is exact near the left kink."""
    return ops.clip((x + half_width) / (2.0 * half_width), 0.0, 1.0)


def ramp_derivative(x: nx.Tensor, half_width: float) -> nx.Tensor:
    """The derivative of `ramp`; 0 at both kinks."""
    return ops.where(ops.abs(x) < half_width, 0.5 / half_width, ops.zeros_like(x))


@activation(
    formula="min(max(x + 3, 0), 6) / 6",
    traits={"piecewise_linear", "monotonic", "bounded", "sparse"},
    aliases={
        "keras jax flax": "hard_sigmoid",
        "torch": "Hardsigmoid hardsigmoid(inplace=False)",
        "timm": "hard_sigmoid hardsigmoid",
    },
    kinks=(-3.0, 3.0),
)
def hard_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Piecewise linear sigmoid with slope 1/6.

    Three functions bear this name: Keras 3, torch, jax and timm have this one; Keras 2 and ONNX 0.2 x + 0.5
    (`hard_sigmoid_legacy`); BinaryConnect (x + 1) / 2. The derivative is 0 at both kinks.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(hard_sigmoid(np.array([-4.0, 0.0, 1.5]))).tolist()
        [0.0, 0.5, 0.75]

    Reference:
        arXiv:1905.02244, Searching for MobileNetV3.
    """
    return ops.relu6(x + 3.0) / 6.0


hard_sigmoid.derivative(lambda x: ramp_derivative(x, 3.0))


@activation(
    formula="-log(1 + exp(-x))",
    traits={"smooth", "monotonic"},
    aliases={"keras tf jax flax": "log_sigmoid", "torch": "LogSigmoid logsigmoid"},
)
def log_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Logarithm of the sigmoid, without its overflow: a log-probability from a logit.

    Returns:
        Tensor of the same shape and dtype as x, in (-inf, 0].

    Example:
        >>> np.asarray(log_sigmoid(np.array([-100.0, 0.0, 2.0]))).round(4).tolist()
        [-100.0, -0.6931, -0.1269]
    """
    return -nx.softplus(-x)


log_sigmoid.derivative(lambda x: nx.sigmoid(-x))
log_sigmoid.second_derivative(lambda x: -nx.sigmoid_derivative(x))


@activation(
    formula="x / (1 + abs(x))",
    traits={"monotonic", "bounded", "odd"},
    aliases={"keras tf": "softsign", "torch": "Softsign softsign", "onnx": "Softsign", "jax flax": "soft_sign"},
    kinks=(0.0,),
)
def softsign(x: nx.Tensor) -> nx.Tensor:
    """Algebraic sigmoid, which saturates far more slowly than tanh.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(softsign(np.array([-1.0, 0.0, 3.0]))).tolist()
        [-0.5, 0.0, 0.75]

    Reference:
        Turian et al. 2009, Quadratic Features and Deep Architectures for Chunking.
    """
    return ops.softsign(nx.finite(x))  # inf / inf would be NaN


@softsign.derivative
def _softsign_derivative(x: nx.Tensor, factor: float = 1.0) -> nx.Tensor:
    t = ops.abs(x)
    return factor / (1.0 + t * (2.0 + t))  # (1 + t)^2 with one rounding less


@softsign.second_derivative
def _softsign_second_derivative(x: nx.Tensor, factor: float = 1.0) -> nx.Tensor:
    d = 1.0 + ops.abs(x)
    return (-2.0 * factor) * ops.sign(x) / (d * ops.square(d))


def _end_of_ramp(alpha: float, beta: float) -> float:
    """(1 - beta) / alpha rounded once: the next number lies beyond the kink."""
    return float((1 - Fraction(beta)) / Fraction(alpha))


@activation(
    formula="min(max(alpha * x + beta, 0), 1)",
    traits={"piecewise_linear", "monotonic", "bounded", "sparse"},
    aliases={"keras2": "hard_sigmoid", "onnx": "HardSigmoid(alpha=0.2, beta=0.5)"},
    kinks=lambda alpha, beta: (-beta / alpha, _end_of_ramp(alpha, beta)),
)
def hard_sigmoid_legacy(
    x: nx.Tensor,
    alpha: Annotated[float, positive("slope of the ramp")] = 0.2,
    beta: Annotated[float, Param("value at 0, before clipping")] = 0.5,
) -> nx.Tensor:
    """The hard sigmoid of Keras 2, with slope 0.2: for models trained there, such as LSTMs; and that of ONNX.

    Keras 3 gave the name `hard_sigmoid` to another function, so an old file loads and predicts something else. The
    derivative is 0 at both kinks.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(hard_sigmoid_legacy(np.array([-4.0, 0.0, 1.25]))).tolist()
        [0.0, 0.5, 0.75]
    """
    return ops.clip((x + beta / alpha) / (1.0 / alpha), 0.0, 1.0)  # the sum first, as in `ramp`


@hard_sigmoid_legacy.derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    return ops.where(x > -beta / alpha, ops.where(x < _end_of_ramp(alpha, beta), alpha, ops.zeros_like(x)), 0.0)


@activation(
    formula="min(max((x + 1) / 2, 0), 1)",
    traits={"piecewise_linear", "monotonic", "bounded", "sparse", "single_rounding"},
    aliases={"keras jax": "sparse_sigmoid"},
    kinks=(-1.0, 1.0),
)
def sparse_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Piecewise linear sigmoid with slope 1/2: sparsemax of two classes, and the hard sigmoid of BinaryConnect.

    The derivative is 0 at both kinks, as in Keras (jax: 0.25).

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(sparse_sigmoid(np.array([-2.0, 0.0, 0.5]))).tolist()
        [0.0, 0.5, 0.75]

    Reference:
        arXiv:1901.02324, Learning with Fenchel-Young Losses.
    """
    return ramp(x, 1.0)


sparse_sigmoid.derivative(lambda x: ramp_derivative(x, 1.0))


@activation(formula="x / (2 * (1 + abs(x))) + 1 / 2", traits={"monotonic", "bounded"}, kinks=(0.0,))
def elliott(x: nx.Tensor) -> nx.Tensor:
    """Algebraic stand-in for the sigmoid: no exponential, tails that fall off as 1 / x.

    In [0, 1], as FANN has it; what MATLAB and mlpack call by this name is in [-1, 1], and is `softsign` here.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(elliott(np.array([-1.0, 0.0, 3.0]))).tolist()
        [0.25, 0.5, 0.875]

    Reference:
        Elliott 1993, A Better Activation Function for Artificial Neural Networks.
    """
    tail = 0.5 / (1.0 + ops.abs(x))  # the distance from 0 on the left, from 1 on the right
    return ops.where(x < 0.0, tail, 1.0 - tail)


elliott.derivative(lambda x: _softsign_derivative(x, 0.5))
elliott.second_derivative(lambda x: _softsign_second_derivative(x, 0.5))


def _mega_laplace_decay(x: nx.Tensor, mu: float, sigma: float) -> tuple[nx.Tensor, nx.Tensor]:
    """t = (x - mu) / sigma, and exp(-t^2 / 4).

    Near x = 0 the rounding errors of mu and x - mu would enter t, and the exponential t times as much. So there t^2 is
    computed as (mu^2 - x (2 mu - x)) / sigma^2, whose constant is rounded once.
    """
    t = nx.near((x - mu) / sigma)
    h = ops.exp(-0.25 * ops.square(t))
    if mu == 0.0 or abs(mu / sigma) > (50.0 if nx.is_float64(x) else 18.0):
        return t, h  # no offset, or so far out that the values near 0 are below the smallest numbers
    constant = math.exp(-0.25 * (mu / sigma) ** 2)
    inner = ops.clip(x, -0.5 * abs(mu), 0.5 * abs(mu))
    h_inner = constant * ops.exp(inner * ((0.5 / sigma**2) * (mu - 0.5 * inner)))
    return t, ops.where(ops.abs(x) < 0.5 * abs(mu), h_inner, h)


@activation(
    formula="normal_cdf((x - mu) / sigma)",
    traits={"smooth", "monotonic", "bounded"},
    aliases={"hf": "laplace(mu=0.707107, sigma=0.282095)"},
)
def mega_laplace(
    x: nx.Tensor,
    mu: Annotated[float, Param("input where the output is one half")] = 0.707107,
    sigma: Annotated[float, positive("width of the step")] = 0.282095,
) -> nx.Tensor:
    """Attention function of MEGA, called Laplace there: a normal distribution function that resembles relu squared.

    With the default constants its value and slope agree with those of relu(x)^2 at x = sqrt(1/2), but it is bounded.
    Not the distribution function of Laplace, nor LaLU.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(mega_laplace(np.array([0.0, 0.5, 1.0]))).round(4).tolist()
        [0.0061, 0.2314, 0.8504]

    Reference:
        arXiv:2209.10655, Mega: Moving Average Equipped Gated Attention.
    """
    t, h = _mega_laplace_decay(x, mu, sigma)
    tail = h * (h * nx.scaled_normal_tail(ops.abs(t)))
    return ops.where(t < 0.0, tail, 1.0 - tail)


@mega_laplace.derivative
def _(x: nx.Tensor, mu: float, sigma: float) -> nx.Tensor:
    _, h = _mega_laplace_decay(x, mu, sigma)
    return nx.times_square(nx.NORMAL_PEAK / sigma, h)


@mega_laplace.second_derivative
def _(x: nx.Tensor, mu: float, sigma: float) -> nx.Tensor:
    t, h = _mega_laplace_decay(x, mu, sigma)
    return -nx.times_square(t, (math.sqrt(nx.NORMAL_PEAK) / sigma) * h)


@activation(formula="1 - exp(-exp(x))", traits={"smooth", "monotonic", "bounded"})
def cloglog(x: nx.Tensor) -> nx.Tensor:
    """Complementary log-log: an asymmetric sigmoid that leaves 0 slowly and reaches 1 fast.

    For the probability of at least one event at a log rate x. Some ports call 1 - exp(-exp(-x)) by this name.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(cloglog(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1266, 0.6321, 0.9994]
    """
    return -nx.expm1(-exponent_and_exp(x)[1])


@cloglog.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x, z = exponent_and_exp(x)
    return times_exp_minus(1.0, x, z)


@cloglog.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    # z exp(-z) (1 - z), with the zero of 1 - exp(x) at 0 free of cancellation.
    x, z = exponent_and_exp(x)
    return times_exp_minus(-nx.expm1(x), x, z)


# With v = |x - 1/2|, g = v - 1/2 the distance from [0, 1] (negative inside), r = exp(-alpha |g|), the derivative
# sinh(alpha / 2) / (cosh(alpha / 2) + cosh(alpha v)), divided through by the larger of its exponentials, is
# (1 - exp(-alpha)) / d inside and r times that outside.


def _soft_clipping_parts(x: nx.Tensor, alpha: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    outside = ops.where(x < 0.5, -x, x - 1.0)
    r = ops.exp(-alpha * ops.abs(outside))
    twice = -2.0 * alpha * ops.abs(x - 0.5)
    near, far = 1.0 + math.exp(-alpha), 1.0 + ops.exp(twice)
    is_outside = outside >= 0.0  # where they meet, all parts take the right side
    denominator = ops.where(is_outside, far + r * near, near + r * far)
    return is_outside, outside, r, twice, denominator


@activation(
    formula="log((1 + exp(alpha * x)) / (1 + exp(alpha * (x - 1)))) / alpha",
    traits={"smooth", "monotonic", "bounded"},
    aliases={"echo": "SoftClipping(alpha=0.5)"},
)
def soft_clipping(x: nx.Tensor, alpha: Annotated[float, positive("sharpness of the corners")] = 0.5) -> nx.Tensor:
    """Smooth clip to [0, 1]: nearly linear between, with rounded corners.

    For outputs that are fractions. The corners get sharp with alpha: at the usual default, 0.5, they fill the whole
    curve; at 50 it is `min(max(x, 0), 1)` to within 0.014. Echo's TensorFlow layer omits the division by alpha.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(soft_clipping(np.array([-1.0, 0.5, 2.0]), alpha=10.0)).round(4).tolist()
        [0.0, 0.5, 1.0]

    Reference:
        arXiv:1810.11509, Neural Network-Based Approach to Phase Space Integration.
    """
    # f(1 - x) = 1 - f(x), and for x <= 1/2 the logarithm of the quotient is, without its cancellation,
    # max(alpha x, 0) + log1p(excess).
    low = ops.minimum(x, 1.0 - x)
    decay = -alpha * ops.abs(low)
    gap = -nx.expm1(2.0 * alpha * ops.maximum(low, 0.0) - alpha)
    excess = ops.exp(decay) * gap / (1.0 + ops.exp(alpha * low - alpha))
    rounding = nx.log1p(excess) / alpha
    if alpha < 2.0:  # the quotient is still a normal number where the exponential no longer is
        tail = nx.times_exp_fast(-math.expm1(-alpha) / alpha, decay)
        rounding = ops.where(decay < -40.0, tail, rounding)
    below = ops.maximum(low, 0.0) + rounding
    return ops.where(x > 0.5, 1.0 - below, below)


@soft_clipping.derivative
def _(x: nx.Tensor, alpha: float) -> nx.Tensor:
    is_outside, _, r, _, d = _soft_clipping_parts(x, alpha)
    return ops.where(is_outside, r, 1.0) * -math.expm1(-alpha) / d


@soft_clipping.second_derivative
def _(x: nx.Tensor, alpha: float) -> nx.Tensor:
    _, outside, _, twice, d = _soft_clipping_parts(x, alpha)
    amplitude = alpha * math.expm1(-alpha)
    bracket = ops.where(x < 0.5, amplitude, -amplitude * ops.ones_like(x)) * nx.expm1(twice) / ops.square(d)
    return nx.times_exp_fast(bracket, -alpha * ops.abs(outside))


def _power_parts(x: nx.Tensor, power: float, factor: float, decay: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor]:
    """Three parts of factor sigmoid(x)^power exp(-decay max(x, 0)): a factor, an exponent, and e = exp(-|x|).

    Near 0 from 2^-power, as power log sigmoid(x) loses as many digits as it is large.
    """
    t = ops.abs(x)
    e = ops.exp(-t)
    far = power * nx.log1p_unit(e) + ops.where(x < 0.0, power * t, decay * t if decay else 0.0)
    u = ops.clip(x, -1.0, 1.0)
    near = power * nx.log1p_unit(0.5 * nx.expm1(-u)) + decay * ops.where(u < 0.0, 0.0, u)
    is_near = t < 1.0
    return ops.where(is_near, factor * 2.0**-power, factor * ops.ones_like(x)), -ops.where(is_near, near, far), e


@activation(
    formula="max_value * sigmoid(x)**log(exponent) + threshold",
    traits={"smooth", "monotonic", "bounded"},
    aliases={"ddsp": "exp_sigmoid(exponent=10.0, max_value=2.0, threshold=1e-7)"},
)
def exp_sigmoid(
    x: nx.Tensor,
    exponent: Annotated[
        float, Param("factor of the fall to the left, for each step of 1", low=1.0, high=1e9, exclusive=True)
    ] = 10.0,
    max_value: Annotated[float, positive("height")] = 2.0,
    threshold: Annotated[float, Param("added to the output", low=0.0)] = 1e-7,
) -> nx.Tensor:
    """Sigmoid to a power, for amplitudes: on the left it falls like exponent^x, so that x is a loudness.

    DDSP scales the outputs of its networks by it, before they are amplitudes and filters. Its limit on the right is
    max_value + threshold.

    Returns:
        Tensor of the same shape and dtype as x, in [threshold, max_value + threshold].

    Example:
        >>> np.asarray(exp_sigmoid(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [0.0149, 0.6714, 1.7883]

    Reference:
        arXiv:2001.04643, DDSP: Differentiable Digital Signal Processing.
    """
    factor, power, _ = _power_parts(x, math.log(exponent), max_value, 0.0)
    return nx.times_exp(factor, power) + threshold


@exp_sigmoid.derivative
def _(x: nx.Tensor, exponent: float, max_value: float, threshold: float) -> nx.Tensor:
    power = math.log(exponent)
    factor, exp_of, e = _power_parts(x, power, max_value * power, 1.0)  # sigmoid(-x) = exp(-max(x, 0)) / (1 + e)
    return nx.times_exp(factor / (1.0 + e), exp_of)


@exp_sigmoid.second_derivative
def _(x: nx.Tensor, exponent: float, max_value: float, threshold: float) -> nx.Tensor:
    power = math.log(exponent)
    factor, exp_of, e = _power_parts(x, power, max_value * power, 1.0)
    bend = ops.where(x < 0.0, power - e, power * e - 1.0) / (1.0 + e)  # power sigmoid(-x) - sigmoid(x)
    return nx.times_exp(factor * bend / (1.0 + e), exp_of)
