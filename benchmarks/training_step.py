"""A whole training step with our activation and with the Keras built-in of the same name.

    python -m benchmarks.training_step [NAME ...] [--rounds 20]

The models are an MLP 784-512-512-10 and a small CNN on random images of 28 x 28, batch 128, Adam. Step times are
interleaved in one process and given as ratios; peak memory is that of a process of its own for each. Graph mode is what
Keras chooses on a CPU, XLA what it chooses on a GPU. Prints the table and writes
`benchmarks/results/training_step-<device>.csv`.
"""

import argparse
import csv
import functools
import os
import resource
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import track
from rich.table import Table

import keras_acts
from benchmarks import timing
from benchmarks.subjects import builtin

RESULTS = Path(__file__).parent / "results"
COLUMNS = ("name", "model", "mode", "time_ratio", "low", "high", "memory_ratio")
BATCH = 128


def mlp(activation) -> keras.Model:
    dense = [keras.layers.Dense(512, activation=activation) for _ in range(2)]
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), *dense, keras.layers.Dense(10)])


def cnn(activation) -> keras.Model:
    layers = []
    for filters in (16, 32):
        layers += [keras.layers.Conv2D(filters, 3, activation=activation), keras.layers.MaxPooling2D()]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers, keras.layers.Flatten(), keras.layers.Dense(10)])


MODELS = {"mlp": mlp, "cnn": cnn}


def function_of(name: str, owner: str):
    return keras_acts.get(name) if owner == "keras_acts" else builtin(name)


def step_of(name: str, owner: str, model: str, mode: str):
    """One compiled training step, ready to be called."""
    keras.utils.set_random_seed(1)
    network = MODELS[model](function_of(name, owner))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer="adam", loss=loss, jit_compile=mode == "xla")
    generator = np.random.default_rng(0)
    x = generator.normal(size=(BATCH, 28, 28, 1)).astype("float32")
    y = generator.integers(0, 10, BATCH)
    return functools.partial(network.train_on_batch, tf.constant(x), tf.constant(y))


def peak_memory(name: str, owner: str, model: str, mode: str) -> float:
    """Peak resident memory of a process that trains 20 steps, in KiB."""
    command = [sys.executable, "-m", "benchmarks.training_step", "--memory", name, owner, model, mode]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--memory", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        step = step_of(*options.memory)
        for _ in range(20):
            step()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    names = options.names or ["relu", "gelu", "silu", "mish", "elu", "selu", "softplus", "tanh"]
    console = Console()
    rows = []
    cases = [(name, model, mode) for name in names for model in MODELS for mode in ("graph", "xla")]
    for name, model, mode in track(cases, "Training", console=console):
        steps = {owner: step_of(name, owner, model, mode) for owner in ("keras_acts", "keras")}
        found = timing.ratio(timing.interleaved(steps, options.rounds), "keras_acts", "keras")
        memory = peak_memory(name, "keras_acts", model, mode) / peak_memory(name, "keras", model, mode)
        rows.append(dict(zip(COLUMNS, (name, model, mode, found.median, found.low, found.high, memory), strict=True)))
    table = Table(title="Training step: keras_acts as a multiple of the Keras built-in")
    for column in ("activation", "model", "mode", "time (quartiles)", "peak memory"):
        table.add_column(column)
    for row in sorted(rows, key=lambda row: -row["time_ratio"]):
        spread = str(timing.Ratio(row["time_ratio"], row["low"], row["high"]))
        table.add_row(row["name"], row["model"], row["mode"], spread, f"{row['memory_ratio']:.2f}")
    console.print(table)
    device = "gpu" if tf.config.list_physical_devices("GPU") else "cpu"
    if not options.names:
        path = RESULTS / f"training_step-{device}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        console.print(f"Written: benchmarks/results/{path.name}")


if __name__ == "__main__":
    main()
