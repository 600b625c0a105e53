"""The same code on Keras' JAX and torch backends, against TensorFlow in float64. One new process for each backend."""

import functools
import importlib.util
import json

import fresh_process
import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_acts

pytestmark = [pytest.mark.slow, pytest.mark.second_oracle]

OVER_AXIS = [name for name in keras_acts.names() if "axis" in keras_acts.info(name).params]
ELEMENTWISE = [name for name in keras_acts.names() if name not in OVER_AXIS]
WITH_PARAMETERS = [
    "elu(alpha=0.5)",
    "gelu(approximate=True)",
    "hard_tanh(min_val=-0.5, max_val=2.0)",
    "leaky_relu(negative_slope=0.01)",
    "relu(negative_slope=0.1, max_value=2.0, threshold=0.5)",
    "snake(frequency=3.0)",
    "softplus(beta=2.0, threshold=3.0)",
    "squareplus(b=0.5)",
    "swish_beta(beta=-2.0)",
]
SPECS = [*ELEMENTWISE, *WITH_PARAMETERS, *OVER_AXIS]

# The tails as well as the middle.
X = np.float32([-80.0, -21.3, -7.77, *np.linspace(-4.03, 4.09, 41), 7.77, 21.3, 80.0])

SEQUENCE = np.random.default_rng(0).normal(size=(4, 3, 4)).astype("float32")

# What each backend has to offer: value, derivative of the weighted sum (its `order`-th, all elementwise), and more.
COMMON = """
    import json, pathlib
    import keras, numpy as np, keras_acts
    from keras import ops

    specs, over_axis = json.loads(pathlib.Path("specs.json").read_text())
    x = np.load("x.npy")
    weights = np.linspace(-1.0, 1.0, len(x), dtype="float32")
    results = {}
"""

REST = """
    for name in keras_acts.names():
        f = keras_acts.get(name)
        for dtype in ("float16", "bfloat16", "float32"):
            y = f(ops.cast(x, dtype))
            assert keras.backend.standardize_dtype(y.dtype) == dtype, (name, dtype)
            wide = f(ops.cast(ops.cast(x, dtype), "float32"))
            tolerance = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 0.0}[dtype]
            with np.errstate(over="ignore"):  # exp(80) is inf in float16
                expected = ops.convert_to_numpy(ops.cast(ops.cast(wide, dtype), "float32"))
            got = ops.convert_to_numpy(ops.cast(y, "float32"))
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-7, err_msg=name)
        for wrong in (np.array([1, 2]), np.array([True])):
            try:
                f(wrong)
            except TypeError as error:
                assert "must have a floating-point dtype" in str(error)
            else:
                raise AssertionError(name)

    loaded = keras.models.load_model("model.keras")
    results["loaded"] = ops.convert_to_numpy(loaded(np.load("sequence.npy")))
    before = [np.array(w) for w in loaded.get_weights()]
    loaded.compile("sgd", "mse")
    loaded.fit(np.load("sequence.npy"), np.ones((4, 2), "float32"), verbose=0)
    assert all(np.isfinite(w).all() for w in loaded.get_weights())
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, loaded.get_weights()))
    loaded.save("again.keras")
    np.testing.assert_allclose(
        ops.convert_to_numpy(keras.models.load_model("again.keras")(np.load("sequence.npy"))),
        ops.convert_to_numpy(loaded(np.load("sequence.npy"))),
        rtol=1e-6,
    )
    with keras_acts.install(override="all"):
        gelu = keras.activations.get("gelu")
        np.testing.assert_array_equal(ops.convert_to_numpy(gelu(x)), ops.convert_to_numpy(keras_acts.get("gelu")(x)))
    with keras_acts.install(override=["softmax"]):
        keras.layers.Activation("softmax")(x[None])
    np.savez("results.npz", **results)
"""

JAX = """
    import jax
    import jax.numpy as jnp

    def all_of_it(spec, v):
        f = keras_acts.get(spec)
        ones = jnp.ones_like(v)
        def loss(u):
            return jnp.sum(f(u) * weights)
        def derivative(u):
            return jax.grad(lambda w: jnp.sum(f(w)))(u)
        def derivative_forward(u):
            return jax.jvp(f, (u,), (ones,))[1]
        result = {"value": f(v), "gradient": jax.grad(loss)(v), "forward": jax.jvp(loss, (v,), (jnp.cos(v),))[1]}
        if spec not in over_axis:
            result["first"] = derivative(v)
            result["second"] = jax.grad(lambda u: jnp.sum(derivative(u)))(v)
            result["first forward"] = derivative_forward(v)
            result["second forward"] = jax.jvp(derivative_forward, (v,), (ones,))[1]
            result["second forward over reverse"] = jax.jvp(derivative, (v,), (ones,))[1]
            result["value vmap"] = jax.vmap(f)(v)
        return result

    compiled = jax.jit(lambda v: [all_of_it(spec, v) for spec in specs])(x)  # one compilation for all
    for i, spec in enumerate(specs):
        for key, result in compiled[i].items():
            results[f"{i} {key}"] = np.asarray(result)
        results[f"{i} value eager"] = np.asarray(keras_acts.get(spec)(x))
"""

TORCH = """
    import torch

    for i, spec in enumerate(specs):
        f = keras_acts.get(spec)
        v = torch.tensor(x, requires_grad=True)
        y = f(v)
        results[f"{i} value"] = y.detach().numpy()
        results[f"{i} gradient"] = torch.autograd.grad((y * torch.tensor(weights)).sum(), v)[0].numpy()
        if spec in over_axis:
            continue
        (first,) = torch.autograd.grad(f(v).sum(), v, create_graph=True)
        results[f"{i} first"] = first.detach().numpy()
        results[f"{i} second"] = np.zeros_like(x)
        if first.requires_grad:
            results[f"{i} second"] = torch.autograd.grad(first.sum(), v, materialize_grads=True)[0].numpy()
"""

PROGRAMS = {"jax": JAX, "torch": TORCH}


def reference(spec):
    """Value, weighted gradient and derivatives by TensorFlow in float64, each with the scale of its rounding errors."""
    f = keras_acts.get(spec)
    x = tf.constant(X, "float64")
    weights = tf.constant(np.linspace(-1.0, 1.0, len(X), dtype="float32"), "float64")
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(x)
            y = f(x)
            loss = tf.reduce_sum(y * weights)
        first = inner.gradient(y, x)
    gradient = inner.gradient(loss, x)
    results = {"value": y, "gradient": gradient, "forward": tf.reduce_sum(gradient * tf.cos(x))}
    if spec in OVER_AXIS:
        scales = {key: tf.reduce_max(tf.abs(value)) for key, value in results.items()}
    else:
        second = outer.gradient(first, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        results.update(first=first, second=second)
        derivative_scale = tf.abs(first) + tf.abs(x * second)
        scales = {"value": tf.abs(y) + tf.abs(x * first), "first": derivative_scale, "gradient": derivative_scale}
        scales |= {"forward": tf.reduce_sum(derivative_scale), "second": tf.abs(second) + tf.reduce_max(tf.abs(second))}
    return {key: (np.asarray(results[key]), np.asarray(scales[key])) for key in results}


def far_from_kinks(spec):
    activation = keras_acts.get(spec)
    is_bound = isinstance(activation, keras_acts.BoundActivation)
    declaration = activation.declaration if is_bound else keras_acts.info(spec)
    params = activation.all_params if is_bound else declaration.defaults
    return np.all([np.abs(X - kink) > 0.01 for kink in declaration.kinks(**params)], axis=0) | np.zeros(X.shape, bool)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3, 4))
    hidden = keras.layers.LSTM(4, activation="snake", recurrent_activation="hard_sigmoid_legacy")(inputs)
    hidden = keras_acts.get("elu", alpha=0.5)(keras.layers.Dense(4, activation="swish_beta(beta=2.0)")(hidden))
    return keras.Model(inputs, keras.layers.Dense(2, activation=keras_acts.activations.mish)(hidden))


@functools.cache
def results_of(backend, model, folder):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    model.save(folder / "model.keras")
    np.save(folder / "sequence.npy", SEQUENCE)
    np.save(folder / "x.npy", X)
    (folder / "specs.json").write_text(json.dumps([SPECS, OVER_AXIS]))
    fresh_process.run(
        PROGRAMS[backend] + REST, folder, before=COMMON, KERAS_BACKEND=backend, JAX_DISABLE_MOST_OPTIMIZATIONS="1"
    )
    with np.load(folder / "results.npz") as results:
        return dict(results)


@pytest.fixture
def results(backend, model, tmp_path_factory):
    return results_of(backend, model, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("backend", PROGRAMS)
def test_values_derivatives_and_files_are_those_of_tensorflow(backend, model, results):
    """One test, so that one worker computes the results, which take a minute."""
    for i, spec in enumerate(SPECS):
        expected = reference(spec)
        got = {key.partition(" ")[2]: results[key] for key in results if key.partition(" ")[0] == str(i)}
        assert got.keys() >= expected.keys() - ({"forward"} if backend == "torch" else set())
        far = far_from_kinks(spec)
        for key, result in got.items():
            right, scale = expected[key] if key in expected else expected[key.partition(" ")[0]]
            wrong = (np.abs(result - right) > 1e-5 * scale + 1e-6) & (far if result.ndim else True)
            assert not wrong.any(), f"{spec}: {key} at {X[wrong] if result.ndim else X}: {result} and not {right}"
    np.testing.assert_allclose(results["loaded"], model(SEQUENCE), rtol=1e-5, atol=1e-6)
