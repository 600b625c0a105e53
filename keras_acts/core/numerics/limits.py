"""What the dtype of a tensor can hold, and clipping to it."""

import keras
import numpy as np

from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor

__all__ = ["FAR", "finite", "is_float64", "largest", "near"]

FAR = 1000.0  # exp(-|x| / 2) is 0 beyond it in every dtype


def near(x: Tensor) -> Tensor:
    """x clipped to [-FAR, FAR], for terms that vanish beyond it: 0 * inf would be NaN."""
    return ops.clip(x, -FAR, FAR)


def largest(x: Tensor) -> float:
    """The largest finite number of x's dtype."""
    return float(np.finfo(keras.backend.standardize_dtype(x.dtype)).max)


def finite(x: Tensor) -> Tensor:
    """x with +-inf replaced by the largest finite numbers."""
    return ops.clip(x, -largest(x), largest(x))


def is_float64(x: Tensor) -> bool:
    """Whether x has float64's digits, and not float32's."""
    return keras.backend.standardize_dtype(x.dtype) == "float64"
