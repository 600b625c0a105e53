"""The logistic sigmoid, sech^2, and x gated by a sigmoid, with their derivatives.

Compiled, all terms come from e = exp(-|x|) with one division each; plain, with the fewest passes, from exp(-|x| / 2).
"""

import keras
import numpy as np

from keras_acts.core import form
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor, with_derivative, with_partials
from keras_acts.core.numerics.elementary import half_decay, split_exp, times_square
from keras_acts.core.numerics.limits import largest

__all__ = ["sech_squared", "sech_squared_derivative", "sigmoid", "sigmoid_derivative", "sigmoid_gated"]
__all__ += ["sigmoid_gated_derivative", "sigmoid_second_derivative", "times_sech_squared", "times_sigmoid_derivative"]


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    if form.chosen() == "plain":
        return ops.sigmoid(x)
    e = ops.exp(-ops.abs(x))
    return ops.where(x < 0.0, e, 1.0) / (1.0 + e)


@with_derivative(lambda x: -0.5 * _sigmoid_root(x) * ops.tanh(0.5 * x))  # autodiff cancels near 0
def _sigmoid_root(x: Tensor) -> Tensor:
    """sqrt(sigmoid'(x)) = h / (1 + h^2)."""
    h, e = half_decay(x)
    return h / (1.0 + e)


def times_sigmoid_derivative(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * sigmoid'(x).

    (x sigmoid(w))'' is this at w, with the factor 2 w' + x w'' - x w'^2 tanh(w / 2).
    """
    if form.chosen() == "plain":
        return times_square(factor, _sigmoid_root(x))
    near_part, far_part = split_exp(-ops.abs(x))
    e = near_part * far_part
    return near_part * (far_part * factor) / (1.0 + e * (2.0 + e))


def sigmoid_second_derivative(x: Tensor) -> Tensor:
    """sigmoid''(x). 1 - 2 sigmoid(x) cancels near 0; -tanh(x / 2) is the same without the cancellation."""
    return -sigmoid_derivative(x) * ops.tanh(0.5 * x)


@with_derivative(sigmoid_second_derivative)
def sigmoid_derivative(x: Tensor) -> Tensor:
    """sigmoid'(x). s (1 - s) cancels in the right tail."""
    if form.chosen() == "plain":
        return ops.square(_sigmoid_root(x))
    e = ops.exp(-ops.abs(x))
    return e / (1.0 + e * (2.0 + e))  # (1 + e)^2 with one rounding less


def times_sech_squared(factor: Tensor | float, x: Tensor) -> Tensor:
    """factor * sech(x)^2, where sech(x)^2 = 4 sigmoid'(2 x)."""
    if form.chosen() == "plain":  # the graph optimiser would move a 4 out of the product with the factor
        return times_square(factor, 2.0 * _sigmoid_root(2.0 * x))
    return times_sigmoid_derivative(4.0 * factor, 2.0 * x)


def sech_squared_derivative(x: Tensor) -> Tensor:
    """tanh''(x) = -2 tanh(x) sech(x)^2."""
    return times_sech_squared(-2.0 * ops.tanh(x), x)


@with_derivative(sech_squared_derivative)
def sech_squared(x: Tensor) -> Tensor:
    """tanh'(x) = sech(x)^2. 1 - tanh(x)^2 cancels in both tails."""
    return times_sech_squared(1.0, x)


# x sigmoid(w) for a gate argument w with the sign of x: silu, swish, quick gelu and the tanh form of gelu are of this
# kind. In the plain form sigmoid(w) = h / (h + 1 / h) with h = exp(w / 2).


_WIDE_OPEN = 80.0  # from here the gate is 1 to the last bit of float64, and so is what a factor of 1000 leaves of it


def _gate_halves(w: Tensor) -> tuple[Tensor, Tensor]:
    """h and 1 / h, with w clipped to where the gate is shut for every finite x, or wide open.

    Not further: a small x divided by a large h is a subnormal number, which processors flush to 0.
    """
    numbers = np.finfo(keras.backend.standardize_dtype(w.dtype))
    h = ops.exp(0.5 * ops.clip(w, float(np.log(numbers.smallest_normal) - np.log(numbers.max)), _WIDE_OPEN))
    return h, 1.0 / h


@with_partials(lambda x, w: (sigmoid(w), times_sigmoid_derivative(x, w)))
def sigmoid_gated(x: Tensor, w: Tensor) -> Tensor:
    """x sigmoid(w)."""
    x = ops.maximum(x, -largest(x))  # inf * 0 would be NaN where the gate is shut
    if form.chosen() == "plain":
        h, inverse = _gate_halves(w)
        return x / (h + inverse) * h
    near_part, far_part = split_exp(-ops.abs(w))
    return ops.where(w < 0.0, near_part * (far_part * x), x) / (1.0 + near_part * far_part)


@with_partials(lambda xw1, w: (sigmoid_derivative(w), times_sigmoid_derivative(1.0 - xw1 * ops.tanh(0.5 * w), w)))
def sigmoid_gated_derivative(xw1: Tensor, w: Tensor) -> Tensor:
    """(x sigmoid(w))' = sigmoid(w) (1 + x w' sigmoid(-w)), given x w' and w."""
    if form.chosen() == "plain":
        h, inverse = _gate_halves(w)
        return (1.0 + xw1 / (1.0 + ops.square(h))) * h / (h + inverse)
    near_part, far_part = split_exp(-ops.abs(w))
    e = near_part * far_part
    closing = near_part * (far_part * (1.0 + e + xw1))
    opening = 1.0 + e + xw1 * e
    return ops.where(w < 0.0, closing, opening) / (1.0 + e * (2.0 + e))
