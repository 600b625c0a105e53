"""The arguments that layers with weights share: initial values, and the axes along which a weight is shared."""

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import keras

from keras_acts.core import operations as ops
from keras_acts.core.params import illegal, scalar

__all__ = ["Initializer", "SharedAxes", "check_channels", "initializer", "shared_axes"]

Initializer = Any  # a number (a constant), name, config or keras.initializers.Initializer
SharedAxes = Sequence[int] | Literal["all"] | None


def initializer(value: Initializer) -> keras.initializers.Initializer:
    """An initializer from a number, which may be an array, tensor or variable without axes, a name, a config or one.

    Raises:
        ValueError: if the number is not finite.
    """
    if getattr(value, "shape", None) == ():
        value = ops.convert_to_numpy(value).item()
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"An initial value must be a finite number. Received: {value!r}")
        return keras.initializers.Constant(float(value))
    return keras.initializers.get(value)


def shared_axes(axes: Any, owner: str) -> list[int] | Literal["all"] | None:
    """`shared_axes` as None, "all" or a list of integers."""
    is_all = isinstance(axes, str) and axes == "all"
    if axes is None or is_all:
        return axes
    axes = scalar(axes)
    given = axes if isinstance(axes, Iterable) and getattr(axes, "shape", None) != () else [axes]
    odd = isinstance(given, str) or bool in map(type, given)
    if odd or not all(isinstance(axis, numbers.Integral) and axis != 0 for axis in given):
        expected = "None (one weight per channel), a list of axes after the batch axis, or 'all'"
        raise ValueError(illegal("shared_axes", axes, owner, expected))
    return [int(axis) for axis in given]


def check_channels(layer: keras.Layer, shape: Sequence[int | None], axis: int) -> None:
    """Refuse an input with other channels, along this axis, than "torch:PReLU(64)" has said of the layer."""
    expected = getattr(layer, "expected_channels", None)
    if expected is not None and shape[axis] not in (None, expected):
        found = f"{shape[axis]} on axis {axis} of {tuple(shape)}; data_format='channels_first' would count axis 1"
        raise ValueError(f"{type(layer).__name__} was asked for with {expected} channels. Received: {found}")
