"""The same code on Keras' JAX and torch backends: values and gradients are those of TensorFlow."""

import importlib.util
import os
from pathlib import Path

import fresh_process
import numpy as np
import pytest
import tensorflow as tf
from layers.examples import ONE_EACH

from keras_acts.testing.layer_subject import for_inference, sample

TESTS = Path(__file__).parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.second_oracle]

PREPARED = """
    import keras
    import numpy as np
    from keras_acts.testing.layer_subject import sample
    from layers.examples import ONE_EACH

    made = {example.name: example.layer() for example in ONE_EACH}
    inputs = {example.name: sample(example.shape).astype("float32") for example in ONE_EACH}
    for name, layer in made.items():
        layer.build(inputs[name].shape)
        for weight, value in zip(layer.trainable_weights, np.load(f"{name}.npz").values()):
            weight.assign(value)
    results = {}
    for name, (value, gradients) in values_and_gradients(made, inputs).items():
        results[name] = np.concatenate([[float(value)], *(np.ravel(np.asarray(g)) for g in gradients)])
    np.savez("results.npz", **results)
"""

BACKENDS = {
    "jax": """
    import jax

    def values_and_gradients(made, inputs):
        def total(weights, inputs):
            values = {}
            for name, layer in made.items():
                others = [variable.value for variable in layer.non_trainable_variables]
                y, _ = layer.stateless_call(weights[name], others, inputs[name])
                values[name] = (y**2).sum()
            return sum(values.values()), values  # of the sum, each layer gets its own gradients, from one compilation

        weights = {name: [weight.value for weight in layer.trainable_weights] for name, layer in made.items()}
        slopes = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)
        (_, values), (of_weights, of_inputs) = jax.jit(slopes)(weights, inputs)
        return {name: (values[name], [*of_weights[name], of_inputs[name]]) for name in made}
    """,
    "torch": """
    import torch

    def values_and_gradients(made, inputs):
        results = {}
        for name, layer in made.items():
            x = torch.tensor(inputs[name], requires_grad=True)
            value = (layer(x) ** 2).sum()
            value.backward()
            weights = [weight.value for weight in layer.trainable_weights]
            # None where the weight has no part in inference, such as the size of ProbAct's noise.
            slopes = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
            results[name] = (value.detach(), [*slopes, x.grad])
        return results
    """,
}


GUARDED = """
    import keras
    import numpy as np
    from keras_acts import layers

    def refused(make):
        try:
            make()
        except ValueError as error:
            assert "`activation`" in str(error), error
            return True
        return False

    dense, lstm = keras.layers.Dense, keras.layers.LSTM
    for make in (layers.PReLU, layers.FReLU, layers.DynamicReLU, layers.MetaACON, lambda: layers.MaxoutDense(4)):
        for host in (dense, lstm, lambda n, **k: keras.layers.Conv2D(n, 3, **k)):
            assert refused(lambda: host(4, activation=make()))
    shared = layers.Swish()
    first = dense(4, activation=shared)
    assert refused(lambda: lstm(4, activation=shared))
    x = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")

    def model(act, host=lstm):
        return keras.Sequential([keras.Input((5, 4)), host(4, activation=act)])

    def built():
        act = layers.PReLU()
        act.build((None, 4))
        return act

    trained, fresh = model(built()), model(built())
    for weight in trained.trainable_weights:
        weight.assign(keras.ops.convert_to_numpy(weight) + 0.3)
    trained.save_weights("m.weights.h5")
    fresh.load_weights("m.weights.h5")
    assert np.array_equal(*(keras.ops.convert_to_numpy(m(x)) for m in (trained, fresh)))
    within = keras.Sequential([keras.Input((5, 4)), keras.layers.Activation(layers.PReLU())])
    expected = keras.ops.convert_to_numpy(within(x))
    within.save("m.keras")
    assert np.array_equal(keras.ops.convert_to_numpy(keras.models.load_model("m.keras")(x)), expected)
"""


@pytest.mark.parametrize("backend", [pytest.param("tensorflow", marks=pytest.mark.nightly), *BACKENDS])
def test_a_layer_as_activation_gets_the_same_answer(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    fresh_process.run(GUARDED, tmp_path, KERAS_BACKEND=backend, JAX_DISABLE_MOST_OPTIMIZATIONS="1")


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
        wanted = [*(weight.value for weight in layer.trainable_weights), x]
        gradients = tape.gradient(value, wanted, unconnected_gradients="zero")
        results[example.name] = np.concatenate([[value], *(np.ravel(gradient) for gradient in gradients)])
    return folder, results


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_and_gradients(backend, expected):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    folder, results = expected
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # it compiles sooner
    fresh_process.run(PREPARED, folder, before=BACKENDS[backend], KERAS_BACKEND=backend, PYTHONPATH=path, **quick)
    actual = np.load(folder / "results.npz")
    assert set(actual) == set(results)
    for name, values in results.items():
        np.testing.assert_allclose(actual[name], values, rtol=1e-5, atol=1e-6 * np.max(np.abs(values)), err_msg=name)
