"""Records grouped into tasks, a data set and a network each, with an entry for each activation that was tried.

The learning rate of an activation is the one with the best validation scores, by runs that are not compared.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from keras_acts.experiments import tuning
from keras_acts.experiments.analysis.inference import mean_interval
from keras_acts.experiments.runs.records import Record, SplitRecord, Value

__all__ = ["Entry", "Task", "tasks"]

T = TypeVar("T")
FLOAT32 = float(np.finfo("float32").eps)
SHARED = ("data", "model", "paired", "settings", "epochs", "batch_size")  # what all runs of a task have in common


@dataclass(frozen=True)
class Entry:
    """An activation in a task, at its chosen learning rate.

    Attributes:
        activation: name or spec string.
        learning_rate: the chosen one.
        records: the runs at this rate, by seed.
        validation: for each rate that was tried, the validation score of each tuning seed, nan where diverged; empty
            where there was one rate only.
    """

    activation: str
    learning_rate: float
    records: tuple[Record, ...]
    validation: Mapping[float, Sequence[float]]

    @property
    def scores(self) -> dict[int, float]:
        """The test metric of each seed, nan where the run diverged."""
        return {record.run.seed: math.nan if record.diverged else record.score for record in self.records}

    @property
    def trials(self) -> int:
        """Number of runs by which the rate was chosen."""
        return sum(map(len, self.validation.values()))

    @property
    def at_an_end(self) -> bool:
        """Whether a rate beyond those that were tried may be better still."""
        return tuning.at_an_end(self.validation, self.learning_rate)

    @property
    def without_choice(self) -> bool:
        """Whether no rate gave a finite score on validation data."""
        return bool(self.validation) and not np.isfinite(np.concatenate([*self.validation.values()])).any()

    def still_improves(self, higher_is_better: bool) -> bool:
        """Whether validation data are better in the last fifth of the epochs than in the fifth before, over all seeds.

        By the 95 % interval of the mean change by seed: it must lie above a thousandth of the score.
        """
        if len({len(record.history["val_metric"]) for record in self.records}) > 1:
            return False  # they end where a loop of the user's stops
        curves = self.curves("val_metric")
        fifth = curves.shape[1] // 5
        if fifth < 1 or len(curves) < 2 or not np.isfinite(curves).all():
            return False
        change = curves[:, -fifth:].mean(axis=1) - curves[:, -2 * fifth : -fifth].mean(axis=1)
        mean, half = mean_interval(change if higher_is_better else -change)
        return bool(mean - half > 1e-3 * abs(curves[:, -fifth:].mean()))

    @property
    def diverged(self) -> int:
        """Number of diverged runs at the chosen rate."""
        return sum(record.diverged for record in self.records)

    @property
    def says_the_largest_class(self) -> bool:
        """True if every run scores as one that always answers the class with most of its test rows."""
        return all(
            record.split.majority is not None and abs(record.score - record.split.majority) < 0.5 / record.split.test
            for record in self.records
        )

    def curves(self, name: str) -> np.ndarray:
        """A curve of the history ("loss", "metric", "val_loss", "val_metric"), of shape (seeds, epochs)."""
        return np.array([record.history[name] for record in self.records])

    def layers(self, name: str) -> np.ndarray:
        """An attribute of `LayerRecord`, of shape (seeds, layers); NaN where nothing was measured."""
        return np.array([[getattr(layer, name) for layer in record.layers] for record in self.records], dtype="float64")


@dataclass(frozen=True)
class Task:
    """One data set and one network, and the activations that were tried on it.

    Attributes:
        data: name of the data.
        model: name of the network.
        paired: True if every activation had the initializer that belongs to it.
        settings: further settings of the runs.
        epochs: passes over the training data.
        batch_size: samples in a step.
        split: the rows of a run, and what the seeds choose.
        metric_name: what the scores are, such as "accuracy".
        higher_is_better: the direction of the metric.
        entries: the activations, in the order of the records.
    """

    data: str
    model: str
    paired: bool
    settings: tuple[tuple[str, Value], ...]
    epochs: int
    batch_size: int
    split: SplitRecord
    metric_name: str
    higher_is_better: bool
    entries: tuple[Entry, ...]

    @property
    def overlap(self) -> float:
        """Rows tested / rows trained on, where each seed divides the same rows anew, else 0: see `standard_error`."""
        return self.split.test / self.split.train if self.split.by_seed == "rows" else 0.0

    @property
    def resolution(self) -> float:
        """The step between two scores: of accuracies a row, of others what float32 loses of the largest."""
        if self.metric_name == "accuracy" and self.split.test:
            return 1.0 / self.split.test
        scores = [abs(score) for entry in self.entries for score in entry.scores.values() if math.isfinite(score)]
        return FLOAT32 * max(scores, default=0.0)

    @property
    def label(self) -> str:
        """What distinguishes the task, such as "digits, mlp(width=128)"."""
        settings = ", ".join(f"{key}={value}" for key, value in self.settings if key not in ("fit", "file"))
        network = f"{self.model}({settings})" if settings else self.model
        return ", ".join(filter(None, (self.data, network))) + ("" if self.paired else ", same initializer for all")

    @property
    def facts(self) -> str:
        """What the scores are of, such as "test accuracy in %; 10 classes, the largest with 10 % of the test rows"."""
        if self.split.classes is None or self.split.majority is None:
            return f"test {self.metric_name}" + (", of targets as the network is given them" if self.epochs else "")
        largest = f"the largest with {100.0 * self.split.majority:.3g} % of the test rows"
        in_percent = " in %" if self.metric_name == "accuracy" else ""
        return f"test {self.metric_name}{in_percent}; {self.split.classes} classes, {largest}"

    @property
    def learning_rates(self) -> list[float]:
        """All rates that were tried with at least one activation."""
        return sorted({rate for entry in self.entries for rate in (*entry.validation, entry.learning_rate)})

    @property
    def curve_name(self) -> str:
        """What the curves show beside the loss: what is trained for, whatever the scores are."""
        if not self.epochs or self.metric_name in ("accuracy", "mse"):
            return self.metric_name
        return "accuracy" if self.split.classes is not None else "mse"

    @property
    def still_improving(self) -> list[str]:
        """The activations that more epochs may make better."""
        rising = self.higher_is_better if not self.epochs else self.split.classes is not None
        return [entry.activation for entry in self.entries if entry.still_improves(rising)]

    @property
    def layer_names(self) -> list[str]:
        """The layers with a kernel, first to last."""
        return [layer.name for layer in self.entries[0].records[0].layers]

    def entry(self, activation: str) -> Entry:
        """The entry of an activation."""
        return next(entry for entry in self.entries if entry.activation == activation)

    def each(self, get: Callable[[Entry], T]) -> dict[str, T]:
        """Something of every entry, by activation."""
        return {entry.activation: get(entry) for entry in self.entries}


def tasks(records: Iterable[Record]) -> tuple[Task, ...]:
    """Group records, and choose the learning rate of each activation.

    Args:
        records: finished runs.

    Returns:
        The tasks, in the order of the records.

    Raises:
        ValueError: if there are no records, or one task has records of several metrics.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(getattr(record.run, name) for name in SHARED), []).append(record)
    if not groups:
        raise ValueError("A comparison needs at least one record. Received: none")
    return tuple(map(_task, groups.values()))


def _task(records: list[Record]) -> Task:
    compared = [record for record in records if not record.run.tuning]
    if not compared:
        raise ValueError("A comparison needs runs that are compared. Received: only such as choose learning rates")
    metrics = {(record.metric_name, record.higher_is_better) for record in records}
    if len(metrics) > 1:
        raise ValueError(f"Records of one data set and network must have one metric. Received: {sorted(metrics)}")
    ((metric_name, higher_is_better),) = metrics
    activations = dict.fromkeys(record.run.activation for record in compared)
    groups = {name: [record for record in records if record.run.activation == name] for name in activations}
    return Task(
        **{name: getattr(compared[0].run, name) for name in SHARED},
        split=compared[0].split,
        metric_name=metric_name,
        higher_is_better=higher_is_better,
        entries=tuple(_entry(activation, group, higher_is_better) for activation, group in groups.items()),
    )


def _entry(activation: str, records: list[Record], higher_is_better: bool) -> Entry:
    trials = tuning.trials(records)
    compared = {record.run.seed: record for record in records if not record.run.tuning}
    rates = {record.run.learning_rate for record in records if not record.run.tuning}
    if len(rates) > 1 or (trials and tuning.best(trials, higher_is_better) not in rates):
        chosen = f"the best was {tuning.best(trials, higher_is_better):g}" if trials else "none was chosen"
        raise ValueError(
            f"The runs of an activation that are compared must be at the rate that was chosen for it. Received: "
            f"{activation} at {', '.join(f'{rate:g}' for rate in sorted(rates))}, and {chosen}"
        )
    return Entry(activation, rates.pop(), tuple(compared[seed] for seed in sorted(compared)), trials)
