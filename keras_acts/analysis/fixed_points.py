"""Fixed points of mean and variance: what an activation does to signals in a deep, wide, random network."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from keras_acts.analysis import moments, quadrature
from keras_acts.analysis.criticality import CriticalPoint, critical_point
from keras_acts.analysis.elementwise import Activation, Elementwise, as_function
from keras_acts.core import params, resolve

__all__ = ["CriticalPoint", "SeluConstants", "Statistics", "selu_constants", "statistics"]

# Below this a difference from a fixed point is rounding error.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Statistics:
    """Statistics of an activation f on z ~ N(0, 1), and what follows for depth.

    Attributes:
        gain: 1 / sqrt(E f(z)^2), by which weights must be larger than LeCun's.
        mean: E f(z).
        second_moment: E f(z)^2.
        derivative_second_moment: E f'(z)^2.
        slope: slope of the variance map q -> gain^2 E f(sqrt(q) z)^2 at its fixed point q = 1. A deviation of the
            variance from 1 is multiplied by it in each layer.
        critical: the critical point, or None where there is none (sigmoid, softplus, relu2).
    """

    gain: float
    mean: float
    second_moment: float
    derivative_second_moment: float
    slope: float
    critical: CriticalPoint | None

    def __repr__(self) -> str:
        shown = {"stable": self.stable, **{field.name: getattr(self, field.name) for field in fields(self)}}
        return f"Statistics({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @property
    def variance(self) -> float:
        """Var f(z)."""
        return self.second_moment - self.mean * self.mean

    @property
    def stable(self) -> bool:
        """False if deviations of the variance from 1 grow from layer to layer, as they do for gelu, silu and mish."""
        return self.slope <= 1.0 + NEGLIGIBLE

    @property
    def mean_shift(self) -> float:
        """(E f(z))^2 / E f(z)^2: the correlation that one layer gives to the signals of unrelated inputs."""
        return self.mean * self.mean / self.second_moment

    @property
    def gradient_slope(self) -> float:
        """gain^2 E f'(z)^2, by which the variance of gradients is multiplied in each layer."""
        return self.gain * self.gain * self.derivative_second_moment

    @property
    def self_normalizing(self) -> bool:
        """True if mean 0 and variance 1 are kept by LeCun's weights, and attract: selu, `standardize("elu")`."""
        return abs(self.mean) < NEGLIGIBLE and abs(self.gain - 1.0) < NEGLIGIBLE and self.slope < 1.0 - NEGLIGIBLE


def statistics(activation: Activation) -> Statistics:
    """Gain, mean, stability and critical point of an activation, for choosing weights.

    gain = 1 / sqrt(E f(z)^2), slope = gain^2 d/dq E f(sqrt(q) z)^2 at q = 1, z ~ N(0, 1)

    Read `stable` first: where it is False, the right gain is not enough for a deep network without normalisation
    layers, and `paired(activation, deep=True)` takes the critical point instead.

    Read `critical.variance` too: where it is 0, as for tanh, softsign and elu, the critical point keeps small signals
    only. Larger ones fall, slower than exponentially: a factor of 5 holds over 30 layers from inputs of variance up to
    0.07 for tanh, 0.012 for elu, 0.0007 for softsign.

    Args:
        activation: a name, a spec string, a callable of one float tensor, or an activation layer such as PReLU,
            which counts with its initial weights.

    Returns:
        A `Statistics`.

    Raises:
        ValueError: for an unknown name, an activation over an axis, or one that gives NaN, is zero almost everywhere
            or has an infinite second moment.
        TypeError: for something that is no activation, or has no derivative.

    Example:
        >>> found = statistics("gelu")
        >>> round(found.slope, 4), found.stable, round(found.critical.weight_variance, 4)
        (1.1441, False, 1.9831)

    Reference:
        arXiv:2106.10165, The Principles of Deep Learning Theory; arXiv:1611.01232, Deep Information Propagation.
    """
    function = as_function(activation)
    declaration, _ = resolve.declaration_of(function)
    return _of_function(function) if declaration is None else _of_declared(function)


def _of_function(function: Callable[..., Any]) -> Statistics:
    measured = Elementwise(function)
    mean, second_moment = moments.value_moments(measured)
    gain = moments.inverse_root(second_moment, measured, "value")
    derivative_second_moment = moments.derivative_second_moment(measured)
    slope = gain * gain * moments.variance_response(measured)
    return Statistics(gain, mean, second_moment, derivative_second_moment, slope, critical_point(measured))


# A declared activation never changes, and is asked for once per layer of a deep network; a critical point takes 0.2 s.
_of_declared = functools.lru_cache(maxsize=256)(_of_function)


# ---- SELU ------------------------------------------------------------------------------------------------------------


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
    mean = params.finite_number("mean", mean, "a fixed point")
    variance = params.finite_number("variance", variance, "a fixed point", low=0.0, exclusive=True)

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
