"""A layer inside another one as its activation: refuse what would lose weights.

Keras' layers do not build an activation that is a layer, do not count it before the first call, and reload one instance
in two places as two. Dense then fails to load weights, and LSTM and GRU drop them without a word. All of them ask for
their activations in one function of Keras, so that this is told when the host is made. What is assigned to a host that
is made already, `dense.activation = ...`, passes no such place and is not seen.
"""

import gc
import warnings
import weakref
from typing import Any

import keras

from keras_acts.core import keras_bridge, resolve
from keras_acts.core.params import constructor_arguments
from keras_acts.layers.layer_registry import no_argument

__all__ = ["Guarded", "hold", "warn_host_not_quantized"]

# Where each layer is used: in a host, or as a layer of its own, which is then its place. Not an attribute of the layer,
# as a weak reference cannot be copied or pickled.
_places: weakref.WeakKeyDictionary[keras.Layer, Any] = weakref.WeakKeyDictionary()


class Guarded:
    """Mixin of layers that may be given as `activation=`: they are checked there."""

    _changes_shape = False  # so that no Keras layer can have it for its activation

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        keras_bridge.stay_registered()  # as files may name its class
        try:
            super().__init__(*args, **kwargs)
        except ValueError:
            # What Keras itself takes of `**kwargs` differs between its versions.
            known = {name for base in type(self).__mro__ for name in constructor_arguments(base)}
            for name in kwargs.keys() - known:
                raise no_argument(type(self), name, kwargs[name]) from None
            raise

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """As a layer of a model, after a check that it is not the `activation` of another one too."""
        assert isinstance(self, keras.Layer)
        _take_place(self, self)
        return super().symbolic_call(*args, **kwargs)  # type: ignore[misc]


def hold(host: keras.Layer, activation: Any) -> Any:
    """`activation`; if it is a layer, with the precision that `host` computes in, and in no other place.

    Raises:
        ValueError: for a second place.
    """
    if isinstance(activation, keras.Layer):
        if _place_of(activation) is host:
            raise ValueError(_twice(activation, f"'{host.name}' takes it for two arguments"))
        _take_place(activation, host)
        activation.autocast = False
    return activation


def _check_argument(host: keras.Layer, layer: Any) -> None:
    if isinstance(layer, type) and issubclass(layer, keras.Layer):
        resolve.get(layer)  # which refuses it, as it would take the tensor for an argument
    if not isinstance(layer, keras.Layer):
        return
    # Of ours inside a Sequential or the like, those with weights. Without such it is as Keras has it.
    parts: list[Any] = [part for part in keras_bridge.sublayers(layer, True) if isinstance(part, Guarded)]
    inside = [part for part in parts if part.weights or _lacks_weights(part)]
    if not isinstance(layer, Guarded) and not inside:
        return
    name, what, received = type(layer).__name__, f"{type(host).__name__} layer '{host.name}'", f"activation={layer!r}"
    if isinstance(layer, Guarded) and layer._changes_shape:
        raise ValueError(
            f"{name} changes the number of channels, so it cannot be the `activation` of {what}. "
            f"Add it as a layer of its own after '{host.name}'. Received: {received}"
        )
    # An Activation layer has nothing else to count or load: there Keras' own PReLU works too.
    alone = isinstance(host, keras.layers.Activation) and isinstance(layer, Guarded)
    if not alone and _lacks_weights(layer):
        lacks = "has weights per channel, which cannot be created"
        if not isinstance(layer, Guarded):
            lacks = f"with {type(inside[0]).__name__} in it is not built, and its weights cannot be created"
        raise ValueError(
            f"{name} {lacks} while it is the `activation` of {what}: they would be missing from "
            f"`count_params`, `load_weights` and the optimizer. Add it as a layer of its own after '{host.name}', "
            f"or, where the activation sits inside as in an LSTM, build it before: layer.build((None, units)). "
            f"Received: {received}"
        )
    hold(host, layer)


keras_bridge.watch_activation_arguments(_check_argument)


# Of layers without weights of their own; those inside are looked at themselves.
_BUILDS_NO_WEIGHTS = {cls.build for cls in (keras.Layer, keras.Model, keras.Sequential, keras.layers.TimeDistributed)}


def _lacks_weights(layer: keras.Layer) -> bool:
    parts = [layer, *keras_bridge.sublayers(layer, recursive=True)]
    return any(not part.built and type(part).build not in _BUILDS_NO_WEIGHTS for part in parts)


def _place_of(layer: keras.Layer) -> Any:
    return _places[layer]() if layer in _places else None


def _take_place(layer: keras.Layer, place: keras.Layer) -> None:
    """Refuse one instance as the activation of two layers, or of one and elsewhere in a model."""
    if _place_of(layer) not in (None, place):
        gc.collect()  # it may be a host that nobody has any more
    before = _place_of(layer)
    if before not in (None, place):
        names = ["the model itself" if each is layer else f"'{each.name}'" for each in (before, place)]
        raise ValueError(_twice(layer, f"{names[0]} and {names[1]} call it"))
    _places[layer] = weakref.ref(place)


def _twice(layer: keras.Layer, how: str) -> str:
    return (
        f"'{layer.name}' is used as `activation` and in a second place: {how}. They would share its weights, "
        f"and the saved model could not be loaded. Give each place a {type(layer).__name__} of its own."
    )


def warn_host_not_quantized(layer: keras.Layer) -> None:
    """Say so where `model.quantize` passes over a layer because its activation is a layer, which Keras does not."""
    host = _place_of(layer)
    if type(host) in (keras.layers.Dense, keras.layers.EinsumDense):
        warnings.warn(
            f"'{host.name}' is not quantized, because its activation is the layer '{layer.name}'. "
            f"Add {type(layer).__name__} as a layer of its own after '{host.name}'.",
            stacklevel=2,
        )
