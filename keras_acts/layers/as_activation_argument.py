"""A layer given as `activation=` of another layer: refuse what would lose weights.

Keras' layers do not build an activation that is a layer, do not count it before the first call, and reload one instance
in two places as two. Dense then fails to load weights, and LSTM and GRU drop them without a word.
"""

import warnings
import weakref
from typing import Any

import keras

from keras_acts.core import keras_bridge

__all__ = ["check_can_build", "check_single_place", "enclosing_host", "warn_host_not_quantized"]

# Where each layer was called. Not an attribute of the layer, as a weak reference cannot be copied or pickled.
_places: weakref.WeakKeyDictionary[keras.Layer, Any] = weakref.WeakKeyDictionary()


def enclosing_host(layer: keras.Layer) -> Any:
    """The Keras layer that is calling `layer` as its activation, or None."""
    caller = keras_bridge.enclosing_layer(layer)
    # TimeDistributed runs the `call` of the layer that it wraps, which leaves no record of its own.
    hosts = (caller, getattr(caller, "layer", None))
    return next((host for host in hosts if _activation_arguments(host, layer)), None)


def _activation_arguments(caller: Any, layer: keras.Layer) -> list[str]:
    # Layers that users write may build and save an inner layer as they like; only Keras' own have the trap.
    if not isinstance(caller, keras.Layer) or not type(caller).__module__.startswith("keras."):
        return []
    return [name for name, value in vars(caller).items() if value is layer and name.endswith("activation")]


def check_single_place(layer: keras.Layer, symbolic: bool) -> None:
    """Refuse one instance as the activation of two layers, twice of one, or of one and elsewhere in a model.

    Raises:
        ValueError: for a second place.
    """
    host = enclosing_host(layer)
    if host is None and not symbolic:
        return  # an eager call to look at values
    if host is not None and len(_activation_arguments(host, layer)) > 1:
        raise ValueError(_twice(layer, f"'{host.name}' takes it for two arguments"))
    reference = _places.setdefault(layer, None if host is None else weakref.ref(host))
    before = None if reference is None else reference()
    if reference is not None and before is None:  # that host is gone
        _places[layer] = None if host is None else weakref.ref(host)
    elif before is not host:
        names = ["the model itself" if place is None else f"'{place.name}'" for place in (before, host)]
        raise ValueError(_twice(layer, f"{names[0]} and {names[1]} call it"))


def _twice(layer: keras.Layer, how: str) -> str:
    return (
        f"'{layer.name}' is used as `activation` and in a second place: {how}. They would share its weights, "
        f"and the saved model could not be loaded. Give each place a {type(layer).__name__} of its own."
    )


def check_can_build(layer: keras.Layer) -> None:
    """Refuse to create weights inside another layer's call, where Keras has already counted and loaded the weights.

    Raises:
        ValueError: if `layer` is being built as the activation of a Keras layer.
    """
    host = enclosing_host(layer)
    if host is not None:
        name = type(layer).__name__
        raise ValueError(
            f"{name} has one weight per channel, which cannot be created while it is the `activation` of "
            f"{type(host).__name__} layer '{host.name}': they would be missing from `count_params`, `load_weights` and "
            f"the optimizer. Add it as a layer of its own after '{host.name}', or, where the activation sits inside as "
            f"in an LSTM, build it before: layer.build((None, units)). Received: activation={layer!r}"
        )


def warn_host_not_quantized(layer: keras.Layer) -> None:
    """Say so where `model.quantize` passes over a layer because its activation is a layer, which Keras does not."""
    reference = _places.get(layer)
    host = None if reference is None else reference()
    if isinstance(host, (keras.layers.Dense, keras.layers.EinsumDense)):
        warnings.warn(
            f"'{host.name}' is not quantized, because its activation is the layer '{layer.name}'. "
            f"Add {type(layer).__name__} as a layer of its own after '{host.name}'.",
            stacklevel=2,
        )
