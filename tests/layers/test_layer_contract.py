"""Every layer, in every example, against every check."""

import keras
import numpy as np
import pytest
from layers.examples import EXAMPLES

import keras_acts
from keras_acts.testing import layer_values
from keras_acts.testing.layer_contract import CHECKS, findings_of
from keras_acts.testing.layer_subject import layer_subject, sample
from keras_acts.testing.layer_values import check_modes


def test_every_layer_has_an_example():
    assert {example.name for example in EXAMPLES} == set(keras_acts.layers.names())


@pytest.mark.parametrize("check", [check for check in CHECKS if check is not check_modes], ids=lambda c: c.__name__)
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_contract(example, check):
    assert not findings_of(check, layer_subject(example.layer, example.shape))


TOGETHER = 10  # so many layers are compiled at once: fewer programs, and little is done twice by two workers


@pytest.fixture(scope="module")
def in_each_mode(request):
    """A function that gives value and gradients of a selected example in each mode."""
    tests = [item for item in request.session.items if getattr(item, "originalname", "") == "test_modes_agree"]
    selected = [item.callspec.params["example"] for item in tests]
    results = {}

    def of(example):
        if str(example) not in results:
            start = selected.index(example) // TOGETHER * TOGETHER
            group = selected[start : start + TOGETHER]
            subjects = [layer_subject(each.layer, each.shape) for each in group]
            results.update(zip(map(str, group), layer_values.in_each_mode(subjects), strict=True))
        return results[str(example)]

    return of


# A quarter of them with each change: the others differ in what is compiled, not in how.
@pytest.mark.parametrize(
    "example",
    [pytest.param(each, marks=[pytest.mark.nightly] * (i % 4 > 0)) for i, each in enumerate(EXAMPLES)],
    ids=str,
)
def test_modes_agree(example, in_each_mode):
    results = in_each_mode(example)
    names = [f"result {number}" for number in range(len(results["eager"]))]
    assert not layer_values.modes_that_differ(names, results)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_name_gives_the_class(example):
    layer = example.layer()
    assert keras_acts.layers.info(example.name).cls is type(layer)
    again = keras_acts.layers.get(keras.saving.serialize_keras_object(layer))
    assert again is not layer
    assert again.get_config() == layer.get_config()


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize` method:UserWarning")
def test_quantization_of_a_model_passes_over_activations_and_not_over_their_neighbours():
    activations = [keras_acts.layers.get(name) for name in ("PReLU", "DynamicTanh", "CReLU")]
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6), *activations, keras.layers.Dense(2)])
    x = sample((6,)).astype("float32")
    before = np.asarray(model(x))
    model.quantize("int8")
    assert [model.layers[index].dtype_policy.name for index in (0, 4)] == ["int8_from_float32"] * 2
    assert {layer.dtype_policy.name for layer in activations} == {"float32"}
    assert np.max(np.abs(model(x) - before)) <= 0.1 * np.max(np.abs(before))
