"""A plan carried out: what its store has already, then what is missing."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import keras

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.runs import runner
from keras_acts.experiments.runs.records import Record, Run
from keras_acts.experiments.runs.store import Store

__all__ = ["carry_out", "carry_out_all", "in_order"]

STORE = "runs.sqlite"


def carry_out(plan: Plan, folder: Path | None) -> Iterator[Record]:
    """Every record of a plan: first those that are stored, then each as soon as it is finished and committed.

    Args:
        plan: what to run.
        folder: where the store is or shall be; None to keep nothing.

    Raises:
        RuntimeError: for another backend than TensorFlow.
        StoreError: if the folder holds another comparison, or cannot be written.
    """
    return carry_out_all([(plan, folder)])


def carry_out_all(plans: Sequence[tuple[Plan, Path | None]]) -> Iterator[Record]:
    """The records of several plans, each with its folder, with the workers, engine and budget of the first."""
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            "Comparisons train with TensorFlow: set the environment variable KERAS_BACKEND=tensorflow. "
            f"Received: {keras.backend.backend()!r}"
        )
    missing: list[Run] = []
    stores: dict[Run, Store] = {}
    with ExitStack() as stack:
        for plan, folder in plans:
            planned = plan.runs()
            finished: list[Record] = []
            if folder is not None:
                store = stack.enter_context(Store(folder / STORE, plan.settings))
                stores |= dict.fromkeys(planned, store)
                finished = store.records(planned)
                _warn_of_other_versions(finished, store.path)
                yield from finished
            done = {record.run for record in finished}
            missing += [run for run in planned if run not in done]
        first = plans[0][0]
        records = runner.execute(missing, first.workers, first.engine, first.budget)
        with closing(records) as each:  # type: ignore[type-var]
            for record in each:
                if record.run in stores:
                    stores[record.run].add(record)
                yield record


def _warn_of_other_versions(finished: Sequence[Record], path: Path) -> None:
    from keras_acts.experiments.runs.trainer import versions  # loads TensorFlow, which another backend does without

    here = versions()
    there = {(name, version) for record in finished for name, version in record.versions.items()}
    others = [f"{name} {version} (here {here.get(name)})" for name, version in sorted(there - here.items())]
    if others:
        warnings.warn(
            f"{path} holds finished runs made with {', '.join(others)}. They are kept, and compared with the new ones; "
            "to make all runs alike, choose another output folder",
            stacklevel=2,
        )


def in_order(plan: Plan, records: Iterable[Record]) -> list[Record]:
    """Records in the order of the plan, which does not depend on which worker was faster.

    Where a budget has cut a comparison short, seeds that some activation has not finished are left out: a mean over
    other seeds would not be comparable.
    """
    by_run = {record.run: record for record in records}
    planned = plan.runs()
    cut = {run.seed for run in planned if run not in by_run}
    kept = [by_run[run] for run in planned if run.seed not in cut]
    return kept or [by_run[run] for run in planned if run in by_run]
