"""What an activation costs in graph mode: how many passes over memory it makes, beside Keras' own and its errors.

    python -m benchmarks.passes

In a graph that is not compiled, each operation on a tensor as large as the input reads and writes memory once; that is
the cost of elementwise functions of large tensors. Counted in the graph as traced, forward, and forward with the
gradient; K, the worst error of value and first derivative in float32, is that of `benchmarks.accuracy`. With islands,
`keras_acts.fuse_in_training`, it is one pass forward and one backward. Writes `benchmarks/results/passes.md`.
"""

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

import keras_acts
from benchmarks.subjects import builtin, elementwise

RESULTS = Path(__file__).parent / "results"
FREE = {"Placeholder", "Const", "Identity", "IdentityN", "StopGradient", "NoOp", "ZerosLike"}
HEAD = """# Passes over memory in graph mode

By `python -m benchmarks.passes`: operations on tensors as large as the input, forward and forward with gradient, in the
graph as traced. K is the worst error in float32, value and first derivative, in units of what rounding the input can
cause: where the kernels of Keras make fewer passes, this is why.

| Activation | Forward | Keras | With gradient | Keras | K | K of Keras |
|---|---|---|---|---|---|---|
"""


def passes(fn: Callable[[Any], Any], with_gradient: bool) -> int:
    x = tf.TensorSpec((1024, 64), tf.float32)

    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return (y, tape.gradient(y, x)) if with_gradient else y

    graph = tf.function(step, autograph=False).get_concrete_function(x).graph
    return sum(
        operation.type not in FREE and any(output.shape == x.shape for output in operation.outputs)
        for operation in graph.get_operations()
    )


def worst(rows: list[dict[str, str]], name: str, owner: str) -> str:
    found = [
        float(row["k"])
        for row in rows
        if (row["name"], row["owner"], row["dtype"]) == (name, owner, "float32") and row["order"] in "01"
    ]
    return f"{max(found):.2g}" if found else ""


def main() -> None:
    with (RESULTS / "accuracy.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = []
    for name in elementwise():
        theirs = builtin(name)
        if theirs is not None:
            ours = keras_acts.get(f"keras_acts>{name}")
            counts = (passes(fn, both) for both in (False, True) for fn in (ours, theirs))
            kept = (worst(rows, name, owner) for owner in ("keras_acts", "keras"))
            lines.append(f"| {name} | {' | '.join(map(str, counts))} | {' | '.join(kept)} |")
    text = HEAD + "\n".join(lines) + "\n"
    (RESULTS / "passes.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
