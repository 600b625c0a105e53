"""The arctangent, and x gated by it."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declaration import Param, Trait, activation


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
    return nx.arctan(x)


# x (1/2 + arctan(x) / pi) for x = -t is -t arctan(1 / t) / pi. With y = 1 / (1 + t^2), arctan(1 / t) is
# t y (1 + 2/3 y + 8/15 y^2 + ...), so that for t >= 1 the value is -(1 - y) (1 + y s) / pi and the derivative
# t y^2 s / pi with s(y) = 2/3 + 8/15 y + ...: no difference is left. s is fitted for y in [0, 1/2].


def _arctan_series(y):
    return nx.fitted("arctan_gate_tail", y)


def _wide_gate_curvature(x, alpha):
    return ((2.0 + 4.0 * alpha) / math.pi) * ops.square(_lorentz(x))


@nx.with_derivative(_wide_gate_curvature)
def _wide_gate_slope(x, alpha):
    widened = (1.0 + 2.0 * alpha) / math.pi
    y = ops.minimum(_lorentz(x), 0.5)
    t = ops.clip(ops.abs(x), 1.0, nx.largest(x) ** 0.5)
    tail = (t * y) * (y * (widened * _arctan_series(y)))
    small = ops.clip(x, -1.0, 1.0)
    central = 0.5 + widened * (nx.arctan(small) + small / (1.0 + ops.square(small)))
    outer = ops.where(x < 0.0, tail - alpha, (1.0 + alpha) - tail)
    return ops.where(ops.abs(x) < 1.0, central, outer)


def _wide_gate(x, alpha):
    widened = (1.0 + 2.0 * alpha) / math.pi
    y = ops.minimum(_lorentz(x), 0.5)
    distance = (1.0 - y) * (widened + widened * y * _arctan_series(y))
    left = -alpha * x if alpha else ops.zeros_like(x)  # 0 * inf would be NaN
    right = (1.0 + alpha) * x if alpha != -1.0 else ops.zeros_like(x)
    outer = ops.where(x < 0.0, left, right) - distance
    return ops.where(ops.abs(x) < 1.0, x * (0.5 + widened * nx.arctan(x)), outer)


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
