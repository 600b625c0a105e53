"""`keras-acts compare`."""

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from keras_acts.cli import console


def compare(
    activations: Annotated[
        str | None, typer.Option(help='Names or spec strings, with commas between: "relu,gelu,elu(alpha=0.5)".')
    ] = None,
    models: Annotated[str | None, typer.Option(help='Networks: "mlp", "cnn" or "mlp,cnn".')] = None,
    seeds: Annotated[int, typer.Option(help="Repetitions, each with its own split, weights and order of batches.")] = 2,
    epochs: Annotated[int, typer.Option(help="Passes over the training data.")] = 15,
    output: Annotated[Path, typer.Option(help="Folder in which a new folder with the results is made.")] = Path("runs"),
) -> None:
    """Train the same networks with several activations on scikit-learn's digits; write a table and curves.

    Without options: sigmoid, relu, elu, leaky_relu, selu and gelu in an MLP and a CNN, about a minute on two cores.
    """
    from keras_acts import experiments

    chosen: dict[str, Any] = {"seeds": seeds, "epochs": epochs}
    if activations is not None:
        chosen["activations"] = _split(activations)
    if models is not None:
        chosen["models"] = _split(models)
    try:
        plan = experiments.Plan(**chosen)
    except (ValueError, TypeError) as error:
        console.fail(str(error))
    try:
        folder = experiments.report.new_folder(output)
    except OSError as error:
        console.fail(f"`output` must be a folder that can be written to. Received: {output} ({console.reason(error)})")
    try:
        with _native_log(folder / "tensorflow.log"):
            records = _run_with_progress(plan)
    except BaseException:  # interrupted as well: leave nothing behind
        shutil.rmtree(folder)
        raise
    experiments.report.write(records, folder)
    _print_summary(experiments.report.summarize(records))
    if plan.seeds < 6:  # the sign-flip test of n pairs cannot give less than 2 / 2**n
        shown = f"Mean ± standard deviation over {plan.seeds} seeds" if plan.seeds > 1 else "One seed"
        console.say(f"{shown}: a trend. Significance needs 6 seeds or more.", soft_wrap=True)
    console.say(f"Table, runs and curves: {folder}", soft_wrap=True)


@contextlib.contextmanager
def _native_log(path: Path) -> Iterator[None]:
    """Send what TensorFlow's C++ code writes to stderr into a file, kept if anything was written.

    It cannot be switched off (TF_CPP_MIN_LOG_LEVEL does not reach all of it) and cuts through the progress bar. In each
    default comparison it is an optimizer's "remapper failed" for leaky_relu, Keras' own included, which is harmless.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
        if path.stat().st_size == 0:
            path.unlink()


def _split(text: str) -> tuple[str, ...]:
    """Split at commas, but for those inside parentheses."""
    return tuple(part.strip() for part in re.split(r",(?![^()]*\))", text))


def _run_with_progress(plan: Any) -> list[Any]:
    from keras_acts import experiments

    runs = experiments.runs(plan)
    records = []
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    ) as progress:
        task = progress.add_task("", total=len(runs))
        results = experiments.execute(runs)
        for run in runs:
            progress.update(task, description=f"{run.model} {run.activation}, seed {run.seed}")
            records.append(next(results))
            progress.advance(task)
        progress.update(task, description="done")
    return records


def _print_summary(rows: Sequence[Any]) -> None:
    diverged = any(row.diverged for row in rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Network")
    table.add_column("Activation", style="bold cyan")
    for title in ("Test accuracy %", "Validation accuracy %", "Test loss"):
        table.add_column(title, justify="right")
    if diverged:
        table.add_column("Diverged runs", justify="right", style="red")
    for number, row in enumerate(rows):
        if number and row.model != rows[number - 1].model:
            table.add_section()
        table.add_row(
            row.model,
            Text(row.activation),
            _mean_and_sd(100 * row.test_accuracy_mean, 100 * row.test_accuracy_sd, 1),
            _mean_and_sd(100 * row.val_accuracy_mean, 100 * row.val_accuracy_sd, 1),
            _mean_and_sd(row.test_loss_mean, row.test_loss_sd, 3),
            *([str(row.diverged)] if diverged else []),
        )
    console.say(table)


def _mean_and_sd(mean: float, sd: float, digits: int) -> str:
    # nan != nan: one seed has no spread
    return f"{mean:.{digits}f}" + (f" ± {sd:.{digits}f}" if sd == sd else "")
