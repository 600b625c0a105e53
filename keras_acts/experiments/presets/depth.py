"""What depth does to gradients, and what the right initializer does against it."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.preset import ACCURACY, Measure, Outcome, Part, Preset, Published, values
from keras_acts.experiments.runs.records import Record

# ---- vanishing: Nielsen's sigmoid networks -----------------------------------------------------------------------

# The speed of learning of each hidden layer, |mean of dC/db| over 1000 images of MNIST, in one network of each depth.
SPEEDS = {
    2: (0.06574, 0.30922),
    3: (0.01184, 0.05997, 0.28314),
    4: (0.00298, 0.01708, 0.06954, 0.28514),
}
# The activations whose gradients keep their size: relu with He's weights, tanh with gain 1.
KEPT = {"relu": True, "tanh": False}
KEPT_MODEL = "mlp(width=30, depth=4)"


def _nielsen(depth: int) -> str:
    return f"nielsen(depth={depth})"


def _growth(record: Record, layer: int) -> float:
    """By how much the gradient norm of a layer's bias is larger than that of the layer before it."""
    before, after = (record.layers[number].bias_gradient_start for number in (layer - 1, layer))
    return float("nan") if before is None or after is None or before == 0.0 else after / before


def _step(layer: int) -> Measure:
    name = f"gradient norm of layer {layer + 1} / layer {layer}"
    return Measure(name, functools.partial(_growth, layer=layer), ".2f", at_start=True)


def _untrained(model: str, activation: str, seeds: int = 20, paired: bool = True) -> Plan:
    return Plan((activation,), activation, "digits", model, seeds=seeds, epochs=1, paired=paired)


def _vanishing() -> tuple[Part, ...]:
    published = [
        Part(
            _untrained(_nielsen(depth), "sigmoid"),
            tuple(
                Published(f"{depth} hidden layers", speeds[layer] / speeds[layer - 1], "sigmoid", _step(layer))
                for layer in range(1, depth)
            ),
        )
        for depth, speeds in SPEEDS.items()
    ]
    kept = [
        Part(
            _untrained(KEPT_MODEL, activation, paired=paired),
            tuple(Published("4 hidden layers", None, activation, _step(layer)) for layer in range(1, 4)),
        )
        for activation, paired in KEPT.items()
    ]
    return (*published, *kept)


def _expected_of_vanishing(records: Sequence[Record]) -> list[Outcome]:
    found = []
    growth = [
        float(np.median(rates))
        for depth in SPEEDS
        for layer in range(1, depth)
        if (rates := values(records, _step(layer), model=_nielsen(depth), activation="sigmoid"))
    ]
    if growth:
        found.append(
            Outcome(
                min(growth) >= 4.0 and max(growth) <= 6.0,
                f"sigmoid: gradients shrink by 4 to 6 per layer towards the input: medians {min(growth):.2f} to "
                f"{max(growth):.2f}",
            )
        )
    for activation in KEPT:
        steps = [values(records, _step(layer), model=KEPT_MODEL, activation=activation) for layer in range(1, 4)]
        if all(steps):
            # One factor for all layers, as a single layer of 30 units scatters widely.
            factor = float(np.median(np.exp(np.mean(np.log(steps), axis=0))))
            found.append(
                Outcome(
                    0.8 <= factor <= 1.25, f"{activation}: gradients keep their size, median {factor:.2f} per layer"
                )
            )
    return found


VANISHING = Preset(
    "vanishing",
    "Vanishing gradients: sigmoid networks before training",
    "M. Nielsen, Neural Networks and Deep Learning, chapter 5: one network of each depth on 1000 images of MNIST",
    _vanishing,
    _expected_of_vanishing,
    "Layers of 30 units; sigmoid with Nielsen's weights N(0, 1 / inputs) and biases N(0, 1), relu with He's, tanh with "
    "gain 1. Here on digits and with softmax outputs, so that ratios of layers compare, and norms do not. All is "
    "measured before training; the runs train for one epoch, which has no part in it.",
)

# ---- deep-30: does a deep network without normalisation layers train at all? -------------------------------------

DEEP = "deep_mlp"
CHANCE = 0.2
ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid")


def _deep() -> tuple[Part, ...]:
    return tuple(
        Part(
            Plan(ACTIVATIONS, data="digits", model=DEEP, seeds=5, epochs=15, batch_size=64, paired=paired),
            tuple(
                Published("its own initializer" if paired else "Keras' default initializer", None, activation, ACCURACY)
                for activation in ACTIVATIONS
            ),
        )
        for paired in (True, False)
    )


def _expected_of_deep(records: Sequence[Record]) -> list[Outcome]:
    medians = {
        (activation, paired): float(np.median(scores))
        for activation in ACTIVATIONS
        for paired in (True, False)
        if (scores := values(records, activation=activation, paired=paired))
    }
    found = []
    for activation in ("gelu", "silu"):
        if {(activation, True), (activation, False)} <= medians.keys():
            own, default = medians[activation, True], medians[activation, False]
            found.append(
                Outcome(
                    own >= 0.75 and default <= CHANCE,
                    f"{activation} learns with its own initializer ({own:.3g}) and stays at chance with Keras' default "
                    f"({default:.3g})",
                )
            )
    if {("relu", True), ("relu", False)} <= medians.keys():
        gain = medians["relu", True] - medians["relu", False]
        found.append(Outcome(gain >= 0.1, f"relu gains {100 * gain:.0f} points by He's weights"))
    if ("sigmoid", True) in medians:
        found.append(
            Outcome(
                medians["sigmoid", True] <= CHANCE,
                f"sigmoid has no critical point: no initializer makes it learn ({medians['sigmoid', True]:.3g})",
            )
        )
    return found


DEEP_30 = Preset(
    "deep-30",
    "30 layers of 64 units without normalisation",
    "arXiv:2106.10165, The Principles of Deep Learning Theory, for the critical initializers; the outcome on digits "
    "was first measured for this library with JAX",
    _deep,
    _expected_of_deep,
    "No published figures: the papers show plots. Adam with 1e-3, 15 epochs.",
)
