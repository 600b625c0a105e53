"""Time of every activation beside ReLU, a copy, the Keras built-in, plain autodiff, torch and jax.

    python -m benchmarks.activations [NAME ...] [--modes graph xla] [--dtypes float32] [--log2-sizes 20] [--rounds 15]

One process, all candidates interleaved, ratios round by round; torch and jax answer from processes of their own, in
turn.
Prints the table, worst first, and writes `benchmarks/results/activations-<device>.csv` and, for the whole registry, the
plot `docs/speed.png`. `--full` runs eager, graph and XLA, three dtypes and 2**10 to 2**24 elements.
"""

import argparse
import csv
import functools
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import track
from rich.table import Table

import keras_acts
from benchmarks import peers, timing
from benchmarks.subjects import builtin

ROOT = Path(__file__).parent.parent
PASSES = ("forward", "forward+backward")
COLUMNS = ("name", "mode", "dtype", "elements", "pass", "against", "ratio", "low", "high", "kept", "kept_keras")


def as_pass(fn: Callable[[Any], Any], mode: str, which: str) -> Callable[[Any, Any], Any]:
    """`fn` forward, or forward with its gradient for a given upstream, compiled for the mode."""

    def forward(x: Any, upstream: Any) -> Any:
        return fn(x)

    def both(x: Any, upstream: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return y, tape.gradient(y, x, output_gradients=upstream, unconnected_gradients="zero")

    run = forward if which == "forward" else both
    return run if mode == "eager" else tf.function(run, jit_compile=mode == "xla", autograph=False)


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


def candidates(name: str) -> dict[str, Callable[[Any], Any]]:
    functions = {
        "keras_acts": keras_acts.get(name),
        "relu": tf.nn.relu,
        "copy": lambda x: x * 1.0000001,
        "plain": plain(name),
    }
    if builtin(name) is not None:
        functions["keras"] = builtin(name)
    return functions


def measure(
    name: str, mode: str, dtype: str, elements: int, rounds: int, workers: list[peers.Peer]
) -> list[dict[str, Any]]:
    """One row per pass and comparison."""
    side = 2 ** (int(math.log2(elements)) // 2)
    x = tf.cast(tf.random.stateless_normal((elements // side, side), seed=(1, 2)), dtype)
    upstream = tf.cast(tf.random.stateless_normal(x.shape, seed=(3, 4)), dtype)
    kept = {owner: kept_for_backward(fn) for owner, fn in candidates(name).items() if owner in ("keras_acts", "keras")}
    rows = []
    for which in PASSES:
        runs: dict[str, Callable[[], object]] = {}
        for owner, fn in candidates(name).items():
            compiled = as_pass(fn, mode, which)
            runs[owner] = functools.partial(_run_to_the_end, compiled, x, upstream)
        for worker in workers if mode == "xla" else ():
            if worker.load(name, dtype, x.shape, which):
                runs[worker.framework] = worker.run
        times = timing.interleaved(runs, rounds)
        for against in runs:
            if against != "keras_acts":
                found = timing.ratio(times, "keras_acts", against)
                values = (name, mode, dtype, elements, which, against, found.median, found.low, found.high)
                rows.append(dict(zip(COLUMNS, (*values, kept["keras_acts"], kept.get("keras", "")), strict=True)))
    return rows


def as_table(rows: list[dict[str, Any]], mode: str) -> Table:
    """Forward+backward of the largest float32 size: ratios to ReLU and to the others, worst first."""
    size = max(row["elements"] for row in rows)
    chosen = [
        r for r in rows if (r["mode"], r["elements"], r["pass"]) == (mode, size, PASSES[1]) and r["dtype"] == "float32"
    ]
    table = Table(title=f"{mode}, float32, {size} elements: time of keras_acts forward+backward as a multiple of")
    others = ["relu", "copy", "keras", "plain", "torch", "jax"]
    for column in ("activation", *others, "kept (Keras)"):
        table.add_column(column, justify="left" if column == "activation" else "right", no_wrap=True)
    by_name: dict[str, dict[str, dict[str, Any]]] = {}
    for row in chosen:
        by_name.setdefault(row["name"], {})[row["against"]] = row
    for name, found in sorted(by_name.items(), key=lambda item: -item[1]["relu"]["ratio"]):
        cells = [
            str(timing.Ratio(found[o]["ratio"], found[o]["low"], found[o]["high"])) if o in found else ""
            for o in others
        ]
        table.add_row(name, *cells, f"{found['relu']['kept']} ({found['relu']['kept_keras']})")
    table.caption = targets(chosen)
    return table


def targets(rows: list[dict[str, Any]]) -> str:
    """What one mode's rows say about the targets: 1.25 times ReLU as a geometric mean (XLA), no slower than Keras."""
    to_relu = math.exp(np.mean([math.log(row["ratio"]) for row in rows if row["against"] == "relu"]))
    lines = [f"geometric mean to ReLU: {to_relu:.2f}"]
    if rows[0]["mode"] == "xla":
        lines[0] += " (target 1.25, " + ("met)" if to_relu <= 1.25 else "missed)")
    for against in ("keras", "torch") if rows[0]["mode"] == "xla" else ("keras",):
        found = sorted((row for row in rows if row["against"] == against), key=lambda row: -row["ratio"])
        slower = [row for row in found if row["low"] > 1.0]  # beyond the spread
        names = ", ".join(f"{row['name']} {row['ratio']:.2f}" for row in slower) or "none"
        lines.append(f"slower than {against} by more than the spread, {len(slower)} of {len(found)}: {names}")
    return "\n".join(lines)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Ratios to ReLU and to the Keras built-in, forward+backward, float32, one panel per mode."""
    from matplotlib.figure import Figure

    modes = [mode for mode in ("graph", "xla") if any(row["mode"] == mode for row in rows)]
    chosen = {
        (r["mode"], r["name"], r["against"]): r for r in rows if r["pass"] == PASSES[1] and r["dtype"] == "float32"
    }
    names = sorted({name for _, name, _ in chosen}, key=lambda n: chosen[modes[-1], n, "relu"]["ratio"])
    figure = Figure(figsize=(5.2 * len(modes), 0.2 * len(names) + 1.5), layout="constrained")
    for ax, mode in zip(figure.subplots(1, len(modes), sharey=True, squeeze=False)[0], modes, strict=True):
        for against, color in (("relu", "tab:blue"), ("keras", "tab:red")):
            points = [
                (y, chosen[mode, name, against]) for y, name in enumerate(names) if (mode, name, against) in chosen
            ]
            ax.errorbar(
                [row["ratio"] for _, row in points],
                [y for y, _ in points],
                xerr=[
                    [row["ratio"] - row["low"] for _, row in points],
                    [row["high"] - row["ratio"] for _, row in points],
                ],
                fmt="o",
                markersize=3,
                color=color,
                label=f"against {'ReLU' if against == 'relu' else 'the Keras built-in'}",
            )
        ax.axvline(1.0, color="0.4", linestyle="--", linewidth=1)
        ax.set(
            xscale="log",
            title=f"{mode}, forward + backward",
            xlabel="time of keras_acts, as a ratio",
            ylim=(-1, len(names)),
        )
        ax.set_yticks(range(len(names)), names, fontsize=7)
        ax.grid(axis="x", alpha=0.3)
    figure.axes[0].legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--modes", nargs="+", default=["graph", "xla"], choices=["eager", "graph", "xla"])
    parser.add_argument("--dtypes", nargs="+", default=["float32"])
    parser.add_argument("--log2-sizes", nargs="+", type=int, default=[20])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--full", action="store_true", help="eager too, three dtypes, 2**10 to 2**24 elements")
    options = parser.parse_args()
    if options.full:
        options.modes, options.dtypes = ["eager", "graph", "xla"], ["float32", "bfloat16", "float16"]
        options.log2_sizes = [10, 14, 17, 20, 24]
    names = options.names or keras_acts.names()
    console = Console()
    if not console.is_terminal:
        console.width = 160
    gpus = tf.config.list_physical_devices("GPU")
    device = "gpu" if gpus else "cpu"
    workers = [peer for peer in (peers.Peer("torch"), peers.Peer("jax")) if peer.available] if not gpus else []
    cases = [(n, m, d, s) for m in options.modes for d in options.dtypes for s in options.log2_sizes for n in names]
    rows: list[dict[str, Any]] = []
    for name, mode, dtype, log2_size in track(cases, "Timing", console=console):
        rows += measure(name, mode, dtype, 2**log2_size, options.rounds, workers)
    for mode in options.modes:
        if "float32" in options.dtypes:
            console.print(as_table(rows, mode))
    if not options.names:
        path = ROOT / "benchmarks" / "results" / f"activations-{device}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        draw(rows, ROOT / "docs" / "speed.png")
        console.print(f"Written: {path.relative_to(ROOT)}, docs/speed.png")


if __name__ == "__main__":
    main()
