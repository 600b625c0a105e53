"""What the benchmarks measure: the elementwise activations, and what Keras has for them."""

from collections.abc import Callable
from typing import Any

import keras

import keras_acts

NOT_COMPARED = ("sparsemax",)  # Keras' own is wrong, and fails in float16: docs/keras-built-ins.md


def elementwise() -> list[str]:
    """Names of the activations that act on each element alone."""
    return [name for name in keras_acts.names() if "over_axis" not in keras_acts.info(name).traits]


def builtin(name: str) -> Callable[[Any], Any] | None:
    """Keras' own function of that meaning, or None."""
    aliases = keras_acts.info(name).aliases.get("keras", ())
    return next((getattr(keras.activations, alias) for alias in aliases if hasattr(keras.activations, alias)), None)
