"""A model run on data: what each layer gives, where units no longer react, and the gradients of the kernels."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_acts.analysis import gradients as derivatives_of
from keras_acts.core import keras_bridge, places
from keras_acts.inspection.checking import functions, graph

__all__ = ["Run", "Seen", "drawn_inputs", "run"]

SAMPLES = 256
NUMBERS = 200_000  # in all drawn samples, but at least 4 of them
UNKNOWN_SIZE = 32


@dataclass
class Seen:
    """What one layer, or the activation at its end, did in a run.

    Attributes:
        layer: the layer.
        path: its path in the model.
        is_activation: whether this is about an activation, fused or a layer of its own.
        finite_in: whether all inputs were finite.
        finite_out: whether all outputs were.
        spread_in: the deviation over the samples of an input number, root mean square over all of them.
        spread_out: likewise, of outputs.
        largest_in: the largest `|input|`.
        feature_rms: the largest root mean square of an input feature.
        constant_units: the share of output units that give the same for all samples and positions.
        dead: the share of units whose slope is 0 for all samples; of activations, as the next.
        saturated: the share of numbers where a saturating activation is flat.
        bad_slope: whether the activation's slope was not finite somewhere.
        rows: samples times positions.
        units: the size of the last axis.
        statistics: of a BatchNormalization, mean and variance of its inputs.
    """

    layer: Any
    path: str
    is_activation: bool
    finite_in: bool
    finite_out: bool
    spread_in: float
    spread_out: float
    largest_in: float
    feature_rms: float
    constant_units: float
    rows: int
    units: int
    dead: float = 0.0
    saturated: float = 0.0
    bad_slope: bool = False
    statistics: tuple[np.ndarray, np.ndarray] | None = None


@dataclass
class Run:
    """All that was seen in one run, in order, the outputs, and the gradients.

    Attributes:
        seen: an entry for each call.
        outputs: of the model.
        gradients: for each trainable variable, that of the loss, or of a random sum of the outputs.
        is_drawn: whether the inputs were drawn.
    """

    seen: list[Seen] = field(default_factory=list)
    outputs: list[np.ndarray] = field(default_factory=list)
    gradients: list[tuple[Any, np.ndarray]] = field(default_factory=list)
    is_drawn: bool = False

    def with_kernels(self) -> list[Seen]:
        """Those of layers with weights for sums, in order."""
        return [each for each in self.seen if isinstance(each.layer, graph.WEIGHTS) and not each.is_activation]


def drawn_inputs(model: keras.Model, steps: graph.Graph | None) -> Any:
    """Inputs of mean 0 and variance 1 as the first layers with weights meet them; None where they cannot be known."""
    tensors = getattr(model, "inputs", None)
    if steps is None or not tensors:
        return None
    generator = np.random.default_rng(0)
    numbers = max(int(np.prod([size or UNKNOWN_SIZE for size in tensor.shape[1:]])) for tensor in tensors)
    samples = int(np.clip(NUMBERS // max(numbers, 1), 4, 64))
    found = []
    for node in steps.nodes[: len(tensors)]:
        shape = (node.shape[0] or samples, *(size or UNKNOWN_SIZE for size in node.shape[1:]))
        drawn = _drawn_for(node, shape, generator)
        if drawn is None:
            return None
        found.append(drawn)
    return keras_bridge.like_inputs(keras_bridge.graph_of(model), found)


def _drawn_for(node: graph.Node, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray | None:
    dtype = str(node.layer.dtype)
    users = [graph.unwrapped(each.layer) for each in node.after("move")]
    tables = [layer.input_dim for layer in users if isinstance(layer, layers.Embedding)]
    if tables:
        return generator.integers(0, min(tables), shape).astype(dtype)
    if "float" not in dtype:
        return None
    values = generator.normal(size=shape)
    for layer in users[:1]:
        with contextlib.suppress(Exception):  # statistics of another shape
            if isinstance(layer, layers.Rescaling):
                values = (values - np.asarray(layer.offset)) / np.asarray(layer.scale)
            if isinstance(layer, layers.Normalization) and not layer.invert:
                mean, variance = (ops.convert_to_numpy(each) for each in (layer.mean, layer.variance))
                values = values * np.sqrt(variance) + mean
    return values.astype(dtype)


# ---- Running ---------------------------------------------------------------------------------------------------------


def run(
    model: keras.Model, x: Any, measured: functions.Measured, loss: Callable[[list[Any]], Any] | None = None
) -> Run:
    """Run a model with batch statistics and without dropout, and take gradients; the model is the same afterwards.

    Args:
        model: a built model.
        x: its inputs, as arrays.
        measured: what its activations do.
        loss: from the flat outputs to a scalar; by default a random sum.
    """
    found = Run()
    inputs = keras.tree.map_structure(ops.convert_to_tensor, x)
    watched = [place for place in places.activations_of(model) if not _is_recurrent_cell(place.layer)]
    recorder = _Recorder(found.seen, measured, {place: place.activation for place in watched})
    with contextlib.ExitStack() as stack:
        stack.enter_context(keras.StatelessScope())  # batch statistics leave the moving ones alone
        stack.enter_context(places.intercepted(model, watched, recorder.of_activation))
        stack.enter_context(_watched(model, recorder, {id(place.layer) for place in watched if not place.attribute}))
        found.gradients = _gradients(model, inputs, lambda outputs: _total(outputs, loss, found, recorder))
    return found


def _total(outputs: list[Any], loss: Callable[[list[Any]], Any] | None, found: Run, recorder: "_Recorder") -> Any:
    """A scalar of the outputs, which are written down the first time."""
    if recorder.on:
        found.outputs, recorder.on = [_array(output) for output in outputs], False
    if loss is not None:
        with contextlib.suppress(Exception):  # targets that the loss refuses, which a rule tells of
            return loss(outputs)
    return _random_sum(found.outputs)(outputs)


def _random_sum(outputs: list[np.ndarray]) -> Callable[[list[Any]], Any]:
    generator = np.random.default_rng(1)
    weights = [generator.normal(size=np.shape(each)) / max(np.size(each), 1) ** 0.5 for each in outputs]

    def total(tensors: list[Any]) -> Any:
        constants = [ops.convert_to_tensor(weight, "float32") for weight in weights]
        return sum(ops.sum(ops.cast(t, "float32") * w) for t, w in zip(tensors, constants, strict=True))

    return total


@dataclass
class _Recorder:
    """Writes down calls while it is on."""

    seen: list[Seen]
    measured: functions.Measured
    activations: dict[places.Place, Any]  # as they are outside
    on: bool = True

    def of_activation(self, place: places.Place, activation: Callable[..., Any], z: Any) -> Any:
        """The output of an activation, written down."""
        output = activation(z)
        self.look(place.layer, place.path, self.activations[place], z, output)
        return output

    def look(self, layer: keras.Layer, path: str, activation: Any, inputs: Any, output: Any) -> None:
        """Write down one call, of an activation if one is given."""
        if self.on:
            self.on = False  # a look calls the activation again
            with contextlib.suppress(Exception):  # inside of a loop of the backend there are no numbers
                self.seen.append(_look(layer, path, activation, self.measured, inputs, output))
            self.on = True


@contextlib.contextmanager
def _watched(model: keras.Model, recorder: _Recorder, activations: set[int]) -> Iterator[None]:
    """Inside, calls of layers that are no activations are written down; BatchNormalization takes the batch's mean."""
    changed = []

    def watched(layer: keras.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        def and_look(*args: Any, **kwargs: Any) -> Any:
            if isinstance(layer, layers.BatchNormalization) and layer.trainable:
                kwargs["training"] = True
            output = call(*args, **kwargs)
            recorder.look(layer, layer.path, None, (args, kwargs), output)
            return output

        return and_look

    try:
        for layer in keras_bridge.sublayers(model, recursive=True):
            if id(layer) not in activations and not isinstance(layer, keras.Model) and not _is_recurrent_cell(layer):
                vars(layer)["call"] = watched(layer, layer.call)
                changed.append(layer)
        yield
    finally:
        for layer in changed:
            del vars(layer)["call"]


def _is_recurrent_cell(layer: Any) -> bool:
    return hasattr(layer, "state_size")


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(ops.cast(tensor, "float32") if _is_float(tensor) else tensor))


def _is_float(tensor: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(tensor.dtype)


def _look(layer: Any, path: str, activation: Any, measured: functions.Measured, inputs: Any, output: Any) -> Seen:
    arrays = [_array(each) for each in keras.tree.flatten(inputs) if hasattr(each, "dtype") and _is_float(each)]
    outs = [_array(each) for each in keras.tree.flatten(output) if _is_float(each)]
    first, last = (arrays or [np.zeros((1, 1))])[0], (outs or [np.zeros((1, 1))])[0]
    by_unit = _by_unit(layer, last)
    with np.errstate(all="ignore"):
        found = Seen(
            layer,
            path or layer.name,
            activation is not None,
            finite_in=all(np.isfinite(each).all() for each in arrays),
            finite_out=all(np.isfinite(each).all() for each in outs),
            spread_in=_spread(first),
            spread_out=_spread(last),
            largest_in=float(np.abs(first).max(initial=0.0)),
            feature_rms=float(np.sqrt(np.square(_by_unit(layer, first), dtype="float64").mean(0)).max(initial=0.0)),
            constant_units=float(np.mean(np.ptp(by_unit, axis=0) == 0.0)),
            rows=by_unit.shape[0],
            units=by_unit.shape[1],
        )
        does = None if activation is None else measured(activation)
        if does is not None and does.slopes is not None and not does.never_passes_gradients:
            z = ops.convert_to_tensor(keras.tree.flatten(inputs)[0])
            slopes = np.abs(_array(derivatives_of.derivatives(activation, z, 1)[1]))
            found.bad_slope = not np.isfinite(slopes).all()
            found.dead = float(np.mean(_by_unit(layer, slopes).max(0) < 1e-4 * does.largest_slope))
            found.saturated = float(np.mean(slopes < 0.02 * does.largest_slope)) if does.saturates else 0.0
        if isinstance(layer, layers.BatchNormalization):
            axes = tuple(axis for axis in range(first.ndim) if axis != layer.axis % first.ndim)
            found.statistics = (first.mean(axes), first.var(axes))
    return found


def _by_unit(layer: Any, values: np.ndarray) -> np.ndarray:
    """As rows over samples and positions."""
    values = np.asarray(values)
    if getattr(layer, "data_format", None) == "channels_first" and values.ndim > 2:
        values = np.moveaxis(values, 1, -1)
    return values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(-1, 1)


def _spread(values: np.ndarray) -> float:
    return float(np.sqrt(np.var(values, axis=0, dtype="float64").mean()))


# ---- Gradients -------------------------------------------------------------------------------------------------------


def _gradients(model: keras.Model, x: Any, total: Callable[[list[Any]], Any]) -> list[tuple[Any, np.ndarray]]:
    """Of each trainable variable, in one run where the backend can; the first run is eager."""
    variables = model.trainable_variables
    values = [variable.value for variable in variables]

    def run() -> Any:
        return total(keras.tree.flatten(model(x, training=False)))

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = run()
        found = tape.gradient(value, values)
    elif backend == "jax":
        import jax

        run()

        def of_values(trainable: Any) -> Any:
            with keras.StatelessScope(list(zip(variables, trainable, strict=True))):
                return run()

        found = jax.grad(of_values)(values)
    else:
        import torch

        value = run()
        found = torch.autograd.grad(value, values, allow_unused=True) if value.requires_grad else [None] * len(values)
    return [
        (variable, np.zeros(variable.shape) if each is None else _array(ops.convert_to_tensor(each)))
        for variable, each in zip(variables, found, strict=True)
    ]
