"""The one chooser of the form in which a primitive is computed: callers ask a primitive, the primitive asks here.

- "plain": TensorFlow's eager mode and its graphs. Each operation is a pass over memory, so the best form is the one
  with the fewest kernels.
- "compiled": XLA fuses the operations into one pass. The best form has one exponential, shared by all terms, and
  rational arithmetic. XLA:CPU does not vectorise its own log1p, expm1, arctan and sine, which makes them ten times
  slower than polynomials; its log1p is off by a hundred units in the last place of float64.
- "portable": what is traced for a file. The best form has operations that every runtime knows and computes as well as
  TensorFlow does: the polynomials of the compiled form, in float32, without rules for derivatives.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import keras

__all__ = ["on_cpu"]

_Elementwise = Callable[[Callable[[Any], Any], Any], Any]
_ELEMENTWISE: ContextVar[_Elementwise | Literal["not portable"] | None] = ContextVar("of", default="not portable")


@contextmanager
def portable(elementwise: _Elementwise | None = None) -> Iterator[None]:
    """Inside, in this thread alone, what is traced or called takes the portable form.

    Args:
        elementwise: `elementwise(function, x)` takes the place of `function(x)` for each whole elementwise activation.
    """
    token = _ELEMENTWISE.set(elementwise)
    try:
        yield
    finally:
        _ELEMENTWISE.reset(token)


def is_portable() -> bool:
    """Whether this is inside of `portable`."""
    return _ELEMENTWISE.get() != "not portable"


def for_elementwise() -> _Elementwise | None:
    """What computes elementwise activations in their place, if this is inside of `portable` with such."""
    chosen = _ELEMENTWISE.get()
    return None if chosen == "not portable" else chosen


def chosen() -> Literal["plain", "compiled", "portable"]:
    """The form for the code that is being traced or run."""
    if is_portable():
        return "portable"
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return "compiled" if backend == "jax" else "plain"
    import tensorflow as tf

    try:
        from tensorflow.python.ops import control_flow_util

        is_compiled = control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
    except (ImportError, AttributeError):  # TensorFlow has moved it: the other form is as right, only slower
        return "plain"
    return "compiled" if is_compiled else "plain"


def on_cpu() -> bool:
    """True under TensorFlow where it sees no GPU. There float64 is only twice as slow as float32, not thirty times."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")
