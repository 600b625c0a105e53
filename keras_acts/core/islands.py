"""Compiled islands: in a TensorFlow graph that is not compiled, an activation as one kernel, made by XLA.

There each operation is a pass over memory, which is what an activation costs; XLA needs one pass for all of them. The
price is a compilation for each shape. So islands are made in training steps alone: predictions come in batches of any
size, and what is exported must run where there is no XLA.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import keras

from keras_acts.core import form

__all__ = ["fuse_in_training"]

_AS_CHEAP_APART = 2  # operations
_is_on = False


def fuse_in_training(enabled: bool = True) -> None:
    """Whether training steps on a CPU compute each activation in one pass over memory, compiled by XLA.

    For models that Keras trains in graph mode, its default where there is no GPU. Activations of large layers become
    up to ten times as fast; the first step takes about 0.1 s longer for each activation and shape. Off at first, and
    without effect on a GPU, in models compiled as a whole (`jit_compile=True`), in loops over time, on predictions,
    evaluation and exported files, under `tf.config.experimental.enable_op_determinism()` and on other backends.
    Functions over an axis stay as they are. What has been traced does, too: call this before `fit`. A model whose
    `call` takes gradients itself looks like a training step when it is exported: turn it off for that.

    Args:
        enabled: False turns it off again.

    Example:
        >>> keras_acts.fuse_in_training()
        >>> keras_acts.fuse_in_training(False)
    """
    global _is_on
    _is_on = bool(enabled) and keras.backend.backend() == "tensorflow" and _xla_works()


@functools.cache
def _xla_works() -> bool:
    import tensorflow as tf

    try:
        from tensorflow.python.eager import record  # noqa: F401
        from tensorflow.python.framework import config  # noqa: F401

        tf.function(lambda x: x + 1.0, jit_compile=True)(tf.zeros(1))
    except (ImportError, tf.errors.OpError, ValueError) as error:
        warnings.warn(f"Activations stay in plain operations: XLA does not compile here ({error})", stacklevel=3)
        return False
    return True


def are_wanted() -> bool:
    """Whether this is a training step on a CPU: a graph, neither compiled nor of a loop, that a tape follows."""
    if not _is_on:
        return False
    import tensorflow as tf
    from tensorflow.python.eager import record
    from tensorflow.python.framework import config

    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    if graph is None or config.is_op_determinism_enabled() or not record.could_possibly_record():
        return False
    while graph is not None:
        if type(graph).__name__ in ("WhileBodyFuncGraph", "WhileCondFuncGraph"):
            return False
        graph = getattr(graph, "outer_graph", None)
    return form.chosen() == "plain" and form.on_cpu()


def island(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of tensors as a kernel of its own, if it is more than an operation or two."""
    import tensorflow as tf

    compiled = tf.function(function, jit_compile=True, autograph=False)

    def either(*arguments: Any) -> Any:
        operations = compiled.get_concrete_function(*arguments).graph.get_operations()
        passes = sum(operation.type not in ("Placeholder", "Const", "Identity", "NoOp") for operation in operations)
        return (compiled if passes > _AS_CHEAP_APART else function)(*arguments)

    return either
