"""The two tables of functions hold the same ones, and all that is needed of each."""

import pytest
from keras import ops

from keras_acts import notation
from keras_acts.authoring.formula import computations, derivation
from keras_acts.authoring.formula.canonical import X, apply
from keras_acts.authoring.formula.evaluating import evaluate
from keras_acts.authoring.formula.identities import calls, products, sums
from keras_acts.notation import FUNCTIONS

UNARY = [name for name, meaning in FUNCTIONS.items() if meaning.arity == 1]


def test_what_a_function_means_and_how_it_is_computed_have_equal_keys():
    assert list(computations.COMPUTATIONS) == list(FUNCTIONS)


@pytest.mark.parametrize("name", UNARY)
def test_value_and_derivative_of_each_function_agree_with_its_meaning(name):
    expression = apply(name, X)
    x, step = 0.7, 1e-5
    meaning = FUNCTIONS[name].value
    slope = (meaning(x + step) - meaning(x - step)) / (2.0 * step)
    values = {"x": ops.convert_to_tensor(x, dtype="float64")}
    assert float(evaluate(expression, values)) == pytest.approx(meaning(x), rel=1e-14)
    assert float(evaluate(derivation.derivative(expression), values)) == pytest.approx(slope, rel=1e-8, abs=1e-9)


IDENTITIES = [
    *((f"{name}(u)**({n}) + ({shift})", text, 1.0) for (name, n, shift), text in sums._SHIFTED.items()),
    *((f"{outer}(c*{inner}(u))", text, c or 1.5) for (outer, c, inner), text in calls._NESTED.items()),
    *((f"{first}(u)*{second}", text, 1.0) for first, (second, text) in products._PAIRS.items()),
    *((f"log({name}(v))", text, 1.0) for name, text in calls._LOG_NEAR_ONE.items()),
]


@pytest.mark.parametrize(("left", "right", "coefficient"), IDENTITIES)
def test_both_sides_of_an_identity_are_equal(left, right, coefficient):
    for u in (0.4, 2.1) if "log" in left else (-1.3, 0.4, 2.1):
        values = {"u": u, "v": u, "c": coefficient}
        expected = notation.reference(left)(0.0, **values)
        found = notation.reference(right)(0.0, plain=expected, **values)
        assert float(found) == pytest.approx(float(expected), rel=1e-13, abs=1e-15)
