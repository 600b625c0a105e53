"""Expectations under a normal distribution, against closed forms and mpmath."""

import math

import mpmath
import numpy as np
import pytest

from keras_acts.analysis.quadrature import expectation

MEAN, STD = -0.7, 1.3


def normal_cdf(z):
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def normal_density(z):
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def mean_absolute_distance(point):
    """E |x - point|, x ~ N(MEAN, STD^2)."""
    z = (point - MEAN) / STD
    return STD * (2.0 * normal_density(z) + z * (2.0 * normal_cdf(z) - 1.0))


CLOSED_FORMS = {
    "1": (np.ones_like, 1.0),
    "x": (lambda x: x, MEAN),
    "x^2": (np.square, MEAN**2 + STD**2),
    "x^4": (lambda x: x**4, MEAN**4 + 6 * MEAN**2 * STD**2 + 3 * STD**4),
    "x^20, centred": (lambda x: ((x - MEAN) / STD) ** 20, float(math.prod(range(1, 20, 2)))),
    "exp(3x)": (lambda x: np.exp(3.0 * x), math.exp(3.0 * MEAN + 4.5 * STD**2)),
    "cos(60x)": (lambda x: np.cos(60.0 * x), math.exp(-1800.0 * STD**2) * math.cos(60.0 * MEAN)),
    "sin(30x)^2": (lambda x: np.sin(30.0 * x) ** 2, 0.5 - 0.5 * math.exp(-1800.0 * STD**2) * math.cos(60.0 * MEAN)),
    "hidden kink": (lambda x: np.abs(x - 0.3), mean_absolute_distance(0.3)),
    "hidden kink far out": (lambda x: np.abs(x - 5.7), mean_absolute_distance(5.7)),
    "hidden jump": (lambda x: 1.0 * (x > 0.3), normal_cdf((MEAN - 0.3) / STD)),
    "ten kinks": (
        lambda x: sum(np.abs(x - k / 3.0) for k in range(10)),
        sum(mean_absolute_distance(k / 3.0) for k in range(10)),
    ),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_forms(name):
    function, expected = CLOSED_FORMS[name]
    assert float(expectation(function, MEAN, STD)) == pytest.approx(expected, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        (np.tanh, mpmath.tanh),
        (lambda x: x / (1.0 + np.abs(x)), lambda x: x / (1 + abs(x))),
        (
            lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))) ** 3,
            lambda x: x**3 if x > 0 else mpmath.expm1(x) ** 3,
        ),
        (lambda x: np.clip(x, -0.5, 2.0) ** 2, lambda x: min(max(x, mpmath.mpf("-0.5")), 2) ** 2),
    ],
    ids=["tanh", "softsign", "elu^3", "hard_tanh^2"],
)
def test_mpmath(function, reference):
    with mpmath.workdps(25):
        mean, std = mpmath.mpf(MEAN), mpmath.mpf(STD)
        exact = mpmath.quad(
            lambda x: reference(x) * mpmath.npdf(x, mean, std), [-30, -10, -4, -0.5, 0, 1, 2, 4, 10, 30]
        )
    assert float(expectation(function, MEAN, STD)) == pytest.approx(float(exact), rel=1e-13, abs=1e-14)


def test_declared_kinks_save_evaluations():
    points = {}

    def counting(name):
        def function(x):
            points[name] = points.get(name, 0) + x.size
            return np.abs(x - 0.3)

        return function

    with_kink = float(expectation(counting("declared"), kinks=[0.3]))
    without = float(expectation(counting("hidden")))
    exact = 2.0 * normal_density(0.3) + 0.3 * (2.0 * normal_cdf(0.3) - 1.0)
    assert with_kink == pytest.approx(exact, rel=1e-15)
    assert without == pytest.approx(exact, rel=1e-14)
    assert points["declared"] < points["hidden"]


def test_several_functions_at_once():
    both = expectation(lambda x: np.stack([[x, x * x], [np.abs(x), np.sign(x)]]), kinks=[0.0])
    np.testing.assert_allclose(both, [[0.0, 1.0], [math.sqrt(2.0 / math.pi), 0.0]], rtol=0, atol=1e-15)


def test_float32_inside_costs_digits_not_the_result():
    found = float(expectation(lambda x: np.tanh(x.astype("float32")).astype("float64") ** 2))
    assert found == pytest.approx(float(expectation(lambda x: np.tanh(x) ** 2)), rel=1e-7)


NOISE = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (np.sqrt, "must be finite at all points"),
        (lambda x: np.where(x > 1.0, np.inf, x), "NaN or infinity at x=1.0"),
        (lambda x: np.exp(0.5 * x * x - 60.0), "must have a finite expectation under N\\(0, 1\\^2\\)"),
        (lambda x: np.exp(x * x), "must be finite at all points|must have a finite expectation"),
        (lambda x: NOISE.normal(size=x.shape), "does not settle"),
    ],
    ids=["nan", "inf", "slowly divergent", "divergent", "random"],
)
def test_what_has_no_expectation(function, message):
    with pytest.raises(ValueError, match=message):
        expectation(function)


@pytest.mark.parametrize(("mean", "std"), [(math.nan, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, math.inf)])
def test_what_is_no_distribution(mean, std):
    with pytest.raises(ValueError, match="of expectation must be a finite number"):
        expectation(np.abs, mean, std)
