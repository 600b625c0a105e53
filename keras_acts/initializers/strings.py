"""Initializers as strings: `kernel_initializer="keras_acts>selu"`."""

import inspect
from typing import Any

import keras

from keras_acts.core import resolve, spec
from keras_acts.initializers.paired import paired

__all__ = ["from_string"]


def from_string(text: str) -> Any:
    """The initializer of "keras_acts>selu", "keras_acts>elu(alpha=0.5)" or "keras_acts>Siren(w0=15.0)", else None.

    For an activation it is the kernel initializer of `paired`. Those that you declare yourself are reached under their
    own package: "my_package>growing_cosine".

    Raises:
        ValueError: if it is the name of an activation without a gain, or of none in "keras_acts>".

    Example:
        >>> type(keras.layers.Dense(64, kernel_initializer="keras_acts>selu").kernel_initializer).__name__
        'LecunNormal'
    """
    package, mark, rest = text.partition(">")
    if not mark or not (package == "keras_acts" or resolve.find(spec.parse(text)[0])):
        return None
    name, args, kwargs = spec.parse(rest)
    if package != "keras_acts":
        return paired(text)["kernel_initializer"]
    cls = keras.saving.get_registered_object(f"keras_acts>initializers.{name.removeprefix('initializers.')}")
    if inspect.isclass(cls) and issubclass(cls, keras.initializers.Initializer):
        return cls(*args, **kwargs)
    return paired(rest)["kernel_initializer"]
