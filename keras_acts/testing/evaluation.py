"""Value and derivatives of an activation as TensorFlow computes them in each mode."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_acts.analysis import gradients

MODES = ("eager", "graph", "xla")


def with_derivatives(fn: Callable[[Any], Any], mode: str, orders: int = 2) -> Callable[[Any], list[Any]]:
    """`fn` with its first derivatives, in one of `MODES`. Reuse the result: XLA compiles once per shape and dtype."""

    def all_orders(x: Any) -> list[Any]:
        return gradients.derivatives(fn, x, orders)

    if mode == "eager":
        return all_orders
    return tf.function(all_orders, jit_compile=mode == "xla", autograph=False)


class Evaluator:
    """Value and derivatives of `fn` at any inputs, compiled once per mode and dtype.

    XLA compiles anew for each shape, so inputs are repeated up to the largest number seen so far in their dtype.
    """

    def __init__(self, fn: Callable[[Any], Any], orders: int = 2) -> None:
        self._fn = fn
        self._orders = orders
        self._compiled: dict[str, Callable[[Any], list[Any]]] = {}
        self._sizes: dict[Any, int] = {}

    def __call__(self, x: np.ndarray, mode: str) -> np.ndarray:
        """As `evaluate`."""
        if mode not in self._compiled:
            self._compiled[mode] = with_derivatives(self._fn, mode, self._orders)
        size = len(x)
        if mode != "eager":
            size = self._sizes[x.dtype] = max(len(x), self._sizes.get(x.dtype, 0))
        results = self._compiled[mode](tf.constant(np.resize(x, size)))
        return np.stack([result.numpy()[: len(x)] for result in results])


def evaluate(fn: Callable[[Any], Any], x: np.ndarray, mode: str, orders: int = 2) -> np.ndarray:
    """Value and derivatives at each x, in x's dtype, as an array of shape (orders + 1, len(x))."""
    return np.stack([result.numpy() for result in with_derivatives(fn, mode, orders)(tf.constant(x))])
