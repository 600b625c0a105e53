"""Every one of the 2**32 float32 inputs: value and derivative against the float64 form that the contract judges.

    python -m benchmarks.exhaustive [NAME ...] [--mode xla] [--blocks 256]

Takes a few minutes a name. Finished blocks are kept in `benchmarks/results/exhaustive.csv`, a line each time one of 256
blocks of 2**24 inputs is done, so an interrupted sweep goes on where it stopped. Without names, the 20 most used ones.
"""

import argparse
import csv
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import keras_acts
from benchmarks.own_float64 import k_error

RESULTS = Path(__file__).parent / "results" / "exhaustive.csv"
COLUMNS = ("name", "mode", "block", "k_value", "x_value", "k_derivative", "x_derivative")
BLOCKS = 256
MOST_USED = [
    "relu",
    "gelu",
    "silu",
    "sigmoid",
    "tanh",
    "softplus",
    "elu",
    "selu",
    "leaky_relu",
    "mish",
    "gelu_tanh",
    "hard_silu",
    "hard_sigmoid",
    "softsign",
    "relu6",
    "log_sigmoid",
    "quick_gelu",
    "celu",
    "squareplus",
    "tanh_shrink",
]


def sweep_of(name: str, mode: str):
    """A compiled function: float32 inputs -> worst K of value and derivative and where they occur."""
    fn = keras_acts.get(name)
    declaration = keras_acts.info(name)
    kinks = declaration.kinks(**declaration.defaults)

    def narrow(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return y, tape.gradient(y, x, unconnected_gradients="zero")

    def wide(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            y, first = narrow(x)
        return y, first, outer.gradient(first, x, unconnected_gradients="zero")

    def k_of(got, exact, next_order, x):
        k = k_error(got, exact, next_order, x, "float32")
        for kink in kinks:
            k = tf.where(x == kink, tf.zeros_like(k), k)  # a convention, tested elsewhere
        return k

    compiled_narrow = tf.function(narrow, jit_compile=mode == "xla", autograph=False)

    @tf.function(jit_compile=True, autograph=False)
    def judge(x, got_value, got_derivative):
        x_wide = tf.cast(x, tf.float64)
        value, derivative, second_derivative = wide(x_wide)
        of_value, of_derivative = (
            k_of(got_value, value, derivative, x_wide),
            k_of(got_derivative, derivative, second_derivative, x_wide),
        )
        return of_value, of_derivative, tf.reduce_max(of_value), tf.reduce_max(of_derivative)

    def sweep(x):
        of_value, of_derivative, worst_value, worst_derivative = judge(x, *compiled_narrow(x))
        # Where the worst one is, outside XLA: its argmax takes minutes on a CPU.
        x_value, x_derivative = (x.numpy()[np.argmax(k.numpy())] for k in (of_value, of_derivative))
        return worst_value, x_value, worst_derivative, x_derivative

    return sweep


def block_inputs(block: int, chunk: int, chunks: int) -> tf.Tensor:
    size = 2**32 // BLOCKS // chunks
    start = block * (2**32 // BLOCKS) + chunk * size
    return tf.constant(np.arange(start, start + size, dtype=np.uint64).astype(np.uint32).view(np.float32))


def finished() -> dict[tuple[str, str, int], dict[str, str]]:
    if not RESULTS.exists():
        return {}
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return {(row["name"], row["mode"], int(row["block"])): row for row in csv.DictReader(file)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--mode", default="xla", choices=["graph", "xla"])
    parser.add_argument(
        "--blocks", type=int, default=BLOCKS, help="stop after this many of the 256 blocks of each name"
    )
    options = parser.parse_args()
    names = options.names or MOST_USED
    done = finished()
    new_file = not RESULTS.exists()
    console = Console()
    chunks = 16  # 2**20 inputs at a time stay in the cache
    with Progress(console=console) as progress, RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new_file:
            writer.writeheader()
        for name in names:
            task = progress.add_task(name, total=options.blocks)
            sweep = None
            for block in range(options.blocks):
                if (name, options.mode, block) not in done:
                    sweep = sweep or sweep_of(name, options.mode)
                    found = [[float(v) for v in sweep(block_inputs(block, chunk, chunks))] for chunk in range(chunks)]
                    value = max(found, key=lambda f: f[0])[:2]
                    derivative = max(found, key=lambda f: f[2])[2:]
                    row = dict(zip(COLUMNS, (name, options.mode, block, *value, *derivative), strict=True))
                    writer.writerow(row)
                    file.flush()
                progress.advance(task)
    table = Table(title="All float32 inputs: worst K")
    for column in ("activation", "mode", "value", "at x", "derivative", "at x", "blocks"):
        table.add_column(column, justify="right" if column != "activation" else "left")
    rows = [row for row in finished().values() if row["name"] in names and row["mode"] == options.mode]
    for name in names:
        own = [row for row in rows if row["name"] == name]
        value = max(own, key=lambda row: float(row["k_value"]))
        derivative = max(own, key=lambda row: float(row["k_derivative"]))
        cells = (value["k_value"], value["x_value"], derivative["k_derivative"], derivative["x_derivative"])
        table.add_row(name, options.mode, *(f"{float(cell):.4g}" for cell in cells), f"{len(own)} / {BLOCKS}")
    console.print(table)


if __name__ == "__main__":
    main()
