"""The checks of a layer's value and gradients: in each mode and dtype, against differences, for inputs of all sizes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_acts import notation
from keras_acts.core import resolve
from keras_acts.testing import evaluation
from keras_acts.testing.findings import Findings, not_close
from keras_acts.testing.layer_subject import LayerSubject, for_inference, sample


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


def named(layer: keras.Layer) -> list[str]:
    """What `value_and_gradients` gives, in words."""
    return ["the value", "the gradient of the input", *(f"the gradient of {w.path}" for w in layer.trainable_weights)]


def modes_that_differ(names: Sequence[str], results: dict[str, list[Any]]) -> Findings:
    """Findings where graph or XLA give other values or gradients than eager mode."""
    return [
        finding
        for mode in evaluation.MODES[1:]
        for name, actual, expected in zip(names, results[mode], results["eager"], strict=True)
        for finding in not_close(f"{name} in {mode} mode", actual, expected, 2e-5)
    ]


def check_modes(subject: LayerSubject) -> Findings:
    """Eager, graph and XLA give the same value and gradients."""
    return modes_that_differ(named(subject.built()), in_each_mode([subject])[0])


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
        for name, actual, right in zip(named(layer)[1:], got, wanted, strict=True):
            findings += not_close(f"{name} in {dtype}", actual, right, 4 * unit)
    return findings


def check_gradients(subject: LayerSubject) -> Findings:
    """float64 gradients agree with central differences, float32 gradients with those of float64.

    By a weight for which the record has a surrogate, they agree with its formula.
    """
    layer, x = subject.built(dtype="float64"), subject.x("float64")

    def loss(x: Any) -> Any:
        return tf.reduce_sum(for_inference(layer, x) ** 2)

    findings = _not_derivatives(layer, loss, x, np.random.default_rng(2)) + _not_surrogates(layer, x)
    single = subject.built()
    single.set_weights(layer.get_weights())
    _, *narrow = value_and_gradients(single, tf.cast(x, tf.float32))
    _, *exact = value_and_gradients(layer, x)
    for name, actual, expected in zip(named(layer)[1:], narrow, exact, strict=True):
        findings += not_close(f"{name} in float32", actual, expected, 1e-5)
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
    for name, gradient, weight in zip(named(layer)[1:], gradients, [None, *weights], strict=True):
        if weight is not None and weight.name in _surrogates(layer):
            continue
        direction = rng.normal(size=gradient.shape)
        slope = (at(weight, step * direction) - at(weight, -step * direction)) / (2.0 * step)
        found = float(np.sum(gradient * direction))
        if not abs(found - slope) <= 1e-5 + 1e-5 * abs(slope):
            findings.append(f"{name} is {found:.8g} along a direction, by central differences {slope:.8g}")
    return findings


def _surrogates(layer: keras.Layer) -> Mapping[str, str]:
    """By weight, the formula on the record that stands in place of the derivative by it."""
    record = resolve.layers.current().get(type(layer).__name__)
    return record.surrogates if record is not None and record.cls is type(layer) else {}


def _not_surrogates(layer: keras.Layer, x: Any) -> Findings:
    """Findings where the gradient by a weight is not the sum of its surrogate, by the text of the formula."""
    findings: Findings = []
    upstream = np.random.default_rng(4).normal(size=x.shape)
    numbers = {name: value for name, value in layer.get_config().items() if type(value) is float}
    for name, text in _surrogates(layer).items():
        weight, formula = getattr(layer, name), notation.reference(text)
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(for_inference(layer, x) * upstream)
        got = tape.gradient(total, weight.value, unconnected_gradients="zero")
        spread = np.broadcast_to(weight.numpy(), x.shape)
        exact = [float(formula(a, **numbers, **{name: w})) for a, w in zip(np.ravel(x), np.ravel(spread), strict=True)]
        expected = upstream * np.reshape(exact, x.shape)
        shared = [axis for axis, size in enumerate(weight.shape, x.ndim - weight.ndim) if size == 1]
        axes = (*range(x.ndim - weight.ndim), *shared)
        expected = np.reshape(expected.sum(axis=axes), weight.shape)
        findings += not_close(f"the gradient of {weight.path}, beside its surrogate,", got, expected, 1e-9)
    return findings


def check_large_inputs(subject: LayerSubject) -> Findings:
    """Value and gradients are finite numbers for inputs of 100,000 and of 10^-30."""
    layer, findings = subject.built(), []
    for size in (1e5, 1e-30):
        x = tf.constant(np.sign(sample(subject.shape)) * size, tf.float32)
        for name, result in zip(named(layer), value_and_gradients(layer, x, power=1), strict=True):
            if not np.all(np.isfinite(result)):
                findings.append(f"{name} is not finite for inputs of {size:g}")
    return findings
