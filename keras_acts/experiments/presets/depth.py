"""What depth does to gradients, and what the right initializer does against it."""

import functools
from collections.abc import Sequence

import numpy as np

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.measures import Measure, median, of_those_run, values
from keras_acts.experiments.presets.preset import Outcome, Part, Preset, Published, at_one_rate, without_figures
from keras_acts.experiments.runs.records import Record

# ---- vanishing: Nielsen's sigmoid networks -----------------------------------------------------------------------

# The speed of learning of each hidden layer, |mean of dC/db| over 1000 images of MNIST, in one network of each depth.
SPEEDS = {2: (0.06574, 0.30922), 3: (0.01184, 0.05997, 0.28314), 4: (0.00298, 0.01708, 0.06954, 0.28514)}
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


def _untrained(model: str, activation: str, paired: bool = True) -> Plan:
    return at_one_rate((activation,), activation, "digits", model, seeds=20, epochs=1, paired=paired)


def _vanishing() -> tuple[Part, ...]:
    parts = []
    for depth, speeds in SPEEDS.items():
        ratios = [
            Published(f"{depth} hidden layers", speeds[layer] / speeds[layer - 1], "sigmoid", _step(layer))
            for layer in range(1, depth)
        ]
        parts.append(Part(_untrained(_nielsen(depth), "sigmoid"), tuple(ratios)))
    for activation, paired in KEPT.items():
        kept = [Published("4 hidden layers", None, activation, _step(layer)) for layer in range(1, 4)]
        parts.append(Part(_untrained(KEPT_MODEL, activation, paired=paired), tuple(kept)))
    return tuple(parts)


def _sigmoid_vanishes(records: Sequence[Record]) -> Outcome:
    steps = [(depth, layer) for depth in SPEEDS for layer in range(1, depth)]
    growth = of_those_run(
        lambda step: median(records, _step(step[1]), model=_nielsen(step[0]), activation="sigmoid"), steps
    ).values()
    return Outcome(
        min(growth) >= 4.0 and max(growth) <= 6.0,
        f"sigmoid: gradients shrink by 4 to 6 per layer towards the input: medians {min(growth):.2f} to "
        f"{max(growth):.2f}",
    )


def _keeps_gradients(activation: str, records: Sequence[Record]) -> Outcome:
    steps = [values(records, _step(layer), model=KEPT_MODEL, activation=activation) for layer in range(1, 4)]
    # One factor for all layers, as a single layer of 30 units scatters widely.
    factor = float(np.median(np.exp(np.mean(np.log(steps), axis=0))))
    return Outcome(0.8 <= factor <= 1.25, f"{activation}: gradients keep their size, median {factor:.2f} per layer")


VANISHING = Preset(
    "vanishing",
    "Vanishing gradients: sigmoid networks before training",
    "M. Nielsen, Neural Networks and Deep Learning, chapter 5: one network of each depth on 1000 images of MNIST",
    _vanishing,
    (_sigmoid_vanishes, *(functools.partial(_keeps_gradients, activation) for activation in KEPT)),
    "Layers of 30 units; sigmoid with Nielsen's weights N(0, 1 / inputs) and biases N(0, 1), relu with He's, tanh with "
    "gain 1. Here on digits and with softmax outputs, so that ratios of layers compare, and norms do not. All is "
    "measured before training; the runs train for one epoch, which plays no part.",
)

# ---- deep-30: does a deep network without normalisation layers train at all? -------------------------------------

DEEP = "deep_mlp"
CHANCE = 0.2
ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid")


def _deep(label: str, paired: bool) -> Part:
    plan = at_one_rate(ACTIVATIONS, data="digits", model=DEEP, seeds=5, epochs=15, batch_size=64, paired=paired)
    return without_figures(plan, label)


def _needs_its_initializer(activation: str, records: Sequence[Record]) -> Outcome:
    own, default = (median(records, activation=activation, paired=paired) for paired in (True, False))
    return Outcome(
        own >= 0.75 and default <= CHANCE,
        f"{activation} learns with its own initializer ({own:.3g}) and stays at chance with Keras' default "
        f"({default:.3g})",
    )


def _relu_gains(records: Sequence[Record]) -> Outcome:
    gain = median(records, activation="relu", paired=True) - median(records, activation="relu", paired=False)
    return Outcome(gain >= 0.1, f"relu gains {100 * gain:.0f} points by He's weights")


def _sigmoid_stays(records: Sequence[Record]) -> Outcome:
    own = median(records, activation="sigmoid", paired=True)
    return Outcome(own <= CHANCE, f"sigmoid has no critical point: no initializer makes it learn ({own:.3g})")


DEEP_30 = Preset(
    "deep-30",
    "30 layers of 64 units without normalisation",
    "arXiv:2106.10165, The Principles of Deep Learning Theory, for the critical initializers; the outcome on digits "
    "was first measured for this library with JAX",
    lambda: (_deep("its own initializer", paired=True), _deep("Keras' default initializer", paired=False)),
    (*(functools.partial(_needs_its_initializer, name) for name in ("gelu", "silu")), _relu_gains, _sigmoid_stays),
    "No published figures: the papers show plots. Adam with 1e-3, 15 epochs.",
)
