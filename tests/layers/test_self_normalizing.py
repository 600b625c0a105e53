"""SELU at other fixed points, AlphaDropout against the paper and against Keras, and both through 32 layers."""

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, values
from keras import ops

import keras_acts
from keras_acts import layers
from keras_acts.analysis.gradients import derivatives
from keras_acts.initializers import standardize

MANY = 200_000


def normal(mean=0.0, variance=1.0, size=MANY):
    return np.random.default_rng(0).normal(mean, variance**0.5, (1, size)).astype("float32")


# ---- SELU ------------------------------------------------------------------------------------------------------------


@pytest.mark.float64
def test_selu_is_selu_for_mean_0_and_variance_1():
    x = np.linspace(-5.0, 5.0, 101)
    assert_close(layers.SELU(dtype="float64")(x), keras.activations.selu(x), rtol=1e-14)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.0, 2.0), (0.3, 0.7), (-0.2, 1.5)])
def test_selu_keeps_the_mean_and_variance_asked_for(mean, variance):
    y = values(layers.SELU(mean, variance)(normal(mean, variance))).astype("float64")
    assert np.mean(y) == pytest.approx(mean, abs=0.01)
    assert np.var(y) == pytest.approx(variance, rel=0.01)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.0, 2.0), (0.3, 0.7)])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
def test_selu_with_dropout_keeps_them_too(mean, variance, rate):
    layer = layers.SELU(mean, variance, dropout_rate=rate, seed=1)
    y = values(layer(normal(mean, variance), training=True)).astype("float64")
    assert np.mean(y) == pytest.approx(mean, abs=0.015)
    assert np.var(y) == pytest.approx(variance, rel=0.03)
    dropped = np.unique(y[0], return_counts=True)[1].max()
    assert dropped == pytest.approx(rate * MANY, rel=0.02)


def test_selu_without_dropout_has_no_random_state():
    assert not layers.SELU().variables
    assert layers.SELU(dropout_rate=0.1).variables


# ---- AlphaDropout ----------------------------------------------------------------------------------------------------


@pytest.mark.float64
@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5, 0.9])
def test_alpha_dropout_has_the_constants_of_the_paper(rate):
    """a = (q + alpha'^2 q (1 - q))^(-1/2), b = -a (1 - q) alpha', alpha' = -1.7581."""
    x = normal(size=1000).astype("float64")
    y = values(layers.AlphaDropout(rate, seed=1, dtype="float64")(x, training=True))
    alpha, q = -1.0507009873554805 * 1.6732632423543772, 1.0 - rate
    a = (q + alpha**2 * q * (1.0 - q)) ** -0.5
    b = -a * (1.0 - q) * alpha
    dropped = y == np.median(y[np.isclose(y, a * alpha + b, rtol=1e-9)])
    assert_close(y[dropped], a * alpha + b, rtol=1e-12)
    assert_close(y[~dropped], a * x[~dropped] + b, rtol=1e-9, atol=1e-12)
    assert np.mean(dropped) == pytest.approx(rate, abs=0.05)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_is_that_of_keras_for_selu(rate):
    """The same two values for each input: dropped, or scaled and moved."""
    x = np.tile(np.linspace(-1.7, 3.0, 50, dtype="float32"), (200, 1))
    ours = values(layers.AlphaDropout(rate, seed=1)(x, training=True))
    theirs = values(keras.layers.AlphaDropout(rate, seed=1)(x, training=True))
    for column in range(x.shape[1]):
        assert_close(np.unique(ours[:, column].round(4)), np.unique(theirs[:, column].round(4)), atol=2e-4)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
@pytest.mark.parametrize(
    "activation", ["selu", standardize("elu"), standardize("tanh"), standardize("softsign")], ids=str
)
def test_alpha_dropout_keeps_mean_and_variance(activation, rate):
    function = keras_acts.get(activation)
    y = values(layers.AlphaDropout(rate, activation, seed=1)(function(normal()), training=True))
    assert np.mean(y) == pytest.approx(0.0, abs=0.015)
    assert np.var(y) == pytest.approx(1.0, rel=0.03)


def test_the_saturation_is_the_limit_on_the_left():
    elu = standardize("elu")
    assert layers.AlphaDropout(0.1, elu).saturation == pytest.approx(-elu.scale + elu.shift, rel=1e-12)
    assert layers.AlphaDropout(0.1).saturation == pytest.approx(-1.0507009873554805 * 1.6732632423543772, rel=1e-12)


@pytest.mark.parametrize("activation", ["selu", standardize("elu")], ids=str)
def test_rate_0_and_rate_1(activation):
    x = ops.convert_to_tensor(normal(size=100))
    assert_same(layers.AlphaDropout(0.0, activation)(x, training=True), x)
    layer = layers.AlphaDropout(1.0, activation)
    for each in derivatives(lambda x: layer(x, training=True), x):
        assert_same(each, np.zeros((1, 100)))


@pytest.mark.parametrize(
    "layer",
    [
        layers.AlphaDropout(0.3, noise_shape=(None, 1, 1, None), seed=1),
        layers.AlphaDropout.from_config(layers.AlphaDropout(0.3, noise_shape="channels", seed=1).get_config()),
        layers.get("torch:FeatureAlphaDropout(0.3)", seed=1),
    ],
)
def test_noise_shape_drops_whole_channels(layer):
    x = np.random.default_rng(0).normal(size=(8, 5, 5, 30)).astype("float32")
    y = values(layer(x, training=True))
    constant = np.ptp(y, axis=(1, 2)) == 0.0
    assert np.mean(constant) == pytest.approx(0.3, abs=0.1)
    assert len(np.unique(y.transpose(0, 3, 1, 2)[constant])) == 1


def test_the_activation_is_saved(tmp_path):
    elu = standardize("elu")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Activation(elu), layers.AlphaDropout(0.2, elu)])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras").layers[-1]
    assert loaded.saturation == model.layers[-1].saturation
    assert loaded.activation == elu


@pytest.mark.parametrize(
    ("activation", "kind"),
    [
        ("selu", layers.AlphaDropout),
        (keras.activations.selu, layers.AlphaDropout),
        (standardize("elu"), layers.AlphaDropout),
        ("relu", keras.layers.Dropout),
        ("elu", keras.layers.Dropout),
        ("softmax", keras.layers.Dropout),
        (None, keras.layers.Dropout),
        (standardize("asinh"), keras.layers.Dropout),
        (layers.PReLU(), keras.layers.Dropout),
    ],
    ids=lambda value: getattr(value, "__name__", None) or getattr(value, "name", str(value)),
)
def test_dropout_for(activation, kind):
    layer = layers.dropout_for(activation, 0.2, seed=3)
    assert type(layer) is kind
    assert (layer.rate, layer.seed) == (0.2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.AlphaDropout(1.5),
            "`rate` of AlphaDropout must be a finite number >= 0 and <= 1. Received: rate=1.5",
        ),
        (
            lambda: layers.AlphaDropout(0.1, noise_shape="rows"),
            "`noise_shape` of AlphaDropout must be one of 'channels'",
        ),
        (lambda: layers.AlphaDropout(-0.1), "`rate` of AlphaDropout must be a finite number >= 0 and <= 1"),
        (lambda: layers.AlphaDropout(float("nan")), "`rate` of AlphaDropout must be"),
        (lambda: layers.AlphaDropout(0.1, "relu"), "AlphaDropout keeps mean 0 .* Received: activation='relu'"),
        (lambda: layers.AlphaDropout(0.1, "softmax"), "AlphaDropout keeps mean 0 .* Received: activation='softmax'"),
        (lambda: layers.AlphaDropout(0.1, "seelu"), "Unknown activation. Did you mean .*'selu'"),
        (lambda: layers.AlphaDropout(0.1, standardize("leaky_relu")), "AlphaDropout keeps mean 0 and variance 1"),
        (lambda: layers.AlphaDropout(0.1, standardize("asinh")), "this one has no finite limit at minus infinity"),
        (
            lambda: layers.AlphaDropout(0.1, noise_shape=(None, 1))(normal(size=4)[..., None], training=True),
            "`noise_shape` of AlphaDropout must have one entry for each axis",
        ),
        (lambda: layers.SELU(dropout_rate=2.0), "`dropout_rate` of SELU must be a finite number >= 0 and <= 1"),
        (lambda: layers.SELU(variance=0.0), "`variance` of a fixed point must be a finite number > 0"),
        (lambda: layers.SELU(mean=50.0), "there are none for this one. Received: mean=50.0"),
        (lambda: layers.dropout_for("selu", 1.5), "`rate` of dropout_for must be a finite number >= 0 and <= 1"),
        (lambda: layers.dropout_for("silo", 0.5), "Unknown activation. Did you mean .*'silu'"),
        (
            lambda: layers.dropout_for(layers.SELU(), 0.5),
            r"A SELU layer has its own dropout, .*SELU\(dropout_rate=0.5\)",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- The experiment --------------------------------------------------------------------------------------------------


def through(layer_of, depth=32, width=500, batch=200):
    """Mean and variance after `depth` Dense layers with LeCun's weights and what `layer_of` gives, in training."""
    keras.utils.set_random_seed(0)
    x = keras.random.normal((batch, width), seed=1)
    for number in range(depth):
        dense = keras.layers.Dense(width, kernel_initializer=keras.initializers.LecunNormal(seed=number))
        for layer in layer_of(dense, number):
            x = layer(x, training=True) if layer is not dense else layer(x)
    return float(np.mean(values(x))), float(np.var(values(x)))


def test_selu_with_alpha_dropout_keeps_mean_and_variance_through_32_layers_and_with_dropout_does_not():
    selu = keras.layers.Activation("selu")
    kept = {
        "AlphaDropout": through(lambda dense, i: [dense, selu, layers.AlphaDropout(0.1, seed=i)]),
        "SELU(dropout_rate)": through(lambda dense, i: [dense, layers.SELU(dropout_rate=0.1, seed=i)]),
    }
    for mean, variance in kept.values():
        assert abs(mean) < 0.03, kept
        assert 0.95 < variance < 1.05, kept
    mean, variance = through(lambda dense, i: [dense, selu, keras.layers.Dropout(0.1, seed=i)])
    assert variance > 1.4, (mean, variance)
