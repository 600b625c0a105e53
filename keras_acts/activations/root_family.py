"""Algebraic activations, built on sqrt(1 + x^2)."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import hypotenuse as hyp
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _bent_identity_curvature(x):
    return hyp.ratio_slope(hyp.bounded(x), 0.5)


@nx.with_derivative(_bent_identity_curvature)
def _bent_identity_slope(x):
    return 1.0 + 0.5 * hyp.ratio(hyp.bounded(x))


@activation(
    formula=r"\frac{1}{2} (\sqrt{x^2 + 1} - 1) + x",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"dks": "bentid"},
    derivative=_bent_identity_slope,
)
def bent_identity(x: nx.Tensor) -> nx.Tensor:
    """Smooth line with slope 1/2 far left and 3/2 far right.

    f(x) = (sqrt(x^2 + 1) - 1) / 2 + x

    Its gradient never vanishes nor explodes.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(bent_identity(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.382, 0.0, 2.618]
    """
    # sqrt(1 + x^2) - 1 cancels near 0 and overflows; it is x^2 / (1 + sqrt(1 + x^2)).
    u = hyp.bounded(x)
    return x * (1.0 + 0.5 * (u / (1.0 + hyp.hypotenuse(u)[1])))


def _isru_argument(x, alpha):
    """x, clipped to where 1 + alpha x^2 is finite, and u = sqrt(alpha) x."""
    scale = math.sqrt(alpha)
    bound = 0.5 * math.sqrt(nx.largest(x)) / max(scale, 1.0)
    if scale < 1.0:
        bound = min(bound / scale, nx.largest(x))
    finite = ops.clip(x, -bound, bound)
    return finite, finite if scale == 1.0 else scale * finite


def _isru_curvature(x, alpha):
    return hyp.ratio_curvature(_isru_argument(x, alpha)[1], math.sqrt(alpha))


@nx.with_derivative(_isru_curvature)
def _isru_slope(x, alpha):
    return hyp.ratio_slope(_isru_argument(x, alpha)[1])


def _isru(x, alpha):
    finite, u = _isru_argument(x, alpha)
    return finite / hyp.hypotenuse(u)[1]


@activation(
    formula=r"\frac{x}{\sqrt{1 + \alpha x^2}}",
    paper="arXiv:1710.09967",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"echo": "ISRU(alpha=1.0)"},
    derivative=_isru_slope,
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
    return _isru(x, alpha)


def _isrlu_curvature(x, alpha):
    return ops.where(x >= 0.0, 0.0, _isru_curvature(ops.minimum(x, 0.0), alpha))


@nx.with_derivative(_isrlu_curvature)
def _isrlu_slope(x, alpha):
    return _isru_slope(ops.minimum(x, 0.0), alpha=alpha)


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
    return ops.where(x >= 0.0, x, _isru(ops.minimum(x, 0.0), alpha))


def _multiquadric_argument(x, center, width):
    distance = x if center == 0.0 else x - center
    return distance, hyp.bounded(distance if width == 1.0 else distance / width)


def _multiquadric_curvature(x, center, width):
    return hyp.ratio_slope(_multiquadric_argument(x, center, width)[1], 1.0 / width)


@nx.with_derivative(_multiquadric_curvature)
def _multiquadric_slope(x, center, width):
    return hyp.ratio(_multiquadric_argument(x, center, width)[1])


@activation(
    formula=r"\sqrt{(x - a)^2 + b^2}",
    paper="Hardy 1971",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC},
    derivative=_multiquadric_slope,
)
def multiquadric(
    x: nx.Tensor,
    center: Annotated[float, Param("a, where the minimum is")] = 0.0,
    width: Annotated[float, Param("b, the minimum itself and the width of the bend", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Radial basis function that grows: a smooth absolute value.

    f(x) = sqrt((x - center)^2 + width^2)

    Args:
        x: float tensor of any shape.
        center: float, where the minimum is.
        width: float > 0, the minimum itself and the width of the bend.

    Returns:
        Tensor of the same shape and dtype as x, in [width, inf).

    Example:
        >>> np.asarray(multiquadric(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [1.25, 1.0, 2.2361]

    Reference:
        Hardy 1971, Multiquadric Equations of Topography and Other Irregular Surfaces.
    """
    distance, u = _multiquadric_argument(x, center, width)
    root = hyp.hypotenuse(u)[1]
    return ops.maximum(root if width == 1.0 else width * root, ops.abs(distance))  # |x - a| where u is clipped


# In pflu the quotients are multiplied, not divided by each other: XLA would gather their denominators in one product,
# which overflows.


def _sum_of_sides(x, root):
    """sqrt(1 + x^2) + |x|, given the root of the bounded x."""
    side = ops.abs(x)
    return ops.maximum(root, side) + side


def _pflu_curvature(x):
    u = hyp.bounded(x)
    squared, root = hyp.hypotenuse(u)
    return ((1.0 - 0.5 * ops.square(u)) / squared) * (1.0 / (squared * root))


@nx.with_derivative(_pflu_curvature)
def _pflu_slope(x):
    # (1 + r (1 + 1 / s)) / 2 with s = 1 + x^2, r = x / sqrt(s). Left of 0, where it cancels, 1 + r is written as
    # 1 / (sqrt(s) (sqrt(s) + |x|)), and the sum is brought to one denominator.
    u = hyp.bounded(x)
    squared, root = hyp.hypotenuse(u)
    closing = ((0.5 + 0.5 * u * root) / squared) * (1.0 / (root * _sum_of_sides(x, root)))
    opening = 0.5 + 0.5 * (u / root) * (1.0 + 1.0 / squared)
    return ops.where(x < -0.25, closing, opening)


@activation(
    formula=r"\frac{x}{2} (1 + \frac{x}{\sqrt{1 + x^2}})",
    paper="Zhu et al. 2021",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={"thinc": "Dish"},
    derivative=_pflu_slope,
)
def pflu(x: nx.Tensor) -> nx.Tensor:
    """Power function linear unit: Swish with an algebraic gate; thinc calls it Dish.

    f(x) = x (1 + x / sqrt(1 + x^2)) / 2

    Its left tail falls off as 1 / (4 |x|), not exponentially.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.15 at x = -0.786.

    Example:
        >>> np.asarray(pflu(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [-0.15, 0.0, 1.8944]

    Reference:
        Zhu et al. 2021, PFLU and FPFLU: Two Novel Non-Monotonic Activation Functions in Convolutional Neural Networks.
    """
    u = hyp.bounded(x)
    root = hyp.hypotenuse(u)[1]
    gate = u / root
    # 1 + gate cancels for x < 0; there it is 1 / (root (root + |x|)).
    return ops.where(x < 0.0, gate * (0.5 / _sum_of_sides(x, root)), x * (0.5 + 0.5 * gate))
