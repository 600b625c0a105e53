"""What every layer must do. Each check takes `make`, which makes a new layer, and the shape of one sample.

A check raises AssertionError, or lets the layer's own error through; test_layer_checks_bite.py shows that it does.
"""

import inspect
import json
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_acts import layers

BATCH = 3


def sample(shape, seed=0, batch=BATCH):
    """Normal numbers with standard deviation 2, both signs, away from 0."""
    x = np.random.default_rng(seed).normal(size=(batch, *shape)) * 2.0
    return np.where(np.abs(x) < 0.05, 0.3, x)


def built(make, shape, **arguments):
    """A built layer whose weights are no longer the initial ones."""
    layer = make(**arguments)
    layer.build((None, *shape))
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        if "seed" not in weight.path:
            noise = rng.uniform(-1.0, 1.0, weight.shape)
            weight.assign(keras.ops.convert_to_numpy(weight) * (1.0 + 0.1 * noise) + 0.02 * noise)
    return layer


def model_of(make, shape, **arguments):
    """A model of one such layer."""
    layer = built(make, shape, **arguments)
    return keras.Sequential([keras.Input(shape), layer])


def for_inference(layer, x):
    """The output for inference."""
    takes_training = "training" in inspect.signature(layer.call).parameters
    return layer(x, training=False) if takes_training else layer(x)


def value_and_gradients(layer, x):
    """The output for inference, and the gradients of its sum of squares with respect to input and weights."""
    weights = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = for_inference(layer, x)
        loss = tf.reduce_sum(tf.cast(y, tf.float64 if y.dtype == tf.float64 else tf.float32) ** 2)
    return y, *tape.gradient(loss, [x, *weights], unconnected_gradients="zero")


def close(actual, expected, tolerance):
    """Close in units of the largest expected number."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    assert actual.shape == expected.shape
    assert np.all(np.isfinite(actual))
    scale = np.max(np.abs(expected), initial=1e-3)
    assert np.max(np.abs(actual - expected), initial=0.0) <= tolerance * scale


def modes_agree(make, shape):
    """Eager, graph and XLA give the same value and gradients."""
    layer = built(make, shape)
    x = tf.constant(sample(shape), tf.float32)
    eager = value_and_gradients(layer, x)
    for jit in (False, True):
        compiled = tf.function(lambda x: value_and_gradients(layer, x), jit_compile=jit)
        for actual, expected in zip(compiled(x), eager, strict=True):
            close(actual, expected, 2e-5)


def declared_shape_is_right(make, shape):
    """`compute_output_shape` and the symbolic call tell the shape of the output; the symbolic dtype is right."""
    layer = make()
    symbolic = layer(keras.Input(shape))
    output = layer(tf.constant(sample(shape), tf.float32))
    assert tuple(output.shape)[1:] == tuple(symbolic.shape)[1:]
    assert tuple(output.shape) == tuple(layer.compute_output_shape((BATCH, *shape)))
    assert symbolic.dtype == output.dtype.name


def masks_are_kept(make, shape):
    """A mask passes through."""
    layer = built(make, shape)
    assert layer.supports_masking
    mask = tf.constant(np.arange(BATCH) > 0)
    assert layer.compute_mask(tf.constant(sample(shape), tf.float32), mask) is mask


def half_precision_rounds_once(make, shape, dtypes=("float16", "bfloat16")):
    """In mixed precision weights are float32 and the output is that of float32, rounded; gradients are finite."""
    for dtype in dtypes:
        layer = built(make, shape, dtype=f"mixed_{dtype}")
        wide = built(make, shape)
        wide.set_weights(layer.get_weights())
        x = tf.cast(tf.constant(sample(shape)), dtype)
        y, gradient, *of_weights = value_and_gradients(layer, x)
        expected, expected_gradient, *expected_of_weights = value_and_gradients(wide, tf.cast(x, tf.float32))
        assert y.dtype == gradient.dtype == dtype
        assert all(weight.dtype == "float32" for weight in layer.trainable_weights)
        unit = 2.0**-11 if dtype == "float16" else 2.0**-8
        error = np.abs(np.asarray(tf.cast(y, tf.float64)) - np.asarray(expected, "float64"))
        assert np.all(error <= unit * np.abs(expected) + 1e-6)
        close(tf.cast(gradient, tf.float64), expected_gradient, 4 * unit)
        for actual, wanted in zip(of_weights, expected_of_weights, strict=True):
            close(actual, wanted, 4 * unit)


def half_precision_is_that_of_dense(make, shape):
    """Where a matrix product comes first, it has the precision of `keras.layers.Dense`; the unit then rounds once."""
    for dtype in ("float16", "bfloat16"):
        layer = built(make, shape, dtype=f"mixed_{dtype}")
        dense = keras.layers.Dense(layer.dense.units, use_bias=layer.dense.use_bias, dtype=f"mixed_{dtype}")
        dense.build((None, *shape))
        dense.set_weights(layer.get_weights())
        x = tf.cast(tf.constant(sample(shape)), dtype)
        expected = tf.cast(layers.get(keras.saving.serialize_keras_object(layer.unit))(dense(x)), tf.float64)
        y, gradient, *_ = value_and_gradients(layer, x)
        assert y.dtype == gradient.dtype == dtype
        assert all(weight.dtype == "float32" for weight in layer.trainable_weights)
        np.testing.assert_array_equal(tf.cast(y, tf.float64), expected)
        assert np.all(np.isfinite(tf.cast(gradient, tf.float32)))


def config_round_trips(make, shape):
    """The config is JSON, holds all arguments, and gives a layer with the same config; so does `clone_model`."""
    layer = make()
    config = layer.get_config()
    assert inspect.signature(type(layer)).parameters.keys() - {"kwargs"} <= config.keys()
    assert json.loads(json.dumps(config)) == config
    assert type(layer).from_config(config).get_config() == config
    clone = keras.models.clone_model(keras.Sequential([keras.Input(shape), layer])).layers[0]
    assert clone is not layer
    assert clone.get_config() == config


def saved_files_give_the_same(make, shape, folder):
    """`.keras`, `.h5` and weight files bring back the same outputs; weights load into a model that was never called."""
    model = model_of(make, shape)
    x = sample(shape).astype("float32")
    expected = model(x)
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.save_weights(folder / "model.weights.h5")
    fresh = keras.Sequential([keras.Input(shape), make()])
    fresh.load_weights(folder / "model.weights.h5")
    loaded = [keras.models.load_model(folder / name, compile=False) for name in ("model.keras", "model.h5")]
    for other in (*loaded, fresh):
        np.testing.assert_array_equal(other(x), expected)


def weights_are_counted_at_once(make, shape):
    """A model with an Input counts all weights before its first call; a layer that says it is built has them."""
    layer = make()
    at_once = layer.count_params() if layer.built else None
    model = keras.Sequential([keras.Input(shape), layer])
    before = model.count_params()
    model(tf.constant(sample(shape), tf.float32))
    assert before == model.count_params()
    assert at_once in (None, before)


def gradients_are_right(make, shape):
    """float64 gradients agree with central differences, float32 gradients with those of float64."""
    layer = built(make, shape, dtype="float64")
    x = tf.constant(sample(shape), tf.float64)
    _, *exact = value_and_gradients(layer, x)

    def loss(x):
        y = for_inference(layer, x)
        return float(tf.reduce_sum(y**2))

    step, rng = 1e-6, np.random.default_rng(2)
    direction = rng.normal(size=x.shape)
    slope = (loss(x + step * direction) - loss(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(np.sum(exact[0] * direction), slope, rtol=1e-5, atol=1e-5)
    for weight, gradient in zip(layer.trainable_weights, exact[1:], strict=True):
        value, direction = keras.ops.convert_to_numpy(weight), rng.normal(size=weight.shape)
        weight.assign(value + step * direction)
        above = loss(x)
        weight.assign(value - step * direction)
        slope = (above - loss(x)) / (2 * step)
        weight.assign(value)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-5, atol=1e-5, err_msg=weight.path)

    single = built(make, shape)
    single.set_weights(layer.get_weights())
    _, *narrow = value_and_gradients(single, tf.cast(x, tf.float32))
    for actual, expected in zip(narrow, exact, strict=True):
        close(actual, expected, 1e-5)


def second_derivatives_are_right(make, shape):
    """The gradient of a gradient penalty agrees with central differences, for input and weights."""
    layer = built(make, shape, dtype="float64")
    x, rng = tf.constant(sample(shape), tf.float64), np.random.default_rng(3)
    towards = tf.constant(rng.normal(size=x.shape))

    def slope_along(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = for_inference(layer, x)
            total = tf.reduce_sum(y**2)
        return tf.reduce_sum(tape.gradient(total, x) * towards)

    weights = layer.trainable_weights
    with tf.GradientTape() as tape:
        tape.watch(x)
        slope = slope_along(x)
    exact = tape.gradient(slope, [x, *(weight.value for weight in weights)], unconnected_gradients="zero")
    step, direction = 1e-6, rng.normal(size=x.shape)
    expected = (slope_along(x + step * direction) - slope_along(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(np.sum(exact[0] * direction), expected, rtol=1e-5, atol=1e-5)
    for weight, gradient in zip(weights, exact[1:], strict=True):
        value, direction = keras.ops.convert_to_numpy(weight), rng.normal(size=weight.shape)
        weight.assign(value + step * direction)
        above = slope_along(x)
        weight.assign(value - step * direction)
        expected = (above - slope_along(x)) / (2 * step)
        weight.assign(value)
        np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-5, atol=1e-5, err_msg=weight.path)


def large_inputs_stay_finite(make, shape):
    """Value and gradients are finite numbers for inputs of 100,000 and of 10^-30."""
    layer = built(make, shape)
    for size in (1e5, 1e-30):
        x = tf.constant(np.sign(sample(shape)) * size, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = for_inference(layer, x)
            total = tf.reduce_sum(y)
        weights = [weight.value for weight in layer.trainable_weights]
        for tensor in (y, *tape.gradient(total, [x, *weights], unconnected_gradients="zero")):
            assert np.all(np.isfinite(tensor))


def works_time_distributed(make, shape):
    """In TimeDistributed each step gives what the layer alone gives."""
    layer = built(make, shape)
    x = sample((2, *shape)).astype("float32")
    together = keras.layers.TimeDistributed(layer)(x)
    for step in range(2):
        close(together[:, step], layer(x[:, step]), 1e-6)


def samples_are_independent(make, shape):
    """In inference the output of a sample does not depend on the others of its batch."""
    layer = built(make, shape)
    x = tf.constant(sample(shape), tf.float32)
    together = for_inference(layer, x)
    for index in range(BATCH):
        close(for_inference(layer, x[index : index + 1])[0], together[index], 1e-6)


def takes_unknown_sizes(make, shape):
    """All axes but the last may be unknown; outputs are those of the known sizes."""
    free = (*(None for _ in shape[:-1]), shape[-1])
    known, unknown = make(), make()
    fixed = keras.Sequential([keras.Input(shape), known])
    model = keras.Sequential([keras.Input(free), unknown])
    unknown.set_weights(known.get_weights())
    x = sample(shape).astype("float32")
    np.testing.assert_allclose(model(x), fixed(x), rtol=1e-6, atol=1e-6)


def survives_quantization(make, shape):
    """`model.quantize("int8")` leaves the layer as it is, says nothing about it, and the model works."""
    layer = built(make, shape)
    model = keras.Sequential([keras.Input(shape), keras.layers.Dense(shape[-1]), layer])
    x = sample(shape).astype("float32")
    before = model(x)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize("int8")
    told = [str(warning.message) for warning in caught]
    assert not [text for text in told if layer.name in text or type(layer).__name__ in text]
    after = model(x)
    assert np.max(np.abs(after - before)) <= 0.1 * np.max(np.abs(before))


def integers_are_refused(make, shape):
    """Integers raise a TypeError that names the dtype."""
    layer = built(make, shape)
    with pytest.raises(TypeError, match="dtype=int32"):
        layer(tf.ones((BATCH, *shape), tf.int32))


def is_found_by_name(make, shape):
    """`get` makes a new layer from the name and from a serialized layer."""
    layer = make()
    name = type(layer).__name__
    assert layers.info(name).cls is type(layer)
    again = layers.get(keras.saving.serialize_keras_object(layer))
    assert again is not layer
    assert again.get_config() == layer.get_config()


CHECKS = [
    modes_agree,
    declared_shape_is_right,
    masks_are_kept,
    half_precision_rounds_once,
    config_round_trips,
    weights_are_counted_at_once,
    gradients_are_right,
    second_derivatives_are_right,
    large_inputs_stay_finite,
    works_time_distributed,
    samples_are_independent,
    takes_unknown_sizes,
    survives_quantization,
    integers_are_refused,
    is_found_by_name,
]
