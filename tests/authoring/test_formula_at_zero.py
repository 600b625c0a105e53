"""Formulas that are written as 0 / 0 or 0 * inf at x = 0: value and both derivatives there and near, against mpmath."""

import dataclasses
import functools

import numpy as np
import pytest
import quotients
import tensorflow as tf
from formulas import judge
from mpmath import mp
from nested_tapes import value_and_derivatives

import keras_acts
from keras_acts import notation
from keras_acts.authoring import accuracy, define
from keras_acts.authoring.formula import evaluating, near_zero, reading, record
from keras_acts.testing import contract, metric, oracle

LARGEST = {"float64": -300, "float32": -37.9}  # powers of 10 of the smallest normal numbers


def points(dtype, draw):
    """0, four numbers of any size below 1/1000, and eight from there to 1."""
    size = 10.0 ** np.concatenate([draw.uniform(LARGEST[dtype], -3.0, 4), draw.uniform(-3.0, 0.0, 8)])
    return np.append(0.0, size * draw.choice([-1.0, 1.0], 12)).astype(dtype)


def exact(function, x):
    """By mpmath: at 0 from differences around it."""

    def precise(x):  # what cancels near 0 cancels the more digits, the nearer it is
        with mp.workprec(3 * mp.prec):
            return function(x)

    found = oracle.derivatives(precise, np.where(x == 0.0, 1.0, x))
    with mp.workprec(4000):
        h = mp.ldexp(1, -400)
        a, b, c, d = (function(k * h) for k in (-2, -1, 1, 2))
        value = (4 * (b + c) - (a + d)) / 6
        at_zero = value, (c - b) / (2 * h), (c - 2 * value + b) / h**2, (d - 2 * c + 2 * b - a) / (2 * h**3)
        for order, right in enumerate(at_zero):
            head = float(right) if abs(right) > mp.ldexp(1, -200) else 0.0
            found.head[order, x == 0.0], found.tail[order, x == 0.0] = head, float(right - head) if head else 0.0
    return found


def excess(function, text, dtype, seed=0, x=None):
    """K as a share of what the contract allows, of each order; the largest over all points."""
    x = points(dtype, np.random.default_rng(seed)) if x is None else x.astype(dtype)
    right, got = exact(judge(text), x.astype(np.float64)), value_and_derivatives(function, tf.constant(x))
    return [
        float(np.max(metric.k_error(got[n].numpy(), right, n, x.astype(np.float64), dtype))) / contract.limit(dtype, n)
        for n in range(3)
    ]


DRAWN = quotients.formulas(200)


def findings(text, dtypes=("float64",)):
    """What is above its bound."""
    function = record.declared(text, {}).with_params({})
    shares = {dtype: excess(function, text, dtype, seed=len(text)) for dtype in dtypes}
    return [(text, dtype, n, share) for dtype in dtypes for n, share in enumerate(shares[dtype]) if not share <= 1.0]


@pytest.mark.parametrize(
    "text",
    [*DRAWN[::100], *(pytest.param(text, marks=pytest.mark.slow) for text in [*DRAWN[50::100], *DRAWN[25::100]])],
)
def test_a_drawn_quotient_keeps_its_digits_at_0_and_near(text):
    assert findings(text, tuple(LARGEST)) == []


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_200_drawn_quotients_keep_their_digits_at_0_and_near(part):
    assert [each for text in DRAWN[part::4] for each in findings(text)] == []


CANCELLING = (  # found among 20,000 points: a derivative and the next one are nearly 0 at once there
    "(sin(-1.49*x)*log(1 + 1.49*x**2))/(tanh(-1.11*x)**2) + (1 + x**2)",
    "(asinh(1.76*x))/(sigmoid(-0.74*x) - 0.5)*sigmoid(0.95*x)",
    "(sin(2.36*x)*log(1 + 2.36*x**2))/(x - tanh(x))",
    "(arctan(x) - x)/(x*(1 - cos(-2.08*x)))",
)


@pytest.mark.slow
@pytest.mark.parametrize("text", CANCELLING)
def test_where_terms_cancel_further_from_0_no_digits_are_lost(text):
    x = np.linspace(-1.0, 1.0, 41)[np.arange(41) != 20]
    assert max(excess(define(text), text, "float64", x=x)) <= 1.0


@pytest.mark.slow
def test_what_is_rounded_where_terms_cancel_is_carried_along(monkeypatch):
    """Compiled too, and in float32 alone. A mutant: it is not."""
    text, x = CANCELLING[1], np.linspace(-1.0, -0.8, 20)
    assert max(excess(tf.function(define(text), jit_compile=True), text, "float64", x=x)) <= 1.0
    with monkeypatch.context() as as_on_a_gpu:
        as_on_a_gpu.setattr(evaluating.nx, "on_cpu", lambda: False)
        assert max(excess(define(text), text, "float32", x=x)) <= 1.0

    def plain(self, power, total):
        for coefficient in reversed(self.coefficients[: self.compensated]):
            total = float(coefficient) + power * total
        return total

    monkeypatch.setattr(near_zero.Polynomial, "_compensated", plain)
    assert max(excess(define(text), text, "float64", x=np.linspace(-1.0, 1.0, 80))) > 1.0


def test_the_drawn_quotients_are_200_and_0_divided_by_0():
    assert len(set(DRAWN)) == 200
    for text in DRAWN:
        with pytest.raises(ZeroDivisionError):
            judge(text)(mp.zero)


NAMED = (
    *("sin(x)/x", "tanh(x)/x", "(exp(x) - 1)/x", "x/(exp(x) - 1)", "1/x - 1/tanh(x)", "x/sin(x)", "erf(x)/x"),
    *("(1 - cos(x))/x**2", "(x - sin(x))/x**3", "sqrt(tanh(x)/x)", "log(sin(x)/x)", "exp(sin(x)/x)*x", "sinc(x)"),
    *("tanh(1000*x)/x", "sin(0.001*x)/x", "x*sinc(x - 0.5)", "0.5*x*(1 + erf(x/sqrt(2)))*(1 + 0.5*sinc(x))"),
    *("where(x < -2, 0, (exp(x) - 1)/x)", "(relu(x + 3) - 3)/x + x", "1/sin(x)**2 - 1/x**2"),
)


@pytest.mark.parametrize("text", NAMED)
def test_a_named_quotient_keeps_its_digits_at_0_and_near(text):
    assert max(excess(define(text), text, "float64", 5)) <= 1.0
    assert max(excess(define(text), text, "float32", 6)) <= 1.0


@pytest.mark.parametrize(
    "text",
    [
        *("sin(x)/x", "tanh(x)/x", "x/(exp(x) - 1)", "1/x - 1/tanh(x)", "(x - sin(x))/x**3", "sinc(x)", "sinc(2*x)"),
        *("log(1 + x**2)/x", "tanh(x) + sin(x)/x", "tanh(20*x)/x", "sin(x/100)/x", "x/asinh(x)**2 - 1/x"),
    ],
)
def test_further_from_0_no_digits_are_lost_either(text):
    report = accuracy(define(text), points=60)
    assert not report.lost, report


@pytest.mark.slow
def test_a_compiled_graph_has_the_same():
    text = "x/(exp(x) - 1)"
    assert max(excess(tf.function(define(text), jit_compile=True), text, "float64", 7)) <= 1.0


@pytest.mark.parametrize("text", ["x/(exp(x) - 1)", "(x - sin(x))/x**3", "tanh(1000*x)/x", "sinc(x)", *DRAWN[7::100]])
def test_where_float64_is_not_to_be_had_float32_has_the_same(text, monkeypatch):
    """As on a GPU: no detour through float64."""
    monkeypatch.setattr(evaluating.nx, "on_cpu", lambda: False)
    assert max(excess(define(text), text, "float32", 8)) <= 1.0


def test_other_sides_are_other_series(monkeypatch):
    """Of |x|: a kink at 0, where the derivative is that on the left."""
    text, x = "(exp(abs(x)) - 1)/abs(x)", np.array([-1e-200, -1e-9, -0.1, 0.1, 1e-20, 0.8])
    got, right = value_and_derivatives(define(text), tf.constant(np.append(x, 0.0))), oracle.derivatives(judge(text), x)
    for order in range(3):
        assert np.max(metric.k_error(got[order].numpy()[:-1], right, order, x, "float64")) <= contract.limit(
            "float64", order
        )
    at_zero = [1.0, -0.5, 1.0 / 3.0]
    np.testing.assert_allclose([each.numpy()[-1] for each in got], at_zero, rtol=4e-16)
    monkeypatch.setattr(evaluating.nx, "on_cpu", lambda: False)
    low = value_and_derivatives(define(text), tf.constant([0.0]))
    np.testing.assert_allclose([each.numpy()[0] for each in low], at_zero, rtol=2e-7)


def test_the_check_finds_what_has_no_series(monkeypatch):
    """Mutants: no limits; a limit at 0 alone; derivatives of the polynomial with one term less."""
    whole = near_zero.quotient_near_zero

    def cut(quotient, order, radius=None, terms=None):
        return tuple(
            dataclasses.replace(p, coefficients=p.coefficients[:terms], radius=radius or p.radius, compensated=0)
            for p in whole(quotient, order)
        )

    def of(text):
        reading_only = reading.meaning(text, {})
        return functools.partial(record.function_of(reading_only)), text

    for name, broken in (
        ("with_limits", lambda expression: expression),
        ("quotient_near_zero", functools.partial(cut, radius=1e-320)),
        ("quotient_near_zero", functools.partial(cut, terms=1)),
    ):
        for text in ("sin(x)/x + 0*x", "x/(exp(x) - 1)"):
            with monkeypatch.context() as patched:
                patched.setattr(reading if name == "with_limits" else near_zero, name, broken)
                record.function_of.cache_clear()
                assert max(excess(of(text)[0], text, "float64", 3)) > 1e3, (name, text)
    record.function_of.cache_clear()


@pytest.mark.parametrize("seed", range(8))
def test_an_infinite_slope_is_0_at_0_and_the_value_finite(seed):
    """Powers of |x| below 1 and logarithms; beside 0 they are as everywhere."""
    draw = np.random.default_rng(seed)
    p = float(draw.integers(4, 8)) / 8.0
    text = ("sign(x)*abs(x)**{p}", "x*log(abs(x))", "x*abs(x)**{p}/abs(x)", "tanh(x)*log(x**2)")[seed % 4].format(p=p)
    x = np.concatenate([-(10.0 ** draw.uniform(-290.0, -1.0, 6)), 10.0 ** draw.uniform(-290.0, 0.0, 6)])
    got = value_and_derivatives(define(text), tf.constant(np.append(x, 0.0)))
    right = oracle.derivatives(judge(text), x)
    assert [each.numpy()[-1] for each in got] == [0.0, 0.0, 0.0]
    for order in range(3):
        assert np.max(metric.k_error(got[order].numpy()[:-1], right, order, x, "float64")) <= contract.limit(
            "float64", order
        )
    low = value_and_derivatives(define(text), tf.constant([0.0, 1e-30, -1e-30]))
    assert [each.numpy()[0] for each in low] == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(low[0][1:], [float(judge(text)(x)) for x in (1e-30, -1e-30)], rtol=1e-6)


def test_other_terms_keep_their_slope_where_one_is_infinite():
    value, first, _ = value_and_derivatives(define("x*log(abs(x)) + sin(x) + 2"), tf.constant([0.0], "float64"))
    assert (float(value[0]), float(first[0])) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("1/x", "0", "inf"),
        ("abs(x)/x", "0", "nan"),
        ("log(abs(x))", "0", "-inf"),
        ("sin(x)/x**2", "0", "nan"),
        ("x/(1 - 2*x)", "0.5", "inf"),
        ("sin(x - 1)/(x - 1)", "1", "nan"),
        ("sqrt(x - 2)", "0", "nan"),
    ],
)
def test_define_says_where_a_formula_has_no_finite_value(text, x, value):
    with pytest.warns(UserWarning, match=rf"no finite value at x = {x}, or none that was found: there it is {value}\."):
        define(text)
    with pytest.warns(UserWarning, match="no finite value"):
        keras_acts.get(f"formula: {text}")


def test_a_quotient_with_a_weight_is_told_and_one_beside_it_is_right():
    with pytest.warns(UserWarning, match=r"no finite value at x = 0, .* there it is nan"):
        define("tanh(b*x)/x", params={"b": 1.0}, trainable="b")
    x = tf.constant([0.0, 1e-9, 0.3], "float64")
    for text in ("b*sin(x)/x + b*x", "sinc(b*x)", "b*x*log(abs(x)) + x"):
        made = define(text, params={"b": 0.75}, trainable="b")
        layer = type(made).from_config({**made.get_config(), "dtype": "float64"})
        layer(x)
        got = value_and_derivatives(layer, x)
        for one, same in zip(got, value_and_derivatives(define(text, params={"b": 0.75}), x), strict=True):
            np.testing.assert_allclose(one, same, rtol=1e-13, atol=1e-300)
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x))
        sides = [np.sum(define(text, params={"b": 0.75 + h})(x)) for h in (1e-6, -1e-6)]
        np.testing.assert_allclose(tape.gradient(total, layer.b.value), (sides[0] - sides[1]) / 2e-6, rtol=1e-7)


def test_accuracy_names_the_poles():
    assert accuracy(define("sin(x)/x"), points=30).ok
    with pytest.warns(UserWarning, match="x = 0"):
        report = accuracy(define("1/x + x/sin(x/100)"), points=20)
    assert 0.0 in report.poles
    assert np.allclose(sorted(report.poles), 100.0 * np.pi * np.arange(-3, 4))
    assert "no digits of one, at x = 0, " in str(report)
    assert "and 3 more" in str(report)
    assert not report.ok


def test_what_is_too_steep_for_a_series_has_its_limit_at_0():
    for dtype in ("float32", "float64"):
        value, first, second = value_and_derivatives(define("tanh(1e20*x)/x"), tf.constant([-1.0, 0.0, 1e-9], dtype))
        np.testing.assert_allclose(value, [1.0, 1e20, 1e9], rtol=1e-6)
        np.testing.assert_allclose(first, [1.0, 0.0, -1e18], rtol=1e-6)
        assert not np.isnan(second).any()


def test_a_sigmoid_of_a_quotient_keeps_its_logits():
    f = define("1/(1 + exp(-sin(x)/x))")
    x = tf.constant([0.0, 0.5])
    np.testing.assert_allclose(f(x)._keras_logits, define("sin(x)/x")(x), rtol=1e-6)


def test_a_series_ends_before_a_switch():
    """relu(x + 0.1) - 0.1 is x near 0, but not beyond -0.1."""
    x = np.linspace(-0.5, 0.5, 41)
    np.testing.assert_allclose(define("relu(x + 0.1) - 0.1 - tanh(x)")(x), np.maximum(x, -0.1) - np.tanh(x), atol=1e-15)
    f = define("(relu(x + 0.1) - 0.1)/x")
    np.testing.assert_allclose(f(x), np.where(x > -0.1, 1.0, -0.1 / np.where(x == 0.0, 1.0, x)), rtol=1e-13)


def test_the_text_itself_has_its_limit_in_mpmath():
    with mp.workprec(300):
        for text, right in (("sin(x)/x", 1), ("(exp(x) - 1 - x)/x**2", 0.5), ("x*log(abs(x))", 0), ("x*log(x)", 0)):
            assert abs(notation.reference(text)(0) - right) < mp.ldexp(1, -280)
        for text in ("1/x", "1/x**2", "abs(x)/x", "log(abs(x))/x", "sin(1/x)"):
            assert mp.isnan(notation.reference(text)(0))
        assert abs(notation.reference("sin(x - 1)/(x - 1)")(1) - 1) < mp.ldexp(1, -280)
        assert abs(notation.reference("x**2/(1 - cos(x))")(mp.mpf(2) ** -900) - 2) < mp.ldexp(1, -280)
