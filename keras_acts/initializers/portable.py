"""Initializers that count inputs as Keras' own do not, but that files call by a name of Keras.

A file says `keras.initializers.VarianceScaling` or the like, and the arguments of that class, so that it loads where
keras_acts is absent; the registered name beside it brings the class here back where keras_acts is there.
"""

import math
from collections.abc import Callable
from typing import Any

import keras

from keras_acts.initializers.scaling import KernelScaling, input_axes

__all__ = ["Attention", "Depthwise", "HeNormal", "LecunNormal", "VarianceScaling"]


class _Portable(keras.initializers.VarianceScaling):
    def __init_subclass__(cls, called: str | None = None) -> None:
        keras.saving.register_keras_serializable("keras_acts", f"initializers.portable.{cls.__name__}")(cls)
        cls.__module__, cls.__name__ = "keras.initializers", called or cls.__name__

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle would look for the class under the name that files give it."""
        return keras.saving.deserialize_keras_object, (keras.saving.serialize_keras_object(self),)


class VarianceScaling(KernelScaling, _Portable):
    """Var w = scale / inputs, in every version of Keras."""


class LecunNormal(KernelScaling, _Portable, keras.initializers.LecunNormal):
    """Var w = 1 / inputs, in every version of Keras."""


class HeNormal(KernelScaling, _Portable, keras.initializers.HeNormal):
    """Var w = 2 / inputs, in every version of Keras."""


class Attention(KernelScaling, _Portable, called="VarianceScaling"):
    """Var w = scale / inputs for query, key and value; 1 / inputs for the output, before which there is no activation.

    Its kernel is the one with two axes of inputs, heads and their features.
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A kernel of this shape."""
        kernel = super().__call__(shape, dtype=dtype)
        return kernel / math.sqrt(self.scale) if len(input_axes(self, shape) or ()) > 1 else kernel


class Depthwise(_Portable, called="VarianceScaling"):
    """Var w = scale / (kernel height * kernel width). Keras' "fan_out" is that for a depth multiplier of 1."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A kernel of this shape, (..., channels, multiplier)."""
        return super().__call__(shape, dtype=dtype) * math.sqrt(shape[-1])
