"""Sigmoids: monotonic, bounded and S-shaped, most of them from 0 to 1; and the logarithm of the sigmoid."""

import math
from typing import Annotated

from keras import ops

from keras_acts.activations._double_exponential import exponent, growing
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "cloglog",
    "elliott",
    "hard_sigmoid",
    "hard_sigmoid_legacy",
    "log_sigmoid",
    "mega_laplace",
    "sigmoid",
    "soft_clipping",
    "softsign",
    "sparse_sigmoid",
]


@activation(
    formula=r"\frac{1}{1 + e^{-x}}",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={
        "keras": "sigmoid",
        "tf": "sigmoid",
        "torch": "Sigmoid",
        "jax": "sigmoid",
        "flax": "sigmoid",
        "timm": "sigmoid",
        "hf": "sigmoid",
    },
    derivative=nx.sigmoid_derivative,
)
def sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Logistic function: a probability from a logit.

    f(x) = 1 / (1 + exp(-x))

    For the output of a binary classifier and for gates. In hidden layers its derivative, at most 0.25, makes gradients
    vanish with depth.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(sigmoid(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1192, 0.5, 0.8808]
    """
    return nx.sigmoid(x)


def _ramp_slope(x, half_width):
    """Derivative of a ramp from 0 at -half_width to 1 at half_width; 0 at both kinks."""
    return ops.where(ops.abs(x) < half_width, 0.5 / half_width, ops.zeros_like(x))


def _hard_sigmoid_slope(x):
    return _ramp_slope(x, 3.0)


@activation(
    formula=r"\min(\max(x + 3, 0), 6) / 6",
    paper="arXiv:1905.02244",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={
        "keras": "hard_sigmoid",
        "torch": "Hardsigmoid",
        "jax": "hard_sigmoid",
        "flax": "hard_sigmoid",
        "timm": ("hard_sigmoid", "hardsigmoid"),
    },
    derivative=_hard_sigmoid_slope,
    kinks=(-3.0, 3.0),
)
def hard_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Piecewise linear sigmoid with slope 1/6.

    f(x) = min(max(x + 3, 0), 6) / 6

    Three functions bear this name: Keras 3, torch, jax and timm have this one; Keras 2 and ONNX 0.2 x + 0.5
    (`hard_sigmoid_legacy`); BinaryConnect (x + 1) / 2. The derivative is 0 at both kinks.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(hard_sigmoid(np.array([-4.0, 0.0, 1.5]))).tolist()
        [0.0, 0.5, 0.75]

    Reference:
        arXiv:1905.02244, Searching for MobileNetV3.
    """
    return ops.relu6(x + 3.0) / 6.0


def _log_sigmoid_curvature(x):
    return -nx.sigmoid_derivative(x)


@nx.with_derivative(_log_sigmoid_curvature)
def _log_sigmoid_slope(x):
    return ops.sigmoid(-x)


@activation(
    formula=r"\log \sigma(x)",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={
        "keras": "log_sigmoid",
        "tf": "log_sigmoid",
        "torch": "LogSigmoid",
        "jax": "log_sigmoid",
        "flax": "log_sigmoid",
    },
    derivative=_log_sigmoid_slope,
)
def log_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Logarithm of the sigmoid, without its overflow: a log-probability from a logit.

    f(x) = -log(1 + exp(-x))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in (-inf, 0].

    Example:
        >>> np.asarray(log_sigmoid(np.array([-100.0, 0.0, 2.0]))).round(4).tolist()
        [-100.0, -0.6931, -0.1269]
    """
    return -nx.softplus(-x)


def _cube(x):
    return x * ops.square(x)


def _softsign_curvature(x):
    return -2.0 * ops.sign(x) / _cube(1.0 + ops.abs(x))


@nx.with_derivative(_softsign_curvature)
def _softsign_slope(x):
    t = ops.abs(x)
    return 1.0 / (1.0 + t * (2.0 + t))  # (1 + t)^2 with one rounding less


@activation(
    formula=r"\frac{x}{1 + |x|}",
    paper="Turian et al. 2009",
    traits={Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"keras": "softsign", "tf": "softsign", "torch": "Softsign", "jax": "soft_sign", "flax": "soft_sign"},
    derivative=_softsign_slope,
    kinks=(0.0,),
)
def softsign(x: nx.Tensor) -> nx.Tensor:
    """Algebraic sigmoid, which saturates far more slowly than tanh.

    f(x) = x / (1 + |x|)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(softsign(np.array([-1.0, 0.0, 3.0]))).tolist()
        [-0.5, 0.0, 0.75]

    Reference:
        Turian, Bergstra & Bengio 2009, Quadratic Features and Deep Architectures for Chunking.
    """
    finite = nx.finite(x)  # inf / inf would be NaN
    return finite / (1.0 + ops.abs(finite))


def _hard_sigmoid_legacy_slope(x):
    return _ramp_slope(x, 2.5)


@activation(
    formula=r"\min(\max(0.2 x + 0.5, 0), 1)",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={"keras2": "hard_sigmoid", "onnx": "HardSigmoid"},
    derivative=_hard_sigmoid_legacy_slope,
    kinks=(-2.5, 2.5),
)
def hard_sigmoid_legacy(x: nx.Tensor) -> nx.Tensor:
    """The hard sigmoid of Keras 2, with slope 0.2: for models trained there, such as LSTMs.

    f(x) = min(max(0.2 x + 0.5, 0), 1)

    Keras 3 gave the name `hard_sigmoid` to another function, so an old file loads and predicts something else. The
    derivative is 0 at both kinks.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(hard_sigmoid_legacy(np.array([-4.0, 0.0, 1.25]))).tolist()
        [0.0, 0.5, 0.75]
    """
    # (x + 2.5) / 5 and not 0.2 x + 0.5: the sum is exact near the left kink, where the other form cancels.
    return ops.clip((x + 2.5) / 5.0, 0.0, 1.0)


def _sparse_sigmoid_slope(x):
    return ops.where(ops.abs(x) < 1.0, 0.5 * ops.ones_like(x), 0.0)


@activation(
    formula=r"\min(\max((x + 1) / 2, 0), 1)",
    paper="arXiv:1901.02324",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SPARSE, Trait.SINGLE_ROUNDING},
    aliases={"keras": "sparse_sigmoid", "jax": "sparse_sigmoid"},
    derivative=_sparse_sigmoid_slope,
    kinks=(-1.0, 1.0),
)
def sparse_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Piecewise linear sigmoid with slope 1/2: sparsemax of two classes, and the hard sigmoid of BinaryConnect.

    f(x) = min(max((x + 1) / 2, 0), 1)

    The derivative is 0 at both kinks, as in Keras (jax: 0.25).

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(sparse_sigmoid(np.array([-2.0, 0.0, 0.5]))).tolist()
        [0.0, 0.5, 0.75]

    Reference:
        arXiv:1901.02324, Learning with Fenchel-Young Losses.
    """
    return ops.clip(0.5 * (x + 1.0), 0.0, 1.0)


def _elliott_curvature(x):
    d = 1.0 + ops.abs(x)
    return -ops.sign(x) / d / d / d


@nx.with_derivative(_elliott_curvature)
def _elliott_slope(x):
    t = ops.abs(x)
    return 0.5 / (1.0 + t * (2.0 + t))  # (1 + t)^2 with one rounding less


@activation(
    formula=r"\frac{x}{2 (1 + |x|)} + \frac{1}{2}",
    paper="Elliott 1993",
    traits={Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_elliott_slope,
    kinks=(0.0,),
)
def elliott(x: nx.Tensor) -> nx.Tensor:
    """Algebraic stand-in for the sigmoid: no exponential, tails that fall off as 1 / x.

    f(x) = x / (2 (1 + |x|)) + 1/2

    In [0, 1], as FANN has it; what MATLAB and mlpack call by this name is in [-1, 1], and is `softsign` here.

    Args:
        x: float tensor of any shape.

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


def _mega_laplace_decay(x, mu, sigma):
    """t = (x - mu) / sigma, and exp(-t^2 / 4).

    Near x = 0 rounding mu and x - mu would show in t, and t times as much in the exponential. So there
    t^2 = (mu^2 - x (2 mu - x)) / sigma^2, where the constant is rounded once.
    """
    t = nx.near((x - mu) / sigma)
    h = ops.exp(-0.25 * ops.square(t))
    if mu == 0.0 or abs(mu / sigma) > (50.0 if nx.is_float64(x) else 18.0):
        return t, h  # no offset, or so far out that the values near 0 are below the smallest numbers
    constant = math.exp(-0.25 * (mu / sigma) ** 2)
    inner = ops.clip(x, -0.5 * abs(mu), 0.5 * abs(mu))
    h_inner = constant * ops.exp(inner * ((0.5 / sigma**2) * (mu - 0.5 * inner)))
    return t, ops.where(ops.abs(x) < 0.5 * abs(mu), h_inner, h)


def _shielded(t, product):
    """The product, out of reach of the graph optimiser, which would move its constant past the second h."""
    return ops.where(ops.abs(t) < nx.FAR, product, 0.0)


def _mega_laplace_curvature(x, mu, sigma):
    t, h = _mega_laplace_decay(x, mu, sigma)
    return h * _shielded(t, h * (t * (-nx.NORMAL_PEAK / sigma**2)))


@nx.with_derivative(_mega_laplace_curvature)
def _mega_laplace_slope(x, mu, sigma):
    t, h = _mega_laplace_decay(x, mu, sigma)
    return h * _shielded(t, h * (nx.NORMAL_PEAK / sigma))


@activation(
    formula=r"\frac{1}{2} (1 + \mathrm{erf}\,\frac{x - \mu}{\sigma \sqrt{2}})",
    paper="arXiv:2209.10655",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={"hf": "laplace(mu=0.707107, sigma=0.282095)"},
    derivative=_mega_laplace_slope,
)
def mega_laplace(
    x: nx.Tensor,
    mu: Annotated[float, Param("input where the output is one half")] = 0.707107,
    sigma: Annotated[float, Param("width of the step", low=0.0, exclusive=True)] = 0.282095,
) -> nx.Tensor:
    """Attention function of MEGA, called Laplace there: a normal distribution function that resembles relu squared.

    f(x) = (1 + erf((x - mu) / (sigma sqrt 2))) / 2

    With the default constants its value and slope agree with those of relu(x)^2 at x = sqrt(1/2), but it is bounded.
    Not the distribution function of Laplace, nor LaLU.

    Args:
        x: float tensor of any shape.
        mu: float, input where the output is one half.
        sigma: float > 0, width of the step.

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


def _cloglog_curvature(x):
    # z exp(-z) (1 - z), with the zero of 1 - exp(x) at 0 free of cancellation.
    x = exponent(x)
    return nx.times_exp(-ops.expm1(x) * growing(x), ops.minimum(x, 0.0) - ops.exp(x))


@nx.with_derivative(_cloglog_curvature)
def _cloglog_slope(x):
    x = exponent(x)
    return nx.times_exp(growing(x), ops.minimum(x, 0.0) - ops.exp(x))


@activation(
    formula=r"1 - e^{-e^x}",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_cloglog_slope,
)
def cloglog(x: nx.Tensor) -> nx.Tensor:
    """Complementary log-log: an asymmetric sigmoid that leaves 0 slowly and reaches 1 fast.

    f(x) = 1 - exp(-exp(x))

    For the probability of at least one event at a log rate x. Some ports call 1 - exp(-exp(-x)) by this name.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(cloglog(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1266, 0.6321, 0.9994]
    """
    return -ops.expm1(-ops.exp(exponent(x)))


# With v = |x - 1/2|, g = v - 1/2 the distance from [0, 1] (negative inside), r = exp(-alpha |g|), the slope
# sinh(alpha / 2) / (cosh(alpha / 2) + cosh(alpha v)), divided through by the larger of its exponentials, is
# (1 - exp(-alpha)) / d inside and r times that outside.


def _soft_clipping_parts(x, alpha):
    outside = ops.maximum(x - 1.0, -x)
    r = ops.exp(-alpha * ops.abs(outside))
    twice = -2.0 * alpha * ops.abs(x - 0.5)
    near, far = 1.0 + math.exp(-alpha), 1.0 + ops.exp(twice)
    is_outside = outside > 0.0
    denominator = ops.where(is_outside, far + r * near, near + r * far)
    return is_outside, outside, r, twice, denominator


def _soft_clipping_curvature(x, alpha):
    _, outside, _, twice, d = _soft_clipping_parts(x, alpha)
    amplitude = alpha * math.expm1(-alpha)
    bracket = amplitude * ops.sign(0.5 - x) * ops.expm1(twice) / ops.square(d)
    return nx.times_exp_fast(bracket, -alpha * ops.abs(outside))


@nx.with_derivative(_soft_clipping_curvature)
def _soft_clipping_slope(x, alpha):
    is_outside, _, r, _, d = _soft_clipping_parts(x, alpha)
    return ops.where(is_outside, r, 1.0) * -math.expm1(-alpha) / d


@activation(
    formula=r"\frac{1}{\alpha} \log \frac{1 + e^{\alpha x}}{1 + e^{\alpha (x - 1)}}",
    paper="arXiv:1810.11509",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={"echo": "SoftClipping"},
    derivative=_soft_clipping_slope,
)
def soft_clipping(
    x: nx.Tensor, alpha: Annotated[float, Param("sharpness of the corners", low=0.0, exclusive=True)] = 0.5
) -> nx.Tensor:
    """Smooth clip to [0, 1]: nearly linear between, with rounded corners.

    f(x) = log((1 + exp(alpha x)) / (1 + exp(alpha (x - 1)))) / alpha

    For outputs that are fractions. The corners get sharp with alpha: at the usual default, 0.5, they fill the whole
    curve; at 50 it is `min(max(x, 0), 1)` to within 0.014. Echo's TensorFlow layer omits the division by alpha.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, sharpness of the corners.

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
    gap = -ops.expm1(2.0 * alpha * ops.maximum(low, 0.0) - alpha)
    excess = ops.exp(decay) * gap / (1.0 + ops.exp(alpha * low - alpha))
    rounding = ops.log1p(excess) / alpha
    if alpha < 2.0:  # the quotient is still a normal number where the exponential no longer is
        tail = nx.times_exp_fast(-math.expm1(-alpha) / alpha, decay)
        rounding = ops.where(decay < -40.0, tail, rounding)
    below = ops.maximum(low, 0.0) + rounding
    return ops.where(x > 0.5, 1.0 - below, below)
