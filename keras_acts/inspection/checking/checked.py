"""What the rules look at, and how they say what they found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.core import keras_bridge
from keras_acts.inspection.checking import functions, graph, losses, measuring
from keras_acts.inspection.findings import Finding

__all__ = ["Checked", "Found", "Rule", "error", "fresh_kernel", "kernel_of", "note", "warning"]

Found = Iterator[Finding]
Rule = Callable[["Checked"], Found]


@dataclass
class Checked:
    """A model with all that is known of it.

    Attributes:
        model: the model.
        x: its inputs, or None.
        y: its targets, one array or None for each output.
        keras_version: the version of Keras that wrote the file, or "".
        measured: what its activations do.
    """

    model: keras.Model
    x: Any = None
    y: list[Any] = field(default_factory=list)
    keras_version: str = ""
    measured: functions.Measured = field(default_factory=functions.Measured)

    @cached_property
    def graph(self) -> graph.Graph:
        """Its steps in order; empty where its class computes by code of its own."""
        return graph.graph_of(self.model, self.measured) or graph.Graph([], [])

    @cached_property
    def layers(self) -> list[keras.Layer]:
        """All layers inside, however deep."""
        return keras_bridge.sublayers(self.model, recursive=True)

    @cached_property
    def run(self) -> measuring.Run:
        """The model run on x, or on drawn inputs; nothing is seen where none can be drawn."""
        x = self.x
        if x is None:
            x = measuring.drawn_inputs(self.model, self.graph)
            if x is None:
                return measuring.Run()
        found = measuring.run(
            self.model, x, self.measured, self._loss if self.y and losses.of_model(self.model) else None
        )
        found.is_drawn = self.x is None
        return found

    def _loss(self, outputs: list[Any]) -> Any:
        """That of the targets, for the losses of Keras' own."""
        of_model, total = losses.of_model(self.model), ops.zeros(())
        for place, (output, y) in enumerate(zip(outputs, self.y, strict=False)):
            if place in of_model and y is not None:
                total += ops.mean(ops.cast(of_model[place].function(ops.convert_to_tensor(y), output), "float32"))
        return total


def kernel_of(layer: Any) -> np.ndarray | None:
    """The kernel of a layer as an array of inputs by units; None where there is none, or another than that."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None or isinstance(layer, keras.layers.EinsumDense) or "Transpose" in type(layer).__name__:
        return None
    array = np.asarray(ops.convert_to_numpy(ops.cast(kernel, "float32")))
    return array.reshape(-1, array.shape[-1])


def fresh_kernel(layer: Any) -> np.ndarray | None:
    """A kernel as the layer's initializer draws it, inputs by units."""
    kernel, initializer = getattr(layer, "kernel", None), getattr(layer, "kernel_initializer", None)
    if kernel is None or kernel_of(layer) is None or initializer is None or np.prod(kernel.shape) > 5_000_000:
        return None
    try:
        copy = type(initializer).from_config(initializer.get_config())  # a seed generator of its own stays where it is
        drawn = np.asarray(ops.convert_to_numpy(copy(tuple(kernel.shape), dtype="float32")))
    except Exception:  # an initializer of the user's
        return None
    return drawn.reshape(-1, drawn.shape[-1])


def _finding(severity: str, where: Any, attribute: str, reason: str, fix: str) -> Finding:
    path = (
        where if isinstance(where, str) else where.name if isinstance(where, graph.Node) else where.path or where.name
    )
    return Finding(path, attribute, reason, fix, "", severity)


def error(where: Any, attribute: str, reason: str, fix: str) -> Finding:
    """What cannot work. `where` is a step, a layer or a text."""
    return _finding("error", where, attribute, reason, fix)


def warning(where: Any, attribute: str, reason: str, fix: str) -> Finding:
    """What is most likely a mistake."""
    return _finding("warning", where, attribute, reason, fix)


def note(where: Any, attribute: str, reason: str, fix: str) -> Finding:
    """What is good to know."""
    return _finding("note", where, attribute, reason, fix)
