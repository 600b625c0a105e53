"""No false alarm on architectures that are known to be sound, with drawn weights."""

import pytest

import keras_acts
from benchmarks import check_architectures

EVERY = dict([*check_architectures.applications(), *check_architectures.backbones()])


@pytest.mark.nightly
@pytest.mark.parametrize("name", EVERY)
def test_no_false_alarm(name):
    found = keras_acts.check(check_architectures.built(name, EVERY[name]))
    assert not found.failed, str(found)
