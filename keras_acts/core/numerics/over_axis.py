"""Building blocks of activations over an axis: functions of a row of numbers, the ones along that axis.

An entry of -inf is masked: it has no share in the row. A row that is masked as a whole has no shares to give, and one
with a NaN anywhere no known ones. Kernels that pass over NaN, as maxima and sorting do in some modes, do not decide.
"""

import math
from collections.abc import Callable
from typing import Any

from keras_acts.core import form
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Function, Tensor
from keras_acts.core.numerics.limits import largest

__all__ = ["among_largest", "descending", "divisor", "masked", "max_over_axis", "repeated", "settled"]
__all__ += ["scale_over_axis", "sum_over_axis", "weighted_deviation"]


def empty_as_is(function: Function) -> Function:
    """`function`, but a tensor without elements is its own value. Maxima of nothing are an error in most backends."""
    return lambda x: x if 0 in (x.shape or ()) else function(x)


def has_rank(x: Tensor) -> bool:
    """False for a tensor of TensorFlow's graphs whose number of axes is not known while it is traced."""
    return getattr(x.shape, "rank", 0) is not None


def sum_over_axis(x: Tensor, axis: int) -> Tensor:
    """Sum of each row."""
    return ops.sum(x, axis=axis, keepdims=True)


def max_over_axis(x: Tensor, axis: int) -> Tensor:
    """Largest entry of each row, as a constant for the derivative."""
    largest_entry = ops.sum if 0 in (x.shape or ()) else ops.max  # TensorFlow refuses a maximum of no rows
    return largest_entry(ops.stop_gradient(x), axis=axis, keepdims=True)


def scale_over_axis(x: Tensor, axis: int) -> Tensor:
    """A constant of about the largest magnitude of each row, to divide by before squaring, which rounds nothing."""
    # Within these bounds the reciprocal is a normal number, which XLA multiplies by.
    size = ops.clip(max_over_axis(ops.abs(x), axis), 1024.0 / largest(x), largest(x) / 1024.0)
    return ops.power(2.0, ops.round(ops.log2(size)))


def masked(x: Tensor) -> Tensor:
    """True where the entry is -inf."""
    return ops.equal(x, -math.inf)


def settled(x: Tensor, result: Tensor, axis: int) -> Tensor:
    """`result`, but NaN in the rows where any of it is NaN, and else 0 where every entry of x is -inf."""
    total = sum_over_axis(ops.stop_gradient(result), axis)
    of_nan = ops.isnan(total)
    nothing = masked(max_over_axis(x, axis))  # or the maximum has passed over a NaN
    return ops.where(ops.logical_or(of_nan, nothing), ops.where(of_nan, total, 0.0), result)


def divisor(x: Tensor) -> Tensor:
    """x, but 1 where it is 0: for quotients whose numerator is then 0 as well."""
    return ops.where(ops.equal(x, 0.0), 1.0, x)


def weighted_deviation(v: Tensor, weight: Tensor, axis: int) -> Tensor:
    """The weight times v less the mean of v in each row, where each entry counts by its weight."""
    share = 2.0**-32 * weight  # so that the sum is finite
    share = share / divisor(sum_over_axis(share, axis))
    # Twice: where one share outweighs all others, what is left of its v is below the rounding error of the mean.
    for _ in range(2):
        v = v - sum_over_axis(share * v, axis)
    return weight * v


def repeated(count: int, step: Callable[[Tensor, Any], Any], start: Any) -> Any:
    """What `count` times `step(index, state)` makes of the state; portable, written out, as not all have loops."""
    if not form.is_portable():
        return ops.fori_loop(0, count, step, start)
    for index in range(count):
        start = step(index, start)
    return start


def descending(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Each row sorted, largest first, as a constant for the derivative, and the ranks 1, 2, 3, ..."""
    ordered = -ops.sort(-ops.stop_gradient(x), axis=axis)
    return ordered, ops.cumsum(ops.ones_like(ordered), axis=axis)


def among_largest(x: Tensor, k: int, axis: int) -> Tensor:
    """True for the k largest entries of each row; of equal ones the first. NaN is as large as +inf."""
    x = ops.where(ops.isnan(x), math.inf, x)
    ordered, rank = descending(x, axis)
    last = ops.min(ops.where(rank <= k, ordered, math.inf), axis=axis, keepdims=True)
    above, tied = x > last, ops.equal(x, last)
    left = k - sum_over_axis(ops.cast(above, x.dtype), axis)
    return ops.logical_or(above, ops.logical_and(tied, ops.cumsum(ops.cast(tied, x.dtype), axis=axis) <= left))
