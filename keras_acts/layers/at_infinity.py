"""Products where 0 meets infinity: 0, as for any large number, and not NaN."""

from keras_acts.core import operations as ops
from keras_acts.core.derivatives import with_partials
from keras_acts.layers.base import Tensor

__all__ = ["FAR", "product", "times"]

FAR = 1e30  # from here on only the slope of a line counts, and sums of lines could overflow with both signs


def times(a: Tensor, b: Tensor) -> Tensor:
    """a b, for rules with written derivatives. NaN stays NaN."""
    y = a * b
    # 0 times inf, where neither was NaN. Finite numbers stay finite on the way, for those who measure ranges there.
    of_nan = ops.logical_or(ops.isnan(a), ops.isnan(b))  # by booleans, which take a quarter of the memory
    return ops.where(ops.logical_and(ops.isnan(y), ops.logical_not(of_nan)), 0.0, y)


@with_partials(lambda a, b: (b, a))
def product(a: Tensor, b: Tensor) -> Tensor:
    """a b with its derivatives; b broadcasts against a."""
    return times(a, b)
