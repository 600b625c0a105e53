"""Concentric circles: how many units, layers and epochs it takes to enclose a disc."""

import functools
from collections.abc import Sequence

import numpy as np

from keras_acts.experiments.analysis.verdict import counted
from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.measures import listed, median, values
from keras_acts.experiments.presets.preset import Outcome, Part, Preset, Published, at_one_rate, without_figures
from keras_acts.experiments.runs.records import Record

Records = Sequence[Record]

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

# Trained to the end. A unit whose derivative has one sign cuts the plane with one line; a disc needs three of these.
ENOUGH = (1, 2, 3, 8)
MONOTONE = ("relu", "tanh", "sigmoid")
FOLDED = ("sin", "square")


def _one_layer(units: int) -> str:
    return f"mlp(width={units}, depth=1)"


def _layers_of_8(depth: int) -> str:
    return f"mlp(width=8, depth={depth})"


_plan = functools.partial(at_one_rate, seeds=20, paired=False)  # 20 runs of each, with Keras' default initializers


def _notebook(label: str, published: float, model: str, epochs: int = 50) -> Part:
    plan = _plan(("relu",), data=DATA, model=model, epochs=epochs, batch_size=32)
    return Part(plan, (Published(label, published, "relu"),))


def _to_the_end(units: int) -> Plan:
    entries = (*MONOTONE, *FOLDED, "identity")
    return _plan(entries, data="circles", model=_one_layer(units), epochs=300, batch_size=60, learning_rates=(1e-2,))


def _units() -> tuple[Part, ...]:
    short = [_notebook(f"{units} hidden units", value, _one_layer(units)) for units, value in UNITS.items()]
    long = [without_figures(_to_the_end(units), f"{counted(units, 'unit')} to the end") for units in ENOUGH]
    return (*short, *long)


def _depth() -> tuple[Part, ...]:
    labels = {depth: f"{counted(depth, 'layer')} of 8 units" for depth in DEPTHS}
    return tuple(_notebook(labels[depth], value, _layers_of_8(depth)) for depth, value in DEPTHS.items())


def _epochs() -> tuple[Part, ...]:
    model = "mlp(widths=(8, 16, 32, 8))"
    return tuple(_notebook(f"{epochs} epochs", value, model, epochs) for epochs, value in EPOCHS.items())


def _more_units_are_better(records: Records) -> Outcome:
    medians = [median(records, data=DATA, model=_one_layer(units)) for units in UNITS]
    return Outcome(
        medians == sorted(medians) and medians[-1] - medians[0] > 0.2,
        f"more hidden units, better after 50 epochs: medians {listed(medians)} with {listed(UNITS)} units",
    )


def _ends(records: Records, units: int, activation: str) -> list[float]:
    return values(records, data="circles", model=_one_layer(units), activation=activation)


def _two_units_cannot_enclose(records: Records) -> Outcome:
    best = max(max(_ends(records, units, activation)) for units in (1, 2) for activation in MONOTONE)
    return Outcome(best < 0.95, f"{listed(MONOTONE)}: two units cannot enclose a disc, best of all seeds {best:.3g}")


def _eight_units_can(records: Records) -> Outcome:
    medians = [float(np.median(_ends(records, 8, activation))) for activation in MONOTONE]
    return Outcome(min(medians) >= 0.99, f"eight units can: medians {listed(medians)}")


def _folds_need_two(records: Records) -> Outcome:
    medians = [float(np.median(_ends(records, 2, activation))) for activation in FOLDED]
    return Outcome(min(medians) >= 0.99, f"{listed(FOLDED)} need two: medians {listed(medians)}, as they bend back")


def _lines_cannot(records: Records) -> Outcome:
    best = max(max(_ends(records, units, "identity")) for units in ENOUGH)
    return Outcome(best <= 0.6, f"without an activation, units are of no use: best of all seeds {best:.3g}")


def _four_layers_beat_one(records: Records) -> Outcome:
    medians = [median(records, model=_layers_of_8(depth)) for depth in DEPTHS]
    return Outcome(medians[-1] > medians[0], f"four layers are better than one: medians {listed(medians)}")


def _the_fourth_layer_does_no_harm(records: Records) -> Outcome:
    third, fourth = (values(records, model=_layers_of_8(depth)) for depth in (3, 4))
    place = "inside" if min(fourth) <= DEPTHS[4] <= max(fourth) else "outside"
    return Outcome(
        bool(np.median(fourth) >= np.median(third)),
        f"the published fall from 3 to 4 layers ({DEPTHS[3]:.3g} to {DEPTHS[4]:.3g}) is noise of single runs, no "
        f"trend: the medians go from {np.median(third):.3g} to {np.median(fourth):.3g}. Single runs lie between "
        f"{min(third):.3g} and {max(third):.3g} with 3 layers and between {min(fourth):.3g} and {max(fourth):.3g} with "
        f"4, so that two of them say nothing; the published {DEPTHS[4]:.3g} lies {place} that range",
    )


def _longer_is_better(records: Records) -> Outcome:
    medians = [median(records, epochs=epochs) for epochs in EPOCHS]
    return Outcome(medians == sorted(medians), f"longer training, better: medians {listed(medians)}")


def _forty_are_enough(records: Records) -> Outcome:
    end = median(records, epochs=40)
    return Outcome(end >= 0.95, f"40 epochs are enough: median {end:.3g}")


_circles = functools.partial(Preset, source=SOURCE, note=NOTE)

CIRCLES_UNITS = _circles(
    "circles-units",
    "Circles: how many hidden units",
    parts=_units,
    expected=(_more_units_are_better, _two_units_cannot_enclose, _eight_units_can, _folds_need_two, _lines_cannot),
)
CIRCLES_DEPTH = _circles(
    "circles-depth",
    "Circles: how many layers of 8",
    parts=_depth,
    expected=(_four_layers_beat_one, _the_fourth_layer_does_no_harm),
)
CIRCLES_EPOCHS = _circles(
    "circles-epochs",
    "Circles: how many epochs for 8-16-32-8",
    parts=_epochs,
    expected=(_longer_is_better, _forty_are_enough),
)
