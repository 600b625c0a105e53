"""`paired(deep=True)` holds the variance of 30 layers, in mean field and in a network, or says that nothing does."""

import functools
import math
import re

import numpy as np
import pytest
from mpmath import mp
from reference import REFERENCES
from subjects import ELEMENTWISE

import keras_acts
from keras_acts import initializers
from keras_acts.analysis.elementwise import evaluate

DEPTH, FACTOR, WIDTH = 30, 5.0, 500

# At their defaults. The slow test below scans them again, in mpmath.
WITHOUT = {
    "atlu", "bent_identity", "biased_shrink", "bipolar", "cloglog", "cos", "elliott", "elu_plus_one", "exp_sigmoid",
    "exponential", "gaussian", "hard_shrink", "hard_sigmoid", "hard_sigmoid_legacy", "jump_relu", "log_sigmoid",
    "multiquadric", "relu2", "rep_u", "shifted_softplus", "sigmoid", "sine_relu", "smish", "soft_clipping", "softplus",
    "sparse_plus", "sparse_sigmoid", "sqrt_softplus", "square", "squared_leaky_relu", "squareplus", "star_relu", "step",
    "swoosh_l", "swoosh_r", "symexp", "tanh_shrink", "ternarize", "thresholded_relu", "trunc_exp", "xatlu", "xielu",
}  # fmt: skip
# Those on which the search once failed, and one of each kind.
FEW = ["elish", "hard_elish", "flatten_t_swish", "tanh", "relu", "soft_shrink"]
MORE = [
    "gelu",
    "lisht",
    "snake(frequency=0.3)",
    "swish_beta(beta=0.01)",
    "sin(w0=30.0)",
    "erfact(alpha=0.75, beta=4.8)",
]


def next_variance(f, variance, weight_variance, bias_variance):
    """C_b + C_W E f(sqrt(q) z)^2, by the trapezoidal rule."""
    z = np.linspace(-10.0, 10.0, 8001)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) * (z[1] - z[0])
    (value,) = evaluate(f, math.sqrt(variance) * z)
    return bias_variance + weight_variance * float(density @ (value * value))


def in_mean_field(f, start, point):
    found = [start]
    for _ in range(DEPTH):
        found.append(next_variance(f, found[-1], point.weight_variance, point.bias_variance))
    return np.array(found)


@functools.lru_cache(maxsize=1)
def standard_weights():
    rng = np.random.default_rng(7)
    return rng.normal(size=(DEPTH, WIDTH, WIDTH)) / math.sqrt(WIDTH), rng.normal(size=(DEPTH, WIDTH))


def in_network(f, start, point):
    z = math.sqrt(start) * np.random.default_rng(8).normal(size=(8, WIDTH))
    found = [start]
    for kernel, bias in zip(*standard_weights(), strict=True):
        (value,) = evaluate(f, z)
        z = math.sqrt(point.weight_variance) * value @ kernel + math.sqrt(point.bias_variance) * bias
        found.append(float(np.square(z).mean()))
    return np.array(found)


def check(spec):
    """Every layer is within the factor of the first. Where 0 is critical, from the largest power of ten that allows it.

    There no start up to that of a first layer may grow, either.
    """
    f = keras_acts.get(spec)
    found = initializers.statistics(spec)
    point = found.critical
    if point is None and found.self_normalizing and found.derivative_second_moment:
        point = initializers.CriticalPoint(1.0, 0.0, 1.0)  # a sign: any weights of LeCun's variance hold it
    if point is None:
        with pytest.raises(ValueError, match="needs an activation with a critical point, and there is none"):
            keras_acts.paired(spec, deep=True)
        return False
    starts = [point.variance] if point.variance else [point.weight_variance * 0.1**k for k in range(12)]
    if not point.variance:
        assert in_mean_field(f, starts[0], point).max() <= FACTOR * starts[0], spec
    for start in starts:
        mean_field = in_mean_field(f, start, point) / start
        if mean_field.min() > 1.0 / FACTOR:
            break
    for ratios in (mean_field, in_network(f, start, point) / start):
        assert ratios.min() > 1.0 / FACTOR, (spec, point, ratios)
        assert ratios.max() < FACTOR, (spec, point, ratios)
    return True


@pytest.mark.parametrize("spec", [*FEW, *(pytest.param(spec, marks=pytest.mark.slow) for spec in MORE)])
def test_deep_initializers_hold_the_variance(spec):
    assert check(spec)


@pytest.mark.parametrize("name", ["smish", "sine_relu", "sigmoid", "star_relu", "step"])
def test_where_nothing_holds_it_deep_says_so(name):
    assert not check(name)


def test_published_and_computed_points():
    elish = initializers.statistics("elish").critical
    assert (elish.weight_variance, elish.bias_variance) == pytest.approx((1.98876909, 0.56668165), abs=5.1e-9)


def drawn_specs(name, count, rng):
    """Legal parameters of every size that users take."""
    declared = keras_acts.info(name)
    for _ in range(count if declared.params else 0):
        given = {}
        for param in declared.params.values():
            low = -math.inf if param.low is None else param.low
            high = math.inf if param.high is None else param.high
            if not param.applies(given):
                continue
            if param.kind is bool:
                given[param.name] = bool(rng.integers(2))
            elif param.kind is str:
                given[param.name] = str(rng.choice(param.choices))
            elif math.isfinite(low) and math.isfinite(high):
                given[param.name] = param.kind(rng.uniform(low + 0.02 * (high - low), high))
            else:
                size = math.exp(1.2 * rng.normal()) + (1 if param.kind is int else 0)
                given[param.name] = param.kind(low + size if math.isfinite(low) else size * rng.choice([-1, 1]))
        try:
            keras_acts.get(name, **given)
        except ValueError:  # two parameters that do not go together
            continue
        yield f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(pytest.param(name, 1, marks=pytest.mark.slow) for name in ELEMENTWISE[::6]),
        *(pytest.param(name, 4, marks=pytest.mark.nightly) for name in ELEMENTWISE),
    ],
)
def test_every_activation_at_drawn_parameters(name, count):
    assert check(name) == (name not in WITHOUT)
    for spec in drawn_specs(name, count, np.random.default_rng(sum(map(ord, name)))):
        try:
            check(spec)
        except ValueError as error:  # no gain: it is zero almost everywhere, or has an infinite second moment
            if not re.search("zero almost everywhere|finite", str(error)):
                raise


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_an_independent_scan_finds_none_either(name):
    """Values and derivatives by mpmath; every variance on a grid at which a root could lie is tried."""
    nodes, weights = np.polynomial.legendre.leggauss(6)
    edges = np.logspace(-5.0, 3.0, 49)
    edges = np.unique([*-edges, 0.0, *edges, *(s * k for s in (-1.0, 1.0) for k in (0.5, 1.0, 2.0, 2.5, 3.0))])
    centre, radius = 0.5 * (edges[1:] + edges[:-1])[:, None], 0.5 * np.diff(edges)[:, None]
    x, weights = (centre + radius * nodes).ravel(), (radius * weights).ravel()
    f = REFERENCES[name]
    with mp.workdps(30):
        step = mp.mpf("1e-12")
        values = np.array([float(f(mp.mpf(each))) if abs(each) < 300 else np.nan for each in x])
        slopes = [float((f(e + e * step) - f(e - e * step)) / (2 * e * step)) for e in map(mp.mpf, x[np.abs(x) < 300])]
        at_zero = float(f(mp.mpf(0)))
        sides = [float((f(s * step) - f(mp.mpf(0))) / (s * step)) for s in (1, -1)]
    x, weights, values = x[np.abs(x) < 300], weights[np.abs(x) < 300], values[np.abs(x) < 300]
    variances = np.logspace(-7.0, 3.0, 301)
    z = x / np.sqrt(variances)[:, None]
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * math.pi * variances)[:, None] * weights
    with np.errstate(all="ignore"):
        second, gradient = density @ np.square(values), density @ np.square(slopes)
        response = (density * np.square(values) * (z * z - 1.0)).sum(axis=1) / (2.0 * variances)
        excess, bias = response / gradient - 1.0, variances - second / gradient

    def holds(weight_variance, bias_variance, start):
        found = [start]
        for _ in range(DEPTH):
            with np.errstate(all="ignore"):
                q = np.exp(np.interp(np.log(found[-1]), np.log(variances), np.log(second)))
            found.append(bias_variance + weight_variance * q)
        ratios = np.array(found) / start
        # Where it falls, it is to fall slower than exponentially: less in the second half of the layers.
        return ratios.max() < FACTOR and ratios[-1] * FACTOR > ratios[DEPTH // 2]

    if at_zero == 0.0 and max(map(abs, sides)) > 1e-6 and max(map(abs, sides)) < 1e6:
        weight_variance = 2.0 / (sides[0] ** 2 + sides[1] ** 2)
        starts = [weight_variance * share for share in (2.0, 1.0, 0.1, 0.01)]
        assert not all(holds(weight_variance, 0.0, start) for start in starts), "0 is critical"
    for i in np.flatnonzero(excess[:-1] * excess[1:] < 0.0):
        if max(bias[i], bias[i + 1]) < 0.0 or max(abs(excess[i : i + 2])) < 1e-5:
            continue
        nearer = i if abs(excess[i]) < abs(excess[i + 1]) else i + 1
        tries = [holds(1.0 / gradient[nearer], bias[nearer], variances[nearer] * off) for off in (1.0 / 1.6, 1.6)]
        assert not all(tries), (name, variances[nearer])


def fallen(f, variance, depth=30):
    """The variance of pre-activations through a wide network with C_W = 1 and no biases, by sums in NumPy."""
    z = np.linspace(-9.0, 9.0, 4001)
    density = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    for _ in range(depth - 1):
        variance = density @ f(np.sqrt(variance) * z) ** 2
    return variance


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("tanh", np.tanh),
        ("softsign", lambda x: x / (1.0 + np.abs(x))),
        ("elu", lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0)))),
    ],
)
def test_the_docstrings_say_how_far_a_critical_point_at_variance_0_reaches(name, f):
    critical = initializers.statistics(name).critical
    assert (critical.variance, critical.bias_variance) == (0.0, 0.0)
    assert critical.weight_variance == pytest.approx(1.0, abs=1e-6)
    text = " ".join(keras_acts.paired.__doc__.split())
    end = float(re.search(rf"From inputs of variance 1 .*? {name} (?:falls )?to ([\d.]*\d)", text)[1])
    assert fallen(f, 1.0) == pytest.approx(end, rel=0.07)
    for text in (keras_acts.paired.__doc__, initializers.statistics.__doc__):
        largest = float(re.search(rf"variance up to .*?([\d.]*\d) for {name}", " ".join(text.split()))[1])
        assert fallen(f, largest) == pytest.approx(largest / 5.0, rel=0.03)
