"""Each check of the contract finds the fault that it is there for."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from layers import checks

from keras_acts.core import resolve
from keras_acts.core.derivatives import with_partials
from keras_acts.layers import registry as layer_registry
from keras_acts.layers.base import ShapedActivation

SHAPE = (6,)


class Good(ShapedActivation):
    """PReLU without the trimmings, sound in every respect."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_shape_parameter("alpha", 0.25)

    def activate(self, x, alpha):
        return ops.where(x > 0.0, x, alpha * ops.minimum(x, 0.0))


class EagerOnly(Good):
    def activate(self, x, alpha):
        return super().activate(x, alpha) + (0.0 if tf.executing_eagerly() else 0.01)


class WrongShape(Good):
    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 2 * input_shape[-1])


class NoMask(Good):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = False


class RoundsTwice(Good):
    def call(self, inputs):
        return ops.where(inputs > 0.0, inputs * 1.1, ops.cast(self.alpha, inputs.dtype) * inputs)


class HalfWeights(Good):
    def _create(self, name, shape):
        setattr(self, name, self.add_weight(name=name, shape=shape, initializer="ones", dtype=self.compute_dtype))


class ForgetsAnArgument(Good):
    def __init__(self, slope=1.0, **kwargs):
        super().__init__(**kwargs)
        self.slope = slope


class CountsNothing(Good):
    def __init__(self, **kwargs):
        super().__init__(shared_axes="all", **kwargs)

    def count_params(self):
        return 0


def _wrong_partials(x, alpha):
    return ops.where(x > 0.0, 1.0, alpha), 2.0 * ops.minimum(x, 0.0)


@with_partials(_wrong_partials)
def _wrong(x, alpha):
    return ops.where(x > 0.0, x, alpha * x)


class WrongGradient(Good):
    def activate(self, x, alpha):
        return _wrong(x, alpha)


def _flat_partials(x, alpha):
    return ops.where(x > 0.0, 1.0, ops.stop_gradient(alpha)), ops.minimum(x, 0.0)


@with_partials(_flat_partials)
def _flat(x, alpha):
    return ops.where(x > 0.0, x, alpha * x)


class LosesTheSecondDerivative(Good):
    def activate(self, x, alpha):
        return _flat(x, alpha)


class Overflows(Good):
    def activate(self, x, alpha):
        return super().activate(x, alpha) + ops.exp(x) / (1.0 + ops.exp(x))


class MixesSamples(Good):
    def activate(self, x, alpha):
        return super().activate(x, alpha) + ops.mean(x)


class RemembersCalls(Good):
    def call(self, inputs):
        self.calls = getattr(self, "calls", 0) + 1
        return super().call(inputs) + float(self.calls)


class NeedsKnownSizes(Good):
    def build(self, input_shape):
        self.sizes = [int(size) for size in input_shape[1:]]
        super().build(input_shape)


class WarnsWhenQuantized(Good):
    def quantize(self, mode=None, type_check=True, config=None):
        raise self._not_implemented_error(self.quantize)


class TakesIntegers(Good):
    def call(self, inputs):
        return inputs


class NotFound(Good):
    pass


class LosesWeights(Good):
    def save_own_variables(self, store):
        store["0"] = np.zeros(SHAPE)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    """Within a test the mutants can be saved and loaded and are known by name."""
    monkeypatch.setattr(resolve.layers, "_records", resolve.layers.snapshot())
    for cls in [Good, *Good.__subclasses__()]:
        if cls is not NotFound:
            layer_registry.layer(formula="f")(cls)


MUTANTS = {
    EagerOnly: checks.modes_agree,
    WrongShape: checks.declared_shape_is_right,
    NoMask: checks.masks_are_kept,
    RoundsTwice: checks.half_precision_rounds_once,
    HalfWeights: checks.half_precision_rounds_once,
    ForgetsAnArgument: checks.config_round_trips,
    CountsNothing: checks.weights_are_counted_at_once,
    WrongGradient: checks.gradients_are_right,
    LosesTheSecondDerivative: checks.second_derivatives_are_right,
    Overflows: checks.large_inputs_stay_finite,
    RemembersCalls: checks.works_time_distributed,
    MixesSamples: checks.samples_are_independent,
    NeedsKnownSizes: checks.takes_unknown_sizes,
    WarnsWhenQuantized: checks.survives_quantization,
    TakesIntegers: checks.integers_are_refused,
    NotFound: checks.is_found_by_name,
}


def test_every_check_has_a_mutant():
    assert set(MUTANTS.values()) == set(checks.CHECKS)


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_a_sound_layer_passes(check):
    check(Good, SHAPE)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_check_bites(mutant):
    shape = (4, 6) if mutant is NeedsKnownSizes else SHAPE
    expected = {NeedsKnownSizes: TypeError, NotFound: ValueError, TakesIntegers: pytest.fail.Exception}
    with pytest.raises(expected.get(mutant, AssertionError)):
        MUTANTS[mutant](mutant, shape)


def test_the_saving_check_bites(tmp_path):
    checks.saved_files_give_the_same(Good, SHAPE, tmp_path)
    with pytest.raises(AssertionError):
        checks.saved_files_give_the_same(LosesWeights, SHAPE, tmp_path)
