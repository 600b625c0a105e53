"""Layer-sequential unit variance on the architectures that users have."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_acts import initializers

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(64, 8, 8, 3)).astype("float32") * 5.0
ROWS = RNG.normal(size=(200, 6)).astype("float32") - 2.0


def convolutional():
    """Branches, pooling, normalisation, dropout, a separable and a depthwise convolution, and a shared layer."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="conv")(inputs)
    branch = layers.SeparableConv2D(8, 3, padding="same", activation="mish", name="separable")(x)
    x = layers.BatchNormalization()(layers.Add()([x, branch]))
    x = layers.DepthwiseConv2D(3, activation="gelu", name="depthwise")(x)
    x = layers.Dropout(0.5)(layers.Flatten()(layers.MaxPooling2D()(x)))
    x = layers.Dense(16, activation="tanh", name="hidden")(x)
    shared = layers.Dense(16, activation="relu", name="shared")
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="logits")(shared(shared(x))))


def sequential():
    hidden = [layers.Dense(16, activation="silu", kernel_initializer="glorot_uniform") for _ in range(10)]
    return keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(2)])


def nested():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu", name="a"), layers.Dense(8, "relu", name="b")])
    return keras.Sequential([keras.Input((6,)), inner, layers.Dense(8, activation=layers.PReLU(), name="c")])


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        # Declared in another order than used.
        self.last = layers.Dense(3, name="last")
        self.first = layers.Dense(8, "relu", name="first")

    def call(self, x):
        return self.last(self.first(x))


def subclassed():
    model = Subclassed()
    model(ROWS)
    return model


def pre_activation_variances(model, x, names):
    """Not as `lsuv` measures: from the layers' own kernels and inputs."""
    found = {}
    for name in names:
        layer = model.get_layer(name)
        linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
        features = np.asarray(keras.Model(model.input, layer.input)(x))
        linear.build(features.shape)
        linear.set_weights(layer.get_weights())
        found[name] = float(np.asarray(linear(features)).var())
    return found


def test_functional_with_branches():
    model = convolutional()
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    before = {layer.name: layer.get_weights() for layer in model.layers}
    variances = initializers.lsuv(model, IMAGES, tolerance=0.01)
    assert list(variances) == ["conv", "separable", "depthwise", "hidden", "shared", "logits"]
    assert all(abs(variance - 1.0) <= 0.01 for variance in variances.values())
    measured = pre_activation_variances(model, IMAGES, ["conv", "separable", "depthwise", "hidden", "logits"])
    for name, variance in measured.items():
        assert variance == pytest.approx(variances[name], rel=1e-3)
    # Nothing but kernels has changed.
    assert [getattr(layer, "activation", None) for layer in model.layers] == activations
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for old, new in zip(before[layer.name], layer.get_weights(), strict=True):
                np.testing.assert_array_equal(old, new)


def test_kernels_are_orthogonal_up_to_scale():
    model = sequential()
    initializers.lsuv(model, ROWS)
    kernel = np.asarray(model.layers[3].kernel)
    product = kernel.T @ kernel
    np.testing.assert_allclose(product / product[0, 0], np.eye(16), atol=1e-5)


def test_given_kernels_are_only_scaled():
    model = sequential()
    before = [np.asarray(layer.kernel) for layer in model.layers]
    variances = initializers.lsuv(model, ROWS, orthogonal=False)
    assert all(abs(variance - 1.0) <= 0.1 for variance in variances.values())
    for old, layer in zip(before, model.layers, strict=True):
        ratio = np.asarray(layer.kernel) / old
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "names"), [(nested, ["a", "b", "c"]), (subclassed, ["first", "last"])], ids=["nested", "subclassed"]
)
def test_nested_and_subclassed_models_in_order_of_use(make, names):
    model = make()
    variances = initializers.lsuv(model, ROWS)
    assert [path.rpartition("/")[2] for path in variances] == names
    assert all(abs(variance - 1.0) <= 0.1 for variance in variances.values())
    model(ROWS)  # still whole


def test_reproducible():
    first, second = sequential(), sequential()
    initializers.lsuv(first, ROWS, seed=4)
    initializers.lsuv(second, ROWS, seed=4)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def fails_late():
    """Good until the last layer, whose input is constant."""
    inputs = keras.Input((6,))
    x = layers.Dense(4, "relu")(inputs)
    return keras.Model(inputs, layers.Dense(2)(keras.ops.zeros_like(x)))


@pytest.mark.parametrize(
    ("make", "x", "arguments", "message"),
    [
        (fails_late, ROWS, {}, "must vary over the samples and be finite.* Received: variance=0.0"),
        (sequential, ROWS * np.nan, {}, "`x` of lsuv must be finite. Received: NaN or infinite values"),
        (sequential, ROWS[:1], {}, "`x` of lsuv must hold at least 2 samples. Received: shape=\\(1, 6\\)"),
        (sequential, ROWS[:, :5], {}, "incompatible|expected"),
        (
            sequential,
            ROWS,
            {"tolerance": 0.0},
            "`tolerance` of lsuv must be a finite number > 0. Received: tolerance=0.0",
        ),
        (sequential, ROWS, {"max_iterations": 0}, "`max_iterations` of lsuv must be an integer >= 1"),
        (
            lambda: keras.Sequential([keras.Input((6, 1)), layers.LSTM(3)]),
            ROWS[..., None],
            {},
            "`model` of lsuv must have a layer with a kernel and an activation",
        ),
    ],
    ids=["constant", "nan", "one sample", "shape", "tolerance", "iterations", "no kernel"],
)
def test_bad_input_changes_nothing(make, x, arguments, message):
    model = make()
    before = model.get_weights()
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    with pytest.raises(ValueError, match=message):
        initializers.lsuv(model, x, **arguments)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert [getattr(layer, "activation", None) for layer in model.layers] == activations


@pytest.mark.parametrize("model", [None, layers.Dense(3), keras.Sequential([layers.Dense(3)])])
def test_no_built_model(model):
    with pytest.raises(ValueError, match="`model` of lsuv must be a built"):
        initializers.lsuv(model, ROWS)
