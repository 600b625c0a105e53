"""Layers that are random in training: the distributions of the papers, and reproducible draws."""

import functools

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, gradient, gradients, values
from keras import ops
from scipy import stats

from keras_acts import layers
from keras_acts.analysis.gradients import derivatives

MANY = 40_000
# Of a right distribution one seed in ten thousand fails; a wrong one gives far less with so many numbers.
UNLIKELY = 1e-4
RANDOM = {
    "RReLU": {},
    "NoisyReLU": {},
    "ProbAct": {},
    "GumbelSoftmax": {},
    "AlphaDropout": {"rate": 0.3},
    "SELU": {"dropout_rate": 0.3},
}


def drawn(layer, x):
    return values(layer(np.asarray(x, "float32"), training=True)).astype("float64")


@pytest.mark.parametrize("name", RANDOM)
def test_new_numbers_each_time_and_the_same_ones_for_the_same_seed(name):
    x = np.random.default_rng(0).normal(size=(4, 50)).astype("float32")
    first, second = (layers.get(name, seed=7, **RANDOM[name]) for _ in range(2))
    a, b = drawn(first, x), drawn(first, x)
    assert np.any(a != b)
    assert_same(a, drawn(second, x))
    assert np.any(a != drawn(layers.get(name, seed=8, **RANDOM[name]), x))
    assert_same(first(x), first(x, training=False))


@pytest.fixture(scope="module", params=[False, True], ids=["graph", "xla"])
def drawn_twice(request):
    """Two draws of each layer from one compiled graph, which holds them all."""
    import tensorflow as tf

    made = {name: layers.get(name, seed=7, **RANDOM[name]) for name in RANDOM}
    compiled = tf.function(
        lambda x: {name: layer(x, training=True) for name, layer in made.items()}, jit_compile=request.param
    )
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 50)), tf.float32)
    return compiled(x), compiled(x)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", RANDOM)
def test_new_numbers_each_time_in_a_compiled_graph(name, drawn_twice):
    a, b = (draws[name].numpy() for draws in drawn_twice)
    assert np.all(np.isfinite(a))
    assert np.any(a != b)


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize(
    "dtype", ["mixed_float16", "mixed_bfloat16", pytest.param("float64", marks=pytest.mark.float64)]
)
def test_dtype_in_training(name, dtype):
    layer = layers.get(name, seed=7, dtype=dtype, **RANDOM[name])
    layer.build((None, 4))
    x = ops.cast([[-60.0, -1.0, 0.0, 2.0]], layer.compute_dtype)
    y, slope = derivatives(lambda x: layer(x, training=True), x)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    assert keras.backend.standardize_dtype(slope.dtype) == layer.compute_dtype
    assert np.all(np.isfinite(values(ops.cast(slope, "float32"))))


def test_rrelu_draws_a_slope_for_each_negative_input():
    x = np.concatenate([np.full((1, MANY), -2.0), np.full((1, MANY), 3.0)])
    y = drawn(layers.RReLU(lower=0.1, upper=0.5, seed=1), x)
    assert_same(y[1], x[1])
    assert stats.kstest(y[0] / -2.0, stats.uniform(0.1, 0.4).cdf).pvalue > UNLIKELY


def test_rrelu_without_a_range_is_leaky_relu():
    x = np.random.default_rng(0).normal(size=(4, 50)).astype("float32")
    layer = layers.RReLU(lower=0.25, upper=0.25)
    assert_same(drawn(layer, x), np.where(x > 0, x, np.float32(0.25) * x))


def test_rrelu_gradient_is_the_slope_that_was_drawn():
    x, twin = keras.Variable([[-2.0, -1.0, 3.0]]), layers.RReLU(seed=1)
    (slope,) = gradients(lambda: ops.sum(twin(ops.convert_to_tensor(x), training=True)), [x])
    assert_close(slope, values(layers.RReLU(seed=1)(x.value, training=True)) / values(x), rtol=1e-6)


@pytest.mark.parametrize("x", [-1.0, 0.0, 1.5])
def test_noisy_relu_has_noise_of_variance_sigmoid(x):
    y = drawn(layers.NoisyReLU(seed=1), np.full((1, MANY), x))[0]
    noise = stats.norm(x, np.sqrt(1.0 / (1.0 + np.exp(-x))))
    assert np.mean(y == 0.0) == pytest.approx(noise.cdf(0.0), abs=0.01)
    above = y[y > 0.0]
    assert stats.kstest(above, lambda t: (noise.cdf(t) - noise.cdf(0.0)) / noise.sf(0.0)).pvalue > UNLIKELY


def test_probact_has_noise_of_size_sigma_and_learns_it():
    layer = layers.ProbAct(sigma_initializer=0.4, seed=1)
    x = np.repeat([[-1.0], [2.0]], MANY, axis=1).astype("float32")
    for row, mean in zip(drawn(layer, x), (0.0, 2.0), strict=True):
        assert stats.kstest(row, stats.norm(mean, 0.4).cdf).pvalue > UNLIKELY
    # The loss is sigma^2 times the variance of the noise.
    (of_sigma,) = gradients(lambda: ops.mean((layer(x, training=True) - ops.relu(x)) ** 2), [layer.sigma])
    assert of_sigma == pytest.approx(0.8, rel=0.02)


# ---- Gumbel-softmax --------------------------------------------------------------------------------------------------

LOGITS = np.log([0.1, 0.2, 0.7])


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_gumbel_softmax_chooses_with_the_probabilities_of_softmax(temperature):
    layer = layers.GumbelSoftmax(temperature, hard=True, seed=1)
    y = drawn(layer, np.tile(LOGITS, (MANY, 1)))
    assert set(np.unique(y)) == {0.0, 1.0}
    assert_same(y.sum(axis=1), 1.0)
    assert_close(y.mean(axis=0), [0.1, 0.2, 0.7], atol=0.01)


def test_gumbel_softmax_noise_is_gumbel():
    """log(y_0 / y_1) temperature = g_0 - g_1, which is logistic."""
    y = drawn(layers.GumbelSoftmax(2.0, seed=1), np.zeros((MANY, 2)))
    assert stats.kstest(2.0 * np.log(y[:, 0] / y[:, 1]), stats.logistic.cdf).pvalue > UNLIKELY


def test_gumbel_softmax_hard_has_the_gradient_of_the_soft_one():
    x, upstream = np.tile(LOGITS, (5, 1)).astype("float32"), np.float32([[1.0, -2.0, 0.5]])
    made = [layers.GumbelSoftmax(0.5, hard=hard, seed=3) for hard in (False, True)]
    of_soft, of_hard = (gradient(functools.partial(layer, training=True), x, upstream) for layer in made)
    assert_same(of_hard, of_soft)
    assert np.all(np.abs(of_soft).max(axis=1) > 0.0)


def test_gumbel_softmax_in_inference_and_along_another_axis():
    x = np.tile(LOGITS, (2, 4, 1)).transpose(0, 2, 1).astype("float32")
    soft = values(layers.GumbelSoftmax(0.5, axis=1)(x))
    assert_close(soft[0, :, 0], np.array([0.01, 0.04, 0.49]) / 0.54, rtol=1e-5)
    hard = values(layers.GumbelSoftmax(0.5, hard=True, axis=1)(x))
    assert_same(hard[0, :, 0], [0.0, 0.0, 1.0])
    assert hard.shape == x.shape


def test_gumbel_softmax_never_chooses_what_is_masked():
    y = drawn(layers.GumbelSoftmax(hard=True, seed=1), np.tile([0.0, -np.inf, 0.0], (1000, 1)))
    assert_same(y[:, 1], 0.0)


def test_training_with_fit_draws_and_prediction_does_not():
    model = keras.Sequential([keras.Input((50,)), layers.RReLU(seed=1), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 50)).astype("float32")
    before = keras.ops.convert_to_numpy(model.layers[0].seed_generator.state).copy()
    model.fit(x, np.ones((8, 1)), verbose=0)
    after = keras.ops.convert_to_numpy(model.layers[0].seed_generator.state)
    assert np.any(before != after)
    assert_same(model.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.RReLU(0.5, 0.1),
            "`lower` of RReLU must not be larger than `upper`. Received: lower=0.5, upper=0.1",
        ),
        (lambda: layers.RReLU(lower=float("nan")), "`lower` of RReLU must be a finite number. Received: lower=nan"),
        (lambda: layers.GumbelSoftmax(0.0), "`temperature` of GumbelSoftmax must be a finite number > 0"),
        (lambda: layers.GumbelSoftmax(axis=0), "`axis` of GumbelSoftmax must be an integer other than 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
