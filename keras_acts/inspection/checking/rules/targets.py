"""Rules about targets: what the last activation cannot reach and the loss is not made for."""

from collections.abc import Iterator

import numpy as np

from keras_acts.inspection.checking import losses
from keras_acts.inspection.checking.checked import Checked, Found, Rule, error, warning
from keras_acts.inspection.checking.graph import Node

__all__ = ["RULES"]


def _targets(checked: Checked) -> Iterator[tuple[Node, losses.Loss | None, np.ndarray]]:
    of_model = losses.of_model(checked.model)
    for place, (node, y) in enumerate(zip(checked.graph.outputs, checked.y, strict=False)):
        if y is not None and y.dtype.kind in "fiub" and np.isfinite(y).all():
            yield node, of_model.get(place), y.astype("float64")


def shapes(checked: Checked) -> Found:
    """Targets that are broadcast against the outputs, without an error."""
    for node, loss, y in _targets(checked):
        if loss is None or loss.is_categorical or "similarity" in loss.name:
            continue
        shape, single = tuple(node.shape), node.shape[-1] == 1
        fits = y.ndim == len(shape) and all(a in (None, b) for a, b in zip(shape[1:], y.shape[1:], strict=True))
        if not fits and not (y.ndim == len(shape) - 1 and single and shape[1:-1] == y.shape[1:]):
            reason = (
                f"has the shape {y.shape}, but {node.name} gives {shape}: {loss.name} repeats one against the other"
            )
            yield error("data", "y", reason, "Give y the shape of the outputs, or the last layer that of y")


def far_from_outputs(checked: Checked) -> Found:
    """Targets far larger than all that the model gives: it has to learn the scale first, in small steps."""
    for place, (node, loss, y) in enumerate(_targets(checked)):
        is_regression = loss is not None and (loss.name.startswith("mean_") or loss.name in ("huber", "log_cosh"))
        if not is_regression or place >= len(checked.run.outputs) or not y.size:
            continue
        size, given = (
            float(np.sqrt(np.mean(np.square(each, dtype="float64")))) for each in (y, checked.run.outputs[place])
        )
        if size > 1000.0 and given < 0.01 * size:
            reason = f"has root mean square {size:.3g}, and {node.name} gives {given:.3g}"
            yield warning("data", "y", reason, "Scale y: (y - y.mean()) / y.std()")


def _share(mask: np.ndarray) -> float:
    return float(np.mean(mask))


def labels(checked: Checked) -> Found:
    """Numbers of classes that are none, and one-hot rows where numbers are meant or the other way round."""
    for node, loss, y in _targets(checked):
        if loss is None or not loss.is_categorical:
            continue
        classes = node.shape[loss.axis]
        if loss.is_sparse:
            counted = y if loss.ignored is None else y[y != loss.ignored]
            if counted.size and (counted != np.round(counted)).any():
                broken = counted[counted != np.round(counted)][0]
                reason = f"must be numbers of classes for {loss.name}, but holds {broken:g}"
                yield error("data", "y", reason, "Use loss='categorical_crossentropy' for probabilities")
            elif counted.size and classes is not None and (counted.min() < 0 or counted.max() >= classes):
                held = f"{counted.min():g} to {counted.max():g}"
                reason = f"holds labels from {held}, but {node.name} has {classes} units: 0 to {classes - 1}"
                yield error("data", "y", reason, f"Count from 0, or give the last layer {int(counted.max()) + 1} units")
        elif classes not in (None, 1) and y.shape[-1] != classes:
            yield error(
                "data",
                "y",
                f"has the shape {y.shape}, but {loss.name} takes rows of {classes} probabilities",
                "Use loss='sparse_categorical_crossentropy' for numbers of classes",
            )


def rows_of_probabilities(checked: Checked) -> Found:
    """Rows that do not sum to 1, under a softmax."""
    for node, loss, y in _targets(checked):
        reach = losses.reach(node)
        by_loss = loss is not None and (loss.is_divergence or (loss.is_categorical and not loss.is_sparse))
        by_output = reach is not None and bool(reach.axes) and not reach.is_log and (loss is None or not loss.is_sparse)
        if not (by_loss or by_output) or y.ndim < 2 or y.shape[-1] != node.shape[-1] or y.shape[-1] == 1:
            continue
        off = np.abs(y.sum(-1) - 1.0) > 1e-3
        if _share(off) > 0.01:
            sums = y.sum(-1)
            ends = f"{sums.min():.3g} to {sums.max():.3g} ({_share(off):.0%} of them not to 1)"
            reason = f"has rows that sum to {ends}, but the outputs are one distribution"
            yield warning(
                "data",
                "y",
                reason,
                "For labels that can be on together: activation='sigmoid', loss='binary_crossentropy'",
            )


def out_of_reach(checked: Checked) -> Found:
    """Targets that the last activation cannot give."""
    for node, loss, y in _targets(checked):
        reach = losses.reach(node)
        has_own_loss = loss is None and checked.model.loss is not None
        has_labels = loss is not None and (loss.is_categorical or loss.from_logits or "hinge" in loss.name)
        if reach is None or has_own_loss or has_labels:
            continue
        slack = 1e-3 * max(1.0, np.abs(y).max(initial=0.0) * 1e-3)
        outside = (y < reach.low - slack) | (y > reach.high + slack)
        if _share(outside) > 0.01:
            held = f"holds {y.min():.3g} to {y.max():.3g}, {_share(outside):.0%} of it out of reach"
            reason = f"{held}: {node.name} ends in {reach.by}, which gives {reach}"
            yield warning("data", "y", reason, "Scale y to that range, or end in activation=None")


def out_of_the_loss(checked: Checked) -> Found:
    """Targets for which the loss is not defined."""
    for _, loss, y in _targets(checked):
        if loss is None:
            continue
        low, high = loss.targets
        outside = (y < low - 1e-6) | (y > high + 1e-6)
        if outside.any():
            reason = f"holds {y.min():.3g} to {y.max():.3g}, but {loss.name} takes targets in [{low:g}, {high:g}]"
            yield error("data", "y", reason, f"Scale y, or use another loss than {loss.name}: 'mse' takes any number")
        if loss.name == "mean_absolute_percentage_error" and _share(np.abs(y) < 1e-6) > 0.001:
            yield warning(
                "data",
                "y",
                "holds zeros, of which mean_absolute_percentage_error takes a share: it is 1e9 there",
                "Use loss='mae'",
            )


RULES: tuple[Rule, ...] = (shapes, far_from_outputs, labels, rows_of_probabilities, out_of_reach)
RULES += (out_of_the_loss,)
