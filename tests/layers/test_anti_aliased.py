"""AntiAliased, against resampling written out: zeros between the samples and one long filter, in NumPy and in torch."""

import keras
import numpy as np
import pytest
from backends import assert_close, values

from keras_acts import layers
from keras_acts.layers.anti_aliased import LOW_PASS

HALF = [0.0020289664499, 0.00938946394407, -0.0255434640653, -0.0576573754754, 0.128572609081, 0.443209800065]
X = np.random.default_rng(0).normal(size=(2, 9, 3))


def snake(x):
    return x + np.sin(x) ** 2


def written_out(x, activation):
    """Of one signal: edges go on, zeros come between, all is convolved, and the length restored."""
    padded = np.pad(x, 5, mode="edge")
    spread = np.zeros(2 * len(padded) - 1)
    spread[::2] = padded
    dense = 2.0 * np.convolve(spread, LOW_PASS)[15:-15]
    return np.convolve(np.pad(activation(dense), (5, 6), mode="edge"), LOW_PASS, mode="valid")[::2]


def test_the_filter_is_that_of_the_source():
    assert_close(LOW_PASS, [*HALF, *HALF[::-1]], rtol=1e-10)


@pytest.mark.float64
@pytest.mark.parametrize("length", [1, 2, 7, 30])
def test_against_one_signal_after_the_other(length):
    x = np.random.default_rng(length).normal(size=(2, length, 3))
    expected = np.apply_along_axis(written_out, 1, x, snake)
    assert_close(layers.AntiAliased("snake", dtype="float64")(x), expected, rtol=1e-12, atol=1e-13)
    moved = layers.AntiAliased("snake", axis=-1, dtype="float64")(np.swapaxes(x, 1, 2))
    assert_close(moved, np.swapaxes(expected, 1, 2), rtol=1e-12, atol=1e-13)


def test_worked_value():
    x = np.float32([[[-2.0], [0.5], [3.0]]])
    assert_close(layers.AntiAliased()(x)[0, :, 0], [-1.21795288064, 1.05027980632, 3.15720014375], rtol=1e-6)


@pytest.mark.second_oracle
@pytest.mark.parametrize("length", [1, 5, 16])
def test_against_the_convolutions_of_torch(length):
    torch = pytest.importorskip("torch", reason="torch is a second oracle, not a dependency of the tests")
    functional = torch.nn.functional
    x = np.random.default_rng(length).normal(size=(2, length, 3))
    taps = torch.tensor(LOW_PASS).view(1, 1, -1).expand(3, -1, -1)
    signal = functional.pad(torch.tensor(np.swapaxes(x, 1, 2)), (5, 5), mode="replicate")
    dense = 2.0 * functional.conv_transpose1d(signal, taps, stride=2, groups=3)[..., 15:-15]
    dense = functional.pad(dense + torch.sin(dense) ** 2, (5, 6), mode="replicate")
    expected = functional.conv1d(dense, taps, stride=2, groups=3).numpy()
    got = layers.AntiAliased("snake")(x.astype("float32"))
    assert_close(got, np.swapaxes(expected, 1, 2), rtol=1e-5, atol=1e-5)


def test_a_constant_stays_one_and_a_line_is_kept_within():
    assert_close(layers.AntiAliased("relu")(np.full((1, 6, 1), 2.5, "float32")), np.full((1, 6, 1), 2.5), rtol=1e-6)
    ramp = np.arange(40.0, dtype="float32").reshape(1, 40, 1)
    assert_close(layers.AntiAliased(None)(ramp)[:, 8:-8], ramp[:, 8:-8], rtol=1e-5)


def test_less_comes_back_folded_than_without():
    """A wave through a rectifier, whose harmonics fold down to low frequencies."""
    wave = np.sin(2.0 * np.pi * 0.36 * np.arange(400)).astype("float32").reshape(1, 400, 1)

    def folded(y):
        spectrum = np.abs(np.fft.rfft(values(y)[0, 50:-50, 0] * np.hanning(300)))
        return np.sum(spectrum[20:100] ** 2)  # below the wave, and above what the mean spreads

    plain = keras.layers.Activation("relu")(wave)
    assert folded(layers.AntiAliased("relu")(wave)) < 0.1 * folded(plain)


def test_weights_of_the_activation_are_its_own(tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), layers.AntiAliased(layers.SnakeBeta())])
    assert [weight.name for weight in layers.learnable_parameters(model)] == ["alpha", "beta"]
    for weight in model.trainable_weights:
        weight.assign(np.linspace(-0.5, 0.5, 3))
    model.save(tmp_path / "m.keras")
    x = X.astype("float32")
    assert_close(keras.models.load_model(tmp_path / "m.keras")(x), model(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"axis": 0}, "must be an integer other than 0"), ({"axis": 3}, "must be an axis after the batch axis")],
)
def test_an_axis_that_is_none_of_time_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.AntiAliased(**arguments)(X)
