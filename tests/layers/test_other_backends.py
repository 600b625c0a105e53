"""The same code on Keras' JAX and torch backends: values and gradients are those of TensorFlow."""

import importlib.util
import os
from pathlib import Path

import fresh_process
import numpy as np
import pytest
import tensorflow as tf
from layers.checks import for_inference, sample
from layers.examples import ONE_EACH

TESTS = Path(__file__).parents[1]

PREPARED = """
    import keras
    import numpy as np
    from layers.checks import sample
    from layers.examples import ONE_EACH

    results = {}
    for example in ONE_EACH:
        layer = example.layer()
        layer.build((None, *example.shape))
        for weight, value in zip(layer.trainable_weights, np.load(f"{example.name}.npz").values()):
            weight.assign(value)
        x = sample(example.shape).astype("float32")
        value, gradients = value_and_gradients(layer, x)
        results[example.name] = np.concatenate([[float(value)], *(np.ravel(np.asarray(g)) for g in gradients)])
    np.savez("results.npz", **results)
"""

BACKENDS = {
    "jax": """
    import jax

    def value_and_gradients(layer, x):
        def loss(weights, x):
            others = [variable.value for variable in layer.non_trainable_variables]
            y, _ = layer.stateless_call(weights, others, x)
            return (y**2).sum()

        weights = [weight.value for weight in layer.trainable_weights]
        value, (of_weights, of_x) = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))(weights, x)
        return value, [*of_weights, of_x]
    """,
    "torch": """
    import torch

    def value_and_gradients(layer, x):
        x = torch.tensor(x, requires_grad=True)
        value = (layer(x) ** 2).sum()
        value.backward()
        return value.detach(), [*(weight.value.grad for weight in layer.trainable_weights), x.grad]
    """,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """A folder with the weights of each layer, and what TensorFlow makes of them."""
    folder, results = tmp_path_factory.mktemp("weights"), {}
    rng = np.random.default_rng(0)
    for example in ONE_EACH:
        layer = example.layer()
        layer.build((None, *example.shape))
        for weight in layer.trainable_weights:
            weight.assign(rng.uniform(0.2, 0.6, weight.shape))
        np.savez(folder / f"{example.name}.npz", *(weight.numpy() for weight in layer.trainable_weights))
        x = tf.constant(sample(example.shape), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(for_inference(layer, x) ** 2)
        gradients = tape.gradient(value, [*(weight.value for weight in layer.trainable_weights), x])
        results[example.name] = np.concatenate([[value], *(np.ravel(gradient) for gradient in gradients)])
    return folder, results


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_and_gradients(backend, expected):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    folder, results = expected
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    fresh_process.run(PREPARED, folder, before=BACKENDS[backend], KERAS_BACKEND=backend, PYTHONPATH=path)
    actual = np.load(folder / "results.npz")
    assert set(actual) == set(results)
    for name, values in results.items():
        np.testing.assert_allclose(actual[name], values, rtol=1e-5, atol=1e-6 * np.max(np.abs(values)), err_msg=name)
