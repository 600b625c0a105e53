"""What a preset is: plans, the published numbers beside which their results are put, and the expected outcome."""

import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from keras_acts.experiments.plan import HOW, Plan
from keras_acts.experiments.presets.measures import ACCURACY, Measure, NotRunError, of_those_run
from keras_acts.experiments.runs.records import Record
from keras_acts.experiments.task import datasets

# What a preset leaves open: how much is run and how, not what.
CHANGEABLE = ("seeds", *HOW)
at_one_rate = functools.partial(Plan, learning_rates=(1e-3,))  # for all, as published experiments have it


class Published(NamedTuple):
    """A published number, and what of a part stands beside it.

    Attributes:
        label: what was done, such as "8 hidden units".
        value: the number, or None where none was published.
        activation: the activation of the runs.
        measure: what of these runs is compared.
    """

    label: str
    value: float | None
    activation: str
    measure: Measure = ACCURACY


class Part(NamedTuple):
    """A plan of a preset, and the published numbers that belong to it."""

    plan: Plan
    published: tuple[Published, ...]

    def records(self, records: Iterable[Record], activation: str) -> list[Record]:
        """The records of an activation in this part."""
        planned = set(self.plan.runs())
        return [record for record in records if record.run in planned and record.run.activation == activation]


def without_figures(plan: Plan, label: str, measure: Measure = ACCURACY) -> Part:
    """A part of which no numbers were published: the runs of each activation stand by themselves."""
    return Part(plan, tuple(Published(label, None, activation, measure) for activation in plan.activations))


class Outcome(NamedTuple):
    """A statement about the results, and whether they bear it out."""

    holds: bool
    sentence: str


@dataclass(frozen=True)
class Preset:
    """A published experiment, to be repeated with one command.

    Attributes:
        name: as in `--preset`.
        title: a few words.
        source: where it was published.
        parts: makes the plans, each with its published numbers.
        expected: functions that say of any records of the parts whether they bear an expectation out, or raise
            `NotRunError`.
        note: what must be known to read the comparison.
        fallback: a data set that may be out of reach, and the one that takes its place then.
    """

    name: str
    title: str
    source: str
    parts: Callable[[], tuple[Part, ...]]
    expected: tuple[Callable[[Sequence[Record]], Outcome], ...]
    note: str = ""
    fallback: tuple[str, str] | None = None

    def outcomes(self, records: Sequence[Record]) -> tuple[Outcome, ...]:
        """The expected outcomes, without those whose runs are missing."""
        with suppress(NotRunError):
            return tuple(of_those_run(lambda expected: expected(records), self.expected).values())
        return ()

    def prepared(self, **changes: Any) -> tuple[tuple[Part, ...], str]:
        """The parts with the changes asked for, and the note.

        Args:
            **changes: settings of `Plan`: seeds, workers, engine, budget, output.

        Raises:
            ValueError: for a setting that the preset fixes.
        """
        for name, value in changes.items():
            if name not in CHANGEABLE:
                raise ValueError(
                    f"The preset {self.name!r} fixes `{name}`; it takes {', '.join(CHANGEABLE)}. "
                    f"Received: {name}={value!r}"
                )
        parts, note = self.parts(), self.note
        if self.fallback is not None:
            wanted, instead = self.fallback
            try:
                datasets.SOURCES[wanted]()
            except ConnectionError:
                parts = tuple(part._replace(plan=replace(part.plan, data=instead)) for part in parts)
                reason = "keras.datasets could not download it"
                note = f"{wanted} cannot be had here ({reason}); {instead} takes its place. {note}"
        return tuple(part._replace(plan=replace(part.plan, **changes)) for part in parts), note
