"""Each check of the contract must catch a mutant: an activation with the defect that the check is for."""

import dataclasses
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from mpmath import mp

import keras_acts
from keras_acts.core import numerics as nx
from keras_acts.testing import contract, oracle, samples


def _elu_without_expm1(x):
    return ops.where(x > 0.0, x, ops.exp(ops.minimum(x, 0.0)) - 1.0)


def _with_derivative(value, derivative):
    return nx.with_derivative(derivative)(value)


def _elu(x):
    return x if x > 0 else mp.expm1(x)


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x)) if abs(x) < 1e6 else mp.mpf(x > 0)


def _constant_through_float32(x):
    return x * tf.cast(tf.constant(0.1), x.dtype)


def _in_half_precision(x):
    return x * ops.sigmoid(x)


ACCURACY_MUTANTS = {
    # In eager mode: as a graph, TensorFlow's optimiser turns exp(x) - 1 into expm1.
    "value cancels near 0, in eager mode": (_elu_without_expm1, _elu, "float32", "value"),
    "wrong constant": (lambda x: 1.0001 * x, lambda x: x, "float32", "value"),
    "constant rounded to float32": (_constant_through_float32, lambda x: x / 10, "float64", "value"),
    "derivative cancels in the tail": (
        _with_derivative(ops.sigmoid, lambda x: ops.sigmoid(x) * (1.0 - ops.sigmoid(x))),
        _sigmoid,
        "float32",
        "first derivative",
    ),
    "derivative of another function": (
        _with_derivative(ops.sigmoid, ops.sigmoid),
        _sigmoid,
        "float32",
        "first derivative",
    ),
    "second derivative cancels near 0": (
        _with_derivative(
            ops.sigmoid,
            _with_derivative(nx.sigmoid_derivative, lambda x: nx.sigmoid_derivative(x) * (1.0 - 2.0 * ops.sigmoid(x))),
        ),
        _sigmoid,
        "float32",
        "second derivative",
    ),
    "overflow before the end": (
        lambda x: 0.5 * (x + ops.sqrt(x * x + 4.0)),
        lambda x: (x + mp.sqrt(x * x + 4)) / 2 if x > 0 else 2 / (mp.sqrt(x * x + 4) - x),
        "float32",
        "value",
    ),
    "rounds more than once in half precision": (_in_half_precision, lambda x: x * _sigmoid(x), "float16", "value"),
    "wrong in eager mode only": (
        lambda x: x * (1.001 if tf.executing_eagerly() else 1.0),
        lambda x: x,
        "float32",
        "value",
    ),
}


@pytest.mark.parametrize("mutant", ACCURACY_MUTANTS)
def test_accuracy_bites(mutant):
    fn, reference, dtype, what = ACCURACY_MUTANTS[mutant]
    modes = ("eager",) if "eager" in mutant else ("graph",)
    reference_dtypes = (dtype, "float64") if dtype != "float64" else (dtype,)
    # The float64 result is the reference for narrower dtypes, so a wrong formula shows in float64.
    found = contract.check_accuracy(contract.Subject(fn, reference, dtypes=reference_dtypes, modes=modes))
    assert any(what in finding for finding in found)


def _subject(fn, reference=None, **settings):
    settings = {"dtypes": ("float32",), "modes": ("eager",), **settings}
    return contract.Subject(fn, reference, **settings)


def test_finite_bites():
    assert contract.check_finite(_subject(lambda x: ops.where(x > 100.0, np.nan, x)))
    assert contract.check_finite(_subject(ops.exp))


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("x", [2.0, -1.0, 0.5, -17.5, 0.1, 2.71, 123.0])
def test_nan_at_one_simple_number_bites(x, dtype, mode):
    mutant = _subject(
        lambda z: ops.where(z == ops.cast(tf.constant(x, "float64"), z.dtype), np.nan, z),
        dtypes=(dtype,),
        modes=(mode,),
    )
    mutant = dataclasses.replace(mutant, sample=lambda dtype, kinks: np.zeros(1, dtype))  # which would take a minute
    (found, *_) = contract.check_finite(mutant)
    assert f"value in {dtype}, {mode} is nan at x = {float(np.asarray(x, dtype))!r}, " in found


def test_nan_at_one_simple_number_bites_beside_a_reference():
    mutant, right = (_subject(lambda x, at=at: ops.where(x == at, np.nan, x), lambda x: x) for at in (2.0, 2.0001))
    assert "value in float32, eager is nan at x = 2.0" in contract.check_finite(mutant)[0]
    assert contract.check_finite(right) == []
    assert contract.check_finite(_subject(ops.sqrt, lambda x: mp.sqrt(x) if x >= 0 else mp.nan)) == []
    assert "at x = 0.3" in contract.check_finite(_subject(lambda x: ops.where(x == 0.3, np.nan, x), kinks=(0.3,)))[0]


def test_nan_of_the_first_and_second_derivative_bites():
    found = contract.check_finite(_subject(lambda x: ops.where(x > 0.0, ops.log(x + 1.0), x)))  # 0 inf
    assert "first derivative in float32, eager is nan at x = -1.0" in found[0]
    steep = _with_derivative(lambda x: x, lambda x: ops.where(x > 0.0, 1.0 + 0.0 * ops.log(ops.abs(x + 1.0)), 1.0))
    found = contract.check_finite(_subject(steep))
    assert "second derivative in float32, eager is nan at x = -1.0" in found[0]


@tf.custom_gradient
def _tanh_two_per_cent_off(x):
    y = tf.tanh(x)
    return y, lambda upstream: upstream * (1.0 - y * y) * 1.02


@tf.custom_gradient
def _tanh_without_tails(x):
    y = tf.tanh(x)
    return y, lambda upstream: upstream * tf.where(tf.abs(x) > 5.0, tf.zeros_like(x), 1.0 - y * y)


DERIVATIVE_MUTANTS = {
    "the other sign": (lambda x: 2.0 * ops.stop_gradient(ops.tanh(x)) - ops.tanh(x), "first derivative"),
    "none": (lambda x: ops.stop_gradient(ops.tanh(x)), "first derivative"),
    "of what is no TensorFlow": (lambda x: tf.numpy_function(np.tanh, [x], x.dtype), "first derivative"),
    "two per cent off": (_tanh_two_per_cent_off, "first derivative"),
    "cut off": (_tanh_without_tails, "first derivative"),
    "straight through": (lambda x: x + ops.stop_gradient(ops.round(x) - x), "first derivative"),
    "a second one of the other sign": (
        _with_derivative(ops.sin, _with_derivative(ops.cos, ops.sin)),
        "second derivative",
    ),
}


@pytest.mark.parametrize("mutant", DERIVATIVE_MUTANTS)
def test_derivatives_bite_without_formula_and_reference(mutant):
    fn, what = DERIVATIVE_MUTANTS[mutant]
    (found,) = contract.check_derivatives(_subject(fn, modes=("graph",)))
    assert found.startswith(f"{what} at x = ")


@pytest.mark.parametrize(
    "fn",
    [
        ops.relu,
        ops.sign,
        ops.round,
        lambda x: x - ops.floor(x),
        lambda x: ops.sin(300.0 * x),
        lambda x: ops.sin(2.0 * np.pi * 128.0 * x),
        lambda x: x * ops.sin(ops.clip(x * x, -1e6, 1e6)),
        lambda x: ops.abs(ops.sin(40.0 * x)),
        lambda x: ops.where(ops.abs(x) > 0.5, x, 0.0 * x),
        lambda x: ops.exp(x) - 1.0,  # digits are lost, but no derivative is wrong
        lambda x: (x + 1e6) - 1e6,
        ops.elu,
    ],
)
def test_right_derivatives_are_not_called_wrong(fn):
    assert contract.check_derivatives(_subject(fn, modes=("graph",))) == []


def test_a_wrong_second_derivative_bites_beside_a_formula():
    right = contract.subject("sin", None, dtypes=("float64",))
    wrong = dataclasses.replace(right, fn=DERIVATIVE_MUTANTS["a second one of the other sign"][0])
    assert contract.check_formula(right) == []
    assert all(found.startswith("second derivative at x = ") for found in contract.check_formula(wrong))
    assert contract.check_formula(wrong)


UNSUITABLE = {
    "sum": (ops.sum, r"output shape \(\) for input shape"),
    "slice": (lambda x: x[..., :1], r"output shape \(1,\) for input shape"),
    "axis": (lambda x: ops.softmax(x, axis=1), "failed on .* Received: .*(dim|index out of range)"),
    "declared over an axis": (keras_acts.get("softmax"), "changes with the others"),
    "softmax": (ops.softmax, "changes with the others"),
    "mean": (lambda x: x - ops.mean(x), "changes with the others"),
    "position": (ops.cumsum, "changes with the others"),
    "random": (lambda x: x + ops.cast(keras.random.normal(ops.shape(x)), x.dtype), "from call to call"),
    "NumPy": (np.tanh, "NumPy"),
    "nothing": (lambda x: None, "for input shape"),
    "eager only": (lambda x: x * float(x[0].numpy()) / float(x[0].numpy()), "numpy"),
    "one dtype": (lambda x: x * tf.constant(0.1), "failed on .* Received: .*double"),
}


@pytest.mark.parametrize("case", UNSUITABLE)
def test_elementwise_bites_with_what_was_expected_and_received(case):
    fn, received = UNSUITABLE[case]
    (found,) = contract.check_elementwise(_subject(fn))
    assert re.search(f"Expected a function of one float tensor.* Received: .*{received}.* As a layer", found)
    with pytest.raises(AssertionError, match=r"in 1 place:\ncheck_elementwise: Expected"):
        keras_acts.testing.check_activation(fn, dtypes=["float32"], modes=["graph"])


def test_nan_bites():
    mutant = _subject(lambda x: ops.where(ops.abs(x) > 0.5, x, 0.0))
    assert contract.check_nan(mutant)


@pytest.mark.parametrize(
    ("fn", "reference"),
    [
        (lambda x: x * ops.sigmoid(x), lambda x: x * _sigmoid(x)),  # -inf * 0
        (lambda x: x / (1.0 + ops.abs(x)), lambda x: x / (1 + abs(x))),  # inf / inf
        (lambda x: ops.minimum(ops.relu(x), 100.0), lambda x: max(x, mp.zero)),  # a bound where there is none
        (lambda x: ops.minimum(ops.log1p(ops.relu(x)), 1386.0), lambda x: mp.log1p(max(x, mp.zero))),  # slow growth
        (ops.relu, lambda x: max(x, mp.zero) if x > 0 else mp.nan),  # a number where there is none
        (_with_derivative(ops.tanh, lambda x: 1.0 / ops.square(ops.cosh(x)) + x * 0.0), mp.tanh),  # derivative only
    ],
)
def test_limits_bite(fn, reference):
    assert contract.check_limits(_subject(fn, reference))


@pytest.mark.parametrize(
    ("reference", "limit"),
    [
        (lambda x: mp.log(mp.log(x)), mp.inf),
        (lambda x: -mp.sqrt(mp.log(x)), -mp.inf),
        (lambda x: 1 / mp.log(x), 0),
        (lambda x: 1 / mp.sqrt(x), 0),
        (lambda x: (x - 1) / (x + 1), 1),
    ],
)
def test_limits_are_told_from_slow_growth(reference, limit):
    huge = [mp.mpf(2) ** power for power in (500, 1000, 2000)]
    assert float(oracle._limit([reference(x) for x in huge])) == limit


def test_oracle_tells_noise_from_small_numbers():
    # 1 - (1 - y) at y = 1e-98 has no digits left in 320 bits, and is no number at all at 1e-200.
    x = np.array([225.65, 460.5])
    found = oracle.derivatives(lambda t: 1 - (1 - mp.exp(-t)), x)
    for i, t in enumerate(x):
        for order in range(4):
            assert abs(found.head[order, i] * (-1) ** order * mp.exp(mp.mpf(t)) - 1) < 1e-15


def test_oracle_rejects_a_reference_without_enough_digits():
    with pytest.raises(ArithmeticError, match="no steady derivatives"):
        oracle.derivatives(lambda t: t + mp.rand() * mp.mpf(10) ** -30, np.array([1.5]))


def test_a_number_where_the_function_is_not_defined_bites():
    found = contract.check_accuracy(
        _subject(ops.relu, lambda x: x if x > 0 else mp.nan, dtypes=("float64",), kinks=(0.0,))
    )
    assert any("value in float64" in finding for finding in found)


def test_limits_of_a_periodic_function_bite():
    assert contract.check_limits(_subject(lambda x: ops.nan_to_num(ops.sin(x)), mp.sin, has_limits=False))


def test_kinks_bite():
    both_sides = _subject(lambda x: ops.maximum(x, 0.0) + ops.minimum(ops.expm1(x), 0.0), kinks=(0.0,))
    assert "not between" in contract.check_kinks(both_sides)[0]


def test_kinks_that_differ_between_modes_bite():
    def fn(x):
        return tf.nn.relu(x) if tf.executing_eagerly() else tf.maximum(x, 0.0)

    assert any(
        "differs between modes" in found
        for found in contract.check_kinks(_subject(fn, kinks=(0.0,), modes=("eager", "graph")))
    )


@pytest.mark.parametrize(
    "formula", ["x * tanh(log(1 - exp(x)))", "x * tanh(log(1 + exp(-x)))", "-x * tanh(log(1 + exp(x)))"]
)
def test_a_formula_with_one_wrong_sign_bites(formula):
    right = contract.subject("mish", None, dtypes=("float64",))
    assert contract.check_formula(right) == []
    assert contract.check_formula(dataclasses.replace(right, formula=formula))


def test_a_formula_for_other_parameters_bites():
    bound = contract.subject("elu(alpha=0.5)", None, dtypes=("float64",))
    assert contract.check_formula(bound) == []
    assert contract.check_formula(dataclasses.replace(bound, params={"alpha": 0.75}))


# ---- Surrogate gradients ---------------------------------------------------------------------------------------------


def _sign(x):
    return mp.sign(x) if x else mp.one


def _fewer(dtype, kinks):
    return samples.sample(dtype, kinks)[::7]


def _of_kind(spec, fn=None, reference=_sign, **settings):
    """The subject for a surrogate gradient, with another function in place of its own."""
    settings = {"dtypes": ("float64", "float32"), "modes": ("graph",), "sample": _fewer, **settings}
    tested = contract.subject(spec, reference and (lambda x, **_: reference(x)), **settings)
    return tested if fn is None else dataclasses.replace(tested, fn=fn)


_BIPOLAR = keras_acts.activations.bipolar
_ATAN = keras_acts.get("bipolar(surrogate='atan')")


def _atan_factor(x):
    return 1.0 / (1.0 + ops.square(np.pi * x))


SURROGATE_MUTANTS = {
    "the true derivative": (_BIPOLAR, "first derivative"),
    "another surrogate": (keras_acts.get("bipolar(surrogate='triangular')"), "first derivative"),
    "its parameter is off": (keras_acts.get("bipolar(surrogate='atan', alpha=2.00001)"), "first derivative"),
    "a factor of one's own": (_with_derivative(_BIPOLAR, lambda x: 2.0 * _atan_factor(x)), "first derivative"),
    "no second derivative": (
        _with_derivative(_BIPOLAR, _with_derivative(_atan_factor, ops.zeros_like)),
        "second derivative",
    ),
    "a value that is not exact": (lambda x: 1.000001 * _ATAN(x), "value"),
    "a value that is smooth": (_with_derivative(lambda x: ops.tanh(50.0 * x), _atan_factor), "value"),
}


@pytest.mark.parametrize("mutant", SURROGATE_MUTANTS)
def test_another_gradient_than_the_surrogate_bites_and_so_does_an_inexact_value(mutant):
    fn, what = SURROGATE_MUTANTS[mutant]
    wrong = _of_kind("bipolar(surrogate='atan')", fn)
    for found in (contract.check_accuracy(wrong), contract.check_formula(wrong)):
        assert found
        assert all(finding.startswith(("first derivative", "second derivative", what)) for finding in found)
        assert any(finding.startswith(what) for finding in found)


def test_a_right_surrogate_gradient_passes():
    for spec in (
        "bipolar(surrogate='atan')",
        "bipolar(surrogate='swish_sign')",
        "bipolar(surrogate='straight_through')",
    ):
        right = _of_kind(spec)
        for check in (contract.check_accuracy, contract.check_formula, contract.check_limits, contract.check_kinks):
            assert check(right) == [], spec


def test_a_surrogate_excuses_no_error_of_the_value():
    """With the slope 1 of the straight-through estimator, rounding 1e20 would be an excuse for a 0."""
    spec = "bipolar(surrogate='straight_through')"
    right = keras_acts.get(spec)

    def zero_far_out(x, dtype):
        y = right(x)
        return ops.where(ops.abs(x) > 1e20, 0.0 * y, y) if x.dtype == dtype else y

    for dtype in ("float64", "float32"):
        found = contract.check_accuracy(_of_kind(spec, lambda x, dtype=dtype: zero_far_out(x, dtype)))
        assert any(f"value in {dtype}" in finding for finding in found)


def test_limits_of_a_surrogate_bite():
    naive = _with_derivative(_BIPOLAR, lambda x: 5.0 * (2.0 - 5.0 * x * ops.tanh(2.5 * x)) / (1.0 + ops.cosh(5.0 * x)))
    wrong = _of_kind("bipolar(surrogate='swish_sign')", naive, dtypes=("float32",))
    assert any("first derivative at inf" in found for found in contract.check_limits(wrong))


def test_without_a_reference_the_second_derivative_of_a_surrogate_is_still_judged():
    right = _of_kind("bipolar(surrogate='atan')", reference=None)
    assert contract.check_derivatives(right) == []
    wrong = dataclasses.replace(right, fn=SURROGATE_MUTANTS["no second derivative"][0])
    assert [found.partition(" at ")[0] for found in contract.check_derivatives(wrong)] == ["second derivative"]
    undeclared = contract.Subject(_ATAN, dtypes=("float64",), modes=("graph",))
    assert [found.partition(" at ")[0] for found in contract.check_derivatives(undeclared)] == ["first derivative"]


def test_symbolic_bites():
    def fn(x):
        return x * 2.0 if isinstance(x, keras.KerasTensor) else x * 3.0

    assert contract.check_symbolic(_subject(fn))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: tf.where(x == 2.0, tf.cast(np.nan, x.dtype), tf.nn.relu(x)),
        lambda x: ops.custom_gradient(lambda x: (ops.where(x == 2.0, np.nan, ops.relu(x)), lambda v: v))(x),
    ],
)
def test_what_is_not_symbolic_is_a_finding_that_hides_no_other(wrong):
    with pytest.raises(AssertionError) as caught:
        keras_acts.testing.check_activation(wrong, dtypes=["float32"], modes=["graph"])
    assert "check_finite: value in float32, graph is nan at x = 2.0" in str(caught.value)
    assert "check_symbolic: stopped by ValueError: A KerasTensor " in str(caught.value)


def test_shapes_bite():
    assert contract.check_shapes(_subject(lambda x: ops.reshape(x, (-1,))))
    assert contract.check_shapes(_subject(lambda x: ops.cast(x, "float64")))


def test_check_activation_names_every_finding():
    with pytest.raises(AssertionError, match=r"(?s)breaks the contract.*check_accuracy.*check_limits"):
        keras_acts.testing.check_activation(
            lambda x: x * ops.sigmoid(x), lambda x: x * _sigmoid(x), dtypes=["float32"], modes=["eager"]
        )


def test_every_check_has_a_mutant_here():
    tested = Path(__file__).read_text(encoding="utf-8")
    for check in contract.CHECKS:
        assert f"contract.{check.__name__}(" in tested
