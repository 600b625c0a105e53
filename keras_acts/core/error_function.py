"""The error function and the normal distribution function, and x times either.

erf is the kernels' own nowhere here: in float32 they are off by six units in the last place where it saturates.
"""

import math

import keras
from keras import ops

from keras_acts.core import numerics as nx

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
    float64 = keras.backend.standardize_dtype(z.dtype) == "float64"
    coefficients = _SERIES_FLOAT64 if float64 else _SERIES_FLOAT32
    square = ops.square(z)
    series: nx.Tensor | float = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        series = coefficient + square * series
    return series


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


def normal_gate(x: nx.Tensor, scale: float = 1.0) -> tuple[nx.Tensor, nx.Tensor]:
    """How x Phi(scale x) differs from relu(x), and how its derivative Phi(v) + v phi(v) differs from the step.

    With v = scale x: the first is -|x| Phi(-|v|), to be added to relu(x); the second is to be added where x >= 0 and
    subtracted elsewhere. From Phi(-|v|), so that no tail cancels; scale is > 0 (or 0, for x / 2).
    """
    magnitude = ops.abs(x) if scale == 0.0 else ops.minimum(ops.abs(x), nx.FAR / scale)
    t = scale * magnitude
    tail, exponent = nx.scaled_normal_tail(t), -0.5 * ops.square(t)
    shortfall = nx.scaled_exp(-(magnitude * tail), exponent)
    excess = nx.scaled_exp(nx.NORMAL_PEAK * t - tail, exponent)
    return shortfall, excess
