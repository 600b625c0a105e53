"""Time of every activation beside ReLU, a copy, the Keras built-in, plain autodiff, islands, torch and jax.

    python -m benchmarks.activations [NAME ...]   # graph and XLA, float32, 2**20 elements: prints a table
    python -m benchmarks.activations --full       # all parts, at most 20 minutes each, kept; then `benchmarks.speed`

A part is a mode, a dtype, a size, and whether the shape is known while a graph is traced ("static") or not ("dynamic",
as `fit` and `predict` trace: XLA compiles for known shapes in any case). In one process, all candidates of an
activation are interleaved, and ratios are taken round by round, so that each part holds its own baseline; the load of
the machine before each activation is kept beside its times. torch and jax answer from processes of their own, in turn.
Parts are kept in `benchmarks/results/activations`; an interrupted run goes on with the first that is not there, and
`--anew` measures all again. The whole registry is measured in float32 at 2**20 elements, the rest for the names that
Keras has too.
"""

import argparse
import csv
import functools
import os
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from rich.console import Console
from rich.progress import track
from rich.table import Table

import keras_acts
from benchmarks import peers, timing
from benchmarks.subjects import NOT_COMPARED, builtin

FOLDER = Path(__file__).parent / "results" / "activations"
PASSES = ("forward", "forward+backward")
MODES = ("eager", "graph", "xla")
COLUMNS = ("name", "pass", "of", "against", "ratio", "low", "high", "ms", "kept", "load")


class Part(NamedTuple):
    """What is measured in one go, and kept in one file."""

    mode: str
    dtype: str = "float32"
    log2_size: int = 20
    shape: str = "static"

    @property
    def path(self) -> Path:
        device = "gpu" if tf.config.list_physical_devices("GPU") else "cpu"
        return FOLDER / f"{device}-{self.mode}-{self.dtype}-{self.log2_size}-{self.shape}.csv"

    @property
    def names(self) -> list[str]:
        whole = self == Part(self.mode)
        return [name for name in keras_acts.names() if whole or compared(name)]


def compared(name: str) -> bool:
    return builtin(name) is not None and name not in NOT_COMPARED


def parts() -> Iterator[Part]:
    for mode in MODES:
        yield Part(mode)
    for mode in MODES:
        yield from (Part(mode, "float32", size) for size in (12, 16, 24))
        yield from (Part(mode, dtype) for dtype in ("bfloat16", "float16"))
    yield from (Part("graph", "float32", size, "dynamic") for size in (12, 16, 20, 24))


def as_pass(fn: Callable[[Any], Any], part: Part, which: str, followed: bool) -> Callable[[Any, Any], Any]:
    """`fn` forward, or forward with its gradient for a given upstream, compiled for the mode.

    Islands are made in training steps alone, where a tape has `followed` the forward pass.
    """

    def forward(x: Any, upstream: Any) -> Any:
        if not followed:
            return fn(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            return fn(x)

    def both(x: Any, upstream: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return y, tape.gradient(y, x, output_gradients=upstream, unconnected_gradients="zero")

    run = forward if which == "forward" else both
    if part.mode == "eager":
        return run
    signature = [tf.TensorSpec((None, None), part.dtype)] * 2 if part.shape == "dynamic" else None
    return tf.function(run, jit_compile=part.mode == "xla", autograph=False, input_signature=signature)


def plain(name: str) -> Callable[[Any], Any]:
    """The formula in `keras.ops` as declared, with the derivative left to autodiff."""
    declaration = keras_acts.info(name)
    return lambda x: declaration.body(x, **declaration.defaults)


def kept_for_backward(fn: Callable[[Any], Any]) -> int:
    """How many input-sized tensors of the forward pass the gradient reads (as a graph, before any optimiser)."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (64, 64))
        upstream = tf.compat.v1.placeholder(tf.float32, (64, 64))
        y = fn(x)
        forward = set(graph.get_operations()) - {upstream.op}
        tf.gradients(y, x, grad_ys=upstream)
        read = {
            _unwrapped(tensor).ref()
            for operation in graph.get_operations()
            if operation not in forward
            for tensor in operation.inputs
            if tensor.op in forward and tensor.shape == x.shape and tensor.op.type != "Const"
        }
    return len(read)


def _unwrapped(tensor: tf.Tensor) -> tf.Tensor:
    """The tensor behind identities: custom gradients pass their input through one."""
    while tensor.op.type in ("Identity", "IdentityN"):
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def _run_to_the_end(compiled: Callable[[Any, Any], Any], x: Any, upstream: Any) -> None:
    compiled(x, upstream)
    if tf.config.list_physical_devices("GPU"):  # on the CPU a call returns when it is done
        tf.test.experimental.sync_devices()


def candidates(name: str, part: Part) -> dict[str, Callable[[Any], Any]]:
    functions = {"keras_acts": keras_acts.get(name), "relu": tf.nn.relu}
    if part.log2_size <= 20:  # of the largest tensors only what the targets are about
        functions["copy"] = lambda x: x * 1.0000001
    if part.log2_size <= 20 and part.dtype == "float32":  # halves are computed in float32, which formulas take
        functions["plain"] = plain(name)
    if part.mode == "graph":
        functions["islands"] = keras_acts.get(name)
    if compared(name):
        functions["keras"] = builtin(name)
    return functions


def measure(name: str, part: Part, workers: list[peers.Peer]) -> list[dict[str, Any]]:
    """One row per pass and comparison: of keras_acts to all others, of islands to Keras."""
    height, width = 2 ** (part.log2_size - part.log2_size // 2), 2 ** (part.log2_size // 2)
    x = tf.cast(tf.random.stateless_normal((height, width), seed=(1, 2)), part.dtype)
    upstream = tf.cast(tf.random.stateless_normal(x.shape, seed=(3, 4)), part.dtype)
    kept = kept_for_backward(keras_acts.get(name))
    load = round(os.getloadavg()[0], 2)
    rows = []
    for which in PASSES:
        runs: dict[str, Callable[[], object]] = {}
        for owner, fn in candidates(name, part).items():
            compiled = as_pass(fn, part, which, followed=owner == "islands")
            runs[owner] = functools.partial(_run_to_the_end, compiled, x, upstream)
            keras_acts.fuse_in_training(owner == "islands")
            runs[owner]()  # which traces it
        keras_acts.fuse_in_training(False)
        for worker in workers if part.mode == "xla" else ():
            if worker.load(name, part.dtype, x.shape, which):
                runs[worker.framework] = worker.run
        times = timing.interleaved(runs, rounds=15 if part.log2_size <= 20 else 5)
        pairs = [("keras_acts", against) for against in runs if against != "keras_acts"]
        if {"islands", "keras"} <= {*runs}:
            pairs.append(("islands", "keras"))
        for of, against in pairs:
            ratio = timing.ratio(times, of, against)
            ms = 1000 * statistics.median(times[of])
            shown = [f"{value:.3g}" for value in (ratio.median, ratio.low, ratio.high, ms)]
            rows.append(dict(zip(COLUMNS, (name, which, of, against, *shown, kept, load), strict=True)))
    return rows


def as_table(rows: list[dict[str, Any]], title: str) -> Table:
    """Forward+backward: ratios to ReLU and to the others, worst first."""
    table = Table(title=f"{title}: time of keras_acts forward+backward as a multiple of")
    others = ["relu", "copy", "keras", "plain", "islands", "torch", "jax"]
    for column in ("activation", *others, "kept"):
        table.add_column(column, justify="left" if column == "activation" else "right", no_wrap=True)
    by_name: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        if (row["pass"], row["of"]) == (PASSES[1], "keras_acts"):
            by_name.setdefault(row["name"], {})[row["against"]] = row
    for name, found in sorted(by_name.items(), key=lambda item: -float(item[1]["relu"]["ratio"])):
        cells = ["{ratio} ({low}-{high})".format(**found[o]) if o in found else "" for o in others]
        table.add_row(name, *cells, str(found["relu"]["kept"]))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--full", action="store_true", help="all parts that are not kept yet, and keep them")
    parser.add_argument("--anew", action="store_true", help="with --full: all parts")
    options = parser.parse_args()
    console = Console()
    if not console.is_terminal:
        console.width = 160
    on_cpu = not tf.config.list_physical_devices("GPU")
    workers = [peer for peer in (peers.Peer("torch"), peers.Peer("jax")) if peer.available] if on_cpu else []
    for part in parts() if options.full else (Part("graph"), Part("xla")):
        if options.full and part.path.exists() and not options.anew:
            continue
        title = f"{part.mode}, {part.dtype}, 2**{part.log2_size} elements, {part.shape} shape"
        names = options.names or part.names
        rows = [row for name in track(names, title, console=console) for row in measure(name, part, workers)]
        if not options.full:
            console.print(as_table(rows, title))
            continue
        FOLDER.mkdir(exist_ok=True)
        with part.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
