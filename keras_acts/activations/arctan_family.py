"""The arctangent, and x gated by it."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import elementary
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _lorentz(x):
    """1 / (1 + x^2); 0 where the square overflows, as it is below the smallest normal number there."""
    return 1.0 / (1.0 + ops.square(x))


def _atan_curvature(x):
    # 1 / (x + 1 / x) is x / (1 + x^2); no compiler can turn this product into x y^2, where y^2 vanishes too early.
    return -2.0 * _lorentz(x) / (x + 1.0 / x)


_atan_slope = nx.with_derivative(_atan_curvature)(_lorentz)


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
    return elementary.arctan(x)


# x (1/2 + arctan(x) / pi) for x = -t is -t arctan(1 / t) / pi. With y = 1 / (1 + t^2), arctan(1 / t) is
# t y (1 + 2/3 y + 8/15 y^2 + ...), so that for t >= 1 the value is -(1 - y) (1 + y s) / pi and the derivative
# t y^2 s / pi with s(y) = 2/3 + 8/15 y + ...: no difference is left. Here s for y in [0, 1/2], to the last bit.

_SERIES_FLOAT64 = (
    0.6666666666666666,
    0.5333333333333318,
    0.45714285714341485,
    0.4063492062714572,
    0.3694083751482304,
    0.34099208141722687,
    0.31826736407813494,
    0.2993705370239438,
    0.28641683933432416,
    0.2387162507318553,
    0.5495052468095274,
    -1.8576713778519507,
    12.31137600572939,
    -54.91062385734114,
    201.26884720051356,
    -583.6741439941103,
    1342.0230440847647,
    -2409.4497173413897,
    3312.488969594536,
    -3369.2436908771847,
    2395.0511235298372,
    -1065.1837648427068,
    224.99342432624724,
)
_SERIES_FLOAT32 = (
    0.6666666663978306,
    0.5333334879212454,
    0.4571282453037898,
    0.40688610886424176,
    0.35930214966433527,
    0.45208758871098365,
    -0.4457850035139485,
    3.696348972779659,
    -9.521815920515284,
    18.15095719496979,
    -18.715549213168774,
    9.503476323031872,
)


def _arctan_series(y):
    return nx.polynomial(y, _SERIES_FLOAT64, _SERIES_FLOAT32)


def _wide_gate_curvature(x, alpha):
    return ((2.0 + 4.0 * alpha) / math.pi) * ops.square(_lorentz(x))


@nx.with_derivative(_wide_gate_curvature)
def _wide_gate_slope(x, alpha):
    widened = (1.0 + 2.0 * alpha) / math.pi
    y = ops.minimum(_lorentz(x), 0.5)
    t = ops.clip(ops.abs(x), 1.0, nx.largest(x) ** 0.5)
    tail = (t * y) * (y * (widened * _arctan_series(y)))
    small = ops.clip(x, -1.0, 1.0)
    central = 0.5 + widened * (elementary.arctan(small) + small / (1.0 + ops.square(small)))
    outer = ops.where(x < 0.0, tail - alpha, (1.0 + alpha) - tail)
    return ops.where(ops.abs(x) < 1.0, central, outer)


def _wide_gate(x, alpha):
    widened = (1.0 + 2.0 * alpha) / math.pi
    y = ops.minimum(_lorentz(x), 0.5)
    distance = (1.0 - y) * (widened + widened * y * _arctan_series(y))
    left = -alpha * x if alpha else ops.zeros_like(x)  # 0 * inf would be NaN
    right = (1.0 + alpha) * x if alpha != -1.0 else ops.zeros_like(x)
    outer = ops.where(x < 0.0, left, right) - distance
    return ops.where(ops.abs(x) < 1.0, x * (0.5 + widened * elementary.arctan(x)), outer)


def _atlu_slope(x):
    return _wide_gate_slope(x, alpha=0.0)


@activation(
    formula=r"x (\frac{1}{2} + \frac{1}{\pi} \arctan x)",
    paper="arXiv:2405.20768",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.SELF_GATED},
    derivative=_atlu_slope,
)
def atlu(x: nx.Tensor) -> nx.Tensor:
    """Arctangent linear unit: x times the distribution function of the Cauchy distribution, also called CaLU.

    f(x) = x (1 / 2 + arctan(x) / pi)

    Unlike `silu` it is monotonic; its left tail tends to -1 / pi.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in (-1 / pi, inf).

    Example:
        >>> np.asarray(atlu(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2952, 0.0, 1.7048]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return _wide_gate(x, 0.0)


@activation(
    formula=r"x ((1 + 2 \alpha) (\frac{1}{2} + \frac{1}{\pi} \arctan x) - \alpha)",
    paper="arXiv:2405.20768",
    traits={Trait.SMOOTH, Trait.SELF_GATED},
    derivative=_wide_gate_slope,
)
def xatlu(x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate leaves [0, 1]")] = 0.0) -> nx.Tensor:
    """Arctangent linear unit whose gate is widened from (0, 1) to (-alpha, 1 + alpha).

    f(x) = x ((1 + 2 alpha) (1 / 2 + arctan(x) / pi) - alpha)

    The paper trains alpha, from 0, where this is `atlu`.

    Args:
        x: float tensor of any shape.
        alpha: float, by how much the gate leaves [0, 1] on either side.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xatlu(np.array([-2.0, 0.0, 2.0]), alpha=0.25)).round(4).tolist()
        [0.0572, 0.0, 2.0572]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return _wide_gate(x, alpha)
