"""The figures of a report: which there are for a task, each with its title and its description in words."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from keras_acts.experiments.analysis import tables
from keras_acts.experiments.analysis.inference import mean_interval
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.analysis.verdict import unit
from keras_acts.experiments.presets.reproduction import Reproduction, Row
from keras_acts.experiments.report import charts, ranking
from keras_acts.experiments.report.boundaries import Boundary, of_task, planes
from keras_acts.experiments.report.charts import Figure
from keras_acts.experiments.report.drawing import DrawnAnalysis
from keras_acts.experiments.report.figures import with_diverged

__all__ = ["Exhibit", "boundary_exhibits", "exhibits", "reproduction_exhibits"]

CURVE_POINTS = 100  # more cannot be seen, and make a page of many megabytes
RANGE = alt.ExprRef("range")  # that of the lines that are drawn


class Exhibit(NamedTuple):
    """A figure of the report.

    Attributes:
        name: for file names and identifiers.
        title: the caption.
        description: what is to be seen, for those who cannot see it.
        figure: the figure.
    """

    name: str
    title: str
    description: str
    figure: Figure


def exhibits(analysis: DrawnAnalysis, task: Task) -> list[Exhibit]:
    """The figures of a task, most important first, without those for which nothing was measured."""
    found = [*_differences(analysis, task), *boundary_exhibits(of_task(task)), *_curves(task), *_rates(task)]
    if all(record.layers for entry in task.entries for record in entry.records):
        found += _layers(analysis, task)
    return found


def _differences(analysis: DrawnAnalysis, task: Task) -> Iterator[Exhibit]:
    if not analysis.differences(task):
        return
    factor, _ = _in_percent(task.metric_name)
    rows = []
    for row in ranking.ordered(analysis, task):
        found = row.difference
        if found is None:
            rows.append({"label": f"{row.activation} (baseline)", "mean": None})
            continue
        ends = {name: factor * getattr(found, name) for name in ("mean", "low", "high")}
        verdict = ("better" if found.better else "worse") if found.significant else "no difference shown"
        said = f"{row.activation}: {tables.interval(row)}"
        rows.append({"label": with_diverged(found), **ends, "verdict": verdict, "text": said})
    axis = f"difference in {unit(task.metric_name)}, {'right' if task.higher_is_better else 'left'} is better"
    title = f"Test {task.metric_name} minus that of {analysis.baseline(task)}, with intervals"
    if analysis.worth:
        title += f", and ±{analysis.worth:g}, the smallest difference worth having"
    text = f"Differences in test {task.metric_name} by seed. {'; '.join(analysis.sentences(task))}."
    yield Exhibit("differences", title, text, charts.forest(rows, axis, analysis.worth))


def _curves(task: Task) -> Iterator[Exhibit]:
    metric = task.curve_name
    curves = {"val_metric": f"validation {metric}", "val_loss": "validation loss", "loss": "training loss"}
    found = {name: values for name in curves if (values := _histories(task, name))}
    pair = [list(found.get(name, {}).values()) for name in ("val_metric", "val_loss")]
    if all(pair) and np.allclose(pair[0], pair[1], equal_nan=True):  # mse is both
        del found["val_loss"]
    for name, values in found.items():
        epochs = next(iter(values.values())).shape[1]
        drawn = np.unique(np.linspace(0, epochs - 1, CURVE_POINTS).astype(int))
        skip = len(drawn) // 4
        ticks = alt.Axis(values=_epochs(epochs), format="d", grid=False)
        x = alt.X("x:Q", title="epoch", axis=ticks).scale(domain=[1, max(epochs, 2)], nice=False)
        factor, percent = _in_percent(metric if name == "val_metric" else "loss")
        rows = [
            row
            for label, each in values.items()
            for row in _line(label, "epoch", drawn + 1, factor * each[:, drawn], percent)
        ]
        figure = charts.lines(rows, x, _axis(curves[name], percent), skip=skip)
        ends = {row["label"]: row["y"] for row in rows}  # the last of each
        words = curves[name].capitalize()
        fitted = f", the axis fitted to epochs {drawn[skip] + 1} to {epochs}" if skip else ""
        text = f"{words} over {epochs} epochs. {_extremes(ends, 'At the end')}"
        yield Exhibit(name, f"{words}: mean over seeds{fitted}", text, figure)


def _histories(task: Task, name: str) -> dict[str, np.ndarray]:
    """A curve of every activation; none unless all runs have it, all equally long: a loop of one's own may not."""
    lengths = {len(record.history[name]) for entry in task.entries for record in entry.records}
    return task.each(lambda entry: entry.curves(name)) if len(lengths) == 1 and 0 not in lengths else {}


def _rates(task: Task) -> Iterator[Exhibit]:
    if not all(entry.validation for entry in task.entries):  # one rate for all
        return
    factor, percent = _in_percent(task.metric_name)
    rows = [
        row | {"marked": rate == entry.learning_rate}
        for entry in task.entries
        for rate, values in entry.validation.items()
        for row in _line(entry.activation, "learning rate", [rate], factor * np.array([values]).T, percent)
    ]
    axis = alt.Axis(values=task.learning_rates, format="~g", grid=False)
    x = alt.X("x:Q", title="learning rate", axis=axis).scale(type="log", nice=False, padding=12)
    words = f"validation {task.metric_name}"
    figure = charts.lines(rows, x, _axis(words, percent))
    chosen = "; ".join(f"{entry.activation}: {entry.learning_rate:g}" for entry in task.entries)
    text = f"{words.capitalize()} by learning rate. Chosen rates: {chosen}."
    yield Exhibit("learning_rates", "Sensitivity to the learning rate; a dot: chosen", text, figure)


def _layers(analysis: DrawnAnalysis, task: Task) -> Iterator[Exhibit]:
    names = task.layer_names
    axis = alt.Axis(labelAngle=0, labelOverlap=True, labelLimit=60, grid=False)
    x = alt.X("x:O", title="layer, from input to output", sort=names, axis=axis)
    y = alt.Y("y:Q", title="gradient norm").scale(type="log", domain=RANGE).axis(format="~g", tickCount=6)
    theory = analysis.predicted_gradients(task)
    known = "dotted: theory" if theory else "no theory for this network"
    for when, words in (("start", f"before training ({known})"), ("end", "after training")):
        norms = {entry.activation: np.median(entry.layers(f"gradient_{when}"), axis=0) for entry in task.entries}
        predicted = _by_layer(theory, names) if when == "start" else []
        figure = charts.lines(_by_layer(norms, names), x, y, predicted=predicted)
        ratios = {label: each[0] / each[-1] for label, each in norms.items() if each[-1] > 0.0}
        text = f"Gradient norm of each layer's kernel {words}. {_extremes(ratios, 'First layer to last layer')}"
        yield Exhibit(f"gradients_{when}", f"Gradient norm per layer, {words}", text, figure)
    for state, meaning in (("dead", "no sample moves them"), ("saturated", "flat for nearly all samples")):
        means = {entry.activation: entry.layers(f"{state}_end").mean(axis=0) for entry in task.entries}
        if shares := [row for row in _by_layer(means, names) if math.isfinite(row["share"])]:
            title = f"{state.capitalize()} units per layer after training: {meaning}"
            text = f"Share of {state} units in each layer after training; the numbers are in layers.csv."
            yield Exhibit(state, title, text, charts.table(shares, "layer"))


def boundary_exhibits(boundaries: Sequence[Boundary]) -> list[Exhibit]:
    """One figure with the decision boundaries side by side, where there are any."""
    if not boundaries:
        return []
    names = "; ".join(boundary.label for boundary in boundaries)
    title = "Decision boundaries: for each activation, the run with the median test score"
    text = f"Decision boundaries in the plane, and the data. {names}."
    return [Exhibit("boundaries", title, text, planes(boundaries))]


def reproduction_exhibits(reproduction: Reproduction) -> list[Exhibit]:
    """Published figures beside measured ones, a figure for each measure."""
    found = []
    for number, (measure, rows) in enumerate(reproduction.tables.items(), 1):
        title = f"{measure[:1].upper()}{measure[1:]}: a dot for each seed, a bar at their median"
        if any(row.published.value is not None for row in rows):
            title += ", a diamond for what was published"
        description = f"{measure}, published, median here, spread. " + "; ".join(", ".join(row.cells) for row in rows)
        drawn = {name: (row.finite, row.published.value) for name, row in zip(_names(rows), rows, strict=True)}
        found.append(Exhibit(f"published-{number}", title, description, charts.dots(drawn, measure)))
    return found


def _names(rows: Sequence[Row]) -> list[str]:
    """What was done and with which activation; one of them where the other is always the same."""
    columns = [[row.published.label for row in rows], [row.published.activation for row in rows]]
    told = [column for column in columns if len(set(column)) > 1] or columns[:1]
    return [": ".join(name) for name in zip(*told, strict=True)]


def _line(label: str, axis: str, x: Iterable[float], values: np.ndarray, percent: str) -> Iterator[dict[str, Any]]:
    """Means over seeds with their 95 % intervals, of values of shape (seeds, points).

    Seeds that are not finite somewhere are left out, and counted.
    """
    kept = np.isfinite(values).all(axis=1)
    failed = f"; {np.sum(~kept)} of {len(kept)} diverged" if not kept.all() else ""
    for place, mean, half in zip(x, *mean_interval(np.where(kept[:, None], values, np.nan)), strict=True):
        low, high = float(mean - half), min(float(mean + half), 100.0 if percent else math.inf)
        text = (
            f"{label}, {axis} {place:g}: {mean:.4g}{percent}"
            + (f" (95 % CI {low:.4g} to {high:.4g})" if half > 0.0 else "")
            + failed
        )
        yield {"label": label, "x": float(place), "y": float(mean), "low": low, "high": high, "text": text}


def _by_layer(values: Mapping[str, np.ndarray], names: Sequence[str]) -> list[dict[str, Any]]:
    """Points of lines, or shares of a table. A logarithmic axis has no place for 0."""
    rows = [(label, name, float(each)) for label, row in values.items() for name, each in zip(names, row, strict=True)]
    return [
        {
            "label": label,
            "x": name,
            "y": each or None,
            "share": each,
            "text": f"{label}, {name}: {each:.3g}",
            "marked": True,
        }
        for label, name, each in rows
    ]


def _in_percent(metric_name: str) -> tuple[float, str]:
    """What a score is multiplied with, and the unit behind it."""
    return (100.0, " %") if metric_name == "accuracy" else (1.0, "")


def _axis(words: str, percent: str) -> alt.Y:
    return alt.Y("y:Q", title=words + (", %" if percent else "")).scale(domain=RANGE, zero=False)


def _epochs(last: int) -> list[int]:
    """The first and the last epoch, and round numbers between them, none too near to either."""
    step = next(number * 10**power for power in range(9) for number in (1, 2, 5) if 6 * number * 10**power >= last)
    between = [epoch for epoch in range(step, last, step) if 1 + step / 2 < epoch <= last - step / 2]
    return [*dict.fromkeys([1, *between, last])]


def _extremes(values: Mapping[str, float | None], words: str) -> str:
    finite = {label: value for label, value in values.items() if value is not None and math.isfinite(value)}
    if not finite:
        return ""
    low, high = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    return f"{words}: lowest {low} with {finite[low]:.3g}, highest {high} with {finite[high]:.3g}."
