"""What a whole sample says about each channel, for activations that depend on it. Channels are the last axis."""

from typing import Any

import keras
from keras import ops
from typing_extensions import override

from keras_acts.layers.base import Tensor

__all__ = ["SmallDense", "mean_of_channels", "over_space"]


class SmallDense(keras.layers.Dense):
    """A map of such means. Like all weights of activations it stays as it is in `model.quantize`."""

    @override
    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Nothing, as the layer that holds this one could not say in its config what was done."""


def mean_of_channels(x: Tensor) -> Tensor:
    """(batch, ..., channels) -> (batch, channels): the mean over all axes in between."""
    between = tuple(range(1, len(x.shape) - 1))
    return ops.mean(x, axis=between) if between else x


def over_space(z: Tensor, x: Tensor) -> Tensor:
    """(batch, n) -> (batch, 1, ..., 1, n), which broadcasts against x."""
    return ops.expand_dims(z, tuple(range(1, len(x.shape) - 1)))
