"""Rules about what a model does to data, given or drawn: dead and saturated units, signals, gradients."""

from typing import Any

import keras
import numpy as np

from keras_acts.inspection.checking import graph
from keras_acts.inspection.checking.checked import Checked, Found, Rule, error, note, warning
from keras_acts.inspection.checking.measuring import Run, Seen

__all__ = ["RULES"]


def _arrays(x: Any) -> list[np.ndarray]:
    return [np.asarray(each) for each in keras.tree.flatten(x) if np.asarray(each).dtype.kind == "f"]


def _on(run: Run) -> str:
    return "drawn inputs of mean 0 and variance 1" if run.is_drawn else "x"


def input_not_finite(checked: Checked) -> Found:
    """NaN or infinity in x or y."""
    for name, arrays in (("x", _arrays(checked.x)), ("y", _arrays(checked.y))):
        for array in arrays:
            bad = ~np.isfinite(array)
            if bad.any():
                rows = np.flatnonzero(bad.reshape(len(array), -1).any(1))
                reason = f"is nan or infinite in {len(rows)} of {len(array)} samples, the first of them {rows[0]}"
                yield error("data", name, reason, f"Leave these out or fill them: {name} = np.nan_to_num({name})")


def first_not_finite(checked: Checked) -> Found:
    """The first layer that makes NaN or infinity of finite numbers."""
    run = checked.run
    results = [*run.outputs, *(gradient for _, gradient in run.gradients)]
    if all(np.isfinite(each).all() for each in results if each.dtype.kind == "f"):
        return  # infinities of a mask, say, that a softmax takes away
    if not all(np.isfinite(each).all() for each in _arrays(checked.x)):
        return  # told of by themselves
    first = next((seen for seen in run.seen if not (seen.finite_in and seen.finite_out)), None)
    if first is not None and first.finite_in:
        reason = f"gives nan or infinite numbers on {_on(run)}, from finite inputs up to {first.largest_in:.3g}"
        fix = "Scale its inputs, or use a form that does not overflow; keras_acts has them"
        yield error(first.path, _attribute(first), reason, fix)
    elif first is not None or not all(np.isfinite(each).all() for each in run.outputs):
        where, what = (checked.model.name, "outputs") if first is None else (first.path, "inputs")
        reason = f"are nan or infinite on {_on(run)}, by an operation between layers, all of which give finite numbers"
        yield error(where, what, reason, "Look for a division by 0, a root or a logarithm")


def gradient_not_finite(checked: Checked) -> Found:
    """Gradients that are not finite, though the outputs are."""
    run = checked.run
    if not all(np.isfinite(each).all() for each in run.outputs if each.dtype.kind == "f"):
        return
    if any(not np.isfinite(gradient).all() for _, gradient in run.gradients):
        bad = next((seen for seen in run.seen if seen.bad_slope), None)
        if bad is not None:
            reason = f"has a slope that is not finite on {_on(run)}: all gradients before it are nan"
            yield error(
                bad.path,
                _attribute(bad),
                reason,
                "Keep the argument legal on both sides of a where: sqrt(where(x > 0, x, 1))",
            )
        else:
            names = [variable.path for variable, gradient in run.gradients if not np.isfinite(gradient).all()]
            reason = f"of {names[-1]} and {len(names) - 1} more are not finite on {_on(run)}"
            yield error(
                checked.model.name,
                "gradients",
                reason,
                "Look for a root, a logarithm or a division in the loss or a layer",
            )


# ---- Signals and gradients over depth --------------------------------------------------------------------------------

LEAST, MOST = 2e-3, 300.0


def signal_over_depth(checked: Checked) -> Found:
    """What differs between samples fades, or grows, on the way to the last layer with weights."""
    run = checked.run
    kernels = run.with_kernels()
    if len(kernels) < 3 or not all(each.finite_out for each in kernels):
        return
    first, last = kernels[0].spread_in, kernels[-1].spread_in
    if first == 0.0:
        return
    what = f"{first:.3g} in front of {kernels[0].path} and {last:.3g} in front of {kernels[-1].path}, on {_on(run)}"
    fix = f"Use **keras_acts.paired({_most_common(checked)!r}, deep=True), or a normalization layer in each block"
    if last < LEAST * min(first, 1.0):
        yield warning(kernels[-1].path, "inputs", f"fade: what differs between samples is {what}", fix)
    elif last > MOST * max(first, 1.0):
        yield warning(kernels[-1].path, "inputs", f"explode: what differs between samples is {what}", fix)


def gradient_over_depth(checked: Checked) -> Found:
    """Gradients of the first kernels that are nothing, or everything, beside those of the last."""
    run = checked.run
    found = [(v, float(np.sqrt(np.mean(np.square(g))))) for v, g in run.gradients if v.name == "kernel"]
    found = [(variable, size) for variable, size in found if np.isfinite(size)]
    if len(found) < 4:
        return
    part = max(1, len(found) // 6)
    early, late = max(found[:part], key=lambda each: each[1]), max(found[-part:], key=lambda each: each[1])
    if late[1] == 0.0 or early[1] == 0.0:
        return
    ratio = early[1] / late[1]
    fix = f"Use **keras_acts.paired({_most_common(checked)!r}), skip connections or a normalization layer in each block"
    if ratio < 1e-4:
        reason = f"vanishes: it is {ratio:.2g} times that of {late[0].path}, on {_on(run)}"
        yield warning(early[0].path.rpartition("/")[0], "gradient", reason, fix)
    elif ratio > 1e4:
        reason = f"explodes: it is {ratio:.2g} times that of {late[0].path}, on {_on(run)}"
        yield warning(early[0].path.rpartition("/")[0], "gradient", reason, fix)


def no_gradient(checked: Checked) -> Found:
    """Not one kernel gets a gradient."""
    run = checked.run
    kernels = [gradient for variable, gradient in run.gradients if variable.name == "kernel"]
    if kernels and not any(np.any(each) for each in kernels):
        yield error(
            checked.model.name,
            "gradients",
            f"of all kernels are 0 on {_on(run)}: nothing will be learnt",
            "Look at the last activation: relu below 0, softmax of one unit and a step have no slope",
        )


def _most_common(checked: Checked) -> str:
    names = [
        each.does.name for each in checked.graph.of_kind("activation") if each.does and each.does.values is not None
    ]
    return max(names, key=names.count) if names else "relu"


# ---- Units -----------------------------------------------------------------------------------------------------------


def dead_units(checked: Checked) -> Found:
    """Units whose slope is 0 for every sample: many of a hidden layer, or some of the output."""
    run = checked.run
    firsts = {id(node.layer) for node in checked.graph.of_kind("activation") if not _bends(node.ancestors)}
    for seen in run.seen:
        if not seen.is_activation or seen.dead < 0.1 or seen.rows < 32 or _is_gate(seen, checked):
            continue
        reason = f"is flat for every sample of {_on(run)} in {seen.dead:.0%} of {seen.units} units: they learn nothing"
        most = 0.1 if _is_last(seen, checked) else 1.0 if seen.units < 8 else 0.4 if id(seen.layer) in firsts else 0.6
        if run.is_drawn:
            most = 1.0 if most > 0.1 else 0.5
        if seen.dead >= most:
            yield warning(
                seen.path, _attribute(seen), reason, "Use activation='leaky_relu', smaller steps, or zero biases"
            )
        elif seen.dead >= 0.25 and seen.units >= 8 and not run.is_drawn:
            yield note(seen.path, _attribute(seen), reason, "Use activation='leaky_relu' if it matters")


def _bends(nodes: list[graph.Node]) -> bool:
    return any(node.kind in ("activation", "recurrent") for node in nodes)


def constant_output(checked: Checked) -> Found:
    """Outputs that are the same for every sample."""
    run = checked.run
    if not any(seen.spread_in > 0.0 for seen in run.seen):
        return
    for place, output in enumerate(run.outputs):
        if (
            output.dtype.kind == "f"
            and len(output) > 1
            and np.isfinite(output).all()
            and not np.ptp(output, axis=0).any()
        ):
            if _ends_at_zero_kernel(checked, place):
                continue
            last = next((seen for seen in run.seen if seen.spread_in > 0.0 and seen.spread_out == 0.0), run.seen[-1])
            reason = f"is the same for every sample of {_on(run)}, and so is output {place} of the model"
            yield error(
                last.path,
                _attribute(last),
                reason,
                "Look at this layer: its activation is flat there, or its weights are 0",
            )


def _ends_at_zero_kernel(checked: Checked, place: int) -> bool:
    """Whether the last layer starts at 0, from which it can learn."""
    if place >= len(checked.graph.outputs):
        return False
    node = checked.graph.outputs[place]
    last = [node, *node.before("move", "scale", "activation", "dropout")]
    kernels = [getattr(each.layer, "kernel", None) for each in last if each.kind == "weights"]
    return any(kernel is not None and not np.any(keras.ops.convert_to_numpy(kernel)) for kernel in kernels)


def saturated_units(checked: Checked) -> Found:
    """Hidden tanh, sigmoid and the like at their ends for nearly all samples."""
    run = checked.run
    for seen in run.seen:
        if seen.saturated > 0.7 and not _is_last(seen, checked) and not _is_gate(seen, checked):
            reason = (
                f"is at its ends for {seen.saturated:.0%} of the numbers on {_on(run)}: it passes hardly any gradient"
            )
            yield warning(
                seen.path, _attribute(seen), reason, "Scale its inputs: keras.layers.Normalization, or smaller weights"
            )


def _is_last(seen: Seen, checked: Checked) -> bool:
    nodes = [node for node in checked.graph.of_kind("activation") if node.layer is seen.layer]
    return any(checked.graph.feeds_output(node) for node in nodes)


def _is_gate(seen: Seen, checked: Checked) -> bool:
    nodes = [node for node in checked.graph.of_kind("activation") if node.layer is seen.layer]
    return any(type(each.layer).__name__ == "Multiply" for node in nodes for each in node.after("move"))


def _attribute(seen: Seen) -> str:
    return "activation" if seen.is_activation else "outputs"


# ---- Scale of the inputs, statistics of normalization ----------------------------------------------------------------


def input_scale(checked: Checked) -> Found:
    """Inputs far from unit scale at the first layer with weights, where nothing scales them again."""
    run = checked.run
    if run.is_drawn or not run.with_kernels():
        return
    firsts = [node for node in checked.graph.of_kind("weights") if not any(_scales(each) for each in node.ancestors)]
    layers = {
        id(node.layer)
        for node in firsts
        if all(each.kind not in ("batchnorm", "normalization") for each in node.after("move"))
    }
    for seen in run.seen:
        is_first = id(seen.layer) in layers and not seen.is_activation
        if is_first and seen.finite_in and seen.feature_rms > 50.0:
            size = f"{seen.largest_in:.3g}, and one feature of root mean square {seen.feature_rms:.3g}"
            reason = f"are up to {size}; weights are made for 1"
            yield warning(
                seen.path, "inputs", reason, "Scale x, or begin with keras.layers.Normalization() and .adapt(x)"
            )
        elif is_first and seen.finite_in and 0.0 < seen.largest_in < 0.01:
            reason = f"are at most {seen.largest_in:.3g}; weights are made for 1. Were they scaled twice?"
            yield warning(
                seen.path, "inputs", reason, "Scale x once, or begin with keras.layers.Normalization() and .adapt(x)"
            )


def _scales(node: graph.Node) -> bool:
    return node.kind in ("batchnorm", "normalization", "activation", "recurrent", "weights") or isinstance(
        node.layer, keras.layers.Embedding
    )


def stale_statistics(checked: Checked) -> Found:
    """BatchNormalization whose moving statistics are far from the data's."""
    run = checked.run
    for seen in [] if run.is_drawn else run.seen:
        drift = None if seen.statistics is None else _drift(seen.layer, *seen.statistics)
        if drift is not None and (drift[0] > 0.7 or drift[1] > 5.0):
            reason = (
                f"has a moving mean {drift[0]:.2g} deviations off that of x, a variance {drift[1]:.3g} times off: "
                "inference is another function than training"
            )
            yield warning(
                seen.path, "moving statistics", reason, "Train for more steps, or use BatchNormalization(momentum=0.9)"
            )


def _drift(layer: Any, of_mean: np.ndarray, of_variance: np.ndarray) -> tuple[float, float] | None:
    """How far the moving mean is off, in deviations, and by what factor the variance is."""
    mean, variance = (keras.ops.convert_to_numpy(each) for each in (layer.moving_mean, layer.moving_variance))
    if not mean.any() and (variance == 1.0).all():
        return None  # not trained yet
    of_variance, variance = of_variance + layer.epsilon, variance + layer.epsilon
    off, factor = np.abs(of_mean - mean) / np.sqrt(of_variance), np.exp(np.abs(np.log(of_variance / variance)))
    return float(np.median(off)), float(np.median(factor))


RULES: tuple[Rule, ...] = (input_not_finite, first_not_finite, gradient_not_finite, signal_over_depth)
RULES += (gradient_over_depth, no_gradient, dead_units, constant_output, saturated_units)
RULES += (input_scale, stale_statistics)
