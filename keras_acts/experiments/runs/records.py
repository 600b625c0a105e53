"""What a comparison keeps of each training run: the settings that identify it and everything measured in it.

Plain data: no Keras, no TensorFlow. A run is its own identity: two runs with the same settings are the same run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

Value = str | int | float | bool | None
HISTORY = ("loss", "metric", "val_loss", "val_metric")  # the curves of a run


@dataclass(frozen=True)
class Run:
    """The settings of one training run; equal settings and seed give equal curves."""

    data: str
    model: str
    activation: str
    learning_rate: float
    seed: int
    epochs: int
    batch_size: int
    paired: bool = True
    settings: tuple[tuple[str, Value], ...] = ()
    tuning: bool = False  # to choose a learning rate: scored on validation rows, the test rows are not read
    definition: str = ""  # identifies what the name of an activation of the user's own means

    def to_json(self) -> str:
        """The run as JSON with sorted keys: the same text for the same settings."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Run:
        """The run that `to_json` wrote."""
        values = json.loads(text)
        values["settings"] = tuple((key, value) for key, value in values["settings"])
        return cls(**values)


def order(run: Run) -> tuple[bool, int]:
    """Runs that choose learning rates first, then seed by seed, so that a comparison cut short is still a fair one."""
    return not run.tuning, run.seed


@dataclass(frozen=True)
class LayerRecord:
    """One layer before training (`_start`) and after it (`_end`).

    The gradient norm is that of the loss with respect to the kernel, over one batch; `bias_gradient_start` is the same
    for the bias, where there is one. The shares are of the units of the activation after this layer: dead units have a
    derivative near 0 for all samples of the batch, saturated units for nearly all; both are None for a layer that no
    activation follows.
    """

    name: str
    gradient_start: float
    gradient_end: float
    dead_start: float | None = None
    dead_end: float | None = None
    saturated_start: float | None = None
    saturated_end: float | None = None
    bias_gradient_start: float | None = None


@dataclass(frozen=True)
class SplitRecord:
    """The data of a run: how many rows it was trained on and tested on, and what its seed chose besides first weights.

    `by_seed` is "rows" where each seed divides the same rows anew, "data" where it makes data of its own, "nothing"
    where the rows that are tested are always the same, and "own" where a loop of the user's does not say. `classes` is
    None where the targets are numbers, and so is `majority`, the share of the largest class in the tested rows.
    """

    train: int
    test: int
    by_seed: str
    classes: int | None = None
    majority: float | None = None


@dataclass(frozen=True)
class Record:
    """One finished run: its data, its curves (one value per epoch), its score, its cost and its layers.

    `history` has the keys "loss", "metric", "val_loss" and "val_metric". `loss` and `score`, the metric, are those of
    the test rows, or in a tuning run of the validation rows; `predictions` are what the network answered to these rows,
    as `scoring.kept` writes them. A diverged run had a loss that was NaN or infinite; its curves keep those values.
    `decisions` are the classes that a classifier of two-dimensional data gives to the points of `plane.grid` after
    training: a string for each row, a character for each class.
    """

    run: Run
    split: SplitRecord
    history: Mapping[str, tuple[float, ...]]
    metric_name: str
    higher_is_better: bool
    loss: float
    score: float
    parameters: int
    seconds: float
    step_seconds: float
    peak_memory_mb: float | None
    diverged: bool
    layers: tuple[LayerRecord, ...]
    versions: Mapping[str, str]
    decisions: tuple[str, ...] | None = None
    predictions: str | None = None

    def to_json(self) -> str:
        """The record as JSON; numbers come back exactly, NaN and infinities included."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The record that `to_json` wrote.

        Raises:
            ValueError: the text is not a record of this version.
        """
        values: dict[str, Any] = json.loads(text)
        if not isinstance(values, dict) or values.keys() != {field.name for field in fields(cls)}:
            raise ValueError(f"This text is not the record of a training run. Received: {text[:80]!r}")
        values["run"] = Run.from_json(json.dumps(values["run"]))
        values["split"] = SplitRecord(**values["split"])
        values["history"] = {key: tuple(curve) for key, curve in values["history"].items()}
        values["layers"] = tuple(LayerRecord(**layer) for layer in values["layers"])
        if values.get("decisions") is not None:
            values["decisions"] = tuple(values["decisions"])
        return cls(**values)
