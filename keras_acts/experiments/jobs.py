"""A plan carried out: what its store has already, then what is missing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from keras_acts.experiments import presets
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.plan import Plan, from_mapping, runs
from keras_acts.experiments.runs import runner
from keras_acts.experiments.runs.records import Record, Run
from keras_acts.experiments.runs.store import Store

STORE = "runs.sqlite"


def compare(
    activations: Iterable[str] | None = None,
    *,
    preset: str | None = None,
    progress: Callable[[Record], None] | None = None,
    **settings: Any,
) -> Comparison:
    """Train the same network with many activations and say which differ from the baseline.

    Only the activation differs, and what belongs to it (initializer, AlphaDropout after selu). For one seed, all
    activations get the same split of the data and the same order of batches.

    Args:
        activations: names or spec strings of functions and layers, such as "elu(alpha=0.5)" or "PReLU"; a usual dozen
            by default.
        preset: a published experiment to be repeated, such as "circles-units" (`keras-acts compare --help` lists them).
            It brings its own settings; seeds, workers, engine, budget and output may be given.
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
    if activations is not None:
        settings = {"activations": tuple(activations), **settings}
    job = plain_job(from_mapping(settings)) if preset is None else preset_job(preset, **settings)
    records = []
    for record in job.records(keep=settings.get("output") is not None):
        records.append(record)
        if progress is not None:
            progress(record)
    return job.comparison(records)


@dataclass(frozen=True)
class Job:
    """Plans to be carried out together, and what becomes of their records.

    Attributes:
        plans: what to run, with workers, engine and budget of the first.
        folders: where each plan's store is or shall be.
        folder: where the results belong.
        comparison: makes the comparison from the records.
    """

    plans: tuple[Plan, ...]
    folders: tuple[Path, ...]
    folder: Path
    comparison: Callable[[Iterable[Record]], Comparison]

    def records(self, keep: bool = True) -> Iterator[Record]:
        """Every record, as `carry_out` gives them; with `keep` in the stores, without it nowhere."""
        return _carry_out(
            [(plan, folder if keep else None) for plan, folder in zip(self.plans, self.folders, strict=True)]
        )


def plain_job(plan: Plan) -> Job:
    """One plan, and the comparison that it is made for."""

    def comparison(records: Iterable[Record]) -> Comparison:
        return Comparison(in_order(plan, records), baseline=plan.baseline)

    return Job((plan,), (plan.folder,), plan.folder, comparison)


def preset_job(name: str, **changes: Any) -> Job:
    """The plans of a preset, and the comparison with what was published.

    Args:
        name: of the preset.
        **changes: seeds, workers, engine, budget or output.

    Raises:
        ValueError: for an unknown preset, or a setting that it fixes.
    """
    preset = presets.get(name)
    parts, note = preset.prepared(**changes)
    plans = tuple(part.plan for part in parts)
    folder = Path(plans[0].output or Path("runs") / name)
    folders = tuple(folder / f"{number}-{plan.words}" for number, plan in enumerate(plans, 1))

    def comparison(records: Iterable[Record]) -> Comparison:
        records = list(records)
        ordered = [record for plan in plans for record in in_order(plan, records)]
        return Comparison(ordered, reproduction=presets.reproduce(preset, parts, ordered, note))

    return Job(plans, folders, folder, comparison)


def carry_out(plan: Plan, folder: Path | None) -> Iterator[Record]:
    """Every record of a plan: first those that are stored, then each as soon as it is finished and committed.

    Args:
        plan: what to run.
        folder: where the store is or shall be; None to keep nothing.

    Raises:
        RuntimeError: for another backend than TensorFlow.
        StoreError: if the folder holds another comparison, or cannot be written.
    """
    return _carry_out([(plan, folder)])


def _carry_out(plans: Sequence[tuple[Plan, Path | None]]) -> Iterator[Record]:
    """The records of several plans, with the workers, engine and budget of the first."""
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            "Comparisons train with TensorFlow: set the environment variable KERAS_BACKEND=tensorflow. "
            f"Received: {keras.backend.backend()!r}"
        )
    missing: list[Run] = []
    stores: dict[Run, Store] = {}
    with ExitStack() as stack:
        for plan, folder in plans:
            planned = runs(plan)
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
    from keras_acts.experiments.runs.trainer import versions

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
    planned = runs(plan)
    cut = {run.seed for run in planned if run not in by_run}
    kept = [by_run[run] for run in planned if run.seed not in cut]
    return kept or [by_run[run] for run in planned if run in by_run]
