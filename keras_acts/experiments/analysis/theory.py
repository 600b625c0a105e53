"""What the theory of wide random networks predicts for the gradients of a network before training."""

import inspect
import math
from dataclasses import dataclass

import numpy as np

from keras_acts.analysis import moments
from keras_acts.analysis.elementwise import Elementwise, as_function
from keras_acts.analysis.fixed_points import statistics
from keras_acts.core import spec
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.task import networks

__all__ = ["Start", "kernel_gradients", "predicted", "start"]

_DENSE = ("mlp", "deep_mlp", "nielsen")


@dataclass(frozen=True)
class Start:
    """How a network of equally wide dense layers starts.

    Attributes:
        layers: number of hidden layers.
        weight_variance: inputs times the variance of each weight.
        bias_variance: variance of each bias.
    """

    layers: int
    weight_variance: float
    bias_variance: float = 0.0


def start(model: str, activation: str, *, paired: bool) -> Start | None:
    """How a network of `networks.NETWORKS` starts; None for those that the theory does not describe.

    Raises:
        ValueError: for an unknown activation, or one without finite moments.
    """
    name, _, options = spec.parse(model)
    if name not in _DENSE or "widths" in options:
        return None
    defaults = inspect.signature(networks.NETWORKS[name]).parameters
    layers = int(options.get("depth", defaults["depth"].default))
    if name == "nielsen":
        return Start(layers, 1.0, 1.0)
    if not paired:
        return Start(layers, 1.0)  # Keras' default between layers of one width
    found = statistics(activation)
    if layers >= networks.DEEP and found.critical is not None:
        return Start(layers, found.critical.weight_variance, found.critical.bias_variance)
    return Start(layers, found.gain**2)


def kernel_gradients(activation: str, start: Start) -> np.ndarray:
    """Relative gradient norms of the kernels of a dense network of equally wide layers, before training.

    The variance of pre-activations q goes forwards by q -> C_b + C_W E f(sqrt(q) z)^2, from 1 in the first layer; that
    of gradients goes backwards by C_W E f'(sqrt(q) z)^2. A kernel's gradient is the product of what comes in and what
    comes back. One value for all layers means that gradients neither vanish nor explode.

    Args:
        activation: name or spec string, elementwise.
        start: the network, with the variances C_W and C_b of its weights and biases.

    Returns:
        One positive number for each hidden layer but the first, whose input is data: shape (layers - 1,). The last one
        is 1.

    Raises:
        ValueError: for an unknown activation, or one without finite moments.

    Example:
        >>> kernel_gradients("relu", Start(layers=5, weight_variance=2.0)).round(6).tolist()
        [1.0, 1.0, 1.0, 1.0]
        >>> kernel_gradients("sigmoid", Start(4, weight_variance=1.0, bias_variance=1.0)).round(3).tolist()
        [0.041, 0.205, 1.0]

    Reference:
        arXiv:1611.01232, Deep Information Propagation.
    """
    power = start.weight_variance
    measured = Elementwise(as_function(activation))
    variances = [1.0]
    for _ in range(start.layers - 1):
        variances.append(start.bias_variance + power * moments.value_moments(measured, variance=variances[-1])[1])
    incoming = np.array([moments.value_moments(measured, variance=variance)[1] for variance in variances[:-1]])
    growth = np.array([power * moments.derivative_second_moment(measured, variance) for variance in variances[1:]])
    # The gradient with respect to the pre-activations of a layer has passed its own activation and all later ones.
    backwards = np.cumprod(growth[::-1])[::-1]
    norms = np.sqrt(incoming * backwards)
    return norms / norms[-1]


def predicted(task: Task) -> dict[str, np.ndarray]:
    """Gradient norms of each layer before training, by activation, where the theory describes network and activation.

    They are scaled to the geometric mean of what was measured; NaN for the first and the last layer.
    """
    measured = task.each(lambda entry: np.median(entry.layers("gradient_start"), axis=0))
    found = {label: _through(norms[1:-1], label, task) for label, norms in measured.items()}
    return {label: np.pad(norms, 1, constant_values=math.nan) for label, norms in found.items() if norms is not None}


def _through(norms: np.ndarray, activation: str, task: Task) -> np.ndarray | None:
    """The theory's line through the norms of the hidden layers but the first."""
    try:
        found = start(task.model, activation, paired=task.paired)
        if found is None or found.layers < 3 or not (norms > 0.0).all():
            return None
        relative = kernel_gradients(activation, found)
    except (ValueError, TypeError):  # an activation over an axis, or without finite moments
        return None
    return relative * np.exp(np.mean(np.log(norms) - np.log(relative)))
