"""What the initializers are for: signals that survive depth, and networks that train. Fixed seeds, small networks."""

import keras
import mpmath
import numpy as np
import pytest
from keras import layers

import keras_acts
from keras_acts import initializers
from keras_acts.analysis import quadrature

DEPTH = 30
EPOCHS = 12
CHANCE = 0.15  # of ten classes


@pytest.fixture(scope="module")
def digits():
    datasets = pytest.importorskip("sklearn.datasets")
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    x = ((data.data - data.data.mean()) / data.data.std()).astype("float32")[order]
    y = data.target[order]
    return (x[:1437], y[:1437]), (x[1437:], y[1437:])


def initializers_of(activation, arm):
    """Keyword arguments of a layer: Keras' defaults, or those of `paired`, deep or not."""
    return {"activation": activation} if arm == "default" else keras_acts.paired(activation, deep=arm == "deep")


def deep_network(kwargs):
    return keras.Sequential([keras.Input((64,)), *(layers.Dense(64, **kwargs) for _ in range(DEPTH)), layers.Dense(10)])


def accuracies(activation, arms, digits, seed=0):
    """Test accuracy of one deep network trained from the initial weights of each arm. It is compiled once."""
    train, (x, y) = digits
    keras.utils.set_random_seed(seed)
    starts = {arm: deep_network(initializers_of(activation, arm)).get_weights() for arm in arms}
    network = deep_network({"activation": activation})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(1e-3), loss, steps_per_execution=23)
    network.optimizer.build(network.trainable_variables)
    optimizer_start = [np.array(variable) for variable in network.optimizer.variables]
    found = {}
    for arm, weights in starts.items():
        network.set_weights(weights)
        for variable, value in zip(network.optimizer.variables, optimizer_start, strict=True):
            variable.assign(value)
        network.fit(*train, batch_size=64, epochs=EPOCHS, verbose=0)
        found[arm] = float((np.asarray(network(x)).argmax(axis=1) == y).mean())
    return found


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_gelu_and_silu_leave_chance(name, digits):
    found = accuracies(name, ["default", "deep"], digits)
    assert found["default"] < CHANCE
    assert found["deep"] > 0.85


@pytest.mark.nightly
def test_relu_improves(digits):
    found = accuracies("relu", ["default", "paired"], digits)
    assert found["paired"] > found["default"] + 0.1
    assert found["paired"] > 0.8


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["selu", "tanh"])
def test_selu_and_tanh_stay_good(name, digits):
    found = accuracies(name, ["deep"], digits)
    assert found["deep"] > 0.85


# ---- The variance of pre-activations ---------------------------------------------------------------------------------

WIDTH, LAYERS = 800, 50


def variances_through(name, arm, layer_count=LAYERS, seed=0, start=1.0):
    """The mean square of the outputs of each layer, before its activation, for one normal input."""
    keras.utils.set_random_seed(seed)  # before the initializers are made
    layer = layers.Dense(WIDTH, **initializers_of(name, arm))
    z = start**0.5 * np.random.default_rng(seed).normal(size=(1, WIDTH)).astype("float32")
    found = []
    for _ in range(layer_count):
        kernel = new_seed(layer.kernel_initializer)((WIDTH, WIDTH))
        z = keras.ops.matmul(layer.activation(keras.ops.convert_to_tensor(z)), kernel) + layer.bias_initializer(
            (WIDTH,)
        )
        found.append(float(np.square(np.asarray(z)).mean()))
    return np.array(found)


def new_seed(initializer):
    """Keras' own default gives the same values at every call; a clone draws a new seed."""
    return initializer if isinstance(initializer.seed, keras.random.SeedGenerator) else initializer.clone()


def band(name):
    """Four standard deviations of log variance in each layer, at finite width.

    d <- slope d + noise: a deviation is multiplied by the slope in each layer, and gain^4 Var f(z)^2 / WIDTH is the
    variance of the noise. Besides, the mean of `WIDTH` squares that is measured varies by 2 / WIDTH.
    """
    f = keras_acts.get(name)
    fourth = float(quadrature.expectation(lambda x: np.asarray(f(x)) ** 4))
    noise = initializers.gain(name) ** 4 * fourth - 1.0
    accumulated = np.cumsum(initializers.statistics(name).slope ** (2 * np.arange(LAYERS)))
    return 4.0 * np.sqrt((noise * accumulated + 2.0) / WIDTH)


@pytest.mark.parametrize(
    "name", ["tanh", "selu", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("softsign", "elu", "relu"))]
)
def test_variance_stays_in_the_band_that_the_slope_predicts(name):
    """Measured with seeds 0 to 3: root mean square 0.5 to 1.3 standard deviations, at most 3.3."""
    assert (np.abs(np.log(variances_through(name, "paired"))) < band(name)).all()
    if name != "selu":  # whose gain is that of Keras' default for square kernels
        assert np.log(variances_through(name, "default"))[-1] < -band(name)[-1]


@pytest.mark.parametrize(("name", "highest"), [("gelu", 4.0), ("silu", 15.0)])
def test_unstable_variance_runs_away_and_the_critical_point_holds_it(name, highest):
    """Measured with seeds 0 to 3: with their gain, gelu ends at 330 to 1030 and silu at 2e5 to 1e6."""
    assert variances_through(name, "paired", start=1.3)[-1] > 100.0
    critical = variances_through(name, "deep", start=1.3)
    assert (critical > 0.5).all()
    assert (critical < highest).all()


@pytest.mark.parametrize("name", ["gelu", "tanh", "selu"])
def test_small_deviations_are_multiplied_by_the_slope(name):
    """Two inputs in one and the same network, so that both see nearly the same noise."""
    keep = 3
    high, low = (variances_through(name, "paired", keep, seed=1, start=start) for start in (1.05, 1.0 / 1.05))
    found = np.log(high / low) / (2.0 * np.log(1.05))
    np.testing.assert_allclose(found, initializers.statistics(name).slope ** np.arange(1, keep + 1), rtol=0.1)


def test_siren_settles_at_its_fixed_point():
    fixed_point = float(1 + mpmath.lambertw(-2 * mpmath.exp(-2)) / 2)  # q = 1 - exp(-2 q)
    assert fixed_point == pytest.approx(0.79681213, abs=5e-9)
    w0, width = 30.0, 1000
    keras.utils.set_random_seed(0)
    sine = keras_acts.get("sin", w0=w0)
    z = np.random.default_rng(0).uniform(-1.0, 1.0, size=(200, 2)).astype("float32")
    kernel = initializers.Siren(w0, first_layer=True)((2, width))
    z = keras.ops.matmul(z, kernel)
    hidden = keras_acts.paired(sine)["kernel_initializer"]
    found = []
    for _ in range(12):
        z = keras.ops.matmul(sine(z), hidden((width, width)))
        found.append(float(np.square(w0 * np.asarray(z)).mean()))
    np.testing.assert_allclose(found[5:], fixed_point, rtol=0.03)
    assert np.mean(found[5:]) == pytest.approx(fixed_point, rel=0.015)
