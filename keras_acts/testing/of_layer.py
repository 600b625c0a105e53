"""An elementwise layer as functions of one float tensor, so that the checks of activations take it too."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_acts.core.derivatives import HALF_DTYPES
from keras_acts.testing.layer_subject import layer_subject

__all__ = ["functions_of"]


def functions_of(layer: keras.Layer) -> list[Callable[[Any], Any]]:
    """What a layer computes with the weights that it has: a function for each channel that differs from the others.

    Raises:
        TypeError: if the layer does not keep the shape of its input, or couples its elements.
    """
    subject = layer_subject(layer)
    own = layer if layer.built and layer.weights else subject.of_shape((None, 2))
    shape = (own.get_build_config() or {}).get("input_shape") or (None, 2)
    sizes = [size or 1 for size in shape[1:]]

    @functools.cache
    def copy(dtype: str) -> keras.Layer:
        # Weights in half precision would be other weights; and in a graph none can be set.
        with tf.init_scope():
            twin = subject.of_shape((None, *sizes), dtype=f"mixed_{dtype}" if dtype in HALF_DTYPES else dtype)
            twin.set_weights(own.get_weights())
        return twin

    def apply(rows: Any) -> Any:
        result = copy(keras.backend.standardize_dtype(rows.dtype))(rows, training=False)
        return ops.reshape(result, (-1, int(np.prod(sizes))))

    def at(place: int | slice, x: Any) -> Any:
        return apply(ops.reshape(x, (-1, *[1] * len(sizes))) + ops.zeros((1, *sizes), x.dtype))[:, place]

    points = np.random.default_rng(0).uniform(-3.0, 3.0, (61, *sizes))
    try:
        x = ops.convert_to_tensor(points.reshape(len(points), -1)[:, 0])
        alone, beside_others = (ops.convert_to_numpy(y) for y in (at(slice(None), x), apply(points)))
        if not len(points) == len(alone) == len(beside_others) or not np.allclose(beside_others[:, 0], alone[:, 0]):
            raise ValueError("elements are coupled, or their number changes")
    except Exception as error:
        raise TypeError(
            "Only a layer that acts element by element can be checked as an activation; "
            f"keras_acts.testing.check_layer takes any. Received: {layer!r} ({error})"
        ) from error
    different = np.unique(alone, axis=1, return_index=True)[1]
    return [functools.partial(at, int(place)) for place in sorted(different)]
