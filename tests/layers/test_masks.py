"""Masks: of layers that look at the whole sample, and of those that change the axis that is masked."""

import keras
import numpy as np
import pytest
from backends import assert_close, values

from keras_acts import layers
from keras_acts.testing.layer_calls import check_mask
from keras_acts.testing.layer_contract import findings_of
from keras_acts.testing.layer_subject import layer_subject

SEQUENCE, VIDEO = (4, 6), (4, 3, 6)
MIXING = [
    ("MetaACON(reduction=2)", SEQUENCE),
    ("MetaACON(reduction=2)", VIDEO),
    ("DynamicReLU(reduction=2)", SEQUENCE),
    ("DynamicReLU(reduction=2, per_channel=False)", VIDEO),
    ("FReLU", VIDEO),
    ("FReLU(kernel_size=4)", VIDEO),
    ("AntiAliased", SEQUENCE),
    ("AntiAliased('relu')", VIDEO),
    ("GLU(axis=1)", SEQUENCE),
    ("GLU(axis=-2, interleaved=True)", SEQUENCE),
    ("SwiGLU(axis=1)", VIDEO),
    ("Maxout(axis=1)", SEQUENCE),
    ("Maxout(pieces=4, axis=-3)", VIDEO),
    ("Maxout(grouping='consecutive', axis=1)", SEQUENCE),
    ("CReLU(axis=1)", SEQUENCE),
    ("CReLU(axis=-2)", SEQUENCE),
    ("CReLU(axis=2)", VIDEO),
    ("GumbelSoftmax(axis=1)", SEQUENCE),
    ("GumbelSoftmax(axis=-2, hard=True)", SEQUENCE),
]


@pytest.mark.tensorflow  # as `check_layer` is
@pytest.mark.parametrize(("layer", "shape"), MIXING)
def test_padding_has_no_effect_and_the_mask_has_the_length_of_the_output(layer, shape):
    assert not findings_of(check_mask, layer_subject(layer, shape))


@pytest.mark.parametrize("spec", ["MetaACON(reduction=2)", "DynamicReLU(reduction=2)", "AntiAliased"])
def test_a_padded_sequence_gives_what_the_sequence_alone_gives(spec):
    """In a model, where the mask comes from Masking, and is handed on."""
    x = np.random.default_rng(0).normal(size=(2, 5, 6)).astype("float32")
    padded = np.concatenate([x, np.zeros((2, 7, 6), "float32")], axis=1)
    model = keras.Sequential([keras.Input((None, 6)), keras.layers.Masking(), layers.get(spec)])
    assert_close(model(padded)[:, :5], model(x), rtol=1e-5, atol=1e-6)
    assert model(padded)._keras_mask.shape == (2, 12)


def test_a_layer_after_one_that_shortens_the_sequence_gets_a_mask_that_fits():
    tokens = keras.Input((6,), dtype="int32")
    embedded = keras.layers.Embedding(9, 4, mask_zero=True)(tokens)
    outputs = [keras.layers.LSTM(3)(layers.get(name, axis=1)(embedded)) for name in ("GLU", "Maxout", "CReLU")]
    found = keras.Model(tokens, outputs)(np.array([[1, 2, 3, 4, 0, 0], [1, 2, 3, 4, 5, 6]]))
    assert all(np.all(np.isfinite(values(each))) for each in found)


@pytest.mark.parametrize("spec", ["MetaACON(reduction=2)", "DynamicReLU", "GumbelSoftmax(axis=1)"])
def test_a_sample_that_is_all_padding_stays_finite(spec):
    x, mask = np.ones((2, 4, 6), "float32"), np.array([[True] * 4, [False] * 4])
    assert np.all(np.isfinite(values(layers.get(spec)(x, mask=mask))))
