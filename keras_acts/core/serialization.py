"""`serialize` and `deserialize`, as `keras.activations` has them."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts.core import registry


def serialize(activation: Callable[..., Any]) -> Any:
    """The config of an activation, as Keras layers write it into files.

    Example:
        >>> activations.serialize(activations.get("elu(alpha=0.5)"))["config"]
        {'activation': 'keras_acts>elu', 'params': {'alpha': 0.5}}
    """
    return keras.activations.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation of a config made by `serialize`, or of a name.

    Example:
        >>> activations.deserialize(activations.serialize(activations.get("elu(alpha=0.5)")))
        elu(alpha=0.5)
    """
    if isinstance(config, str):
        found = (custom_objects or {}).get(config)
        return found if found is not None else registry.get(config)
    return keras.saving.deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))
