"""Diagnostics of the layers of a network: gradient norms, and units that no longer react."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_acts.experiments.runs.records import LayerRecord
from keras_acts.inspection.measuring import flat_shares


class _Place(NamedTuple):
    """A layer with a kernel, and the layer that applies the activation to its outputs (itself, if fused), if any."""

    name: str
    layer: keras.Layer
    activation: keras.Layer | None


class Probe:
    """Measures every layer of a network that has a kernel, over one batch.

    Args:
        model: a network.
        activations: the functions and layers in it that are the activation under comparison.
        losses: gives the loss of each sample for outputs of the network and y.
    """

    def __init__(self, model: keras.Model, activations: Sequence[Any], losses: Callable[[Any, Any], Any]) -> None:
        self._places = _places(model, activations)
        self._losses = losses
        self._observed = _observed(model, self._places)
        if self._observed is model:
            self._places = [place._replace(activation=None) for place in self._places]
        self._compiled = tf.function(self._look, autograph=False)

    def look(self, x: Any, y: Any) -> np.ndarray:
        """A row for each layer: kernel gradient, dead share, saturated share, bias gradient; NaN if there is none."""
        return self._compiled(x, y).numpy()

    def records(self, before: np.ndarray, after: np.ndarray) -> tuple[LayerRecord, ...]:
        """Two looks as records."""
        return tuple(
            LayerRecord(
                place.name,
                gradient_start=float(start[0]),
                gradient_end=float(end[0]),
                dead_start=_number(start[1]),
                dead_end=_number(end[1]),
                saturated_start=_number(start[2]),
                saturated_end=_number(end[2]),
                bias_gradient_start=_number(start[3]),
            )
            for place, start, end in zip(self._places, before, after, strict=True)
        )

    def _look(self, x: Any, y: Any) -> Any:
        if not self._places:
            return tf.zeros((0, 4))
        weights = [(place.layer.kernel, _variable(place.layer, "bias")) for place in self._places]
        with tf.GradientTape() as tape:
            outputs, *inputs = keras.tree.flatten(self._observed(x, training=False))  # one tensor comes bare
            loss = tf.reduce_mean(self._losses(outputs, y))
        values = [[None if weight is None else weight.value for weight in pair] for pair in weights]
        gradients = tape.gradient(loss, values, unconnected_gradients="zero")
        norms = [[tf.constant(np.nan) if each is None else tf.norm(each) for each in pair] for pair in gradients]
        measured = zip(norms, self._shares(inputs), strict=True)
        return tf.stack([tf.stack([kernel, *shares, bias]) for (kernel, bias), shares in measured])

    def _shares(self, inputs: list[Any]) -> list[tuple[Any, Any]]:
        nothing = (tf.constant(np.nan), tf.constant(np.nan))
        each = iter(inputs)
        return [
            nothing if place.activation is None else _flat_shares(place.layer, place.activation, next(each))
            for place in self._places
        ]


def _flat_shares(layer: keras.Layer, activation: keras.Layer, inputs: Any) -> tuple[Any, Any]:
    """Shares of the units (last axis) whose derivative is near 0 for all samples, and for nearly all."""
    function: Any = activation
    if activation is layer:  # fused: from the input of the layer to the input of its activation
        inputs, function = _without_activation(layer, inputs), layer.activation
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = function(inputs, training=False) if isinstance(function, keras.Layer) else function(inputs)
    derivative = tape.gradient(outputs, inputs, unconnected_gradients="zero")
    return flat_shares([derivative])


def _without_activation(layer: keras.Layer, inputs: Any) -> Any:
    activation, layer.activation = layer.activation, keras.activations.linear
    try:
        return layer(inputs)
    finally:
        layer.activation = activation


def _places(model: keras.Model, activations: Sequence[Any]) -> list[_Place]:
    """Layers with a kernel in the order of the model, each with the next activation after it."""

    def is_one(candidate: Any) -> bool:
        return any(candidate is activation for activation in activations)

    places: list[_Place] = []
    counts: dict[str, int] = {}
    for layer in model.layers:
        if is_one(layer) or (isinstance(layer, keras.layers.Activation) and is_one(layer.activation)):
            if places and places[-1].activation is None:
                places[-1] = places[-1]._replace(activation=layer)
        elif _variable(layer, "kernel") is not None and layer.trainable:
            kind = type(layer).__name__.lower()
            counts[kind] = counts.get(kind, 0) + 1
            fused = layer if is_one(getattr(layer, "activation", None)) else None
            places.append(_Place(f"{kind}_{counts[kind]}", layer, fused))
    return places


def _variable(layer: keras.Layer, name: str) -> Any:
    """A weight by its attribute; None where a layer of the user's own keeps something else under that name."""
    found = getattr(layer, name, None)
    return found if isinstance(found, keras.Variable) else None


def _observed(model: keras.Model, places: Sequence[_Place]) -> keras.Model:
    """The model, with what goes into each activation as further outputs; as it is if it is not a graph of layers."""
    activations = [place.activation for place in places if place.activation is not None]
    try:
        inputs = model.inputs if len(model.inputs) > 1 else model.inputs[0]  # x alone for a list: old Keras warns
        return keras.Model(inputs, [*model.outputs, *(layer.input for layer in activations)])
    except (AttributeError, ValueError):  # subclassed, or a layer in two places
        return model


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
