"""The constants of SELU for any fixed point of mean and variance."""

import math
from typing import NamedTuple

import numpy as np

from keras_acts.core import quadrature


class SeluConstants(NamedTuple):
    """f(x) = scale x for x > 0, else scale alpha (exp(x) - 1)."""

    scale: float
    alpha: float


def selu_constants(mean: float = 0.0, variance: float = 1.0) -> SeluConstants:
    """The scale and alpha with which SELU maps a normal signal of this mean and variance to the same mean and variance.

    E f(z) = mean, Var f(z) = variance, z ~ N(mean, variance)

    Both conditions are quadratic in scale, given scale alpha, so this is a closed form but for four expectations.

    Args:
        mean: mean of the fixed point, a finite number.
        variance: variance of the fixed point, a finite number > 0.

    Returns:
        `(scale, alpha)`, to about 12 digits.

    Raises:
        ValueError: if the arguments are no such numbers, or no scale, alpha > 0 have this fixed point.

    Example:
        >>> selu_constants()
        SeluConstants(scale=1.05070098735548..., alpha=1.67326324235437...)

    Reference:
        arXiv:1706.02515, Self-Normalizing Neural Networks.
    """
    for name, value in (("mean", mean), ("variance", variance)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"`{name}` of a fixed point must be a finite number. Received: {name}={value!r}")
    if variance <= 0.0:
        raise ValueError(f"`variance` of a fixed point must be a finite number > 0. Received: variance={variance!r}")

    def parts(x: np.ndarray) -> np.ndarray:
        above, below = np.maximum(x, 0.0), np.expm1(np.minimum(x, 0.0))
        return np.stack([above, above * above, below, below * below])

    above, above2, below, below2 = map(float, quadrature.expectation(parts, mean, math.sqrt(variance), [0.0]))
    if above2 > 0.0 and below2 > 0.0:  # both branches are within reach of N(mean, variance)
        # With c = scale alpha: scale above + c below = mean, scale^2 above2 + c^2 below2 = variance + mean^2.
        ratio = below2 / (below * below)
        a = above2 + above * above * ratio
        b = -2.0 * mean * above * ratio
        c = mean * mean * ratio - (variance + mean * mean)
        discriminant = b * b - 4.0 * a * c
        scale = (-b + math.sqrt(discriminant)) / (2.0 * a) if discriminant >= 0.0 else 0.0
        negative_scale = (mean - scale * above) / below
        if scale > 0.0 and negative_scale > 0.0:
            return SeluConstants(scale, negative_scale / scale)
    raise ValueError(
        "A fixed point of SELU needs a scale and an alpha > 0, and there are none for this one. "
        f"Received: mean={mean!r}, variance={variance!r}"
    )
