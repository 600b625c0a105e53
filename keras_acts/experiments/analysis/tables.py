"""Rows of numbers: the table of a comparison and its CSV files."""

import csv
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.experiments import tuning
from keras_acts.experiments.analysis import verdict
from keras_acts.experiments.analysis.differences import Difference
from keras_acts.experiments.analysis.selection import Entry, Task
from keras_acts.experiments.runs.records import HISTORY, LayerRecord, Record

__all__ = ["Row", "interval", "rate", "rich_table", "score", "table", "write_csv"]


@dataclass(frozen=True)
class Row:
    """One activation in one task, at its chosen learning rate.

    Attributes:
        task: data, network and settings.
        activation: name or spec string.
        learning_rate: the best on validation data.
        trials: number of runs by which it was chosen.
        at_an_end: whether no lower or no higher rate was tried.
        seeds: number of runs.
        diverged: those of them that diverged; they count as 0 where higher is better, else as infinite.
        metric: what the scores are.
        mean: mean test score.
        sd: standard deviation over the seeds, nan for one.
        median: median test score.
        worst: worst test score.
        difference: against the baseline; None for the baseline itself.
        parameters: number of trained weights.
        step_seconds: median time of a training step.
        seconds: mean training time of a run.
        peak_memory_mb: mean peak of memory, nan where it was not measured.
    """

    task: str
    activation: str
    learning_rate: float
    trials: int
    at_an_end: bool
    seeds: int
    diverged: int
    metric: str
    mean: float
    sd: float
    median: float
    worst: float
    difference: Difference | None
    parameters: int
    step_seconds: float
    seconds: float
    peak_memory_mb: float


def table(task: Task, differences: Sequence[Difference]) -> list[Row]:
    """The rows of a task, best mean test score first."""
    by_activation = {found.activation: found for found in differences}
    worst = tuning.worst_of((entry.scores.values() for entry in task.entries), task.higher_is_better)
    rows = [_row(task, entry, by_activation.get(entry.activation), worst) for entry in task.entries]
    return sorted(rows, key=lambda row: row.mean, reverse=task.higher_is_better)


def _row(task: Task, entry: Entry, difference: Difference | None, worst: float) -> Row:
    scores = np.array([score if math.isfinite(score) else worst for score in entry.scores.values()])
    memory = [record.peak_memory_mb for record in entry.records if record.peak_memory_mb is not None]
    return Row(
        task=task.label,
        activation=entry.activation,
        learning_rate=entry.learning_rate,
        trials=entry.trials,
        at_an_end=entry.at_an_end,
        seeds=len(entry.records),
        diverged=entry.diverged,
        metric=task.metric_name,
        mean=float(scores.mean()),
        sd=float(scores.std(ddof=1)) if len(scores) > 1 and np.isfinite(scores).all() else math.nan,
        median=float(np.median(scores)),
        worst=float(scores.min() if task.higher_is_better else scores.max()),
        difference=difference,
        parameters=entry.records[0].parameters,
        step_seconds=float(np.median([record.step_seconds for record in entry.records])),
        seconds=float(np.mean([record.seconds for record in entry.records])),
        peak_memory_mb=float(np.mean(memory)) if memory else math.nan,
    )


def rich_table(rows: Sequence[Row], facts: str = "") -> Any:
    """The rows of one task for a terminal: a `rich.table.Table`, headed by the task and facts about it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    diverged = any(row.diverged for row in rows)
    drawn = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=Text(f"{rows[0].task}\n{facts}".strip()), title_justify="left"
    )
    drawn.add_column("Activation", overflow="fold")
    for title in (f"Test {rows[0].metric}", "Difference", "p (Holm)", "Rate"):
        drawn.add_column(title, justify="right", no_wrap=True)
    if diverged:
        drawn.add_column("Diverged", justify="right", style="red")
    for row in rows:
        name = Text(row.activation, style="bold cyan")
        p = "" if row.difference is None else f"{row.difference.p_holm:.2g}"
        failed = [f"{row.diverged} of {row.seeds}"] if diverged else []
        drawn.add_row(name, score(row), interval(row), p, rate(row), *failed)
    return drawn


def score(row: Row) -> str:
    """Mean and standard deviation of the test score: in % for accuracies."""
    if row.metric == "accuracy":
        spread = f" ± {100.0 * row.sd:.1f}" if math.isfinite(row.sd) else ""
        return f"{100.0 * row.mean:.1f}{spread} %"
    if math.isinf(row.mean):
        return f"∞ ({row.diverged} of {row.seeds} diverged)"
    return f"{row.mean:.3g}" + (f" ± {row.sd:.2g}" if math.isfinite(row.sd) else "")


def rate(row: Row) -> str:
    """The learning rate, with a mark if it is the lowest or highest that was tried."""
    return f"{row.learning_rate:g}" + ("!" if row.at_an_end else "")


def interval(row: Row) -> str:
    """Difference from the baseline and its interval, such as "+0.6 (+0.2 to +1.1)"."""
    found = row.difference
    if found is None:
        return "baseline"
    if not found.higher_is_better and (found.diverged or found.baseline_diverged):
        return "–" if found.diverged and found.baseline_diverged else "+∞" if found.diverged else "−∞"
    mean, low, high = verdict.amounts((found.mean, found.low, found.high), row.metric, signed=True)
    return f"{mean} ({low} to {high})"


def write_csv(rows: Sequence[Row], records: Sequence[Record], folder: Path) -> None:
    """Write `summary.csv` (the table), `runs.csv`, `history.csv` (epochs) and `layers.csv`.

    Args:
        rows: the rows of all tasks.
        records: all runs, those by which rates were chosen too, which have scores of validation data.
        folder: an existing folder.
    """
    _write(folder / "summary.csv", map(_flat_row, rows))
    _write(folder / "runs.csv", map(_flat_run, records))
    lines = (line for record in records for line in _epochs(record))
    _write(folder / "history.csv", lines, header=[*_SETTINGS, "epoch", *HISTORY])
    layers = (_settings(record) | asdict(layer) for record in records for layer in record.layers)
    _write(folder / "layers.csv", layers, header=[*_SETTINGS, *(field.name for field in fields(LayerRecord))])


def _flat_row(row: Row) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields(Row) if field.name != "difference"}
    names = [field.name for field in fields(Difference) if field.name not in ("activation", "diverged")]
    differences = {name: "" if row.difference is None else getattr(row.difference, name) for name in names}
    differences["mean_difference"] = differences.pop("mean")
    return values | differences | {"significant": "" if row.difference is None else row.difference.significant}


_SETTINGS = (
    "data",
    "model",
    "settings",
    "paired",
    "activation",
    "learning_rate",
    "part",
    "seed",
    "epochs",
    "batch_size",
)
_MEASURED = ("diverged", "parameters", "seconds", "step_seconds", "peak_memory_mb")


def _settings(record: Record) -> dict[str, Any]:
    values = {name: getattr(record.run, name) for name in _SETTINGS if name != "part"}
    values["part"] = "validation" if record.run.tuning else "test"
    return values | {"settings": " ".join(f"{key}={value}" for key, value in record.run.settings)}


def _flat_run(record: Record) -> dict[str, Any]:
    scores = {"metric": record.metric_name, "score": record.score, "loss": record.loss}
    return _settings(record) | scores | {name: getattr(record, name) for name in _MEASURED}


def _epochs(record: Record) -> Iterator[dict[str, Any]]:
    curves = {name: record.history[name] for name in HISTORY}  # a loop of the user's own may give some of them
    for epoch, values in enumerate(itertools.zip_longest(*curves.values(), fillvalue=""), 1):
        yield _settings(record) | {"epoch": epoch} | dict(zip(curves, values, strict=True))


def _write(path: Path, rows: Iterable[Mapping[str, Any]], header: Sequence[str] = ()) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
