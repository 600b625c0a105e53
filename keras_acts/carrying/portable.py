"""A model as layers and operations of Keras alone, which loads where keras_acts is not installed."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_acts.carrying import samples
from keras_acts.core import form, keras_bridge, resolve, spec
from keras_acts.core.activation import ActivationOperation
from keras_acts.layers.as_activation_argument import Guarded
from keras_acts.layers.fused_dense import FusedDense

__all__ = ["to_portable"]

# Layers of Keras that apply their activation last.
_ACTIVATION_LAST = (
    keras.layers.Activation,
    keras.layers.Dense,
    keras.layers.EinsumDense,
    *(
        getattr(keras.layers, name)
        for name in dir(keras.layers)
        if name.startswith(("Conv", "DepthwiseConv", "SeparableConv")) and name[-1] in "DTe" and "LSTM" not in name
    ),
)


def to_portable(model: keras.Model) -> keras.Model:
    """A model of Keras' own layers and operations alone, with the same predictions.

    It is for saving: its file loads and predicts where keras_acts is not installed, with Keras 3.10 or newer. Each
    activation and layer of keras_acts becomes a small model of operations, under the name of the layer, in the portable
    form (docs/ship-it.md). The weights of layers of keras_acts are constants there, those of Keras' layers weights as
    before. Layers that are random in training do in it what they do in inference. The model itself stays as it is.

    Args:
        model: a Sequential or Functional model, built, with models inside of it and layers shared as may be.

    Raises:
        TypeError: if `model` is no Keras model.
        ValueError: if it is not built, has a `call` of its own, or holds an activation that cannot become operations,
            such as one inside of an LSTM's loop over time; all of those are named.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="snake")])
        >>> portable = keras_acts.to_portable(model)
        >>> [type(layer).__name__ for layer in portable.layers]
        ['Dense', 'Functional']
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a keras.Model. Received: {model!r} of type {type(model).__name__}")
    samples.require_built(model)
    if samples.declared_inputs(model) is None:
        raise ValueError(
            f"'{model.name}' is of a class with a `call` of its own, {type(model).__name__}, of which Keras knows no "
            "operations. Make it Sequential or Functional; or use `keras_acts.export`, whose files need no class."
        )
    rewriting = _Rewriting()
    portable = rewriting.model(model)
    if rewriting.refused:
        raise ValueError(
            f"'{model.name}' cannot become operations of Keras alone, because of {'; '.join(rewriting.refused)}. "
            "`keras_acts.export` takes such models: its files need neither Keras nor keras_acts."
        )
    for new, old in rewriting.copies:
        new.set_weights(old.get_weights()[: len(new.weights)])  # the rest is of an activation inside
    inputs = samples.drawn(model)
    pairs = zip(*(keras.tree.flatten(each(inputs, training=False)) for each in (model, portable)), strict=True)
    for number, arrays in enumerate(pairs):
        expected, got = (keras.ops.convert_to_numpy(array).astype("float64") for array in arrays)
        if not np.allclose(got, expected, rtol=1e-2, atol=1e-2 * np.max(np.abs(expected), initial=0), equal_nan=True):
            raise ValueError(
                f"Output {number} of '{model.name}' would be off by {np.nanmax(np.abs(got - expected)):.2g}, so some "
                "layer of it computes otherwise than its config says. `keras_acts.export` takes such models."
            )
    return portable


class _Rewriting:
    """A model in the making: what has become of each layer, and what has stood in the way."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.copies: list[tuple[keras.Layer, keras.Layer]] = []
        self._made: dict[tuple[Any, ...], Any] = {}
        self._kept_alive: list[Any] = []  # what is in `_made` by its id

    def _once(self, key: tuple[Any, ...], owner: Any, make: Callable[[], Any]) -> Any:
        """What is shared stays shared."""
        key = (id(owner), *key)
        if key not in self._made:
            self._kept_alive.append(owner)
            self._made[key] = make()
        return self._made[key]

    def model(self, model: keras.Model) -> keras.Model:
        """A Sequential or Functional model, rewritten; another one if nothing of ours is in it."""
        if isinstance(model, keras.Sequential):
            return self._once((), model, lambda: self._sequential(model))
        if getattr(model, "operations", None):
            return self._once((), model, lambda: self._functional(model))
        return self._kept(model)

    def _functional(self, model: keras.Model) -> keras.Model:
        graph = keras.Model(model.input, model.output)  # neither compiled nor of a class of the user's
        clone = keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=self._call)
        return keras.Model(clone.input, clone.output, name=model.name)

    def _sequential(self, model: keras.Sequential) -> keras.Sequential:
        declared = model.inputs[0]
        x = keras.Input(batch_shape=declared.shape, dtype=declared.dtype, name=declared.name)
        parts = [keras.layers.InputLayer(batch_shape=x.shape, dtype=x.dtype, name=x.name)]
        for layer in model.layers:
            for part in self._parts(layer, x):
                parts.append(part)
                x = part(x)
        return keras.Sequential(parts, name=model.name)

    def _call(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """An operation of a Functional model on symbolic tensors."""
        if isinstance(operation, ActivationOperation):
            return self._native(operation, operation.name, args[0])(args[0])
        if not isinstance(operation, keras.Layer):
            return operation(*args, **kwargs)
        first, *rest = self._parts(operation, keras.tree.flatten((args, kwargs))[0])
        y = first(*args, **kwargs)
        for part in rest:
            y = part(y)
        return y

    def _parts(self, layer: keras.Layer, x: Any) -> list[keras.Layer]:
        """Layers of Keras that do, one after the other, what `layer` does to x."""
        if keras_bridge.mask_of(x) is not None and _holders(layer):
            self._refuse(layer, "a mask passes: operations of Keras hand none on")
        if isinstance(layer, FusedDense) and layer.quantization_mode is None and not layer.lora_enabled:
            dense = self._once((), layer, lambda: _dense_like(layer))
            self.copies.append((dense, layer))
            return [dense, self._native(layer.unit, f"{layer.name}_unit", _after(dense, x))]
        if _is_layer_of_ours(layer):
            return [self._native(layer, layer.name, x)]
        if isinstance(layer, keras.Model):
            return [self.model(layer)]
        if isinstance(layer, keras.layers.TimeDistributed):
            return self._each_step(layer, x)
        activation = vars(layer).get("activation")
        if isinstance(layer, _ACTIVATION_LAST) and _is_ours(activation):
            if isinstance(layer, keras.layers.Activation):
                return [self._native(activation, layer.name, x, layer.compute_dtype)]
            host = self._kept(layer, activation="linear")
            name = f"{layer.name}_{spec.slug(activation)}"
            return [host, self._native(activation, name, _after(layer, x))]
        if holders := _holders(layer):
            self._refuse(layer, f"holds {', '.join(holders)}, where Keras has no operations for it")
        return [self._kept(layer)]

    def _each_step(self, layer: keras.layers.TimeDistributed, x: Any) -> list[keras.Layer]:
        """The parts of the layer inside, each of them at every step."""
        steps: list[keras.Layer] = []
        sample = keras.KerasTensor((x.shape[0], *x.shape[2:]), x.dtype)
        for part in self._parts(layer.layer, sample):
            name = f"{layer.name}_{part.name}" if steps else layer.name
            make = functools.partial(keras.layers.TimeDistributed, part, name=name, dtype=layer.dtype_policy)
            steps.append(self._once(("each step",), part, make))
        return steps

    def _refuse(self, layer: Any, reason: str) -> None:
        found = f"{layer.name!r} ({type(layer).__name__}), which {reason}"
        if found not in self.refused:
            self.refused.append(found)

    def _kept(self, layer: keras.Layer, **changes: Any) -> keras.Layer:
        """A layer of Keras or of the user's, anew."""

        def make() -> keras.Layer:
            # As a whole, not by from_config alone, for what Keras writes beside the config.
            copy = _native_class(layer).from_config({**_without_ours(layer.get_config()), **changes})
            self.copies.append((copy, layer))
            return copy

        return self._once((), layer, make)

    def _native(self, subject: Any, name: str, x: Any, dtype: str | None = None) -> keras.Layer:
        """What an activation, layer or operation of ours does to a tensor like x, as a model of operations."""
        return self._once(
            (name, tuple(x.shape), x.dtype), subject, lambda: self._model_of_operations(subject, name, x, dtype)
        )

    def _model_of_operations(self, subject: Any, name: str, x: Any, dtype: str | None) -> keras.Layer:
        weights: list[tuple[keras.KerasTensor, Any]] = []
        try:
            inputs = keras.Input(batch_shape=x.shape, dtype=x.dtype)
            with form.portable():
                outputs = self._symbolic(subject, weights, dtype)(inputs)
            if outputs is inputs:
                return keras.layers.Identity(name=name, dtype=x.dtype)
            # With the weights as inputs at first, so that what is computed from them alone becomes a constant too.
            traced = keras.Function([inputs, *(stand_in for stand_in, _ in weights)], outputs)
            again = keras.Input(batch_shape=x.shape, dtype=x.dtype)
            return keras.Model(again, traced.call([again, *(value for _, value in weights)]), name=name)
        except Exception as error:  # whatever Keras makes of operations that it cannot trace
            said = " ".join(str(error).split())[:200]
            self.refused.append(f"{name!r} ({type(subject).__name__}), which cannot be traced: {said}")
            return keras.layers.Identity()

    def _symbolic(self, subject: Any, weights: list[Any], dtype: str | None = None) -> Callable[[Any], Any]:
        """`subject` as a function of a symbolic tensor, with symbolic tensors in place of its weights."""
        if isinstance(subject, ActivationOperation):
            return lambda x: subject.declaration(x, subject.params)
        if not isinstance(subject, keras.Layer):
            return lambda x: subject(x if dtype is None else keras.ops.cast(x, dtype))
        if not _is_layer_of_ours(subject):
            return self.model(subject) if isinstance(subject, keras.Model) else self._kept(subject)
        bare = object.__new__(type(subject))
        bare.__dict__.update(vars(subject))
        for name, value in {**vars(subject), **vars(subject).get("_modules", {})}.items():
            if isinstance(value, keras.Variable):
                bare.__dict__[name] = keras.Input(batch_shape=value.shape, dtype=value.dtype)
                weights.append((bare.__dict__[name], value.value))
            elif isinstance(value, keras.Layer):
                bare.__dict__[name] = self._symbolic(value, weights)
        own = subject.compute_dtype
        return lambda x: bare.call(keras.ops.cast(x, own) if subject.autocast and x.dtype != own else x)


def _after(layer: keras.Layer, x: Any) -> Any:
    return keras.KerasTensor(layer.compute_output_shape(x.shape), layer.compute_dtype)


def _dense_like(layer: FusedDense) -> keras.layers.Dense:
    return keras.layers.Dense(layer.units, use_bias=layer.use_bias, name=layer.name, dtype=layer.dtype_policy)


def _native_class(layer: keras.Layer) -> Any:
    """The class of a layer, or, of our own variants of Keras' layers, Keras'."""
    ours = type(layer).__module__.startswith("keras_acts.")
    return next(c for c in type(layer).__mro__ if c.__module__.startswith("keras.")) if ours else type(layer)


def _is_layer_of_ours(thing: Any) -> bool:
    return isinstance(thing, Guarded)


def _is_ours(thing: Any) -> bool:
    return _is_layer_of_ours(thing) or (callable(thing) and resolve.declaration_of(thing)[0] is not None)


def _holders(layer: keras.Layer) -> list[str]:
    """What of ours a layer holds, itself or in layers inside of it."""
    parts = [layer, *keras_bridge.sublayers(layer, recursive=True)]
    held = [value for part in parts for value in (part, *vars(part).values()) if _is_ours(value)]
    return list(dict.fromkeys(f"'{getattr(value, '__name__', type(value).__name__)}'" for value in held))


def _without_ours(config: Any) -> Any:
    """A config without initializers, regularizers and constraints of ours, which predictions do not need."""
    if isinstance(config, dict):
        if str(config.get("registered_name")).startswith("keras_acts>"):
            is_start = issubclass(keras.saving.get_registered_object(config["registered_name"]), keras.Initializer)
            return "zeros" if is_start else None
        return {key: _without_ours(value) for key, value in config.items()}
    return config
