"""Each check of the contract finds the fault that it is there for."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import keras_acts
from keras_acts.core.derivatives import with_partials
from keras_acts.layers.base import LearnableActivation
from keras_acts.testing import check_layer, layer_calls, layer_files, layer_values
from keras_acts.testing.layer_contract import CHECKS, findings_of
from keras_acts.testing.layer_subject import layer_subject

SHAPE = (6,)


class Good(LearnableActivation):
    """PReLU without the trimmings, sound in every respect."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.add_learnable_parameter("alpha", 0.25)

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


class AveragesOverPadding(Good):
    def activate(self, x, alpha):
        return super().activate(x, alpha) + ops.mean(x, axis=1, keepdims=True)


class LosesHalfOfTheTime(Good):
    def call(self, inputs):
        return super().call(inputs)[:, ::2]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], (input_shape[1] + 1) // 2, *input_shape[2:])


class SavesNoQuantization(Good):
    def build(self, input_shape):
        super().build(input_shape)
        self.inner = keras.layers.Dense(input_shape[-1], name="inner")
        self.inner.build(input_shape)

    def call(self, inputs):
        return super().call(inputs) + 0.0 * self.inner(inputs)


class RoundsTwice(Good):
    def call(self, inputs):
        return ops.where(inputs > 0.0, inputs * 1.1, ops.cast(self.alpha, inputs.dtype) * inputs)


class HalfWeights(Good):
    def _create(self, name, sizes):
        setattr(self, name, self.add_weight(name=name, shape=sizes, initializer="ones", dtype=self.compute_dtype))


class ForgetsAnArgument(Good):
    def __init__(self, slope=1.0, **kwargs):
        super().__init__(**kwargs)
        self._slope = slope


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


class NotRegistered(Good):
    pass


class LosesWeights(Good):
    def save_own_variables(self, store):
        store["0"] = np.zeros(SHAPE)


@pytest.fixture(autouse=True)
def _registered():
    """Within a test the mutants can be saved and loaded."""
    for cls in [Good, *Good.__subclasses__()]:
        if cls is not NotRegistered:
            keras.saving.register_keras_serializable("mutants")(cls)


MUTANTS = {
    EagerOnly: layer_values.check_modes,
    WrongShape: layer_calls.check_output_shape,
    NoMask: layer_calls.check_mask,
    AveragesOverPadding: layer_calls.check_mask,
    LosesHalfOfTheTime: layer_calls.check_mask,
    SavesNoQuantization: layer_files.check_quantization,
    RoundsTwice: layer_values.check_half_precision,
    HalfWeights: layer_values.check_half_precision,
    ForgetsAnArgument: layer_files.check_config,
    LosesWeights: layer_files.check_saved_files,
    CountsNothing: layer_files.check_count_of_weights,
    WrongGradient: layer_values.check_gradients,
    LosesTheSecondDerivative: layer_values.check_second_derivatives,
    Overflows: layer_values.check_large_inputs,
    RemembersCalls: layer_calls.check_time_distributed,
    MixesSamples: layer_calls.check_independent_samples,
    NeedsKnownSizes: layer_calls.check_unknown_sizes,
    WarnsWhenQuantized: layer_files.check_quantization,
    TakesIntegers: layer_calls.check_integers,
    NotRegistered: layer_files.check_registered,
}
# What the finding says, where it is not the numbers: a mutant that fails for another reason shows nothing.
SAYS = {
    AveragesOverPadding: "what the mask keeps, with something else where it does not is off",
    LosesHalfOfTheTime: "the mask of an output of shape (3, 2, 6) has the shape (3, 4)",
    SavesNoQuantization: "ValueError: A total of 1 objects could not be loaded",
    WrongShape: "the symbolic output has the shape (None, 12)",
    HalfWeights: "is not float32 in mixed_float16",
    ForgetsAnArgument: "get_config lacks the argument `slope`",
    Overflows: "is not finite for inputs of 100000",
    NeedsKnownSizes: "TypeError: int()",
    WarnsWhenQuantized: "does not have a `quantize` method",
    TakesIntegers: "integers are taken",
    NotRegistered: "the class is not registered",
}


def test_every_check_has_a_mutant():
    assert set(MUTANTS.values()) == set(CHECKS)


@pytest.mark.parametrize(
    "layer", [Good, Good(), lambda **arguments: Good(**arguments)], ids=["class", "layer", "factory"]
)
def test_a_sound_layer_passes(layer):
    check_layer(layer, SHAPE)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_check_bites(mutant):
    shape = (4, 6) if mutant in (NeedsKnownSizes, AveragesOverPadding, LosesHalfOfTheTime) else SHAPE
    findings = findings_of(MUTANTS[mutant], layer_subject(mutant, shape))
    assert findings
    assert SAYS.get(mutant, "") in findings[0]


def test_a_surrogate_that_is_not_the_one_on_the_record_bites(monkeypatch):
    subject = layer_subject("JumpReLU(threshold_initializer=0.3, bandwidth=3.0)", SHAPE)
    assert not layer_values.check_gradients(subject)
    record = keras_acts.layers.info("JumpReLU")
    for wrong in ("where(abs(x - threshold) < bandwidth, -threshold / bandwidth, 0)", "-threshold / bandwidth"):
        monkeypatch.setattr(record, "surrogates", {"threshold": wrong})
        assert "threshold, beside its surrogate, is off" in layer_values.check_gradients(subject)[0]
    monkeypatch.setattr(record, "surrogates", {})
    assert "by central differences" in layer_values.check_gradients(subject)[0]
    monkeypatch.setattr(keras_acts.layers.info("PReLU"), "surrogates", {"alpha": "0 * x"})
    assert "alpha, beside its surrogate, is off" in layer_values.check_gradients(layer_subject("PReLU", SHAPE))[0]


@keras.saving.register_keras_serializable("plain")
class Plain(keras.layers.Layer):
    """A layer as users of Keras write it: nothing of keras_acts."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return ops.tanh(inputs)


@pytest.mark.parametrize("layer", [Plain, keras.layers.ReLU, lambda **k: keras.layers.Activation("relu", **k)])
def test_a_layer_of_plain_keras_is_not_blamed_for_what_keras_does(layer):
    checks = [layer_files.check_quantization, layer_files.check_registered, layer_files.check_config]
    checks += [layer_calls.check_integers, layer_calls.check_mask]
    subject = layer_subject(layer, SHAPE)
    assert not [finding for check in checks for finding in findings_of(check, subject)]


def test_a_fused_layer_whose_unit_has_weights_passes():
    unit = keras_acts.layers.GLU(keras_acts.layers.Swish(beta_initializer=1.3))
    subject = layer_subject(keras_acts.layers.GatedDense(4, unit), SHAPE)
    for check in (layer_values.check_half_precision, layer_values.check_gradients, layer_files.check_quantization):
        assert not findings_of(check, subject)


@pytest.mark.parametrize(("given", "words"), [(5, "Received: 5 of type int"), (lambda: 5, "It made: 5")])
def test_what_is_no_layer_is_named(given, words):
    with pytest.raises(TypeError, match=words):
        check_layer(given)


def test_all_findings_are_told_at_once_and_a_check_can_be_left_out():
    class Both(WrongShape, TakesIntegers):
        pass

    keras.saving.register_keras_serializable("mutants")(Both)
    slow = ["check_modes", "check_saved_files", "check_half_precision", "check_gradients"]
    with pytest.raises(AssertionError, match=r"(?s)check_output_shape: .*\ncheck_integers: "):
        check_layer(Both, skip=slow)
    with pytest.raises(ValueError, match=r"`skip` must hold names of checks: .* Received: \['check_speed'\]"):
        check_layer(Good, skip=["check_speed"])
