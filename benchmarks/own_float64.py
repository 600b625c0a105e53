"""K beside the float64 form of an activation, which the contract holds to mpmath; in keras.ops, for any backend."""

from typing import Any

import ml_dtypes
import numpy as np
from keras import ops


def k_error(got: Any, exact: Any, next_order: Any, x: Any, dtype: str) -> Any:
    """What `keras_acts.testing.metric` says, of tensors; `exact`, `next_order` and x in float64."""
    info = ml_dtypes.finfo(dtype)
    eps, tiny, largest = float(info.eps), float(info.tiny), float(info.max)
    got = ops.cast(got, "float64")
    size = ops.abs(exact)
    k = ops.abs(got - exact) / (eps * (size + ops.abs(x * next_order)) + tiny)
    k = ops.where(ops.isfinite(got), k, np.inf)
    flushed = ops.logical_and(got == 0.0, size <= tiny)
    saturated = (size > largest) & (ops.abs(got) >= largest) & (ops.sign(got) == ops.sign(exact))
    subnormal = ops.logical_and(ops.abs(x) < tiny, x != 0.0)  # may be read as 0
    return ops.where(flushed | saturated | subnormal | ~ops.isfinite(x), 0.0, k)
