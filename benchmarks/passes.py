"""What an activation costs in graph mode and under XLA, in operations, beside Keras' own and its errors.

    python -m benchmarks.passes

In a graph that is not compiled, each operation on a tensor as large as the input reads and writes memory once; that is
the cost of elementwise functions of large tensors. With islands, `keras_acts.fuse_in_training`, and under XLA it is one
pass forward and one backward, and the cost is the arithmetic. Both are counted, in the graph as traced and in the code
that XLA makes of forward and gradient together; K, the worst error of value and first derivative in float32, is that of
`benchmarks.accuracy`. Writes `benchmarks/results/passes.md`.
"""

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

import keras_acts
from benchmarks.subjects import builtin

RESULTS = Path(__file__).parent / "results"
FREE = {"Placeholder", "Const", "Identity", "IdentityN", "StopGradient", "NoOp", "ZerosLike"}
# What XLA does on vectors at the cost of reading them; of the others, these take tens of cycles.
NO_ARITHMETIC = {"parameter", "constant", "broadcast", "bitcast", "copy", "fusion", "get-tuple-element", "iota"}
COSTLY = {
    "divide",
    "exponential",
    "exponential-minus-one",
    "log",
    "log-plus-one",
    "tanh",
    "sqrt",
    "rsqrt",
    "erf",
    "power",
}
HEAD = """# Operations in graph mode and under XLA

By `python -m benchmarks.passes`, each ours / Keras'. Graph mode: operations on tensors as large as the input, each of
which is a pass over memory, forward and forward with gradient. XLA: what is computed for each element by forward and
gradient, of which divisions, roots, exponentials and their like. K is the worst error in float32, value and first
derivative, in units of what rounding the input can cause: where Keras does less, this is why.

| Activation | Graph, forward | Graph, with gradient | XLA, with gradient | of which costly | K |
|---|---|---|---|---|---|
"""
SHAPE = (1024, 64)


def step_of(fn: Callable[[Any], Any], with_gradient: bool) -> Callable[[Any, Any], Any]:
    def step(x: Any, upstream: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return (y, tape.gradient(y, x, output_gradients=upstream)) if with_gradient else y

    return step


def passes(fn: Callable[[Any], Any], with_gradient: bool) -> int:
    x = tf.TensorSpec(SHAPE, tf.float32)
    graph = tf.function(step_of(fn, with_gradient), autograph=False).get_concrete_function(x, x).graph
    return sum(
        operation.type not in FREE and any(output.shape == x.shape for output in operation.outputs)
        for operation in graph.get_operations()
    )


def arithmetic(fn: Callable[[Any], Any]) -> tuple[int, int]:
    """How many operations XLA makes of forward and gradient for each element, and how many of them are costly."""
    x = tf.zeros(SHAPE)
    compiled = tf.function(step_of(fn, with_gradient=True), jit_compile=True, autograph=False)
    code = compiled.experimental_get_compiler_ir(x, x)(stage="optimized_hlo")
    shape = ",".join(map(str, SHAPE))
    found = [name for name in re.findall(rf"= \w+\[{shape}\]\S* ([a-z-]+)\(", code) if name not in NO_ARITHMETIC]
    return len(found), sum(name in COSTLY for name in found)


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
    for name in keras_acts.names():
        theirs = builtin(name)
        if theirs is not None:
            both = (keras_acts.get(f"keras_acts>{name}"), theirs)
            counts = [
                *zip(*([passes(fn, with_gradient) for with_gradient in (False, True)] for fn in both), strict=True),
                *zip(*map(arithmetic, both), strict=True),
                [worst(rows, name, owner) for owner in ("keras_acts", "keras")],
            ]
            lines.append(f"| {name} | {' | '.join(' / '.join(map(str, pair)) for pair in counts)} |")
    text = HEAD + "\n".join(lines) + "\n"
    (RESULTS / "passes.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
