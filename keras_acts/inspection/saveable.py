"""Which activations of a model will not come back from a file, found before training."""

import contextlib
import functools
import inspect
import json
import random
import tempfile
import textwrap
import types
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.core import keras_bridge, resolve, spec

__all__ = ["Finding", "check_saveable"]


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

    The model is really saved to a `.keras` file in a temporary folder and loaded in safe mode. Then it is compared what
    each layer holds in any attribute, list or dict, and what both models give for drawn inputs in inference mode.
    Whatever makes the file unloadable is a finding too. It costs two savings and loadings; model, random seeds and
    Keras' registry stay as they are.

    An unregistered class of a layer or model of yours is not a finding: Keras names it in plain words and
    `load_model(path, custom_objects=...)` mends it, so the check loads with these classes given. What they make in
    their own code comes back with that code. Optimizer, loss and metrics are left out. A model that is not built yet,
    or random in inference, is judged by what its layers hold and not by its outputs.

    Args:
        model: a model, built or not, compiled or not.

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
    with keras.saving.custom_object_scope({}) as scope:
        around = scope.backup  # the objects of the scope around this call
    policy, seed, numpy_seed = keras.config.dtype_policy(), random.getstate(), np.random.get_state()

    def in_thread() -> list[Finding]:
        keras.config.set_dtype_policy(policy)
        with keras.saving.custom_object_scope(around), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras' own about lambdas and unbuilt models; ours says more
            return list(dict.fromkeys(_judged(model)))

    try:
        # Keras keeps its scopes, the counters behind automatic names, the global seed and the switch that lets bytecode
        # be loaded for each thread. So a thread of its own leaves all of them alone, and is in safe mode.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(in_thread).result()
    finally:
        random.setstate(seed)
        np.random.set_state(numpy_seed)


# ---- Saving and loading ---------------------------------------------------------------------------------------------

Path = tuple[str, ...]


def _judged(model: keras.Model) -> list[Finding]:
    given = _unregistered(model)
    try:
        back = _loaded(model, given)
    except Exception as error:  # whatever a user's get_config or constructor raises
        return _culprits(model, (), given, {}, error)
    inside, inside_back = (keras_bridge.sublayers(whole, recursive=True) for whole in (model, back))
    x = _inputs(model, back)
    is_built = all(layer.built for layer in (model, *inside))
    same = _same(model, back, x, 1e-5) if is_built and x is not None else None  # a call would build it
    found = _differences(model, back, (), None, same)
    fix = "Put a layer with weights behind a layer and not into its `activation`, and into one place only"
    if len(inside) < len(inside_back) and not found:
        return [Finding(model.name, "layers", "are more after loading: one in two places becomes two", fix)]
    if found or x is None:
        return found
    if same is False:
        reason = "become others, though what its layers hold seems the same"
        return [Finding(model.name, "outputs", reason, "Compare what each layer gives before and after")]
    try:  # lost weights may go unseen while they are the first ones, so they get other values
        for weight in back.weights:
            if "float" in weight.dtype:
                weight.assign(weight + keras.ops.cast(0.1, weight.dtype))
        if _same(back, _loaded(back, given), x, 1e-5) is not False:
            return []
    except ValueError:  # Keras' "expected 1 variables, but received 0"
        pass
    return [Finding(model.name, "weights", "do not all come back once trained", fix)]


def _culprits(
    layer: keras.Layer, path: Path, given: dict[str, type], done: dict[int, list[Finding]], error: Exception
) -> list[Finding]:
    """What in a layer makes saving or loading fail: what it holds, the layers inside it, or else the layer itself."""
    found = {}
    # With NotImplementedError Keras says that the class must have a get_config.
    if _is_keras_own(layer) or not isinstance(error, NotImplementedError):
        for at, value in _held(layer):
            if why := _refusal(value):
                found[id(value)] = [_finding(layer, path, at, why)]
        for sublayer in keras_bridge.sublayers(layer):
            inside = (*path, sublayer.name)
            if id(sublayer) not in {**found, **done}:
                try:
                    done[id(sublayer)] = _differences(sublayer, _loaded(sublayer, given), inside, None, None)
                except Exception as its_error:
                    done[id(sublayer)] = _culprits(sublayer, inside, given, done, its_error)
            found.setdefault(id(sublayer), done.get(id(sublayer), []))
    said = textwrap.shorten(str(error).rsplit("Exception encountered: ", 1)[-1], 200)
    itself = _finding(
        layer, path, ("get_config",), (f"does not bring {type(layer).__name__} back: {said}", _FIX_CONFIG)
    )
    return [finding for findings in found.values() for finding in findings] or [itself]


def _loaded(layer: keras.Layer, given: dict[str, type]) -> keras.Layer:
    if not isinstance(layer, keras.Model):
        return keras.saving.deserialize_keras_object(_saved(layer), custom_objects=given)
    bare = object.__new__(type(layer))  # the same model without what an optimizer or a loss would add to the file
    bare.__dict__.update(vars(layer), compiled=False, optimizer=None)
    with tempfile.TemporaryDirectory() as folder:
        bare.save(f"{folder}/model.keras")
        return keras.models.load_model(f"{folder}/model.keras", custom_objects=given, compile=False)


def _saved(value: Any) -> Any:
    return json.loads(json.dumps(keras.saving.serialize_keras_object(value)))


def _unregistered(layer: keras.Layer) -> dict[str, type]:
    """Unregistered classes of the layers inside, but for those that a layer of Keras' is handed as an activation."""
    found = {} if _is_known(layer) else {type(layer).__name__: type(layer)}
    handed = [id(value) for _, value in _held(layer)]
    for sublayer in keras_bridge.sublayers(layer):
        found |= {} if id(sublayer) in handed else _unregistered(sublayer)
    return found


def _is_keras_own(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "keras"


def _is_known(value: Any) -> bool:
    name = keras.saving.get_registered_name(type(value))
    return _is_keras_own(value) or keras.saving.get_registered_object(name) is not None


# ---- What a layer holds, and whether it is the same -----------------------------------------------------------------


def _held(layer: keras.Layer) -> Iterator[tuple[Path, Any]]:
    """What may be an activation or a parameter of one, under its attribute. Layers only where they are activations."""

    def opened(name: str, value: Any) -> Iterator[tuple[Path, Any]]:
        if isinstance(value, (dict, list, tuple)):
            items = list(value.items() if isinstance(value, dict) else enumerate(value))
            for key, item in items if name.count("[") < 3 else ():
                yield from opened(f"{name}[{key!r}]", item)
        elif isinstance(value, keras.Layer):
            if _is_keras_own(layer) and "activation" in name:
                yield (name,), value
        elif isinstance(value, _PLAIN) or (callable(value) and not isinstance(value, keras.Initializer)):
            yield (name,), value

    for name, value in {**vars(layer), **vars(layer).get("_modules", {})}.items():  # torch keeps layers in `_modules`
        if name not in _of_every_model() and not (_is_keras_own(layer) and name[0] == "_"):
            yield from opened(name, value)
    for operation in getattr(layer, "operations", ()):
        if not isinstance(operation, keras.Layer):
            yield (operation.name, "operation"), operation


@functools.cache
def _of_every_model() -> frozenset[str]:
    return frozenset({*vars(keras.Model()), "history", "optimizer", "stop_training"})


def _differences(
    layer: keras.Layer, back: keras.Layer, path: Path, owner: keras.Layer | None, same: bool | None
) -> list[Finding]:
    """What a layer holds and the loaded one does not, knowing whether the outputs are the same."""
    found, others = [], dict(_held(back))
    owner = owner or (None if _is_keras_own(layer) else layer)
    for at, value in _held(layer):
        other = others.get(at)
        if callable(value):
            differs = callable(other) and not _alike(value, other)
        else:  # a plain value counts if it shows, or, where that cannot be seen, unless it may be a counter or a switch
            counts = same is False or (same is None and not isinstance(value, int))
            differs = counts and type(other) is type(value) and other != value
        if differs:
            found.append(_finding(layer, path, at, _of_changed(value, other, owner)))
    inside, inside_back = keras_bridge.sublayers(layer), keras_bridge.sublayers(back)
    for one, other in zip(inside, inside_back, strict=True) if len(inside) == len(inside_back) else ():
        if type(one).__qualname__ == type(other).__qualname__:
            found += _differences(one, other, (*path, one.name), owner, same)
        else:
            found.append(_finding(one, (*path, one.name), ("class",), _of_changed(one, other, owner)))
    return found


def _alike(one: Any, other: Any) -> bool:
    """Whether two activations give the same, on numbers of all sizes."""
    if one is other or isinstance(one, (keras.Layer, types.MethodType)):  # compared by what they hold; made by the code
        return type(one) is type(other)
    if isinstance(one, types.FunctionType) and keras_bridge.without_override(one) is other:
        return True
    same = _same(one, other, _draw((8, 32), "float32"), 0.0)
    return type(one) is type(other) and _state(one) == _state(other) if same is None else same


def _state(thing: Any) -> dict[str, Any]:
    return {name: v if isinstance(v, _PLAIN) else type(v) for name, v in getattr(thing, "__dict__", {}).items()}


def _same(one: Callable[..., Any], other: Callable[..., Any], x: Any, of_largest: float) -> bool | None:
    """Whether two activations or models give the same, or None if the first cannot be called or is random."""

    def close(a: Any, b: Any) -> bool:
        largest, eps = np.max(np.abs(a[np.isfinite(a)]), initial=0.0), 1e-2 if "16" in a.dtype.name else 1e-4
        a, b = a.astype("float64"), b.astype("float64")
        return a.shape == b.shape and np.allclose(b, a, eps, 1e-6 + of_largest * largest, equal_nan=True)

    try:
        first, again = _outputs(one, x)
        if not all(map(close, first, again)):
            return None
    except Exception:  # whatever a user's function raises
        return None
    try:
        return all(map(close, first, _outputs(other, x)[0]))
    except Exception:
        return False


def _outputs(call: Callable[..., Any], x: Any) -> list[list[Any]]:
    """What an activation or model gives in two calls; no variable, seed or attribute of a layer is another after it."""
    layers = [call, *keras_bridge.sublayers(call, recursive=True)] if isinstance(call, keras.Layer) else []
    held = [dict(vars(layer)) for layer in layers]
    with keras.StatelessScope():
        try:
            outputs = [keras.tree.flatten(call(keras.tree.map_structure(keras.ops.array, x))) for _ in range(2)]
            return [[keras.ops.convert_to_numpy(tensor) for tensor in tensors] for tensors in outputs]
        finally:
            for layer, values in zip(layers, held, strict=True):
                vars(layer).clear()
                vars(layer).update(values)


def _inputs(model: keras.Model, back: keras.Model) -> Any:
    """Numbers that the loaded model takes, or None if they cannot be found."""
    for dtype in ("float32", "int32"):  # of a model of the user's own class only the shapes are known
        with contextlib.suppress(Exception):
            inputs = model.inputs[0] if isinstance(model, keras.Sequential) else getattr(model, "input", None)
            if inputs is not None:
                x = keras.tree.map_structure(lambda tensor: _draw(tensor.shape, tensor.dtype), inputs)
            else:
                draw = functools.partial(_draw, dtype=dtype)
                x = keras.tree.map_shape_structure(draw, model.get_build_config()["input_shape"])
            back(keras.tree.map_structure(keras.ops.array, x))
            return x
    return None


def _draw(shape: Any, dtype: str) -> Any:
    numbers = np.random.default_rng(0)
    shape = (shape[0] or 3, *(size or 32 for size in shape[1:]))
    if "float" not in dtype:
        return numbers.integers(0, 2, shape).astype(dtype)
    return (numbers.normal(size=shape) * 10 ** numbers.uniform(-2, 2, shape)).astype(dtype)


# ---- Why not, and what to do ----------------------------------------------------------------------------------------

_PLAIN = (bool, int, float, str)
_REGISTER = "register it with `@keras_acts.activation(...)` or `@keras.saving.register_keras_serializable(package=...)`"
_FIX_CLASS = "Give the class `get_config` and register it with `@keras.saving.register_keras_serializable(package=...)`"
_FIX_CONFIG = (
    "Let get_config return every argument of the constructor, activations as keras.activations.serialize(...), and let "
    "the constructor take **kwargs and pass them on"
)


def _finding(layer: keras.Layer, path: Path, at: Path, why: tuple[str, str]) -> Finding:
    return Finding("/".join((*path, *at[:-1])) or layer.name, at[-1], *why)


def _of_changed(value: Any, other: Any, owner: keras.Layer | None) -> tuple[str, str]:
    is_of_same_code = owner is not None and getattr(value, "__code__", 0) is getattr(other, "__code__", 1)
    names = [getattr(v, "__name__", repr(v)) for v in (value, other)]
    whose = "its layer" if owner is None else type(owner).__name__
    reason = f"is {names[0]} and comes back as {names[1]}: get_config of {whose} does not hold it"
    return (None if is_of_same_code else _refusal(value)) or (reason, _FIX_CONFIG)


def _refusal(value: Any) -> tuple[str, str] | None:
    """Why an activation does not come back by itself and what to do, or None if it does."""
    if not callable(value) or (isinstance(value, keras.Operation) and _is_known(value)):
        return None
    back = None
    with contextlib.suppress(Exception):  # whatever a user's get_config or from_config raises
        back = keras.saving.deserialize_keras_object(_saved(value))
        if _alike(value, back):
            return None
    name = getattr(value, "__name__", type(value).__name__)
    if isinstance(value, functools.partial):
        return "is a functools.partial, which Keras cannot save", _fix_of_partial(value)
    if isinstance(value, types.MethodType):
        return "is a method, which Keras cannot save", f"Write it as a function at module level and {_REGISTER}"
    if hasattr(value, "python_function"):
        fix = f"Pass the plain Python function (Keras compiles the whole model anyway) and {_REGISTER}"
        return "is a tf.function object, which Keras cannot load", fix
    if not isinstance(value, types.FunctionType):
        if not hasattr(value, "get_config") or not _is_known(value):
            what = "is not registered" if hasattr(value, "get_config") else "has no get_config"
            return f"is an object of the class {name}, which {what}", _FIX_CLASS
        lost = [key for key, v in _state(value).items() if back is not None and _state(back).get(key) != v]
        result = f"give it back without its {', '.join(lost)}" if lost else "do not give it back as it is"
        reason = f"is an object of the class {name} whose get_config and from_config {result}"
        return reason, "Let get_config hold every argument of the class as a plain number or string"
    if name == "<lambda>":
        fix = f"Write it as a function with a name at module level and {_REGISTER}"
        return "is a lambda: a file holds its bytecode, which Keras does not load", fix
    if callable(back):
        other = f"{getattr(back, '__module__', type(back).__module__)}.{getattr(back, '__name__', back)}"
        reason = (
            f"is a function of {value.__module__} that Keras silently replaces, when the model is loaded, by {other}"
        )
        return reason, f"Give it a name of its own and {_REGISTER}; or pass the string {name!r} if that one is meant"
    if "<locals>" in value.__qualname__:
        held = ", ".join(inspect.getclosurevars(value).nonlocals)
        values = f" and not what it holds ({held})" if held else ""
        fix = "Write it at module level with its values as parameters, decorate it with `@keras_acts.activation(...)`, "
        reason = f"is a function made inside another one; Keras saves only its name {name!r}{values}"
        return reason, fix + f"and bind them: keras_acts.get({name!r}, ...)"
    reason = f"is a function that is not registered; Keras saves only its name {name!r}"
    return reason, f"Keep it at module level and {_REGISTER}"


def _fix_of_partial(value: functools.partial[Any]) -> str:
    declaration, _ = resolve.declaration_of(value.func)
    if declaration is not None and not value.args:
        return f"Use keras_acts.get({spec.format(declaration.name, value.keywords)!r})"
    fix = "Declare the function with `@keras_acts.activation(...)` and bind the values with keras_acts.get(name, ...), "
    return fix + "or write a class with `__call__` and `get_config` and register it"
