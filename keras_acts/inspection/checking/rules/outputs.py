"""Rules about the last activation against the loss that the model is compiled with."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_acts.inspection.checking import losses
from keras_acts.inspection.checking.checked import Checked, Found, Rule, error, note, warning
from keras_acts.inspection.checking.graph import Node

__all__ = ["RULES"]


def _outputs(checked: Checked) -> Iterator[tuple[Node, losses.Loss, losses.Reach]]:
    """Each output that has a loss of Keras, and of which it is known what it can be."""
    of_model = losses.of_model(checked.model)
    for place, node in enumerate(checked.graph.outputs):
        reach = losses.reach(node)
        if place in of_model and reach is not None:
            yield node, of_model[place], reach


def logits_or_probabilities(checked: Checked) -> Found:
    """A loss that takes probabilities and gets something else, or takes logits and gets probabilities."""
    for node, loss, reach in _outputs(checked):
        if not (loss.is_categorical or loss.is_binary or loss.is_divergence):
            continue
        last = _proper(loss, node)
        if loss.takes_probabilities and (reach.low < -1e-6 or reach.high > 1.0 + 1e-6):
            reason = f"gives {reach} ({reach.by}), but {loss.name} takes probabilities: outside of [0, 1] it is cut off"
            yield error(node, "activation", reason, f"End in activation={last!r}, or give the loss from_logits=True")
        elif loss.from_logits and reach.axes and not reach.is_log:
            reason = f"is {reach.by}, but {loss.name} has from_logits=True: it is applied twice"
            yield error(node, "activation", reason, f"Leave from_logits out: loss={loss.name!r}")
        elif loss.from_logits and not reach.is_log and min(reach.high, 20.0) - max(reach.low, -20.0) < 21.0:
            reason = f"gives {reach} ({reach.by}), but {loss.name} has from_logits=True: logits are any numbers"
            say = warning if reach.high - reach.low > 8.0 and not np.isinf(reach.high) else error
            if not (
                np.isfinite(reach.high - reach.low) and reach.high - reach.low >= 8.0 and reach.low < 0.0 < reach.high
            ):
                yield say(node, "activation", reason, f"End in activation=None, or in {last!r} without from_logits")


def _proper(loss: losses.Loss, node: Node) -> str:
    return "sigmoid" if loss.is_binary or node.shape[-1] == 1 else "softmax"


def classes_and_units(checked: Checked) -> Found:
    """A categorical loss on one unit, on units that are not one distribution, or along another axis."""
    for node, loss, reach in _outputs(checked):
        units = node.shape[loss.axis] if len(node.shape) > 1 else None
        if (loss.is_categorical or loss.is_divergence) and units == 1 and not loss.is_divergence:
            reason = f"has one unit, but {loss.name} compares classes: the loss is the same whatever it gives"
            yield error(node, "units", reason, "Use activation='sigmoid' and loss='binary_crossentropy'")
        elif not (loss.is_categorical or loss.is_divergence) or loss.from_logits:
            continue
        elif not reach.axes and reach.low >= 0.0 and reach.high <= 1.0:
            reason = f"is {reach.by} on {units} units: they do not sum to 1, as {loss.name} takes for granted"
            fix = "Use activation='softmax', or for labels that can be on together loss='binary_crossentropy'"
            yield warning(node, "activation", reason, fix)
        elif reach.axes and loss.axis % len(node.shape) not in {axis % len(node.shape) for axis in reach.axes}:
            reason = f"sums to 1 over axis {reach.axes[0]}, but {loss.name} compares classes along axis {loss.axis}"
            yield error(node, "activation", reason, f"Use keras.layers.Softmax(axis={loss.axis})")
        elif reach.is_log:
            reason = f"gives logarithms of probabilities, but {loss.name} takes the probabilities"
            yield error(node, "activation", reason, "Use activation='softmax', or from_logits=True with log_softmax")


def out_of_the_loss(checked: Checked) -> Found:
    """Hinge, Poisson, logarithmic and cosine losses that get what they are not made for."""
    for node, loss, reach in _outputs(checked):
        if loss.name in ("hinge", "squared_hinge") and (reach.low > -0.9 or reach.high < 0.9):
            reason = f"gives {reach} ({reach.by}), but {loss.name} wants -1 and 1: one class is out of reach"
            yield warning(node, "activation", reason, "Use activation='tanh' or None")
        if loss.name == "poisson":
            if reach.low < 0.0:
                reason = f"gives {reach} ({reach.by}), but poisson takes the logarithm of it: nan below 0"
                yield error(node, "activation", reason, "Use activation='softplus' or 'exponential'")
            elif _is_stuck_at_0(node):
                reason = f"is 0 over a range ({reach.by}), where poisson has no gradient and counts no event"
                yield warning(node, "activation", reason, "Use activation='softplus' or 'exponential'")
        if loss.name == "mean_squared_logarithmic_error" and reach.low < 0.0:
            reason = f"gives {reach} ({reach.by}), but {loss.name} takes what is below 0 for 0, without a gradient"
            yield warning(node, "activation", reason, "Use activation='softplus' or 'relu'")


def _is_stuck_at_0(node: Node) -> bool:
    return any(each.does is not None and each.does.has_flat_side for each in [node, *node.before("move", "scale")])


def half_precision_output(checked: Checked) -> Found:
    """Probabilities and losses in float16 lose what is below 6e-8, and overflow above 65504."""
    for node, loss, _ in _outputs(checked):
        if getattr(node.layer, "compute_dtype", "") == "float16":
            reason = f"is computed in float16, in front of {loss.name}: probabilities below 6e-8 are 0"
            yield warning(
                node, "dtype", reason, f"Use keras.layers.Activation({_name(node)!r}, dtype='float32') at the end"
            )


def _name(node: Node) -> Any:
    return node.does.name if node.does is not None else "linear"


def one_sided_output(checked: Checked) -> Found:
    """A regression that ends in relu: samples at its 0 give no gradient."""
    for node, loss, _ in _outputs(checked):
        is_regression = loss.name.startswith("mean_") or loss.name in ("huber", "log_cosh")
        if is_regression and node.kind == "activation" and node.is_called("relu"):
            reason = "is relu at the end: samples that it sets to 0 give no gradient, and all of them may be"
            yield note(node, "activation", reason, "Use activation='softplus' for targets above 0, else None")


RULES: tuple[Rule, ...] = (logits_or_probabilities, classes_and_units, out_of_the_loss, half_precision_output)
RULES += (one_sided_output,)
