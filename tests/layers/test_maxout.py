"""Maxout and CReLU: which channels go where, and the theorems of their papers."""

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, values

from keras_acts import layers

X = np.linspace(-4.0, 4.0, 801, dtype="float32")[:, None]


def sample(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_groupings_are_those_of_tf_addons_and_paddle():
    x = np.array([[1.0, 5.0, 2.0, 0.0, 3.0, 4.0]])
    assert_same(layers.Maxout(2, "strided")(x), [[1.0, 5.0, 4.0]])
    assert_same(layers.Maxout(2, "consecutive")(x), [[5.0, 2.0, 4.0]])


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -3])
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_groupings_along_any_axis(axis, pieces):
    x = sample(2, 6, 6, 6)
    moved = np.moveaxis(x, axis, -1)
    strided = np.max([moved[..., i * (6 // pieces) : (i + 1) * (6 // pieces)] for i in range(pieces)], axis=0)
    consecutive = np.max([moved[..., i::pieces] for i in range(pieces)], axis=0)
    for grouping, expected in (("strided", strided), ("consecutive", consecutive)):
        y = layers.Maxout(pieces, grouping, axis)(x)
        assert_same(y, np.moveaxis(expected, -1, axis))


@pytest.mark.parametrize(
    ("kernel", "function"), [([[1.0, 0.0]], "relu"), ([[1.0, -1.0]], "abs"), ([[1.0, 0.25]], None)]
)
def test_two_pieces_are_relu_abs_and_leaky_relu_exactly(kernel, function):
    layer = layers.MaxoutDense(1, pieces=2, use_bias=False)
    layer.build((None, 1))
    layer.kernel.assign(kernel)
    expected = {"relu": np.maximum(X, 0), "abs": np.abs(X), None: np.where(X > 0, X, np.float32(0.25) * X)}[function]
    assert_same(layer(X), expected)


def test_the_error_on_a_parabola_falls_with_the_number_of_pieces():
    """k tangents of x^2 over [-4, 4], d apart: between neighbours at t and t + d the error is (d / 2)^2, at most."""
    errors = []
    for pieces in (1, 2, 4, 8, 16):
        layer = layers.MaxoutDense(1, pieces=pieces)
        layer.build((None, 1))
        distance = 8.0 / pieces
        touching = -4.0 + distance * (np.arange(pieces) + 0.5)
        layer.kernel.assign(2.0 * touching[None, :])
        layer.bias.assign(-(touching**2))
        errors.append(np.max(np.abs(values(layer(X)) - X**2)))
        assert errors[-1] == pytest.approx((distance / 2.0) ** 2, rel=1e-3)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.slow
def test_learning_a_parabola_gets_better_with_more_pieces():
    errors = {}
    for pieces in (1, 2, 6):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((1,)), layers.MaxoutDense(1, pieces, bias_initializer="random_normal")])
        model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=False, steps_per_execution=400)
        x = np.tile(X[::8], (400, 1))
        model.fit(x, x**2, batch_size=len(X[::8]), shuffle=False, verbose=0)
        errors[pieces] = float(np.mean((values(model(X)) - X**2) ** 2))
    assert errors[2] < errors[1] / 5
    assert errors[6] < errors[2] / 2


@pytest.mark.float64
def test_maxout_dense_is_the_largest_of_the_products():
    """z_ij = x^T W_ij + b_ij, as in section 3 of the paper."""
    layer = layers.MaxoutDense(4, pieces=3, bias_initializer="random_normal", dtype="float64")
    x = np.random.default_rng(0).normal(size=(7, 2, 5))
    y = layer(x)
    kernel, bias = (keras.ops.convert_to_numpy(w) for w in layer.weights)
    z = [[x @ kernel[:, i * 4 + j] + bias[i * 4 + j] for j in range(4)] for i in range(3)]
    assert_close(y, np.moveaxis(np.max(z, axis=0), 0, -1), rtol=1e-12)


def test_maxout_dense_with_two_pieces_keeps_the_second_moment():
    keras.utils.set_random_seed(0)
    y = values(layers.MaxoutDense(4000)(sample(200, 300)))
    # Over 4000 random units its standard deviation is 0.022.
    assert np.mean(np.square(y)) == pytest.approx(1.0, abs=0.07)


def test_crelu_and_its_relatives():
    def elu(x):
        return np.where(x > 0.0, x, np.expm1(x))

    x = sample(3, 5, 4)
    cases = {
        "CReLU": [np.maximum(x, 0), np.maximum(-x, 0)],
        "CReLU(signed=True)": [np.maximum(x, 0), np.minimum(x, 0)],
        "CReLU(activation='elu')": [elu(x), elu(-x)],
    }
    for spec, halves in cases.items():
        assert_close(layers.get(spec)(x), np.concatenate(halves, axis=-1), rtol=1e-6, atol=1e-6)
    assert_same(layers.CReLU(axis=1)(x), np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], 1))


def test_crelu_loses_nothing():
    x = sample(3, 5)
    first, second = np.split(values(layers.CReLU()(x)), 2, axis=-1)
    assert_same(first - second, x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Maxout(0), "`pieces` of Maxout must be an integer >= 1. Received: pieces=0"),
        (
            lambda: layers.Maxout(2, "blocks"),
            "`grouping` of Maxout must be one of 'strided', 'consecutive'. Received: gro",
        ),
        (lambda: layers.Maxout(axis=0), "`axis` of Maxout must be an integer other than 0, the batch axis"),
        (
            lambda: layers.Maxout(4)(sample(2, 6)),
            r"Maxout makes one channel of each 4: .* must be divisible by 4. Received: 6 channels",
        ),
        (lambda: layers.Maxout(4).compute_output_shape((None, 6)), "their number must be divisible by 4"),
        (
            lambda: layers.Maxout(2)(keras.Input((5, None))),
            "Maxout needs a known number of channels: the size of axis -1",
        ),
        (
            lambda: layers.Maxout(axis=3)(sample(2, 6)),
            "`axis` of Maxout must be an axis after the batch axis. Received",
        ),
        (
            lambda: layers.Maxout(axis=-2)(sample(2, 6)),
            "`axis` of Maxout must be an axis after the batch axis. Received",
        ),
        (lambda: layers.CReLU()(keras.Input((None,))), "CReLU needs a known number of channels"),
        (lambda: layers.CReLU("relo"), "Unknown activation. Did you mean"),
        (lambda: layers.MaxoutDense(0), "`units` of MaxoutDense must be an integer >= 1. Received: units=0"),
        (lambda: layers.MaxoutDense(3, pieces=1.5), "`pieces` of MaxoutDense must be an integer >= 1"),
        (lambda: layers.MaxoutDense(3)(keras.Input((None,))), "MaxoutDense needs a known number of input channels"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
