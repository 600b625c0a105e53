"""`keras_acts.check`: every rule finds the sick, and none the sound."""

import keras
import numpy as np
import pytest
from check_models import SICK, SOUND

import keras_acts


def made(make, seed):
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    return make(np.random.default_rng(seed))


def strong(findings):
    return {finding.rule for finding in findings if finding.severity != "note"}


def seeds(quick):
    return [quick, *(pytest.param(quick + 1 + more, marks=pytest.mark.slow) for more in range(3))]


@pytest.mark.parametrize("seed", seeds(0))
@pytest.mark.parametrize("name", SICK)
def test_the_sick_are_found_by_a_rule_of_their_kind(name, seed):
    expected, make = SICK[name]
    found = keras_acts.check(*made(make, seed))
    assert strong(found) & set(expected), str(found)
    assert found.failed


@pytest.mark.parametrize("seed", seeds(0))
@pytest.mark.parametrize("name", SOUND)
def test_the_sound_are_left_alone(name, seed):
    model, *data = made(SOUND[name], seed)
    for given in [(), data] if data else [()]:
        found = keras_acts.check(model, *given)
        assert strong(found) == set(), str(found)
