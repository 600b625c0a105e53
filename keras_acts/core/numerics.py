"""Stable primitives, which the activations are built on.

Each is accurate to a few units in the last place over all finite x and has the right limits at +-inf.

- A factor times exp(-|x|) must not vanish because the exponential alone falls below the smallest normal number (which
  processors flush to 0): x exp(x) is 88 times larger there. So the exponential is split into two, and the factor is
  multiplied in between: two halves, h (h factor) with h = exp(-|x| / 2), are the fewest operations; `split_decay` has
  one rounding less, and is as cheap where the code is fused.
- Constants are Python floats. They take the dtype of the tensor they meet; casting a literal would send it through
  float32.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_acts.core import compilation, elementary
from keras_acts.core.derivatives import Tensor as Tensor
from keras_acts.core.derivatives import upcast as upcast
from keras_acts.core.derivatives import with_derivative as with_derivative
from keras_acts.core.polynomials import is_float64 as is_float64
from keras_acts.core.polynomials import polynomial as polynomial

FAR = 1000.0  # beyond it exp(-|x| / 2) is 0 in every dtype; x is clipped here where 0 * inf would arise


def near(x: Tensor) -> Tensor:
    """x clipped to [-FAR, FAR], for terms that vanish beyond it."""
    return ops.clip(x, -FAR, FAR)


def largest(x: Tensor) -> float:
    """The largest finite number of x's dtype."""
    return float(np.finfo(keras.backend.standardize_dtype(x.dtype)).max)


def finite(x: Tensor) -> Tensor:
    """x with +-inf replaced by the largest finite numbers."""
    return ops.clip(x, -largest(x), largest(x))


def half_decay(x: Tensor) -> Tensor:
    """exp(-|x| / 2)."""
    return ops.exp(-0.5 * ops.abs(x))


def split_decay(x: Tensor) -> tuple[Tensor, Tensor]:
    """Two numbers whose product is exp(-|x|), for a factor to be multiplied in between; the second is 1 up to |x| = 64.

    One exponential with one rounding, where the square of a half has two.
    """
    t = ops.abs(x)
    is_far = t > 64.0
    return ops.exp(ops.where(is_far, 32.0 - t, -t)), ops.where(is_far, math.exp(-32.0), ops.ones_like(x))


def scaled_exp(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * exp(x) for x <= 0, down to the smallest normal number."""
    h = ops.exp(0.5 * x)
    return h * (h * factor)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    if not compilation.is_fused():
        return ops.sigmoid(x)
    e = ops.exp(-ops.abs(x))
    return ops.where(x < 0.0, e, 1.0) / (1.0 + e)


def _sigmoid_root(x: Tensor) -> Tensor:
    """sqrt(sigmoid'(x)) = h / (1 + h^2)."""
    h = half_decay(x)
    return h / (1.0 + ops.square(h))


def times_sigmoid_slope(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * sigmoid'(x)."""
    if not compilation.is_fused():
        root = _sigmoid_root(x)
        return root * (root * factor)
    near_part, far_part = split_decay(x)
    e = near_part * far_part
    return near_part * (far_part * factor) / (1.0 + e * (2.0 + e))


def sigmoid_curvature(x: Tensor) -> Tensor:
    """sigmoid''(x). 1 - 2 sigmoid(x) cancels near 0; -tanh(x / 2) is the same without the cancellation."""
    return -sigmoid_slope(x) * ops.tanh(0.5 * x)


@with_derivative(sigmoid_curvature)
def sigmoid_slope(x: Tensor) -> Tensor:
    """sigmoid'(x). s (1 - s) cancels in the right tail."""
    if not compilation.is_fused():
        return ops.square(_sigmoid_root(x))
    e = ops.exp(-ops.abs(x))
    return e / (1.0 + e * (2.0 + e))  # (1 + e)^2 with one rounding less


def times_sech_squared(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * sech(x)^2, where sech(x)^2 = 4 sigmoid'(2 x)."""
    if not compilation.is_fused():
        sech = 2.0 * _sigmoid_root(2.0 * x)
        return sech * (sech * factor)
    return times_sigmoid_slope(4.0 * factor, 2.0 * x)


def sech_squared_slope(x: Tensor) -> Tensor:
    """tanh''(x) = -2 tanh(x) sech(x)^2."""
    return times_sech_squared(-2.0 * ops.tanh(x), x)


@with_derivative(sech_squared_slope)
def sech_squared(x: Tensor) -> Tensor:
    """tanh'(x) = sech(x)^2. 1 - tanh(x)^2 cancels in both tails."""
    return times_sech_squared(1.0, x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow, and relatively accurate in the left tail."""
    return ops.maximum(x, 0.0) + elementary.log1p(ops.exp(-ops.abs(x)))


# x sigmoid(w) for a gate argument w with the sign of x, and its derivatives. silu, swish, quick gelu and the tanh form
# of gelu are all of this kind. Fused, from e = exp(-|w|) with one division each; else with the fewest passes, from
# h = exp(w / 2), where sigmoid(w) = h / (h + 1 / h).


def _gate_halves(w: Tensor) -> tuple[Tensor, Tensor]:
    """h and 1 / h, with w clipped to where h is finite and the gate is shut for every finite x."""
    limits = np.finfo(keras.backend.standardize_dtype(w.dtype))
    bound = float(np.log(limits.max) - np.log(limits.smallest_normal))
    h = ops.exp(0.5 * ops.clip(w, -bound, bound))
    return h, 1.0 / h


def gated(x: Tensor, w: Tensor) -> Tensor:
    """x sigmoid(w)."""
    x = ops.maximum(x, -largest(x))  # inf * 0 would be NaN where the gate is shut
    if not compilation.is_fused():
        h, inverse = _gate_halves(w)
        return x / (h + inverse) * h
    near_part, far_part = split_decay(w)
    return ops.where(w < 0.0, near_part * (far_part * x), x) / (1.0 + near_part * far_part)


def gated_slope(xw1: Tensor, w: Tensor) -> Tensor:
    """(x sigmoid(w))' = sigmoid(w) (1 + x w' sigmoid(-w)), given x w' and w."""
    if not compilation.is_fused():
        h, inverse = _gate_halves(w)
        return (1.0 + xw1 / (1.0 + ops.square(h))) * h / (h + inverse)
    near_part, far_part = split_decay(w)
    e = near_part * far_part
    closing = near_part * (far_part * (1.0 + e + xw1))
    opening = 1.0 + e + xw1 * e
    return ops.where(w < 0.0, closing, opening) / (1.0 + e * (2.0 + e))


def gated_curvature(bend: Tensor, w: Tensor) -> Tensor:
    """(x sigmoid(w))'' = sigmoid'(w) (2 w' + x w'' - x w'^2 tanh(w / 2)), given the bracket and w."""
    return times_sigmoid_slope(bend, w)


# ---- The normal distribution -----------------------------------------------------------------------------------------
# exp(t^2 / 2) Phi(-t) is smooth and free of exponentials: times (t + 4) it is a polynomial in u = (t - 4) / (t + 4),
# here the Chebyshev series to the last bit of float64 and of float32. The erfc kernels of TensorFlow are off by up to
# four units in the last place and flush the tail too early.

NORMAL_PEAK = math.sqrt(0.5 / math.pi)  # phi(0)

_TAIL_FLOAT64 = (
    0.7552851304157515,
    -0.6078966419718923,
    0.3871374007422149,
    -0.1865218579596366,
    0.060396574890917876,
    -0.007540188967386312,
    -0.0034796923670479736,
    0.0016308184674099085,
    0.00013334430941183256,
    -0.00023109501736277426,
    -1.908246351414571e-06,
    3.514511190283765e-05,
    7.166587641195121e-07,
    -5.921611045923978e-06,
    -6.298367338492369e-07,
    1.0247851016552774e-06,
    2.7246296951145873e-07,
    -1.597739614223922e-07,
    -8.686647015997893e-08,
    1.7844927772981415e-08,
    2.1427603843452355e-08,
    -5.873626764987191e-10,
    -3.73064508186837e-09,
    -1.1997782031253095e-10,
    3.403312308649495e-10,
)
_TAIL_FLOAT32 = (
    0.7552851305166057,
    -0.6078966313662241,
    0.38713739385984314,
    -0.1865221598399514,
    0.060396648278004936,
    -0.007537717159683632,
    -0.0034799546374434,
    0.0016220401055284282,
    0.00013365338709444132,
    -0.0002155737762864521,
    -1.7310823014754179e-06,
    2.118298425522466e-05,
)


def scaled_normal_tail(t: Tensor) -> Tensor:
    """exp(t^2 / 2) Phi(-t) for t >= 0, with Phi the normal distribution function."""
    return polynomial((t - 4.0) / (t + 4.0), _TAIL_FLOAT64, _TAIL_FLOAT32) / (t + 4.0)


def times_normal_pdf(factor: Tensor, x: Tensor) -> Tensor:
    """factor * phi(x), down to the smallest normal number."""
    return scaled_exp(NORMAL_PEAK * factor, -0.5 * ops.square(x))
