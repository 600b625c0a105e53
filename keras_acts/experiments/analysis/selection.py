"""Records put in order: one problem for each data set and network, one entry in it for each activation.

The learning rate of an activation is the one of the grid with the best validation metric; test scores of the other
rates are never read.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from keras_acts.experiments.runs.records import Record, Run, Value


@dataclass(frozen=True)
class Entry:
    """An activation in a problem, at its chosen learning rate.

    Attributes:
        activation: name or spec string.
        learning_rate: the chosen one.
        records: the runs at this rate, by seed.
        validation: for each rate of the grid, the last validation metric of each seed, nan where diverged.
    """

    activation: str
    learning_rate: float
    records: tuple[Record, ...]
    validation: Mapping[float, tuple[float, ...]]

    @property
    def scores(self) -> dict[int, float]:
        """The test metric of each seed, nan where the run diverged."""
        return {
            record.run.seed: math.nan if record.diverged else record.test_metric
            for record in sorted(self.records, key=lambda record: record.run.seed)
        }

    def curves(self, name: str) -> np.ndarray:
        """A curve of the history ("loss", "metric", "val_loss", "val_metric"), of shape (seeds, epochs).

        A run that stopped early, because it diverged, is filled up with NaN.
        """
        rows = [record.history[name] for record in self.records]
        curves = np.full((len(rows), max(map(len, rows))), np.nan)
        for row, values in zip(curves, rows, strict=True):
            row[: len(values)] = values
        return curves

    @property
    def diverged(self) -> int:
        """Number of diverged runs at the chosen rate."""
        return sum(map(math.isnan, self.scores.values()))


@dataclass(frozen=True)
class Problem:
    """One data set and one network, and the activations that were tried on it.

    Attributes:
        data: name of the data.
        model: name of the network.
        paired: True if every activation had the initializer that belongs to it.
        settings: further settings of the runs.
        epochs: passes over the training data.
        batch_size: samples in a step.
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
    metric_name: str
    higher_is_better: bool
    entries: tuple[Entry, ...]

    @property
    def label(self) -> str:
        """What distinguishes the problem, such as "digits, mlp(width=128)"."""
        settings = ", ".join(f"{key}={value}" for key, value in self.settings)
        network = f"{self.model}({settings})" if settings else self.model
        return f"{self.data}, {network}" + ("" if self.paired else ", same initializer for all")

    @property
    def scores(self) -> dict[str, dict[int, float]]:
        """Test scores by activation and seed."""
        return {entry.activation: entry.scores for entry in self.entries}

    @property
    def seeds(self) -> int:
        """The largest number of seeds of an activation."""
        return max(len(entry.records) for entry in self.entries)

    def entry(self, activation: str) -> Entry:
        """The entry of an activation."""
        return next(entry for entry in self.entries if entry.activation == activation)


def problems(records: Iterable[Record]) -> tuple[Problem, ...]:
    """Group records, and choose the learning rate of each activation.

    Args:
        records: finished runs.

    Returns:
        The problems, in the order of the records.

    Raises:
        ValueError: if there are no records, or one problem has records of several metrics.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(_identity(record.run), []).append(record)
    if not groups:
        raise ValueError("A comparison needs at least one record. Received: none")
    return tuple(map(_problem, groups.values()))


def _identity(run: Run) -> tuple[object, ...]:
    return run.data, run.model, run.paired, run.settings, run.epochs, run.batch_size


def _problem(records: list[Record]) -> Problem:
    run = records[0].run
    metrics = {(record.metric_name, record.higher_is_better) for record in records}
    if len(metrics) > 1:
        raise ValueError(f"Records of one data set and network must have one metric. Received: {sorted(metrics)}")
    ((metric_name, higher_is_better),) = metrics
    groups: dict[str, dict[float, dict[int, Record]]] = {}
    for record in records:
        rates = groups.setdefault(record.run.activation, {})
        rates.setdefault(record.run.learning_rate, {})[record.run.seed] = record
    entries = tuple(_entry(activation, rates, higher_is_better) for activation, rates in groups.items())
    return Problem(
        data=run.data,
        model=run.model,
        paired=run.paired,
        settings=run.settings,
        epochs=run.epochs,
        batch_size=run.batch_size,
        metric_name=metric_name,
        higher_is_better=higher_is_better,
        entries=entries,
    )


def _entry(activation: str, rates: Mapping[float, Mapping[int, Record]], higher_is_better: bool) -> Entry:
    ordered = {rate: [seeds[seed] for seed in sorted(seeds)] for rate, seeds in sorted(rates.items())}
    validation = {rate: tuple(map(_validation, group)) for rate, group in ordered.items()}
    worst = 0.0 if higher_is_better else math.inf
    means = {
        rate: np.mean([value if math.isfinite(value) else worst for value in values])
        for rate, values in validation.items()
    }
    best = max if higher_is_better else min
    rate = best(means, key=means.__getitem__)
    return Entry(activation, rate, tuple(ordered[rate]), validation)


def _validation(record: Record) -> float:
    return math.nan if record.diverged else record.history["val_metric"][-1]
