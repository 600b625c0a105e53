"""Periodic activations: a signal beyond its data, and a picture as a function of its coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.preset import MSE, Measure, Outcome, Part, Preset, Published, values
from keras_acts.experiments.runs.records import Record

# ---- snake ---------------------------------------------------------------------------------------------------------

PERIODIC = ("snake(10.0)", "snake(20.0)", "sin(w0=15.0)")
OTHERS = ("relu", "tanh", "gelu")
TRAINING = Measure("training MSE", lambda record: record.history["loss"][-1])


def _snake() -> tuple[Part, ...]:
    plan = Plan(
        (*PERIODIC, *OTHERS),
        data="periodic",
        model="torch_mlp(width=512, depth=1)",
        seeds=3,
        epochs=5_000,
        batch_size=64,
        learning_rates=(1e-2,),
        optimizer="sgd",
    )
    return (Part(plan, tuple(Published("15 < |x| < 52.5", None, name, MSE) for name in plan.activations)),)


def _expected_of_snake(records: Sequence[Record]) -> list[Outcome]:
    found = []
    for names, holds, words in (
        (PERIODIC, lambda worst, best: worst < 1.0, "find the period: test MSE"),
        (OTHERS, lambda worst, best: best > 2.0, "do not: test MSE"),
    ):
        ends = {name: float(np.median(errors)) for name in names if (errors := values(records, MSE, activation=name))}
        if ends:
            listed = ", ".join(f"{end:.3g}" for end in ends.values())
            found.append(Outcome(holds(max(ends.values()), min(ends.values())), f"{', '.join(ends)} {words} {listed}"))
    fitted = values(records, TRAINING, activation="snake(20.0)")
    if fitted:
        found.append(Outcome(max(fitted) < 1e-2, f"snake(20.0) fits its data: worst training MSE {max(fitted):.2g}"))
    return found


SNAKE = Preset(
    "snake",
    "Snake: sin(x) beyond the data",
    "arXiv:2006.08195 and its authors' notebook: one layer of 512 units, 64 points with 5 < |x| < 15, SGD",
    _snake,
    _expected_of_snake,
    "Published as plots, without figures; there 15,000 steps, here 5,000. A constant 0 has a test MSE of 0.5.",
)

# ---- siren ---------------------------------------------------------------------------------------------------------

SINE = "sin(w0=30.0)"
PICTURE = ("relu", "tanh", "gelu")
STEP = 300
PSNR = Measure(
    f"best PSNR in dB up to step {STEP}",
    # Grey values lie in [-1, 1]: the peak is 2.
    lambda record: 10.0 * math.log10(4.0 / min(record.history["val_metric"][:STEP])),
    ".1f",
)


def _fit(activations: tuple[str, ...], paired: bool) -> Plan:
    return Plan(activations, activations[0], "image", "siren", seeds=3, epochs=STEP, batch_size=4096, paired=paired)


def _siren() -> tuple[Part, ...]:
    own, default = _fit((SINE, *PICTURE), True), _fit((SINE,), False)
    return (
        Part(own, tuple(Published("its own initializer", None, name, PSNR) for name in own.activations)),
        Part(default, (Published("Keras' default initializer", None, SINE, PSNR),)),
    )


def _expected_of_siren(records: Sequence[Record]) -> list[Outcome]:
    found = []
    sine = values(records, PSNR, activation=SINE, paired=True)
    if sine:
        found.append(Outcome(min(sine) >= 35.0, f"SIREN fits the picture: {min(sine):.1f} dB or more"))
    others = {name: max(psnr) for name in PICTURE if (psnr := values(records, PSNR, activation=name))}
    if others:
        best = max(others.values())
        found.append(Outcome(best <= 25.0, f"no good fit with {', '.join(others)}: {best:.1f} dB at best"))
    default = values(records, PSNR, activation=SINE, paired=False)
    if default:
        found.append(
            Outcome(
                max(default) <= 20.0,
                f"the initializer matters, not the sine alone: {max(default):.1f} dB at best with Keras' default",
            )
        )
    return found


SIREN = Preset(
    "siren",
    "SIREN: a picture as a function of its coordinates",
    "arXiv:2006.09661: there with larger networks and pictures, and curves of PSNR instead of a table",
    _siren,
    _expected_of_siren,
    "64 x 64 grey pixels, 3 layers of 64 units, Adam with 1e-3 on all pixels at once.",
)
