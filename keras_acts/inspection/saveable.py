"""Which activations of a model will not come back from a file, found before training."""

import functools
import inspect
import json
import re
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.core import keras_bridge, resolve, spec

__all__ = ["Finding", "check_saveable"]

# Attributes of a layer that hold one: activation, recurrent_activation, act.
_ACTIVATION = re.compile(r"(^|_)act(ivation)?(_|$)")

_REGISTER = "register it with `@keras_acts.activation(...)` or `@keras.saving.register_keras_serializable(package=...)`"
_REGISTER_CLASS = "register it with `@keras.saving.register_keras_serializable(package=...)`"


@dataclass(frozen=True)
class Finding:
    """One activation that will not come back, why, and what to do."""

    layer: str
    attribute: str
    reason: str
    fix: str

    def __str__(self) -> str:
        return f"{self.layer}: `{self.attribute}` {self.reason}. {self.fix}."


def check_saveable(model: keras.Model) -> list[Finding]:
    """Name, before training, every activation of a model that will not come back when the model is saved and loaded.

    Each activation is really serialized and deserialized, and the result compared. Found are lambdas,
    `functools.partial`s, functions made inside other functions, `tf.function` objects, functions and objects that are
    not registered, and functions that Keras would silently replace by another one of the same name. What a layer of
    yours makes in its own code comes back with that code and is not reported; nor are layers as such.

    Args:
        model: a model, built or not.

    Returns:
        A list of findings with the fields `layer`, `attribute`, `reason` and `fix`, which print as one sentence. It is
        empty if all is well.

    Raises:
        TypeError: if `model` is not a Keras model.

    Example:
        >>> hidden = keras.layers.Dense(8, activation=lambda x: x * x, name="hidden")
        >>> for finding in keras_acts.check_saveable(keras.Sequential([hidden])):
        ...     print(finding.layer, finding.attribute, finding.reason)
        hidden activation is a lambda: a file holds its bytecode, which Keras does not load
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a keras.Model. Received: {model!r} of type {type(model).__name__}")
    findings = []
    for place in _places(model):
        verdict = _verdict(place)
        if verdict is not None and not _comes_back_with_code(place):
            findings.append(Finding("/".join(place.path) or model.name, place.attribute, *verdict))
    return findings


# ---- Where activations are ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    path: tuple[str, ...]
    attribute: str
    value: Any
    owner: keras.Layer | None  # outermost layer around it whose class is not Keras' own


def _places(outermost: keras.Layer) -> Iterator[_Place]:
    """Every activation in a layer and in what it contains, once each."""
    seen: set[int] = set()

    def walk(layer: keras.Layer, path: tuple[str, ...], owner: keras.Layer | None) -> Iterator[_Place]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        if owner is None and not _is_keras_own(type(layer)):
            owner = layer
        # Under torch, attributes that are layers live in `_modules`.
        for name, value in {**vars(layer), **vars(layer).get("_modules", {})}.items():
            is_function_of_lambda_layer = name == "function" and isinstance(layer, keras.layers.Lambda)
            if callable(value) and (_ACTIVATION.search(name) or is_function_of_lambda_layer):
                yield _Place(path, name, value, owner)
        for operation in getattr(layer, "operations", ()):
            if not isinstance(operation, keras.Layer):
                yield _Place((*path, operation.name), "operation", operation, owner)
        for sublayer in keras_bridge.sublayers(layer):
            yield from walk(sublayer, (*path, sublayer.name), owner)

    yield from walk(outermost, (), None)


def _is_keras_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "keras"


# ---- Whether they come back -----------------------------------------------------------------------------------------


def _verdict(place: _Place) -> tuple[str, str] | None:
    """Reason and fix, or None if the activation comes back as it is."""
    value = place.value
    if isinstance(value, keras.Operation):  # layers too: what is inside them is looked at by itself
        if not _is_known(type(value)):
            return _of_unregistered_class(value)
        fails = place.attribute != "operation" and _is_keras_own(type(value)) and not _keras_loads_layers()
        return _of_layer(value) if fails else None
    saved: Any = None
    back: Any = None
    in_lambda_layer = place.attribute == "function"
    save = keras.saving.serialize_keras_object if in_lambda_layer else keras.activations.serialize
    load = keras.saving.deserialize_keras_object if in_lambda_layer else keras.activations.get
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own about lambdas; ours says more
        try:
            saved = _through_json(save(value))
            back = load(saved)
            same = _is_same(back, value) and _through_json(save(back)) == saved
        except Exception:  # whatever a user's get_config or from_config raises
            same = False
    return None if same else _explanation(value, saved, back)


@functools.cache
def _keras_loads_layers() -> bool:
    """Whether this Keras loads a layer of its own given as `activation=`; versions before 3.10 do not."""
    try:
        keras.activations.get(keras.activations.serialize(keras.layers.ReLU()))
    except ValueError:
        return False
    return True


def _through_json(config: Any) -> Any:
    return json.loads(json.dumps(config))


def _is_known(cls: type) -> bool:
    return _is_keras_own(cls) or keras.saving.get_registered_object(keras.saving.get_registered_name(cls)) is cls


def _is_same(back: Any, value: Any) -> bool:
    if isinstance(value, types.FunctionType):
        return isinstance(back, types.FunctionType) and (
            keras_bridge.without_override(back) is keras_bridge.without_override(value)
        )
    return type(back) is type(value) and not _lost(back, value)


def _lost(back: Any, value: Any) -> list[str]:
    """Public attributes that came back wrong: plain ones with another value, and others as a dict."""
    before, after = getattr(value, "__dict__", {}), getattr(back, "__dict__", {})

    def differs(name: str) -> bool:
        one, other = before[name], after.get(name)
        if isinstance(one, (bool, int, float, str)):
            return bool(one != other)
        return isinstance(other, dict) and not isinstance(one, dict)  # so Keras writes arrays and tensors

    return [name for name in before if name[0] != "_" and name != "name" and differs(name)]


def _comes_back_with_code(place: _Place) -> bool:
    """True if the layer of yours around it makes the same activation again when it is itself loaded."""
    if place.owner is None:
        return False
    layers = [place.owner, *keras_bridge.sublayers(place.owner, recursive=True)]
    classes = {type(layer).__name__: type(layer) for layer in layers if not _is_keras_own(type(layer))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            config = _through_json(keras.saving.serialize_keras_object(place.owner))
            clone = keras.saving.deserialize_keras_object(config, custom_objects=classes)
            return any(_is_made_alike(other.value, place.value) for other in _places(clone))
        except Exception:  # the layer does not come back at all, or holds what cannot be compared
            return False


def _is_made_alike(one: Any, other: Any) -> bool:
    """True if both are the same object, or come from the same code with the same values in it."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, types.FunctionType):
        values = [inspect.getclosurevars(f).nonlocals for f in (one, other)]
        return one.__code__ is other.__code__ and one.__defaults__ == other.__defaults__ and values[0] == values[1]
    if isinstance(one, functools.partial):
        return _is_made_alike(one.func, other.func) and (one.args, one.keywords) == (other.args, other.keywords)
    return not _lost(one, other)


# ---- Why not, and what to do ----------------------------------------------------------------------------------------


def _explanation(value: Any, saved: Any, back: Any) -> tuple[str, str]:
    if isinstance(value, functools.partial):
        return "is a functools.partial, which Keras cannot save", _fix_of_partial(value)
    if isinstance(value, types.MethodType):
        return "is a method, which Keras cannot save", f"Write it as a function at module level and {_REGISTER}"
    if hasattr(value, "python_function"):
        return (
            "is a tf.function object, which Keras cannot load",
            f"Pass the plain Python function (Keras compiles the whole model anyway) and {_REGISTER}",
        )
    if not isinstance(value, types.FunctionType):
        return _of_object(value, back)
    if value.__name__ == "<lambda>":
        return (
            "is a lambda: a file holds its bytecode, which Keras does not load",
            f"Write it as a function with a name at module level and {_REGISTER}",
        )
    return _of_function(value, saved, back)


def _of_function(function: types.FunctionType, saved: Any, back: Any) -> tuple[str, str]:
    name = function.__name__
    if isinstance(saved, str) and callable(back):
        return (
            f"is a function of {function.__module__} named like Keras' built-in '{name}', which Keras silently puts in "
            "its place when the model is loaded",
            f"If the built-in is meant, pass the string '{name}'; else {_REGISTER}",
        )
    if callable(back):
        whose = f"{getattr(back, '__module__', type(back).__module__)}.{getattr(back, '__name__', back)}"
        return (
            f"is a function '{name}' that Keras would silently replace by another of that name, {whose}, "
            "when the model is loaded",
            f"Give it a name of its own and {_REGISTER}",
        )
    if "<locals>" in function.__qualname__:
        held = ", ".join(inspect.getclosurevars(function).nonlocals)
        values = f" and not what it holds ({held})" if held else ""
        return (
            f"is a function made inside another one; Keras saves only its name '{name}'{values}",
            "Write it at module level with its values as parameters, decorate it with `@keras_acts.activation(...)`, "
            f"and bind them: keras_acts.get('{name}', ...)",
        )
    return (
        f"is a function that is not registered; Keras saves only its name '{name}'",
        f"Keep it at module level and {_REGISTER}",
    )


def _of_object(value: Any, back: Any) -> tuple[str, str]:
    cls = type(value)
    if not hasattr(value, "get_config"):
        return (
            f"is an object of the class {cls.__name__}, which has no get_config",
            f"Give the class `get_config` and {_REGISTER_CLASS}",
        )
    if not _is_known(cls):
        return _of_unregistered_class(value)
    lost = _lost(back, value) if type(back) is cls else []
    result = f"give it back without its {', '.join(lost)}" if lost else "do not give it back as it is"
    return (
        f"is an object of the class {cls.__name__} whose get_config and from_config {result}",
        "Let get_config hold every argument of the class as a plain number or string",
    )


def _of_unregistered_class(value: Any) -> tuple[str, str]:
    reason = f"is an object of the class {type(value).__name__}, which is not registered"
    return reason, f"Give the class `get_config` and {_REGISTER_CLASS}"


def _of_layer(value: Any) -> tuple[str, str]:
    return (
        f"is a layer ({type(value).__name__}), which Keras {keras.__version__} saves as activation but cannot load",
        "Put the layer behind this one, or use a newer Keras",
    )


def _fix_of_partial(value: functools.partial[Any]) -> str:
    declaration, _ = resolve.declaration_of(value.func)
    if declaration is not None and not value.args:
        return f"Use keras_acts.get({spec.format(declaration.name, value.keywords)!r})"
    return (
        "Declare the function with `@keras_acts.activation(...)` and bind the values with keras_acts.get(name, ...), "
        "or write a class with `__call__` and `get_config` and register it"
    )
