"""The published formulas against mpmath on the same text: value, two derivatives, limits, NaN."""

import numpy as np
import pytest
from formulas import FORMULAS, HELD_OUT, KNOWN_LOSSES, NEAR_ONE, judge

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
