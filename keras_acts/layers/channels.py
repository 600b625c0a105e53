"""Layers that split, group or join channels: the axis along which they do, and how many channels come out."""

import functools
from typing import Any

from typing_extensions import override

from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.core.numerics.over_axis import has_rank
from keras_acts.layers.base import ActivationLayer, Shape, Tensor

__all__ = ["ChannelChanging", "axis_after_batch", "axis_argument"]


def axis_argument(axis: Any, owner: str) -> int:
    """`axis` as an int, which is not the batch axis."""
    axis = params.integer("axis", axis, owner)
    if axis == 0:
        raise ValueError(f"`axis` of {owner} must be an integer other than 0, the batch axis. Received: axis=0")
    return axis


def axis_after_batch(axis: int, shape: Any, owner: str) -> int:
    """The axis of an input of this shape, counted from the front.

    Raises:
        ValueError: if the input has no such axis after the batch axis.
    """
    if not 1 <= (axis + len(shape) if axis < 0 else axis) < len(shape):
        raise ValueError(
            f"`axis` of {owner} must be an axis after the batch axis. Received: axis={axis} for input_shape={shape}"
        )
    return axis % len(shape)


class ChannelChanging(ActivationLayer):
    """Base class of layers with another number of channels, along `axis`, in their output than in their input.

    Attributes:
        _pieces: number of channels that make one output together.
        _copies: number of outputs that each of them makes.
        _neighbours: True if channels side by side belong together, False for those at the same place in each of as many
            blocks.
    """

    _pieces = 1
    _copies = 1
    _neighbours = False
    _changes_shape = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis_argument(axis, type(self).__name__)

    def axis_and_channels(self, shape: Any) -> tuple[int, int]:
        """The axis, counted from the front, and the number of channels after the activation.

        Raises:
            ValueError: if the input has no such axis after the batch axis, or its size is unknown or does not fit.
        """
        name = type(self).__name__
        axis = axis_after_batch(self.axis, shape, name)
        size = self._known_size(shape, self.axis)
        pieces = self._pieces_of(size)
        if size % pieces:
            raise ValueError(
                f"{name} makes one channel of each {pieces}: their number must be divisible by {pieces}. "
                f"Received: {size} channels (axis {axis} of input_shape={tuple(shape)})"
            )
        return axis, self._copies * size // pieces

    def _pieces_of(self, size: int) -> int:
        """How many of so many channels make one output together."""
        return self._pieces

    def _parts(self, x: Tensor, axis: int) -> list[Tensor]:
        """The parts of x along the axis that make one output together."""
        # Not slices: the gradient of each would be as large as x, and all are summed.
        shape, pieces = ops.shape(x), self._pieces_of(x.shape[axis])
        if not self._neighbours:
            return list(ops.split(x, pieces, axis=axis))
        groups = (*shape[:axis], x.shape[axis] // pieces, pieces, *shape[axis + 1 :])
        return list(ops.unstack(ops.reshape(x, groups), axis=axis + 1))

    @override
    def call(self, inputs: Tensor) -> Tensor:
        if not has_rank(inputs):  # then it is as the layer was built for
            import tensorflow as tf

            inputs = tf.ensure_shape(inputs, self._seen)
        return super().call(inputs)

    @override
    def compute_mask(self, inputs: Tensor, previous_mask: Tensor) -> Tensor:
        if previous_mask is None:
            return None
        axis, _ = self.axis_and_channels(inputs.shape)
        if axis >= len(previous_mask.shape):
            return previous_mask
        kept = functools.reduce(ops.logical_and, self._parts(previous_mask, axis))  # an output, if all its inputs are
        return ops.concatenate([kept] * self._copies, axis=axis)

    @override
    def build(self, input_shape: Shape) -> None:
        axis, channels = self.axis_and_channels(input_shape)
        self._seen = [size if i == axis else None for i, size in enumerate(input_shape)]
        # An activation inside sees one part, or all of them.
        self._build_held((*input_shape[:axis], channels // self._copies, *input_shape[axis + 1 :]))

    @override
    def compute_output_shape(self, input_shape: Shape) -> Shape:
        axis, channels = self.axis_and_channels(input_shape)
        return (*input_shape[:axis], channels, *input_shape[axis + 1 :])
