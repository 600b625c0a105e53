"""What of a run is put beside a published number, and medians of it that know when their runs are missing."""

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import numpy as np

from keras_acts.experiments.runs.records import Record

__all__ = ["ACCURACY", "MSE", "Measure", "NotRunError", "listed", "median", "of_those_run", "values"]

K = TypeVar("K")
V = TypeVar("V")


class Measure(NamedTuple):
    """A number of a run.

    Attributes:
        name: what it is, with its unit.
        of: the number of a record.
        form: how it is written, as in `format`.
        at_start: True for what is measured before training, which a diverged run has too.
    """

    name: str
    of: Callable[[Record], float]
    form: str = ".3g"
    at_start: bool = False


ACCURACY = Measure("test accuracy", lambda record: record.score)
MSE = Measure("test MSE", lambda record: record.score)


class NotRunError(LookupError):
    """The runs that an outcome is about are missing: a budget may leave them out."""


def values(records: Iterable[Record], measure: Measure = ACCURACY, **settings: Any) -> list[float]:
    """The measure of each run with these settings, nan where it diverged.

    Args:
        records: of a preset.
        measure: what is measured.
        **settings: attributes of `Run`, such as activation="relu".

    Raises:
        NotRunError: if there is no such run.
    """
    found = [
        math.nan if record.diverged and not measure.at_start else measure.of(record)
        for record in records
        if all(getattr(record.run, name) == value for name, value in settings.items())
    ]
    if not found:
        raise NotRunError(settings)
    return found


def median(records: Iterable[Record], measure: Measure = ACCURACY, **settings: Any) -> float:
    """The median of `values`."""
    return float(np.median(values(records, measure, **settings)))


def listed(items: Iterable[object]) -> str:
    """The items with commas between, numbers that are no integers with three digits."""
    return ", ".join(f"{item:.3g}" if isinstance(item, float) else str(item) for item in items)


def of_those_run(get: Callable[[K], V], keys: Iterable[K]) -> dict[K, V]:
    """What `get` gives for each key, without those for which it raises `NotRunError`.

    Raises:
        NotRunError: if nothing is left.
    """
    found = {}
    for key in keys:
        with suppress(NotRunError):
            found[key] = get(key)
    if not found:
        raise NotRunError
    return found
