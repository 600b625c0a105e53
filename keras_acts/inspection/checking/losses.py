"""What the losses that a model is compiled with take, and what its outputs can give."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_acts.inspection.checking import graph

__all__ = ["ACTIVATION_NAMES", "Loss", "Reach", "of_model", "reach"]

# Operations of `keras.ops` that are activations, in the spelling of their classes.
ACTIVATION_NAMES = {name.replace("_", "") for name in dir(keras.activations) if not name.startswith("_")}


@dataclass(frozen=True)
class Loss:
    """A loss of Keras' own.

    Attributes:
        name: of its function, such as "binary_crossentropy".
        function: the loss, to be called with targets and outputs.
        from_logits: whether outputs are taken for logits.
        axis: along which the probabilities of a categorical loss sum to 1.
        ignored: a label that counts for nothing.
    """

    name: str
    function: Any
    from_logits: bool = False
    axis: int = -1
    ignored: int | None = None

    @property
    def is_categorical(self) -> bool:
        """Whether outputs are one distribution over classes."""
        return "categorical" in self.name and "hinge" not in self.name

    @property
    def is_sparse(self) -> bool:
        """Whether targets are the numbers of classes."""
        return self.name.startswith("sparse_")

    @property
    def is_divergence(self) -> bool:
        """Whether outputs and targets are distributions without being classes."""
        return self.name == "kl_divergence"

    @property
    def is_binary(self) -> bool:
        """Whether each output is a probability by itself."""
        return self.name in ("binary_crossentropy", "binary_focal_crossentropy", "dice", "tversky")

    @property
    def takes_probabilities(self) -> bool:
        """Whether outputs must lie in [0, 1]."""
        return not self.from_logits and (self.is_categorical or self.is_divergence or self.is_binary)

    @property
    def targets(self) -> tuple[float, float]:
        """What targets it is defined for."""
        if self.is_binary or (self.is_categorical and not self.is_sparse) or self.is_divergence:
            return (0.0, 1.0)
        least = {"poisson": 0.0, "mean_squared_logarithmic_error": 0.0}.get(self.name, -np.inf)
        return (least, np.inf)


def of_model(model: keras.Model) -> dict[int, Loss]:
    """The losses of a compiled model that are Keras' own, by the place of the output; others are not guessed at."""
    given, names = getattr(model, "loss", None), list(getattr(model, "output_names", []) or [])
    count = len(getattr(model, "outputs", None) or [None])
    if isinstance(given, dict):
        each = [given.get(name) for name in names] if names else list(given.values())[:1]
    elif isinstance(given, list | tuple):
        each = list(given)
    else:
        each = [given] * count
    found = {place: _known(loss) for place, loss in enumerate(each)}
    return {place: loss for place, loss in found.items() if loss is not None}


def _known(loss: Any) -> Loss | None:
    if loss is None:
        return None
    try:
        loss = keras.losses.get(loss)
    except (ValueError, TypeError):
        return None
    function = getattr(loss, "fn", loss)
    if not str(getattr(function, "__module__", "")).startswith("keras."):
        return None
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    axis = config.get("axis", -1)
    return Loss(
        function.__name__,
        loss,
        bool(config.get("from_logits")),
        -1 if axis is None else axis,
        config.get("ignore_class"),
    )


# ---- What an output can be -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """What the numbers of a step can be.

    Attributes:
        low: the smallest.
        high: the largest.
        axes: along which they sum to 1; empty where they do not.
        is_log: whether they are logarithms of numbers that do.
        by: the activation that says so, for texts.
    """

    low: float
    high: float
    axes: tuple[int, ...] = ()
    is_log: bool = False
    by: str = "no activation"

    def __str__(self) -> str:
        return f"[{self.low:.3g}, {self.high:.3g}]" if np.isfinite([self.low, self.high]).any() else "any number"


def reach(node: graph.Node) -> Reach | None:
    """What a step can give, for any inputs of the model and any weights; None where that is not known."""
    if node.kind in ("weights", "batchnorm", "normalization"):
        constraint = getattr(node.layer, "kernel_constraint", None)
        return None if constraint is not None else Reach(-np.inf, np.inf)
    before = [reach(each) for each in node.inputs]
    if node.kind == "recurrent":
        return _of_recurrent(node.layer)
    if None in before or not before:
        if node.kind == "activation" and node.does is not None:  # whatever comes in
            return _of_activation(node, Reach(-np.inf, np.inf))
        return None
    first: Reach = before[0]  # type: ignore[assignment]
    if node.kind == "activation":
        return None if node.does is None else _of_activation(node, first)
    if node.kind in ("move", "dropout", "pool"):
        keeps = node.shape[-1] == node.inputs[0].shape[-1] and (
            first.axes == (-1,) or len(node.shape) == len(node.inputs[0].shape)
        )
        return first if keeps or not first.axes else Reach(first.low, first.high, by=first.by)
    if node.kind == "scale" and node.does is not None:
        offset, slope = node.does.line
        ends = sorted(offset + slope * end for end in (first.low, first.high)) if slope else [offset, offset]
        return first if np.allclose((offset, slope), (0.0, 1.0)) else Reach(ends[0], ends[1], by=first.by)
    if node.kind == "merge":
        return _of_merge(node, before)  # type: ignore[arg-type]
    return None


def _of_activation(node: graph.Node, before: Reach) -> Reach:
    does = node.does
    assert does is not None
    if does.values is None:
        low, high = does.range
        axis = getattr(node.activation, "axis", getattr(node.activation, "params", {}).get("axis", -1))
        axes = tuple(axis) if isinstance(axis, list | tuple) else (-1 if axis is None else axis,)
        rank = len(node.shape)
        return Reach(
            low,
            high,
            tuple(each % rank - rank for each in axes) if does.is_distribution else (),
            does.is_log,
            does.name,
        )
    low, high = does.image(before.low, before.high)
    return Reach(low, high, by=does.name)


def _of_recurrent(layer: Any) -> Reach | None:
    layer = getattr(layer, "forward_layer", layer)
    activation = getattr(layer, "activation", None)
    cells = (layers.SimpleRNN, layers.LSTM, layers.GRU)
    if activation is not keras.activations.tanh or not isinstance(layer, cells):
        return None
    return Reach(-1.0, 1.0, by=f"tanh of {type(layer).__name__}")


def _of_merge(node: graph.Node, before: list[Reach]) -> Reach | None:
    kind = type(node.layer).__name__
    by = before[0].by
    lows, highs = [each.low for each in before], [each.high for each in before]
    if kind == "Add":
        return Reach(sum(lows), sum(highs), by=by)
    if kind == "Average" and len({each.axes for each in before}) == 1:
        return Reach(min(lows), max(highs), before[0].axes, by=by)
    if kind in ("Concatenate", "Maximum", "Minimum", "Average"):
        return Reach(min(lows), max(highs), by=by)
    return None
