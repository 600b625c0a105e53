"""Every layer, in every example, against every check."""

import pytest
from layers import checks
from layers.examples import EXAMPLES

import keras_acts
from keras_acts.layers.fused_dense import FusedDense


def test_every_layer_has_an_example():
    assert {example.name for example in EXAMPLES} == set(keras_acts.layers.names())


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_contract(example, check):
    if check is checks.half_precision_rounds_once and isinstance(example.layer(), FusedDense):
        check = checks.half_precision_is_that_of_dense
    check(example.layer, example.shape)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_saved_files_give_the_same(example, tmp_path):
    checks.saved_files_give_the_same(example.layer, example.shape, tmp_path)
