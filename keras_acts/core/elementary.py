"""arctan, log1p and expm1, faster than the kernels. The series are Chebyshev fits, to the last bit of each dtype.

XLA's own are computed one number at a time on a CPU, ten times slower than arithmetic on whole vectors, and its log1p
is off by a hundred units in the last place of float64. Where nothing is fused, a polynomial is many passes over memory.
"""

import math

from keras import ops

from keras_acts.core import compilation
from keras_acts.core.derivatives import Tensor
from keras_acts.core.polynomials import polynomial

# (arctan t - t) / t^3 in powers of t^2, for |t| <= 1.
_ARCTAN_FLOAT64 = (
    -0.3333333333333333,
    0.19999999999999554,
    -0.14285714285648404,
    0.11111111107234799,
    -0.09090908969557403,
    0.07692305354678655,
    -0.06666636435777692,
    0.05882074956371294,
    -0.05261265735709454,
    0.04752086773576656,
    -0.04308119655330471,
    0.03872640214042632,
    -0.033750132001619734,
    0.027567942297344678,
    -0.020238706986393514,
    0.012756172907694298,
    -0.006575683344151699,
    0.002622977891906089,
    -0.0007518472526973822,
    0.0001368724853148122,
    -1.1832505417555692e-05,
)
_ARCTAN_FLOAT32 = (
    -0.3333333308107325,
    0.19999949321141888,
    -0.1428400379473353,
    0.11088261628735159,
    -0.08931826777381315,
    0.07031914250029966,
    -0.04896051402709067,
    0.026305001110062377,
    -0.009144629760592396,
    0.0014886919393047597,
)
# (expm1(z) - z) / z^2 in powers of z, for -0.35 <= z <= 0.
_EXP_FLOAT64 = (
    0.5,
    0.16666666666666055,
    0.04166666666619994,
    0.0083333333196186,
    0.0013888886867893298,
    0.00019841102281182928,
    2.4793404689392347e-05,
    2.732320342638041e-06,
    2.389804613480633e-07,
)
_EXP_FLOAT32 = (
    0.4999999981738337,
    0.16666640555473555,
    0.041660670644131294,
    0.008284871300368625,
    0.001227000794835985,
)
# (2 artanh(s / 2) - s) / s^3 in powers of s^2, for 0 <= s <= 2/3.
_LOG_FLOAT64 = (
    0.08333333333333333,
    0.012500000000004558,
    0.0022321428568053718,
    0.00043402778744976297,
    8.877826873111747e-05,
    1.8781213458201444e-05,
    4.063154360856609e-06,
    9.156091926262446e-07,
    1.6786076519288395e-07,
    7.707617574664846e-08,
)
_LOG_FLOAT32 = (
    0.08333333415065927,
    0.012499908228728037,
    0.002233777968304909,
    0.0004239565586109448,
    0.00011340004503917651,
)


def odd(x: Tensor, float64: tuple[float, ...], float32: tuple[float, ...]) -> Tensor:
    """x + x^3 times the polynomial in x^2. x is added last: the rest is small, and so is its rounding."""
    square = ops.square(x)
    return x + x * (square * polynomial(square, float64, float32))


def arctan(x: Tensor) -> Tensor:
    """The arctangent."""
    if not compilation.is_fused():
        return ops.arctan(x)
    t = ops.abs(x)
    inner = odd(ops.minimum(t, 1.0) / ops.maximum(t, 1.0), _ARCTAN_FLOAT64, _ARCTAN_FLOAT32)
    return ops.sign(x) * ops.where(t > 1.0, 0.5 * math.pi - inner, inner)


def log1p(e: Tensor) -> Tensor:
    """log(1 + e) for 0 <= e <= 1."""
    if not compilation.is_fused():
        return ops.log1p(e)
    return odd(e / (1.0 + 0.5 * e), _LOG_FLOAT64, _LOG_FLOAT32)  # 2 artanh(s / 2) with s = e / (1 + e / 2)


def expm1(z: Tensor) -> Tensor:
    """exp(z) - 1 for z <= 0, from the exponential that a derivative shares."""
    inner = ops.maximum(z, -0.35)
    near = inner + ops.square(inner) * polynomial(inner, _EXP_FLOAT64, _EXP_FLOAT32)
    # The graph optimiser would make of exp(z) - 1 the kernel of expm1, which takes as long as three exponentials.
    return ops.where(z < -0.35, -(1.0 - ops.exp(z)), near)
