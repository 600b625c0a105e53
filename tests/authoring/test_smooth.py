"""Smooth constructions: the familiar activations fall out, each is a full activation, and bad input is told."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from fresh_process import run
from mpmath import mp
from reference import REFERENCES

import keras_acts
from keras_acts import define, plots
from keras_acts.analysis.quadrature import expectation
from keras_acts.authoring import FormulaError, smooth
from keras_acts.authoring.formula.reading import meaning
from keras_acts.testing import contract, samples

# As text 003 derives them: silu and softplus from H(x) ~ (1 + tanh(k x)) / 2 with k = 1/2, gelu from erf.
FAMILIAR = {
    "silu": lambda: smooth.gate("tanh(0.5*x)"),
    "gelu": lambda: smooth.gate("erf(x/sqrt(2))"),
    "mish": lambda: smooth.gate("tanh_softplus"),
    "softplus": lambda: smooth.integral("tanh(0.5*x)"),
    "squareplus": lambda: smooth.softmax2("x", 0, "root", a=4),
}


@pytest.mark.parametrize("name", FAMILIAR)
def test_familiar_activations_fall_out(name):
    subject = contract.subject(
        FAMILIAR[name](),
        REFERENCES[name],
        dtypes=("float64",),
        modes=("graph",),
        sample=lambda dtype, kinks=(): samples.sample(dtype, kinks)[::5],
    )
    assert contract.check_accuracy(subject) == []


def expression(activation):
    return meaning(activation.formula, activation.all_params)


@pytest.mark.parametrize(
    ("made", "formula"),
    [
        (lambda: smooth.gate("sigmoid"), "x/(1 + exp(-x))"),
        (lambda: smooth.gate("tanh(0.5*x)"), "x*sigmoid(x)"),
        (lambda: smooth.gate("erf(x/sqrt(2))"), "x*normal_cdf(x)"),
        (lambda: smooth.gate(smooth.step("tanh_cubic")), "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))"),
        (lambda: smooth.gate("gudermannian"), "2/pi*x*arctan(exp(x))"),
        (lambda: smooth.integral("1/(1 + exp(-x))"), "softplus(x)"),
        (lambda: smooth.integral("tanh"), "softplus(2*x)/2"),
        (lambda: smooth.smooth_maximum("x", 0), "softplus(x)"),
        (lambda: smooth.smooth_maximum("x", 0, k=3), "softplus(3*x)/3"),
        (lambda: smooth.softmax2("x", 0, "tanh", a=2.0), "x*sigmoid(x)"),
        (lambda: smooth.softabs("root", a=0.1), "sqrt(x**2 + 0.1)"),
        (lambda: smooth.softabs("tanh", a=0.01), "x*tanh(x/0.01)"),
        (lambda: smooth.softabs("sigmoid", a=0.5), "x*tanh(x)"),
        (lambda: smooth.leak("relu", 0.25), "0.25*x + 0.75*max(x, 0)"),
        (lambda: smooth.leak("softplus", 0.0), "softplus(x)"),
        (lambda: smooth.sharpen("tanh", 4), "tanh(4*x)"),
        (lambda: smooth.sharpen(define("x*sigmoid(beta*x)", params={"beta": 1.5}), 2), "x*sigmoid(3*x)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "made",
)
def test_constructions_mean_what_their_formula_says(made, formula):
    assert expression(made()) == expression(define(formula))


MPMATH_UNITS = {
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "tanh": lambda x: 1 / (1 + mp.exp(-2 * x)),
    "normal_cdf": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "erf": lambda x: mp.erfc(-x) / 2,
    "tanh_cubic": lambda x: (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3))) / 2,
    "arctan": lambda x: mp.mpf(1) / 2 + mp.atan(x) / mp.pi,
    "gudermannian": lambda x: 2 / mp.pi * mp.atan(mp.exp(x)),
    "softsign": lambda x: (1 + x / (1 + abs(x))) / 2,
    "algebraic": lambda x: (1 + x / mp.sqrt(1 + x * x)) / 2,
    "gompertz": lambda x: mp.exp(-mp.exp(-x)),
    "cloglog": lambda x: 1 - mp.exp(-mp.exp(x)),
    "tanh_softplus": lambda x: mp.tanh(mp.log(1 + mp.exp(x))),
}


@pytest.mark.parametrize("name", smooth.STEPS)
def test_unit_steps_and_gates_against_mpmath(name):
    x = np.array([-20.0, -6.5, -3.1, -1.0, -0.9, -0.01, 0.0, 0.3, 1.0, 2.5, 8.0])
    with mp.workdps(400):
        exact = np.array([float(MPMATH_UNITS[name](mp.mpf(point))) for point in x])
        derivative = np.array([float(mp.diff(MPMATH_UNITS[name], mp.mpf(point))) for point in x])
    unit, gate = plots.evaluate(smooth.unit_step(name), x), plots.evaluate(smooth.gate(name), x)
    np.testing.assert_allclose(unit.value, exact, rtol=3e-13)
    np.testing.assert_allclose(unit.derivative, derivative, rtol=1e-12)
    np.testing.assert_allclose(gate.value, x * exact, rtol=3e-13)
    np.testing.assert_allclose(gate.derivative, exact + x * derivative, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(np.asarray(smooth.unit_step(name)(np.array([-np.inf, np.inf]))), [0.0, 1.0])


@pytest.mark.parametrize("name", [name for name, entry in smooth.STEPS.items() if entry.integral])
@pytest.mark.parametrize("k", ["", pytest.param("0.7*", marks=pytest.mark.nightly)])
def test_the_derivative_of_the_integral_is_the_step(name, k):
    shape = smooth.STEPS[name].at(k + "x")
    shape = define(shape.text, params=shape.params)
    x = np.linspace(-4.0, 4.0, 33)
    unit = np.asarray(smooth.unit_step(shape)(x))
    np.testing.assert_allclose(plots.evaluate(smooth.integral(shape), x).derivative, unit, rtol=1e-12)
    assert 0.0 <= np.asarray(smooth.integral(shape)(np.array(-50.0))) < 0.02


@pytest.mark.parametrize("std", [0.3, 1.0, 2.5])
def test_noisy_relu_mean_is_the_mean_of_relu_under_noise(std):
    x = np.array([-3.0, -1.0, 0.0, 0.4, 2.0])
    mean = [expectation(lambda v: np.maximum(v, 0.0), at, std, kinks=[0.0]) for at in x]
    np.testing.assert_allclose(np.asarray(smooth.noisy_relu_mean(std)(x)), mean, rtol=1e-12)


def test_log_sum_exp_is_softplus_for_many_inputs():
    x = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [1e4, 0.0, -1e4]])
    with tf.GradientTape() as tape:
        tensor = tf.constant(x)
        tape.watch(tensor)
        maximum = smooth.log_sum_exp(tensor, k=2.0)
    exact = [float(mp.log(mp.fsum(mp.exp(2 * mp.mpf(v)) for v in row)) / 2) for row in x]
    np.testing.assert_allclose(maximum, exact, rtol=1e-14)
    np.testing.assert_allclose(tape.gradient(maximum, tensor), tf.nn.softmax(2.0 * x), rtol=1e-13)
    pairs = np.stack([x[0], np.zeros(3)])
    np.testing.assert_allclose(smooth.log_sum_exp(pairs, axis=0), smooth.integral("sigmoid")(x[0]), rtol=1e-14)
    assert (np.asarray(maximum) - x.max(axis=-1) <= np.log(3.0) / 2.0 + 1e-15).all()


def test_a_construction_is_a_full_activation(tmp_path):
    name = "leaky_pflu"
    snapshot = keras_acts.core.activation.activations.snapshot()
    try:
        f = smooth.leak(smooth.gate("algebraic"), 0.2, name=name)
        assert keras.layers.Dense(3, activation=name).activation == keras_acts.get(name)
        assert keras_acts.get(f, p=4.0).all_params == {"p": 4.0}
    finally:
        keras_acts.core.activation.activations.restore(snapshot)
    unnamed = smooth.leak(smooth.gate("algebraic"), 0.2)
    assert keras_acts.get(str(unnamed)) == unnamed
    assert keras_acts.initializers.gain(smooth.gate("sigmoid")) == pytest.approx(
        keras_acts.initializers.gain("silu"), rel=1e-12
    )
    assert "kernel_initializer" in keras_acts.paired(unnamed)


@pytest.mark.slow
def test_constructions_load_in_a_new_process(tmp_path):
    made = [
        smooth.gate("gudermannian"),
        smooth.leak(smooth.integral("erf"), 0.1),
        smooth.softmax2("x", "0.1*x", a=0.01),
        smooth.softmax2("x", "alpha*x, alpha=0.2", "erf", a=0.5),
        smooth.sharpen(smooth.noisy_relu_mean(0.5), 3.0),
        smooth.smooth_maximum("x", "-x", 0.5, k=2.0),
        smooth.step("algebraic", p=4.0),
    ]
    inputs = keras.Input((4,))
    hidden = inputs
    for activation in made:
        hidden = keras.layers.Dense(4, activation=activation)(hidden)
    model = keras.Model(inputs, smooth.log_sum_exp(hidden, k=3.0))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", model(x))
    printed = run(
        """
        import keras, numpy as np, keras_acts
        model = keras.saving.load_model("model.keras", safe_mode=True)
        np.testing.assert_array_equal(model(np.load("x.npy")), np.load("y.npy"))
        print([layer.activation.formula for layer in model.layers if hasattr(layer, "activation")])
        """,
        tmp_path,
    )
    assert printed.strip() == str([activation.formula for activation in made])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: smooth.gate("sigmiod"), "no step or function 'sigmiod'. Did you mean 'sigmoid'"),
        (lambda: smooth.leak("mish", 0.1), "'mish' is an activation without a formula in plain text"),
        (lambda: smooth.gate("softplus"), "limits 0 and 1e+300"),
        (lambda: smooth.gate("1 - sigmoid(x)"), "limits 1 and 0"),
        (lambda: smooth.step("sin"), "A step must rise from 0 to 1"),
        (lambda: smooth.integral("arctan"), "faster than 1 / |x|"),
        (lambda: smooth.integral("gompertz"), "integral is known of sigmoid, tanh, normal_cdf, erf, algebraic"),
        (lambda: smooth.leak("relu", 1.0), "0 <= slope < 1. Received: slope=1.0"),
        (lambda: smooth.leak("relu", float("nan")), "Received: slope=nan"),
        (lambda: smooth.leak("relu", "0.1"), "Received: slope='0.1'"),
        (lambda: smooth.sharpen("tanh", 0), "`k` of sharpen must be a finite number > 0. Received: k=0"),
        (lambda: smooth.sharpen("tanh", float("inf")), "Received: k=inf"),
        (lambda: smooth.sharpen("asinh", 2.0), "tends to constants, as tanh, or to multiples of x"),
        (lambda: smooth.sharpen("x**2", 2.0), "Received: formula: x**2"),
        (lambda: smooth.softabs("tanh", a=-0.1), "`a` of softabs must be a finite number > 0. Received: a=-0.1"),
        (lambda: smooth.softabs("gompertz"), "A smooth |x| is even"),
        (lambda: smooth.softmax2("x", 0, "cloglog"), "A smooth |x| is even"),
        (lambda: smooth.softmax2("a*x, a=1", "a*x, a=2"), "parameter 'a' with different values"),
        (lambda: smooth.smooth_maximum("x"), "at least two functions"),
        (lambda: smooth.noisy_relu_mean(0.0), "`std` of noisy_relu_mean must be a finite number > 0"),
        (lambda: smooth.log_sum_exp(np.ones(3), k=-1.0), "`k` of log_sum_exp"),
        (lambda: smooth.distance("tanh", to="sgn"), "no sharp function 'sgn'. Did you mean 'sign'?"),
        (lambda: smooth.distance("tanh", norm="l2"), "`norm` must be 'sup' or 'l1'. Received: norm='l2'"),
        (lambda: smooth.distance("tanh", outside=-1.0), "Received: outside=-1.0"),
        (lambda: smooth.convergence("tanh", [2.0, 1.0]), "increasing numbers"),
        (lambda: smooth.fit("tanh(a*x)", "erf", {}), "`params` must name the parameters"),
        (lambda: smooth.fit("tanh(a*x)", "erf", {"a": 1.0}, low=1.0, high=1.0), "`low` must be below `high`"),
        (lambda: smooth.fit("tanh(a*x)", "erf", {"a": 1.0}, criterion="L2"), "Received: criterion='L2'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "call",
)
def test_bad_input_is_told(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_what_is_no_formula_is_refused():
    with pytest.raises(TypeError, match=r"Received: None"):
        smooth.gate(None)
    with pytest.raises(FormulaError, match="must contain x"):
        smooth.smooth_maximum(1, 2)
    with pytest.raises(FormulaError, match="cannot contain"):
        smooth.gate("tanh(x).__class__")
    before = keras_acts.names()
    with pytest.raises(ValueError, match="slope"):
        smooth.leak("relu", 2.0, name="too_leaky")
    assert keras_acts.names() == before
