"""The figures of a report: which there are for a problem, each with its title and its description in words."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from keras_acts.experiments.analysis.selection import Problem
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.presets.reproduction import Reproduction
from keras_acts.experiments.report.boundaries import Boundary, draw_boundary, of_problem
from keras_acts.experiments.report.published import draw_reproduction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def exhibits(comparison: Comparison, problem: Problem, style: dict[Any, Any] | None = None) -> list[Exhibit]:
    """The figures of a problem, without those for which nothing was measured.

    Args:
        comparison: the runs.
        problem: one of its problems.
        style: matplotlib settings to draw with.

    Returns:
        The figures, most important first.
    """
    metric, epochs = problem.metric_name, f"{problem.epochs} epochs"
    found = []

    labels = [entry.activation for entry in problem.entries]

    def add(name: str, title: str, description: str, draw: Callable[["Axes"], object], legend: bool = False) -> None:
        with matplotlib.rc_context(style or {}):
            found.append(Exhibit(name, title, description, _figure(draw, labels, legend)))

    boundaries = of_problem(problem)
    if boundaries:
        found.append(boundary_exhibit(boundaries, style))
    if comparison.differences(problem):
        add(
            "differences",
            f"Paired differences from {comparison.baseline(problem)}, with intervals",
            f"Paired differences in test {metric}. {'; '.join(comparison.verdict(problem).splitlines())}.",
            partial(comparison.plot_differences, problem),
        )
    for name, words in (
        ("val_metric", f"Validation {metric}"),
        ("val_loss", "Validation loss"),
        ("loss", "Training loss"),
    ):
        add(
            name,
            f"{words}: mean, 95 % band, one thin line per seed",
            f"{words} over {epochs}. {_ends(problem, name)}",
            partial(comparison.plot_curves, name, problem),
            legend=True,
        )
    if any(len(entry.validation) > 1 for entry in problem.entries):
        rates = "; ".join(f"{entry.activation}: {entry.learning_rate:g}" for entry in problem.entries)
        add(
            "learning_rates",
            "Sensitivity to the learning rate",
            f"Last validation {metric} by learning rate. Best rates: {rates}.",
            partial(comparison.plot_learning_rates, problem),
            legend=True,
        )
    if all(record.layers for entry in problem.entries for record in entry.records):
        theory = "dotted: theory" if comparison.predicted_gradients(problem) else "no theory for this network"
        for when, words in (("start", f"before training ({theory})"), ("end", "after training")):
            add(
                f"gradients_{when}",
                f"Gradient norm per layer, {words}",
                f"Gradient norm of each layer's kernel {words}. {_gradient_ratios(problem, when)}",
                partial(comparison.plot_gradients, when, problem),
                legend=True,
            )
        for state, meaning in (("dead", "no sample moves them"), ("saturated", "flat for nearly all samples")):
            if comparison.measured(state, problem):
                add(
                    state,
                    f"{state.capitalize()} units per layer: {meaning}",
                    f"Share of {state} units in each layer after training; the numbers are in layers.csv.",
                    partial(comparison.plot_shares, state, "end", problem),
                )
    add(
        "time",
        "Time of a training step",
        "Time of a training step by activation; the medians are in the table.",
        partial(comparison.plot_time, problem),
    )
    if comparison.measured("memory", problem):
        add(
            "memory",
            "Peak memory",
            "Peak memory of a run by activation; the means are in the table.",
            partial(comparison.plot_memory, problem),
        )
    return found


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


def _figure(draw: Callable[["Axes"], object], labels: Sequence[str], legend: bool) -> Figure:
    """With a legend below it, or a row for each label."""
    columns = 2 if max(map(len, labels)) > 18 else 3
    rows = -(-len(labels) // columns)
    height = SIZE[1] + 0.2 * rows if legend else 1.2 + 0.28 * len(labels)
    figure = Figure(figsize=(SIZE[0], height), layout="constrained")
    draw(figure.subplots())
    if legend:
        figure.legend(loc="outside lower center", ncols=min(len(labels), columns), fontsize="small", handlelength=2.5)
    return figure


def _ends(problem: Problem, name: str) -> str:
    last = {entry.activation: entry.curves(name)[:, -1] for entry in problem.entries}
    means = {label: values[np.isfinite(values)].mean() for label, values in last.items() if np.isfinite(values).any()}
    return _extremes(means, "At the end")


def _gradient_ratios(problem: Problem, when: str) -> str:
    ratios = {}
    for entry in problem.entries:
        norms = [[getattr(layer, f"gradient_{when}") for layer in record.layers] for record in entry.records]
        first, last = np.median([row[0] for row in norms]), np.median([row[-1] for row in norms])
        if np.isfinite(first) and last > 0.0:
            ratios[entry.activation] = float(first / last)
    return _extremes(ratios, "First layer to last layer")


def _extremes(values: dict[str, float], words: str) -> str:
    if not values:
        return ""
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return f"{words}: lowest {low} with {values[low]:.3g}, highest {high} with {values[high]:.3g}."
