"""Signals and gradients through a deep network before training: predicted for infinite width, and measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from keras_acts.analysis import elementwise
from keras_acts.analysis.criticality import VARIANCES, VarianceTable
from keras_acts.analysis.elementwise import Activation, Elementwise
from keras_acts.core import keras_bridge, params
from keras_acts.core import operations as ops

__all__ = ["Propagation", "propagate"]


@dataclass(frozen=True)
class Propagation:
    """Variances by layer. What is measured has a row for each network.

    Attributes:
        name: of the activation.
        predicted_variance: of the pre-activations of each layer, for inputs from N(0, 1).
        measured_variance: the same of networks of finite width, of shape (networks, depth).
        predicted_gradient: mean square of the gradient by the pre-activations of each layer, 1 in the last.
        measured_gradient: the same of those networks.
    """

    name: str
    predicted_variance: np.ndarray
    measured_variance: np.ndarray
    predicted_gradient: np.ndarray
    measured_gradient: np.ndarray

    def __repr__(self) -> str:
        depth = len(self.predicted_variance)
        rows = [("variance of signals", 0, -1, self.predicted_variance, self.measured_variance)]
        rows += [("variance of gradients", -1, 0, self.predicted_gradient, self.measured_gradient)]
        lines = [f"Propagation of {self.name} through {depth} layers"]
        for what, start, end, predicted, measured in rows:
            with np.errstate(all="ignore"):
                (expected,), found = predicted[[end]] / predicted[start], measured[:, end] / measured[:, start]
            lines.append(f"  {what}: times {expected:.3g} predicted, {found.min():.3g} to {found.max():.3g} measured")
        return "\n".join(lines)


def propagate(
    activation: Activation,
    depth: int = 30,
    kwargs: Mapping[str, Any] = MappingProxyType({}),
    *,
    width: int = 256,
    batch: int = 32,
    networks: int = 3,
    seed: int = 0,
) -> Propagation:
    """What a stack of Dense layers does to signals and gradients before training: predicted and measured.

    q <- C_b + C_W E f(sqrt(q) z)^2 from layer to layer, and gradients times C_W E f'(sqrt(q) z)^2 on the way back.

    A variance that ends far from where it began, or gradients that vanish or explode, are seen here in seconds.

    Args:
        activation: a name, a spec string, a callable of one float tensor, or an activation layer such as PReLU.
        depth: how many layers, an int >= 1.
        kwargs: of each Dense layer, such as `keras_acts.paired("gelu", deep=True)`; Keras' own defaults without. An
            "activation" among them is passed over for the one above.
        width: units of each layer, an int >= 2.
        batch: samples, drawn from N(0, 1), an int >= 1.
        networks: how many are drawn, an int >= 1.
        seed: of inputs and weights.

    Returns:
        A `Propagation`, which `keras_acts.plots.draw_propagation` draws.

    Raises:
        ValueError: for an unknown name or argument, an activation over an axis, or a number out of range.
        TypeError: for something that is no activation, or has no derivative.

    Example:
        >>> found = propagate("gelu", 30)
        >>> bool(found.measured_variance[:, -1].max() < 1e-6)
        True
    """
    measured = Elementwise(activation)
    limits = {"depth": (depth, 1), "width": (width, 2), "batch": (batch, 1), "networks": (networks, 1)}
    for name, (value, low) in limits.items():
        params.integer(name, value, "propagate", low=low)
    if "units" in kwargs:
        raise ValueError(f"`kwargs` of propagate must leave the units to `width`. Received: units={kwargs['units']!r}")
    rng = np.random.default_rng(params.integer("seed", seed, "propagate", low=0))
    layers = _drawn(kwargs, networks * depth, width, seed)
    weight_variance = width * float(np.mean([np.mean(kernel * kernel) for kernel, _ in layers]))
    bias_variance = float(np.mean([np.mean(bias * bias) for _, bias in layers]))
    with np.errstate(all="ignore"):  # what explodes is seen in the result
        variance, gradient = zip(
            *(
                _through(measured, layers[start : start + depth], rng.normal(size=(batch, width)), rng)
                for start in range(0, len(layers), depth)
            ),
            strict=True,
        )
        predicted = _predicted(measured, depth, weight_variance, bias_variance)
    return Propagation(measured.name, predicted[0], np.array(variance), predicted[1], np.array(gradient))


def _drawn(kwargs: Mapping[str, Any], depth: int, width: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of each layer, the same for the same seed and without a trace in global seeds."""
    found = []
    with keras_bridge.float64(), elementwise.seeded(seed):
        for _ in range(depth):
            given = {name: _anew(value) for name, value in kwargs.items()}
            layer = keras.layers.Dense(width, **{**given, "activation": None, "dtype": "float64"})
            layer.build((None, width))
            bias = np.zeros(width) if layer.bias is None else ops.convert_to_numpy(layer.bias)
            found.append((ops.convert_to_numpy(layer.kernel), bias))
    return found


def _anew(value: Any) -> Any:
    """An initializer that draws other numbers than the one given, unless that was given a seed."""
    is_initializer = isinstance(value, keras.initializers.Initializer)
    return type(value).from_config(value.get_config()) if is_initializer else value


def _through(
    measured: Elementwise, layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mean squares of pre-activations and of gradients by them, in each layer."""
    signals, slopes = [], []
    for kernel, bias in layers:
        z = x @ kernel + bias
        value, slope = elementwise.evaluate(measured.function, z.ravel(), 1)
        signals.append(np.mean(z * z))
        slopes.append(slope.reshape(z.shape))
        x = value.reshape(z.shape)
    back = rng.normal(size=x.shape)
    gradients = [np.mean(back * back)]
    for (kernel, _), slope in zip(layers[:0:-1], slopes[-2::-1], strict=True):
        back = back @ kernel.T * slope
        gradients.append(np.mean(back * back))
    return np.array(signals), np.array(gradients[::-1]) / gradients[0]


def _predicted(
    measured: Elementwise, depth: int, weight_variance: float, bias_variance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same for layers of infinite width. Beyond the ends of the table f counts as scale-free."""
    table = VarianceTable(measured)
    signals, factors = [bias_variance + weight_variance], []
    for _ in range(depth - 1):
        inside = np.clip(signals[-1], VARIANCES[0], VARIANCES[-1])
        second, gradient, _ = (float(each[0]) for each in table.moments(np.array([inside])))
        signals.append(bias_variance + weight_variance * second * (signals[-1] / inside))
        factors.append(weight_variance * gradient)
    return np.array(signals), np.cumprod([1.0, *factors[::-1]])[::-1]
