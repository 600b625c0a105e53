"""Every layer, in every example, against every check."""

import keras
import pytest
from layers.examples import EXAMPLES

import keras_acts
from keras_acts.testing import layer_contract
from keras_acts.testing.layer_contract import CHECKS, check_modes, findings_of, layer_subject


def test_every_layer_has_an_example():
    assert {example.name for example in EXAMPLES} == set(keras_acts.layers.names())


@pytest.mark.parametrize("check", [check for check in CHECKS if check is not check_modes], ids=lambda c: c.__name__)
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_contract(example, check):
    assert not findings_of(check, layer_subject(example.layer, example.shape))


@pytest.fixture(scope="module")
def in_each_mode():
    """Value and gradients of each example, from one graph and one XLA program that hold all of them."""
    results = layer_contract.in_each_mode([layer_subject(example.layer, example.shape) for example in EXAMPLES])
    return dict(zip(map(str, EXAMPLES), results, strict=True))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_modes_agree(example, in_each_mode):
    results = in_each_mode[str(example)]
    names = [f"result {number}" for number in range(len(results["eager"]))]
    assert not layer_contract.modes_that_differ(names, results)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_name_gives_the_class(example):
    layer = example.layer()
    assert keras_acts.layers.info(example.name).cls is type(layer)
    again = keras_acts.layers.get(keras.saving.serialize_keras_object(layer))
    assert again is not layer
    assert again.get_config() == layer.get_config()
