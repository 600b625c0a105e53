"""Training with our activation, with and without islands, and with the Keras built-in of the same name.

    python -m benchmarks.training_step [NAME ...]

Four networks on random data, Adam: an MLP and a small CNN on images of 28 x 28, the bottleneck blocks of ResNet-50 with
fewer filters on images of 32 x 32, and a Transformer encoder with blocks of width 128. Of each: the first step with its
compilations, and the first epoch of `fit` with a short last batch and validation, in seconds, and peak memory, in a
process of its own for each; and the time of a step once all is compiled, interleaved in one process, as ratios. Graph
mode is what Keras chooses on a CPU, XLA what it chooses on a GPU, where islands are not made. Prints the table and
writes `benchmarks/results/training_step-<device>.csv`, a line at a time: an interrupted run goes on.
"""

import argparse
import csv
import functools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
NAMES = ("gelu", "silu", "mish", "selu", "relu", "tanh")
OWNERS = {"graph": ("keras", "keras_acts", "islands"), "xla": ("keras", "keras_acts")}
MEASURES = ("step_ratio", "low", "high", "first_step", "first_epoch", "peak_memory")
COLUMNS = ("name", "model", "mode", "owner", *MEASURES, "load")
layers = keras.layers


def mlp(activation: Any) -> list[keras.Layer]:
    return [layers.Flatten(), *(layers.Dense(512, activation=activation) for _ in range(2))]


def cnn(activation: Any) -> list[keras.Layer]:
    return [
        layers.Conv2D(16, 3, activation=activation),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation=activation),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ]


class Bottleneck(keras.Layer):
    """A residual block of ResNet-50: 1 x 1, 3 x 3 and 1 x 1 convolutions, each with batch normalization."""

    def __init__(self, filters: int, strides: int, activation: Any) -> None:
        super().__init__()
        self.activation = layers.Activation(activation)
        shapes = [(filters, 1, strides), (filters, 3, 1), (4 * filters, 1, 1)]
        self.convolutions = [
            layers.Conv2D(n, size, strides=step, padding="same", use_bias=False) for n, size, step in shapes
        ]
        self.norms = [layers.BatchNormalization() for _ in range(4)]
        self.shortcut = layers.Conv2D(4 * filters, 1, strides=strides, use_bias=False)

    def call(self, x: Any, training: bool = False) -> Any:
        y = x
        for index, (convolution, norm) in enumerate(zip(self.convolutions, self.norms[:3], strict=True)):
            y = norm(convolution(y), training=training)
            y = self.activation(y) if index < 2 else y
        return self.activation(y + self.norms[3](self.shortcut(x), training=training))


def resnet(activation: Any) -> list[keras.Layer]:
    stages = [(16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)]
    return [
        layers.Conv2D(16, 3, padding="same"),
        *(Bottleneck(filters, strides, activation) for filters, strides in stages),
        layers.GlobalAveragePooling2D(),
    ]


class Encoder(keras.Layer):
    """A pre-norm block of a Transformer: attention of four heads, then two dense layers of 4 x width and width."""

    def __init__(self, width: int, activation: Any) -> None:
        super().__init__()
        self.norms = [layers.LayerNormalization() for _ in range(2)]
        self.attention = layers.MultiHeadAttention(4, width // 4)
        self.wide, self.narrow = layers.Dense(4 * width, activation=activation), layers.Dense(width)

    def call(self, x: Any) -> Any:
        y = self.norms[0](x)
        x = x + self.attention(y, y)
        return x + self.narrow(self.wide(self.norms[1](x)))


def transformer(activation: Any) -> list[keras.Layer]:
    return [*(Encoder(128, activation) for _ in range(2)), layers.GlobalAveragePooling1D()]


# The layers below the output, shape of one input, batch size, batches of an epoch.
MODELS = {
    "mlp": (mlp, (28, 28, 1), 128, 20),
    "cnn": (cnn, (28, 28, 1), 128, 20),
    "resnet": (resnet, (32, 32, 3), 32, 10),
    "transformer": (transformer, (64, 128), 32, 10),
}


def function_of(name: str, owner: str) -> Callable[[Any], Any]:
    return builtin(name) if owner == "keras" else keras_acts.get(f"keras_acts>{name}")


def network_of(name: str, owner: str, model: str, mode: str) -> keras.Model:
    keras.utils.set_random_seed(1)
    build, shape, *_ = MODELS[model]
    network = keras.Sequential([keras.Input(shape), *build(function_of(name, owner)), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer="adam", loss=loss, jit_compile=mode == "xla")
    return network


def data_of(model: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(size, *MODELS[model][1])).astype("float32"), generator.integers(0, 10, size)


def step_of(name: str, owner: str, model: str, mode: str) -> Callable[[], object]:
    """One compiled training step, ready to be called."""
    x, y = data_of(model, MODELS[model][2])
    step = functools.partial(network_of(name, owner, model, mode).train_on_batch, tf.constant(x), tf.constant(y))
    keras_acts.fuse_in_training(owner == "islands")
    step()  # which traces it
    keras_acts.fuse_in_training(False)
    return step


def beginning(name: str, owner: str, model: str, mode: str) -> dict[str, float]:
    """Seconds of the first step and of the first epoch, and peak memory in MiB, of this process."""
    _, _, batch, batches = MODELS[model]
    keras_acts.fuse_in_training(owner == "islands")
    network, start = network_of(name, owner, model, mode), time.perf_counter()
    network.train_on_batch(*data_of(model, batch))
    first_step = time.perf_counter() - start
    network, start = network_of(name, owner, model, mode), time.perf_counter()
    x, y = data_of(model, batches * batch - batch // 3)
    network.fit(x, y, batch_size=batch, validation_data=(x[: 2 * batch], y[: 2 * batch]), verbose=0)
    first_epoch = time.perf_counter() - start
    # Not of getrusage, which counts what the parent held when it made this process.
    peak = float(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    return {"first_step": first_step, "first_epoch": first_epoch, "peak_memory": peak}


def measure(name: str, model: str, mode: str) -> list[dict[str, Any]]:
    """A row for each owner."""
    load = round(os.getloadavg()[0], 2)
    times = timing.interleaved({owner: step_of(name, owner, model, mode) for owner in OWNERS[mode]}, rounds=20)
    rows = []
    for owner in OWNERS[mode]:
        command = [sys.executable, "-m", "benchmarks.training_step", "--beginning", name, owner, model, mode]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        ratio = timing.ratio(times, owner, "keras")
        found = {"step_ratio": ratio.median, "low": ratio.low, "high": ratio.high}
        found |= json.loads(done.stdout.splitlines()[-1])
        case = {"name": name, "model": model, "mode": mode, "owner": owner, "load": load}
        rows.append(case | {key: f"{value:.3g}" for key, value in found.items()})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--anew", action="store_true", help="also what is kept already")
    parser.add_argument("--beginning", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.beginning:
        print(json.dumps(beginning(*options.beginning)))
        return
    device = "gpu" if tf.config.list_physical_devices("GPU") else "cpu"
    path = RESULTS / f"training_step-{device}.csv"
    kept: list[dict[str, Any]] = []
    if path.exists() and not options.anew:
        with path.open(encoding="utf-8", newline="") as file:
            kept = [row for row in csv.DictReader(file) if row.keys() == {*COLUMNS}]  # not those of an older form
    console = Console(width=None if Console().is_terminal else 120)
    cases = [(name, model, mode) for mode in OWNERS for name in options.names or NAMES for model in MODELS]
    done = {(row["name"], row["model"], row["mode"]) for row in kept}
    for case in track([case for case in cases if case not in done], "Training", console=console):
        kept += measure(*case)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
    table = Table(*COLUMNS, title="Training: steps as a multiple of those with the Keras built-in, seconds, MiB")
    for row in kept:
        if (row["name"], row["model"], row["mode"]) in cases:
            table.add_row(*(str(row[column]) for column in COLUMNS))
    console.print(table)


if __name__ == "__main__":
    main()
