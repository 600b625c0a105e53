"""Accuracy and time on a GPU by Keras' JAX backend: XLA compiles there what it compiles for TensorFlow.

    python -m benchmarks.gpu [NAME ...]

Needs JAX, Keras and rich, no TensorFlow. First K of value and derivative, over all numbers of float16 and bfloat16 and
a float32 sample of half a million, against the float64 form on the CPU, which the tests hold to mpmath. Then the time
of 2**24 elements, forward and backward, as a ratio to Keras' own, to ReLU and to a copy, interleaved. Writes
`benchmarks/results/gpu.csv`, with the name of the device; without a GPU it measures the CPU, to be tried at all.
"""

import argparse
import csv
import importlib.metadata
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import keras_acts
from benchmarks import timing
from benchmarks.own_float64 import k_error
from benchmarks.subjects import builtin, elementwise
from keras_acts.analysis import derivatives

RESULTS = Path(__file__).parent / "results" / "gpu.csv"
COLUMNS = ("name", "dtype", "k_value", "x_value", "k_derivative", "x_derivative", "keras", "relu", "copy", "ms")
DTYPES = ("float32", "bfloat16", "float16")
ELEMENTS = 2**24


def inputs(dtype: str, kinks: tuple[float, ...]) -> np.ndarray:
    """All finite numbers of half precision; of float32 any bits, and numbers of the sizes where activations bend."""
    draw = np.random.default_rng(7)
    with np.errstate(invalid="ignore"):  # signalling NaNs are among the bit patterns
        if dtype == "float32":
            bits = draw.integers(0, 2**32, 2**18, dtype=np.uint64).astype(np.uint32).view(np.float32)
            x = np.concatenate([bits, draw.uniform(-110.0, 110.0, 2**17), draw.normal(0.0, 2.0, 2**17)]).astype(dtype)
        else:
            x = np.arange(2**16, dtype=np.uint16).view(jax.numpy.dtype(dtype))
        return x[np.isfinite(x) & ~np.isin(x.astype(np.float64), kinks)]


def accuracy(name: str, dtype: str) -> Iterator[float]:
    """Worst K and its x, of the value and of the first derivative."""
    declaration, fn = keras_acts.info(name), keras_acts.get(name)
    x = inputs(dtype, tuple(declaration.kinks(**declaration.defaults)))
    got = jax.jit(lambda x: derivatives(fn, x, 1))(x)
    with jax.default_device(jax.devices("cpu")[0]):
        wide = jax.numpy.asarray(x, "float64")
        exact = jax.jit(lambda x: derivatives(fn, x, 2))(wide)
        for order in (0, 1):
            k = np.asarray(k_error(np.asarray(got[order]), exact[order], exact[order + 1], wide, dtype))
            worst = int(np.argmax(k))
            yield from (float(k[worst]), float(x[worst]))


def step(fn: Callable[[Any], Any], x: Any, upstream: Any) -> Callable[[], object]:
    @jax.jit
    def both(x: Any, upstream: Any) -> Any:
        y, pullback = jax.vjp(fn, x)
        return y, pullback(upstream)

    return lambda: jax.block_until_ready(both(x, upstream))


def ratios(name: str, dtype: str) -> Iterator[str]:
    """Time as a multiple of that of each other, and in milliseconds."""
    x, upstream = jax.random.normal(jax.random.key(1), (2, ELEMENTS // 2**10, 2**10), dtype)
    others = {"keras": builtin(name), "relu": jax.nn.relu, "copy": lambda x: x * jax.numpy.asarray(1.01, dtype)}
    candidates = {"keras_acts": keras_acts.get(name), **{key: fn for key, fn in others.items() if fn is not None}}
    times = timing.interleaved({key: step(fn, x, upstream) for key, fn in candidates.items()}, rounds=15)
    yield from (str(timing.ratio(times, "keras_acts", key)) if key in times else "" for key in others)
    yield f"{1000 * float(np.median(times['keras_acts'])):.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names or elementwise()
    console = Console(width=None if Console().is_terminal else 150)
    device = jax.devices()[0].device_kind
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in ("jax", "keras"))
    table = Table(*COLUMNS, title=f"{device}, {versions}: worst K; forward+backward of 2**24 elements beside others")
    cases = [(name, dtype) for name in names for dtype in DTYPES]
    rows = [[name, dtype, *(f"{k:.3g}" for k in accuracy(name, dtype))] for name, dtype in track(cases, "Accuracy")]
    for row in track(rows, "Time"):
        row += ratios(row[0], row[1])
        table.add_row(*row)
    console.print(table)
    if len(names) == len(elementwise()):
        with RESULTS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([(*COLUMNS, "device", "versions"), *([*row, device, versions] for row in rows)])
        console.print(f"Written: benchmarks/results/{RESULTS.name}")


if __name__ == "__main__":
    main()
