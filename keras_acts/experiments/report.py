"""Records to tables, CSV files and figures."""

import csv
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from keras_acts import plots
from keras_acts.experiments.runner import METRICS, Record


@dataclass(frozen=True)
class Row:
    """One activation in one network, over its seeds. `*_sd` is the sample standard deviation, nan for one seed."""

    model: str
    activation: str
    seeds: int
    diverged: int  # runs whose last training loss is not finite; they count in the means
    test_accuracy_mean: float
    test_accuracy_sd: float
    test_loss_mean: float
    test_loss_sd: float
    val_accuracy_mean: float
    val_accuracy_sd: float
    parameters: int
    seconds_mean: float


def summarize(records: Iterable[Record]) -> list[Row]:
    """One row for each network and activation: networks in the order of the runs, best test accuracy first in each.

    Args:
        records: finished runs.

    Returns:
        The rows of the table.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.run.model, record.run.activation), []).append(record)
    rows = [_row(model, activation, group) for (model, activation), group in groups.items()]
    models = list(dict.fromkeys(row.model for row in rows))
    return sorted(rows, key=lambda row: (models.index(row.model), -row.test_accuracy_mean))


def _row(model: str, activation: str, group: Sequence[Record]) -> Row:
    accuracy = [record.test_accuracy for record in group]
    loss = [record.test_loss for record in group]
    val_accuracy = [record.history["val_accuracy"][-1] for record in group]
    return Row(
        model=model,
        activation=activation,
        seeds=len(group),
        diverged=sum(not math.isfinite(record.history["loss"][-1]) for record in group),
        test_accuracy_mean=statistics.fmean(accuracy),
        test_accuracy_sd=_sd(accuracy),
        test_loss_mean=statistics.fmean(loss),
        test_loss_sd=_sd(loss),
        val_accuracy_mean=statistics.fmean(val_accuracy),
        val_accuracy_sd=_sd(val_accuracy),
        parameters=group[0].parameters,
        seconds_mean=statistics.fmean(record.seconds for record in group),
    )


def _sd(values: Sequence[float]) -> float:
    if len(values) < 2 or not all(math.isfinite(value) for value in values):
        return math.nan
    return statistics.stdev(values)


def new_folder(parent: Path) -> Path:
    """Make the next free folder `compare-0001`, `compare-0002`, ... in `parent`, so that no result is overwritten.

    Raises:
        OSError: if that cannot be done.
    """
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / f"compare-{number:04d}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def write(records: Sequence[Record], folder: Path) -> None:
    """Write everything: `summary.csv` (the table), `runs.csv`, `history.csv` (epochs), `loss.png`, `accuracy.png`.

    Args:
        records: finished runs.
        folder: an existing folder.
    """
    write_csv(records, folder)
    for metric in ("loss", "accuracy"):
        figure(records, metric).savefig(folder / f"{metric}.png", dpi=120)


def write_csv(records: Sequence[Record], folder: Path) -> None:
    """Write `summary.csv`, `runs.csv` and `history.csv`."""
    _write_rows(folder / "summary.csv", [field.name for field in fields(Row)], map(asdict, summarize(records)))
    _write_rows(
        folder / "runs.csv",
        ["model", "activation", "seed", "epochs", "batch_size", "test_accuracy", "test_loss", "parameters", "seconds"],
        (
            asdict(record.run)
            | {name: getattr(record, name) for name in ("test_accuracy", "test_loss", "parameters", "seconds")}
            for record in records
        ),
    )
    _write_rows(
        folder / "history.csv",
        ["model", "activation", "seed", "epoch", *METRICS],
        (
            {
                "model": record.run.model,
                "activation": record.run.activation,
                "seed": record.run.seed,
                "epoch": epoch + 1,
            }
            | {name: record.history[name][epoch] for name in METRICS}
            for record in records
            for epoch in range(record.run.epochs)
        ),
    )


def _write_rows(path: Path, header: list[str], rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)


def figure(records: Sequence[Record], metric: str) -> Any:
    """The curves of a metric by epoch: a column for each network, training above validation.

    Args:
        records: finished runs.
        metric: "loss" or "accuracy".

    Returns:
        A matplotlib figure, unknown to pyplot, so that it needs no display and no closing.
    """
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(record.run.model for record in records))
    drawn = Figure(figsize=(1.0 + 5.0 * len(models), 8.5), layout="constrained")
    axes = drawn.subplots(2, len(models), squeeze=False, sharex=True, sharey="row")
    for row, (prefix, words) in enumerate((("", "training"), ("val_", "validation"))):
        for column, model in enumerate(models):
            histories: dict[str, list[tuple[float, ...]]] = {}
            for record in records:
                if record.run.model == model:
                    histories.setdefault(record.run.activation, []).append(record.history[prefix + metric])
            plots.draw_histories(
                histories, metric=metric, title=f"{model.upper()}, {words} {metric}", ax=axes[row][column]
            )
            axes[row][column].label_outer()
    handles, labels = axes[0][0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 3 * len(models)))
    return drawn
