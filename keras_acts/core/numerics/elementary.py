"""Exponentials, logarithms, tanh and the arctangent, where the backend's own lose digits or time.

The kernels of TensorFlow are off by up to three units in the last place for tanh, log1p and expm1, and so is the square
of an exponential. Where an activation is a difference of such terms, that is too much.
"""

import math

from keras import ops

from keras_acts.core.derivatives import Tensor
from keras_acts.core.numerics import form
from keras_acts.core.numerics.polynomials import fitted, fitted_odd


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


def times_exp(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * exp(x) for x <= 0, down to the smallest normal number.

    `scaled_exp` with one rounded exponential where exp(x) is not tiny, at the cost of a second exponential. Both
    parts of x are exact.
    """
    return ops.exp(ops.maximum(x, -32.0)) * (ops.exp(ops.minimum(x + 32.0, 0.0)) * factor)


def expm1(z: Tensor) -> Tensor:
    """exp(z) - 1 for z <= 0, from the exponential that a derivative shares."""
    inner = ops.maximum(z, -0.35)
    near_zero = inner + ops.square(inner) * fitted("expm1_rest", inner)
    # The graph optimiser would make of exp(z) - 1 the kernel of expm1, which takes as long as three exponentials.
    return ops.where(z < -0.35, -(1.0 - ops.exp(z)), near_zero)


def log1p(u: Tensor) -> Tensor:
    """log(1 + u) for u >= -1."""
    if form.chosen() == "plain":
        return ops.log1p(u)
    is_near = ops.logical_and(u >= -0.5, u <= 1.0)
    return ops.where(is_near, log1p_unit(ops.clip(u, -0.5, 1.0)), ops.log(1.0 + u))


def log1p_unit(u: Tensor) -> Tensor:
    """log(1 + u) for -1/2 <= u <= 1, such as an exp(-|x|)."""
    if form.chosen() == "plain":
        return ops.log1p(u)
    return fitted_odd("artanh_rest", u / (1.0 + 0.5 * u))  # 2 artanh(s / 2) with s = u / (1 + u / 2)


def log1p_quotient(e: Tensor) -> Tensor:
    """log(1 + e) / e for 0 <= e <= 1."""
    return fitted("log1p_quotient", e)


def log_two_minus_quotient(z: Tensor) -> Tensor:
    """log(2 - exp(-z)) / z for 0 <= z <= 1."""
    return fitted("log_two_minus_quotient", 2.0 * z - 1.0)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow, and relatively accurate in the left tail."""
    return ops.maximum(x, 0.0) + log1p_unit(ops.exp(-ops.abs(x)))


def arctan(x: Tensor) -> Tensor:
    """The arctangent."""
    if form.chosen() == "plain":
        return ops.arctan(x)
    t = ops.abs(x)
    inner = fitted_odd("arctan_rest", ops.minimum(t, 1.0) / ops.maximum(t, 1.0))
    return ops.sign(x) * ops.where(t > 1.0, 0.5 * math.pi - inner, inner)


def tanh_and_quotient(z: Tensor) -> tuple[Tensor, Tensor]:
    """tanh(z) and tanh(z) / z for z >= 0."""
    inner = ops.minimum(z, 1.0)
    series = fitted("tanh_quotient", ops.square(inner))
    e = ops.exp(-2.0 * z)
    saturating = 1.0 - 2.0 * e / (1.0 + e)
    inside = z < 1.0
    return ops.where(inside, inner * series, saturating), ops.where(inside, series, saturating / ops.maximum(z, 1.0))
