"""Layer-sequential unit-variance initialization, from data."""

from collections.abc import Iterator
from contextlib import contextmanager
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

    w <- w / sqrt(Var(w * x + b)), from the first layer to the last

    It needs no theory of the layers in between, such as pooling, sums of branches and normalisation, where gains do.
    The layers changed are those with a kernel and an `activation` argument: dense ones and convolutions (in separable
    ones, the pointwise kernel is scaled), those inside of attention layers included. Recurrent layers stay as they are,
    and normalisation and dropout act as in inference.

    Args:
        model: a built Sequential, Functional or subclassed model. Its weights are changed.
        x: a batch as the model takes it, some hundred samples of real, preprocessed data.
        tolerance: float > 0, by how much each variance may differ from 1.
        max_iterations: int >= 1, passes over the data for each layer at most.
        orthogonal: True to draw orthogonal kernels first, as in the paper; False to scale the kernels there are.
        seed: of the orthogonal kernels, an int.

    Returns:
        The variance of the pre-activations of each layer changed, by the layer's path, in the order of computation.

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
    inside = keras_bridge.sublayers(model, recursive=True)
    layers = [layer for layer in inside if _kernel_name(layer) and hasattr(layer, "activation")]
    if not layers:
        raise ValueError(f"`model` of lsuv must have a layer with a kernel and an activation. Received: {model!r}")
    before = [ops.copy(variable.value) for variable in model.weights]
    try:
        if orthogonal:
            _draw_orthogonal(layers, seed)
        in_order = list(_variances(model, x, layers))
        return {layer.path: _scale(model, x, layer, tolerance, max_iterations) for layer in in_order}
    except Exception:
        for variable, value in zip(model.weights, before, strict=True):
            variable.assign(value)
        raise


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


def _kernel_name(layer: keras.Layer) -> str | None:
    """The kernel that comes last before the activation. Recurrent cells, whose kernel feeds gates, have none here."""
    if hasattr(layer, "recurrent_kernel"):
        return None
    for name in ("pointwise_kernel", "kernel"):
        if isinstance(getattr(layer, name, None), keras.Variable):
            return name
    return None


def _draw_orthogonal(layers: list[keras.Layer], seed: int) -> None:
    generator = keras.random.SeedGenerator(seed)
    for layer in layers:
        for name in ("depthwise_kernel", "pointwise_kernel", "kernel"):
            kernel = getattr(layer, name, None)
            if isinstance(kernel, keras.Variable):
                kernel.assign(keras.initializers.Orthogonal(seed=generator)(kernel.shape, dtype=kernel.dtype))


def _scale(model: keras.Model, x: Any, layer: keras.Layer, tolerance: float, max_iterations: int) -> float:
    kernel = getattr(layer, str(_kernel_name(layer)))
    for iteration in range(max_iterations + 1):
        variance = _variances(model, x, [layer])[layer]
        if abs(variance - 1.0) <= tolerance or iteration == max_iterations:
            break
        if not 0.0 < variance < np.inf:
            raise ValueError(
                f"The pre-activations of '{layer.path}' must vary over the samples and be finite, to be scaled to "
                f"variance 1. Received: variance={variance}"
            )
        kernel.assign(kernel / variance**0.5)
    return variance


def _variances(model: keras.Model, x: Any, layers: list[keras.Layer]) -> dict[keras.Layer, float]:
    """The variance of what reaches the activation of each layer, in the order of computation."""
    with _recording(layers) as recorded:
        model(x, training=False)
    return {layer: float(np.concatenate(values).var()) for layer, values in recorded.items()}


@contextmanager
def _recording(layers: list[keras.Layer]) -> Iterator[dict[keras.Layer, list[np.ndarray]]]:
    """Inside of the block, the activation of each layer also keeps its inputs. A layer may be called more than once."""
    recorded: dict[keras.Layer, list[np.ndarray]] = {}
    activations = [layer.activation for layer in layers]

    def recorder(layer: keras.Layer, activation: Any) -> Any:
        def record(z: Any) -> Any:
            recorded.setdefault(layer, []).append(ops.convert_to_numpy(ops.cast(z, "float32")).ravel())
            return activation(z)

        return record

    try:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = recorder(layer, activation)
        yield recorded
    finally:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = activation
