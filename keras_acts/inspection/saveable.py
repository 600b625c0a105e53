"""Which activations of a model will not come back from a file, found before training."""

import contextlib
import functools
import itertools
import json
import random
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from keras_acts.core import keras_bridge, resolve, spec
from keras_acts.core.params import constructor_arguments
from keras_acts.inspection.findings import Finding

__all__ = ["check_saveable"]

_PLAIN = (bool, int, float, str)


def check_saveable(model: keras.Model) -> list[Finding]:
    """Name, before training, every activation of a model that will not come back when the model is saved and loaded.

    The model is really saved to a `.keras` file in a temporary folder and loaded in safe mode. Then it is compared what
    each layer holds in any attribute, list or dict, and what both models give for drawn inputs, in inference and in
    training, with the same random numbers of Keras. A model that is not built yet, or takes random numbers from
    elsewhere, is judged by the former alone: by its activations, and by the texts and floats that its constructors
    take, as time stamps and the like are made anew in each object. What acts in gradients alone is not seen. Whatever
    makes the file unloadable is a finding too. Model, random seeds and Keras' registry stay as they are.

    An unregistered class of a layer or model of yours is not a finding: Keras names it in plain words and
    `load_model(path, custom_objects=...)` mends it, so the check loads with these classes given. What they make in
    their own code comes back with that code. Optimizer, loss and metrics are left out.

    Args:
        model: a model, built or not, compiled or not.

    Returns:
        Findings with `layer`, `attribute`, `reason` and `fix`, each printed as one sentence; none if all is well.

    Raises:
        TypeError: if `model` is not a Keras model.

    Example:
        >>> hidden = keras.layers.Dense(8, activation=lambda x: x * x, name="hidden")
        >>> for finding in keras_acts.check_saveable(keras.Sequential([hidden])):
        ...     print(finding.layer, finding.attribute, finding.reason)
        hidden activation is a lambda that is not registered: Keras loads at most its name
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a keras.Model. Received: {model!r} of type {type(model).__name__}")
    with keras.saving.custom_object_scope({}) as scope:
        known = {**scope.backup, **_unregistered(model)}  # with the objects of the scope around this call
    policy, seed, numpy_seed = keras.config.dtype_policy(), random.getstate(), np.random.get_state()

    def in_thread() -> list[Finding]:
        keras.config.set_dtype_policy(policy)
        with keras.saving.custom_object_scope(known), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras' own about lambdas and unbuilt models; ours says more
            keras.random.uniform(())  # makes the generator of this thread, which a stateless scope could not
            return list(dict.fromkeys(_judged(model, "", {})))

    try:
        # Keras keeps its scopes, the counters behind automatic names, the global seed and the switch that lets bytecode
        # be loaded for each thread. So a thread of its own leaves all of them alone, and is in safe mode.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(in_thread).result()
    finally:
        random.setstate(seed)
        np.random.set_state(numpy_seed)


def _judged(layer: keras.Layer, path: str, done: dict[int, list[Finding]]) -> list[Finding]:
    """What does not come back of a layer or model that is saved and loaded by itself."""
    if id(layer) not in done:
        try:
            back = _loaded(layer)
        except Exception as error:  # whatever a user's get_config or constructor raises
            done[id(layer)] = _culprits(layer, path, done, error)
        else:
            same = _same_outputs(layer, back)
            found = _differences(layer, back, path, "", same)
            if same is None and found:  # what another loading gives otherwise is made anew each time, and so no loss
                again = _differences(layer, _loaded(layer), path, "", same)
                found = [each for each in found if each in again]
            elif same is False:
                found = found or _differences(layer, back, path, "", same, False)
            doubled = len(keras_bridge.sublayers(layer, True)) < len(keras_bridge.sublayers(back, True))
            if not found and (doubled or same is False):
                reason = "become others, once trained at the latest, though its layers hold the same"
                found = [Finding(path or layer.name, "outputs", reason, _FIX_PLACES)]
            done[id(layer)] = found
    return done[id(layer)]


def _culprits(layer: keras.Layer, path: str, done: dict[int, list[Finding]], error: Exception) -> list[Finding]:
    """What in a layer makes saving or loading fail: what it holds, the layers inside it, or else the layer itself."""
    found, name = [], path or layer.name
    # With NotImplementedError Keras says that the class must have a get_config.
    if keras_bridge.is_keras_own(layer) or not isinstance(error, NotImplementedError):
        for attribute, value in _held(layer):
            if why := _refusal(value):
                found.append(Finding(name, attribute, *(_declared_again(value) or why)))
                done[id(value)] = []
        for sublayer in keras_bridge.sublayers(layer):
            found += _judged(sublayer, f"{path}/{sublayer.name}".lstrip("/"), done)
    said = " ".join(str(error).rsplit("Exception encountered: ", 1)[-1].split())[:200]
    fix = _FIX_PLACES if keras_bridge.is_keras_own(layer) else _FIX_CLASS
    why = _declared_again(layer) or (f"{type(layer).__name__} does not come back: {said}", fix)
    return found or [Finding(name, "class", *why)]


def _loaded(value: Any) -> Any:
    if not isinstance(value, keras.Model):
        config = json.dumps(keras.saving.serialize_keras_object(value))
        return keras.saving.deserialize_keras_object(json.loads(config))
    bare = object.__new__(type(value))  # the same model without what an optimizer or a loss would add to the file
    bare.__dict__.update(vars(value), compiled=False, optimizer=None)
    with tempfile.TemporaryDirectory() as folder:
        bare.save(f"{folder}/model.keras")
        return keras.models.load_model(f"{folder}/model.keras", compile=False)


def _unregistered(model: keras.Model) -> dict[str, type]:
    """Unregistered classes of the layers, but for those that a layer of Keras' is handed as an activation."""
    layers = [model, *keras_bridge.sublayers(model, recursive=True)]
    handed = {id(value) for layer in layers for _, value in _held(layer)}
    return {type(layer).__name__: type(layer) for layer in layers if id(layer) not in handed and not _is_known(layer)}


def has_own_code(model: keras.Model) -> bool:
    """Whether any layer or function in a model is neither Keras' nor ours: only then do files lose something."""
    layers = [model, *keras_bridge.sublayers(model, recursive=True)]
    held = (value for layer in layers for _, value in _held(layer) if callable(value))
    foreign = any(_module(each) not in ("keras", "keras_acts") for each in itertools.chain(map(type, layers), held))
    functions = (each for layer in layers for _, each in _held(layer) if isinstance(each, types.FunctionType))
    return foreign or any(
        _module(each) == "keras" and not keras_bridge.is_activation_function(each) for each in functions
    )


def _module(value: Any) -> str:
    return str(getattr(value, "__module__", None) or type(value).__module__).partition(".")[0]


def _is_known(value: Any) -> bool:
    name = keras.saving.get_registered_name(type(value))
    return keras_bridge.is_keras_own(value) or keras.saving.get_registered_object(name) is not None


# ---- What a layer holds, and whether it is the same -----------------------------------------------------------------


def _held(layer: keras.Layer) -> Iterator[tuple[str, Any]]:
    """What may be an activation or a parameter of one, under its attribute. Layers only where they are activations."""
    yield "class", type(layer).__qualname__
    for name, value in {**vars(layer), **vars(layer).get("_modules", {})}.items():  # torch keeps layers in `_modules`
        if name in _of_every_model() or (keras_bridge.is_keras_own(layer) and name[0] == "_"):
            continue
        holds_layers = keras_bridge.is_keras_own(layer) and "activation" in name
        for keys, item in keras.tree.flatten_with_path(value):
            fits = holds_layers or not isinstance(item, (keras.Layer, keras.Initializer))
            if fits and (callable(item) or isinstance(item, _PLAIN)):
                yield "".join([name, *(f"[{key!r}]" for key in keys)]), item
    for operation in getattr(layer, "operations", ()):
        if not isinstance(operation, keras.Layer):
            yield f"operation {operation.name}", operation


@functools.cache
def _of_every_model() -> frozenset[str]:
    """The attributes of a model of Keras', and that which torch adds once there are weights."""
    return frozenset([*vars(keras.Model(name="any")), "_torch_params"])  # a name, lest it take an automatic one


def _is_argument(holder: Any, attribute: str, loaded: Any) -> bool:
    """Whether a value is an argument of a constructor, by its name or as the loaded one is at a default."""
    defaults = {n: repr(a.default) for cls in type(holder).__mro__ for n, a in constructor_arguments(cls).items()}
    at_default = repr(loaded) in {*defaults.values()} - {"''", "0.0", "None"}  # where a counter begins
    return at_default or attribute.lstrip("_").partition("[")[0] in {*defaults, "class"}


def _differences(
    layer: keras.Layer, back: keras.Layer, path: str, owner: str, same: bool | None, arguments: bool = True
) -> list[Finding]:
    """What a layer holds and the loaded one does not, knowing whether the outputs are the same.

    Of plain values those that are `arguments` only, unless that is False.
    """
    found, others = [], dict(_held(back))
    owner = owner or ("" if keras_bridge.is_keras_own(layer) else type(layer).__name__)
    for attribute, value in _held(layer):
        other = others.get(attribute)
        if callable(value):
            differs = callable(other) and not _alike(value, other)
        else:  # a plain value counts if it shows, or, where that cannot be seen, unless it may be a counter or a switch
            counts = same is False or (same is None and not isinstance(value, int))
            differs = counts and type(other) is type(value) and repr(other) != repr(value)  # NaN too is itself
            differs = differs and (not arguments or _is_argument(layer, attribute, other))
        if differs:
            found.append(Finding(path or layer.name, attribute, *_of_changed(value, other, owner)))
    if (found or same is False) and (why := _declared_again(layer)):
        found = [Finding(path or layer.name, "class", *why)]
    inside, inside_back = keras_bridge.sublayers(layer), keras_bridge.sublayers(back)
    for one, other in zip(inside, inside_back, strict=True) if len(inside) == len(inside_back) else ():
        found += _differences(one, other, f"{path}/{one.name}".lstrip("/"), owner, same, arguments)
    return found


def _alike(one: Any, other: Any) -> bool:
    """Whether two activations give the same, on numbers of all sizes."""
    if isinstance(one, (keras.Layer, types.MethodType)):  # compared by what they hold; made by the code
        return type(one) is type(other)
    same = one is other or _same(one, other, _draw((8, 32), "float32"))
    return type(one) is type(other) and _state(one) == _state(other) if same is None else same


def _state(thing: Any) -> dict[str, Any]:
    state = {name: v for name, v in getattr(thing, "__dict__", {}).items() if _is_argument(thing, name, v)}
    return {name: repr(v) if isinstance(v, _PLAIN) else type(v) for name, v in state.items()}


def _same_outputs(model: keras.Layer, back: keras.Layer) -> bool | None:
    """Whether two models give the same for drawn inputs, or None if that cannot be seen."""
    layers = [model, *keras_bridge.sublayers(model, recursive=True)]
    if isinstance(model, keras.Model) and all(layer.built for layer in layers):  # a call would build it
        eps = 0.1 if any("16" in layer.compute_dtype for layer in layers) else 1e-3
        for dtype in ("float32", "int32"):  # of a model of the user's own class at most the shapes are known
            draw = functools.partial(_draw, dtype=dtype)
            with contextlib.suppress(Exception):
                if hasattr(model, "inputs"):
                    x = [_draw(tensor.shape, tensor.dtype) for tensor in model.inputs]
                else:
                    x = keras.tree.map_shape_structure(draw, model.get_build_config()["input_shape"])
                found = {_same(model, back, x, eps, training) for training in (False, True)}
                if found != {None}:
                    return False not in found and (None if None in found else True)
    return None


def _same(one: Any, other: Any, x: Any, eps: float = 1e-4, training: bool | None = None) -> bool | None:
    """Whether two activations or models give the same, or None if the first cannot be called or is random."""

    def close(a: Any, b: Any) -> bool:
        largest = np.max(np.abs(a[np.isfinite(a)]), initial=1.0)
        return a.shape == b.shape and np.allclose(b, a, eps, 10 * eps**2 * largest, equal_nan=True)

    outputs, others = _outputs(one, x, training), _outputs(other, x, training)
    if outputs is None or not close(*outputs):
        return None
    return others is not None and close(outputs[0], others[0])


def _outputs(call: Callable[..., Any], x: Any, training: bool | None) -> list[Any] | None:
    """What an activation or model gives in two calls, or None. No variable, seed or attribute is another after it."""
    layers = [call, *keras_bridge.sublayers(call, recursive=True)] if isinstance(call, keras.Layer) else []
    before = [(vars(layer), dict(vars(layer))) for layer in layers]
    # Seeds that are drawn, where none is given, are others in the loaded model.
    seeds = [v for v in getattr(call, "variables", ()) if v.name == "seed_generator_state"]
    mode = {} if training is None else {"training": training}

    def once() -> Any:
        with contextlib.ExitStack() as stack:
            stack.enter_context(keras.StatelessScope([(seed, np.ones(2)) for seed in seeds]))
            if keras.backend.backend() == "torch":  # where Keras' dropout draws, whatever its seed
                import torch

                stack.enter_context(torch.random.fork_rng())
                torch.manual_seed(0)
            ys = keras.tree.flatten(call(keras.tree.map_structure(keras.ops.array, x), **mode))
            return np.concatenate([np.float64(keras.ops.convert_to_numpy(y)).ravel() for y in ys])

    try:
        return [once(), once()]
    except Exception:  # whatever a user's function raises
        return None
    finally:
        for attributes, values in before:
            attributes.clear()
            attributes.update(values)


def _draw(shape: Any, dtype: str) -> Any:
    numbers = np.random.default_rng(0)
    shape = (shape[0] or 3, *(size or 32 for size in shape[1:]))
    values = numbers.normal(size=shape) * 10 ** numbers.uniform(-2, 1.5, shape)
    return (values if "float" in dtype else values > 0).astype(dtype)


# ---- Why not, and what to do ----------------------------------------------------------------------------------------

_REGISTER = "register it with `@keras_acts.activation(...)` or `@keras.saving.register_keras_serializable(package=...)`"
_FIX_FUNCTION = f"Make it a plain function at module level, with parameters for what it holds, and {_REGISTER}"
_FIX_CLASS = (
    "Register the class with `@keras.saving.register_keras_serializable(package=...)` and let get_config return every "
    "argument of its constructor, activations as keras.activations.serialize(...); that of a layer takes **kwargs too"
)
_FIX_PLACES = "Put a layer with weights into one place only and not into an `activation`; else compare layer by layer"


def _of_changed(value: Any, other: Any, owner: str) -> tuple[str, str]:
    is_of_same_code = getattr(value, "__code__", 0) is getattr(other, "__code__", 1)
    old, new = (repr(v) if isinstance(v, _PLAIN) else getattr(v, "__name__", type(v).__name__) for v in (value, other))
    reason = f"is {old} and comes back as {new}: get_config of {owner or 'its layer'} does not hold it"
    return _declared_again(value) or (None if is_of_same_code else _refusal(value)) or (reason, _FIX_CLASS)


def _declared_again(value: Any) -> tuple[str, str] | None:
    """The reason and what to do, if the name in files of a function, or of the class of an object, has passed on."""
    declared = getattr(getattr(value, "declaration", None), "function", value)
    declared = declared if hasattr(declared, "__name__") else type(declared)
    name = keras.saving.get_registered_name(declared)
    if ">" not in name or keras.saving.get_registered_object(name) in (None, declared):
        return None
    reason = f"is an earlier {declared.__name__}: the name {name!r}, all that a file holds, was declared again since"
    return reason, "Make the model again, with the newer one, or give one of them a name of its own"


def _refusal(value: Any) -> tuple[str, str] | None:
    """Why an activation does not come back by itself and what to do, or None if it does."""
    if not callable(value) or (isinstance(value, keras.Operation) and _is_known(value)):
        return None
    back = None
    with contextlib.suppress(Exception):  # whatever a user's get_config or from_config raises
        back = _loaded(value)
        if _alike(value, back):
            return None
    name = getattr(value, "__name__", type(value).__name__)
    if not hasattr(value, "__name__") and not isinstance(value, functools.partial):
        lost = ", ".join(key for key, v in _state(value).items() if _state(back).get(key) != v) or "values"
        what = f"whose get_config and from_config lose its {lost}" if _is_known(value) else "which is not registered"
        return f"is an object of the class {name}, {what}", _FIX_CLASS
    if callable(back):
        other = f"{back.__module__}.{getattr(back, '__name__', type(back).__name__)}"
        reason = f"is a function of {value.__module__} that Keras silently replaces, in loading, by {other}"
        return reason, f"Give it a name of its own and {_REGISTER}; or pass the string {name!r} if that one is meant"
    kind = "tf.function" if hasattr(value, "python_function") else type(value).__name__
    kind = "lambda" if name == "<lambda>" else kind
    reason = f"is a {kind} that is not registered: Keras loads at most its name"
    if held := getattr(value, "keywords", None) or getattr(getattr(value, "__code__", None), "co_freevars", None):
        reason += f" and not what it holds ({', '.join(held)}), as keras_acts.get(name, ...) would"
    if isinstance(value, functools.partial) and not value.args and (ours := resolve.declaration_of(value.func)[0]):
        return reason, f"Use keras_acts.get({spec.format(ours.name, value.keywords)!r})"
    return reason, _FIX_FUNCTION
