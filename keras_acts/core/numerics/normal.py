"""The normal distribution, the error function, and x gated by the normal distribution function.

The backend's erf is never used: TensorFlow's is off by six units in the last place of float32 where it saturates. Nor
is its erfc, which is off by up to four and becomes 0 too early.
"""

import math

from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor
from keras_acts.core.numerics.elementary import times_exp, value_and_quotient
from keras_acts.core.numerics.limits import FAR, near
from keras_acts.core.numerics.polynomials import fitted

__all__ = ["ERF_PEAK", "NORMAL_PEAK", "erf", "erf_and_quotient", "normal_gated", "normal_gated_derivative"]
__all__ += ["normal_gated_second_derivative", "scaled_normal_tail"]

NORMAL_PEAK = math.sqrt(0.5 / math.pi)  # phi(0)
ERF_PEAK = 2.0 / math.sqrt(math.pi)  # erf'(0)


def scaled_normal_tail(t: Tensor) -> Tensor:
    """exp(t^2 / 2) Phi(-t) for t >= 0, with Phi the normal distribution function: smooth and free of exponentials."""
    return fitted("normal_tail", (t - 4.0) / (t + 4.0)) / (t + 4.0)


def _erf_quotient(z: Tensor) -> Tensor:
    """erf(z) / z for |z| <= 1."""
    return fitted("erf_quotient", ops.square(z))


def _saturating(z: Tensor) -> Tensor:
    """erf(z) for z >= 1, as 1 - erfc(z)."""
    z = ops.minimum(z, FAR)
    return 1.0 - 2.0 * ops.exp(-ops.square(z)) * scaled_normal_tail(math.sqrt(2.0) * z)


def erf(x: Tensor) -> Tensor:
    """The error function."""
    z = ops.abs(x)
    inner = ops.clip(x, -1.0, 1.0)
    return ops.where(z < 1.0, inner * _erf_quotient(inner), ops.sign(x) * _saturating(z))


def erf_and_quotient(z: Tensor) -> tuple[Tensor, Tensor]:
    """erf(z) and erf(z) / z for z >= 0."""
    return value_and_quotient(z, "erf_quotient", _saturating(z))


# x times a gate that rises from `low` to `high` as low + (high - low) Phi(v), with v = scale x. From
# exp(-v^2 / 2) and the scaled tail, so that no tail cancels; near 0 from its middle, as there low and Phi may cancel.

_MIDDLE = 0.5


def _normal_parts(x: Tensor, scale: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """|v|, the scaled tail, -v^2 / 2, and Phi(|v|) - 1/2 for |v| <= _MIDDLE."""
    t = near(scale * ops.abs(x)) if scale else ops.zeros_like(x)  # 0 * inf would be NaN
    inner = math.sqrt(0.5) * ops.minimum(t, _MIDDLE)
    return t, scaled_normal_tail(t), -0.5 * ops.square(t), 0.5 * inner * _erf_quotient(inner)


def normal_gated(x: Tensor, low: float, high: float, scale: float = 1.0, middle: float | None = None) -> Tensor:
    """x (low + (high - low) Phi(scale x)). `middle` of low and high is given where their sum would cancel."""
    t, tail, exponent, rise = _normal_parts(x, scale)
    width, middle = high - low, 0.5 * (low + high) if middle is None else middle
    rest = ops.exp(exponent) * tail
    if low == 0.0:  # x is multiplied in before the exponential vanishes
        closing = times_exp(high * (ops.maximum(x, -FAR / scale) * tail), exponent)
    else:
        closing = x * (low + width * rest)
    far = ops.where(x < 0.0, closing, x * (high - width * rest))
    return ops.where(t < _MIDDLE, x * (middle + ops.sign(x) * (width * rise)), far)


def normal_gated_derivative(
    x: Tensor, low: float, high: float, scale: float = 1.0, middle: float | None = None
) -> Tensor:
    """The derivative of `normal_gated`: low + (high - low) (Phi(v) + v phi(v))."""
    t, tail, exponent, rise = _normal_parts(x, scale)
    width, middle = high - low, 0.5 * (low + high) if middle is None else middle
    excess = times_exp((width * NORMAL_PEAK) * t - width * tail, exponent)
    far = ops.where(x < 0.0, low - excess, high + excess)
    bend = width * rise + (width * NORMAL_PEAK) * t * ops.exp(exponent)
    return ops.where(t < _MIDDLE, middle + ops.sign(x) * bend, far)


def normal_gated_second_derivative(x: Tensor, low: float, high: float, scale: float = 1.0) -> Tensor:
    """The second derivative of `normal_gated`: (high - low) scale (2 - v^2) phi(v)."""
    t, _, exponent, _ = _normal_parts(x, scale)
    peak = (high - low) * scale * NORMAL_PEAK
    return times_exp(2.0 * peak - peak * ops.square(t), exponent)
