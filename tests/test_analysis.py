"""`analyze` and `propagate`: published numbers, other ways of computing, and functions put together at random."""

import math

import keras
import numpy as np
import pytest
from keras import ops

import keras_acts
from keras_acts import analysis
from keras_acts.analysis.signals import pair_expectation

RNG = np.random.default_rng(3)

# ---- The curve -------------------------------------------------------------------------------------------------------


def pieces(rng):
    """A function that is 0, then a power, then a line, with what is true of it."""
    start, order, length, slope = rng.uniform(-5.0, 5.0), int(rng.integers(1, 5)), rng.uniform(0.5, 3.0), rng.normal()

    def function(x):
        inside = ops.clip(x - start, 0.0, length)
        return inside**order + slope * ops.maximum(x - start - length, 0.0)

    return function, start, order, length, slope


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[pytest.mark.slow] * (seed > 1)) for seed in range(8)])
def test_seams_zeros_and_turns_of_what_is_put_together(seed):
    function, start, order, length, slope = pieces(np.random.default_rng(seed))
    found = analysis.landmarks(function)
    assert found.zeros[0] == (-math.inf, pytest.approx(start, abs=1e-4 if order > 2 else 1e-8))
    seams = {round(seam.x, 6): seam.order for seam in found.seams}
    assert seams.get(round(start, 6), 3) == min(order - 1, 3)
    assert seams[round(start + length, 6)] == 0
    top = length**order
    assert found.largest_slope == pytest.approx(max(order * length ** (order - 1), abs(slope)), rel=1e-8)
    if slope < 0.0:
        assert found.monotone is None
        assert found.range == (-math.inf, pytest.approx(top, rel=1e-9))
        assert [(each.x, each.is_maximum) for each in found.extrema] == [(pytest.approx(start + length), True)]
        assert found.zeros[1][0] == pytest.approx(start + length - top / slope, rel=1e-9)
    else:
        assert (found.monotone, found.extrema, found.range) == ("increasing", (), (0.0, math.inf))


def test_landmarks_of_well_known_functions():
    found = analysis.analyze("mish")
    assert found.extrema == ((pytest.approx(-1.1924312), pytest.approx(-0.30884341), False),)
    assert (found.limits, found.zeros, found.seams, found.smoothness_class) == (
        (0.0, math.inf),
        ((0.0, 0.0),),
        (),
        "smooth",
    )
    sigmoid = analysis.landmarks("sigmoid")
    assert sigmoid.saturation == pytest.approx((-5.98644935681, 5.98644935681))  # where s (1 - s) = 0.0025
    assert (sigmoid.range, sigmoid.largest_slope) == ((0.0, 1.0), 0.25)
    sine = analysis.landmarks("sin")
    assert [low for low, _ in sine.zeros] == pytest.approx(np.pi * np.arange(-6, 7), abs=1e-8)
    assert np.isnan(sine.limits).all()
    assert analysis.landmarks("symlog").range == (-math.inf, math.inf)  # a logarithm ends at 690 in float64
    assert analysis.landmarks("relu6").smoothness_class == "C^0, kinks at 0, 6"
    assert analysis.landmarks("isrlu").smoothness_class == "C^2, a seam at 0"
    assert analysis.landmarks("jump_relu").smoothness_class == "a jump at 0.001"
    assert analysis.landmarks("step(surrogate='atan')").extrema == ()


@pytest.mark.slow
def test_a_function_of_ones_own_is_told_as_much_of():
    own = lambda x: x * ops.tanh(ops.softplus(x))  # noqa: E731
    for other in (own, keras_acts.define("x*tanh(log(1 + exp(x)))")):
        found, expected = analysis.analyze(other), analysis.analyze("mish")
        assert found.extrema == pytest.approx(np.array(expected.extrema), abs=1e-8)
        assert found.traits == expected.traits
        assert found.statistics.critical.variance == pytest.approx(expected.statistics.critical.variance, rel=1e-6)
    # TensorFlow's has no second derivative.
    assert analysis.landmarks(keras.activations.softsign).smoothness_class == "C^1 at least"


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ("softmax", ValueError, "activation of single numbers"),
        ("geluu", ValueError, "Did you mean"),
        (3, ValueError, "must be a name"),
        (ops.log, ValueError, "NaN at x=-20"),
        (lambda x: x[:1], ValueError, "keep the shape"),
    ],
)
def test_what_cannot_be_analysed_is_an_error(wrong, error, message):
    with pytest.raises(error, match=message):
        analysis.analyze(wrong)
    with pytest.raises(ValueError, match=r"`depth` of propagate must be an integer >= 1\. Received: depth=0"):
        analysis.propagate("relu", 0)
    with pytest.raises(ValueError, match=r"leave the units to `width`.*units=3"):
        analysis.propagate("relu", 2, {"units": 3})


# ---- Signals ---------------------------------------------------------------------------------------------------------

# Slopes of the variance map with the gain, at 1 and at 0; its growth far out.
SLOPES = {
    "relu": (1.0, None, 1.0), "elu": (0.8910, 1.549, 0.775), "selu": (0.78265, 2.0974, 0.552),
    "gelu": (1.1441, 0.588, 1.176), "silu": (1.1726, 0.703, 1.405), "mish": (1.0763, 0.796, 1.105),
    "hard_silu": (1.2239, 0.754, 1.508), "tanh": (0.4611, 2.536, 0.0), "softsign": (0.4767, 5.46, 0.0),
    "sin": (0.3130, 2.313, 0.0), "softplus": (0.4921, None, 0.543), "sigmoid": (0.1063, None, 0.0),
}  # fmt: skip
FEW = ("relu", "tanh", "softplus")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in FEW)) for name in SLOPES])
def test_published_slopes_of_the_variance_map(name):
    at_one, at_zero, growth = SLOPES[name]
    found = analysis.signals(name)
    slopes = {round(each.variance, 6): each.slope for each in found.fixed_points}
    assert slopes[1.0] == pytest.approx(at_one, abs=6e-5)
    assert slopes.get(0.0) == (None if at_zero is None else pytest.approx(at_zero, rel=1e-3))
    assert found.growth == pytest.approx(growth, abs=6e-4)


OUTPUT_GAINS = {"elu": (1.27796008, 0.8982), "gelu": (1.46801126, 1.0836), "softplus": (1.08312188, 0.5353)}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "published"), OUTPUT_GAINS.items())
def test_published_slopes_at_the_output_gain(name, published):
    gain, slope = published
    found = analysis.signals(name, gain**2)
    slopes = {round(each.variance, 6): each.slope for each in found.fixed_points}
    assert slopes[round(gain**2, 6)] == pytest.approx(slope, abs=6e-5)


EDGES = {  # standard deviations or variances of biases and weights as printed, and the variance of signals there
    ("tanh", 0.05): (1.760955, 0.570048), ("tanh", 2e-5): (1.049912, 0.025874), ("erf", 0.05): (1.375839, 0.517177),
    ("tanh", 0.2**2): (1.304146**2, 0.512079), ("tanh", 0.3**2): (1.395584**2, 0.763475),
    ("elu", 0.2**2): (1.229251**2, 1.106931), ("elu", 0.3**2): (1.263108**2, 2.034538),
    ("sin", 0.2**2): (1.212333**2, 0.509752), ("softsign", 0.2**2): (1.729629**2, 0.358326),
    ("silu", 0.2**2): (1.679532**2, 0.689453),
}  # fmt: skip


@pytest.mark.parametrize(
    "given", [pytest.param(given, marks=[pytest.mark.slow] * (given[1] != 0.05)) for given in EDGES], ids=str
)
def test_published_edges_of_chaos(given):
    name, bias_variance = given
    point = analysis.edge_of_chaos(name, bias_variance)[0]
    assert (point.weight_variance, point.variance) == pytest.approx(EDGES[given], abs=3e-6)
    found = analysis.signals(name, point.weight_variance, bias_variance)
    assert any(each.variance == pytest.approx(point.variance, rel=1e-6) for each in found.fixed_points)
    if name != "silu":  # whose point is one that the variance runs away from
        assert found.gradient_slope == pytest.approx(1.0)
        assert (found.correlation, found.depth_scale) == (1.0, math.inf)


CRITICAL = {
    "gelu": (1.98305826, 0.17292239, 3.56155281), "silu": (1.98800468, 0.55514317, 14.32017362),
    "mish": (2.01352407, 0.09452179, 1.67016913),
}  # fmt: skip


@pytest.mark.parametrize(("name", "published"), CRITICAL.items())
def test_published_critical_points(name, published):
    point = analysis.statistics(name).critical
    assert (point.weight_variance, point.bias_variance, point.variance) == pytest.approx(published, abs=5.1e-9)


def test_the_fixed_point_of_siren():
    found = analysis.signals("sin", weight_variance=2.0)
    assert (found.variance, found.gradient_slope) == pytest.approx((0.79681213, 1.20318787), abs=5e-9)


# scale and shift of the standardised activation with its slope; scale and shift of the other (printed to 4 digits).
AFFINE = {
    "elu": ((1.2708434179, -0.2039965127, 0.860), (1.223429, 0.074220)),
    "tanh": ((1.5925374197, 0.0, 0.461), (1.467414, 0.388542)),
    "selu": ((1.0, 0.0, 0.783), (0.966026, 0.258446)),
    "gelu": ((1.7009262434, -0.4798224344, 1.062), (1.481114, 0.073877)),
    "relu": ((1.7128585504, -0.6833316961, 1.0), (1.4142136, 0.0)),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in ("elu", "relu"))) for name in AFFINE]
)
def test_affine_constants(name):
    found = analysis.analyze(name)
    (scale, shift, slope), other = AFFINE[name]
    assert found.standardized == (
        pytest.approx(scale, abs=1e-10), pytest.approx(shift, abs=1e-10), pytest.approx(slope, abs=6e-4)
    )  # fmt: skip
    assert found.poincare[:2] == pytest.approx(other, abs=6e-7)
    standardized = keras_acts.initializers.standardize(name)
    assert analysis.statistics(standardized).slope == pytest.approx(found.standardized.slope, rel=1e-9)


@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.9, 1.0 - 1e-6, 1.0])
def test_expectations_over_pairs_in_closed_form(correlation):
    angle = math.acos(correlation)
    relu, erf = analysis.Elementwise("relu"), analysis.Elementwise("erf")
    q = float(RNG.uniform(0.1, 10.0))
    expected = q * (math.sin(angle) + correlation * (math.pi - angle)) / (2.0 * math.pi)
    assert pair_expectation(relu.value, q, correlation, relu.kinks) == pytest.approx(expected, abs=1e-9)
    slopes = pair_expectation(relu.derivative, q, correlation, relu.kinks)
    assert slopes == pytest.approx((math.pi - angle) / (2.0 * math.pi), abs=1e-9)
    expected = 2.0 / math.pi * math.asin(2.0 * q * correlation / (1.0 + 2.0 * q))
    assert pair_expectation(erf.value, q, correlation) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("weight_variance", [1.3, 4.0])
def test_the_correlation_is_that_of_two_inputs_in_a_wide_network(weight_variance):
    found = analysis.signals("tanh", weight_variance, 0.05)
    rng, (first, second) = np.random.default_rng(5), np.random.default_rng(6).normal(size=(2, 600))
    for _ in range(50):
        kernel = rng.normal(size=(600, 600)) * math.sqrt(weight_variance / 600.0)
        bias = rng.normal(size=600) * math.sqrt(0.05)
        first, second = np.tanh(first) @ kernel + bias, np.tanh(second) @ kernel + bias
    correlation = first @ second / math.sqrt(first @ first * (second @ second))
    assert (correlation, first @ first / 600.0) == pytest.approx((found.correlation, found.variance), abs=0.15)
    assert (found.correlation == 1.0) == (found.gradient_slope <= 1.0)


# ---- A deep network --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", *(pytest.param(name, marks=pytest.mark.slow) for name in ("selu", "gelu"))])
def test_propagation_is_as_predicted(name):
    kwargs = keras_acts.paired(name, deep=name == "gelu")
    found = analysis.propagate(name, 10, kwargs, width=300)
    for predicted, measured in (
        (found.predicted_variance, found.measured_variance),
        (found.predicted_gradient, found.measured_gradient),
    ):
        assert np.log(measured.mean(axis=0)) == pytest.approx(np.log(predicted), abs=0.7)
    gain2 = analysis.gain(name) ** 2
    if name != "gelu":
        assert found.predicted_variance[-1] == pytest.approx(1.0, abs=0.01)
        assert found.predicted_variance[0] == pytest.approx(gain2, rel=0.01)


def test_propagation_by_default_is_that_of_keras_and_leaves_no_trace():
    keras.utils.set_random_seed(3)
    expected = keras.random.normal((2,), seed=keras.initializers.RandomNormal().seed)
    keras.utils.set_random_seed(3)
    found, again = (analysis.propagate("gelu", 12, width=64, seed=1) for _ in range(2))
    assert np.array_equal(found.measured_variance, again.measured_variance)
    assert found.measured_variance[:, -1].max() < 1e-3
    assert "times" in repr(found)
    np.testing.assert_array_equal(keras.random.normal((2,), seed=keras.initializers.RandomNormal().seed), expected)
    ax = keras_acts.plots.draw_propagation(found)
    assert (ax.get_yscale(), len(ax.get_legend().get_texts())) == ("log", 3)
