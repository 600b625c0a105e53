"""What the traits of an activation say is true of its values; without parameters, what is true of them is said too."""

import numpy as np
import pytest

import keras_acts
from keras_acts import Trait
from keras_acts.analysis.elementwise import evaluate

ELEMENTWISE = sorted({*keras_acts.names()} - {*keras_acts.names(trait=Trait.OVER_AXIS)})
X = np.append(np.sort(np.random.default_rng(7).uniform(-12.0, 12.0, size=2000)), 0.0)
SMALL = np.abs(X) < 6.0  # further out, what is not zero may underflow


def holds(record):
    function = record.with_params({})
    curvature = evaluate(function, X, 2)[2]
    everywhere = np.concatenate([X, -X, X + 2.0 * np.pi, [-np.inf, np.inf]])
    value, opposite, later, ends = np.split(evaluate(function, everywhere)[0], np.arange(1, 4) * len(X))
    rising = np.diff(value[:-1])
    falls, rises = (rising < -1e-12).any(), (rising > 1e-12).any()
    return {
        Trait.ODD: np.allclose(opposite, -value, atol=1e-12),
        Trait.EVEN: np.allclose(opposite, value, atol=1e-12),
        Trait.PERIODIC: np.allclose(later, value, atol=1e-9) and np.ptp(value) > 0.1,
        Trait.OSCILLATING: np.isnan(ends).any(),
        Trait.MONOTONIC: not falls,
        Trait.NON_MONOTONIC: falls and rises,
        Trait.BOUNDED: np.isfinite(record.range).all(),
        Trait.SPARSE: np.mean(value[SMALL] == 0.0) > 0.005,  # at 0 alone it is 0.001
        Trait.PIECEWISE_LINEAR: np.all(curvature == 0.0),
        Trait.SMOOTH: Trait.SMOOTH in record.traits and not record.kinks(**record.defaults),
    }


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_traits_are_true_and_complete(name):
    record = keras_acts.info(name)
    true = {trait for trait, is_so in holds(record).items() if is_so}
    assert record.traits - true <= {Trait.SELF_GATED, Trait.SINGLE_ROUNDING}
    assert record.params or true <= record.traits


def test_ripples_on_a_ramp_are_not_periodic():
    assert keras_acts.names(trait="periodic") == ["cos", "sin"]
    assert {"gcu", "sine_relu", "sinlu", "snake"} <= {*keras_acts.names(trait="oscillating")}


def test_every_trait_is_defined_for_users():
    assert [trait for trait in Trait if f'"{trait}"' not in Trait.__doc__] == []
