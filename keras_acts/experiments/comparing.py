"""A plan carried out: what its store has already, then what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import keras

from keras_acts.experiments import runner
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.plan import ACTIVATIONS, Plan, from_mapping, runs
from keras_acts.experiments.records import Record, Run
from keras_acts.experiments.store import Store

STORE = "runs.sqlite"


def compare(
    activations: Iterable[str] = ACTIVATIONS, *, progress: Callable[[Record], None] | None = None, **settings: Any
) -> Comparison:
    """Train the same network with many activations and say which differ from the baseline.

    Only the activation differs, and what belongs to it (initializer, AlphaDropout after selu). For one seed, all
    activations get the same split of the data and the same order of batches.

    Args:
        activations: names or spec strings of functions and layers, such as "elu(alpha=0.5)" or "PReLU".
        progress: called with each finished record.
        **settings: the other settings of `keras_acts.experiments.Plan`: data, model, seeds, epochs, learning_rates,
            workers, ... With `output`, finished runs are kept in that folder, and a second call continues there.

    Returns:
        A `Comparison`: `print` it, or take `.table()`, `.best()`, `.plot_curves()`, `.to_csv()`, `.to_html()`.

    Raises:
        ValueError: for a setting that is wrong, with the reason.
        StoreError: if the folder holds another comparison, or cannot be written.

    Example:
        comparison = keras_acts.compare(["relu", "gelu", "PReLU"], data="moons", seeds=10, epochs=50)
        print(comparison)
        comparison.to_html("moons.html")
    """
    plan = from_mapping({"activations": tuple(activations), **settings})
    records = []
    for record in carry_out(plan, None if plan.output is None else plan.folder):
        records.append(record)
        if progress is not None:
            progress(record)
    return Comparison(in_order(plan, records), baseline=plan.baseline)


def carry_out(plan: Plan, folder: Path | None) -> Iterator[Record]:
    """Every record of a plan: first those that are stored, then each as soon as it is finished and committed.

    Args:
        plan: what to run.
        folder: where the store is or shall be; None to keep nothing.

    Raises:
        RuntimeError: for another backend than TensorFlow.
        StoreError: if the folder holds another comparison, or cannot be written.
    """
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            "Comparisons train with TensorFlow: set the environment variable KERAS_BACKEND=tensorflow. "
            f"Received: {keras.backend.backend()!r}"
        )
    planned = runs(plan)
    if folder is None:
        yield from _execute(plan, planned)
        return
    with Store(folder / STORE, plan.settings) as store:
        finished = store.records(planned)
        yield from finished
        done = {record.run for record in finished}
        for record in _execute(plan, [run for run in planned if run not in done]):
            store.add(record)
            yield record


def in_order(plan: Plan, records: Iterable[Record]) -> list[Record]:
    """Records in the order of the plan, which does not depend on which worker was faster.

    Where a budget has cut a comparison short, seeds that some activation has not finished are left out: a mean over
    other seeds would not be comparable.
    """
    by_run = {record.run: record for record in records}
    planned = runs(plan)
    cut = {run.seed for run in planned if run not in by_run}
    kept = [by_run[run] for run in planned if run.seed not in cut]
    return kept or [by_run[run] for run in planned if run in by_run]


def _execute(plan: Plan, missing: list[Run]) -> Iterator[Record]:
    with closing(runner.execute(missing, plan.workers, plan.engine, plan.budget)) as records:  # type: ignore[type-var]
        yield from records
