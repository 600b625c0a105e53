"""The checks that every layer must pass, and `check_layer`, which runs them on one.

Each check takes a `LayerSubject` and returns a list of findings, empty if all is well. What a check raises is a finding
too: see `findings_of`.
"""

import inspect
import json
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_acts import layers
from keras_acts.core import keras_bridge
from keras_acts.core.params import constructor_arguments
from keras_acts.layers.as_activation_argument import Guarded
from keras_acts.testing import evaluation

__all__ = ["CHECKS", "LayerSubject", "check_layer", "findings_of", "layer_subject"]

BATCH = 3
Findings = list[str]


def sample(shape: Sequence[int], seed: int = 0, batch: int = BATCH) -> np.ndarray:
    """A batch of normal numbers with standard deviation 2: both signs, none near 0, where many layers have a kink."""
    x = np.random.default_rng(seed).normal(size=(batch, *shape)) * 2.0
    return np.where(np.abs(x) < 0.05, 0.3, x)


@dataclass(frozen=True)
class LayerSubject:
    """A layer under test: how to make new ones, which takes arguments such as `dtype`, and the shape of one sample."""

    make: Callable[..., keras.Layer]
    shape: tuple[int, ...]

    def of_shape(self, shape: Sequence[int | None], **arguments: Any) -> keras.Layer:
        """A layer that is built for inputs of this shape."""
        layer = self.make(**arguments)
        if not layer.built:
            layer.build(shape)
        return layer

    def built(self, **arguments: Any) -> keras.Layer:
        """A built layer whose weights are no longer the initial ones."""
        layer = self.of_shape((None, *self.shape), **arguments)
        rng = np.random.default_rng(1)
        for weight in layer.weights:
            noise = rng.uniform(-1.0, 1.0, weight.shape)
            weight.assign(keras.ops.convert_to_numpy(weight) * (1.0 + 0.1 * noise) + 0.02 * noise)
        return layer

    def x(self, dtype: str = "float32") -> Any:
        """A batch of inputs."""
        return tf.cast(tf.constant(sample(self.shape)), dtype)

    def model(self, layer: keras.Layer, shape: Sequence[int | None] | None = None) -> keras.Model:
        """A model of this layer alone."""
        return keras.Sequential([keras.Input(self.shape if shape is None else shape), layer])


def layer_subject(layer: Any, shape: Sequence[int] = (6,)) -> LayerSubject:
    """The subject for a class, another callable that makes layers, a name or spec string, or a layer."""
    make = layer
    if isinstance(layer, str):
        make = partial(layers.get, layer)
    elif isinstance(layer, keras.Layer):
        make = partial(_copy, type(layer), layer.get_config())
    elif not callable(layer):
        raise TypeError(
            "check_layer takes a layer class, a callable that makes a layer, a name or spec string, or a layer. "
            f"Received: {layer!r} of type {type(layer).__name__}"
        )
    return LayerSubject(make, tuple(shape))


def _copy(cls: type[keras.Layer], config: dict[str, Any], **arguments: Any) -> keras.Layer:
    return cls.from_config({**_with_dtype(config, arguments.get("dtype")), **arguments})


def _with_dtype(config: Any, dtype: Any) -> Any:
    """A config in which the layers inside have this dtype, too."""
    if not isinstance(config, dict) or dtype is None:
        return config
    return {key: dtype if key == "dtype" else _with_dtype(value, dtype) for key, value in config.items()}


def for_inference(layer: keras.Layer, x: Any, **given: Any) -> Any:
    """The output for inference, with those of the other arguments that the layer takes."""
    takes = inspect.signature(layer.call).parameters
    return layer(x, **{name: value for name, value in {"training": False, **given}.items() if name in takes})


def value_and_gradients(layer: keras.Layer, x: Any, power: int = 2) -> list[Any]:
    """The output for inference, and the gradients of the sum of its squares with respect to input and weights."""
    weights = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = for_inference(layer, x)
        loss = tf.reduce_sum(tf.cast(y, tf.float64 if y.dtype == tf.float64 else tf.float32) ** power)
    return [y, *tape.gradient(loss, [x, *weights], unconnected_gradients="zero")]


def in_each_mode(subjects: Sequence[LayerSubject]) -> list[dict[str, list[Any]]]:
    """For each subject, the value and gradients in each mode. The layers are compiled together: one graph, one program.

    Compilation has a price by program, so that a test of many layers compiles them once.
    """
    built = [subject.built() for subject in subjects]

    def all_layers(inputs: list[Any]) -> list[list[Any]]:
        return [value_and_gradients(layer, x) for layer, x in zip(built, inputs, strict=True)]

    inputs = [subject.x() for subject in subjects]
    results = {mode: evaluation.in_mode(all_layers, mode, autograph=True)(inputs) for mode in evaluation.MODES}
    return [{mode: results[mode][index] for mode in results} for index in range(len(subjects))]


def _not_close(what: str, actual: Any, expected: Any, tolerance: float) -> Findings:
    """A finding unless both are close, in units of the largest expected number."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    if actual.shape != expected.shape:
        return [f"{what} has the shape {actual.shape}, expected {expected.shape}"]
    if not np.all(np.isfinite(actual)):
        return [f"{what} is not finite"]
    error = np.max(np.abs(actual - expected), initial=0.0) / np.max(np.abs(expected), initial=1e-3)
    return [] if error <= tolerance else [f"{what} is off by {error:.3g} of the largest number; allowed: {tolerance:g}"]


def _named(layer: keras.Layer) -> list[str]:
    """What `value_and_gradients` gives, in words."""
    return ["the value", "the gradient of the input", *(f"the gradient of {w.path}" for w in layer.trainable_weights)]


def modes_that_differ(names: Sequence[str], results: dict[str, list[Any]]) -> Findings:
    """Findings where graph or XLA give other values or gradients than eager mode."""
    return [
        finding
        for mode in evaluation.MODES[1:]
        for name, actual, expected in zip(names, results[mode], results["eager"], strict=True)
        for finding in _not_close(f"{name} in {mode} mode", actual, expected, 2e-5)
    ]


def check_modes(subject: LayerSubject) -> Findings:
    """Eager, graph and XLA give the same value and gradients."""
    return modes_that_differ(_named(subject.built()), in_each_mode([subject])[0])


def check_output_shape(subject: LayerSubject) -> Findings:
    """`compute_output_shape` and the symbolic call tell the shape of the output; the symbolic dtype is right."""
    layer = subject.make()
    symbolic = layer(keras.Input(subject.shape))
    output = layer(subject.x())
    declared = tuple(layer.compute_output_shape((BATCH, *subject.shape)))
    findings = []
    if tuple(output.shape)[1:] != tuple(symbolic.shape)[1:]:
        findings.append(f"the symbolic output has the shape {symbolic.shape}, the output {output.shape}")
    if tuple(output.shape) != declared:
        findings.append(f"compute_output_shape gives {declared}, the output has the shape {output.shape}")
    if symbolic.dtype != output.dtype.name:
        findings.append(f"the symbolic output is {symbolic.dtype}, the output {output.dtype.name}")
    return findings


def check_mask(subject: LayerSubject) -> Findings:
    """A mask passes through, with the length of the output; what it leaves out has no effect on the rest."""
    layer, x = subject.built(), subject.x()
    mask = tf.constant(np.arange(BATCH) > 0)
    if not layer.supports_masking or layer.compute_mask(x, mask) is not mask:
        return ["a mask does not pass through: set supports_masking"]
    if len(subject.shape) < 2:
        return []
    kept = np.ones((BATCH, subject.shape[0]), bool)
    kept[1:, -1] = False
    mask, padded = tf.constant(kept), np.expand_dims(~kept, tuple(range(2, x.ndim)))
    changed = tf.where(padded, tf.constant(9.0, x.dtype), x)
    values, others = (np.asarray(for_inference(layer, z, mask=mask)) for z in (x, changed))
    after = np.asarray(layer.compute_mask(x, mask))
    if after.shape != values.shape[:2]:
        return [f"the mask of an output of shape {values.shape} has the shape {after.shape}"]
    return _not_close("what the mask keeps, with something else where it does not", others[after], values[after], 1e-6)


def check_half_precision(subject: LayerSubject) -> Findings:
    """In mixed precision weights are float32, and output and gradients are those of float32, rounded.

    Where a matrix product comes first, which has the precision of `keras.layers.Dense`, they are finite.
    """
    findings = []
    for dtype, unit in (("float16", 2.0**-11), ("bfloat16", 2.0**-8)):
        layer, wide = subject.built(dtype=f"mixed_{dtype}"), subject.built()
        wide.set_weights(layer.get_weights())
        x = subject.x(dtype)
        y, gradient, *of_weights = value_and_gradients(layer, x)
        if not y.dtype == gradient.dtype == dtype:
            findings.append(f"value and gradient in {dtype} are {y.dtype.name} and {gradient.dtype.name}")
        narrow = [weight.path for weight in layer.trainable_weights if weight.dtype != "float32"]
        findings += [f"{path} is not float32 in mixed_{dtype}" for path in narrow]
        if isinstance(layer, keras.layers.Dense):
            if not np.all(np.isfinite(tf.cast(y, tf.float32) + tf.reduce_sum(tf.cast(gradient, tf.float32)))):
                findings.append(f"value or gradient in {dtype} is not finite")
            continue
        expected, *wanted = value_and_gradients(wide, tf.cast(x, tf.float32))
        error = np.abs(np.asarray(tf.cast(y, tf.float64)) - np.asarray(expected, "float64"))
        if not np.all(error <= unit * np.abs(expected) + 1e-6):
            findings.append(f"the value in {dtype} is not the one of float32, rounded once")
        got = [tf.cast(gradient, tf.float64), *of_weights]
        for name, actual, right in zip(_named(layer)[1:], got, wanted, strict=True):
            findings += _not_close(f"{name} in {dtype}", actual, right, 4 * unit)
    return findings


def check_config(subject: LayerSubject) -> Findings:
    """The config is JSON, holds all arguments, and gives a layer with the same config; so does `clone_model`."""
    layer = subject.make()
    config = layer.get_config()
    parameters = constructor_arguments(type(layer)).items()
    # Keras leaves some out that have their defaults.
    missing = [
        name
        for name, parameter in parameters
        if parameter.kind is not parameter.VAR_KEYWORD
        and name not in config
        and getattr(layer, name, parameter) is not parameter.default
    ]
    findings = [f"get_config lacks the argument `{name}`" for name in sorted(missing)]
    if json.loads(json.dumps(config)) != config:
        findings.append(f"get_config does not come back from JSON as it is: {config}")
    if type(layer).from_config(config).get_config() != config:
        findings.append("from_config gives a layer with another config")
    clone = keras.models.clone_model(subject.model(layer)).layers[0]
    if clone is layer or clone.get_config() != layer.get_config():
        findings.append("clone_model gives a layer with another config")
    return findings


def check_saved_files(subject: LayerSubject) -> Findings:
    """`.keras`, `.h5` and weight files bring back the same outputs; weights load into a model that was never called."""
    model, x = subject.model(subject.built()), subject.x()
    expected = np.asarray(model(x))
    fresh = subject.model(subject.make())
    found = {kind: _reloaded(model, kind) for kind in ("model.keras", "model.h5")}
    with tempfile.TemporaryDirectory() as folder:
        model.save_weights(Path(folder) / "model.weights.h5")
        fresh.load_weights(Path(folder) / "model.weights.h5")
    found["model.weights.h5"] = fresh
    return [
        f"{kind} brings back a model with other outputs"
        for kind, other in found.items()
        if not np.array_equal(other(x), expected)
    ]


def _reloaded(model: keras.Model, name: str) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / name)
        return keras.models.load_model(Path(folder) / name, compile=False)


def check_count_of_weights(subject: LayerSubject) -> Findings:
    """A model with an Input counts all weights before its first call; a layer that says it is built has them."""
    layer = subject.make()
    at_once = layer.count_params() if layer.built else None
    model = subject.model(layer)
    before = model.count_params()
    model(subject.x())
    after = sum(int(np.prod(weight.shape)) for weight in layer.weights)
    counts = {"when made": at_once, "before the first call": before, "after it": model.count_params()}
    return [
        f"{count} weights are counted {when}, there are {after}"
        for when, count in counts.items()
        if count not in (None, after)
    ]


def check_gradients(subject: LayerSubject) -> Findings:
    """float64 gradients agree with central differences, float32 gradients with those of float64."""
    layer, x = subject.built(dtype="float64"), subject.x("float64")

    def loss(x: Any) -> Any:
        return tf.reduce_sum(for_inference(layer, x) ** 2)

    findings = _not_derivatives(layer, loss, x, np.random.default_rng(2))
    single = subject.built()
    single.set_weights(layer.get_weights())
    _, *narrow = value_and_gradients(single, tf.cast(x, tf.float32))
    _, *exact = value_and_gradients(layer, x)
    for name, actual, expected in zip(_named(layer)[1:], narrow, exact, strict=True):
        findings += _not_close(f"{name} in float32", actual, expected, 1e-5)
    return findings


def check_second_derivatives(subject: LayerSubject) -> Findings:
    """The gradient of a gradient penalty agrees with central differences, for input and weights."""
    layer, x, rng = subject.built(dtype="float64"), subject.x("float64"), np.random.default_rng(3)
    towards = tf.constant(rng.normal(size=x.shape))

    def penalty(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(for_inference(layer, x) ** 2)
        return tf.reduce_sum(tape.gradient(total, x) * towards)

    found = _not_derivatives(layer, penalty, x, rng)
    return [finding.replace("the gradient", "the second derivative") for finding in found]


def _not_derivatives(layer: keras.Layer, function: Callable[[Any], Any], x: Any, rng: np.random.Generator) -> Findings:
    """Findings where the gradient of a function of x and of the weights is not its slope by central differences."""
    weights = layer.trainable_weights
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    gradients = tape.gradient(value, [x, *(weight.value for weight in weights)], unconnected_gradients="zero")

    def at(weight: Any, shift: np.ndarray) -> float:
        """The function with x, or a weight, moved by so much."""
        if weight is None:
            return float(function(x + shift))
        start = keras.ops.convert_to_numpy(weight)
        weight.assign(start + shift)
        result = float(function(x))
        weight.assign(start)
        return result

    findings, step = [], 1e-6
    for name, gradient, weight in zip(_named(layer)[1:], gradients, [None, *weights], strict=True):
        direction = rng.normal(size=gradient.shape)
        slope = (at(weight, step * direction) - at(weight, -step * direction)) / (2.0 * step)
        found = float(np.sum(gradient * direction))
        if not abs(found - slope) <= 1e-5 + 1e-5 * abs(slope):
            findings.append(f"{name} is {found:.8g} along a direction, by central differences {slope:.8g}")
    return findings


def check_large_inputs(subject: LayerSubject) -> Findings:
    """Value and gradients are finite numbers for inputs of 100,000 and of 10^-30."""
    layer, findings = subject.built(), []
    for size in (1e5, 1e-30):
        x = tf.constant(np.sign(sample(subject.shape)) * size, tf.float32)
        for name, result in zip(_named(layer), value_and_gradients(layer, x, power=1), strict=True):
            if not np.all(np.isfinite(result)):
                findings.append(f"{name} is not finite for inputs of {size:g}")
    return findings


def check_time_distributed(subject: LayerSubject) -> Findings:
    """In TimeDistributed each step gives what the layer alone gives."""
    layer = subject.built()
    x = sample((2, *subject.shape)).astype("float32")
    alone = tf.stack([layer(x[:, step]) for step in range(2)], axis=1)
    return _not_close("a step of TimeDistributed", keras.layers.TimeDistributed(layer)(x), alone, 3e-7)


def check_independent_samples(subject: LayerSubject) -> Findings:
    """In inference the output of a sample does not depend on the others of its batch."""
    layer, x = subject.built(), subject.x()
    alone = tf.concat([for_inference(layer, x[index : index + 1]) for index in range(BATCH)], axis=0)
    return _not_close("a sample in a batch", for_inference(layer, x), alone, 3e-7)


def check_unknown_sizes(subject: LayerSubject) -> Findings:
    """All axes but the last may be unknown; outputs are those of the known sizes."""
    free = (*(None for _ in subject.shape[:-1]), subject.shape[-1])
    fixed, model = subject.model(subject.make()), subject.model(subject.make(), free)
    model.set_weights(fixed.get_weights())
    x = subject.x()
    return _not_close("the output where sizes are unknown", model(x), fixed(x), 3e-7)


def check_quantization(subject: LayerSubject) -> Findings:
    """`model.quantize` says nothing about the layer, leaves it as it is, but for its own product, and it can be saved.

    What Keras says of layers that do not know of quantization is a finding for those of keras_acts only.
    """
    layer = subject.built()
    model, x = subject.model(layer), subject.x()
    before = model(x)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize("int8")
    told = [str(warning.message) for warning in caught] if isinstance(layer, Guarded) else []
    findings = [text for text in told if layer.name in text or type(layer).__name__ in text]
    product = isinstance(layer, keras.layers.Dense)
    findings += _not_close("the output of the quantized model", model(x), before, 0.1 if product else 0.0)
    if any(isinstance(part, keras.layers.Dense) for part in (layer, *keras_bridge.sublayers(layer))):
        findings += _lost_when_quantized(subject)
    return findings


def _lost_when_quantized(subject: LayerSubject) -> Findings:
    findings = []
    for mode in ("int8", "int4", "float8"):
        if not _is_quantization(mode):
            continue
        model, x = subject.model(subject.built()), subject.x()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.quantize(mode)
            loaded = _reloaded(model, "model.keras")
        findings += _not_close(f"the output of the {mode} model from its file", loaded(x), model(x), 1e-6)
    return findings


def _is_quantization(mode: str) -> bool:
    try:
        return bool(keras.dtype_policies.get(f"{mode}_from_float32"))
    except ValueError:  # int4 before Keras 3.11
        return False


def check_integers(subject: LayerSubject) -> Findings:
    """Integers raise a TypeError that names the dtype; layers of Keras' kind do with them what Keras does."""
    layer = subject.built()
    if not isinstance(layer, Guarded):
        return []
    try:
        for_inference(layer, tf.ones((BATCH, *subject.shape), tf.int32))
    except TypeError as error:
        return [] if "dtype=int32" in str(error) else [f"the error for integers does not name dtype=int32: {error}"]
    return ["integers are taken, where a TypeError would say that the layer needs floats"]


def check_registered(subject: LayerSubject) -> Findings:
    """Keras finds the class of a serialized layer by its registered name; the new layer has the same config."""
    layer = subject.make()
    name = keras.saving.get_registered_name(type(layer))
    of_keras = type(layer).__module__.startswith("keras.")
    if not of_keras and keras.saving.get_registered_object(name) is not type(layer):
        return ["the class is not registered: decorate it with @keras.saving.register_keras_serializable(package=...)"]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    same = again is not layer and again.get_config() == layer.get_config()
    return [] if same else ["the layer comes back from its serialized form with another config"]


CHECKS: tuple[Callable[[LayerSubject], Findings], ...] = (
    check_modes,
    check_output_shape,
    check_mask,
    check_half_precision,
    check_config,
    check_saved_files,
    check_count_of_weights,
    check_gradients,
    check_second_derivatives,
    check_large_inputs,
    check_time_distributed,
    check_independent_samples,
    check_unknown_sizes,
    check_quantization,
    check_integers,
    check_registered,
)


def findings_of(check: Callable[[LayerSubject], Findings], subject: LayerSubject) -> Findings:
    """The findings of one check; an exception is one."""
    try:
        return check(subject)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def check_layer(layer: Any, shape: Sequence[int] = (6,), *, skip: Iterable[str] = ()) -> None:
    """Run the contract of keras_acts on an activation layer, your own or one of ours.

    The same value and gradients in eager, graph and XLA mode; gradients and second derivatives against central
    differences; mixed precision rounded once; finite for huge and tiny inputs; config, files and registration; masks,
    TimeDistributed, unknown sizes, quantization; integers refused.

    Args:
        layer: a class, a callable that makes a new layer from keyword arguments such as `dtype`, a name or spec string,
            or a layer, of which copies are made from its config.
        shape: of one sample, without the batch axis.
        skip: names of checks that do not apply to your layer, such as "check_independent_samples".

    Raises:
        AssertionError: with all findings, a line each.
        TypeError: if `layer` is none of these, or makes none.
        ValueError: if `skip` holds a name that no check has.

    Example:
        >>> keras_acts.testing.check_layer("PReLU", skip=["check_modes", "check_saved_files"])
    """
    left_out = set(skip)
    unknown = left_out - {check.__name__ for check in CHECKS}
    if unknown:
        names = ", ".join(check.__name__ for check in CHECKS)
        raise ValueError(f"`skip` must hold names of checks: {names}. Received: {sorted(unknown)}")
    subject = layer_subject(layer, shape)
    made = subject.make()
    if not isinstance(made, keras.Layer):
        raise TypeError(f"check_layer takes what makes a layer; check_activation is for functions. It made: {made!r}")
    findings = [
        f"{check.__name__}: {finding}"
        for check in CHECKS
        if check.__name__ not in left_out
        for finding in findings_of(check, subject)
    ]
    if findings:
        places = "1 place" if len(findings) == 1 else f"{len(findings)} places"
        raise AssertionError(f"{layer!r} breaks the contract in {places}:\n" + "\n".join(findings))
