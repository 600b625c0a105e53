"""Building blocks of activations over an axis: functions of a row of numbers, the ones along that axis.

An entry of -inf is masked: it has no share in the row. A row that is masked as a whole has no shares to give.
"""

import math

from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Function, Tensor
from keras_acts.core.numerics.limits import largest

__all__ = ["among_largest", "descending", "divisor", "masked", "max_over_axis", "scale_over_axis"]
__all__ += ["sum_over_axis", "zero_if_masked"]


def empty_as_is(function: Function) -> Function:
    """`function`, but a tensor without elements is its own value. Maxima of nothing are an error in most backends."""
    return lambda x: x if 0 in tuple(x.shape) else function(x)


def sum_over_axis(x: Tensor, axis: int) -> Tensor:
    """Sum of each row."""
    return ops.sum(x, axis=axis, keepdims=True)


def max_over_axis(x: Tensor, axis: int) -> Tensor:
    """Largest entry of each row, as a constant for the derivative."""
    largest_entry = ops.sum if 0 in tuple(x.shape) else ops.max  # TensorFlow refuses a maximum of no rows
    return largest_entry(ops.stop_gradient(x), axis=axis, keepdims=True)


def scale_over_axis(x: Tensor, axis: int) -> Tensor:
    """A constant of about the largest magnitude of each row, to divide by before squaring."""
    # Within these bounds the reciprocal is a normal number, which XLA multiplies by.
    return ops.clip(max_over_axis(ops.abs(x), axis), 1024.0 / largest(x), largest(x) / 1024.0)


def masked(x: Tensor) -> Tensor:
    """True where the entry is -inf."""
    return ops.equal(x, -math.inf)


def zero_if_masked(x: Tensor, result: Tensor, axis: int) -> Tensor:
    """`result`, but 0 in the rows where every entry of x is -inf."""
    # Not by the maximum: XLA's passes over NaN.
    return ops.where(ops.all(masked(x), axis=axis, keepdims=True), 0.0, result)


def divisor(x: Tensor) -> Tensor:
    """x, but 1 where it is 0: for quotients whose numerator is then 0 as well."""
    return ops.where(ops.equal(x, 0.0), 1.0, x)


def descending(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Each row sorted, largest first, as a constant for the derivative, and the ranks 1, 2, 3, ..."""
    ordered = ops.flip(ops.sort(ops.stop_gradient(x), axis=axis), axis=axis)
    return ordered, ops.cumsum(ops.ones_like(ordered), axis=axis)


def among_largest(x: Tensor, k: int, axis: int) -> Tensor:
    """True for the k largest entries of each row; of equal ones the first."""
    ordered, rank = descending(x, axis)
    last = ops.min(ops.where(rank <= k, ordered, math.inf), axis=axis, keepdims=True)
    above, tied = x > last, ops.equal(x, last)
    left = k - sum_over_axis(ops.cast(above, x.dtype), axis)
    return ops.logical_or(above, ops.logical_and(tied, ops.cumsum(ops.cast(tied, x.dtype), axis=axis) <= left))
