"""Layer-sequential unit-variance initialization, from data."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.core import keras_bridge, params

__all__ = ["lsuv"]


def lsuv(
    model: keras.Model, x: Any, tolerance: float = 0.1, max_iterations: int = 10, orthogonal: bool = True, seed: int = 0
) -> dict[str, float]:
    """Scale the kernels of a model, layer by layer, until its pre-activations on some data have variance 1.

    w <- w / sqrt(mean over units of Var(w * x + b)), from the first layer to the last

    The variance is that of each unit over samples and positions, whatever its bias. It needs no theory of the layers in
    between, such as pooling, sums of branches and normalisation, where gains do. The layers changed are those with a
    kernel and an `activation` argument: dense ones and convolutions (in separable ones, the pointwise kernel is
    scaled), those inside of attention layers included. Recurrent layers stay as they are, and normalisation and dropout
    act as in inference. Frozen layers, those with LoRA or quantized and those inside of activation layers are left
    alone. A warning names them, units that never fire, for which a scale can do nothing, and layers that end out of
    tolerance.

    Args:
        model: a built Sequential, Functional or subclassed model. Its weights are changed.
        x: a batch as the model takes it, some hundred samples of real, preprocessed data.
        tolerance: float > 0, by how much each variance may differ from 1.
        max_iterations: int >= 1, passes over the data for each layer at most.
        orthogonal: True to draw orthogonal kernels first, as in the paper; False to scale the kernels there are.
        seed: of the orthogonal kernels, an int.

    Returns:
        The variance of the pre-activations of each layer changed, the mean over its units that are not constant, by the
        layer's path, in the order of computation.

    Raises:
        ValueError: if the model is not built or has no such layer, if x has non-finite values or less than two samples,
            or if a pre-activation is constant or not finite. Whatever is raised, by the model too, no weight changes.

    Example:
        >>> hidden = [keras.layers.Dense(16, activation="tanh") for _ in range(3)]
        >>> model = keras.Sequential([keras.Input((4,)), *hidden])
        >>> variances = lsuv(model, np.random.default_rng(0).normal(size=(256, 4)))
        >>> all(abs(variance - 1.0) <= 0.1 for variance in variances.values())
        True

    Reference:
        arXiv:1511.06422, All you need is a good init.
    """
    _check(model, x, tolerance, max_iterations)
    layers, messages = _layers(model)
    if not layers and not messages:
        raise ValueError(f"`model` of lsuv must have a layer with a kernel and an activation. Received: {model!r}")
    before = [ops.copy(variable.value) for variable in model.weights]
    try:
        if orthogonal:
            _draw_orthogonal(layers, seed)
        in_order = list(_measure(model, x, layers))
        found = {layer.path: _scale(model, x, layer, tolerance, max_iterations) for layer in in_order}
        messages += _findings(_measure(model, x, layers), tolerance, orthogonal)
    except Exception:
        for variable, value in zip(model.weights, before, strict=True):
            variable.assign(value)
        raise
    if messages:
        warnings.warn("lsuv could not do everything: " + "; ".join(messages), stacklevel=2)
    return found


def _check(model: Any, x: Any, tolerance: float, max_iterations: int) -> None:
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError(
            f"`model` of lsuv must be a built keras.Model. Received: {model!r}. Give it a keras.Input, or call it once"
        )
    params.finite_number("tolerance", tolerance, "lsuv", low=0.0, exclusive=True)
    params.integer("max_iterations", max_iterations, "lsuv", low=1)
    for array in keras.tree.flatten(x):
        values = np.asarray(ops.convert_to_numpy(array))
        if values.ndim == 0 or len(values) < 2:
            raise ValueError(f"`x` of lsuv must hold at least 2 samples. Received: shape={values.shape}")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError("`x` of lsuv must be finite. Received: NaN or infinite values")


def _layers(model: keras.Model) -> tuple[list[keras.Layer], list[str]]:
    """The layers to scale, and a message for each that has a kernel and an activation but is left alone."""
    inside = keras_bridge.sublayers(model, recursive=True)
    hosts = [layer for layer in inside if hasattr(layer, "learnable_parameters")]
    hosts += [layer.activation for layer in inside if isinstance(getattr(layer, "activation", None), keras.Layer)]
    of_activations = {id(each) for host in hosts for each in keras_bridge.sublayers(host, recursive=True)}
    layers, messages = [], []
    for layer in inside:
        name = _kernel_name(layer)
        if name is None or not hasattr(layer, "activation"):
            continue
        if id(layer) in of_activations:
            reason = "inside of an activation layer"
        elif getattr(layer, "quantization_mode", None) is not None:
            reason = "quantized"
        elif getattr(layer, "lora_enabled", False):
            reason = "LoRA"
        elif not layer.trainable or not getattr(layer, name).trainable:
            reason = "frozen"
        else:
            layers.append(layer)
            continue
        messages.append(f"'{layer.path}' is left alone ({reason})")
    return layers, messages


def _kernel_name(layer: keras.Layer) -> str | None:
    """The kernel that comes last before the activation. Recurrent cells, whose kernel feeds gates, have none here."""
    if hasattr(layer, "recurrent_kernel"):
        return None
    return next((name for name in ("pointwise_kernel", "kernel") if getattr(layer, name, None) is not None), None)


def _draw_orthogonal(layers: list[keras.Layer], seed: int) -> None:
    generator = keras.random.SeedGenerator(seed)
    for layer in layers:
        for name in ("depthwise_kernel", "pointwise_kernel", "kernel"):
            kernel = getattr(layer, name, None)
            if isinstance(kernel, keras.Variable):
                kernel.assign(keras.initializers.Orthogonal(seed=generator)(kernel.shape, dtype=kernel.dtype))


def _scale(model: keras.Model, x: Any, layer: keras.Layer, tolerance: float, max_iterations: int) -> float:
    kernel = getattr(layer, str(_kernel_name(layer)))
    best = (math.inf, 0.0, kernel.value)  # a layer that is called more than once may not settle
    for _ in range(max_iterations + 1):
        variance = _measure(model, x, [layer])[layer].variance
        if not 0.0 < variance < np.inf:
            raise ValueError(
                f"The pre-activations of '{layer.path}' must vary over the samples and be finite, to be scaled to "
                f"variance 1. Received: variance={variance}"
            )
        best = min(best, (abs(math.log(variance)), variance, ops.copy(kernel.value)), key=lambda each: each[0])
        if abs(variance - 1.0) <= tolerance:
            break
        kernel.assign(kernel / variance**0.5)
    kernel.assign(best[2])
    return best[1]


@dataclass
class _Units:
    """What reaches the activation of a layer, and what leaves it: arrays of shape (samples and positions, units)."""

    inputs: list[np.ndarray] = field(default_factory=list)
    outputs: list[np.ndarray] = field(default_factory=list)

    @property
    def variance(self) -> float:
        """Of the inputs of a unit, the mean over those that are not constant."""
        of_units = np.concatenate(self.inputs).var(axis=0, dtype="float64")
        varying = of_units[~(of_units <= 1e-9 * of_units.max())]
        return float(varying.mean()) if len(varying) else 0.0

    @property
    def constant(self) -> np.ndarray:
        """Indices of the units whose output is the same for all samples."""
        return np.flatnonzero(np.ptp(np.concatenate(self.outputs), axis=0) == 0.0)


def _findings(measured: dict[keras.Layer, _Units], tolerance: float, orthogonal: bool) -> Iterator[str]:
    for layer, units in measured.items():
        if abs(units.variance - 1.0) > tolerance:
            yield f"'{layer.path}' ends with variance {units.variance:.3g}"
        bias = getattr(layer, "bias", None)
        fresh = orthogonal and (bias is None or not ops.convert_to_numpy(bias).any())  # another seed gives other units
        if len(units.constant) and not fresh:
            some = ", ".join(map(str, units.constant[:8])) + (", ..." if len(units.constant) > 8 else "")
            total = units.outputs[0].shape[1]
            yield f"{len(units.constant)} of {total} units of '{layer.path}' never fire on `x`: {some}"


def _measure(model: keras.Model, x: Any, layers: list[keras.Layer]) -> dict[keras.Layer, _Units]:
    """What passes the activation of each layer, in the order of computation."""
    with _recording(layers) as recorded:
        model(x, training=False)
    return recorded


@contextmanager
def _recording(layers: list[keras.Layer]) -> Iterator[dict[keras.Layer, _Units]]:
    """Inside of the block, the activation of each layer keeps what passes. A layer may be called more than once."""
    recorded: dict[keras.Layer, _Units] = {}
    activations = [layer.activation for layer in layers]

    def recorder(layer: keras.Layer, activation: Any) -> Any:
        def record(z: Any) -> Any:
            output = activation(z)
            units = recorded.setdefault(layer, _Units())
            units.inputs.append(_by_unit(layer, z))
            units.outputs.append(_by_unit(layer, output))
            return output

        return record

    try:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = recorder(layer, activation)
        yield recorded
    finally:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = activation


def _by_unit(layer: keras.Layer, values: Any) -> np.ndarray:
    """As an array of shape (samples and positions, units)."""
    array = ops.convert_to_numpy(ops.cast(values, "float32"))
    axes = [1 if getattr(layer, "data_format", None) == "channels_first" else -1]
    if isinstance(layer, keras.layers.EinsumDense):
        operands, output = layer.equation.split("->")
        kernel = operands.split(",")[1]
        axes = [place - len(output) for place, label in enumerate(output) if label in kernel]
    array = np.moveaxis(array, axes, range(-len(axes), 0))
    return array.reshape(-1, math.prod(array.shape[-len(axes) :]))
