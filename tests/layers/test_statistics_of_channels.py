"""Dice and GDN, which see other samples or other channels: their formulas, what they learn, and from where."""

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, gradients, values

from keras_acts import layers

BATCH = np.array([[-2.0], [0.5], [3.0]])
PEDESTAL = 2.0**-36


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


# ---- Dice ------------------------------------------------------------------------------------------------------------


@pytest.mark.float64
@pytest.mark.parametrize("learns_beta", [False, True])
def test_dice(learns_beta):
    generator = np.random.default_rng(0)
    layer = layers.Dice(beta_initializer=0.0 if learns_beta else None, epsilon=1e-3, dtype="float64")
    x = generator.normal(1.0, 3.0, (7, 4, 3))
    layer.build(x.shape)
    for weight in layer.weights:
        weight.assign(generator.uniform(0.5, 1.5, weight.shape))
    alpha, beta = values(layer.alpha), values(layer.beta) if learns_beta else 1.0
    mean, variance = values(layer.norm.moving_mean), values(layer.norm.moving_variance)
    for training in (False, True):
        if training:
            mean, variance = x.mean((0, 1)), x.var((0, 1))
        p = sigmoid(beta * (x - mean) / np.sqrt(variance + 1e-3))
        assert_close(layer(x, training=training), x * (p + alpha * (1.0 - p)), rtol=1e-6, atol=1e-9)


def test_dice_of_the_batch_and_at_its_start():
    assert_close(layers.Dice()(BATCH, training=True), [[-0.454205038923], [0.25], [2.31869244162]], rtol=1e-6)
    assert_close(layers.get("din:dice")(BATCH, training=True), 0.5 * BATCH, rtol=1e-6)
    layer = layers.Dice()
    layer.build((None, 3))
    assert [weight.name for weight in layer.trainable_weights] == ["alpha"]
    assert len(layer.non_trainable_weights) == 2
    both = layers.get("din:dice")
    both.build((None, 3))
    assert [weight.name for weight in layers.learnable_parameters(both)] == ["alpha", "beta"]


def test_what_a_mask_leaves_out_does_not_enter_the_statistics():
    generator = np.random.default_rng(1)
    x = generator.normal(size=(4, 5, 3)).astype("float32")
    mask = generator.random((4, 5)) < 0.6
    changed = np.where(mask[:, :, None], x, 99.0).astype("float32")
    outputs, statistics = [], []
    for each in (x, changed):
        layer = layers.Dice(momentum=0.5)
        outputs.append(values(layer(each, training=True, mask=keras.ops.convert_to_tensor(mask)))[mask])
        statistics.append([values(weight) for weight in layer.norm.weights])
    assert_close(outputs[1], outputs[0], rtol=1e-5, atol=1e-6)
    assert_close(statistics[1][0], 0.5 * x[mask].mean(0), rtol=1e-4, atol=1e-6)
    assert_close(statistics[1][1], 0.5 + 0.5 * x[mask].var(0), rtol=1e-4)


# ---- GDN -------------------------------------------------------------------------------------------------------------


def stands_for(weight, smallest):
    return np.maximum(weight, np.sqrt(smallest + PEDESTAL)) ** 2 - PEDESTAL


@pytest.mark.float64
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9, 1e30, 1e160])
def test_gdn(inverse, size):
    """With weights on both sides of their bounds."""
    generator = np.random.default_rng(0)
    layer = layers.GDN(inverse, beta_min=0.3, dtype="float64")
    x = size * generator.normal(size=(2, 3, 4, 5))
    layer.build(x.shape)
    for weight in layer.weights:
        weight.assign(generator.uniform(-0.5, 1.5, weight.shape))
    beta, gamma = stands_for(values(layer.beta), 0.3), stands_for(values(layer.gamma), 0.0)
    assert (beta > 0.31).any()
    assert (gamma == 0.0).any()
    wide = x.astype(np.longdouble)
    root = np.sqrt(beta + np.square(wide) @ gamma.T.astype(np.longdouble))
    with np.errstate(over="ignore"):
        expected = (wide * root if inverse else wide / root).astype("float64")
    assert_close(layer(x), expected, rtol=1e-11)


def test_gdn_at_its_start():
    layer = layers.GDN()
    layer.build((None, 3))
    assert_close(layer.beta, np.full(3, np.sqrt(1.0 + PEDESTAL)), rtol=1e-7)
    assert_close(layer.gamma, np.sqrt(0.1 * np.eye(3) + PEDESTAL), rtol=1e-6)
    x = np.float32([[-2.0, 0.5, 3.0]])
    assert_close(layer(x), [[-1.69030850946, 0.493864798325, 2.17642875033]], rtol=1e-6)
    assert_close(layers.GDN(inverse=True)(x), [[-2.36643191324, 0.506211418283, 4.13521462563]], rtol=1e-6)
    of_compressai = layers.get("compressai:GDN(3, gamma_init=0.4)")
    of_compressai.build((None, 3))
    assert_close(of_compressai.gamma, np.sqrt(0.4 * np.eye(3) + PEDESTAL), rtol=1e-6)


def test_a_weight_below_its_bound_gets_only_gradients_that_raise_it():
    """By the rule of the source: a gradient passes where w >= bound, or where it is negative, and so raises w."""
    layer = layers.GDN(beta_min=0.5)
    layer.build((None, 2))
    for sign in (1.0, -1.0):
        for weight, of_gamma in (([0.9, 0.1], [[0.4, -0.2], [-0.3, 0.5]]), ([0.1, 0.9], [[-0.1, 0.2], [0.3, -0.5]])):
            layer.set_weights([np.float32(weight), np.float32(of_gamma)])
            x = np.float32([[1.0, -2.0], [0.3, 0.7]])
            found = gradients(
                lambda sign=sign, x=x: sign * keras.ops.sum(keras.ops.multiply(layer(x), x)), layer.trainable_weights
            )
            beta, gamma = stands_for(np.float32(weight), 0.5), stands_for(np.float32(of_gamma), 0.0)
            root = beta + np.square(x) @ gamma.T
            of_root = sign * np.square(x) * -0.5 * root**-1.5
            unbounded = of_root.sum(0), of_root.T @ np.square(x)
            for got, slope, w, low in zip(found, unbounded, (weight, of_gamma), (0.5, 0.0), strict=True):
                bound = np.sqrt(low + PEDESTAL)
                slope = slope * 2.0 * np.maximum(w, bound)
                assert_close(got, np.where((np.array(w) >= bound) | (slope < 0.0), slope, 0.0), rtol=1e-5)


def test_gdn_and_its_inverse_learn():
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), layers.GDN(), layers.GDN(inverse=True)])
    model.compile(keras.optimizers.SGD(0.02), "mse")
    before = [np.array(weight) for weight in model.get_weights()]
    losses = model.fit(x, x, batch_size=64, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
    assert all(np.any(after != start) for after, start in zip(model.get_weights(), before, strict=True))
    assert_same(sorted(w.name for w in layers.learnable_parameters(model)), ["beta", "beta", "gamma", "gamma"])
