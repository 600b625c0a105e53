"""Adding an activation touches two places, its declaration and its oracle line: shown from outside the package."""

import keras
import numpy as np
import pytest
from keras import ops
from mpmath import mp

import keras_acts
from keras_acts import Trait


@pytest.fixture
def growing_cosine():
    @keras_acts.activation(package="outside", formula="x * cos(x)", traits={Trait.OSCILLATING})
    def growing_cosine(x):
        """Growing cosine unit.

        Reference:
            arXiv:2108.12943, Growing Cosine Unit.
        """
        return x * ops.cos(x)

    return growing_cosine


def test_one_declaration_is_enough(growing_cosine, tmp_path):
    keras_acts.testing.check_activation("growing_cosine", lambda x: x * mp.cos(x))  # the oracle line

    assert "growing_cosine" in keras_acts.names()
    assert keras_acts.info("growing_cosine").summary == "Growing cosine unit."
    assert keras_acts.info("growing_cosine").paper == "arXiv:2108.12943"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="growing_cosine")])
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


def test_check_activation_without_a_reference_still_finds_lost_digits():
    with pytest.raises(AssertionError, match="value in float32"):
        keras_acts.testing.check_activation(lambda x: ops.exp(x) - 1.0, dtypes=["float32"], modes=["eager"])
