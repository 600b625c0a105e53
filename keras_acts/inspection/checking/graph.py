"""The order of the layers of a Sequential or Functional model along the data, with fused activations taken apart."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers

from keras_acts import layers as our_layers
from keras_acts.core import keras_bridge
from keras_acts.inspection.checking import functions

__all__ = ["Graph", "Node", "graph_of", "is_known", "unwrapped"]

WEIGHTS: tuple[type, ...] = (
    layers.Dense,
    layers.EinsumDense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Conv1DTranspose,
)
WEIGHTS += (layers.Conv2DTranspose, layers.Conv3DTranspose, layers.DepthwiseConv1D, layers.DepthwiseConv2D)
WEIGHTS += (layers.SeparableConv1D, layers.SeparableConv2D)
DROPOUTS: tuple[type, ...] = (layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D)
DROPOUTS += (layers.GaussianDropout, layers.AlphaDropout)
NORMALIZATIONS: tuple[type, ...] = (layers.LayerNormalization, layers.GroupNormalization)
NORMALIZATIONS += tuple(getattr(layers, name) for name in ("RMSNormalization",) if hasattr(layers, name))
# What moves, copies or pools numbers without bending the signal.
MOVES: tuple[type, ...] = (
    layers.Flatten,
    layers.Reshape,
    layers.Permute,
    layers.RepeatVector,
    layers.ActivityRegularization,
)
MOVES += (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D, layers.Cropping1D, layers.Cropping2D)
MOVES += (layers.Cropping3D, layers.UpSampling1D, layers.UpSampling3D, layers.GaussianNoise, layers.Masking)
MOVES += (layers.Identity, layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)
MOVES += (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D)
MOVING_OPERATIONS = ("Reshape", "Transpose", "Squeeze", "ExpandDims", "Cast", "Ravel", "Swapaxes", "Moveaxis")
POOLS: tuple[type, ...] = (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
POOLS += (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D)
MERGES: tuple[type, ...] = (
    layers.Add,
    layers.Subtract,
    layers.Multiply,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
)
MERGES += (layers.Concatenate, layers.Dot)
ACTIVATIONS: tuple[type, ...] = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ELU,
    layers.Softmax,
)


@dataclass(eq=False)
class Node:
    """One step of the data: a layer that is called, or the activation at its end.

    Attributes:
        layer: the layer or operation; inside of `TimeDistributed` the one that it wraps.
        name: its path in the model.
        kind: "input", "weights", "activation", "recurrent", "dropout", "batchnorm", "normalization", "move", "pool",
            "scale", "merge" or "other", of which nothing is known.
        inputs: the steps before it.
        outputs: the steps after it.
        shape: of its output, with the batch.
        does: what an activation or a scale does.
    """

    layer: Any
    name: str
    kind: str
    inputs: list["Node"]
    shape: tuple[int | None, ...]
    does: functions.Behaviour | None = None
    outputs: list["Node"] = field(default_factory=list)

    def __post_init__(self) -> None:
        for node in self.inputs:
            node.outputs.append(self)

    @property
    def activation(self) -> Any:
        """Of an activation, the function or layer."""
        return self.layer if isinstance(self.layer, ACTIVATIONS[1:]) else getattr(self.layer, "activation", self.layer)

    def is_called(self, name: str) -> bool:
        """Whether this is the activation of that name."""
        return self.kind == "activation" and self.does is not None and self.does.name == name

    @property
    def ancestors(self) -> list["Node"]:
        """All steps upstream."""
        found: dict[Node, None] = {}
        waiting = list(self.inputs)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = None
                waiting += node.inputs
        return list(found)

    def before(self, *through: str) -> Iterator["Node"]:
        """The nearest steps upstream, looking through those of some kinds."""
        return _nearest(self, lambda node: node.inputs, through)

    def after(self, *through: str) -> Iterator["Node"]:
        """The nearest steps downstream, likewise."""
        return _nearest(self, lambda node: node.outputs, through)


def _nearest(node: Node, neighbours: Callable[[Node], list[Node]], through: tuple[str, ...]) -> Iterator[Node]:
    for each in neighbours(node):
        if each.kind in through:
            yield from _nearest(each, neighbours, through)
        else:
            yield each


@dataclass
class Graph:
    """All steps of a model in order, and the steps whose outputs are those of the model."""

    nodes: list[Node]
    outputs: list[Node]

    def feeds_output(self, node: Node, *through: str) -> bool:
        """Whether a step gives an output of the model, through steps of some kinds at most."""
        through = through or ("move", "scale", "dropout")
        return node in self.outputs or any(
            each.kind in through and self.feeds_output(each, *through) for each in node.outputs
        )

    def of_kind(self, *kinds: str) -> Iterator[Node]:
        """The steps of some kinds."""
        return (node for node in self.nodes if node.kind in kinds)


def graph_of(model: keras.Model, measured: functions.Measured) -> Graph | None:
    """The steps of a Sequential or Functional model, those of nested ones included; None for other models."""
    graph = keras_bridge.graph_of(model)
    if graph is None:
        return None
    nodes: list[Node] = []
    sources = [Node(tensor, tensor.name, "input", [], tensor.shape) for tensor in graph.inputs]
    outputs = _walk(graph, sources, "", nodes, measured)
    return Graph([*sources, *nodes], outputs)


def _walk(graph: Any, sources: list[Node], path: str, nodes: list[Node], measured: functions.Measured) -> list[Node]:
    made = {id(tensor): node for tensor, node in zip(graph.inputs, sources, strict=True)}
    for operation, inputs, outputs in keras_bridge.calls(graph):
        before = list(dict.fromkeys(made[id(tensor)] for tensor in inputs if id(tensor) in made))
        inner = keras_bridge.graph_of(operation) if isinstance(operation, keras.Model) else None
        name = f"{path}{operation.name}"
        if inner is not None and len(inner.inputs) == len(inputs) and len(inner.outputs) == len(outputs):
            inside = [made[id(tensor)] for tensor in inputs]
            found = _walk(inner, inside, f"{name}/", nodes, measured)
        else:
            steps = list(_steps(operation, name, before, [t.shape for t in inputs], outputs[0].shape, measured))
            nodes += steps
            found = [steps[-1]] * len(outputs)
        made.update({id(tensor): node for tensor, node in zip(outputs, found, strict=True)})
    return [made[id(tensor)] for tensor in graph.outputs]


def unwrapped(layer: Any) -> Any:
    """The layer that is applied at each step of time."""
    return unwrapped(layer.layer) if isinstance(layer, layers.TimeDistributed) else layer


def is_known(layer: Any) -> bool:
    """Whether what a layer computes is Keras' or ours, and not a class of the user's."""
    return type(layer).call.__module__.partition(".")[0] in ("keras", "keras_acts")


def _steps(
    operation: Any, name: str, before: list[Node], shapes: list[Any], shape: Any, measured: functions.Measured
) -> Iterable[Node]:
    layer = unwrapped(operation)
    kind, does = _kind(layer, shapes, shape, measured)
    node = Node(layer, name, kind, before, shape, does)
    yield node
    activation = getattr(layer, "activation", None)
    if kind == "weights" and activation is not None:
        found = measured(activation)
        if found is None or not found.is_affine:
            yield Node(layer, name, "activation", [node], shape, found)


def _kind(layer: Any, inputs: list[Any], output: Any, measured: functions.Measured) -> tuple[str, Any]:
    known: list[tuple[str, tuple[type, ...]]] = [("weights", WEIGHTS), ("dropout", DROPOUTS)]
    known += [
        ("batchnorm", (layers.BatchNormalization,)),
        ("normalization", NORMALIZATIONS),
        ("move", MOVES),
        ("pool", POOLS),
        ("merge", MERGES),
    ]
    known += [("recurrent", (layers.RNN, layers.Bidirectional))]
    if is_known(layer):
        for kind, classes in known:
            if isinstance(layer, classes):
                return kind, None
    if type(layer).__name__ in MOVING_OPERATIONS and not isinstance(layer, keras.Layer):
        return "move", None
    ours = type(layer).__name__ in our_layers.names()
    is_operation = isinstance(layer, (layers.Lambda, layers.Rescaling)) or not isinstance(layer, keras.Layer)
    is_unary = is_operation and len(inputs) == 1 and tuple(inputs[0]) == tuple(output)
    if isinstance(layer, ACTIVATIONS) or ours or is_unary:
        does = measured(layer)
        unknown = "activation" if isinstance(layer, ACTIVATIONS) or ours else "other"
        return unknown if does is None else "scale" if does.is_affine else "activation", does
    if type(layer).__name__ in (cls.__name__ for cls in MERGES) and len(inputs) > 1:  # a + b of two tensors
        return "merge", None
    return "other", None
