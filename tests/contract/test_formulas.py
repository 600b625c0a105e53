"""The formula that users read, against the hand-written oracle, at other parameters too. Both in mpmath."""

import functools

import numpy as np
import pytest
from reference import REFERENCES
from subjects import ELEMENTWISE, random_parameters

import keras_acts
from keras_acts import notation
from keras_acts.testing import metric, oracle

POINTS = 12
DRAWS = 9  # of parameters; the first are the defaults, and those per change a third of them


def worst_k(formula, name, params, generator):
    """How far formula and oracle are apart, in value and first derivative, in units of the contract's K."""
    x = generator.uniform(-12.0, 12.0, POINTS)
    by_formula = oracle.derivatives(functools.partial(notation.reference(formula), **params), x)
    by_oracle = oracle.derivatives(functools.partial(REFERENCES[name], **params), x)
    return max(np.max(metric.k_error(by_formula.head[order], by_oracle, order, x, "float64")) for order in (0, 1))


def cases(name, draws=DRAWS):
    """Formulas of an activation with parameters that they are for."""
    generator = np.random.default_rng(sum(name.encode()))
    record = keras_acts.info(name)
    for draw in range(draws if record.params else 1):
        params = random_parameters(name, generator) if draw else record.defaults
        yield record.formula_at(params), params, generator


@pytest.mark.parametrize("draws", [DRAWS // 3, pytest.param(DRAWS, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_formula_is_that_of_the_oracle(name, draws):
    for formula, params, generator in cases(name, draws):
        # Numbers in a formula are rounded to float64 once, those of the oracle are not.
        assert worst_k(formula, name, params, generator) <= 2.0, params


def test_every_elementwise_activation_has_a_formula_in_words():
    latex = [
        name
        for name in ELEMENTWISE
        if not isinstance(keras_acts.info(name).formula_at(keras_acts.info(name).defaults), str)
    ]
    assert latex == []


def other_signs(formula):
    """The formula with one sign turned, for each."""
    for i, character in enumerate(formula):
        if character in "+-" and formula[i - 1] not in "e*":
            yield formula[:i] + {"+": "-", "-": "+"}[character] + formula[i + 1 :]


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if list(other_signs(keras_acts.info(name).formula))])
def test_a_wrong_sign_bites(name):
    found = {}
    for formula, params, generator in cases(name):
        for wrong in other_signs(formula):  # where a parameter is 0, a sign before it means nothing
            found[wrong] = found.get(wrong, False) or not worst_k(wrong, name, params, generator) <= 2.0
    assert [wrong for wrong, is_found in found.items() if not is_found] == []
