"""Every layer at infinity: its limit along a ray, an infinity of the right sign, and never NaN where there is one."""

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, values
from layers.examples import EXAMPLES

from keras_acts import layers
from keras_acts.layers.fused_dense import FusedDense
from keras_acts.testing.layer_subject import for_inference, layer_subject

HAS_NO_LIMIT = {"Sine", "AntiAliased"}  # the second is a sum of infinities of both signs, as any convolution is


def _rays(shape, products):
    """Where the input goes to infinity, and with which sign; in each sample of the batch another way."""
    rng = np.random.default_rng(0)
    one = np.zeros(shape).ravel()
    one[1] = 1.0
    some = rng.choice([-1.0, 0.0, 1.0], size=shape)
    all_of_them = [np.ones(shape), -np.ones(shape), rng.choice([-1.0, 1.0], size=shape), some]
    # A sum of products that are infinite with two signs is NaN, as in keras.layers.Dense and Conv2D.
    return np.array([one.reshape(shape), -one.reshape(shape), *([] if products else all_of_them)])


@pytest.mark.float64
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_limit(example):
    """With weights of both signs, as trained ones are, and with weights that are 0."""
    keras.utils.set_random_seed(0)
    subject = layer_subject(example.layer, example.shape)
    layer, single = subject.built(dtype="float64"), subject.built(dtype="float32")
    rng = np.random.default_rng(1)
    products = isinstance(layer, FusedDense | layers.FReLU)
    for size in (0.5,) if products or not layer.trainable_weights else (0.5, 0.0):
        for weight, narrow in zip(layer.trainable_weights, single.trainable_weights, strict=True):
            drawn = keras.ops.convert_to_numpy(weight) + rng.uniform(-size, size, weight.shape)
            weight.assign(drawn if size else np.zeros(weight.shape))
            narrow.assign(weight.value)
        _check_limits(example, layer, single, products)


def _check_limits(example, layer, single, products):
    rays = _rays(example.shape, products)
    base = np.random.default_rng(2).normal(size=rays.shape)

    def at(distance, layer=layer):
        x = np.where(rays == 0.0, base, np.copysign(distance, rays)).astype(layer.compute_dtype)
        return values(for_inference(layer, x)).astype("float64")

    near, far, infinite, huge = at(1e6), at(1e12), at(np.inf), at(3e38, single)
    if example.name in HAS_NO_LIMIT:
        return
    if example.name == "GumbelSoftmax":  # entries of -inf are never chosen, not even where all are
        infinite = np.where(np.all(rays == -1.0, axis=-1, keepdims=True), far, infinite)
    grows = np.abs(far) > 1e3 * np.maximum(np.abs(near), 1.0)
    assert_same(infinite[grows], np.sign(far[grows]) * np.inf)
    assert_close(infinite[~grows], far[~grows], rtol=1e-4, atol=1e-5)
    assert_close(at(np.inf, single), at(np.inf), rtol=1e-4, atol=1e-5)
    assert not np.any(np.isnan(huge))


@pytest.mark.parametrize("example", [example for example in EXAMPLES if len(example.shape) == 1], ids=str)
def test_not_a_number_stays_so(example):
    x = np.full((1, *example.shape), np.nan, "float32")
    assert np.any(np.isnan(values(for_inference(example.layer(), x))))
