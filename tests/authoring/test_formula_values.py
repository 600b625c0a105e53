"""The published formulas against mpmath on the same text: value, two derivatives, limits, NaN."""

import numpy as np
import pytest
import tensorflow as tf
from formulas import FORMULAS, HELD_OUT, KNOWN_LOSSES, NEAR_ONE, judge
from nested_tapes import value_and_derivatives

import keras_acts
from keras_acts.testing import contract, samples

# A thinned sample in one mode; `benchmarks.formulas` takes more points and all modes.
POINTS = {"float64": 40, "float32": 4000, "bfloat16": 4000}


def some_samples(dtype, kinks=()):
    x = samples.sample(dtype, kinks)
    chosen = np.random.default_rng(7).choice(len(x), POINTS[dtype], replace=False)
    return np.concatenate([x[chosen], x[len(x) - 8 * len(kinks) :]])


def test_the_list_is_as_long_as_published():
    assert len(set(FORMULAS)) == len(FORMULAS) >= 50


JUDGED = [*FORMULAS, *(text for text in HELD_OUT if text not in KNOWN_LOSSES)]


@pytest.mark.parametrize(
    "text", [text if i % 8 == 0 else pytest.param(text, marks=pytest.mark.nightly) for i, text in enumerate(JUDGED)]
)
def test_formula_meets_the_contract(text):
    subject = contract.subject(
        f"formula: {text}", judge(text), dtypes=tuple(POINTS), modes=("graph",), sample=some_samples
    )
    checks = contract.check_accuracy, contract.check_nan, contract.check_limits, contract.check_kinks
    assert [finding for check in checks for finding in check(subject)] == []


def samples_near_one(dtype, kinks=()):
    chosen = np.random.default_rng(7).choice(samples.sample(dtype, kinks), 60, replace=False)
    return np.concatenate([chosen, [-74.7, -30.3, -9.1, -1e-9, 1e-5, 3.3, 20.2, 37.5]])  # where the digits went


@pytest.mark.parametrize("text", NEAR_ONE)
def test_what_is_left_of_one_keeps_its_digits(text):
    subject = contract.subject(
        f"formula: {text}", judge(text), dtypes=("float64",), modes=("eager",), sample=samples_near_one
    )
    assert contract.check_accuracy(subject) == []


@pytest.mark.parametrize("text", KNOWN_LOSSES)
def test_accuracy_names_what_is_lost(text):
    report = keras_acts.authoring.accuracy(keras_acts.define(text), points=200)
    dtype, order, low, high = KNOWN_LOSSES[text]
    found = [lost for lost in report.lost if (lost.dtype, lost.order) == (dtype, order)]
    assert any(low <= lost.low <= lost.high <= high for lost in found), str(report)


def test_a_formula_is_what_the_library_has_of_that_name():
    x = np.linspace(-9.0, 9.0, 1001)
    for text, name in (
        ("x*tanh(log(1 + exp(x)))", "mish"),
        ("0.5*x*(1 + erf(x/sqrt(2)))", "gelu"),
        ("x/(1 + exp(-x))", "silu"),
        ("log(1 + exp(x))", "softplus"),
        ("(x + sqrt(x**2 + 4))/2", "squareplus"),
    ):
        np.testing.assert_allclose(keras_acts.get(f"formula: {text}")(x), keras_acts.get(name)(x), rtol=1e-14)


# With the bases that they are powers of: what is flat where the base stays 0, to the left of 0, beyond 1, ...
ROOTS = {
    "sqrt(max(x, 0))": lambda x: np.maximum(x, 0.0) ** 0.5,
    "max(x, 0)**0.5*sigmoid(x)": lambda x: np.maximum(x, 0.0) ** 0.5 / (1.0 + np.exp(-x)),
    "x*relu(x)**0.3": lambda x: x * np.maximum(x, 0.0) ** 0.3,
    "sqrt(clip(x, 0, 1))": lambda x: np.clip(x, 0.0, 1.0) ** 0.5,
    "clip(x, 0, 1)**0.3": lambda x: np.clip(x, 0.0, 1.0) ** 0.3,
    "sqrt(heaviside(x)*x)": lambda x: np.maximum(x, 0.0) ** 0.5,
    "sqrt(x*heaviside(x - 1))": lambda x: (x * (x > 1.0)) ** 0.5,
    "sqrt(abs(x) + x)": lambda x: (np.abs(x) + x) ** 0.5,
    "sqrt(abs(x) - x)*x": lambda x: (np.abs(x) - x) ** 0.5 * x,
    "sqrt(where(x < 0, 0, x))": lambda x: np.maximum(x, 0.0) ** 0.5,
    "sqrt(1 - clip(x, -1, 1)**2)": lambda x: (1.0 - np.clip(x, -1.0, 1.0) ** 2) ** 0.5,
    "sqrt(relu(1 - x**2))": lambda x: np.maximum(1.0 - x * x, 0.0) ** 0.5,
    "relu(x)**2.5 + relu(-x)**1.5": lambda x: np.maximum(x, 0.0) ** 2.5 + np.maximum(-x, 0.0) ** 1.5,
    "log(1 + sqrt(relu(x)))": lambda x: np.log1p(np.maximum(x, 0.0) ** 0.5),
    "exp(-1/relu(x))": lambda x: np.where(x > 0.0, np.exp(-1.0 / np.where(x > 0.0, x, 1.0)), 0.0),
    "relu(x)**sigmoid(x)": lambda x: np.maximum(x, 0.0) ** (1.0 / (1.0 + np.exp(-x))),
    "abs(x)**1.5": lambda x: np.abs(x) ** 1.5,
    "(x**2)**0.75": lambda x: np.abs(x) ** 1.5,
    "sqrt(abs(x)**3)": lambda x: np.abs(x) ** 1.5,
    "sqrt(x**2 + x**4)": lambda x: np.abs(x) * (1.0 + x * x) ** 0.5,
    "sign(x)*abs(x)**0.5": lambda x: np.sign(x) * np.abs(x) ** 0.5,
    "x/sqrt(abs(x))": lambda x: np.sign(x) * np.abs(x) ** 0.5,
}


@pytest.mark.parametrize("text", ROOTS)
def test_a_power_is_flat_where_its_base_stays_zero(text):
    """And its second derivative too; against differences of NumPy's values. At 0 itself nothing is NaN."""
    x, h, f = np.float64([-2.25, -1.5, -0.6, -0.3, 0.3, 0.6, 1.5, 2.25]), 2.0**-12, ROOTS[text]
    got = value_and_derivatives(keras_acts.define(text), tf.constant(x))
    np.testing.assert_allclose(got[0], f(x), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(got[1], (f(x + h) - f(x - h)) / (2.0 * h), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got[2], (f(x + h) - 2.0 * f(x) + f(x - h)) / h**2, rtol=1e-4, atol=1e-6)
    for dtype in ("float32", "float64"):
        y, first, second = value_and_derivatives(keras_acts.define(text), tf.constant([-1.0, 0.0, 1.0], dtype))
        np.testing.assert_allclose(y, f(np.float64([-1.0, 0.0, 1.0])), rtol=1e-6)
        assert not np.isnan([first, second]).any()
        if text not in ("sign(x)*abs(x)**0.5", "x/sqrt(abs(x))"):  # infinitely steep on both sides
            assert first[1] == 0.0


@pytest.mark.parametrize("text", ["relu(x - b)**0.5", "sqrt(abs(x*b) + x*b)", "relu(x)**(b*sigmoid(x))"])
def test_learned_parameters_under_a_root_have_no_nan(text):
    """By x and by b and both; the derivative by b against a difference."""
    made = keras_acts.define(text, params={"b": 0.5}, trainable=["b"])
    layer = type(made).from_config({**made.get_config(), "dtype": "float64"})
    x = tf.constant([-2.0, -0.25, 0.0, 1.25, 2.0], "float64")
    layer(x)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x)
        first = inner.gradient(y, [x, layer.b.value])
    second = [gradient for part in first for gradient in outer.gradient(part, [x, layer.b.value])]
    assert not any(np.isnan(part).any() for part in (*first, *second))
    sides = [np.sum(keras_acts.define(text, params={"b": 0.5 + h})(x)) for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(first[1], (sides[0] - sides[1]) / 2e-6, rtol=1e-6)
