"""Elementwise activations of a quantized model as tables of their 256 values.

The converter of LiteRT quantizes what each operation gives. An activation of ten operations is rounded ten times, to
steps as wide as the largest number on the way asks for: up to all 256 of them off. A table is rounded once, on the
converter's own grid. Its index is computed by operations that the converter leaves in float: rounding down a quotient,
and whole numbers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from keras_acts.core import form

__all__ = ["Tables", "ranges"]

Function = Callable[[Any], Any]
STEPS = 255  # of a grid of 8 bits


class _InOrder:
    """What takes the place of activations while a model is traced: each has its number. In loops they stay."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._number = 0

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Around the call of the model, in the function that is traced."""
        import tensorflow as tf

        self._graph, self._number = tf.compat.v1.get_default_graph(), -1
        with form.portable(self):
            yield

    def __call__(self, function: Function, x: Any) -> Any:
        """The activation of x."""
        import tensorflow as tf

        if tf.compat.v1.get_default_graph() is not self._graph:  # in a loop, out of which no range comes
            return function(x)
        self._number += 1
        return self.activation(self._number, function, x)

    def activation(self, number: int, function: Function, x: Any) -> Any:
        """The activation of x, the one with this number."""
        raise NotImplementedError


class _Ranges(_InOrder):
    def activation(self, number: int, function: Function, x: Any) -> Any:
        import tensorflow as tf

        if number == 0:
            self.found: list[Any] = []
        self.found.append(tf.stack([tf.reduce_min(x), tf.reduce_max(x)]))
        return function(x)


def ranges(call: Callable[..., Any], inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Smallest and largest input of each elementwise activation that `call(*inputs)` meets."""
    import tensorflow as tf

    observer = _Ranges()
    observer.found = []

    @tf.function(autograph=False)
    def observed(*tensors: Any) -> list[Any]:
        with observer.tracing():
            call(*tensors)
        return observer.found

    return [np.asarray(found, "float64") for found in observed(*inputs)]


class Tables(_InOrder):
    """Looks each elementwise activation up in a table.

    Args:
        ranges: the range of inputs of each, in order.
    """

    def __init__(self, ranges: list[np.ndarray]) -> None:
        super().__init__()
        self._ranges = ranges

    def activation(self, number: int, function: Function, x: Any) -> Any:
        """The value in the table beside x."""
        import tensorflow as tf

        step, zero = grid(*self._ranges[number])
        with tf.init_scope():  # now, not when the graph runs
            table = function(tf.constant(step * (np.arange(STEPS + 1) - zero), x.dtype)).numpy()
        # round(x / step): of what the converter leaves in float there is no rounding to the nearest.
        halves = tf.cast(tf.math.floordiv(x, tf.constant(0.5 * step, x.dtype)), tf.int32)
        index = tf.math.floordiv(halves + 1, 2) + zero
        return tf.gather(tf.constant(table), tf.clip_by_value(index, 0, STEPS))


def grid(low: float, high: float) -> tuple[float, int]:
    """The step of the converter's grid for numbers from low to high, and the index of 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / STEPS or 1.0
    return step, round(-low / step)
