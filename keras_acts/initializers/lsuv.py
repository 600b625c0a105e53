"""Layer-sequential unit-variance initialization, from data."""

import math
import warnings
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
    act as in inference. Frozen layers, those with LoRA or quantized, those inside of activation layers and those that
    the model does not call are left alone. Kernel constraints hold, also where that leaves another variance. A warning
    names what is left alone, units that never fire, for which a scale can do nothing, and layers that end out of
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
        used = _measure(model, x, layers)
        unused = [layer for layer in layers if layer not in used]
        messages += [f"'{layer.path}' is left alone (not called in inference)" for layer in unused]
        if orthogonal:
            _draw_orthogonal([layer for layer in layers if layer in used], seed)
        for layer in used:
            _scale(model, x, layer, tolerance, max_iterations)
        measured = _measure(model, x, list(used))
    except Exception:
        for variable, value in zip(model.weights, before, strict=True):
            variable.assign(value)
        raise
    found = {layer.path: _variance(inputs) for layer, (inputs, _) in measured.items()}
    messages += [
        f"'{path}' ends with variance {each:.3g}" for path, each in found.items() if abs(each - 1.0) > tolerance
    ]
    messages += filter(None, (_never_firing(layer, outputs, orthogonal) for layer, (_, outputs) in measured.items()))
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
            how = "" if values.ndim else " Arrays do: np.asarray(rows), or next(iter(dataset))[0]."
            raise ValueError(f"`x` of lsuv must hold at least 2 samples.{how} Received: shape={values.shape}")
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
        if name is None:
            continue
        reasons = {
            "inside of an activation layer": id(layer) in of_activations,
            "quantized": getattr(layer, "quantization_mode", None) is not None,
            "LoRA": getattr(layer, "lora_enabled", False),
            "frozen": not layer.trainable or not getattr(getattr(layer, name), "trainable", True),
        }
        reason = next((reason for reason, holds in reasons.items() if holds), None)
        if reason is None:
            layers.append(layer)
        else:
            messages.append(f"'{layer.path}' is left alone ({reason})")
    return layers, messages


def _kernel_name(layer: keras.Layer) -> str | None:
    """The kernel that comes last before the activation. Recurrent cells, whose kernel feeds gates, have none here."""
    if hasattr(layer, "recurrent_kernel") or not hasattr(layer, "activation"):
        return None
    return next((name for name in ("pointwise_kernel", "kernel") if getattr(layer, name, None) is not None), None)


def _draw_orthogonal(layers: list[keras.Layer], seed: int) -> None:
    generator = keras.random.SeedGenerator(seed)
    for layer in layers:
        for name in ("depthwise_kernel", "pointwise_kernel", "kernel"):
            kernel = getattr(layer, name, None)
            if isinstance(kernel, keras.Variable):
                _assign(kernel, keras.initializers.Orthogonal(seed=generator)(kernel.shape, dtype=kernel.dtype))


def _assign(kernel: Any, value: Any) -> None:
    """Give a kernel what its constraint makes of the value, as an optimizer does."""
    kernel.assign(value if kernel.constraint is None else kernel.constraint(value))


def _scale(model: keras.Model, x: Any, layer: keras.Layer, tolerance: float, max_iterations: int) -> None:
    kernel = getattr(layer, str(_kernel_name(layer)))
    _assign(kernel, kernel.value)
    best, least = kernel.value, math.inf  # a layer that is called more than once may not settle
    for _ in range(max_iterations + 1):
        variance = _variance(_measure(model, x, [layer])[layer][0])
        if not 0.0 < variance < np.inf:
            raise ValueError(
                f"The pre-activations of '{layer.path}' must vary over the samples and be finite, to be scaled to "
                f"variance 1. Received: variance={variance}"
            )
        if abs(math.log(variance)) < least:
            best, least = ops.copy(kernel.value), abs(math.log(variance))
        if abs(variance - 1.0) <= tolerance:
            break
        _assign(kernel, kernel / variance**0.5)
    kernel.assign(best)


def _variance(inputs: np.ndarray) -> float:
    """Of the inputs of a unit, the mean over the units where they are not constant."""
    of_units = inputs.var(axis=0, dtype="float64")
    varying = of_units[~(of_units <= 1e-9 * of_units.max())]
    return float(varying.mean()) if len(varying) else 0.0


def _never_firing(layer: keras.Layer, outputs: np.ndarray, orthogonal: bool) -> str | None:
    """Which units give the same for all samples, unless with another seed others would."""
    bias = getattr(layer, "bias", None)
    constant = np.flatnonzero(np.ptp(outputs, axis=0) == 0.0)
    if len(constant) == 0 or (orthogonal and (bias is None or not ops.convert_to_numpy(bias).any())):
        return None
    some = ", ".join(map(str, constant[:8])) + (", ..." if len(constant) > 8 else "")
    return f"{len(constant)} of {outputs.shape[1]} units of '{layer.path}' never fire on `x`: {some}"


def _measure(model: keras.Model, x: Any, layers: list[keras.Layer]) -> dict[keras.Layer, list[np.ndarray]]:
    """Inputs and outputs of the activation of each layer, of shape (samples and positions, units), in order of use."""
    recorded: dict[keras.Layer, list[Any]] = {}  # a layer may be called more than once
    # Past `setattr`: torch refuses a function in place of a layer, which it keeps elsewhere.
    own = {layer: vars(layer)["activation"] for layer in layers if "activation" in vars(layer)}

    def recorder(layer: keras.Layer, activation: Any) -> Any:
        def record(z: Any) -> Any:
            output = z if activation is None else activation(z)
            recorded.setdefault(layer, []).append((_by_unit(layer, z), _by_unit(layer, output)))
            return output

        return record

    try:
        for layer in layers:
            vars(layer)["activation"] = recorder(layer, layer.activation)
        model(x, training=False)
    finally:
        for layer in layers:
            vars(layer).pop("activation", None)
        for layer, activation in own.items():
            vars(layer)["activation"] = activation
    return {layer: [np.concatenate(each) for each in zip(*calls, strict=True)] for layer, calls in recorded.items()}


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
