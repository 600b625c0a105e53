"""tanh and other odd functions that squash large inputs."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "asinh",
    "atan",
    "erf",
    "hard_tanh",
    "isru",
    "lecun_tanh",
    "penalized_tanh",
    "softcap",
    "sqnl",
    "tanh",
]


@activation(
    formula=r"\tanh x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={
        "keras": "tanh",
        "tf": "tanh",
        "torch": "Tanh",
        "jax": "tanh",
        "flax": "tanh",
        "timm": "tanh",
        "hf": "tanh",
    },
    derivative=nx.sech_squared,
)
def tanh(x: nx.Tensor) -> nx.Tensor:
    """Hyperbolic tangent: a sigmoid centred at zero.

    f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    Its output has mean near zero, which trains better than `sigmoid` in hidden layers.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(tanh(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.964, 0.0, 0.964]
    """
    return ops.tanh(x)


def _hard_tanh_slope(x, min_val, max_val):
    inside = ops.logical_and(x >= min_val, x <= max_val)
    return ops.where(inside, ops.ones_like(x), 0.0)


@activation(
    formula=r"\min(\max(x, a), b)",
    paper="Collobert 2004",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SINGLE_ROUNDING},
    aliases={"keras": "hard_tanh", "torch": "Hardtanh", "jax": "hard_tanh", "flax": "hard_tanh"},
    derivative=_hard_tanh_slope,
    kinks=lambda min_val, max_val: (min_val, max_val),
)
def hard_tanh(
    x: nx.Tensor,
    min_val: Annotated[float, Param("smallest output", below="max_val")] = -1.0,
    max_val: Annotated[float, Param("largest output")] = 1.0,
) -> nx.Tensor:
    """Piecewise linear tanh: the input, clipped.

    f(x) = min(max(x, min_val), max_val)

    The bounds can be set as in torch; Keras and jax fix them. The derivative is 1 at both kinks, as in Keras and jax
    (torch: 0).

    Args:
        x: float tensor of any shape.
        min_val: float < max_val, smallest output.
        max_val: float, largest output.

    Returns:
        Tensor of the same shape and dtype as x, in [min_val, max_val].

    Example:
        >>> np.asarray(hard_tanh(np.array([-3.0, 0.5, 3.0]))).tolist()
        [-1.0, 0.5, 1.0]

    Reference:
        Collobert 2004, Large Scale Machine Learning.
    """
    return ops.clip(x, min_val, max_val)


def _erf_curvature(x):
    x = nx.near(x)
    return nx.times_exp(-2.0 * nx.ERF_PEAK * x, -ops.square(x))


@nx.with_derivative(_erf_curvature)
def _erf_slope(x):
    return nx.times_exp(nx.ERF_PEAK, -ops.square(nx.near(x)))


@activation(
    formula=r"\mathrm{erf}\,x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"dks": "erf"},
    derivative=_erf_slope,
)
def erf(x: nx.Tensor) -> nx.Tensor:
    """Error function: a sigmoid centred at zero that saturates faster than tanh.

    f(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x

    For networks whose infinite-width kernel is known in closed form; its slope at 0 is 1.128, not 1.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(erf(np.array([-2.0, 0.0, 0.5]))).round(4).tolist()
        [-0.9953, 0.0, 0.5205]
    """
    return nx.erf(x)


def lorentz(x):
    """1 / (1 + x^2); 0 where the square overflows, as it is below the smallest normal number there."""
    return 1.0 / (1.0 + ops.square(x))


def _atan_curvature(x):
    # 1 / (x + 1 / x) is x / (1 + x^2); no compiler can turn this product into x y^2, where y^2 vanishes too early.
    return -2.0 * lorentz(x) / (x + 1.0 / x)


_atan_slope = nx.with_derivative(_atan_curvature)(lorentz)


@activation(
    formula=r"\arctan x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"dks": "atan"},
    derivative=_atan_slope,
)
def atan(x: nx.Tensor) -> nx.Tensor:
    """Arctangent: a sigmoid centred at zero whose tails fall off as 1 / x, not exponentially.

    f(x) = arctan(x)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-pi / 2, pi / 2].

    Example:
        >>> np.asarray(atan(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.1071, 0.0, 1.1071]
    """
    return nx.arctan(x)


def _softcap_slope(x, cap):
    return _scaled_tanh_slope(x, scale=cap, reach=cap)


@activation(
    formula=r"c \tanh(x / c)",
    paper="Gemma Team 2024",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"x_transformers": "softclamp"},
    derivative=_softcap_slope,
)
def softcap(
    x: nx.Tensor, cap: Annotated[float, Param("bound of the output", low=0.0, exclusive=True)] = 30.0
) -> nx.Tensor:
    """Soft cap on logits: the identity for small inputs, bounded by +-cap.

    f(x) = cap tanh(x / cap)

    Gemma 2 caps its final logits at 30 (taken here) and its attention logits at 50.

    Args:
        x: float tensor of any shape.
        cap: float > 0, bound of the output.

    Returns:
        Tensor of the same shape and dtype as x, in [-cap, cap].

    Example:
        >>> np.asarray(softcap(np.array([-100.0, 0.0, 10.0]))).round(4).tolist()
        [-29.9237, 0.0, 9.6454]

    Reference:
        Gemma Team 2024, Gemma 2: Improving Open Language Models at a Practical Size.
    """
    return _scaled_tanh(x, cap, cap)


def _scaled_tanh(x, scale, reach):
    """scale tanh(x / reach). Near 0 by its slope: x / reach may fall below the smallest normal number there."""
    return ops.where(ops.abs(x) < 1e-10 * reach, x * (scale / reach), scale * ops.tanh(x / reach))


def _scaled_tanh_curvature(x, scale, reach):
    z = x / reach
    return nx.times_sech_squared((-2.0 * scale / reach / reach) * ops.tanh(z), z)


@nx.with_derivative(_scaled_tanh_curvature)
def _scaled_tanh_slope(x, scale, reach):
    return nx.times_sech_squared(scale / reach, x / reach)


LECUN_SCALE = 1.7159


LECUN_REACH = 1.5


def _lecun_tanh_slope(x):
    return _scaled_tanh_slope(x, scale=LECUN_SCALE, reach=LECUN_REACH)


@activation(
    formula=r"1.7159 \tanh(\frac{2}{3} x)",
    paper="LeCun et al. 1998",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    derivative=_lecun_tanh_slope,
)
def lecun_tanh(x: nx.Tensor) -> nx.Tensor:
    """Tanh rescaled so that +-1 maps to +-1 and unit variance is about kept.

    f(x) = 1.7159 tanh(2 x / 3)

    Made for targets of +-1, which it reaches where its curvature is largest and not only at infinity.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1.7159, 1.7159].

    Example:
        >>> np.asarray(lecun_tanh(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-1.0, 0.0, 1.4929]

    Reference:
        LeCun, Bottou, Orr & Müller 1998, Efficient BackProp.
    """
    return _scaled_tanh(x, LECUN_SCALE, LECUN_REACH)


def _one_sided(x, alpha):
    """1 for x >= 0, else alpha."""
    return ops.where(x >= 0.0, ops.ones_like(x), alpha)


def _penalized_tanh_curvature(x, alpha):
    return nx.times_sech_squared(_one_sided(x, alpha) * (-2.0 * ops.tanh(x)), x)


@nx.with_derivative(_penalized_tanh_curvature)
def _penalized_tanh_slope(x, alpha):
    return nx.times_sech_squared(_one_sided(x, alpha), x)


@activation(
    formula=r"\max(\tanh x, 0) + \alpha \min(\tanh x, 0)",
    paper="arXiv:1602.05980",
    traits={Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_penalized_tanh_slope,
    kinks=(0.0,),
)
def penalized_tanh(
    x: nx.Tensor, alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 0.25
) -> nx.Tensor:
    """Tanh with a damped negative branch: to tanh what leaky ReLU is to the identity.

    f(x) = tanh(x) if x >= 0, else alpha tanh(x)

    Some surveys write the branch as tanh(x) / alpha with alpha = 4.
    The derivative at 0 is 1.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, scale of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, 1].

    Example:
        >>> np.asarray(penalized_tanh(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.241, 0.0, 0.964]

    Reference:
        arXiv:1602.05980, Revise Saturated Activation Functions.
    """
    y = ops.tanh(x)
    return ops.where(x > 0.0, y, alpha * y)


def _isru_argument(x, alpha):
    """x, clipped to where 1 + alpha x^2 is finite, and u = sqrt(alpha) x."""
    scale = math.sqrt(alpha)
    bound = 0.5 * math.sqrt(nx.largest(x)) / max(scale, 1.0)
    if scale < 1.0:
        bound = min(bound / scale, nx.largest(x))
    finite = ops.clip(x, -bound, bound)
    return finite, finite if scale == 1.0 else scale * finite


def isru_curvature(x, alpha):
    return nx.algebraic_sigmoid_second_derivative(_isru_argument(x, alpha)[1], math.sqrt(alpha))


@nx.with_derivative(isru_curvature)
def isru_slope(x, alpha):
    return nx.algebraic_sigmoid_derivative(_isru_argument(x, alpha)[1])


def isru_value(x, alpha):
    finite, u = _isru_argument(x, alpha)
    return finite / nx.square_and_root(u)[1]


@activation(
    formula=r"\frac{x}{\sqrt{1 + \alpha x^2}}",
    paper="arXiv:1710.09967",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"echo": "ISRU(alpha=1.0)"},
    derivative=isru_slope,
)
def isru(
    x: nx.Tensor, alpha: Annotated[float, Param("inverse square of the bound", low=0.0, exclusive=True)] = 1.0
) -> nx.Tensor:
    """Inverse square root unit: a sigmoid without exponentials, for recurrent networks.

    f(x) = x / sqrt(1 + alpha x^2)

    Args:
        x: float tensor of any shape.
        alpha: float > 0; the output is bounded by 1 / sqrt(alpha).

    Returns:
        Tensor of the same shape and dtype as x, in [-1 / sqrt(alpha), 1 / sqrt(alpha)].

    Example:
        >>> np.asarray(isru(np.array([-2.0, 0.0, 0.75]))).round(4).tolist()
        [-0.8944, 0.0, 0.6]

    Reference:
        arXiv:1710.09967, Improving Deep Learning by Inverse Square Root Linear Units (ISRLUs).
    """
    return isru_value(x, alpha)


VAST = 1e9  # beyond it 1 + x^2 is x^2 to the last bit of float64, and below it x^6 still fits into float32


def _asinh_curvature(x):
    c = ops.clip(x, -VAST, VAST)
    s = 1.0 + ops.square(c)
    return ops.where(ops.abs(x) < VAST, -c / (s * ops.sqrt(s)), (-1.0 / x) / ops.abs(x))


@nx.with_derivative(_asinh_curvature)
def _asinh_slope(x):
    t = ops.abs(x)
    return ops.where(t < VAST, 1.0 / ops.sqrt(1.0 + ops.square(ops.minimum(t, VAST))), 1.0 / t)


@activation(
    formula=r"\mathrm{asinh}\, x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.ODD},
    aliases={"dks": "asinh"},
    derivative=_asinh_slope,
)
def asinh(x: nx.Tensor) -> nx.Tensor:
    """Inverse hyperbolic sine: linear near 0, a logarithm of either sign far out.

    f(x) = log(x + sqrt(x^2 + 1))

    It compresses outliers as tanh does but never saturates: its derivative falls off only as 1 / |x|.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(asinh(np.array([-10.0, 0.0, 2.0]))).round(4).tolist()
        [-2.9982, 0.0, 1.4436]
    """
    # From |x|, as the sum cancels for x < 0; log1p, as it loses all digits near 0; the logarithm where x^2 overflows.
    t = ops.abs(x)
    c = ops.minimum(t, VAST)
    square = ops.square(c)
    near = ops.log1p(c + square / (1.0 + ops.sqrt(1.0 + square)))
    far = math.log(2.0) + ops.log(ops.maximum(t, 1.0))
    size = ops.where(t < VAST, near, far)
    return ops.where(x < 0.0, -size, size)


def _sqnl_curvature(x):
    return ops.where(ops.abs(x) < 2.0, -0.5 * ops.sign(x), 0.0)


@nx.with_derivative(_sqnl_curvature)
def _sqnl_slope(x):
    return 1.0 - 0.5 * ops.minimum(ops.abs(x), 2.0)


@activation(
    formula=r"u - u |u| / 4, \quad u = \min(\max(x, -2), 2)",
    paper="Wuraola & Patel 2018",
    traits={Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"echo": "SQNL"},
    derivative=_sqnl_slope,
    kinks=(-2.0, 0.0, 2.0),
)
def sqnl(x: nx.Tensor) -> nx.Tensor:
    """Square nonlinearity: a sigmoid from one multiplication, for small devices.

    f(x) = u - u |u| / 4 with u = min(max(x, -2), 2)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(sqnl(np.array([-3.0, 0.0, 1.0]))).tolist()
        [-1.0, 0.0, 0.75]

    Reference:
        Wuraola & Patel 2018, SQNL: A New Computationally Efficient Activation Function.
    """
    u = ops.clip(x, -2.0, 2.0)
    return u * (1.0 - 0.25 * ops.abs(u))
