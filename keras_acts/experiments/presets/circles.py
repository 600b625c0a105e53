"""Concentric circles: how many units, layers and epochs it takes to enclose a disc."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.preset import Outcome, Part, Preset, Published, values
from keras_acts.experiments.runs.records import Record

SOURCE = (
    "AI 小课堂：Activation Function (2020) and its notebook, hscspring/All4NLP, Activation/activations.ipynb: "
    "single runs without a fixed seed, 40 test points"
)
NOTE = (
    "As in the notebook: 200 points, 4 steps in an epoch, Keras' default initializers, Adam with 1e-3, relu; here with "
    "two logits where the notebook has one sigmoid output. Each published figure is one run: it means no more than one "
    "draw out of the spread here."
)
DATA = "circles(samples=200)"

UNITS = {4: 0.35, 8: 0.575, 32: 0.875, 64: 1.0}
DEPTHS = {1: 0.70, 2: 0.725, 3: 0.85, 4: 0.70}
EPOCHS = {10: 0.65, 20: 0.875, 30: 1.0, 40: 1.0}

# Trained to the end. A unit whose slope has one sign cuts the plane with one line; a disc needs three of these.
ENOUGH = (1, 2, 3, 8)
MONOTONE = ("relu", "tanh", "sigmoid")
FOLDED = ("sin", "square")


def _one_layer(units: int) -> str:
    return f"mlp(width={units}, depth=1)"


def _layers_of_8(depth: int) -> str:
    return f"mlp(width=8, depth={depth})"


def _notebook(model: str, epochs: int = 50) -> Plan:
    return Plan(("relu",), data=DATA, model=model, seeds=20, epochs=epochs, batch_size=32, paired=False)


def _to_the_end(units: int) -> Plan:
    return Plan(
        (*MONOTONE, *FOLDED, "identity"),
        data="circles",
        model=_one_layer(units),
        seeds=20,
        epochs=300,
        batch_size=60,
        learning_rates=(1e-2,),
        paired=False,
    )


def _units() -> tuple[Part, ...]:
    short = [
        Part(_notebook(_one_layer(units)), (Published(f"{units} hidden units", value, "relu"),))
        for units, value in UNITS.items()
    ]
    long = []
    for units in ENOUGH:
        plan = _to_the_end(units)
        label = f"{units} unit{'s' if units > 1 else ''} to the end"
        long.append(Part(plan, tuple(Published(label, None, activation) for activation in plan.activations)))
    return (*short, *long)


def _expected_of_units(records: Sequence[Record]) -> list[Outcome]:
    found = []
    medians = _medians(records, [{"data": DATA, "model": _one_layer(units)} for units in UNITS])
    if medians:
        found.append(
            Outcome(
                medians == sorted(medians) and medians[-1] - medians[0] > 0.2,
                f"more hidden units, better after 50 epochs: medians {_listed(medians)} with {_listed(UNITS)} units",
            )
        )
    ends = {
        units: {
            activation: end
            for activation in (*MONOTONE, *FOLDED, "identity")
            if (end := values(records, data="circles", model=_one_layer(units), activation=activation))
        }
        for units in ENOUGH
    }
    if all(ends.values()):
        few = max(max(ends[units][activation]) for units in (1, 2) for activation in MONOTONE)
        many = {activation: float(np.median(ends[8][activation])) for activation in MONOTONE}
        folded = {activation: float(np.median(ends[2][activation])) for activation in FOLDED}
        straight = max(max(ends[units]["identity"]) for units in ENOUGH)
        found += [
            Outcome(few < 0.95, f"{_listed(MONOTONE)}: two units cannot enclose a disc, best of all seeds {few:.3g}"),
            Outcome(min(many.values()) >= 0.99, f"eight units can: medians {_listed(many.values())}"),
            Outcome(
                min(folded.values()) >= 0.99,
                f"{_listed(FOLDED)} need two: medians {_listed(folded.values())}, as they bend back",
            ),
            Outcome(straight <= 0.6, f"without an activation, units are of no use: best of all seeds {straight:.3g}"),
        ]
    return found


def _depth() -> tuple[Part, ...]:
    return tuple(
        Part(
            _notebook(_layers_of_8(depth)),
            (Published(f"{depth} layer{'s' if depth > 1 else ''} of 8 units", value, "relu"),),
        )
        for depth, value in DEPTHS.items()
    )


def _expected_of_depth(records: Sequence[Record]) -> list[Outcome]:
    medians = _medians(records, [{"model": _layers_of_8(depth)} for depth in DEPTHS])
    if not medians:
        return []
    third, fourth = (values(records, model=_layers_of_8(depth)) for depth in (3, 4))
    place = "inside" if min(fourth) <= DEPTHS[4] <= max(fourth) else "outside"
    return [
        Outcome(medians[-1] > medians[0], f"four layers are better than one: medians {_listed(medians)}"),
        Outcome(
            medians[3] >= medians[2],
            f"the published fall from 3 to 4 layers ({DEPTHS[3]:.3g} to {DEPTHS[4]:.3g}) is noise of single runs, no "
            f"trend: the medians go from {medians[2]:.3g} to {medians[3]:.3g}. Single runs lie between "
            f"{min(third):.3g} and {max(third):.3g} with 3 layers and between {min(fourth):.3g} and "
            f"{max(fourth):.3g} with 4, so that two of them tell nothing; the published {DEPTHS[4]:.3g} lies {place} "
            "that range",
        ),
    ]


def _epochs() -> tuple[Part, ...]:
    return tuple(
        Part(_notebook("mlp(widths=(8, 16, 32, 8))", epochs), (Published(f"{epochs} epochs", value, "relu"),))
        for epochs, value in EPOCHS.items()
    )


def _expected_of_epochs(records: Sequence[Record]) -> list[Outcome]:
    medians = _medians(records, [{"epochs": epochs} for epochs in EPOCHS])
    if not medians:
        return []
    return [
        Outcome(medians == sorted(medians), f"longer training, better: medians {_listed(medians)}"),
        Outcome(medians[-1] >= 0.95, f"40 epochs are enough: median {medians[-1]:.3g}"),
    ]


def _medians(records: Sequence[Record], groups: Sequence[dict[str, Any]]) -> list[float]:
    """The median accuracy of each group, or nothing if one of them was not run."""
    scores = [values(records, activation="relu", **group) for group in groups]
    return [float(np.median(group)) for group in scores] if all(scores) else []


def _listed(items: Iterable[Any]) -> str:
    return ", ".join(f"{item:.3g}" if isinstance(item, float) else str(item) for item in items)


CIRCLES_UNITS = Preset("circles-units", "Circles: how many hidden units", SOURCE, _units, _expected_of_units, NOTE)
CIRCLES_DEPTH = Preset("circles-depth", "Circles: how many layers of 8", SOURCE, _depth, _expected_of_depth, NOTE)
CIRCLES_EPOCHS = Preset(
    "circles-epochs", "Circles: how many epochs for 8-16-32-8", SOURCE, _epochs, _expected_of_epochs, NOTE
)
