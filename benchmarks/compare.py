"""How much faster `keras_acts.compare` is than the plain loop: a new model, `compile` and `fit` for each run.

    python -m benchmarks.compare [--model cnn] [--plain-seeds 1] [--output FILE]

Both sides train the runs by which the default comparison chooses learning rates, 12 activations at 5 rates with 3
seeds, on the same splits of digits. Half of the plain loop runs before `compare` and half after it, so that what else
the machine does hits both. With fewer `--plain-seeds` the plain loop's time is extrapolated to all, which the output
says.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import keras
import numpy as np

from keras_acts.experiments import Plan, Record, Run, Store, execute
from keras_acts.experiments.task import data, networks


@dataclass
class Cost:
    """Seconds on the clock, and of all cores, children included: load by others stretches the first, not the second."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def times(self, factor: float) -> Cost:
        return Cost(self.wall * factor, self.cpu * factor)


class Meter:
    """Adds up the cost of a `with` block."""

    def __enter__(self) -> Meter:
        self._start = _now()
        return self

    def __exit__(self, *error: object) -> None:
        end = _now()
        self.cost = Cost(end.wall - self._start.wall, end.cpu - self._start.cpu)


def _now() -> Cost:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Cost(time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in usages))


def plain(run: Run) -> float:
    """The run as everybody writes it; the validation accuracy after the last epoch."""
    split = data.load(run.data, run.seed)
    keras.utils.set_random_seed(run.seed)
    model = networks.builder(run.model, run.activation, split.train.x.shape[1:], split.outputs)().model
    model.compile(
        optimizer=keras.optimizers.Adam(run.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        split.train.x,
        split.train.y,
        batch_size=run.batch_size,
        epochs=run.epochs,
        validation_data=(split.validation.x, split.validation.y),
        verbose=0,
    )
    return float(history.history["val_accuracy"][-1])


def timed_plain(chosen: Iterable[Run]) -> tuple[Cost, dict[Run, float]]:
    with Meter() as meter:
        accuracies = {run: plain(run) for run in chosen}
    return meter.cost, accuracies


def timed_compare(plan: Plan) -> tuple[Cost, list[Record]]:
    """From the start of the worker processes to their end, every run committed to a store."""
    records = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Meter() as meter,
        Store(f"{folder}/runs.sqlite", plan.settings) as store,
    ):
        for record in execute(plan.runs()):
            store.add(record)
            records.append(record)
    return meter.cost, records


def measure(plan: Plan, plain_seeds: int) -> Iterator[str]:
    """The lines of the result."""
    grid = plan.runs()
    seeds = list(dict.fromkeys(run.seed for run in grid))
    chosen = [run for run in grid if run.seed in seeds[:plain_seeds]]
    half = len(chosen) // 2
    plain(chosen[0])  # what Keras does once in a process is not the loop's fault
    before, accuracies = timed_plain(chosen[:half])
    ours, records = timed_compare(plan)
    after, others = timed_plain(chosen[half:])
    theirs = (before + after).times(len(grid) / len(chosen))

    yield f"{date.today()}, {_cpu()}, {os.cpu_count()} cores; {records[0].versions}"
    shape = f"{len(plan.activations)} activations x {len(plan.learning_rates)} rates x {len(seeds)} seeds"
    yield f"{plan.model} on {plan.data}: {shape}, {plan.epochs} epochs"
    yield f"compare:    {ours.wall:7.1f} s ({ours.cpu:.0f} CPU s), start of the workers and compilation included"
    how = "measured" if len(chosen) == len(grid) else f"EXTRAPOLATED from {plain_seeds} of {len(seeds)} seeds"
    yield f"plain loop: {theirs.wall:7.1f} s ({theirs.cpu:.0f} CPU s), {how}"
    yield f"compare is {theirs.wall / ours.wall:.1f} times faster ({theirs.cpu / ours.cpu:.1f} in CPU seconds)"
    if plain_seeds > 1:
        yield from accuracy_table(plan.activations, accuracies | others, records)


def accuracy_table(activations: Sequence[str], theirs: Mapping[Run, float], records: Sequence[Record]) -> Iterator[str]:
    """Mean accuracy over all rates and seeds; both sides see the same splits and first weights, in other batches."""
    ours = {record.run: record.score for record in records}
    yield f"{'accuracy':15}{'compare':>9}{'plain':>9}{'difference':>12}{'standard error':>16}{'runs':>7}"
    within = 0
    for activation in activations:
        chosen = [run for run in theirs if run.activation == activation]
        a, b = (np.array([side[run] for run in chosen]) for side in (ours, theirs))
        error = np.std(a - b, ddof=1) / np.sqrt(len(chosen))  # by run: rates and seeds differ far more than the sides
        difference = a.mean() - b.mean()
        within += bool(abs(difference) <= error)
        yield (
            f"{activation:15}{a.mean():9.4f}{b.mean():9.4f}{difference:+12.4f}{error:16.4f}{len(chosen):7}"
            + ("" if abs(difference) <= error else "  beyond one standard error")
        )
    yield f"within one standard error of the difference: {within} of {len(activations)}"


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--plain-seeds", type=int, default=3, help="seeds that the plain loop really does, of 3")
    parser.add_argument("--output", type=Path, help="a file to which the result is added")
    arguments = parser.parse_args()
    lines = list(measure(Plan(model=arguments.model), arguments.plain_seeds))
    print("\n".join(lines))
    if arguments.output is not None:
        with arguments.output.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
