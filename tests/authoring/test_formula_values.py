"""The published formulas against mpmath on the same text: value, two derivatives, limits, NaN."""

import dataclasses

import numpy as np
import pytest
from formulas import FORMULAS, judge

import keras_acts
from keras_acts.testing import contract, samples

# A thinned sample, in eager mode only: each further mode costs a compilation per formula.
POINTS = {"float64": 40, "float32": 4000, "float16": 4000}


all_samples = samples.sample


def some_samples(dtype, kinks=()):
    x = all_samples(dtype, kinks)
    chosen = np.random.default_rng(7).choice(len(x), POINTS[dtype], replace=False)
    return np.concatenate([x[chosen], x[len(x) - 8 * len(kinks) :]])


def subject_of(text):
    subject = contract.subject(f"formula: {text}", judge(text), dtypes=tuple(POINTS), modes=("eager",))
    return dataclasses.replace(subject, reference=judge(text))


def test_the_list_is_as_long_as_published():
    assert len(set(FORMULAS)) == len(FORMULAS) >= 50


# Where `keras_acts.authoring.accuracy` says so too.
EXCEPTIONS = {
    "x - tanh(x)": "a zero of third order is left of a difference of two simple ones",
    "log(1 + exp(x) + exp(2*x))": "exponents are clipped at a millionth of the largest number",
}
CASES = [
    pytest.param(text, marks=pytest.mark.xfail(reason=EXCEPTIONS[text], raises=AssertionError, strict=True))
    if text in EXCEPTIONS
    else text
    for text in FORMULAS
]


@pytest.mark.parametrize("text", CASES)
def test_formula_meets_the_contract(text, monkeypatch):
    subject = subject_of(text)
    monkeypatch.setattr(contract.samples, "sample", some_samples)
    findings = contract.check_accuracy(subject) + contract.check_nan(subject) + contract.check_limits(subject)
    assert not findings


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
