"""The comparison on MNIST that everyone copies, with an honest protocol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.preset import ACCURACY, Measure, Outcome, Part, Preset, Published, values
from keras_acts.experiments.runs.records import Record

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "sigmoid")
FIRST = Measure("validation accuracy after 1 epoch", lambda record: record.history["val_metric"][0])


def _parts() -> tuple[Part, ...]:
    plan = Plan(ACTIVATIONS, data="mnist", model="cnn", seeds=8, epochs=10)
    published = [Published("cnn", None, activation, ACCURACY) for activation in ACTIVATIONS]
    return (Part(plan, tuple(published)),)


def _expected(records: Sequence[Record]) -> list[Outcome]:
    starts = {name: float(np.median(at)) for name in ACTIVATIONS if (at := values(records, FIRST, activation=name))}
    if len(starts) < 2 or "sigmoid" not in starts:
        return []
    others = min(start for name, start in starts.items() if name != "sigmoid")
    return [
        Outcome(
            starts["sigmoid"] < others,
            f"sigmoid starts last: {starts['sigmoid']:.3g} of the validation data right after one epoch, the others "
            f"{others:.3g} or more",
        )
    ]


MNIST_CNN = Preset(
    "mnist-cnn",
    "MNIST with a small CNN",
    "C. Hansen, Activation Functions Explained (2019), and its notebook, casperbh96/Activation-Functions-Search",
    _parts,
    _expected,
    "The published accuracies (0.9978 to 0.9987) are no figures to compare with: they are binary accuracies over ten "
    "outputs, one run each, on test data that served as validation data. Here: share of images with the right class, "
    "split in three parts, each activation with its own initializer.",
    fallback=("mnist", "digits"),
)
