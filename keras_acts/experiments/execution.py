"""A plan carried out: what its store has already, then what is missing."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import keras

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.runs import runner, scoring
from keras_acts.experiments.runs.records import Record, Run
from keras_acts.experiments.runs.scoring import scored
from keras_acts.experiments.runs.store import Store, check_place
from keras_acts.experiments.runs.versions import versions

__all__ = ["carry_out", "carry_out_all", "in_order"]

STORE = "runs.sqlite"


def carry_out(plan: Plan, folder: Path | None, say: Callable[[str], None] = lambda sentence: None) -> Iterator[Record]:
    """Every record of a plan: first those that are stored, then each as soon as it is finished and committed.

    Args:
        plan: what to run.
        folder: where the store is or shall be; None to keep nothing.
        say: called with what must be known about these records: what an earlier look has left, how often it was
            looked, whether a budget cut it short.

    Raises:
        RuntimeError: for another backend than TensorFlow, but with a loop of the user's own.
        StoreError: if the folder holds another comparison, or cannot be written.
    """
    return carry_out_all([(plan, folder)], say)


def carry_out_all(
    plans: Sequence[tuple[Plan, Path | None]], say: Callable[[str], None] = lambda sentence: None
) -> Iterator[Record]:
    """The records of several plans, each with its folder, with the workers, engine and limits of the first."""
    backend = keras.backend.backend()
    if backend != "tensorflow" and any(plan.fit is None for plan, _ in plans):
        raise RuntimeError(
            "Comparisons train with TensorFlow: set the environment variable KERAS_BACKEND=tensorflow, or give a loop "
            f"of your own, fit=. Received: {backend!r}"
        )
    scoring.split.cache_clear()  # data may have changed since
    for plan, _ in plans:
        plan.check_metric()
    with ExitStack() as stack:
        parts = [_Part(plan, folder, stack) for plan, folder in plans]
        for part in parts:
            yield from part.records.values()
        stored = sum(len(part.records) for part in parts)
        first, owners = plans[0][0], {run: part for part in parts for run in part.missing()}
        expected = sum(plan.expected_runs for plan, _ in plans)

        def then(record: Record) -> list[Run]:
            if not record.run.tuning:
                return []
            part = owners[record.run]
            known = part.plan.runs_of(record.run.activation, part.records.values())
            new = [run for run in known if run not in owners and run not in part.records]
            owners.update(dict.fromkeys(new, part))
            return new

        records = runner.execute(
            list(owners),
            first.workers,
            first.engine,
            first.budget,
            then=then,
            most=max(expected - stored, 1),
            time_limit=first.time_limit,
        )
        with closing(records) as each:  # type: ignore[type-var]
            for record in each:
                owners[record.run].add(record)
                yield record
        _say(parts, stored, say)


class _Part:
    """A plan, its store, and the records of it that there are.

    A store that is not there is made with the first record, so that a plan that fails at once leaves nothing.
    """

    def __init__(self, plan: Plan, folder: Path | None, stack: ExitStack) -> None:
        self.plan = plan
        self.folder = folder
        self.store: Store | None = None
        self.records: dict[Run, Record] = {}
        self._stack = stack
        if folder is None:
            return
        check_place(folder / STORE)
        if not (folder / STORE).exists():
            return
        self.store = self._open(folder)
        while found := self.store.records(self.missing()):  # what is finished may ask for more
            self.records |= {record.run: record for record in found}
        _warn_of_other_versions(list(self.records.values()), self.store.path)

    def _open(self, folder: Path) -> Store:
        return self._stack.enter_context(Store(folder / STORE, self.plan.settings))

    def missing(self) -> list[Run]:
        """What is known to be needed and not there."""
        return [run for run in self.plan.runs(self.records.values()) if run not in self.records]

    def add(self, record: Record) -> None:
        """Keep a finished run."""
        if self.folder is not None:
            self.store = self.store or self._open(self.folder)
            self.store.add(record)
        self.records[record.run] = record

    def looks(self) -> int:
        """How many different sets of results there were to look at in this folder."""
        seen = [run.to_json() for run in self.records if not run.tuning]
        results = json.dumps([self.plan.baseline, str(self.plan.metric), *sorted(seen)])
        return 0 if self.store is None or not seen else self.store.looks(hashlib.sha256(results.encode()).hexdigest())


def _say(parts: Sequence[_Part], stored: int, say: Callable[[str], None]) -> None:
    made = sum(len(part.records) for part in parts)
    missing = sum(len(part.missing()) for part in parts)
    if missing:
        say(f"cut short by `budget`: {made:,} runs are done, {missing:,} or more are not; what needs them is left out")
    if stored:
        say(f"{stored:,} of {made:,} runs {'was' if stored == 1 else 'were'} taken from an earlier look")
    looks = max(part.looks() for part in parts)
    if looks > 1:
        say(f"look {looks} at results in this folder: each look is one more chance to be wrong, which p does not count")


def _warn_of_other_versions(finished: Sequence[Record], path: Path) -> None:
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

    Where a budget has cut a comparison short, activations without a learning rate are left out, and seeds that some
    other one has not finished: a mean over other seeds would not be comparable.
    """
    by_run = {record.run: record for record in records}
    planned = plan.runs(by_run.values())
    compared = {run.activation for run in by_run if not run.tuning}
    wanted = [run for run in planned if run.activation in compared]
    cut = {run.seed for run in wanted if not run.tuning and run not in by_run}
    kept = [run for run in wanted if run in by_run and run.seed not in cut]
    if all(run.tuning for run in kept):  # no seed is whole: those of the baseline, and who shares one of them
        shared = {run.seed for run in by_run if run.activation == plan.baseline and not run.tuning}
        some = {run.activation for run in by_run if not run.tuning and run.seed in shared}
        kept = [run for run in wanted if run in by_run and run.activation in some]
        kept = [run for run in kept if run.tuning or run.seed in shared]
    return [scored(by_run[run], plan.metric) for run in kept]
