"""Beyond the second derivative and beyond reverse mode: the third, TensorFlow's forward mode, zeros and never None."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from layers import examples
from mpmath import mp
from reference import REFERENCES
from subjects import ELEMENTWISE

import keras_acts
from keras_acts.analysis import derivatives
from keras_acts.core import numerics as nx
from keras_acts.core import operations
from keras_acts.core.derivatives import symmetric_rule

SMOOTH = [name for name in ELEMENTWISE if "smooth" in keras_acts.info(name).traits]
# Those that physics-informed networks are made with.
FOR_EQUATIONS = ["asinh", "atan", "cos", "erf", "gaussian", "gelu", "gelu_tanh", "mish", "sigmoid", "silu", "sin"]
FOR_EQUATIONS += ["snake", "softplus", "tanh"]
K_OF_THIRD = 64.0


def points():
    """Where parts of a function meet, with both neighbours, and a sample; float32 numbers."""
    seams = np.float32([0.25, 0.35, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 10.0, 64.0, 80.0, 1e-30])
    seams = np.concatenate([seams, -seams])
    neighbours = [np.nextafter(seams, np.float32(side)) for side in (-np.inf, np.inf)]
    generator = np.random.default_rng(16)
    drawn = [generator.normal(0.0, 2.0, 24), generator.uniform(-20.0, 20.0, 12)]
    return np.concatenate([np.float32([0.0, -0.0]), seams, *neighbours, *drawn]).astype(np.float32)


X = points()


def differences(reference, x):
    """Third and fourth derivative of an mpmath function."""
    with mp.workprec(1500 + max(0, -4 * int(np.frexp(x)[1]) if x else 0)):
        h = mp.ldexp(mp.mpf(min(abs(x), 1.0) or 1.0), -60)
        f = [reference(mp.mpf(x) + k * h) for k in (-2, -1, 0, 1, 2)]
        third = (f[4] - 2 * f[3] + 2 * f[1] - f[0]) / (2 * h**3)
        return float(third), float((f[4] - 4 * f[3] + 6 * f[2] - 4 * f[1] + f[0]) / h**4)


@functools.cache
def exact(name):
    return np.array([differences(REFERENCES[name], float(x)) for x in X]).T


def wrong_thirds(name, dtype, function=None):
    """Where the third derivative is not within 1e-3 of itself, or K of 64 for those that equations are solved with."""
    x = X.astype(dtype)
    got = derivatives(function or keras_acts.get(name), tf.constant(x), orders=3)[3].numpy().astype(np.float64)
    third, fourth = exact(name)
    if name in FOR_EQUATIONS:
        numbers = np.finfo(dtype)
        allowed = K_OF_THIRD * (numbers.eps * (np.abs(third) + np.abs(x * fourth)) + numbers.smallest_normal)
    else:
        allowed = 1e-3 * (np.abs(third) + np.minimum(1.0, np.abs(x * fourth))) + 1e-6
    wrong = ~(np.abs(got - third) <= allowed)  # NaN is wrong
    return [f"{name} in {dtype} at {X[i]}: {got[i]}, not {third[i]}" for i in np.flatnonzero(wrong)]


@nx.with_derivative(nx.with_derivative(lambda x: -2.0 / (1.0 + x * x) / (x + 1.0 / x))(lambda x: 1.0 / (1.0 + x * x)))
def atan_that_divides_by_0(x):
    return tf.atan(x)


@pytest.mark.parametrize(
    "dtype", [pytest.param("float64", marks=pytest.mark.slow), pytest.param("float32", marks=pytest.mark.nightly)]
)
def test_third_derivative(dtype):
    assert [found for name in SMOOTH for found in wrong_thirds(name, dtype)] == []


@pytest.mark.nightly
def test_third_derivative_compiled():
    for name in FOR_EQUATIONS:
        compiled = tf.function(lambda x, name=name: derivatives(keras_acts.get(name), x, orders=3)[3], jit_compile=True)
        eager = derivatives(keras_acts.get(name), tf.constant(X), orders=3)[3]
        np.testing.assert_allclose(compiled(tf.constant(X)), eager, rtol=1e-4, atol=1e-5, err_msg=name)


def test_third_derivative_bites(monkeypatch):
    """A slope of 0 of the magnitude at 0, as `keras.ops.abs` has it, and a part not taken that divides by 0."""
    assert wrong_thirds("mish", "float64") == []
    monkeypatch.setattr(operations, "abs", keras.ops.abs)
    assert {found.partition(":")[0] for found in wrong_thirds("mish", "float64")} == {
        f"mish in float64 at {zero}" for zero in ("0.0", "-0.0")
    }
    assert any("at 0.0" in found for found in wrong_thirds("atan", "float64", atan_that_divides_by_0))


# Forward mode.


def forward(function, x):
    """The derivative by forward mode."""
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        y = function(x)
    return accumulator.jvp(y, unconnected_gradients="zero")


def slope(function, x):
    """The derivative by reverse mode."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, unconnected_gradients="zero")


def not_forward(function, x):
    """Where forward mode gives another derivative, or forward over reverse another second derivative."""
    curve = functools.partial(slope, function)
    graph = functools.partial(tf.function, autograph=False)
    return [
        what
        for what, expected, found in (
            ("eager", slope(function, x), forward(function, x)),
            ("graph", slope(function, x), graph(lambda x: forward(function, x))(x)),
            ("of a graph", slope(function, x), forward(graph(function), x)),
            ("over reverse", slope(curve, x), forward(curve, x)),
            ("over reverse in a graph", slope(curve, x), graph(lambda x: forward(curve, x))(x)),
        )
        if not np.allclose(found, expected, rtol=1e-5, atol=1e-6 * (1.0 + np.abs(expected).max()))
    ]


def test_forward_mode_takes_the_rule():
    """Whatever it says: here the slope 7 x in place of that of tanh."""
    x = tf.constant([-1.5, 0.0, 0.25])

    @nx.with_derivative(lambda x: 7.0 * x)
    def ruled(x):
        return keras.ops.tanh(x)

    np.testing.assert_allclose(slope(ruled, x), 7.0 * x)
    assert not_forward(ruled, x) == []
    outside = tf.constant([0.5, 2.0, -3.0])
    assert not_forward(lambda x: ruled(outside) * ruled(x), x) == []

    @functools.partial(tf.function, autograph=False)
    def of_what_is_outside():
        return forward(lambda y: ruled(x * y), tf.ones_like(x))

    np.testing.assert_allclose(of_what_is_outside(), 7.0 * x * x)


@pytest.mark.parametrize("run", [lambda f: f, tf.function], ids=["eager", "graph"])
def test_a_value_may_take_gradients_itself(run):
    """Of what it computes, and of other rules, whose derivatives it sees."""

    @nx.with_derivative(lambda x: 7.0 * x)
    def inner(x):
        return keras.ops.tanh(x)

    @nx.with_derivative(lambda x: 3.0 * x)
    def outer(x):
        return slope(lambda x: inner(x) * x * x, x)

    x = tf.constant([-1.5, 0.0, 0.25])
    expected = (2.0 * x * tf.tanh(x) + 7.0 * x * x * x, 3.0 * x, 3.0 * x)

    def found(x):
        return outer(x), slope(outer, x), forward(outer, x)

    np.testing.assert_allclose(run(found)(x), expected, rtol=1e-6)


def test_forward_mode_bites():
    x = tf.constant([-1.5, 0.0, 0.25])

    @tf.custom_gradient
    def unseen(x):
        return tf.tanh(x), lambda upstream: upstream * 7.0 * x

    assert not_forward(unseen, x)


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[pytest.mark.nightly] * (i % 10 > 0)) for i, each in enumerate(ELEMENTWISE)]
)
def test_forward_mode(name):
    assert not_forward(keras_acts.get(name), tf.constant(X)) == []


@pytest.mark.slow
def test_forward_mode_under_override():
    x = tf.constant(X)
    with keras_acts.install(override="all"):
        for name in ("relu", "silu", "gelu", "softplus", "tanh", "sigmoid", "elu", "mish"):
            assert not_forward(keras.activations.get(name), x) == []


# Automatic differentiation of the written code itself, for who calls it without its rules.


def not_by_autodiff(written, derivative):
    """Where the gradient of what is written is not the written derivative to 1e-4."""
    x = tf.constant(X)
    got, expected = slope(written, x).numpy(), derivative(x).numpy()
    wrong = ~(np.abs(got - expected) <= 1e-4 * (1.0 + np.abs(expected)))
    return [f"at {X[i]}: {got[i]}, not {expected[i]}" for i in np.flatnonzero(wrong)]


def test_autodiff_of_bodies_and_of_derivatives():
    findings = {}
    for name in SMOOTH:
        record = keras_acts.info(name)
        if record.derivative is None:
            continue  # a line
        body, first, second = (
            functools.partial(rule, **record.defaults)
            for rule in (record.body, record.derivative.__wrapped__, record.second_derivative)
        )
        findings[name] = [*not_by_autodiff(body, first), *not_by_autodiff(first, second)]
    assert {name: found for name, found in findings.items() if found} == {}


def test_autodiff_bites():
    def softplus(x):
        return keras.ops.maximum(x, 0.0) + keras.ops.log1p(keras.ops.exp(-keras.ops.abs(x)))

    assert {found.partition(":")[0] for found in not_by_autodiff(softplus, keras.ops.sigmoid)} == {"at 0.0", "at -0.0"}


# Second derivatives of what is piecewise linear.


def missing_seconds(function, x):
    """Whether the gradient of the gradient is None."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        first = slope(function, x)
    return outer.gradient(first, x) is None


def test_second_derivative_is_never_missing():
    x = tf.constant([[-7.5, -0.25, 0.0, 0.75, 9.0]])
    assert [name for name in keras_acts.names() if missing_seconds(keras_acts.get(name), x)] == []


def test_a_missing_second_derivative_bites():
    x = tf.constant([-7.5, 0.75])
    assert missing_seconds(symmetric_rule(tf.nn.relu, lambda v, x: v * tf.where(x > 0.0, 1.0, 0.0)), x)


@pytest.mark.slow
@pytest.mark.parametrize("example", examples.EXAMPLES, ids=str)
def test_second_derivative_of_a_layer_is_never_missing(example):
    layer = example.layer()
    x = tf.constant(np.random.default_rng(0).normal(size=(2, *example.shape)).astype(np.float32))
    layer(x)
    assert not missing_seconds(layer, x)
    assert not missing_seconds(functools.partial(layer, training=True), x)


SEEN_NAN = {"ACONC", "MetaACON", "PolyNorm", "Rational", "Swish"}


def derivatives_of_layer(layer, x):
    """First derivatives by x and by each weight, and second ones, some of them summed."""
    weights = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.cast(layer(x), x.dtype)
        first = inner.gradient(y, [x, *weights], unconnected_gradients="zero")
    second = [outer.gradient(part, [x, *weights], unconnected_gradients="zero") for part in first]
    return first, [part for row in second for part in row]


def with_nan(layer, shape, dtype):
    """Whether one of them is NaN, for rows of zeros, near and far, with weights as drawn."""
    generator = np.random.default_rng(3)
    layer.build((None, *shape))
    for weight in layer.trainable_weights:
        weight.assign(generator.normal(0.0, 1.5, weight.shape))
    rows = [np.zeros((1, *shape)), -np.zeros((1, *shape)), generator.normal(size=(2, *shape))]
    rows += [size * generator.normal(size=(2, *shape)) for size in (1e-30, 27.5, 100.0, 800.0, 1e4)]
    first, second = derivatives_of_layer(layer, tf.constant(np.concatenate(rows), dtype))
    return any(np.isnan(tf.convert_to_tensor(part)).any() for part in (*first, *second))


@pytest.mark.parametrize(
    "example",
    [each if each.name in SEEN_NAN else pytest.param(each, marks=pytest.mark.slow) for each in examples.EXAMPLES],
    ids=str,
)
def test_derivatives_of_a_layer_by_inputs_and_weights_are_never_nan(example):
    found = [dtype for dtype in ("float32", "float64") if with_nan(example.layer(dtype=dtype), example.shape, dtype)]
    assert found == []


def test_second_derivatives_of_layers_at_rows_of_zeros():
    """There u**1 and u**0 have none in Keras. Against what the formulas say by hand."""
    norm = keras_acts.layers.PolyNorm(dtype="float64")
    first, second = derivatives_of_layer(norm, tf.zeros((1, 4), "float64"))
    np.testing.assert_allclose(first[0], np.full((1, 4), 1e3 / 3.0))  # w x / sqrt(epsilon)
    np.testing.assert_allclose(second[0], np.full((1, 4), 2e3 / 3.0))  # w x^2 / sqrt(epsilon)
    quotient = keras_acts.layers.Rational("tanh", degrees=(2, 2), dtype="float64")
    quotient.build((None, 1))
    quotient.set_weights([np.float64([0.1, 0.9, -0.3]), np.float64([0.0, 0.4])])
    first, second = derivatives_of_layer(quotient, tf.zeros((1, 1), "float64"))
    np.testing.assert_allclose([first[0], second[0]], [[[0.9]], [[-0.6 - 2.0 * 0.1 * 0.4]]])


def test_meta_acon_has_gradients_where_squares_overflow():
    layer = keras_acts.layers.MetaACON(p1_initializer=1.0, p2_initializer=0.0)
    generator = np.random.default_rng(0)
    first, _ = derivatives_of_layer(layer, tf.constant(1e25 * generator.normal(size=(4, 3, 3, 6)), "float32"))
    assert np.all(np.isfinite(first[0]))


# A physics-informed network.


def heat_losses(activation, steps=3):
    """The loss of a small network for u_t = u_xx at each step; biases are 0 and (0, 0) is on the grid."""
    generator = np.random.default_rng(2)
    weights = [tf.Variable(generator.normal(0.0, 0.5, shape).astype(np.float32)) for shape in ((2, 8), (8, 1))]
    weights += [tf.Variable(tf.zeros(8)), tf.Variable(tf.zeros(1))]
    grid = np.stack(np.meshgrid(np.linspace(-1.0, 1.0, 5), np.linspace(0.0, 1.0, 3)), axis=-1).reshape(-1, 2, 1)
    x, t = tf.constant(grid[:, 0], tf.float32), tf.constant(grid[:, 1], tf.float32)

    def u(x, t):
        hidden = activation(tf.concat([x, t], axis=1) @ weights[0] + weights[2])
        return hidden @ weights[1] + weights[3]

    losses = []
    for _ in range(steps + 1):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch((x, t))
                    temperature = u(x, t)
                u_x, u_t = inner.gradient(temperature, (x, t))
            loss = tf.reduce_mean((u_t - outer.gradient(u_x, x)) ** 2)
            loss += tf.reduce_mean((u(x, tf.zeros_like(t)) - tf.sin(np.pi * x)) ** 2)
        slopes = [
            tf.zeros_like(weight) if gradient is None else gradient
            for gradient, weight in zip(tape.gradient(loss, weights), weights, strict=True)
        ]
        size = tf.linalg.global_norm(slopes)
        for weight, gradient in zip(weights, slopes, strict=True):
            weight.assign_sub(1e-3 * gradient / size)
        losses.append(float(loss))
    return losses


def falls(losses):
    return bool(np.all(np.isfinite(losses)) and np.all(np.diff(losses) < 0.0))


@pytest.mark.nightly
def test_heat_equation_trains_with_every_smooth_activation():
    assert {
        name: losses for name in SMOOTH if name != "identity" and not falls(losses := heat_losses(keras_acts.get(name)))
    } == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "mish", "atan", "seagull"])
def test_heat_equation_trains_with(name):
    assert falls(heat_losses(keras_acts.get(name)))


@pytest.mark.slow
def test_heat_equation_bites():
    assert not falls(heat_losses(atan_that_divides_by_0))
