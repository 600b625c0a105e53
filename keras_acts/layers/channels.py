"""The axis along which layers split, group or join channels."""

import numbers
from typing import Any

from keras_acts.layers import hosts
from keras_acts.layers.base import ActivationLayer, Shape, Tensor


def axis_argument(axis: Any, owner: str) -> int:
    """`axis` as an int, which is not the batch axis."""
    if not isinstance(axis, numbers.Integral) or isinstance(axis, bool) or axis == 0:
        raise ValueError(f"`axis` of {owner} must be an integer other than 0, the batch axis. Received: axis={axis!r}")
    return int(axis)


def axis_and_size(axis: int, shape: Any, owner: str) -> tuple[int, int]:
    """The axis, counted from the front, and its size.

    Raises:
        ValueError: if the input has no such axis after the batch axis, or its size is unknown.
    """
    rank = len(shape)
    if not 1 <= (axis + rank if axis < 0 else axis) < rank:
        raise ValueError(
            f"`axis` of {owner} must be an axis after the batch axis. Received: axis={axis} for input_shape={shape}"
        )
    size = shape[axis]
    if size is None:
        raise ValueError(
            f"{owner} needs a known number of channels: the size of axis {axis}. Give it in keras.Input. "
            f"Received: input_shape={shape}"
        )
    return axis % rank, int(size)


def check_own_place(layer: ActivationLayer) -> None:
    """Refuse a layer that changes the number of channels as `activation=` of a layer that declares another number.

    Raises:
        ValueError: if `layer` is being built as the activation of a Keras layer.
    """
    host = hosts.enclosing_host(layer)
    if host is not None:
        raise ValueError(
            f"{type(layer).__name__} changes the number of channels, so it cannot be the `activation` of "
            f"{type(host).__name__} layer '{host.name}'. Add it as a layer of its own after '{host.name}'. "
            f"Received: activation={layer!r}"
        )


def resized(shape: Any, axis: int, size: int) -> Shape:
    """`shape` with another size along one axis."""
    return (*shape[:axis], size, *shape[axis + 1 :])


def part(x: Tensor, axis: int, which: slice) -> Tensor:
    """The entries of x in a slice of one axis."""
    return x[(slice(None),) * axis + (which,)]
