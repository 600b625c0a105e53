"""Gains, statistics and critical points, against constants computed beforehand with mpmath and published ones."""

import json
import math
from pathlib import Path

import fresh_process
import keras
import mpmath
import numpy as np
import pytest

import keras_acts
from keras_acts import initializers
from keras_acts.analysis import quadrature
from keras_acts.analysis.elementwise import evaluate

# 17 digits each, by mpmath with 30 digits, from the formulas of the papers.
CONSTANTS = json.loads((Path(__file__).parent / "test_initializers_gains.json").read_text(encoding="utf-8"))
SPECS = {
    "leaky_relu_0.01": "leaky_relu(negative_slope=0.01)",
    "leaky_relu_0.2": "leaky_relu(negative_slope=0.2)",
    "leaky_relu_0.3": "leaky_relu(negative_slope=0.3)",
    "quick_gelu_1.702": "quick_gelu",
    "hard_swish": "hard_silu",
    "sin_30": "sin(w0=30.0)",
    "arctan": "atan",
    "gaussian_exp(-x^2)": lambda x: keras.ops.exp(-x * x),  # and so a callable that keras_acts does not know
    "snake_1": "snake",
    "tanhshrink": "tanh_shrink",
    "softshrink_0.5": "soft_shrink",
    "squareplus_4": "squareplus",
}
GELU_VARIANCE = (3.0 + math.sqrt(17.0)) / 2.0


@pytest.mark.parametrize("name", CONSTANTS)
def test_statistics_to_1e_12(name):
    activation, exact = SPECS.get(name, name), {key: float(value) for key, value in CONSTANTS[name].items()}
    found = initializers.statistics(activation)
    assert found.gain == initializers.gain(activation) == pytest.approx(exact["gain"], rel=1e-12)
    assert found.mean == pytest.approx(exact["mean"], rel=1e-12, abs=1e-15)
    assert found.second_moment == pytest.approx(exact["m2"], rel=1e-12)
    assert found.variance == pytest.approx(exact["var"], rel=1e-12)
    assert found.derivative_second_moment == pytest.approx(exact["d2"], rel=1e-12)
    assert found.gradient_slope == pytest.approx(exact["chi_at_fwd_gain"], rel=1e-11)  # recorded to 12 digits
    assert initializers.gain(activation, convention="centered") == pytest.approx(exact["gain_std"], rel=1e-12)
    assert initializers.gain(activation, convention="backward") == pytest.approx(exact["gain_bwd"], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("relu", 1.0),
        ("leaky_relu", 1.0),
        ("elu", 0.8910),
        ("selu", 0.78265),
        ("gelu", 1.1441),
        ("silu", 1.1726),
        ("mish", 1.0763),
        ("hard_silu", 1.2239),
        ("tanh", 0.4611),
        ("softsign", 0.4767),
        ("sin", 0.3130),
        ("softplus", 0.4921),
        ("sigmoid", 0.1063),
        ("relu2", 2.0),
    ],
)
def test_slope_of_the_variance_map(name, slope):
    found = initializers.statistics(name)
    assert found.slope == pytest.approx(slope, abs=5.1e-5)
    assert found.stable == (slope <= 1.0)
    # Against the map itself: gain^2 E f(sqrt(q) z)^2 around q = 1.
    f = keras_acts.get(name)

    def next_variance(q):
        return found.gain**2 * quadrature.expectation(lambda x: evaluate(f, x)[0] ** 2, std=q**0.5)

    assert next_variance(1.0) == pytest.approx(1.0, rel=1e-13)
    assert (next_variance(1.0 + 1e-4) - next_variance(1.0 - 1e-4)) / 2e-4 == pytest.approx(found.slope, rel=1e-6)


# GELU and SiLU: arXiv:2106.10165, 8 digits. Many public copies have a tenth of SiLU's bias variance: a slip.
@pytest.mark.parametrize(
    ("name", "weight_variance", "bias_variance", "variance"),
    [
        ("gelu", 1.98305826, 0.17292239, GELU_VARIANCE),
        ("silu", 1.98800468, 0.55514317, 14.32017362),
        ("mish", 2.01352407, 0.09452179, 1.67016913),
        ("relu", 2.0, 0.0, 1.0),
        ("leaky_relu(negative_slope=0.1)", 2.0 / 1.01, 0.0, 1.0),
        ("identity", 1.0, 0.0, 1.0),
        ("tanh", 1.0, 0.0, 0.0),
        ("sin", 1.0, 0.0, 0.0),
        ("elu", 1.0, 0.0, 0.0),
        ("erf", math.pi / 4.0, 0.0, 0.0),
    ],
)
def test_critical_points(name, weight_variance, bias_variance, variance):
    critical = initializers.statistics(name).critical
    assert critical.weight_variance == pytest.approx(weight_variance, rel=5e-9)
    assert critical.bias_variance == pytest.approx(bias_variance, abs=5.1e-9)
    assert critical.variance == pytest.approx(variance, rel=5e-9)


def test_critical_point_of_gelu_to_1e_10():
    """Both slopes are 1 and K is a fixed point, in mpmath."""
    critical = initializers.statistics("gelu").critical
    assert critical.variance == pytest.approx(GELU_VARIANCE, rel=1e-11)
    with mpmath.workdps(20):
        std = mpmath.sqrt(GELU_VARIANCE)

        def expectation(g):
            return mpmath.quad(lambda z: g(std * z) * mpmath.npdf(z), [-12, -4, 0, 4, 12])

        weight_variance = 1 / expectation(lambda x: (mpmath.ncdf(x) + x * mpmath.npdf(x)) ** 2)
        bias_variance = GELU_VARIANCE - weight_variance * expectation(lambda x: (x * mpmath.ncdf(x)) ** 2)
    assert critical.weight_variance == pytest.approx(float(weight_variance), rel=1e-12)
    assert critical.bias_variance == pytest.approx(float(bias_variance), rel=1e-11)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "relu2", "tanh_shrink", "exponential"])
def test_no_critical_point(name):
    assert initializers.statistics(name).critical is None


def test_mean_shift_and_self_normalizing():
    assert initializers.statistics("relu").mean_shift == pytest.approx(1.0 / math.pi, rel=1e-13)
    assert initializers.statistics("sigmoid").mean_shift == pytest.approx(0.852140, abs=5e-7)
    normalizing = {
        name for name in ("selu", "relu", "tanh", "elu", "gelu") if initializers.statistics(name).self_normalizing
    }
    assert normalizing == {"selu"}


# AnyInit's values, an independent implementation, for E f(s z)^2 = 1.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("elu", 1.2779600754),
        ("gelu", 1.4680112605),
        ("silu", 1.5587599301),
        ("mish", 1.4514912400),
        ("softplus", 1.0831218816),
        ("hard_silu", 1.5671838352),
        ("relu2", 0.9036020036),
        ("relu", math.sqrt(2.0)),
        ("selu", 1.0),
    ],
)
def test_output_convention(name, expected):
    assert initializers.gain(name, convention="output") == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("name", "torch_name", "parameter"),
    [
        ("relu", "relu", None),
        ("leaky_relu(negative_slope=0.01)", "leaky_relu", 0.01),
        ("leaky_relu", "leaky_relu", None),
        ("leaky_relu(negative_slope=0.3)", "leaky_relu", 0.3),
        ("tanh", "tanh", None),
        ("sigmoid", "sigmoid", None),
        ("selu", "selu", None),
        (None, "linear", None),
    ],
)
def test_torch_convention(name, torch_name, parameter):
    torch = pytest.importorskip("torch")
    expected = torch.nn.init.calculate_gain(torch_name, parameter)
    assert initializers.gain(name, convention="torch") == pytest.approx(expected, rel=1e-15)


def test_torch_takes_its_own_slope_where_none_is_given():
    assert initializers.gain("leaky_relu", convention="torch") == pytest.approx(math.sqrt(2.0 / 1.0001), rel=1e-15)
    assert initializers.gain("leaky_relu(0.2)", convention="torch") == pytest.approx(math.sqrt(2.0 / 1.04), rel=1e-15)


def test_independent_constants():
    siren_repository_elu = 1.5505188080679277  # of `init_weights_elu`: std^2 * n
    assert initializers.gain("elu") ** 2 == pytest.approx(siren_repository_elu, rel=1e-14)
    # d/dx softplus is sigmoid.
    assert initializers.gain("softplus", "backward") == pytest.approx(initializers.gain("sigmoid"), rel=1e-14)


@pytest.mark.parametrize("name", ["gelu", "relu", "elu", "softsign", pytest.param("hard_silu", marks=pytest.mark.slow)])
def test_unknown_callables_are_measured_like_known_ones(name):
    known = keras_acts.get(name)

    def unknown(x):
        return 1.0 * known(x)

    assert initializers.gain(unknown) == pytest.approx(initializers.gain(name), rel=1e-13)
    assert initializers.statistics(unknown).slope == pytest.approx(initializers.statistics(name).slope, rel=1e-12)


@pytest.mark.tensorflow
def test_functions_of_tensorflow():
    import tensorflow as tf

    assert initializers.gain(tf.nn.relu) == pytest.approx(math.sqrt(2.0), rel=1e-14)


@pytest.mark.filterwarnings(
    "ignore:__array_wrap__ must accept context:DeprecationWarning"
)  # NumPy 2 of torch's tensors
def test_other_callables():
    assert initializers.gain(keras.activations.tanh) == pytest.approx(initializers.gain("tanh"), rel=1e-13)
    assert initializers.gain(np.tanh) == pytest.approx(initializers.gain("tanh"), rel=1e-13)
    keras.saving.get_custom_objects()["my_abs"] = keras.ops.abs
    assert initializers.gain("my_abs") == pytest.approx(1.0, rel=1e-14)


def test_all_elementwise_activations_have_a_gain():
    for name in sorted(set(keras_acts.names()) - set(keras_acts.names(trait="over_axis"))):
        assert 0.1 < initializers.gain(name) < 20.0, name  # swoosh_l is small near 0


@pytest.mark.parametrize(
    ("mean", "variance", "scale", "alpha"),
    [
        (0.0, 1.0, 1.0507009873554804934, 1.6732632423543772848),
        (-0.1, 2.0, 1.073851239616046, 1.9769021954242014),  # of getSELUparameters.ipynb, bioinf-jku/SNNs
    ],
)
def test_published_selu_constants(mean, variance, scale, alpha):
    assert initializers.selu_constants(mean, variance) == pytest.approx((scale, alpha), rel=1e-12)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 0.01), (0.3, 1.0), (-0.2, 0.5), (0.0, 9.0)])
def test_selu_constants_keep_the_fixed_point(mean, variance):
    """In mpmath, from the definition."""
    scale, alpha = initializers.selu_constants(mean, variance)
    with mpmath.workdps(25):

        def selu(x):
            return scale * (x if x > 0 else alpha * mpmath.expm1(x))

        std = mpmath.sqrt(variance)
        edges = [mean - 12 * std, mean - 4 * std, 0, mean + 4 * std, mean + 12 * std]
        first, second = (
            mpmath.quad(lambda x, k=k: selu(x) ** k * mpmath.npdf(x, mean, std), sorted(edges)) for k in (1, 2)
        )
    assert float(first) == pytest.approx(mean, abs=1e-12)
    assert float(second - first**2) == pytest.approx(variance, rel=1e-11)


@pytest.mark.parametrize(
    ("mean", "variance", "message"),
    [
        (0.0, 0.0, "`variance` of a fixed point must be a finite number > 0. Received: variance=0.0"),
        (0.0, -1.0, "`variance` of a fixed point must be"),
        (math.nan, 1.0, "`mean` of a fixed point must be a finite number. Received: mean=nan"),
        ("0", 1.0, "`mean` of a fixed point must be"),
        (2.0, 0.1, "needs a scale and an alpha > 0, and there are none"),
        (-50.0, 1.0, "there are none for this one. Received: mean=-50.0, variance=1.0"),
    ],
)
def test_no_selu_constants(mean, variance, message):
    with pytest.raises(ValueError, match=message):
        initializers.selu_constants(mean, variance)


# dv'/dv of the standardized activation.
@pytest.mark.parametrize(
    ("name", "scale", "shift", "slope"),
    [
        ("elu", 1.2708434179, -0.2039965127, 0.860),
        ("tanh", 1.5925374197, 0.0, 0.461),
        ("sigmoid", 4.8013133720, -2.4006566860, 0.719),
        ("relu", 1.7128585504, -0.6833316961, 1.0),
        ("softplus", 1.9191259801, -1.5469291203, 1.056),
        ("gelu", 1.7009262434, -0.4798224344, 1.062),
        ("silu", 1.7871872221, -0.3692703469, 1.101),
    ],
)
def test_standardize(name, scale, shift, slope):
    standardized = initializers.standardize(name)
    assert (standardized.scale, standardized.shift) == pytest.approx((scale, shift), abs=6e-11)
    found = initializers.statistics(standardized)
    assert (found.mean, found.gain) == pytest.approx((0.0, 1.0), abs=1e-13)
    assert found.slope == pytest.approx(slope, abs=5.1e-4)
    assert found.self_normalizing == (slope < 1.0)


@pytest.mark.parametrize(
    ("activation", "error", "message"),
    [
        ("softmax", ValueError, "couples the elements along an axis .* Received: 'softmax'"),
        (keras.activations.softmax, ValueError, "couples the elements along an axis"),
        (lambda x: x / keras.ops.max(x), ValueError, "couples the elements along an axis"),
        ("gellu", ValueError, "Did you mean 'gelu'"),
        (3, ValueError, "An activation must be a name, a spec string, a callable"),
        (lambda: 1, TypeError, "An activation must be a callable of one float tensor. '<lambda>' failed"),
        (lambda x: keras.ops.stack([x, x]), ValueError, "must keep the shape of its input"),
        (keras.ops.log, ValueError, "The square of 'log' must be finite at all points"),
        (lambda x: keras.ops.exp(x * x), ValueError, "must be finite|finite expectation"),
        (lambda x: 0.0 * x, ValueError, "its value is not zero almost everywhere. Received: '<lambda>'"),
        (keras.layers.Softmax(), ValueError, "must act element by element .* Received: <Softmax"),
    ],
    ids=["softmax", "Keras' softmax", "lambda axis", "name", "3", "arity", "shape", "nan", "diverges", "zero", "layer"],
)
@pytest.mark.parametrize("measure", [initializers.gain, initializers.statistics, initializers.ActivationScaling])
def test_activations_that_cannot_be_measured(measure, activation, error, message):
    with pytest.raises(error, match=message):
        measure(activation)


@pytest.mark.parametrize(
    ("activation", "convention", "message"),
    [
        ("relu", "he", "`convention` of gain must be one of 'forward', 'output', .* Received: convention='he'"),
        ("tanh", "output", "there is none near 1 for 'tanh'"),
        ("step", "backward", "its derivative is not zero almost everywhere. Received: 'step'"),
        ("gelu", "torch", "torch knows gains for identity, .* Received: activation='gelu'"),
        ("relu(negative_slope=0.1)", "torch", "torch knows gains for"),
    ],
)
def test_gains_that_do_not_exist(activation, convention, message):
    with pytest.raises(ValueError, match=message):
        initializers.gain(activation, convention=convention)


@pytest.mark.tensorflow  # the others say themselves that their tensor is none of NumPy's
def test_numpy_callables_have_no_derivative():
    with pytest.raises(TypeError, match=r"A derivative needs an activation written with keras\.ops"):
        initializers.gain(np.tanh, convention="backward")


@pytest.mark.nightly
@pytest.mark.second_oracle
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, tmp_path):
    pytest.importorskip(backend)
    printed = fresh_process.run(
        """
        import json, keras_acts
        found = {}
        for name in ("gelu", "elu"):
            s = keras_acts.initializers.statistics(name)
            found[name] = [s.gain, s.derivative_second_moment, s.critical.weight_variance]
        print(json.dumps(found))
        keras_acts.initializers.ActivationScaling("gelu")((3, 4))
        """,
        tmp_path,
        KERAS_BACKEND=backend,
    )
    for name, found in json.loads(printed.splitlines()[-1]).items():
        here = initializers.statistics(name)
        expected = [here.gain, here.derivative_second_moment, here.critical.weight_variance]
        assert found == pytest.approx(expected, rel=1e-13)


def test_statistics_show_first_what_their_docstring_says_to_read_first():
    for name in ("gelu", "relu", "tanh"):
        statistics = initializers.statistics(name)
        assert repr(statistics).startswith(f"Statistics(stable={statistics.stable}, gain={statistics.gain!r}, mean=")
