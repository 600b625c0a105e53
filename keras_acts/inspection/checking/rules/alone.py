"""Rules about one layer, activation or setting by itself: they need no graph, so that any model will do."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_acts.core import keras_bridge, places
from keras_acts.inspection import saveable
from keras_acts.inspection.checking.checked import Checked, Found, Rule, error, kernel_of, note, warning
from keras_acts.inspection.checking.graph import WEIGHTS, is_known

__all__ = ["RULES"]


# ---- Files and names -------------------------------------------------------------------------------------------------


def saving(checked: Checked) -> Found:
    """What `check_saveable` finds: activations that will not come back from a file."""
    if not saveable.has_own_code(checked.model):
        return
    others = {path for path, layer in places.layers_of(checked.model) if _is_no_activation(layer, checked)}
    others.add(checked.model.name)
    for found in saveable.check_saveable(checked.model):
        is_of_other = found.layer in others and found.attribute in ("class", "function")
        yield replace(found, severity="note") if is_of_other else found


def _is_no_activation(layer: Any, checked: Checked) -> bool:
    """Whether a layer of the user's own samples, slices, projects or merges, and holds no activation either."""
    if isinstance(layer, layers.Lambda):
        does = checked.measured(layer)
        return does is None or does.is_affine
    if is_known(layer) or any(place.name != "linear" for place in places.activations_of(layer)):
        return False
    nodes = [node for node in checked.graph.nodes if node.layer is layer]
    return any(len(node.inputs) != 1 or node.inputs[0].shape != node.shape for node in nodes)


def wrong_builtin(checked: Checked) -> Found:
    """Built-in activations that are wrong in this Keras, or another function than in the Keras of the file."""
    for place in places.activations_of(checked.model):
        if place.activation is getattr(keras.activations, "sparsemax", None) and _sparsemax_is_wrong():
            reason = f"is Keras' own sparsemax, whose rows do not sum to 1 in Keras {keras.__version__}"
            yield error(place.path, place.attribute, reason, "Use activation=keras_acts.activations.sparsemax")
        is_hard = place.activation is keras.activations.hard_sigmoid
        if is_hard and checked.keras_version[:2] in ("1.", "2.", "0."):
            reason = f"was 0.2 x + 0.5 in Keras {checked.keras_version}, which wrote the file, and is x / 6 + 0.5 now"
            fix = "Load it with keras_acts.load_legacy(path), which uses activation='hard_sigmoid_legacy'"
            yield warning(place.path, place.attribute, reason, fix)


def _sparsemax_is_wrong() -> bool:
    rows = np.array([[0.1, 1.1, 0.2, 0.3], [3.0, 2.9, 2.8, -1.0]], "float32")
    sums = ops.convert_to_numpy(keras.activations.sparsemax(ops.convert_to_tensor(rows))).sum(-1)
    return not np.allclose(sums, 1.0, atol=1e-3)


def custom_layers(checked: Checked) -> Found:
    """Layers of the user's own: what they compute is not guessed at."""
    own = [layer for layer in checked.layers if not is_known(layer) and not isinstance(layer, keras.Model)]
    classes: dict[str, str] = {type(layer).__name__: layer.path for layer in own}
    if classes:
        names = ", ".join(f"{path} ({name})" for name, path in list(classes.items())[:5])
        yield note(
            checked.model.name,
            "layers",
            f"are of classes unknown to keras_acts: {names}",
            "Rules about the order of layers end at them; give `x` to see what they do to the signal",
        )


# ---- Weights and settings --------------------------------------------------------------------------------------------


def weights_run_away(checked: Checked) -> Found:
    """Weights that are not finite, or so large that training has blown up."""
    for layer in checked.layers:
        for variable in keras_bridge.own_trainable_variables(layer):
            array = np.asarray(ops.convert_to_numpy(ops.cast(variable, "float32")))
            if not np.isfinite(array).all():
                share = float(np.mean(~np.isfinite(array)))
                reason = f"is not finite ({share:.0%} of {variable.shape})"
                yield error(layer, variable.name, reason, "Train anew, with a smaller learning_rate or clipnorm=1.0")
                break
            if variable.name.endswith("kernel") and np.abs(array).max(initial=0.0) > 300.0:
                reason = f"has weights up to {np.abs(array).max():.3g}: training has blown up"
                yield error(layer, variable.name, reason, "Train anew, with a smaller learning_rate or clipnorm=1.0")
                break


def learning_rate(checked: Checked) -> Found:
    """A learning rate that goes up the hill, stands still, or jumps."""
    optimizer = getattr(checked.model, "optimizer", None)
    if optimizer is None:
        return
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    name, rate = type(optimizer).__name__, float(ops.convert_to_numpy(optimizer.learning_rate))
    if not rate > 0.0:
        yield error(
            checked.model.name,
            "optimizer",
            f"{name} has the learning rate {rate:g}: it must be above 0",
            f"Use keras.optimizers.{name}(1e-3)",
        )
    elif rate < 1e-7:
        yield warning(
            checked.model.name,
            "optimizer",
            f"{name} has the learning rate {rate:g}: weights stay where they are",
            f"Use keras.optimizers.{name}(1e-3)",
        )
    elif rate >= STEEP.get(name, np.inf):
        yield warning(
            checked.model.name,
            "optimizer",
            f"{name} has the learning rate {rate:g}: it moves every weight by about that much in each step",
            f"Use keras.optimizers.{name}({0.01 if name == 'SGD' else 1e-3})",
        )


# From where on a rate is a mistake. Others, such as Adadelta with its 1.0, scale their steps by themselves.
STEEP = dict.fromkeys(("Adam", "AdamW", "Nadam", "Adamax", "RMSprop", "Lion", "Lamb"), 0.3) | {"SGD": 10.0}


def constant_kernel(checked: Checked) -> Found:
    """Units that start as copies of one another and get the same gradients."""
    by_layer: dict[int, list[Any]] = {}
    for node in checked.graph.of_kind("weights"):
        by_layer.setdefault(id(node.layer), []).append(node)
    for layer in checked.layers:
        kernel = kernel_of(layer) if layer.trainable and isinstance(layer, WEIGHTS) else None
        if kernel is None or kernel.shape[1] < 2 or "Depthwise" in type(layer).__name__ or np.ptp(kernel, axis=1).any():
            continue
        nodes = by_layer.get(id(layer), [])
        passed = ("move", "scale", "dropout", "batchnorm", "activation")
        is_meant = any(_starts_a_branch(each, checked, passed) for each in nodes)
        if is_meant or (not nodes and checked.graph.nodes == [] and not _has_activation(layer)):
            continue
        reason = f"is the same for all {kernel.shape[1]} units: they are copies of each other, and stay so"
        yield error(
            layer.path,
            "kernel_initializer",
            reason,
            "Use kernel_initializer='glorot_uniform' or **keras_acts.paired(...)",
        )


def _starts_a_branch(node: Any, checked: Checked, passed: tuple[str, ...]) -> bool:
    """Whether a step is the last before the output, or before a sum or product of branches: 0 is a start there."""
    after = list(node.after(*passed))
    return checked.graph.feeds_output(node, *passed) or any(each.kind in ("merge", "other") for each in after)


def _has_activation(layer: Any) -> bool:
    return getattr(layer, "activation", None) not in (None, keras.activations.linear)


def heavy_dropout(checked: Checked) -> Found:
    """A rate that drops nearly everything: most often the share to keep is meant."""
    for layer in checked.layers:
        for attribute in ("rate", "dropout", "recurrent_dropout"):
            rate: Any = getattr(layer, attribute, None)
            is_rate = isinstance(rate, float) and (attribute != "rate" or "Dropout" in type(layer).__name__)
            if is_rate and rate >= 0.8:
                reason = f"drops {rate:.0%} of the numbers; Keras takes the share to drop, not the share to keep"
                yield warning(layer, attribute, reason, f"Use {attribute}={1.0 - rate:.2g}")


def not_adapted(checked: Checked) -> Found:
    """A Normalization without statistics does nothing."""
    for layer in checked.layers:
        if isinstance(layer, layers.Normalization) and layer.input_mean is None and layer.built:
            mean, variance = (ops.convert_to_numpy(each) for each in (layer.adapt_mean, layer.adapt_variance))
            if not mean.any() and (variance == 1.0).all():
                yield warning(
                    layer,
                    "mean",
                    "was never set: the layer gives what it gets",
                    f"Call model.get_layer({layer.name!r}).adapt(x_train) before compile and fit",
                )


def normalization_of_one_value(checked: Checked) -> Found:
    """What is normalized by itself alone is 0 for every input."""
    for layer in checked.layers:
        if isinstance(layer, layers.LayerNormalization) and layer.built and getattr(layer, "gamma", None) is not None:
            size = int(np.prod(layer.gamma.shape))
            if size == 1:
                yield error(
                    layer,
                    "axis",
                    "is over one value, which is normalized to 0 for every input",
                    "Leave the layer out, or use keras.layers.BatchNormalization()",
                )


def batchnorm_momentum(checked: Checked) -> Found:
    """A momentum in torch's sense: Keras' is the share of the past."""
    for layer in checked.layers:
        if isinstance(layer, layers.BatchNormalization) and layer.momentum < 0.5:
            reason = f"of {layer.momentum:g} keeps hardly more than the last batch; in torch it means the opposite"
            yield warning(layer, "momentum", reason, f"Use momentum={1.0 - layer.momentum:g}")
        elif isinstance(layer, layers.BatchNormalization) and layer.momentum >= 1.0:
            reason = "of 1 never takes in statistics: inference uses mean 0 and variance 1 for ever"
            yield error(layer, "momentum", reason, "Use momentum=0.99")


# ---- Activations -----------------------------------------------------------------------------------------------------


def slope_per_element(checked: Checked) -> Found:
    """PReLU with a slope for each place of a map, where one per channel is meant."""
    for layer in checked.layers:
        if isinstance(layer, layers.PReLU) and layer.built:
            shape = tuple(layer.alpha.shape)
            places_of_one = int(np.prod(shape[:-1]))
            if places_of_one > 1:
                axes = list(range(1, len(shape)))
                reason = f"has {places_of_one} slopes for each of {shape[-1]} channels, and so fits one size only"
                yield warning(
                    layer,
                    "shared_axes",
                    reason,
                    f"Use keras.layers.PReLU(shared_axes={axes}), or keras_acts.layers.PReLU()",
                )


def unbounded_in_recurrence(checked: Checked) -> Found:
    """What is fed back grows without end where the activation has none."""
    for layer in checked.layers:
        cell = getattr(layer, "cell", layer)
        if not hasattr(cell, "state_size") or (cell is not layer and not isinstance(layer, layers.RNN)):
            continue
        if cell is layer and any(getattr(each, "cell", None) is layer for each in checked.layers):
            continue  # seen as the layer
        for attribute in ("activation", "recurrent_activation"):
            activation = getattr(cell, attribute, None)
            does = None if activation is None else checked.measured(activation)
            if does is None or does.is_bounded or (does.values is None):
                continue
            starts = type(getattr(cell, "recurrent_initializer", None)).__name__
            if attribute == "activation" and starts.startswith("Identity"):
                continue  # as published: arXiv:1504.00941
            steps = _steps_of(layer)
            say = note if steps is not None and steps <= 10 and attribute == "activation" else warning
            many = "any number of" if steps is None else str(steps)
            reason = f"({does.name}) has no upper end, and its output is fed back for {many} steps"
            yield say(
                layer, attribute, reason, f"Use {attribute}={'sigmoid' if 'recurrent' in attribute else 'tanh'!r}"
            )


def long_simple_rnn(checked: Checked) -> Found:
    """A SimpleRNN multiplies gradients by the slope of its activation at each step."""
    for layer in checked.layers:
        steps = _steps_of(layer) if isinstance(layer, layers.SimpleRNN) else None
        does = None if steps is None else checked.measured(layer.activation)
        if does is not None and does.saturates and steps is not None and steps >= 60:
            reason = f"({does.name}) is multiplied over {steps} steps: gradients of the first ones vanish"
            yield warning(layer, "activation", reason, f"Use keras.layers.LSTM({layer.units}) or GRU")


def _steps_of(layer: Any) -> int | None:
    try:
        return layer.input.shape[1]
    except (AttributeError, ValueError, TypeError):  # not called on a symbolic tensor
        return None


def not_finite_near_0(checked: Checked) -> Found:
    """An activation whose value or derivative is not a number for ordinary inputs."""
    for place in places.activations_of(checked.model):
        does = checked.measured(place.activation)
        if does is None or does.values is None or not isinstance(place.layer, keras.Layer):
            continue
        dtype = getattr(place.layer, "compute_dtype", "float32")
        what = does.not_finite(dtype or "float32")
        if what is not None:
            reason = f"({does.name}) has a {what} that is not finite for some x in [-10, 10], in {dtype}"
            fix = "Keep the argument legal on both sides of a where: sqrt(where(x > 0, x, 1))"
            yield error(place.path, place.attribute or "class", reason, fix)


RULES: tuple[Rule, ...] = (saving, wrong_builtin, custom_layers, weights_run_away, learning_rate)
RULES += (constant_kernel, heavy_dropout, not_adapted, normalization_of_one_value)
RULES += (batchnorm_momentum, slope_per_element, unbounded_in_recurrence, long_simple_rnn)
RULES += (not_finite_near_0,)
