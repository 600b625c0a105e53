"""Comparisons as one call: the plans to be carried out together, and the comparison of their records."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_acts.experiments import presets
from keras_acts.experiments.analysis.verdict import counted
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.execution import carry_out_all, in_order
from keras_acts.experiments.plan import Plan, from_mapping
from keras_acts.experiments.runs.records import Record

__all__ = ["Job", "compare", "plain_job", "preset_job"]


def compare(
    activations: Iterable[str] | None = None,
    *,
    preset: str | None = None,
    progress: Callable[[Record], None] | None = None,
    **settings: Any,
) -> Comparison:
    """Train the same network with many activations and say which differ from the baseline.

    Only the activation differs, and what belongs to it (initializer, AlphaDropout after selu). For one seed, all
    activations get the same split of the data and the same order of batches. Each activation first gets the learning
    rate that is best for it on validation data, of a grid that is extended where the best is at an end, over three
    seeds of their own; it is compared at that rate, over fresh seeds, by test rows that nothing was chosen by.
    Differences by seed from the baseline are judged by a t test, which knows rows that each seed divides anew, with
    Holm's correction.

    Args:
        activations: names or spec strings of functions and layers, such as "elu(alpha=0.5)" or "PReLU"; a usual dozen
            by default.
        preset: a published experiment to be repeated, such as "circles-units" (`keras-acts compare --help` lists them).
            It brings its own settings; seeds, workers, engine, budget and output may be given.
        progress: called with each finished record.
        **settings: the other settings of `keras_acts.experiments.Plan`: data, model, seeds, epochs, learning_rates,
            metric, workers, ..., or `fit`, a training loop of your own. With `output`, finished runs are kept in that
            folder, and a second call continues there.

    Returns:
        A `Comparison`: `print` it, or take `.table()`, `.best()`, `.plot_curves()`, `.to_csv()`, `.to_html()`.

    Raises:
        ValueError: for a setting that is wrong, with the reason.
        OSError: for a data file that cannot be read.
        RuntimeError: where workers would run the script that calls this again, for want of a main guard.
        StoreError: if the folder holds another comparison, or cannot be written.

    Example:
        comparison = keras_acts.compare(["relu", "gelu", "PReLU"], data="moons", seeds=10, epochs=50)
        print(comparison)
        comparison.to_html("moons.html")
    """
    if activations is not None:
        settings = {"activations": activations, **settings}
    job = plain_job(from_mapping(settings)) if preset is None else preset_job(preset, **settings)
    return job.done(progress or (lambda record: None), keep=settings.get("output") is not None)


@dataclass(frozen=True)
class Job:
    """Plans to be carried out together, and what becomes of their records.

    Attributes:
        plans: what to run, with workers, engine and budget of the first.
        folders: where the store of each plan is or shall be.
        folder: where the results belong.
        comparison: makes the comparison from the records and what must be known about them.
    """

    plans: tuple[Plan, ...]
    folders: tuple[Path, ...]
    folder: Path
    comparison: Callable[[Iterable[Record], Sequence[str]], Comparison]

    @property
    def expected_runs(self) -> int:
        """How many trainings there are if no grid of learning rates is extended."""
        return sum(plan.expected_runs for plan in self.plans)

    def done(self, progress: Callable[[Record], None], keep: bool = True) -> Comparison:
        """Carry out what is missing; with `keep` records are kept in the stores, without it nowhere.

        Raises:
            ValueError: if `budget` was too short for an answer.
        """
        folders = self.folders if keep else (None,) * len(self.plans)
        notes: list[str] = []
        records = []
        for record in carry_out_all(list(zip(self.plans, folders, strict=True)), notes.append):
            records.append(record)
            progress(record)
        baselines = {plan.baseline for plan in self.plans}
        if baselines.isdisjoint(each.run.activation for each in records if not each.run.tuning):
            raise ValueError(
                f"`budget` was too short for an answer: {counted(len(records), 'run')} done, none of them one of "
                f"{', '.join(sorted(baselines))} that is compared. A call with the same output folder continues. "
                f"Starting the workers counts too. Received: budget={self.plans[0].budget!r}"
            )
        return self.comparison(records, notes)


def plain_job(plan: Plan) -> Job:
    """One plan, and the comparison that it is made for."""

    def comparison(records: Iterable[Record], notes: Sequence[str]) -> Comparison:
        return Comparison(in_order(plan, records), baseline=plan.baseline, worth=plan.worth, notes=notes)

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

    def comparison(records: Iterable[Record], notes: Sequence[str]) -> Comparison:
        records = list(records)
        ordered = [record for plan in plans for record in in_order(plan, records)]
        return Comparison(ordered, reproduction=presets.reproduce(preset, parts, ordered, note), notes=notes)

    return Job(plans, folders, folder, comparison)
