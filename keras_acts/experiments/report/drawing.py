"""An analysis that draws: what was measured, brought to the functions of `figures`."""

import numpy as np
from matplotlib.axes import Axes

from keras_acts.experiments.analysis import theory
from keras_acts.experiments.analysis.analysis import Analysis
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.report import figures

__all__ = ["DrawnAnalysis"]

CURVE_POINTS = 100  # more cannot be seen, and make a page of many megabytes


def _measured_memory(task: Task) -> dict[str, list[float]]:
    """The peak memory of each run, for the activations of which all runs have one."""
    measured = task.each(lambda entry: [record.peak_memory_mb for record in entry.records])
    return {label: [*filter(None, values)] for label, values in measured.items() if None not in values}


class DrawnAnalysis(Analysis):
    """Findings with their figures, a method for each. All take axes to draw on, a new figure by default.

    Attributes:
        notes: sentences on how the records came about.
    """

    notes: tuple[str, ...] = ()

    def plot_curves(self, name: str = "val_loss", task: Task | None = None, ax: Axes | None = None) -> Axes:
        """A curve by epoch with its confidence band: "loss", "metric", "val_loss" or "val_metric"."""
        task = self.task(task)
        metric = "loss" if name.endswith("loss") else task.curve_name
        lengths = {len(record.history[name]) for entry in task.entries for record in entry.records}
        if len(lengths) > 1 or 0 in lengths:
            raise ValueError(
                f"A curve can be drawn where all runs have it, with as many epochs. Received: {name!r} with "
                f"{', '.join(map(str, sorted(lengths)))} epochs"
            )
        drawn = np.unique(np.linspace(0, max(lengths) - 1, CURVE_POINTS).astype(int))
        histories = task.each(lambda entry: entry.curves(name)[:, drawn])
        ax = figures.draw_curves(histories, metric=metric, epochs=drawn + 1, ax=ax)
        ax.set_ylabel(f"{'validation' if name.startswith('val_') else 'training'} {metric}")
        return ax

    def plot_differences(self, task: Task | None = None, ax: Axes | None = None) -> Axes:
        """Differences by seed from the baseline in the test metric, with their intervals."""
        return figures.draw_differences(self.differences(task), metric=self.task(task).metric_name, ax=ax)

    def plot_learning_rates(self, task: Task | None = None, ax: Axes | None = None) -> Axes:
        """The validation metric by learning rate."""
        task = self.task(task)
        return figures.draw_learning_rates(task.each(lambda entry: entry.validation), metric=task.metric_name, ax=ax)

    def plot_time(self, task: Task | None = None, ax: Axes | None = None) -> Axes:
        """The time of a training step."""
        times = self.task(task).each(lambda entry: [1e3 * record.step_seconds for record in entry.records])
        return figures.draw_costs(times, quantity="time of a training step in ms", ax=ax)

    def plot_memory(self, task: Task | None = None, ax: Axes | None = None) -> Axes:
        """The peak memory of a run, of the activations for which it was measured."""
        return figures.draw_costs(_measured_memory(self.task(task)), quantity="peak memory of a run in MB", ax=ax)

    def predicted_gradients(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """The theory's gradient norms before training, for networks and activations that it describes."""
        return theory.predicted(self.task(task))

    def plot_gradients(self, when: str = "start", task: Task | None = None, ax: Axes | None = None) -> Axes:
        """Gradient norm of each layer at the "start" of training, with the theory's prediction, or at its "end"."""
        task = self.task(task)
        norms = task.each(lambda entry: entry.layers(f"gradient_{when}"))
        predictions = theory.predicted(task) if when == "start" else {}
        return figures.draw_gradients(norms, predictions, layers=task.layer_names, ax=ax)

    def plot_shares(
        self, state: str = "dead", when: str = "end", task: Task | None = None, ax: Axes | None = None
    ) -> Axes:
        """Share of "dead" or "saturated" units in each layer at the "start" or the "end" of training."""
        task = self.task(task)
        means = task.each(lambda entry: entry.layers(f"{state}_{when}").mean(axis=0))
        kept = [bool(np.isfinite(layer).any()) for layer in zip(*means.values(), strict=True)]
        shares = {label: values[kept] for label, values in means.items()}
        layers = [name for name, keep in zip(task.layer_names, kept, strict=True) if keep]
        quantity = f"{state} units, {'before' if when == 'start' else 'after'} training"
        return figures.draw_shares(shares, quantity=quantity, layers=layers, ax=ax)
