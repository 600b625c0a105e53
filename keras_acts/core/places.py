"""Where the activations of a model are, how each is spelled, and what goes in and out of them.

An activation is a function or layer in an attribute of a layer (`Dense(activation=...)`, the cell of an LSTM), a layer
of its own (`ReLU()`), or an operation of a Functional model (`keras.ops.relu(x)`). What a `call` does in its own code,
such as `return keras.ops.relu(x)`, is in no attribute and is not seen.
"""

import contextlib
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.core import keras_bridge, resolve, spec
from keras_acts.core.activation import ActivationOperation

__all__ = ["Place", "activations_of", "check_built", "chosen", "intercepted", "parts", "recorded"]

Tensor = Any


@dataclass(frozen=True)
class Place:
    """One activation in a model.

    Args:
        path: names of the layers from the outermost to that which holds it or is it, such as "encoder/dense_1".
        layer: that layer; for an operation of a Functional model, the operation.
        attribute: under which the layer holds it, such as "activation" or "recurrent_activation"; "" if it is it.
    """

    path: str
    layer: Any
    attribute: str

    @property
    def activation(self) -> Callable[..., Any]:
        """The function, or the layer or operation."""
        return getattr(self.layer, self.attribute) if self.attribute else self.layer

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer, in an attribute or of its own, and so may have weights."""
        return isinstance(self.activation, keras.Layer)

    @property
    def name(self) -> str:
        """How it is spelled: "relu", "elu(alpha=0.5)", also of Keras' layers for functions; "PReLU" of a layer."""
        return _spelled(self.activation)

    def __str__(self) -> str:
        return f"{self.path}: {self.attribute + '=' if self.attribute else ''}{self.name}"


def activations_of(model: keras.Layer) -> list[Place]:
    """Every activation of a model or layer, those of nested ones included, each once, in the order of the layers.

    Linear ones count as well. Layers that Keras' own layers keep for themselves, as MultiHeadAttention its projections,
    and layers inside of activation layers do not.

    Args:
        model: a model or layer, built or not.

    Raises:
        TypeError: if it is neither.

    Example:
        >>> for place in activations_of(keras.Sequential([keras.layers.Dense(8, "gelu", name="hidden")])):
        ...     print(place)
        hidden: activation=gelu
    """
    if not isinstance(model, keras.Layer):
        raise TypeError(
            f"`model` must be a keras.Model or keras.Layer. Received: {model!r} of type {type(model).__name__}"
        )
    return list(_walk(model, "", set()))


def _walk(layer: Any, path: str, seen: set[int]) -> Iterator[Place]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if is_activation(layer):
        yield Place(path or layer.name, layer, "")
    held = [name for name, value in _attributes(layer) if _holds_activation(layer, name, value)]
    for name in held:
        seen.add(id(getattr(layer, name)))
        yield Place(path or layer.name, layer, name)
    if not is_activation(layer):
        for _, part in parts(layer):
            yield from _walk(part, f"{path}/{part.name}".lstrip("/"), seen)


def is_activation(layer: Any) -> bool:
    """Whether a layer or operation is an activation: of Keras or of keras_acts; a user's own class is not guessed."""
    return keras_bridge.is_activation(layer) or hasattr(layer, "learnable_parameters")


def parts(layer: Any) -> list[tuple[str, Any]]:
    """The layers and operations directly inside of one, each under the key of `exchange`, which "" is in a model.

    Of a Sequential or Functional model those of its graph, of other layers what attributes hold, also in lists.
    """
    if isinstance(layer, keras.Sequential):
        return [("", part) for part in layer.layers]
    if keras_bridge.is_functional(layer):
        inputs = keras.layers.InputLayer
        return [("", part) for part in layer.operations if not isinstance(part, inputs)]
    found = []
    for name, value in _attributes(layer):
        several = isinstance(value, (list, tuple, dict))
        items = value.items() if isinstance(value, dict) else enumerate(value) if several else ()
        found += [(f"{name}[{key!r}]", item) for key, item in items if isinstance(item, keras.Layer)]
        if isinstance(value, keras.Layer):
            found.append((name, value))
    return found


def _attributes(layer: Any) -> list[tuple[str, Any]]:
    """What a layer holds under public names, and a user's own layer under any."""
    held = {**vars(layer), **vars(layer).get("_modules", {})}  # where torch keeps layers
    internal = {"_layers", "_modules", "_functional", "_metrics", "_losses"}
    keras_own = keras_bridge.is_keras_own(layer)
    return [(name, value) for name, value in held.items() if not (name[0] == "_" and (keras_own or name in internal))]


def _holds_activation(layer: Any, name: str, value: Any) -> bool:
    if not callable(value) or isinstance(value, type) or (isinstance(value, keras.Layer) and "activation" not in name):
        return False
    if not isinstance(layer, keras.Layer):  # an operation
        return False
    known = keras_bridge.is_activation_function(value) or resolve.declaration_of(value)[0] is not None
    return known or "activation" in name


# ---- How an activation is spelled ------------------------------------------------------------------------------------


def _spelled(activation: Any) -> str:
    kind = type(activation).__name__
    if not isinstance(activation, keras.Operation):
        return str(getattr(activation, "__name__", kind))
    if isinstance(activation, ActivationOperation):
        record, given = activation.declaration, activation.params
    else:
        name, given = _as_function(kind, vars(activation)) if keras_bridge.is_activation(activation) else (kind, {})
        record = resolve.find(name)
    if record is None:
        return kind
    given = {key: given[key] for key in record.params if given.get(key, record.defaults[key]) != record.defaults[key]}
    return spec.format(record.name, given) if given else record.name


def _as_function(kind: str, given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The name and parameters of the function that a class of Keras stands for; its own name if there is none."""
    if kind == "ReLU":
        slope, top, threshold = (given[name] for name in ("negative_slope", "max_value", "threshold"))
        by_bends = {(None, 0.0): "leaky_relu" if slope else "relu", (6.0, 0.0): kind if slope else "relu6"}
        return by_bends.get((top, threshold), kind), given
    names = {name.replace("_", ""): name for name in vars(keras.activations)}
    return names.get(kind.lower(), kind), given


# ---- Choosing some of them -------------------------------------------------------------------------------------------

Where = Callable[[Place], bool] | str | re.Pattern[str] | type | Sequence[Any] | None


def chosen(places: Iterable[Place], where: Where) -> list[Place]:
    """Those of the places that `where` fits.

    Args:
        places: as `activations_of` gives them.
        where: the name or path of a layer, or a regular expression that fits one of them as a whole; a class of layers;
            a function of a `Place`; a list of such, of which one must fit; None for all.

    Raises:
        TypeError: for anything else.
        ValueError: if it fits none.
    """
    places = list(places)
    found = places if where is None else [place for place in places if _fits(place, where)]
    if not found and where is not None:
        known = ", ".join(map(str, places[:10])) + (", ..." if len(places) > 10 else "")
        raise ValueError(f"`where` must fit an activation of the model: {known or 'it has none'}. Received: {where!r}")
    return found


def _fits(place: Place, where: Any) -> bool:
    if isinstance(where, (list, tuple, set, frozenset)):
        return any(_fits(place, each) for each in where)
    if isinstance(where, (str, re.Pattern)):
        name = place.path.rpartition("/")[2]
        return any(re.fullmatch(where, text) is not None for text in (place.path, name))
    if isinstance(where, type):
        return isinstance(place.layer, where)
    if callable(where):
        return bool(where(place))
    raise TypeError(
        "`where` must be a name, path or regular expression, a class of layers, a function of a place, or a list of "
        f"such. Received: {where!r}"
    )


# ---- What goes in and out --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def intercepted(
    model: keras.Layer, places: Iterable[Place], call: Callable[[Place, Callable[..., Tensor], Tensor], Tensor]
) -> Iterator[None]:
    """Inside, each of these activations of a model is applied as `call(place, activation, x)`, eagerly or in a trace.

    Recurrent layers are unrolled meanwhile, as nothing leaves a loop of a compiled function. What was compiled before,
    such as the train step of a model that was fitted, goes on as it was.
    """
    changed: list[tuple[dict[str, Any], str, Any]] = []

    def put(thing: Any, name: str, value: Any) -> None:  # past `setattr`, which tracks, and on torch refuses functions
        changed.append((vars(thing), name, vars(thing).get(name, changed)))
        vars(thing)[name] = value

    def caller(place: Place) -> Callable[..., Tensor]:
        function: Callable[..., Tensor] = place.activation if place.attribute else place.layer.call
        return lambda x, *args, **kwargs: call(place, functools.partial(_called, function, args, kwargs), x)

    try:
        for layer in [model, *keras_bridge.sublayers(model, recursive=True)]:
            if isinstance(layer, keras.layers.RNN):
                put(layer, "unroll", True)
        for place in places:
            put(place.layer, place.attribute or "call", caller(place))
        yield
    finally:
        for attributes, name, before in reversed(changed):
            if before is changed:
                del attributes[name]
            else:
                attributes[name] = before


def _called(function: Callable[..., Tensor], args: Any, kwargs: Any, x: Tensor) -> Tensor:
    return function(x, *args, **kwargs)


def recorded(model: keras.Model, x: Any, places: Iterable[Place]) -> dict[Place, list[tuple[Tensor, Tensor]]]:
    """What goes into and comes out of each activation for a batch, in inference: a pair for each call of it.

    Activations that are not called are left out; the others are in the order of their first call. No state of the model
    is another afterwards.

    Raises:
        ValueError: if the model is not built.
    """
    check_built(model)
    calls: dict[Place, list[tuple[Tensor, Tensor]]] = {}

    def record(place: Place, activation: Callable[..., Tensor], z: Tensor) -> Tensor:
        y = activation(z)
        calls.setdefault(place, []).append((z, y))
        return y

    with keras.StatelessScope(), intercepted(model, places, record):
        model(x, training=False)
    return calls


def check_built(model: keras.Layer) -> None:
    """Refuse a model without weights yet.

    Raises:
        ValueError: if it is not built.
    """
    if not model.built:
        raise ValueError(f"`model` must be built: give it a keras.Input, or call it once. Received: {model!r}")
