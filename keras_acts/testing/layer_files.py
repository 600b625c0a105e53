"""The checks of what is kept of a layer: config, weights, files, and what quantization makes of it."""

import json
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_acts.core import keras_bridge
from keras_acts.core.params import constructor_arguments
from keras_acts.layers.as_activation_argument import Guarded
from keras_acts.testing.findings import Findings, not_close
from keras_acts.testing.layer_subject import LayerSubject


def check_config(subject: LayerSubject) -> Findings:
    """The config is JSON, holds all arguments, and gives a layer with the same config; so does `clone_model`."""
    layer = subject.make()
    config = layer.get_config()
    findings = [
        f"get_config lacks the argument `{name}`"
        for name, parameter in sorted(constructor_arguments(type(layer)).items())
        if parameter.kind is not parameter.VAR_KEYWORD
        and name not in config
        and getattr(layer, name, parameter) is not parameter.default  # Keras leaves some out that have it
    ]
    if json.loads(json.dumps(config)) != config:
        findings.append(f"get_config does not come back from JSON as it is: {config}")
    if type(layer).from_config(config).get_config() != config:
        findings.append("from_config gives a layer with another config")
    clone = keras.models.clone_model(subject.model(layer)).layers[0]
    if clone is layer or clone.get_config() != layer.get_config():
        findings.append("clone_model gives a layer with another config")
    return findings


def check_registered(subject: LayerSubject) -> Findings:
    """Keras finds the class of a serialized layer by its registered name; the new layer has the same config."""
    layer = subject.make()
    name = keras.saving.get_registered_name(type(layer))
    of_keras = type(layer).__module__.startswith("keras.")
    if not of_keras and keras.saving.get_registered_object(name) is not type(layer):
        return ["the class is not registered: decorate it with @keras.saving.register_keras_serializable(package=...)"]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    same = again is not layer and again.get_config() == layer.get_config()
    return [] if same else ["the layer comes back from its serialized form with another config"]


def check_saved_files(subject: LayerSubject) -> Findings:
    """`.keras`, `.h5` and weight files bring back the same outputs; weights load into a model that was never called."""
    model, x = subject.model(subject.built()), subject.x()
    expected = np.asarray(model(x))
    fresh = subject.model(subject.make())
    found = {kind: _reloaded(model, kind) for kind in ("model.keras", "model.h5")}
    with tempfile.TemporaryDirectory() as folder:
        model.save_weights(Path(folder) / "model.weights.h5")
        fresh.load_weights(Path(folder) / "model.weights.h5")
    found["model.weights.h5"] = fresh
    return [
        f"{kind} brings back a model with other outputs"
        for kind, other in found.items()
        if not np.array_equal(other(x), expected)
    ]


def _reloaded(model: keras.Model, name: str) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / name)
        return keras.models.load_model(Path(folder) / name, compile=False)


def check_count_of_weights(subject: LayerSubject) -> Findings:
    """A model with an Input counts all weights before its first call; a layer that says it is built has them."""
    layer = subject.make()
    at_once = layer.count_params() if layer.built else None
    model = subject.model(layer)
    before = model.count_params()
    model(subject.x())
    after = sum(int(np.prod(weight.shape)) for weight in layer.weights)
    counts = {"when made": at_once, "before the first call": before, "after it": model.count_params()}
    return [
        f"{count} weights are counted {when}, there are {after}"
        for when, count in counts.items()
        if count not in (None, after)
    ]


def check_quantization(subject: LayerSubject) -> Findings:
    """`model.quantize` says nothing about the layer, leaves it as it is, but for its own product, and it can be saved.

    What Keras says of layers that do not know of quantization is a finding for those of keras_acts only.
    """
    layer = subject.built()
    model, x = subject.model(layer), subject.x()
    before = model(x)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize("int8")
    told = [str(warning.message) for warning in caught] if isinstance(layer, Guarded) else []
    findings = [text for text in told if layer.name in text or type(layer).__name__ in text]
    product = isinstance(layer, keras.layers.Dense)
    findings += not_close("the output of the quantized model", model(x), before, 0.1 if product else 0.0)
    if any(isinstance(part, keras.layers.Dense) for part in (layer, *keras_bridge.sublayers(layer))):
        findings += _lost_when_quantized(subject)
    return findings


def _lost_when_quantized(subject: LayerSubject) -> Findings:
    findings = []
    for mode in ("int8", "int4", "float8"):
        try:
            keras.dtype_policies.get(f"{mode}_from_float32")
        except ValueError:  # int4 before Keras 3.11
            continue
        model, x = subject.model(subject.built()), subject.x()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.quantize(mode)
            loaded = _reloaded(model, "model.keras")
        findings += not_close(f"the output of the {mode} model from its file", loaded(x), model(x), 1e-6)
    return findings
