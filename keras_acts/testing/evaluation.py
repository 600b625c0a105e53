"""Value and derivatives of an activation as TensorFlow computes them in each mode."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

MODES = ("eager", "graph", "xla")


def with_derivatives(fn: Callable[[Any], Any], mode: str, orders: int = 2) -> Callable[[Any], list[Any]]:
    """`fn` with its first derivatives, in one of `MODES`. Reuse the result: XLA compiles once per shape and dtype."""

    def differentiate(x: Any, left: int) -> list[Any]:
        if left == 0:
            return [fn(x)]
        with tf.GradientTape() as tape:
            tape.watch(x)
            results = differentiate(x, left - 1)
        return [*results, tape.gradient(results[-1], x, unconnected_gradients="zero")]

    def all_orders(x: Any) -> list[Any]:
        return differentiate(x, orders)

    if mode == "eager":
        return all_orders
    return tf.function(all_orders, jit_compile=mode == "xla", autograph=False)


def evaluate(fn: Callable[[Any], Any], x: np.ndarray, mode: str, orders: int = 2) -> np.ndarray:
    """Value and derivatives at each x, in x's dtype, as an array of shape (orders + 1, len(x))."""
    return np.stack([result.numpy() for result in with_derivatives(fn, mode, orders)(tf.constant(x))])
