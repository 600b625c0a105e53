"""Tensors at the edge of what makes sense, on every registered activation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_acts
from keras_acts.testing import samples

NAMES = keras_acts.names()
OVER_AXIS = keras_acts.names(trait="over_axis")
ELEMENTWISE = [name for name in NAMES if name not in OVER_AXIS]
SHARES = ["entmax", "entmax15", "hardmax", "softmax", "softmax2d", "softmax_one", "softpick", "sparsemax"]
SHARES += ["stablemax", "taylor_softmax"]
INF = np.inf


def value_and_gradient(fn, x, mode="eager"):
    """The value, and the gradient of a weighted sum of its finite entries."""

    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = fn(x)
            weights = tf.range(1, tf.size(value) + 1)
            finite = tf.where(tf.math.is_finite(value), value, tf.zeros_like(value))
            loss = tf.reduce_sum(finite * tf.cast(tf.reshape(weights, tf.shape(value)), value.dtype))
        return value, tape.gradient(loss, x, unconnected_gradients="zero")

    if mode != "eager":
        both = tf.function(both, jit_compile=mode == "xla", autograph=False)
    return [result.numpy() for result in both(tf.constant(x))]


# ---- Every activation ------------------------------------------------------------------------------------------------


# What acts on each element alone is tested on these by `check_shapes`: without gradients, and in fewer shapes.
ALL = [*OVER_AXIS, *(pytest.param(name, marks=pytest.mark.slow) for name in ELEMENTWISE)]
MODES = ["eager", *(pytest.param(mode, marks=pytest.mark.nightly) for mode in ("graph", "xla"))]


@pytest.mark.parametrize("name", ALL)
def test_tensor_without_elements(name):
    shapes = [(dtype, (0, 3)) for dtype in samples.DTYPES]
    shapes += [("float32", shape) for shape in ((0,), (3, 0), (2, 0, 3), (0, 0))]
    for dtype, shape in shapes:
        x = np.zeros(shape, dtype)
        for axis in range(len(shape)) if name in OVER_AXIS else (None,):
            fn = keras_acts.get(name) if axis is None else keras_acts.get(name, axis=axis)
            for result in value_and_gradient(fn, x):
                assert result.shape == shape
                assert result.dtype == x.dtype


@pytest.mark.parametrize("name", NAMES)
def test_zero_dimensional_tensor(name):
    x = np.array(0.5, np.float32)
    activation = keras_acts.get(name)
    if name in ELEMENTWISE:
        value, gradient = value_and_gradient(activation, x)
        of_one = value_and_gradient(activation, x[None])
        assert value.shape == gradient.shape == ()
        np.testing.assert_allclose([value, gradient], np.ravel(of_one), rtol=1e-6)
        return
    for use in (lambda: activation(x), lambda: activation(keras.KerasTensor(()))):
        with pytest.raises(ValueError, match="`axis` of") as caught:
            use()
        expected = f"`axis` of '{name}' needs at least one dimension for an input of shape (). Received: axis=-1"
        assert str(caught.value) == expected


VIEWS = {
    "transposed": lambda x: x.T,
    "reversed and strided": lambda x: x[::-1, ::2],
    "other axis first": lambda x: np.moveaxis(x, 0, 1)[:, ::-1],
    "repeated without a copy": lambda x: np.broadcast_to(x[:1], (3, 5, 4)),
    "in Fortran's order": np.asfortranarray,
    "a batch of one": lambda x: x[:1],
    "no batch": lambda x: x[:0],
    "no rows": lambda x: x[:, :0],
    "no columns": lambda x: x[:, :, :0],
}


@pytest.mark.parametrize("name", ALL)
def test_graph_of_unknown_shape(name):
    """One graph for batches of all sizes, for transposed, reversed and strided views, and for no elements at all."""
    activation = keras_acts.get(name)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None])], autograph=False)
    def graph(x):
        swapped = tf.transpose(tf.transpose(x, (2, 0, 1)), (1, 2, 0))
        value = activation(swapped)
        assert value.shape.rank == 3
        return value, tf.gradients(value * tf.cos(x), x)[0]

    def eager(x):
        x = tf.constant(np.ascontiguousarray(x))
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = activation(x)
            loss = value * tf.cos(x)
        return value.numpy(), tape.gradient(loss, x).numpy()

    x = np.random.default_rng(2).normal(size=(6, 5, 4)).astype(np.float32)
    of_all = eager(x)
    for what, view in VIEWS.items():
        # Elementwise, the results of a view are the view of the results.
        expected = eager(view(x)) if name in OVER_AXIS else tuple(map(view, of_all))
        for got, right in zip(graph(view(x)), expected, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6, err_msg=what)
        np.testing.assert_allclose(activation(view(x)), expected[0], rtol=1e-6, atol=1e-7, err_msg=what)


# ---- Infinities along an axis ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", OVER_AXIS)
def test_infinities_give_no_nan(name, mode):
    x = [[-INF] * 4, [INF] * 4, [INF, 1, 2, 3], [INF, -INF, 0, INF], [-INF, 1, 2, -INF], [3e38, -3e38, -INF, 0]]
    for dtype in samples.DTYPES:
        rows = np.array(x)
        if dtype == "float16":
            rows[-1] = [6e4, -6e4, -INF, 0]
        value, gradient = value_and_gradient(keras_acts.get(name), rows.astype(dtype), mode)
        assert not np.any(np.isnan(value.astype(np.float64)))
        assert np.all(np.isfinite(gradient[:-1].astype(np.float64)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [*SHARES, "softmin", "simnorm", "solu", "kwta", "topk_relu", "gaussian_topk"])
def test_row_of_nothing_but_masked_entries_gives_zeros(name, mode):
    x = np.float32([[-INF] * 4, [1.0, 2.0, 3.0, 4.0]])
    sign = -1.0 if name == "softmin" else 1.0
    value, gradient = value_and_gradient(keras_acts.get(name), sign * x, mode)
    np.testing.assert_array_equal(value[0], 0.0)
    np.testing.assert_array_equal(gradient[0], 0.0)
    alone, alone_gradient = value_and_gradient(keras_acts.get(name), sign * x[[1, 1]], mode)
    np.testing.assert_array_equal(value[1], alone[1])
    np.testing.assert_array_equal(gradient[1], alone_gradient[1])


def test_log_softmax_of_nothing_but_masked_entries_is_the_logarithm_of_zeros():
    value, gradient = value_and_gradient(keras_acts.get("log_softmax"), np.float32([[-INF] * 3]))
    np.testing.assert_array_equal(value, [[-INF] * 3])
    np.testing.assert_array_equal(gradient, [[0.0] * 3])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [*SHARES, "softmin", "log_softmax", "solu", "kwta", "topk_relu", "gaussian_topk"])
def test_masked_entries_are_as_if_absent(name, mode):
    activation = keras_acts.get(name)
    sign = -1.0 if name == "softmin" else 1.0
    present = sign * np.float32([[0.5, -1.0, 2.0], [3.0, 1.0, 1.5]])
    x = np.full((2, 5), sign * -INF, np.float32)
    x[:, [0, 2, 3]] = present
    value, gradient = value_and_gradient(lambda v: tf.gather(activation(v), [0, 2, 3], axis=1), x, mode)
    expected, expected_gradient = value_and_gradient(activation, present, mode)
    np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gradient[:, [0, 2, 3]], expected_gradient, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(gradient[:, [1, 4]], 0.0)
    dropped = np.asarray(activation(x))[:, [1, 4]]
    np.testing.assert_array_equal(dropped, -INF if name == "log_softmax" else 0.0)


@pytest.mark.parametrize("name", [name for name in SHARES if name != "hardmax"])
def test_entries_of_plus_infinity_share_the_row(name):
    value = np.asarray(keras_acts.get(name)(np.float32([[INF, 0.0, INF, 5.0], [INF, -INF, 1.0, 2.0]])))
    np.testing.assert_allclose(value, [[0.5, 0.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0]], rtol=1e-6)


def test_first_entry_of_plus_infinity_takes_the_row_in_hardmax():
    np.testing.assert_array_equal(keras_acts.get("hardmax")(np.float32([[0.0, INF, INF]])), [[0.0, 1.0, 0.0]])


def test_infinite_vectors_are_squashed_to_length_one():
    value, gradient = value_and_gradient(keras_acts.get("squash"), np.float32([[INF, 1.0], [INF, -INF]]))
    np.testing.assert_allclose(value, [[1.0, 0.0], [0.5**0.5, -(0.5**0.5)]], rtol=1e-6)
    np.testing.assert_array_equal(gradient, 0.0)


@pytest.mark.parametrize("mode", MODES)
def test_zero_vector_is_squashed_to_zero(mode):
    for result in value_and_gradient(keras_acts.get("squash"), np.zeros((2, 3), np.float32), mode):
        np.testing.assert_array_equal(result, 0.0)


@pytest.mark.parametrize("name", ["kwta", "topk_relu"])
def test_of_equal_entries_the_first_are_kept(name):
    activation = keras_acts.get(name, k=2)
    value, gradient = value_and_gradient(activation, np.float32([[1.0, 2.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0]]))
    np.testing.assert_array_equal(value, [[1.0, 2.0, 0.0, 0.0], [3.0, 3.0, 0.0, 0.0]])
    np.testing.assert_array_equal(gradient, [[1.0, 2.0, 0.0, 0.0], [5.0, 6.0, 0.0, 0.0]])
