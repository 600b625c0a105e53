"""Activations that are layers, such as PReLU, as functions of one number."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops


def initial_function(layer: keras.Layer) -> Callable[..., Any]:
    """What an elementwise layer computes in inference with the weights that it starts from, in float64.

    The layer itself is left as it is: a copy gets two channels, of which one is looked at. A layer may offer a method
    `initial_activation()` where that is not what it should count as.

    Raises:
        ValueError: if the layer couples the channels of its input.
        TypeError: if it cannot be applied to a batch of rows.
    """
    if hasattr(layer, "initial_activation"):
        return layer.initial_activation()
    config = {**layer.get_config(), "dtype": "float64"}
    if "shared_axes" in config:
        config["shared_axes"] = None  # rows have no axes to share weights along; initial weights are equal
    points = np.array([-1.5, -0.3, 0.2, 2.0])
    try:
        copy = type(layer).from_config(config)

        def function(x: Any, other: Any = None) -> Any:
            return copy(ops.stack([x, x if other is None else other], axis=-1), training=False)[:, 0]

        value, beside_others = (ops.convert_to_numpy(function(points, other)) for other in (points, points + 1.0))
    except Exception as error:
        raise TypeError(
            "A layer must keep the shape of a batch of rows for an initializer to be fitted to it. "
            f"Received: {layer!r}, which failed with {type(error).__name__}: {error}"
        ) from error
    if value.shape != points.shape or not np.allclose(value, beside_others, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise ValueError(
            "A layer must act element by element for an initializer to be fitted to it. Give the initializer yourself, "
            f"such as kernel_initializer='lecun_normal'. Received: {layer!r}"
        )
    function.__name__ = type(layer).__name__
    return function
