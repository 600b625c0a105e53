"""Biases by the inputs of each output, as torch's layers draw them, and `paired("finer")`, which has them."""

import keras
import numpy as np
import pytest
from backends import values

import keras_acts
from keras_acts.initializers import FanInUniform

HOSTS = {
    "Dense": (lambda **given: keras.layers.Dense(200, **given), (16,), 16),
    "Conv1D": (lambda **given: keras.layers.Conv1D(200, 3, **given), (9, 4), 12),
    "Conv2D": (lambda **given: keras.layers.Conv2D(200, 3, groups=2, **given), (9, 9, 4), 18),
    "Conv1DTranspose": (lambda **given: keras.layers.Conv1DTranspose(200, 3, **given), (9, 4), 12),
    "DepthwiseConv1D": (lambda **given: keras.layers.DepthwiseConv1D(3, depth_multiplier=50, **given), (9, 4), 3),
    "SeparableConv1D": (lambda **given: keras.layers.SeparableConv1D(200, 3, **given), (9, 4), 4),
    "EinsumDense": (
        lambda **given: keras.layers.EinsumDense("abc,cde->abde", (None, 20, 10), bias_axes="de", **given),
        (9, 4),
        4,
    ),
    "SimpleRNN": (lambda **given: keras.layers.SimpleRNN(200, **given), (9, 4), 4),
}


def bias_of(layer):
    return values(next(weight for weight in layer.weights if weight.name == "bias")).ravel()


@pytest.mark.parametrize("host", HOSTS)
def test_range_in_each_layer(host):
    """Uniform, and as wide as the inputs of each output say."""
    make, shape, inputs = HOSTS[host]
    layer = make(bias_initializer=FanInUniform(seed=1))
    keras.Sequential([keras.Input(shape), layer])
    bias, limit = bias_of(layer), 1.0 / np.sqrt(inputs)
    assert 0.97 * limit < np.abs(bias).max() <= limit
    assert abs(bias.std() * np.sqrt(3.0) / limit - 1.0) < 0.15


def test_one_for_several_layers_is_that_of_each():
    shared = keras_acts.paired("finer")
    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(300, **shared) for _ in range(3))])
    limits = [np.abs(bias_of(layer)).max() for layer in model.layers]
    np.testing.assert_allclose(limits, 1.0 / np.sqrt([2, 300, 300]), rtol=0.03)
    assert not np.array_equal(bias_of(model.layers[1]), bias_of(model.layers[2]))


def test_in_a_model_of_ones_own():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(300, **keras_acts.paired("finer"))
            self.second = keras.layers.Dense(300, **keras_acts.paired("finer"))

        def call(self, x):
            return self.second(self.first(x))

    net = Net()
    net(np.ones((2, 3), "float32"))
    limits = [np.abs(bias_of(layer)).max() for layer in (net.first, net.second)]
    np.testing.assert_allclose(limits, 1.0 / np.sqrt([3, 300]), rtol=0.03)


def test_without_a_kernel_it_asks_for_the_inputs():
    with pytest.raises(ValueError, match=r"or be given fan_in.* Received: shape=\(3,\) beside no kernel"):
        FanInUniform()((3,))
    assert np.abs(values(FanInUniform(fan_in=100)((500,)))).max() <= 0.1
    with pytest.raises(ValueError, match="`fan_in` of FanInUniform must be an integer >= 1"):
        FanInUniform(fan_in=0)


def test_files_and_strings(tmp_path):
    hidden = [
        keras.layers.Dense(4, **keras_acts.paired("finer(w0=20.0)")),
        keras.layers.Dense(4, bias_initializer="keras_acts>FanInUniform(fan_in=9)"),
    ]
    model = keras.Sequential([keras.Input((3,)), *hidden])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    for before, after in zip(model.layers, loaded.layers, strict=True):
        assert isinstance(after.bias_initializer, FanInUniform)
        assert after.bias_initializer.fan_in == before.bias_initializer.fan_in
    np.testing.assert_array_equal(values(loaded(np.eye(3))), values(model(np.eye(3))))


@pytest.mark.parametrize("w0", [1.0, 30.0])
def test_kernels_of_finer_are_those_of_siren(w0):
    kernel = keras_acts.paired(f"finer(w0={w0})")["kernel_initializer"]
    theirs = keras_acts.paired(f"sin(w0={w0})")["kernel_initializer"]
    assert type(kernel) is type(theirs)
    assert (kernel.scale, kernel.mode, kernel.distribution) == (theirs.scale, theirs.mode, theirs.distribution)
    limit = np.sqrt(6.0 / 64) / w0
    drawn = values(kernel((64, 200)))
    assert 0.99 * limit < np.abs(drawn).max() <= limit
