"""Value and derivatives of an activation as TensorFlow computes them in each mode."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_acts.analysis import gradients

MODES = ("eager", "graph", "xla")


def in_mode(fn: Callable[[Any], Any], mode: str, autograph: bool = False) -> Callable[[Any], Any]:
    """`fn` in one of `MODES`. Reuse the result: XLA compiles once per shape and dtype."""
    return fn if mode == "eager" else tf.function(fn, jit_compile=mode == "xla", autograph=autograph)


def with_derivatives(fn: Callable[[Any], Any], mode: str, orders: int) -> Callable[[Any], list[Any]]:
    """`fn` with its first derivatives, in one of `MODES`."""
    return in_mode(lambda x: gradients.derivatives(fn, x, orders), mode)


class Evaluator:
    """Value and derivatives of `fn` at any inputs, compiled once per mode and dtype.

    Compiled code is made anew for each shape, so inputs are repeated up to `size`, or to the largest number of them
    seen so far.
    """

    def __init__(self, fn: Callable[[Any], Any], size: int = 1) -> None:
        self._size = size
        self._compiled = functools.cache(functools.partial(with_derivatives, fn))

    def __call__(self, x: np.ndarray, mode: str, orders: int = 2) -> np.ndarray:
        """Value and derivatives at each x, in x's dtype, as an array of shape (orders + 1, len(x))."""
        size = len(x)
        if mode != "eager":
            size = self._size = max(size, self._size)
        results = self._compiled(mode, orders)(tf.constant(np.resize(x, size)))
        return np.stack([result.numpy()[: len(x)] for result in results])
