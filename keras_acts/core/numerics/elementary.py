"""Exponentials, logarithms, tanh and the arctangent, where the backend's own lose digits or time.

The kernels of TensorFlow are off by up to three units in the last place for tanh, log1p and expm1, and so is the square
of an exponential. Where an activation is a difference of such terms, that is too much.
"""

import math

from keras_acts.core import form
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor, with_derivative
from keras_acts.core.numerics.polynomials import fitted, fitted_odd

__all__ = ["arctan", "expm1", "half_decay", "log1p", "log1p_quotient", "log1p_unit", "softplus", "split_exp", "tanh"]
__all__ += ["tanh_and_quotient", "times_exp", "times_exp_fast", "times_square"]

_FAR_BELOW = 64.0  # exp(-64) is a normal number in every dtype
_SHIFT = 32.0


def half_decay(x: Tensor) -> tuple[Tensor, Tensor]:
    """h = exp(-|x| / 2) and h h. Two h decay as exp(-|x|) does, without vanishing before a factor between them."""
    h = ops.exp(-0.5 * ops.abs(x))
    return h, ops.square(h)


def split_exp(x: Tensor) -> tuple[Tensor, Tensor]:
    """For x <= 0 two numbers whose product is exp(x), for factors in between; the second is 1 where exp(x) is not tiny.

    One exponential with one rounding, where the square that `half_decay` gives has three.
    """
    is_far = x < -_FAR_BELOW
    shifted = ops.where(is_far, x + _SHIFT, x)  # exact
    return ops.exp(shifted), ops.where(is_far, math.exp(-_SHIFT), ops.ones_like(x))


def times_exp(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * exp(x) for x <= 0, down to the smallest normal number, with one rounded exponential."""
    is_far = x < -_FAR_BELOW
    if isinstance(factor, float):
        factor = factor * ops.ones_like(x)
    # A `where` in the product keeps the graph optimiser from moving the factor's constants out of it.
    return ops.exp(ops.where(is_far, x + _SHIFT, x)) * ops.where(is_far, math.exp(-_SHIFT) * factor, factor)


def times_exp_fast(factor: Tensor | float, x: Tensor) -> Tensor:
    """`times_exp` with two more roundings, for fewer passes over memory in the plain form."""
    return times_square(factor, ops.exp(0.5 * x)) if form.chosen() == "plain" else times_exp(factor, x)


def times_square(factor: Tensor | float, h: Tensor) -> Tensor:
    """factor * h^2, down to the smallest normal number: h^2 alone may vanish."""
    if isinstance(factor, float) and factor > 1.0:  # the graph optimiser would move it behind h h
        return ops.square(math.sqrt(factor) * h)
    return h * (h * factor)


def expm1(z: Tensor) -> Tensor:
    """exp(z) - 1; compiled, from the exponential that a derivative shares."""
    if form.chosen() == "plain":
        return ops.expm1(z)
    inner = ops.clip(z, -0.35, 0.35)
    near_zero = inner + ops.square(inner) * fitted("expm1_rest", inner)
    # Not exp(z) - 1, of which the graph optimiser makes the kernel of expm1, which takes as long as three exponentials.
    return ops.where(ops.abs(z) > 0.35, -(1.0 - ops.exp(z)), near_zero)


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


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow, and relatively accurate in the left tail."""
    return ops.maximum(x, 0.0) + log1p_unit(ops.exp(-ops.abs(x)))


@with_derivative(lambda x: 1.0 / (1.0 + ops.square(x)))
def arctan(x: Tensor) -> Tensor:
    """The arctangent."""
    if form.chosen() == "plain":
        return ops.arctan(x)
    t = ops.abs(x)
    inner = fitted_odd("arctan_rest", ops.minimum(t, 1.0) / ops.maximum(t, 1.0))
    return ops.sign(x) * ops.where(t > 1.0, 0.5 * math.pi - inner, inner)


def _saturating_tanh(z: Tensor) -> Tensor:
    """tanh(z) for z >= 1."""
    e = ops.exp(-2.0 * z)
    return 1.0 - 2.0 * e / (1.0 + e)


def tanh(x: Tensor) -> Tensor:
    """tanh(x) with one rounding where it saturates, in which the kernels are off by three units in the last place."""
    t = ops.abs(x)
    return ops.where(t < 1.0, ops.tanh(x), ops.sign(x) * _saturating_tanh(t))


def value_and_quotient(z: Tensor, name: str, saturating: Tensor) -> tuple[Tensor, Tensor]:
    """f(z) and f(z) / z for z >= 0: below 1 from the quotient fitted in z^2 under `name`, above from f(z) itself."""
    inner = ops.minimum(z, 1.0)
    series, inside = fitted(name, ops.square(inner)), z < 1.0
    return ops.where(inside, inner * series, saturating), ops.where(inside, series, saturating / ops.maximum(z, 1.0))


def tanh_and_quotient(z: Tensor) -> tuple[Tensor, Tensor]:
    """tanh(z) and tanh(z) / z for z >= 0."""
    return value_and_quotient(z, "tanh_quotient", _saturating_tanh(z))
