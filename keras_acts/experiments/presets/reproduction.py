"""A preset's results beside the published ones: plain data, and its table for a terminal."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from keras_acts.experiments.presets.measures import values
from keras_acts.experiments.presets.preset import Outcome, Part, Preset, Published
from keras_acts.experiments.runs.records import Record

COLUMNS = ("What", "Activation", "Published", "Median here", "Lowest to highest", "Seeds")


class Row(NamedTuple):
    """A published number and the measured ones.

    Attributes:
        published: what was done, with which activation, what is measured, and the published number, if any.
        values: one for each seed, nan where the run diverged.
    """

    published: Published
    values: tuple[float, ...]

    @property
    def finite(self) -> list[float]:
        """The values of the runs that did not diverge."""
        return [value for value in self.values if math.isfinite(value)]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of `COLUMNS`."""
        label, number, activation, measure = self.published
        form = measure.form
        diverged = len(self.values) - len(self.finite)
        middle = format(float(np.median(self.finite)), form) if self.finite else "–"
        spread = f"{min(self.finite):{form}} to {max(self.finite):{form}}" if self.finite else "–"
        seeds = f"{len(self.values)}" + (f", {diverged} diverged" if diverged else "")
        return label, activation, "–" if number is None else format(number, form), middle, spread, seeds


@dataclass(frozen=True)
class Reproduction:
    """What was published, what was measured, and what was to be expected."""

    title: str
    source: str
    note: str
    rows: tuple[Row, ...]
    outcomes: tuple[Outcome, ...]
    columns = COLUMNS

    @property
    def tables(self) -> dict[str, list[Row]]:
        """The rows by what was measured."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.published.measure.name, []).append(row)
        return found

    def __str__(self) -> str:
        return "\n".join(sentence(outcome) for outcome in self.outcomes)

    def __rich__(self) -> Any:
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        parts: list[Any] = []
        for measure, rows in self.tables.items():
            title = Text(f"{self.title}: {measure}")
            drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
            for number, name in enumerate(COLUMNS):
                drawn.add_column(name, justify="left" if number < 2 else "right")
            for row in rows:
                drawn.add_row(*map(Text, row.cells))
            parts.append(drawn)
        parts += [Text(sentence(outcome), style="" if outcome.holds else "red") for outcome in self.outcomes]
        return Group(*parts, Text(f"Source: {self.source}"), *([Text(self.note)] if self.note else []), "")


def sentence(outcome: Outcome) -> str:
    """An outcome in words."""
    return f"{'as expected' if outcome.holds else 'NOT as expected'}: {outcome.sentence}"


def reproduce(preset: Preset, parts: Sequence[Part], records: Iterable[Record], note: str = "") -> Reproduction:
    """Put results beside published numbers.

    Args:
        preset: what was repeated.
        parts: its parts as they were run.
        records: the runs.
        note: what must be known to read it.
    """
    records = list(records)
    rows = [
        Row(published, tuple(values(chosen, published.measure)))
        for part in parts
        for published in part.published
        if (chosen := part.records(records, published.activation))  # a budget may have left some out
    ]
    return Reproduction(preset.title, preset.source, note, tuple(rows), preset.outcomes(records))
