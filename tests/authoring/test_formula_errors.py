"""What a formula may not be: each refusal names the offence and its position, and nothing hangs."""

import contextlib
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_acts
from keras_acts.authoring import FormulaError, define
from keras_acts.notation import FUNCTIONS
from keras_acts.notation.grammar import COMPARISONS


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("x*tahn(x)", 2, "There is no function 'tahn'. Did you mean 'tanh'"),
        ("x*bta", 2, "There is no parameter 'bta'. Did you mean 'beta'"),
        ("x^2 + beta", 1, r"Write a power as \*\*"),
        ("x.__class__", 1, "cannot contain '.'"),
        ("x*__import__('os')", 13, "cannot contain"),
        ("__import__(x)", 0, "There is no function '__import__'"),
        ("x if x else 1", 2, "An operator"),
        ("lambda: x", 6, "cannot contain ':'"),
        ("(x*beta", 7, r"'\)' is missing"),
        ("x*beta)", 6, "never opened"),
        ("x +* beta", 3, "is missing here"),
        ("tanh*x", 0, r"needs arguments in parentheses: tanh\(x\)"),
        ("max(x)", 0, "'max' takes 2 arguments, not 1"),
        ("where(x, 1, beta)", 7, "is a comparison such as x > 0"),
        ("x > beta", 2, "can only be the condition"),
        ("where(0 < x < 1, x, 0)", 12, r"for 0 < x < 1, where\(0 < x, where"),
        ("x == 1", 2, "Comparisons are <, <=, > and >="),
        ("", 0, "empty"),
        ("x + \u03bb", 4, "cannot contain"),
        ("x*1e999", 2, "at most 1e\\+30"),
        ("x + 9**9**9**9", 8, "constant part"),
        ("x**1e9", 1, "constant part"),
        ("x + 1/(2 - 2)", 5, "constant part"),
        ("x + log(0 - 1)", 4, "constant part"),
        ("(" * 60 + "x" + ")" * 60, 41, "nested at most 40 deep"),
        ("-" * 60 + "x", 41, "nested at most 40 deep"),
        ("(" * 100_000, 0, "at most 1000 characters"),
        ("+".join(["x"] * 200), 300, "at most 300"),
    ],
)
def test_refusal_points_at_the_offence(text, position, message):
    with pytest.raises(FormulaError, match=message) as refused:
        define(text, params={"beta": 1.0} if "beta" in text or "bta" in text else {})
    assert refused.value.position == position
    if len(text) < 60:
        shown, caret = str(refused.value).splitlines()[-2:]
        assert shown[4:].rstrip() == text.rstrip()
        assert caret.index("^") - 4 == position


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formula": "x", "params": {"beta": 1.0}}, "does not use its parameter 'beta'"),
        ({"formula": "beta", "params": {"beta": 1.0}}, "must contain x"),
        ({"formula": "x*exp", "params": {"exp": 1.0}}, "already has a meaning"),
        ({"formula": "x*beta", "params": {"beta": float("nan")}}, "finite number"),
        ({"formula": "x*beta", "params": {"beta": 1e40}}, "finite number"),
        ({"formula": "tanh(x)", "name": "relu"}, "belongs to Keras"),
        ({"formula": "tanh(x)", "name": "snake"}, "already in use"),
        ({"formula": "tanh(x)", "name": "not a name"}, "identifier"),
        ({"formula": "x*beta", "trainable": ["beta"]}, "needs its initial value"),
        *(
            (
                {"formula": f"x*{taken}", "params": {taken: 1.0}, "trainable": [taken]},
                "means something else for a layer",
            )
            for taken in ("name", "input", "_function", "_x", "build")
        ),
    ],
)
def test_bad_arguments_are_refused_and_change_nothing(arguments, message):
    before = keras_acts.names()
    with pytest.raises(ValueError, match=message):
        define(**arguments)
    assert keras_acts.names() == before


@pytest.mark.parametrize("text", ["formula: x*tahn(x)", "formula: x*beta, beta=one", "formula: x*b, b=1, b=2"])
def test_bad_strings_in_a_layer_are_formula_errors(text):
    with pytest.raises(FormulaError):
        keras.layers.Dense(1, activation=text)


BELOW_0 = [
    "x",
    "x + 1",
    "sin(x)",
    "x*abs(x)",
    "-abs(x)",
    "x - 40",
    "b - 3",
    "-b*exp(x)",
    "-2",
    "0",
    "b - b",
    "1 - b - b",
]
NOT_BELOW_0 = {
    "abs(x)": np.abs,
    "relu(x)": lambda x: np.maximum(x, 0.0),
    "x**2": np.square,
    "exp(x)": np.exp,
    "2 + tanh(x)": lambda x: 2.0 + np.tanh(x),
    "1 + x*x": lambda x: 1.0 + x * x,
    "b + relu(x)": lambda x: 0.5 + np.maximum(x, 0.0),
    "b": lambda x: 0.5 + 0.0 * x,
}


@pytest.mark.parametrize("base", BELOW_0)
@pytest.mark.parametrize("whole", ["({base})**a + x", "x*({base})**(2*a)", "tanh(x) + 1/(1 + ({base})**a)"])
def test_an_exponent_is_learned_only_of_what_is_not_below_0(base, whole):
    """Else training has NaN, or an error of its own, for its first gradient."""
    params = {"a": 1.0, "b": 0.5} if "b" in base.replace("abs", "") else {"a": 1.0}
    with pytest.raises(FormulaError, match="must be above 0"):
        define(whole.format(base=base), params=params, trainable=list(params))


@pytest.mark.parametrize("base", NOT_BELOW_0)
@pytest.mark.parametrize("a", [0.5, 1.0, 2.0, 2.7])
def test_an_exponent_that_can_be_learned_has_its_gradients(base, a):
    """By x and by a, also at 0 to the a, where logarithm and power have infinite parts; against numpy's differences."""
    params = {"a": a, "b": 0.5} if "b" in base.replace("abs", "") else {"a": a}
    layer = define(f"({base})**a + x", params=params, trainable=list(params))
    x = np.float64([-1.5, -0.5, 0.0, 0.5, 1.5])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs := tf.constant(x, "float32"))
        values = layer(inputs)
    u, h = NOT_BELOW_0[base](x), 1e-6
    np.testing.assert_allclose(values, u**a + x, rtol=1e-5)
    assert np.all(np.isfinite(tape.gradient(values, inputs)))
    np.testing.assert_allclose(
        tape.gradient(values, layer.a.value), np.sum(u ** (a + h) - u ** (a - h)) / (2 * h), rtol=1e-4
    )


def test_sharing_of_each_parameter_apart_is_refused():
    with pytest.raises(TypeError, match="`shared_axes` says for all of them"):
        define("x*a + b", params={"a": 1.0, "b": 0.0}, trainable={"a": "channel", "b": "all"})


def drawn_formula(draw, depth):
    """Text of the grammar, with domains that end in the middle: log and roots of negative numbers, quotients by 0."""
    kind = draw.random()
    if depth == 0 or kind < 0.15:
        return draw.choice(["x", "x", "x", repr(round(draw.uniform(-3.0, 3.0), 2)), "0", "1", "(-1)"])
    if kind < 0.5:
        return f"({drawn_formula(draw, depth - 1)} {draw.choice('+-*/')} {drawn_formula(draw, depth - 1)})"
    if kind < 0.6:
        return f"({drawn_formula(draw, depth - 1)})**{draw.choice(['2', '3', '0.5', '(-1)', '(-0.5)', 'x', '0'])}"
    name = draw.choice(sorted(FUNCTIONS))
    arguments = [drawn_formula(draw, depth - 1) for _ in range(FUNCTIONS[name].arity)]
    if name == "where":
        arguments[0] += f" {draw.choice(sorted(COMPARISONS))} {drawn_formula(draw, depth - 1)}"
    return f"{name}({', '.join(arguments)})"


def value_and_two_derivatives(f, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = f(x)
        derivative = inner.gradient(value, x)
    return value, derivative, outer.gradient(derivative, x, unconnected_gradients="zero")


@pytest.mark.filterwarnings("ignore:The formula has no finite value")
@pytest.mark.parametrize("text", ["log(x) + x", "x*log(x - 1)", "x**x", "log(log(x))", "sqrt(x - 2)"])
def test_a_formula_with_a_domain_can_be_called_and_differentiated(text):
    for result in value_and_two_derivatives(define(text), tf.constant([3.0, 4.0])):
        assert np.isfinite(result).all()


def test_a_minimum_that_is_always_the_same_side_has_a_value():
    value, derivative, _ = value_and_two_derivatives(define("min(x, x + 1)"), tf.constant([-1.0, 2.0]))
    np.testing.assert_array_equal(value, [-1.0, 2.0])
    np.testing.assert_array_equal(derivative, [1.0, 1.0])


@pytest.mark.filterwarnings("ignore:The formula has no finite value")
def test_every_accepted_formula_can_be_called_and_differentiated():
    draw, tried = random.Random(11), 0
    x = tf.constant([0.0, -1.0, 0.5, 1.0, 3.0, -40.0, 1e30, -1e-40])
    while tried < 25:
        try:
            f = define(drawn_formula(draw, 3))
        except FormulaError:
            continue
        tried += 1
        assert all(result.shape == x.shape for result in value_and_two_derivatives(f, x)), f


WORDS = st.sampled_from(
    [*FUNCTIONS, *COMPARISONS, "x", "pi", "e", "1", "0.5", "1e30", "-", "+", "*", "/", "**", "(", ")", ",", " "]
)


@pytest.mark.filterwarnings("ignore:The formula has no finite value")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=16).map("".join)))
def test_any_text_is_a_formula_or_a_formula_error(text):
    with contextlib.suppress(FormulaError):
        define(text).declaration.kinks()
