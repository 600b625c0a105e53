"""`keras.ops`, but what is float64 stays float64 on every backend: `from keras_acts.core import operations as ops`.

Outside of TensorFlow Keras makes float32 of what some operations give for float64 tensors, or of the Python numbers
that they meet. Those are the backend's own here.

At a seam the slope is the one from the right, as that of `where(x < 0, a, b)` is: so a smooth function made of parts
has all its derivatives there too.
"""

from typing import TYPE_CHECKING, Any

import keras
from keras.ops import *

from keras_acts.core.derivatives import Tensor, with_derivative

if TYPE_CHECKING:  # to mypy, which does not see into Keras, the star is nothing

    def __getattr__(name: str) -> Any: ...


def shape(x: Tensor) -> tuple[Any, ...]:
    """The size of each axis, -1 where a symbolic tensor of Keras does not know it, as `reshape` takes it."""
    return tuple(-1 if size is None else size for size in keras.ops.shape(x))


if keras.backend.backend() == "tensorflow":
    import tensorflow as _tf

    def softmax(x: Tensor, axis: int = -1) -> Tensor:
        """Shares along an axis; also of tensors of unknown rank, which Keras refuses."""
        return (keras.ops if getattr(x.shape, "rank", 0) is not None else _tf.nn).softmax(x, axis=axis)

elif keras.backend.backend() == "jax":
    import jax.numpy as _jax

    arctan, cos, floor, sin, tanh = _jax.arctan, _jax.cos, _jax.floor, _jax.sin, _jax.tanh
    mean = _jax.mean

elif keras.backend.backend() == "torch":
    import torch as _torch

    arctan, floor, power, where = _torch.arctan, _torch.floor, _torch.pow, _torch.where

    def _as_tensors(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Both as tensors: if one is a number, in the dtype of the other."""
        x, y = (each if isinstance(each, int | float) else keras.ops.convert_to_tensor(each) for each in (x, y))
        if isinstance(x, int | float):
            return _torch.as_tensor(x, dtype=y.dtype, device=y.device), y
        return x, y if _torch.is_tensor(y) else _torch.as_tensor(y, dtype=x.dtype, device=x.device)

    def maximum(x: Tensor, y: Tensor) -> Tensor:
        """The larger one of each pair."""
        return _torch.maximum(*_as_tensors(x, y))

    def minimum(x: Tensor, y: Tensor) -> Tensor:
        """The smaller one of each pair."""
        return _torch.minimum(*_as_tensors(x, y))

    def clip(x: Tensor, low: float, high: float) -> Tensor:
        """Each entry moved into [low, high]."""
        return _torch.clip(x, low, high)

    def mean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The mean over some axes or all of them."""
        return _torch.mean(x, dim=axis, keepdim=keepdims)

    def cumsum(x: Tensor, axis: int) -> Tensor:
        """Sums of all entries up to each one."""
        return _torch.cumsum(x, dim=axis)


abs = with_derivative(lambda x: where(x < 0.0, -1.0, keras.ops.ones_like(x)))(keras.ops.abs)
