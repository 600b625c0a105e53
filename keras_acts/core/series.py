"""Saturating functions divided by their argument, and an exponential with few roundings.

tanh, log1p and expm1 of the kernels are off by up to three units in the last place, and so is a square of an
exponential. Where an activation is a difference of such terms, that is too much. The series are Chebyshev fits on
[0, 1] (the last in powers of 2 z - 1), to the last bit of float64 and of float32.
"""

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.polynomials import polynomial as polynomial

_TANH_FLOAT64 = (
    1.0,
    -0.33333333333333276,
    0.13333333333327796,
    -0.053968253966135686,
    0.021869488493379986,
    -0.008863235003976634,
    0.003592123754707519,
    -0.0014558100278309679,
    0.000589927073142048,
    -0.00023882227381263088,
    9.620826517827719e-05,
    -3.803813942672595e-05,
    1.4255370716114515e-05,
    -4.741598314640336e-06,
    1.2639921304306404e-06,
    -2.3105100745815075e-07,
    2.1067070069354262e-08,
)
_TANH_FLOAT32 = (
    0.9999999996302252,
    -0.3333332732799648,
    0.1333317115678341,
    -0.053951196443121074,
    0.021778231247328757,
    -0.008582589511472276,
    0.0030649014406912275,
    -0.0008332162391078529,
    0.00011958780648308118,
)
_LOG_FLOAT64 = (
    1.0,
    -0.49999999999999833,
    0.3333333333330646,
    -0.2499999999826481,
    0.19999999940349814,
    -0.16666665403691092,
    0.14285696309567308,
    -0.12499817769513955,
    0.11109740896460193,
    -0.09992127821760016,
    0.09055567515590733,
    -0.08207163680437429,
    0.07329015255534954,
    -0.06288754670783146,
    0.05007742395391704,
    -0.03553052540144125,
    0.021511022653356974,
    -0.01061469636358553,
    0.004047809893467512,
    -0.0011093809681700342,
    0.00019330794553431145,
    -1.6020216725538194e-05,
)
_LOG_FLOAT32 = (
    0.9999999991556823,
    -0.4999997949139123,
    0.3333249754352652,
    -0.24986496459409926,
    0.19885820285008451,
    -0.16087623009295732,
    0.12377995867871511,
    -0.08188040923582843,
    0.041006573693958395,
    -0.013187826565578388,
    0.0019866965936534606,
)
_GISH_FLOAT64 = (
    0.6635931315023724,
    -0.2283265331087885,
    0.07214563059111224,
    -0.02345537011387227,
    0.008005364155797369,
    -0.002834042604457395,
    0.001028871765594545,
    -0.0003804505699844254,
    0.00014268553674207365,
    -5.41185747034267e-05,
    2.071525589901498e-05,
    -7.989970648902823e-06,
    3.1015497089156276e-06,
    -1.2100804398104008e-06,
    4.745572233888256e-07,
    -1.8798252963446392e-07,
    7.431005800091528e-08,
    -2.785114106122941e-08,
    1.1065683697412107e-08,
    -5.999173034810201e-09,
    2.4047520231454543e-09,
    3.4126912365332024e-11,
    -1.6392428425844134e-11,
    -3.5601344502156427e-10,
    1.4382368565603322e-10,
)
_GISH_FLOAT32 = (
    0.6635931315023724,
    -0.22832652653794175,
    0.0721456280033708,
    -0.02345555307468112,
    0.008005436206891618,
    -0.002832599214716126,
    0.0010283034058520284,
    -0.0003852723403459106,
    0.00014458384332703155,
    -4.645807758699205e-05,
    1.770038244090172e-05,
    -1.3527333449183946e-05,
    5.279241963071774e-06,
)


def times_exp(factor: nx.Tensor | float, x: nx.Tensor) -> nx.Tensor:
    """factor * exp(x) for x <= 0, down to the smallest normal number.

    `nx.scaled_exp` with one rounded exponential where exp(x) is not tiny, at the cost of a second exponential. Both
    parts of x are exact.
    """
    return ops.exp(ops.maximum(x, -32.0)) * (ops.exp(ops.minimum(x + 32.0, 0.0)) * factor)


def tanh_and_quotient(z: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor]:
    """tanh(z) and tanh(z) / z for z >= 0."""
    inner = ops.minimum(z, 1.0)
    series = polynomial(ops.square(inner), _TANH_FLOAT64, _TANH_FLOAT32)
    e = ops.exp(-2.0 * z)
    saturating = 1.0 - 2.0 * e / (1.0 + e)
    inside = z < 1.0
    return ops.where(inside, inner * series, saturating), ops.where(inside, series, saturating / ops.maximum(z, 1.0))


def sech_squared(z: nx.Tensor) -> nx.Tensor:
    """sech(z)^2 for z >= 0, as a value only: `nx.sech_squared` without the square of a rounded quotient."""
    e = ops.exp(-2.0 * z)
    return 4.0 * e / ops.square(1.0 + e)


def log1p_quotient(e: nx.Tensor) -> nx.Tensor:
    """log(1 + e) / e for 0 <= e <= 1."""
    return polynomial(e, _LOG_FLOAT64, _LOG_FLOAT32)


def log_two_minus_quotient(z: nx.Tensor) -> nx.Tensor:
    """log(2 - exp(-z)) / z for 0 <= z <= 1."""
    return polynomial(2.0 * z - 1.0, _GISH_FLOAT64, _GISH_FLOAT32)
