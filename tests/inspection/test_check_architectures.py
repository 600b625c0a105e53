"""No false alarm on architectures that are known to be sound, with drawn weights."""

import pytest

import keras_acts
from benchmarks import check_architectures

EVERY = dict([*check_architectures.applications(), *check_architectures.backbones()])
# What is right: without normalization and with Glorot's initializer, half as large as relu asks for, what differs
# between samples fades by a root of 2 in each layer. Deep VGGs were not trainable from drawn weights (Simonyan and
# Zisserman, 2015, section 3.1) before He's initializer.
RIGHT = {"VGG16": {"signal_over_depth"}, "VGG19": {"signal_over_depth"}}


@pytest.mark.nightly
@pytest.mark.parametrize("name", EVERY)
def test_no_false_alarm(name):
    found = keras_acts.check(check_architectures.built(name, EVERY[name]))
    assert {each.rule for each in found if each.severity != "note"} == RIGHT.get(name, set()), str(found)
