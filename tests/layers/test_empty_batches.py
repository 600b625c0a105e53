"""A batch without samples, as of a filtered data set: an output without samples, and no NaN in any weight."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from backends import assert_close, gradients, values
from examples import EXAMPLES

from keras_acts import layers


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_empty_batch_in_eager_mode(example):
    layer = example.layer()
    x = keras.ops.zeros((0, *example.shape))
    y = layer(x, training=True)
    assert tuple(y.shape) == layer.compute_output_shape((0, *example.shape))
    for gradient in gradients(lambda: keras.ops.sum(layer(x, training=True)), layer.trainable_weights):
        assert not np.any(gradient)
    for weight in layer.weights:
        assert np.all(np.isfinite(values(weight))), weight.path


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "example",
    [pytest.param(e, marks=[pytest.mark.slow] * (e.name not in ("FReLU", "MetaACON"))) for e in EXAMPLES],
    ids=str,
)
def test_an_empty_batch_in_a_graph_where_no_size_is_known(example):
    """What is seen before and after it counts as without it."""
    layer, without = example.layer(), example.layer()
    without.build((None, *example.shape))
    layer.build((None, *example.shape))
    layer.set_weights(without.get_weights())
    x = np.random.default_rng(0).normal(size=(8, *example.shape)).astype("float32")

    def call(layer):
        return tf.function(lambda x: layer(x, training=True), input_signature=[tf.TensorSpec((None, *example.shape))])

    graph = call(layer)
    for batch in (x[:4], x[:0], x[4:]):
        graph(batch)
    for batch in (x[:4], x[4:]):
        without(batch, training=True)
    for weight, expected in zip(layer.weights, without.weights, strict=True):
        if weight.dtype == "float32":  # the others are states of random numbers
            assert_close(weight, expected, rtol=1e-5, atol=1e-6, err_msg=weight.path)


@pytest.mark.tensorflow
@pytest.mark.parametrize("size", [0, 4])
def test_a_batch_of_which_the_mask_keeps_nothing_is_an_empty_one(size):
    layer = layers.FReLU()
    layer.build((None, 5, 4, 3))
    layer.norm.moving_mean.assign([1.0, -2.0, 3.0])
    before = layer.get_weights()
    call = tf.function(lambda x, mask: layer(x, training=True, mask=mask))
    call(tf.ones((size, 5, 4, 3)), tf.zeros((size, 5, 4), "bool"))
    for weight, expected in zip(layer.get_weights(), before, strict=True):
        assert_close(weight, expected, rtol=1e-6)


@pytest.mark.parametrize(("axis", "shape"), [(-2, (4, 5)), (1, (4, 5)), (2, (4, 5)), (-3, (2, 4, 5)), (-1, (5,))])
@pytest.mark.tensorflow
@pytest.mark.parametrize("mode", ["known", "unknown"])
def test_a_hard_choice_along_any_axis(axis, shape, mode):
    """Of equal logits the first is chosen, as by argmax, also along an axis whose size no one knows before."""
    layer = layers.GumbelSoftmax(hard=True, axis=axis)
    x = np.random.default_rng(0).integers(0, 3, (3, *shape)).astype("float32")
    along = x.ndim + axis if axis < 0 else axis
    expected = np.moveaxis(np.eye(x.shape[along])[np.argmax(x, along)], -1, along)
    signature = x.shape if mode == "known" else [None] * x.ndim
    call = tf.function(layer, input_signature=[tf.TensorSpec(signature, tf.float32)])
    assert_close(call(x), expected, atol=1e-6)
    assert_close(np.asarray(layer(x, training=True)).sum(along), 1.0, rtol=1e-6)


@pytest.mark.parametrize("axis", [-2, 2])
def test_a_choice_among_samples_is_refused(axis):
    with pytest.raises(ValueError, match="must be an axis after the batch axis"):
        layers.GumbelSoftmax(hard=True, axis=axis)(keras.Input((4,)))
