"""What the traits of an activation say is true of its curve; without parameters, what is true of it is said too."""

import keras
import pytest

import keras_acts
from keras_acts import Trait
from keras_acts.analysis.landmarks import COMPUTED_TRAITS, landmarks

ELEMENTWISE = sorted({*keras_acts.names()} - {*keras_acts.names(trait=Trait.OVER_AXIS)})
FEW = {"finer", "gcu", "hard_shrink", "identity", "relu6", "sin", "softsign"}


def wrong(name):
    """Traits that are declared and not true, or, of an activation without parameters, true and not declared."""
    record = keras_acts.info(name)
    declared, true = record.traits & COMPUTED_TRAITS, landmarks(name).traits
    return (declared - true) if record.params else declared ^ true


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in FEW)) for name in ELEMENTWISE]
)
def test_traits_are_true_and_complete(name):
    assert wrong(name) == set()


BODIES = {
    "smooth": lambda x: x * keras.ops.relu(x),
    "piecewise_linear": lambda x: keras.ops.where(x > 0.0, x, 1e-3 * x * x),
    "monotonic": lambda x: x * keras.ops.sigmoid(x),
    "non_monotonic": keras.ops.tanh,
    "bounded": lambda x: keras.ops.log1p(keras.ops.relu(x)),
    "odd": lambda x: keras.ops.where(x > 0.0, x, 0.999 * x),
    "even": lambda x: keras.ops.where(x > 0.0, x, -0.999 * x),
    "sparse": lambda x: keras.ops.exp(-x * x),  # which is 0 far out, but for the smallest numbers
    "periodic": lambda x: keras.ops.sin(x + 0.01 * x * x),
    "oscillating": lambda x: keras.ops.sin(x) * keras.ops.exp(-0.1 * x * x),
}


@pytest.mark.parametrize("trait", sorted(COMPUTED_TRAITS))
def test_a_wrong_trait_is_found(trait):
    keras_acts.activation(name="mutant", formula="x", traits={trait})(lambda x: BODIES[trait](x))
    assert trait in wrong("mutant")


def test_ripples_on_a_ramp_are_not_periodic():
    assert keras_acts.names(trait="periodic") == ["cos", "sin"]
    assert {"gcu", "sine_relu", "sinlu", "snake"} <= {*keras_acts.names(trait="oscillating")}


def test_every_trait_is_defined_for_users():
    assert [trait for trait in Trait if f'"{trait}"' not in Trait.__doc__] == []
