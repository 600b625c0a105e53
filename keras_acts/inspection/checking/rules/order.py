"""Rules about the order of layers: they need the graph of a Sequential or Functional model."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import layers

from keras_acts.inspection.checking import functions, losses
from keras_acts.inspection.checking.checked import Checked, Found, Rule, error, fresh_kernel, note, warning
from keras_acts.inspection.checking.graph import Node

__all__ = ["RULES"]

# Between two steps, these change no number, or zero some, or pick some.
DIRECT = ("move", "dropout", "pool")


# ---- Activations -----------------------------------------------------------------------------------------------------


def two_activations(checked: Checked) -> Found:
    """An activation right behind another: the second is without effect, or its range is cut."""
    for node in checked.graph.of_kind("activation"):
        if node.does is None or node.does.values is None or not _is_named(node) or _is_gate(node):
            continue
        for first in node.before(*DIRECT):
            if first.kind != "activation" or first.does is None or not _is_named(first):
                continue
            names = f"{first.does.name} and then {node.does.name}"
            low, high = first.does.range
            ends = node.does.image(low, high)
            inside = (
                first.does.values[(first.does.values >= low) & (first.does.values <= high)]
                if (first.does.values is not None)
                else np.array([0.0, 1.0])
            )
            passed = np.interp(inside, functions.GRID, node.does.values)
            fix = f"Take one of them: Dense(units, activation={node.does.name!r}), without the other"
            if first.does.name == node.does.name and np.allclose(passed, inside, atol=1e-3):
                yield note(node, "activation", f"is applied twice ({names}), which is the same as once", fix)
            elif np.allclose(passed, inside, atol=1e-3):
                yield warning(node, "activation", f"comes after {first.does.name}, where it changes nothing", fix)
            else:
                reach = f"from {ends[0]:.3g} to {ends[1]:.3g}, of {node.does.range[0]:.3g} to {node.does.range[1]:.3g}"
                yield warning(node, "activation", f"is the second of two in a row ({names}): it gives {reach}", fix)


def softmax_of_activation(checked: Checked) -> Found:
    """A softmax whose inputs an activation has cut: some probabilities are out of reach."""
    for node in _softmaxes(checked):
        for first in node.before(*DIRECT):
            if first.kind != "activation" or first.does is None:
                continue
            does, fix = first.does, "Give softmax the plain sums: Dense(classes, activation='softmax') alone"
            low, high = does.range
            if does.is_distribution and not does.is_log:
                yield warning(
                    node, "activation", f"takes what is a {does.name} already: probabilities nearly alike", fix
                )
            elif does.values is not None and high - low < 8.0:
                size = node.shape[-1] or 2
                most = 1.0 / (1.0 + (size - 1) * np.exp(low - high))
                say = warning if checked.graph.feeds_output(node) else note
                reason = f"takes outputs of {does.name}: no probability can be above {most:.3g} of {size} classes"
                yield say(node, "activation", reason, fix)
            elif does.has_flat_side:
                say = warning if checked.graph.feeds_output(node) else note
                reason = f"takes outputs of {does.name}: classes at its 0 are all alike and get no gradient"
                yield say(node, "activation", reason, fix)


def hidden_softmax(checked: Checked) -> Found:
    """A softmax between layers with weights: the features compete, and share one unit of signal."""
    for node in _softmaxes(checked):
        after = [each for each in node.after(*DIRECT, "scale") if each.kind in ("weights", "recurrent", "batchnorm")]
        if after and not checked.graph.feeds_output(node):
            reason = f"is {node.does.name if node.does else 'softmax'} in a hidden layer, in front of {after[0].name}"
            yield warning(node, "activation", reason, "Use activation='relu'; a softmax belongs to the last layer")


def softmax_over_one_value(checked: Checked) -> Found:
    """A softmax along an axis of size 1 gives 1; along the batch it mixes the samples."""
    for node in _softmaxes(checked):
        axes = _axes(node)
        if 0 in {axis % len(node.shape) for axis in axes}:
            reason = f"is over axis {axes[0]}, the batch: each prediction depends on the other samples"
            yield error(node, "activation", reason, "Use axis=-1")
        elif all(node.shape[axis] == 1 for axis in axes):
            is_output = checked.graph.feeds_output(node)
            sizes = "x".join("None" if size is None else str(size) for size in node.shape)
            reason = f"is softmax over axis {axes[0]} of {sizes}, which has one value: it is 1 for every input"
            other = next((i for i, size in enumerate(node.shape) if i and size != 1), 1)
            fix = (
                "Use activation='sigmoid' with loss='binary_crossentropy'"
                if is_output
                else (f"Use keras.layers.Softmax(axis={other})")
            )
            yield error(node, "activation", reason, fix)


def _softmaxes(checked: Checked) -> Iterator[Node]:
    return (node for node in checked.graph.of_kind("activation") if node.does and node.does.is_distribution)


def _axes(node: Node) -> list[int]:
    activation = node.activation
    axis = getattr(activation, "axis", getattr(activation, "params", {}).get("axis", -1))
    return list(axis) if isinstance(axis, list | tuple) else [-1 if axis is None else axis]


def _is_named(node: Node) -> bool:
    """Whether the activation is one that stands by itself in networks; not a square or a logarithm that is computed."""
    module = (
        type(node.layer).__module__ if node.activation is node.layer else getattr(node.activation, "__module__", "")
    )
    return "ops" not in (module or "").split(".") or type(node.layer).__name__.lower() in losses.ACTIVATION_NAMES


def _is_gate(node: Node) -> bool:
    return any(
        isinstance(each.layer, layers.Multiply) or type(each.layer).__name__ == "Multiply" for each in node.outputs
    )


# ---- Linear layers ---------------------------------------------------------------------------------------------------

LINEAR = ("move", "dropout", "scale", "batchnorm")


def linear_in_a_row(checked: Checked) -> Found:
    """Layers with nothing between them that bends the signal, and no bottleneck that would be meant: one would do."""
    for node in checked.graph.of_kind("weights"):
        if not node.layer.trainable:
            continue  # the last layer of a frozen encoder is as it is given
        after = list(node.after(*LINEAR))
        if not after or any(each.kind != "weights" for each in after) or checked.graph.feeds_output(node, *LINEAR):
            continue
        units, inputs = _units(node), _inputs(node)
        outputs = [_units(each) for each in after]
        if None in (units, inputs, *outputs) or any(_are_factors(node, each) for each in after):
            continue
        if units >= min(inputs, sum(outputs)):
            reason = f"is missing: {node.name} and {after[0].name} are linear, one after the other, and so are together"
            fix = f"Give the first one an activation: activation='relu', and {_paired(node)}"
            pointwise = all(set(getattr(each.layer, "kernel_size", (0,))) == {1} for each in (node, after[0]))
            say = note if pointwise else warning  # linear projections between blocks, as in MobileNet
            yield say(node, "activation", reason, fix)


def whole_is_linear(checked: Checked) -> Found:
    """Several layers with weights, sums of branches included, and not one thing that bends the signal."""
    graph = checked.graph
    weights = list(graph.of_kind("weights"))
    bends = [each for each in graph.of_kind("activation") if not graph.feeds_output(each)]
    sums = all(type(each.layer).__name__ in ("Add", "Subtract", "Average") for each in graph.of_kind("merge"))
    others = any(each.kind in ("recurrent", "normalization", "pool", "other") for each in graph.nodes)
    if len(weights) < 3 or bends or others or not sums or None in [_units(each) for each in weights]:
        return
    if all(_units(each) >= min(_inputs(weights[0]), _units(weights[-1])) for each in weights[:-1]):
        reason = f"is missing: the {len(weights)} layers with weights are one linear layer together"
        yield warning(weights[0], "activation", reason, "Give the hidden layers activation='relu'")


def _units(node: Node) -> Any:
    """How many numbers a layer gives at each place; None for depthwise layers, which are halves of separable ones."""
    if "Depthwise" in type(node.layer).__name__ or isinstance(node.layer, layers.EinsumDense):
        return None
    return getattr(node.layer, "units", getattr(node.layer, "filters", None))


def _inputs(node: Node) -> Any:
    kernel = getattr(node.layer, "kernel", None)
    if kernel is None or "Transpose" in type(node.layer).__name__:
        return None if kernel is None else kernel.shape[-1]
    return kernel.shape[-2] * int(np.prod(kernel.shape[:-2]))


def _are_factors(first: Node, second: Node) -> bool:
    """Whether two kernels are 1 x k and k x 1, a factored k x k."""
    sizes: list[Any] = [getattr(node.layer, "kernel_size", None) for node in (first, second)]
    if None in sizes or len(sizes[0]) != len(sizes[1]):
        return False
    longer = [np.sign(a - b) for a, b in zip(*sizes, strict=True)]
    return 1 in longer and -1 in longer


def _paired(node: Node) -> str:
    kind = "conv" if hasattr(node.layer, "filters") else "dense"
    return f"its initializer: **keras_acts.paired('relu', layer={kind!r})"


# ---- Dropout and normalization ---------------------------------------------------------------------------------------


def dropout_on_predictions(checked: Checked) -> Found:
    """Dropout behind the last layer zeroes predictions."""
    for node in checked.graph.of_kind("dropout"):
        is_last = checked.graph.feeds_output(node, "move", "scale", "activation")
        before = {each.kind for each in node.before("move", "scale", "pool", "activation")}
        if is_last and node.layer.rate > 0 and "weights" in before:
            say = warning if losses.of_model(checked.model) or _is_prediction(node) else note
            reason = f"of {node.layer.rate:g} zeroes predictions themselves: there is no layer with weights behind it"
            yield say(node, "rate", reason, "Move the Dropout in front of the last layer with weights")


def _is_prediction(node: Node) -> bool:
    return any(each.is_called("sigmoid") or (each.does and each.does.is_distribution) for each in node.before("move"))


def dropout_before_batchnorm(checked: Checked) -> Found:
    """In training, dropout adds to the variance that BatchNormalization keeps for inference, where there is none."""
    for node in checked.graph.of_kind("dropout"):
        for after in node.after("move"):
            if after.kind == "batchnorm" and node.layer.rate > 0:
                factor = 1.0 / max(1.0 - node.layer.rate, 1e-3)
                reason = f"comes right before {after.name}: its variance is up to {factor:.3g} times that of inference"
                yield warning(node, "rate", reason, f"Put the Dropout behind {after.name} and its activation")


def batchnorm_axis(checked: Checked) -> Found:
    """BatchNormalization along a place of a map, where channels are meant."""
    for node in checked.graph.of_kind("batchnorm"):
        rank = len(node.shape)
        channels_last = [
            each for each in node.before("move", "activation", "dropout", "pool") if _is_channels_last(each)
        ]
        if rank > 2 and node.layer.axis % rank != rank - 1 and channels_last:
            reason = f"is {node.layer.axis}, a place and no channel: {channels_last[0].name} has its channels last"
            yield warning(node, "axis", reason, "Use axis=-1")


def _is_channels_last(node: Node) -> bool:
    return node.kind == "weights" and getattr(node.layer, "data_format", None) == "channels_last"


def selu_neighbours(checked: Checked) -> Found:
    """SELU keeps mean 0 and variance 1 with AlphaDropout only, and BatchNormalization undoes it."""
    for node in checked.graph.of_kind("activation"):
        if not node.is_called("selu"):
            continue
        for each in itertools.chain(node.before("move"), node.after("move", "pool")):
            if each.kind == "dropout" and not isinstance(each.layer, layers.AlphaDropout):
                reason = f"beside selu of {node.name} takes its mean 0 and variance 1 away"
                yield warning(each, "class", reason, f"Use keras.layers.AlphaDropout({each.layer.rate:g})")
            if each.kind == "batchnorm":
                reason = f"beside selu of {node.name}: one of both normalizes in vain"
                yield warning(each, "class", reason, "Leave it out, or use activation='relu' with it")


def alpha_dropout_without_selu(checked: Checked) -> Found:
    """AlphaDropout drops to the lowest value of SELU, which is no value of any other activation."""
    for node in checked.graph.of_kind("dropout"):
        if not isinstance(node.layer, layers.AlphaDropout):
            continue
        before = [each for each in node.before("move", "pool", "dropout") if each.kind == "activation"]
        for each in before or [each for each in node.after("move", "dropout") if each.kind == "activation"]:
            if each.does is not None and not each.is_called("selu"):
                reason = f"drops to -1.76, selu's lowest value, but stands beside {each.does.name}: the mean is shifted"
                yield warning(node, "class", reason, f"Use keras.layers.Dropout({node.layer.rate:g})")


def shared_between_layers(checked: Checked) -> Found:
    """One instance with weights behind several layers, each of which wants slopes or statistics of its own."""
    sources: dict[int, dict[Any, Node]] = {}
    for node in checked.graph.of_kind("activation", "batchnorm"):
        holder = node.activation if node.kind == "activation" else node.layer
        if not getattr(holder, "weights", None):
            continue
        before = [node] if holder is not node.layer else list(node.before("move", "pool", "dropout"))
        for each in before:
            if each.kind != "input":
                sources.setdefault(id(holder), {})[each.layer] = node
    for found in sources.values():
        if len(found) > 1:
            node, holder = next(iter(found.values())), list(found)
            names = ", ".join(each.name for each in holder)
            cls = type(node.activation if node.kind == "activation" else node.layer).__name__
            reason = f"is one {cls} behind {len(found)} layers ({names}), whose weights they share"
            yield warning(node, "class", reason, f"Make one for each: {cls}() at each place")


def step_behind_weights(checked: Checked) -> Found:
    """A step function passes no gradient: what is trained before it stays as it is."""
    for node in checked.graph.of_kind("activation"):
        if node.does is None or not node.does.never_passes_gradients or not checked.model.trainable_variables:
            continue
        behind = [each for each in node.ancestors if each.kind in ("weights", "recurrent") and each.layer.trainable]
        if behind and (not checked.graph.feeds_output(node) or losses.of_model(checked.model)):
            reason = f"({node.does.name}) has slope 0 almost everywhere: {behind[0].name} gets no gradient"
            fix = "Use one with a surrogate gradient: activation=keras_acts.get(\"step(surrogate='atan')\")"
            yield error(node, "activation", reason, fix)


# ---- Initializers that depend on what comes after --------------------------------------------------------------------


def selu_initializer(checked: Checked) -> Found:
    """SELU keeps the variance with weights of variance 1 / inputs."""
    for node in checked.graph.of_kind("activation"):
        if node.is_called("selu"):
            for each in node.before("move", "dropout"):
                drawn = fresh_kernel(each.layer) if each.kind == "weights" else None
                scale = 1.0 if drawn is None else float(np.mean(drawn**2)) * len(drawn)
                if not 0.75 < scale < 1.33:
                    name = _initializer(each)
                    reason = f"{name} gives a variance of {scale:.3g} / inputs, and selu needs 1 / inputs"
                    yield warning(each, "kernel_initializer", reason, "Use kernel_initializer='lecun_normal'")


def initializer_scale(checked: Checked) -> Found:
    """Kernels far larger or smaller than the activation behind them asks for, or all of one sign."""
    for node in checked.graph.of_kind("activation"):
        does = node.does
        if does is None or does.values is None or does.name == "selu" or checked.graph.feeds_output(node):
            continue
        is_first = not any(each.kind in ("activation", "recurrent") for each in node.ancestors)
        for each in node.before("move", "dropout"):
            drawn = fresh_kernel(each.layer) if each.kind == "weights" and each.layer.trainable else None
            if drawn is None or np.ptp(drawn) == 0.0 or "Depthwise" in type(each.layer).__name__:
                continue
            growth, name = float(np.mean(drawn**2)) * len(drawn) * does.slope_moment, _initializer(each)
            fix = f"Use **keras_acts.paired({does.name!r})"
            is_meant = getattr(each.layer.kernel_initializer, "scale", 10.0) <= 4.0 or (is_first and does.swings)
            if growth < 1e-3 or (growth > 10.0 and not is_meant):
                reason = f"{name} in front of {does.name}: each such layer multiplies gradients by {growth**0.5:.3g}"
                yield warning(each, "kernel_initializer", reason, fix)
            elif abs(drawn.mean()) > 0.5 * drawn.std() and len(drawn) >= 8 and each.layer.kernel_constraint is None:
                reason = f"{name} gives weights of one sign: all units see the same sum of their inputs"
                yield warning(each, "kernel_initializer", reason, fix)


def _initializer(node: Node) -> str:
    return f"is {type(node.layer.kernel_initializer).__name__}"


RULES: tuple[Rule, ...] = (two_activations, softmax_of_activation, hidden_softmax, softmax_over_one_value)
RULES += (linear_in_a_row, whole_is_linear, dropout_on_predictions, dropout_before_batchnorm)
RULES += (batchnorm_axis, selu_neighbours, alpha_dropout_without_selu, shared_between_layers)
RULES += (step_behind_weights, selu_initializer, initializer_scale)
