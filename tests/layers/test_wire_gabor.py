"""WireGabor: its wavelet, its weights at the start, and that it learns a picture."""

import keras
import numpy as np
import pytest
from backends import assert_close, values

from keras_acts import layers


@pytest.mark.float64
def test_value():
    generator = np.random.default_rng(0)
    layer = layers.WireGabor(4, w0=3.0, s0=0.7, dtype="float64")
    x = generator.normal(size=(5, 3))
    layer.build(x.shape)
    for weight in layer.weights:
        weight.assign(generator.normal(size=weight.shape))
    u, v = np.split(x @ values(layer.kernel) + values(layer.bias), 2, axis=-1)
    assert_close(layer(x), np.cos(3.0 * u) * np.exp(-((0.7 * v) ** 2)), rtol=1e-9, atol=1e-12)


def test_worked_value():
    layer = layers.WireGabor(1, kernel_initializer=0.1, use_bias=False)
    expected = [-0.00762199518289, 0.68346198641, -0.000122174780053]
    assert_close(layer(np.float32([[-2.0], [0.5], [3.0]]))[:, 0], expected, rtol=2e-5)


@pytest.mark.parametrize("inputs", [2, 50])
def test_weights_at_the_start(inputs):
    """As torch's Linear draws them, both from +-1 / sqrt(inputs)."""
    layer = layers.WireGabor(2000)
    layer.build((None, inputs))
    limit = np.float32(1.0 / np.sqrt(inputs))  # torch's generator may draw the bound itself
    for weight in (values(layer.kernel), values(layer.bias)):
        assert np.abs(weight).max() <= limit
        assert_close(weight.std(), limit / np.sqrt(3.0), rtol=0.05)
        assert abs(weight.mean()) < 0.05 * limit
    assert layer.get_config()["bias_initializer"] is None
    given = layers.WireGabor(4, bias_initializer="zeros", kernel_initializer="ones")
    given.build((None, inputs))
    assert not np.any(values(given.bias))
    assert np.all(values(given.kernel) == 1.0)


@pytest.mark.slow
def test_it_learns_a_signal_that_a_line_cannot():
    keras.utils.set_random_seed(0)
    x = np.linspace(-1.0, 1.0, 128, dtype="float32")[:, None]
    y = np.sin(12.0 * x) * (x > 0.0)
    model = keras.Sequential([keras.Input((1,)), layers.WireGabor(64, s0=3.0), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    model.fit(x, y, batch_size=128, epochs=150, verbose=0)
    assert np.mean((values(model(x)) - y) ** 2) < 0.1 * np.var(y)
