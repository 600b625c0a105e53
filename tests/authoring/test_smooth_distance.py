"""Distances from the step and from relu against closed forms, their orders as the sharpness grows, and fits."""

import math

import numpy as np
import pytest
from mpmath import mp

import keras_acts
from keras_acts.authoring import smooth

W = float(mp.lambertw(mp.exp(-1)))  # max of x sigmoid(-x), at 1 + W
PI = math.pi


def peak(function, near):
    """The maximum of an mpmath function near a place, and the place."""
    x = mp.findroot(lambda t: mp.diff(function, t), near)
    return float(abs(function(x))), float(x)


def mish(x):
    return x * mp.tanh(mp.log(1 + mp.exp(x)))


SUPREMA = {
    "softplus": (lambda: "softplus", math.log(2.0), 0.0),
    "softplus(3*x)/3": (lambda: smooth.sharpen("softplus", 3), math.log(2.0) / 3.0, 0.0),
    "silu": (lambda: smooth.gate("sigmoid"), W, 1.0 + W),
    "gelu": (lambda: smooth.gate("normal_cdf"), *peak(lambda x: x * mp.ncdf(-x), 0.75)),
    "mish": (lambda: "mish", *peak(mish, -1.2)),
    "squareplus": (lambda: keras_acts.activations.squareplus, 1.0, 0.0),
    "root": (lambda: smooth.softabs("root", a=0.1), math.sqrt(0.1), 0.0),
    "relu from root": (lambda: smooth.softmax2("x", 0, a=0.1), math.sqrt(0.1) / 2.0, 0.0),
    "x tanh(x/a)": (lambda: smooth.softabs("tanh", a=0.01), 0.01 * W, 0.005 * (1.0 + W)),
    "noisy relu": (lambda: smooth.noisy_relu_mean(0.5), 0.5 / math.sqrt(2.0 * PI), 0.0),
    "LogSumExp of 2": (lambda: smooth.smooth_maximum("x", "-x", k=4), math.log(2.0) / 4.0, 0.0),
    "leaky softplus": (lambda: smooth.leak("softplus", 0.25), 0.75 * math.log(2.0), 0.0),
    "arctan gate": (lambda: smooth.gate("arctan"), 1.0 / PI, -math.inf),
    "softsign gate": (lambda: smooth.gate("softsign"), 0.5, -math.inf),
    "sigmoid": (lambda: "sigmoid", 0.5, 0.0),
    "tanh": (lambda: "tanh", 1.0, 0.0),
    "mish's step": (lambda: "tanh_softplus", 0.6, 0.0),
    "relu": (lambda: "relu", 0.0, None),
}


@pytest.mark.parametrize("name", SUPREMA)
def test_largest_distance(name):
    function, value, place = SUPREMA[name]
    found = smooth.distance(function())
    assert found.value == pytest.approx(value, rel=1e-12)
    if place is not None:
        assert abs(found.x) == pytest.approx(abs(place), rel=1e-6)


INTEGRALS = {
    "sigmoid": ("sigmoid", 2.0 * math.log(2.0)),
    "tanh": ("tanh", 2.0 * math.log(2.0)),
    "normal_cdf": ("normal_cdf", math.sqrt(2.0 / PI)),
    "erf": ("erf", 2.0 / math.sqrt(PI)),
    "algebraic": ("algebraic", 2.0),
    "softplus": ("softplus", PI**2 / 6.0),
    "silu": (smooth.gate("sigmoid"), PI**2 / 6.0),
    "noisy relu": (smooth.integral("normal_cdf"), 0.5),
    "arctan": ("arctan", math.inf),
    "softsign": ("softsign", math.inf),
    "squareplus": (smooth.integral("algebraic"), math.inf),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integral_of_the_distance(name):
    function, value = INTEGRALS[name]
    assert smooth.distance(function, norm="l1").value == pytest.approx(value, rel=2e-7)


def test_what_grows_apart_is_infinitely_far():
    assert smooth.distance("softplus", to="abs").value == math.inf
    assert smooth.distance(smooth.leak("softplus", 0.1), to="relu").value == math.inf
    logarithm = keras_acts.define("x*(0.5 + arctan(x)/pi) - log(1 + x**2)/(2*pi)")  # an integral of the arctan step
    assert smooth.distance(logarithm, to="relu").value == math.inf


def test_outside_of_a_neighbourhood_of_zero():
    found = smooth.distance("sigmoid", outside=2.0)
    assert found.value == pytest.approx(1.0 / (1.0 + math.exp(2.0)), rel=1e-14)
    assert abs(found.x) == 2.0
    inside = float(mp.quad(lambda x: 2 / (1 + mp.exp(x)), [2, 200]))
    assert smooth.distance("sigmoid", norm="l1", outside=2.0).value == pytest.approx(inside, rel=1e-12)


def test_rectifiers_approach_relu_like_one_over_k():
    for function in ("softplus", smooth.gate("normal_cdf"), smooth.softmax2("x", 0)):
        found = smooth.convergence(function, [1.0, 4.0, 1000.0])
        np.testing.assert_allclose(found.distance, smooth.distance(function).value / found.sharpness, rtol=1e-11)
        np.testing.assert_allclose(found.order, 1.0, rtol=1e-11)


def test_steps_approach_the_step_everywhere_but_at_zero():
    k = np.array([1.0, 3.0, 9.0])
    everywhere = smooth.convergence("sigmoid", k)
    np.testing.assert_allclose(everywhere.distance, 0.5, rtol=1e-12)
    np.testing.assert_allclose(everywhere.order, 0.0, atol=1e-11)
    np.testing.assert_allclose(smooth.convergence("erf", k, norm="l1").distance, 2.0 / math.sqrt(PI) / k, rtol=1e-9)

    away = smooth.convergence("sigmoid", k, outside=1.0)
    np.testing.assert_allclose(away.distance, 1.0 / (1.0 + np.exp(k)), rtol=1e-12)
    assert (np.diff(away.order) > 0.0).all()  # faster than any power
    k = [1e2, 1e3, 1e4]
    np.testing.assert_allclose(smooth.convergence("arctan", k, outside=0.5).order, 1.0, atol=1e-3)
    np.testing.assert_allclose(smooth.convergence("algebraic", k, outside=0.5).order, 2.0, atol=1e-3)


def test_sharp_limits():
    assert smooth.sharp_limit(smooth.gate("tanh")) == smooth.SHARP["relu"]
    assert smooth.sharp_limit(smooth.step("erf")) == smooth.SHARP["sign"]
    leaky = smooth.sharp_limit(smooth.leak(smooth.gate("sigmoid"), 0.3))
    np.testing.assert_array_equal(leaky(np.array([-2.0, 0.0, 2.0])), [-0.6, 0.0, 2.0])
    np.testing.assert_array_equal(smooth.SHARP["step"](np.array([-2.0, 0.0, 2.0])), [0.0, 0.5, 1.0])


CUBIC = "tanh(a*(x + b*x**3))"


def test_published_constants_of_gelus_tanh_form():
    # a = sqrt(2 / pi) is the slope of erf(x / sqrt(2)) at 0; with it, b = 0.044715 has the smallest largest error.
    a = math.sqrt(2.0 / PI)
    minimax = smooth.fit(f"{CUBIC}, a={a!r}", "erf(x/sqrt(2))", {"b": 0.03}, criterion="minimax")
    assert minimax.activation.all_params == {"a": a, "b": pytest.approx(0.044715, abs=5e-7)}
    least_squares = smooth.fit(f"{CUBIC}, a={a!r}", "erf(x/sqrt(2))", {"b": 0.03})
    assert least_squares.activation.all_params["b"] == pytest.approx(0.044846, abs=1e-6)
    assert least_squares.rms < minimax.rms
    assert minimax.largest < least_squares.largest
    taylor = 2.0 / (3.0 * PI) - 1.0 / 6.0  # the third derivative at 0 the same as well
    assert taylor == pytest.approx(0.045540, abs=1e-6)


def test_fits_of_both_constants_beat_the_published_ones():
    published = np.asarray(smooth.step("tanh_cubic")(np.linspace(-5.0, 5.0, 801)))
    exact = np.array([float(mp.erf(x / mp.sqrt(2))) for x in np.linspace(-5.0, 5.0, 801)])
    rms, largest = np.sqrt(np.mean((published - exact) ** 2)), np.max(np.abs(published - exact))
    start = {"a": 0.8, "b": 0.04}
    best_rms = smooth.fit(CUBIC, "erf(x/sqrt(2))", start)
    best_largest = smooth.fit(CUBIC, "erf(x/sqrt(2))", start, criterion="minimax")
    assert best_rms.rms < 0.85 * rms
    assert best_largest.largest < 0.8 * largest
    assert best_rms.rms < best_largest.rms
    # A minimax error reaches its bound with alternating signs, once more often than there are parameters, on each side.
    error = np.asarray(best_largest.activation(np.linspace(-5.0, 5.0, 801))) - exact
    extremes = error[np.abs(error) > 0.999 * best_largest.largest]
    assert np.count_nonzero(np.diff(np.sign(extremes))) + 1 >= 6
