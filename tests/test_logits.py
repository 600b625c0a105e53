"""Cross-entropies of Keras see the logits behind every softmax over the last axis and every sigmoid of ours.

From the probability of a confidently wrong answer alone, the loss would be 16 and the gradient 0. The oracle is Keras'
own activation in the same place, or its loss `from_logits=True`.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import losses, ops

import keras_acts
from keras_acts.authoring import smooth

RNG = np.random.default_rng(14)
activations = keras_acts.activations

# What gives the activation -> the logits that it stands for.
SOFTMAX = {
    "keras_acts>softmax": lambda z: z,
    "keras_acts>activations.softmax": lambda z: z,
    "softmax()": lambda z: z,
    "softmax(axis=-1)": lambda z: z,
    "torch:Softmax(dim=-1)": lambda z: z,
    "softmax2d": lambda z: z,
    "softmin": lambda z: -z,
    keras_acts.get("softmax"): lambda z: z,
    keras_acts.get("softmax", axis=-1): lambda z: z,
    activations.softmax: lambda z: z,
    keras_acts.layers.GumbelSoftmax(temperature=0.5): lambda z: z / 0.5,
}
SIGMOID = {
    "keras_acts>sigmoid": lambda z: z,
    "keras_acts>activations.sigmoid": lambda z: z,
    "sigmoid()": lambda z: z,
    "torch:Sigmoid": lambda z: z,
    keras_acts.get("sigmoid"): lambda z: z,
    activations.sigmoid: lambda z: z,
    "formula: sigmoid(x)": lambda z: z,
    "formula: 1/(1 + exp(-x/t)), t=0.4": lambda z: z / 0.4,
    "formula: (1 + tanh(x))/2": lambda z: 2.0 * z,
    "formula: 1 - 1/(1 + exp(1 - 2*x))": lambda z: 1.0 - 2.0 * z,
    keras_acts.define("sigmoid(a*x)", params={"a": 0.5}): lambda z: 0.5 * z,
    keras_acts.define("sigmoid(a*x)", params={"a": 0.5}, trainable="a"): lambda z: 0.5 * z,
    smooth.step("sigmoid"): lambda z: z,
}
OTHERS = [
    "softmax_one",
    "stablemax",
    "taylor_softmax",
    "sparsemax",
    "entmax15",
    "hard_sigmoid",
    "elliott",
    "log_sigmoid",
    "swish_beta",
]
OTHERS += ["mega_laplace", "formula: tanh(x)", "formula: sigmoid(x)**2", "formula: 2*sigmoid(x)"]


def called(identifier):
    return identifier if isinstance(identifier, keras.Layer) else keras.layers.Activation(identifier)


def value_and_gradient(loss, target, prediction, z):
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(target, prediction(z))
    return value, tape.gradient(value, z)


IN_GRAPH = {"softmax(axis=-1)", activations.softmax, "sigmoid()", "formula: sigmoid(x)"}
CASES = [
    *((form, logits, losses.CategoricalCrossentropy) for form, logits in SOFTMAX.items()),
    *((form, logits, losses.SparseCategoricalCrossentropy) for form, logits in SOFTMAX.items()),
    *((form, logits, losses.BinaryCrossentropy) for form, logits in SIGMOID.items()),
]


def in_mode(graph, form, logits, loss):
    """Each form and loss in eager mode; in a graph, which is slow to trace, some per change and all in the slow set."""
    is_slow = graph and (form not in IN_GRAPH or loss is losses.SparseCategoricalCrossentropy)
    label = f"{'graph' if graph else 'eager'}-{form if isinstance(form, str) else type(form).__name__}-{loss.__name__}"
    return pytest.param(form, logits, loss, graph, id=label, marks=[pytest.mark.slow] * is_slow)


@pytest.mark.parametrize(
    ("form", "logits", "loss", "graph"), [in_mode(graph, *case) for graph in (False, True) for case in CASES]
)
def test_loss_and_gradient_of_a_confidently_wrong_answer_are_those_of_the_logits(form, logits, loss, graph):
    z = tf.constant(RNG.uniform(-300.0, 300.0, size=(6, 3)), "float32")
    wrong = RNG.integers(3, size=6) if loss is losses.SparseCategoricalCrossentropy else None
    target = wrong if wrong is not None else np.eye(3, dtype="float32")[RNG.integers(3, size=6)]
    run = tf.function(value_and_gradient) if graph else value_and_gradient
    got = run(loss(), target, called(form), z)
    want = value_and_gradient(loss(from_logits=True), target, logits, z)
    assert want[0] > 16.2
    assert np.abs(want[1]).max() > 0.01
    for ours, keras_own in zip(got, want, strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_in_other_dtypes_too_the_loss_is_that_of_keras(name, dtype):
    z = ops.cast(RNG.uniform(-90.0, 90.0, size=(5, 4)), dtype)
    target = ops.cast(np.eye(4)[RNG.integers(4, size=5)], dtype)
    loss = ops.categorical_crossentropy if name == "softmax" else ops.binary_crossentropy
    got, want = (loss(target, f(z)) for f in (keras_acts.get(name), getattr(keras.activations, name)))
    np.testing.assert_array_equal(ops.cast(got, "float64"), ops.cast(want, "float64"))


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 2, 3, 4)])
def test_softmax_keeps_them_over_the_last_axis_however_it_is_numbered_and_over_no_other(shape):
    z = ops.convert_to_tensor(RNG.normal(size=shape))
    for axis in range(-len(shape), len(shape)):
        output = keras_acts.get("softmax", axis=axis)(z)
        assert hasattr(output, "_keras_logits") == (axis in (-1, len(shape) - 1))


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_activation_keeps_logits(name):
    assert not hasattr(keras_acts.get(name)(ops.convert_to_tensor([[0.5, -1.0]])), "_keras_logits")


def test_masked_entries_leave_the_loss_finite():
    z = tf.constant([[1.0, -np.inf, 3.0], [np.inf, 0.0, 1.0]])
    for name, loss in (("softmax", losses.CategoricalCrossentropy()), ("sigmoid", losses.BinaryCrossentropy())):
        value, gradient = value_and_gradient(
            loss, tf.constant([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), keras_acts.get(name), z
        )
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


def network(last, symbolic):
    keras.utils.set_random_seed(5)
    x = keras.Input((4,))
    hidden = keras.layers.Dense(3)(x)
    return keras.Model(x, last(hidden) if symbolic else keras.layers.Activation(last)(hidden))


@pytest.mark.parametrize(
    ("name", "symbolic", "jit_compile"),
    [
        pytest.param("softmax", False, True, marks=pytest.mark.slow),
        ("softmax", True, False),
        ("sigmoid", False, False),
        pytest.param("sigmoid", True, True, marks=pytest.mark.slow),
    ],
)
def test_training_goes_as_with_keras_own_and_after_loading_too(name, symbolic, jit_compile, tmp_path):
    x = RNG.normal(size=(16, 4)).astype("float32") * 100.0
    y = np.eye(3, dtype="float32")[RNG.integers(3, size=16)]
    ours, plain = network(keras_acts.get(name), symbolic), network(getattr(keras.activations, name), symbolic)
    ours.save(tmp_path / "model.keras")
    loss = {"softmax": "categorical_crossentropy", "sigmoid": "binary_crossentropy"}[name]
    losses_seen = []
    for model in (plain, ours, keras.models.load_model(tmp_path / "model.keras")):
        model.compile("sgd", loss, jit_compile=jit_compile)
        losses_seen.append(model.train_on_batch(x, y))
        losses_seen.append(model.train_on_batch(x, y))
    assert losses_seen[0] > 16.2
    np.testing.assert_allclose(losses_seen, losses_seen[:2] * 3, rtol=1e-4)


def test_an_activation_of_the_users_can_say_what_its_logits_are():
    @keras_acts.activation(formula="1 / (1 + exp(-3 * x))", package="test_logits")
    def steep(x):
        return 1.0 / (1.0 + ops.exp(-3.0 * x))

    z = tf.constant([[-80.0]])
    loss, target = losses.BinaryCrossentropy(), tf.constant([[1.0]])
    assert value_and_gradient(loss, target, steep, z)[0] < 16.2
    steep.logits(lambda x: 3.0 * x)
    value, gradient = value_and_gradient(loss, target, steep, z)
    np.testing.assert_allclose((value, gradient[0, 0]), (240.0, -3.0))
