"""The figures of a report: which there are for a task, each with its title and its description in words."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_acts.experiments.analysis import theory
from keras_acts.experiments.analysis.analysis import Analysis
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.presets.reproduction import Reproduction
from keras_acts.experiments.report import drawing, figures
from keras_acts.experiments.report.boundaries import Boundary, draw_boundary, of_task
from keras_acts.experiments.report.published import draw_reproduction

__all__ = ["Exhibit", "boundary_exhibit", "exhibits", "reproduction_exhibits", "sentence_case"]

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


class _Wanted(NamedTuple):
    """A figure that is not drawn yet, with a legend or with a row for each activation."""

    name: str
    title: str
    description: str
    draw: Callable[..., Axes]
    legend: bool = False


def exhibits(analysis: Analysis, task: Task, style: dict[Any, Any] | None = None) -> list[Exhibit]:
    """The figures of a task, without those for which nothing was measured.

    Args:
        analysis: the runs.
        task: one of its tasks.
        style: matplotlib settings to draw with.

    Returns:
        The figures, most important first.
    """
    boundaries = of_task(task)
    found = [boundary_exhibit(boundaries, style)] if boundaries else []
    labels = [entry.activation for entry in task.entries]
    for name, title, description, draw, legend in _wanted(analysis, task):
        with matplotlib.rc_context(style or {}):
            found.append(Exhibit(name, title, description, _figure(draw, labels, legend)))
    return found


def _wanted(analysis: Analysis, task: Task) -> Iterator[_Wanted]:
    metric, differences = task.metric_name, analysis.differences(task)
    if differences:
        yield _Wanted(
            "differences",
            f"Differences from {analysis.baseline(task)} by seed, with intervals",
            f"Differences in test {metric} by seed. {'; '.join(analysis.sentences(task))}.",
            partial(figures.draw_differences, differences, metric=metric),
        )
    for name, words in (
        ("val_metric", f"Validation {metric}"),
        ("val_loss", "Validation loss"),
        ("loss", "Training loss"),
    ):
        yield _Wanted(
            name,
            f"{words}: mean, 95 % band, one thin line per seed",
            f"{words} over {task.epochs} epochs. {_ends(task, name)}",
            partial(drawing.curves, task, name),
            legend=True,
        )
    if len(task.learning_rates) > 1:
        rates = "; ".join(f"{entry.activation}: {entry.learning_rate:g}" for entry in task.entries)
        yield _Wanted(
            "learning_rates",
            "Sensitivity to the learning rate",
            f"Last validation {metric} by learning rate. Best rates: {rates}.",
            partial(drawing.learning_rates, task),
            legend=True,
        )
    if all(record.layers for entry in task.entries for record in entry.records):
        yield from _wanted_of_layers(task)
    yield _Wanted(
        "time",
        "Time of a training step",
        "Time of a training step by activation; the medians are in the table.",
        partial(drawing.step_times, task),
    )
    if drawing.measured_memory(task):
        yield _Wanted(
            "memory",
            "Peak memory",
            "Peak memory of a run by activation; the means are in the table.",
            partial(drawing.memory, task),
        )


def _wanted_of_layers(task: Task) -> Iterator[_Wanted]:
    known = "dotted: theory" if theory.predicted(task) else "no theory for this network"
    for when, words in (("start", f"before training ({known})"), ("end", "after training")):
        yield _Wanted(
            f"gradients_{when}",
            f"Gradient norm per layer, {words}",
            f"Gradient norm of each layer's kernel {words}. {_gradient_ratios(task, when)}",
            partial(drawing.gradients, task, when),
            legend=True,
        )
    for state, meaning in (("dead", "no sample moves them"), ("saturated", "flat for nearly all samples")):
        if any(np.isfinite(entry.layers(f"{state}_end")).any() for entry in task.entries):
            yield _Wanted(
                state,
                f"{state.capitalize()} units per layer: {meaning}",
                f"Share of {state} units in each layer after training; the numbers are in layers.csv.",
                partial(drawing.shares, task, state, "end"),
            )


def boundary_exhibit(boundaries: Sequence[Boundary], style: dict[Any, Any] | None = None) -> Exhibit:
    """Decision boundaries side by side."""
    columns = 2 if len(boundaries) < 3 else 3
    rows = -(-len(boundaries) // columns)
    with matplotlib.rc_context(style or {}):
        figure = Figure(figsize=(SIZE[0], 0.3 + SIZE[0] / columns * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        for ax, boundary in zip(axes.flat, boundaries, strict=False):
            draw_boundary(boundary, ax=ax)
        for ax in axes.flat[len(boundaries) :]:
            ax.set_axis_off()
    names = "; ".join(boundary.label for boundary in boundaries)
    title = "Decision boundaries: for each activation, the run with the median test score"
    return Exhibit("boundaries", title, f"Decision boundaries in the plane, and the data. {names}.", figure)


def reproduction_exhibits(reproduction: Reproduction, style: dict[Any, Any] | None = None) -> list[Exhibit]:
    """Published figures beside measured ones, a figure for each measure."""
    found = []
    for number, (measure, rows) in enumerate(reproduction.tables.items(), 1):
        with matplotlib.rc_context(style or {}):
            figure = Figure(figsize=(SIZE[0], 1.2 + 0.3 * len(rows)), layout="constrained")
            draw_reproduction(rows, ax=figure.subplots())
        title = f"{sentence_case(measure)}: a dot for each seed, a bar at their median"
        if any(row.published is not None for row in rows):
            title += ", a diamond for what was published"
        description = f"{measure}, published, median here, spread. " + "; ".join(", ".join(row.cells) for row in rows)
        found.append(Exhibit(f"published-{number}", title, description, figure))
    return found


def sentence_case(text: str) -> str:
    """The text with a capital at its beginning, and names such as MSE as they are."""
    return text[:1].upper() + text[1:]


def _figure(draw: Callable[..., Axes], labels: Sequence[str], legend: bool) -> Figure:
    """With a legend below it, or a row for each label."""
    columns = 2 if max(map(len, labels)) > 18 else 3
    rows = -(-len(labels) // columns)
    height = SIZE[1] + 0.2 * rows if legend else 1.2 + 0.28 * len(labels)
    figure = Figure(figsize=(SIZE[0], height), layout="constrained")
    draw(ax=figure.subplots())
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
