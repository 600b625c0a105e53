"""The error function and the normal distribution function, and x times either.

erf is the kernels' own nowhere here: in float32 they are off by six units in the last place where it saturates.
"""

import math

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.series import polynomial, times_exp

BELL_PEAK = 2.0 / math.sqrt(math.pi)  # erf'(0)

# erf(z) / z in powers of z^2 on [0, 1], by Chebyshev fit: to the last bit of float64 and of float32.
_SERIES_FLOAT64 = (
    1.1283791670955126,
    -0.3761263890318375,
    0.11283791670954879,
    -0.026866170645076792,
    0.0052239776248180145,
    -0.000854832698083379,
    0.0001205533111164271,
    -1.4925595266831182e-05,
    1.6461000484121368e-06,
    -1.6350312701054695e-07,
    1.4659775274047436e-08,
    -1.1372848856791674e-09,
    5.957176147748911e-11,
)
_SERIES_FLOAT32 = (
    1.1283791670615435,
    -0.3761263846802871,
    0.11283782495236845,
    -0.026865430727670243,
    0.005221031807858023,
    -0.0008484080405535107,
    0.00011265959025606609,
    -9.667044571486996e-06,
)


def _series(z: nx.Tensor) -> nx.Tensor:
    """erf(z) / z for |z| <= 1."""
    return polynomial(ops.square(z), _SERIES_FLOAT64, _SERIES_FLOAT32)


def _saturating(z: nx.Tensor) -> nx.Tensor:
    """erf(z) for z >= 1, as 1 - erfc(z)."""
    z = ops.minimum(z, nx.FAR)
    return 1.0 - 2.0 * ops.exp(-ops.square(z)) * nx.scaled_normal_tail(math.sqrt(2.0) * z)


def erf(x: nx.Tensor) -> nx.Tensor:
    """The error function."""
    z = ops.abs(x)
    inner = ops.clip(x, -1.0, 1.0)
    return ops.where(z < 1.0, inner * _series(inner), ops.sign(x) * _saturating(z))


def erf_and_quotient(z: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor]:
    """erf(z) and erf(z) / z for z >= 0."""
    inner = ops.minimum(z, 1.0)
    series, saturating = _series(inner), _saturating(z)
    inside = z < 1.0
    return ops.where(inside, inner * series, saturating), ops.where(inside, series, saturating / ops.maximum(z, 1.0))


# x times a gate that rises from `low` to `high` as low + (high - low) Phi(v), with v = scale x. From
# exp(-v^2 / 2) and the scaled tail, so that no tail cancels; near 0 from its middle, as there low and Phi may cancel.

_MIDDLE = 0.5


def _normal_parts(x: nx.Tensor, scale: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    """|v|, the scaled tail, -v^2 / 2, and Phi(|v|) - 1/2 for |v| <= _MIDDLE."""
    t = nx.near(scale * ops.abs(x)) if scale else ops.zeros_like(x)  # 0 * inf would be NaN
    inner = math.sqrt(0.5) * ops.minimum(t, _MIDDLE)
    return t, nx.scaled_normal_tail(t), -0.5 * ops.square(t), 0.5 * inner * _series(inner)


def normal_gated(x: nx.Tensor, low: float, high: float, scale: float = 1.0) -> nx.Tensor:
    """x (low + (high - low) Phi(scale x))."""
    t, tail, exponent, rise = _normal_parts(x, scale)
    width, middle = high - low, 0.5 * (low + high)
    rest = ops.exp(exponent) * tail
    if low == 0.0:  # x is multiplied in before the exponential vanishes
        closing = times_exp(high * (ops.maximum(x, -nx.FAR / scale) * tail), exponent)
    else:
        closing = x * (low + width * rest)
    far = ops.where(x < 0.0, closing, x * (high - width * rest))
    return ops.where(t < _MIDDLE, x * (middle + ops.sign(x) * (width * rise)), far)


def normal_gated_slope(x: nx.Tensor, low: float, high: float, scale: float = 1.0) -> nx.Tensor:
    """The derivative of `normal_gated`: low + (high - low) (Phi(v) + v phi(v))."""
    t, tail, exponent, rise = _normal_parts(x, scale)
    width, middle = high - low, 0.5 * (low + high)
    excess = times_exp((width * nx.NORMAL_PEAK) * t - width * tail, exponent)
    far = ops.where(x < 0.0, low - excess, high + excess)
    bend = width * rise + (width * nx.NORMAL_PEAK) * t * ops.exp(exponent)
    return ops.where(t < _MIDDLE, middle + ops.sign(x) * bend, far)


def normal_gated_curvature(x: nx.Tensor, low: float, high: float, scale: float = 1.0) -> nx.Tensor:
    """The second derivative of `normal_gated`: (high - low) scale (2 - v^2) phi(v)."""
    t, _, exponent, _ = _normal_parts(x, scale)
    peak = (high - low) * scale * nx.NORMAL_PEAK  # inside the difference: the graph optimiser would move it out
    return times_exp(2.0 * peak - peak * ops.square(t), exponent)
