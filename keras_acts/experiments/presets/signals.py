"""Periodic activations: a signal beyond its data, and a picture as a function of its coordinates."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from keras_acts.experiments.plan import Plan
from keras_acts.experiments.presets.measures import MSE, Measure, listed, median, of_those_run, values
from keras_acts.experiments.presets.preset import Outcome, Part, Preset, at_one_rate, without_figures
from keras_acts.experiments.runs.records import Record

# ---- snake ---------------------------------------------------------------------------------------------------------

PERIODIC = ("snake(10.0)", "snake(20.0)", "sin(w0=15.0)")
OTHERS = ("relu", "tanh", "gelu")
TRAINING = Measure("training MSE", lambda record: record.history["loss"][-1])


def _snake() -> tuple[Part, ...]:
    trained = functools.partial(Plan, epochs=5_000, batch_size=64, learning_rates=(1e-2,), optimizer="sgd")
    plan = trained((*PERIODIC, *OTHERS), data="periodic", model="torch_mlp(width=512, depth=1)", seeds=5)
    return (without_figures(plan, "15 < |x| < 52.5", MSE),)


def _ends(records: Sequence[Record], activations: tuple[str, ...]) -> dict[str, float]:
    """Test errors of those activations that were run."""
    return of_those_run(lambda name: median(records, MSE, activation=name), activations)


def _periodic_ones_find_it(records: Sequence[Record]) -> Outcome:
    ends = _ends(records, PERIODIC)
    return Outcome(
        bool(np.max([*ends.values()]) < 1.0), f"{', '.join(ends)} find the period: test MSE {listed(ends.values())}"
    )


def _others_do_not(records: Sequence[Record]) -> Outcome:
    ends = _ends(records, OTHERS)
    return Outcome(bool(np.min([*ends.values()]) > 2.0), f"{', '.join(ends)} do not: test MSE {listed(ends.values())}")


def _snake_fits(records: Sequence[Record]) -> Outcome:
    worst = float(np.max(values(records, TRAINING, activation="snake(20.0)")))
    return Outcome(worst < 1e-2, f"snake(20.0) fits its data: worst training MSE {worst:.2g}")


SNAKE = Preset(
    "snake",
    "Snake: sin(x) beyond the data",
    "arXiv:2006.08195 and its authors' notebook: one layer of 512 units, 64 points with 5 < |x| < 15, SGD",
    _snake,
    (_periodic_ones_find_it, _others_do_not, _snake_fits),
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


def _fit(label: str, activations: tuple[str, ...], paired: bool) -> Part:
    trained = functools.partial(at_one_rate, epochs=STEP, batch_size=4096)
    plan = trained(activations, activations[0], data="image", model="siren", seeds=5, paired=paired)
    return without_figures(plan, label, PSNR)


def _siren() -> tuple[Part, ...]:
    own, default = "its own initializer", "Keras' default initializer"
    return _fit(own, (SINE, *PICTURE), paired=True), _fit(default, (SINE,), paired=False)


def _siren_fits(records: Sequence[Record]) -> Outcome:
    worst = float(np.min(values(records, PSNR, activation=SINE, paired=True)))
    return Outcome(worst >= 35.0, f"SIREN fits the picture: {worst:.1f} dB or more")


def _others_do_not_fit(records: Sequence[Record]) -> Outcome:
    best = of_those_run(lambda name: max(values(records, PSNR, activation=name)), PICTURE)
    top = max(best.values())
    return Outcome(top <= 25.0, f"no good fit with {', '.join(best)}: {top:.1f} dB at best")


def _the_initializer_matters(records: Sequence[Record]) -> Outcome:
    best = max(values(records, PSNR, activation=SINE, paired=False))
    return Outcome(
        best <= 20.0, f"the initializer matters, not the sine alone: {best:.1f} dB at best with Keras' default"
    )


SIREN = Preset(
    "siren",
    "SIREN: a picture as a function of its coordinates",
    "arXiv:2006.09661: there with larger networks and pictures, and curves of PSNR instead of a table",
    _siren,
    (_siren_fits, _others_do_not_fit, _the_initializer_matters),
    "64 x 64 grey pixels, 3 layers of 64 units, Adam with 1e-3 on all pixels at once.",
)
