"""What a network answered, kept beside its score, so that another metric can be computed later without training."""

import base64
import functools
import math
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from keras_acts.experiments.runs.records import Record
from keras_acts.experiments.task import data, metrics

__all__ = ["answers", "kept", "scored", "split"]


def kept(values: np.ndarray) -> str:
    """Answers of a network as text: float32, compressed.

    Example:
        >>> answers(kept(np.array([[0.25, 0.75]])), outputs=2).tolist()
        [[0.25, 0.75]]
    """
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values, "<f4").tobytes())).decode("ascii")


def answers(text: str, outputs: int) -> np.ndarray:
    """What `kept` keeps, of shape (rows, outputs)."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<f4").reshape(-1, outputs)


def scored(record: Record, metric: Any) -> Record:
    """The record with another metric as its score; as it is for None.

    Args:
        record: of a run whose answers are kept.
        metric: as in `keras_acts.experiments.Plan`.

    Raises:
        ValueError: if the metric does not fit the data.
    """
    if metric is None or record.predictions is None:
        return record
    found = metrics.find(metric)
    parts = split(record.run.data, record.run.seed)
    part = parts.validation if record.run.tuning else parts.test
    score = math.nan
    if not record.diverged:
        score = metrics.score(found, part.y, answers(record.predictions, parts.outputs), parts.classes)
    return replace(record, score=score, metric_name=found.name, higher_is_better=metrics.higher_is_better(found))


split = functools.lru_cache(maxsize=1)(data.load)  # runs go seed by seed, and a split may be large
