"""What a whole sample says about each channel, for activations that depend on it. Channels are the last axis."""

from keras import ops

from keras_acts.layers.base import Tensor

__all__ = ["mean_of_channels", "over_space"]


def mean_of_channels(x: Tensor) -> Tensor:
    """(batch, ..., channels) -> (batch, channels): the mean over all axes in between."""
    between = tuple(range(1, len(x.shape) - 1))
    return ops.mean(x, axis=between) if between else x


def over_space(z: Tensor, x: Tensor) -> Tensor:
    """(batch, n) -> (batch, 1, ..., 1, n), which broadcasts against x."""
    return ops.expand_dims(z, tuple(range(1, len(x.shape) - 1)))
