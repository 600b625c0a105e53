"""Less memory in TensorFlow's graphs, where all that can run runs at once and each operation makes a tensor."""

from collections.abc import Callable, Sequence

import keras

from keras_acts.core import form
from keras_acts.core.derivatives import Tensor

__all__ = ["in_turn"]

PIECES = 4
SMALL = 256  # channels, below which all of it is next to nothing


def in_turn(function: Callable[..., Tensor], parts: Sequence[Tensor], axis: int) -> Tensor:
    """`function(*parts)`, of parts of one shape; in a graph a quarter of the channels after the other.

    What value and derivative make on the way is then a quarter of the size, and of the forward pass nothing is kept
    for the backward pass but the parts. Compiled, it is one pass anyway.

    Args:
        function: elementwise, without variables, as TensorFlow asks of a rule.
        parts: tensors of one shape.
        axis: that of the channels.
    """
    size = parts[0].shape[axis]
    if keras.backend.backend() != "tensorflow" or size is None or size < SMALL or size % PIECES:
        return function(*parts)
    import tensorflow as tf

    if tf.executing_eagerly() or form.chosen() != "plain":
        return function(*parts)
    forward: list[Tensor] = []
    backward: list[Tensor] = []

    @tf.custom_gradient
    def one(*pieces: Tensor) -> Tensor:
        with tf.control_dependencies(forward):
            value = function(*pieces)
        forward[:] = [value]

        def gradient(upstream: Tensor) -> list[Tensor]:
            before = [each for each in backward if each.graph is upstream.graph]
            with tf.control_dependencies([*before, upstream]):
                again = [tf.identity(piece) for piece in pieces]
                with tf.GradientTape() as tape:
                    tape.watch(again)
                    recomputed = function(*again)
                backward[:] = tape.gradient(recomputed, again, upstream, unconnected_gradients="zero")
            return list(backward)

        return value, gradient

    pieces = zip(*(tf.split(part, PIECES, axis=axis) for part in parts), strict=True)
    return tf.concat([one(*each) for each in pieces], axis)
