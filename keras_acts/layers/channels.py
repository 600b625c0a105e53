"""Layers that split, group or join channels: the axis along which they do, and how many channels come out."""

import functools
import numbers
from typing import Any

from keras import ops
from typing_extensions import override

from keras_acts.layers.base import ActivationLayer, Shape, Tensor

__all__ = ["ChannelChanging", "axis_argument"]


def axis_argument(axis: Any, owner: str) -> int:
    """`axis` as an int, which is not the batch axis."""
    if not isinstance(axis, numbers.Integral) or isinstance(axis, bool) or axis == 0:
        raise ValueError(f"`axis` of {owner} must be an integer other than 0, the batch axis. Received: axis={axis!r}")
    return int(axis)


class ChannelChanging(ActivationLayer):
    """Base class of layers with another number of channels, along `axis`, in their output than in their input."""

    _changes_shape = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis_argument(axis, type(self).__name__)

    def channels_after(self, channels: int, where: str) -> int:
        """The number of channels that `channels` become; a number that the layer cannot take is a ValueError.

        `where` is the end of the error text: it says which axis of which shape has so many.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `channels_after`.")

    def axis_and_channels(self, shape: Any) -> tuple[int, int]:
        """The axis, counted from the front, and the number of channels after the activation.

        Raises:
            ValueError: if the input has no such axis after the batch axis, or its size is unknown or does not fit.
        """
        name, axis, rank = type(self).__name__, self.axis, len(shape)
        if not 1 <= (axis + rank if axis < 0 else axis) < rank:
            raise ValueError(
                f"`axis` of {name} must be an axis after the batch axis. Received: axis={axis} for input_shape={shape}"
            )
        size = shape[axis]
        if size is None:
            raise ValueError(
                f"{name} needs a known number of channels: the size of axis {axis}. Give it in keras.Input. "
                f"Received: input_shape={shape}"
            )
        axis %= rank
        return axis, self.channels_after(int(size), f"{size} channels (axis {axis} of input_shape={tuple(shape)})")

    def _parts(self, x: Tensor, axis: int, channels: int) -> list[Tensor]:
        """The parts of x along the axis that make one output together, each of `channels`."""
        raise NotImplementedError(f"{type(self).__name__} must override `_parts`.")

    def _mask_of_channels(self, mask: Tensor, axis: int, channels: int) -> Tensor:
        """The mask of the output where the channels are what is masked: an output is kept if all its inputs are."""
        return functools.reduce(ops.logical_and, self._parts(mask, axis, channels))

    @override
    def compute_mask(self, inputs: Tensor, previous_mask: Tensor) -> Tensor:
        if previous_mask is None:
            return None
        axis, channels = self.axis_and_channels(inputs.shape)
        if axis >= len(previous_mask.shape):
            return previous_mask
        return self._mask_of_channels(previous_mask, axis, channels)

    @override
    def build(self, input_shape: Shape) -> None:
        axis, channels = self.axis_and_channels(input_shape)
        seen = min(channels, int(input_shape[axis] or 0))  # by an activation inside: a half, or all of them
        self._build_held((*input_shape[:axis], seen, *input_shape[axis + 1 :]))

    @override
    def compute_output_shape(self, input_shape: Shape) -> Shape:
        axis, channels = self.axis_and_channels(input_shape)
        return (*input_shape[:axis], channels, *input_shape[axis + 1 :])
