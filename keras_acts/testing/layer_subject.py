"""A layer under test: how new ones are made, and how they are called."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_acts import layers

__all__ = ["BATCH", "LayerSubject", "for_inference", "layer_subject", "sample"]

BATCH = 3


def sample(shape: Sequence[int], seed: int = 0, batch: int = BATCH) -> np.ndarray:
    """A batch of normal numbers with standard deviation 2: both signs, none near 0, where many layers have a kink."""
    x = np.random.default_rng(seed).normal(size=(batch, *shape)) * 2.0
    return np.where(np.abs(x) < 0.05, 0.3, x)


@dataclass(frozen=True)
class LayerSubject:
    """A layer under test: how to make new ones, which takes arguments such as `dtype`, and the shape of one sample."""

    make: Callable[..., keras.Layer]
    shape: tuple[int, ...]

    def of_shape(self, shape: Sequence[int | None], **arguments: Any) -> keras.Layer:
        """A layer that is built for inputs of this shape."""
        layer = self.make(**arguments)
        if not layer.built:
            layer.build(shape)
        return layer

    def built(self, **arguments: Any) -> keras.Layer:
        """A built layer whose weights are no longer the initial ones."""
        layer = self.of_shape((None, *self.shape), **arguments)
        rng = np.random.default_rng(1)
        for weight in layer.weights:
            noise = rng.uniform(-1.0, 1.0, weight.shape)
            weight.assign(keras.ops.convert_to_numpy(weight) * (1.0 + 0.1 * noise) + 0.02 * noise)
        return layer

    def x(self, dtype: str = "float32") -> Any:
        """A batch of inputs."""
        return tf.cast(tf.constant(sample(self.shape)), dtype)

    def model(self, layer: keras.Layer, shape: Sequence[int | None] | None = None) -> keras.Model:
        """A model of this layer alone."""
        return keras.Sequential([keras.Input(self.shape if shape is None else shape), layer])


def layer_subject(layer: Any, shape: Sequence[int] = (6,)) -> LayerSubject:
    """The subject for a class, another callable that makes layers, a name or spec string, or a layer."""
    make = layer
    if isinstance(layer, str):
        make = partial(layers.get, layer)
    elif isinstance(layer, keras.Layer):
        make = partial(_copy, type(layer), layer.get_config())
    elif not callable(layer):
        raise TypeError(
            "check_layer takes a layer class, a callable that makes a layer, a name or spec string, or a layer. "
            f"Received: {layer!r} of type {type(layer).__name__}"
        )
    return LayerSubject(make, tuple(shape))


def _copy(cls: type[keras.Layer], config: dict[str, Any], **arguments: Any) -> keras.Layer:
    return cls.from_config({**_with_dtype(config, arguments.get("dtype")), **arguments})


def _with_dtype(config: Any, dtype: Any) -> Any:
    """A config in which the layers inside have this dtype, too."""
    if isinstance(config, list):
        return [_with_dtype(each, dtype) for each in config]
    if not isinstance(config, dict) or dtype is None:
        return config
    if {"batch_shape", "keras_history"} & config.keys():  # a tensor has no policy
        dtype = dtype.removeprefix("mixed_")
    return {key: dtype if key == "dtype" else _with_dtype(value, dtype) for key, value in config.items()}


def for_inference(layer: keras.Layer, x: Any, **given: Any) -> Any:
    """The output for inference, with those of the other arguments that the layer takes."""
    takes = inspect.signature(layer.call).parameters
    return layer(x, **{name: value for name, value in {"training": False, **given}.items() if name in takes})
