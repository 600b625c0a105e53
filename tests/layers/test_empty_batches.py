"""A batch without samples, as of a filtered data set: an output without samples, and no NaN in any weight."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from examples import EXAMPLES

from keras_acts import layers


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_empty_batch_in_eager_mode(example):
    layer = example.layer()
    x = tf.zeros((0, *example.shape))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    assert tuple(y.shape) == layer.compute_output_shape((0, *example.shape))
    weights = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x, training=True))
    for gradient in tape.gradient(total, weights, unconnected_gradients="zero"):
        assert np.all(np.isfinite(gradient))
    for weight in layer.weights:
        assert np.all(np.isfinite(keras.ops.convert_to_numpy(weight))), weight.path


@pytest.mark.parametrize(("axis", "shape"), [(-2, (4, 5)), (1, (4, 5)), (2, (4, 5)), (-3, (2, 4, 5)), (-1, (5,))])
@pytest.mark.parametrize("mode", ["known", "unknown"])
def test_a_hard_choice_along_any_axis(axis, shape, mode):
    """Of equal logits the first is chosen, as by argmax, also along an axis whose size no one knows before."""
    layer = layers.GumbelSoftmax(hard=True, axis=axis)
    x = np.random.default_rng(0).integers(0, 3, (3, *shape)).astype("float32")
    along = x.ndim + axis if axis < 0 else axis
    expected = np.moveaxis(np.eye(x.shape[along])[np.argmax(x, along)], -1, along)
    signature = x.shape if mode == "known" else [None] * x.ndim
    call = tf.function(layer, input_signature=[tf.TensorSpec(signature, tf.float32)])
    np.testing.assert_allclose(call(x), expected, atol=1e-6)
    np.testing.assert_allclose(np.asarray(layer(x, training=True)).sum(along), 1.0, rtol=1e-6)


@pytest.mark.parametrize("axis", [-2, 2])
def test_a_choice_among_samples_is_refused(axis):
    with pytest.raises(ValueError, match="must be an axis after the batch axis"):
        layers.GumbelSoftmax(hard=True, axis=axis)(keras.Input((4,)))
