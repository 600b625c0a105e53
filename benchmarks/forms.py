"""What the second form of a primitive is for: time of the form that is not taken as a multiple of the one that is.

    python -m benchmarks.forms

A primitive of `keras_acts.core.numerics` has a plain and a compiled form only where, in one of the modes, the other one
takes over 1.3 times as long. 2**20 float32 numbers, interleaved. Writes `benchmarks/results/forms.md`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from benchmarks import timing
from keras_acts.core import form
from keras_acts.core import numerics as nx

RESULTS = Path(__file__).parent / "results" / "forms.md"
PRIMITIVES: dict[str, Callable[[Any], Any]] = {
    "arctan": nx.arctan,
    "cosine": nx.cosine,
    "expm1": lambda x: nx.expm1(-tf.abs(x)),
    "log1p": lambda x: nx.log1p(tf.abs(x)),
    "log1p_unit": lambda x: nx.log1p_unit(tf.minimum(tf.abs(x), 1.0)),
    "sigmoid": nx.sigmoid,
    "sigmoid_derivative": nx.sigmoid_derivative,
    "sigmoid_gated": lambda x: nx.sigmoid_gated(x, x),
    "sigmoid_gated_derivative": lambda x: nx.sigmoid_gated_derivative(x, x),
    "sine": nx.sine,
    "times_exp_fast": lambda x: nx.times_exp_fast(x, -tf.abs(x)),
    "times_sech_squared": lambda x: nx.times_sech_squared(x, x),
    "times_sigmoid_derivative": lambda x: nx.times_sigmoid_derivative(x, x),
}
HEAD = """# Forms

By `python -m benchmarks.forms`: time of the other form of a primitive as a multiple of the one that is taken, in graph
mode (plain) and under XLA (compiled), with quartiles. A second form stays where one of the two is above 1.3.

| Primitive | In graph mode | Under XLA |
|---|---|---|
"""


def ratio(primitive: Callable[[Any], Any], taken: str, other: str) -> timing.Ratio:
    x = tf.random.stateless_normal((1024, 1024), seed=(1, 2))
    runs = {}
    for chosen in (taken, other):
        compiled = tf.function(lambda x: primitive(x), jit_compile=taken == "compiled", autograph=False)
        with mock.patch.object(form, "chosen", lambda chosen=chosen: chosen):
            compiled(x)  # which traces it
        runs[chosen] = lambda compiled=compiled: compiled(x)
    return timing.ratio(timing.interleaved(runs, rounds=25), other, taken)


def main() -> None:
    lines = [
        f"| `{name}` | {ratio(primitive, 'plain', 'compiled')} | {ratio(primitive, 'compiled', 'plain')} |"
        for name, primitive in PRIMITIVES.items()
    ]
    RESULTS.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
