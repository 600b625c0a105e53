"""The figures of a report: which there are for a task, each with its title and its description in words."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_acts import plots
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.presets.reproduction import Reproduction, Row
from keras_acts.experiments.report.boundaries import Boundary, draw_boundary, of_task
from keras_acts.experiments.report.drawing import DrawnAnalysis, measured_memory
from keras_acts.experiments.report.figures import label_rows

__all__ = ["Exhibit", "boundary_exhibits", "exhibits", "reproduction_exhibits"]

# Narrow, so that the text stays readable where a phone scales the figure down to its own width.
SIZE = (4.6, 3.6)


class Exhibit(NamedTuple):
    """A figure of the report.

    Attributes:
        name: for file names and identifiers.
        title: the caption.
        description: what is to be seen, for those who cannot see it.
        figure: the figure, unknown to pyplot.
    """

    name: str
    title: str
    description: str
    figure: Figure


def exhibits(analysis: DrawnAnalysis, task: Task) -> list[Exhibit]:
    """The figures of a task, most important first, without those for which nothing was measured."""
    return [*boundary_exhibits(of_task(task)), *_measured(analysis, task), *_costs(analysis, task)]


def _measured(analysis: DrawnAnalysis, task: Task) -> Iterator[Exhibit]:
    metric = task.metric_name
    if analysis.differences(task):
        title = f"Differences from {analysis.baseline(task)} by seed, with intervals"
        text = f"Differences in test {metric} by seed. {'; '.join(analysis.sentences(task))}."
        yield Exhibit("differences", title, text, _figure(analysis.plot_differences, task))
    curves = {"val_metric": f"Validation {metric}", "val_loss": "Validation loss", "loss": "Training loss"}
    for name, words in curves.items():
        title = f"{words}: mean, 95 % band, one thin line per seed"
        text = f"{words} over {task.epochs} epochs. {_ends(task, name)}"
        yield Exhibit(name, title, text, _figure(partial(analysis.plot_curves, name), task, legend=True))
    if len(task.learning_rates) > 1:
        rates = "; ".join(f"{entry.activation}: {entry.learning_rate:g}" for entry in task.entries)
        text = f"Last validation {metric} by learning rate. Best rates: {rates}."
        figure = _figure(analysis.plot_learning_rates, task, legend=True)
        yield Exhibit("learning_rates", "Sensitivity to the learning rate", text, figure)
    if all(record.layers for entry in task.entries for record in entry.records):
        yield from _layers(analysis, task)


def _layers(analysis: DrawnAnalysis, task: Task) -> Iterator[Exhibit]:
    known = "dotted: theory" if analysis.predicted_gradients(task) else "no theory for this network"
    for when, words in (("start", f"before training ({known})"), ("end", "after training")):
        text = f"Gradient norm of each layer's kernel {words}. {_gradient_ratios(task, when)}"
        figure = _figure(partial(analysis.plot_gradients, when), task, legend=True)
        yield Exhibit(f"gradients_{when}", f"Gradient norm per layer, {words}", text, figure)
    for state, meaning in (("dead", "no sample moves them"), ("saturated", "flat for nearly all samples")):
        if any(np.isfinite(entry.layers(f"{state}_end")).any() for entry in task.entries):
            title = f"{state.capitalize()} units per layer: {meaning}"
            text = f"Share of {state} units in each layer after training; the numbers are in layers.csv."
            yield Exhibit(state, title, text, _figure(partial(analysis.plot_shares, state), task))


def _costs(analysis: DrawnAnalysis, task: Task) -> Iterator[Exhibit]:
    text = "Time of a training step by activation; the medians are in the table."
    yield Exhibit("time", "Time of a training step", text, _figure(analysis.plot_time, task))
    if measured_memory(task):
        text = "Peak memory of a run by activation; the means are in the table."
        yield Exhibit("memory", "Peak memory", text, _figure(analysis.plot_memory, task))


def boundary_exhibits(boundaries: Sequence[Boundary]) -> list[Exhibit]:
    """One figure with the decision boundaries side by side, where there are any."""
    if not boundaries:
        return []
    columns = 2 if len(boundaries) < 3 else 3
    rows = -(-len(boundaries) // columns)
    figure = Figure(figsize=(SIZE[0], 0.3 + SIZE[0] / columns * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, boundary in zip(axes.flat, boundaries, strict=False):
        draw_boundary(boundary, ax=ax)
    for ax in axes.flat[len(boundaries) :]:
        ax.set_axis_off()
    names = "; ".join(boundary.label for boundary in boundaries)
    title = "Decision boundaries: for each activation, the run with the median test score"
    return [Exhibit("boundaries", title, f"Decision boundaries in the plane, and the data. {names}.", figure)]


def reproduction_exhibits(reproduction: Reproduction) -> list[Exhibit]:
    """Published figures beside measured ones, a figure for each measure."""
    found = []
    for number, (measure, rows) in enumerate(reproduction.tables.items(), 1):
        figure = Figure(figsize=(SIZE[0], 1.2 + 0.3 * len(rows)), layout="constrained")
        _draw_reproduction(rows, figure.subplots())
        title = f"{measure[:1].upper()}{measure[1:]}: a dot for each seed, a bar at their median"
        if any(row.published.value is not None for row in rows):
            title += ", a diamond for what was published"
        description = f"{measure}, published, median here, spread. " + "; ".join(", ".join(row.cells) for row in rows)
        found.append(Exhibit(f"published-{number}", title, description, figure))
    return found


def _draw_reproduction(rows: Sequence[Row], ax: Axes) -> None:
    """The rows of one measure: a dot for each seed, a bar at their median, and a diamond for what was published."""
    for place, row in enumerate(rows):
        spread = np.linspace(-0.25, 0.25, len(row.finite)) if len(row.finite) > 1 else np.zeros(len(row.finite))
        ax.plot(row.finite, place + spread, "o", color=plots.COLORS[0], markersize=3, alpha=0.6)
        if row.finite:
            ax.plot([np.median(row.finite)] * 2, [place - 0.35, place + 0.35], color=plots.COLORS[0], linewidth=2.0)
        if row.published.value is not None:
            ax.plot(row.published.value, place, "D", color=plots.COLORS[4], markersize=7)
    columns = [[row.published.label for row in rows], [row.published.activation for row in rows]]
    names = [column for column in columns if len(set(column)) > 1] or columns[:1]
    label_rows(ax, range(len(rows)), [": ".join(name) for name in zip(*names, strict=True)])
    seen = [value for row in rows for value in (*row.finite, row.published.value) if value is not None]
    if seen and min(seen) > 0.0 and max(seen) > 50.0 * min(seen):
        ax.set_xscale("log")
    ax.set_xlabel(rows[0].published.measure.name)
    ax.grid(alpha=0.25, axis="x")


def _figure(draw: Callable[..., Axes], task: Task, legend: bool = False) -> Figure:
    """With a legend below it, or a row for each activation."""
    labels = [entry.activation for entry in task.entries]
    columns = 2 if max(map(len, labels)) > 18 else 3
    rows = -(-len(labels) // columns)
    height = SIZE[1] + 0.2 * rows if legend else 1.2 + 0.28 * len(labels)
    figure = Figure(figsize=(SIZE[0], height), layout="constrained")
    draw(task=task, ax=figure.subplots())
    if legend:
        figure.legend(loc="outside lower center", ncols=min(len(labels), columns), fontsize="small", handlelength=2.5)
    return figure


def _ends(task: Task, name: str) -> str:
    last = task.each(lambda entry: entry.curves(name)[:, -1])
    means = {label: values[np.isfinite(values)].mean() for label, values in last.items() if np.isfinite(values).any()}
    return _extremes(means, "At the end")


def _gradient_ratios(task: Task, when: str) -> str:
    norms = task.each(lambda entry: np.median(entry.layers(f"gradient_{when}"), axis=0))
    ratios = {name: each[0] / each[-1] for name, each in norms.items() if np.isfinite(each[0]) and each[-1] > 0.0}
    return _extremes(ratios, "First layer to last layer")


def _extremes(values: dict[str, float], words: str) -> str:
    if not values:
        return ""
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return f"{words}: lowest {low} with {values[low]:.3g}, highest {high} with {values[high]:.3g}."
