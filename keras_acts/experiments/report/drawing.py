"""The figures of one task: what was measured, brought to the functions of `figures`."""

import numpy as np
from matplotlib.axes import Axes

from keras_acts.experiments.analysis import theory
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.report import figures

__all__ = ["curves", "gradients", "learning_rates", "measured_memory", "memory", "shares", "step_times"]

CURVE_POINTS = 100  # more cannot be seen, and make a page of many megabytes


def curves(task: Task, name: str = "val_loss", *, ax: Axes | None = None) -> Axes:
    """A curve by epoch with its confidence band: "loss", "metric", "val_loss" or "val_metric"."""
    metric = "loss" if name.endswith("loss") else task.metric_name
    drawn = np.unique(np.linspace(0, task.epochs - 1, CURVE_POINTS).astype(int))
    histories = task.each(lambda entry: entry.curves(name)[:, drawn])
    ax = figures.draw_curves(histories, metric=metric, epochs=drawn + 1, ax=ax)
    ax.set_ylabel(f"{'validation' if name.startswith('val_') else 'training'} {metric}")
    return ax


def learning_rates(task: Task, *, ax: Axes | None = None) -> Axes:
    """The validation metric by learning rate."""
    return figures.draw_learning_rates(task.each(lambda entry: entry.validation), metric=task.metric_name, ax=ax)


def step_times(task: Task, *, ax: Axes | None = None) -> Axes:
    """The time of a training step."""
    times = task.each(lambda entry: [1e3 * record.step_seconds for record in entry.records])
    return figures.draw_costs(times, quantity="time of a training step in ms", ax=ax)


def measured_memory(task: Task) -> dict[str, list[float]]:
    """The peak memory of each run, for the activations of which all runs have one."""
    measured = task.each(lambda entry: [record.peak_memory_mb for record in entry.records])
    return {label: [*filter(None, values)] for label, values in measured.items() if None not in values}


def memory(task: Task, *, ax: Axes | None = None) -> Axes:
    """The peak memory of a run."""
    return figures.draw_costs(measured_memory(task), quantity="peak memory of a run in MB", ax=ax)


def gradients(task: Task, when: str = "start", *, ax: Axes | None = None) -> Axes:
    """Gradient norm of each layer at the "start" of training, with the theory's prediction, or at its "end"."""
    norms = task.each(lambda entry: entry.layers(f"gradient_{when}"))
    predictions = theory.predicted(task) if when == "start" else {}
    return figures.draw_gradients(norms, predictions, layers=task.layer_names, ax=ax)


def shares(task: Task, state: str = "dead", when: str = "end", *, ax: Axes | None = None) -> Axes:
    """Share of "dead" or "saturated" units in each layer at the "start" or the "end" of training."""
    means = task.each(lambda entry: entry.layers(f"{state}_{when}").mean(axis=0))
    kept = [bool(np.isfinite(layer).any()) for layer in zip(*means.values(), strict=True)]
    return figures.draw_shares(
        {label: values[kept] for label, values in means.items()},
        quantity=f"{state} units, {'before' if when == 'start' else 'after'} training",
        layers=[name for name, keep in zip(task.layer_names, kept, strict=True) if keep],
        ax=ax,
    )
