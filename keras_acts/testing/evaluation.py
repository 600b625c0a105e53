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

    Compiled code is made anew for each shape, so inputs are repeated up to `size`, or to the largest number of them
    seen so far in their dtype.
    """

    def __init__(self, fn: Callable[[Any], Any], orders: int = 2, size: int = 1) -> None:
        self._fn = fn
        self._orders = orders
        self._size = size
        self._compiled: dict[tuple[str, int], Callable[[Any], list[Any]]] = {}
        self._sizes: dict[Any, int] = {}

    def __call__(self, x: np.ndarray, mode: str, orders: int | None = None) -> np.ndarray:
        """Value and derivatives at each x, in x's dtype, as an array of shape (orders + 1, len(x)).

        As many derivatives as given to the constructor, unless told otherwise.
        """
        key = mode, self._orders if orders is None else orders
        if key not in self._compiled:
            self._compiled[key] = with_derivatives(self._fn, *key)
        size = len(x)
        if mode != "eager":
            size = self._sizes[x.dtype] = max(len(x), self._sizes.get(x.dtype, self._size))
        results = self._compiled[key](tf.constant(np.resize(x, size)))
        return np.stack([result.numpy()[: len(x)] for result in results])
