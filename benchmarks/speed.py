"""What the kept timings say about the targets: `benchmarks/results/speed.md` and the picture `docs/speed.png`.

python -m benchmarks.speed
"""

import csv
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.subjects import NOT_COMPARED

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BOUNDS = {"keras_acts": 1.5, "islands": 1.15}  # of a single activation, in graph mode; under XLA 1.15
HEAD = """# Speed beside Keras

Time as a multiple of that of Keras' own function of the same meaning, for the names that Keras has too, by
`python -m benchmarks.activations --full` and `python -m benchmarks.speed`: geometric mean, and those above the bound
(1.5 in graph mode, 1.15 with islands and under XLA), with their ratio. Why those are slower: the operations that their
accuracy takes, in [passes.md](passes.md). Load is the median over the part of what else wanted a core, this run's own
threads included.

| Mode | Dtype | Elements | Shape | Pass | Mean | Above the bound | With islands | Above the bound | Load |
|---|---|---|---|---|---|---|---|---|---|
"""

DRAWN = {
    ("keras_acts", "relu"): ("tab:blue", "against ReLU"),
    ("keras_acts", "keras"): ("tab:red", "against the Keras built-in"),
    ("islands", "keras"): ("tab:green", "with islands, against the Keras built-in"),
}
Row = dict[str, str]


def read() -> dict[tuple[str, str, int, str], list[Row]]:
    """The rows of each part: mode, dtype, binary logarithm of the number of elements, shape."""
    found = {}
    for path in sorted((RESULTS / "activations").glob("cpu-*.csv")):
        _, mode, dtype, log2_size, shape = path.stem.split("-")
        with path.open(encoding="utf-8", newline="") as file:
            found[mode, dtype, int(log2_size), shape] = list(csv.DictReader(file))
    return found


def beside_keras(rows: list[Row], of: str, which: str, bound: float) -> str:
    """Two cells: the geometric mean, and who is above the bound."""
    chosen = [row for row in rows if (row["of"], row["against"], row["pass"]) == (of, "keras", which)]
    ratios = {row["name"]: float(row["ratio"]) for row in chosen if row["name"] not in NOT_COMPARED}
    if not ratios:
        return " | "
    mean = math.exp(statistics.fmean(map(math.log, ratios.values())))
    above = sorted((name for name in ratios if ratios[name] > bound), key=lambda name: -ratios[name])
    return f"{mean:.2f} | {', '.join(f'{name} {ratios[name]:.2g}' for name in above)}"


def summary(parts: dict[Any, list[Row]]) -> str:
    lines = []
    for (mode, dtype, log2_size, shape), rows in parts.items():
        for which in ("forward", "forward+backward"):
            without = beside_keras(rows, "keras_acts", which, 1.15 if mode == "xla" else BOUNDS["keras_acts"])
            fused = beside_keras(rows, "islands", which, BOUNDS["islands"])
            load = statistics.median(float(row["load"]) for row in rows)
            lines.append(f"| {mode} | {dtype} | 2^{log2_size} | {shape} | {which} | {without} | {fused} | {load:.1f} |")
    return HEAD + "\n".join(lines) + "\n"


def draw(parts: dict[Any, list[Row]], path: Path) -> None:
    """Ratios to ReLU and to the Keras built-in, forward+backward, float32, 2**20 elements, one panel per mode."""
    from matplotlib.figure import Figure

    chosen = {
        (mode, row["of"], row["against"], row["name"]): [float(row[key]) for key in ("ratio", "low", "high")]
        for mode in ("graph", "xla")
        for row in parts[mode, "float32", 20, "static"]
        if row["pass"] == "forward+backward"
    }
    to_relu = {name: ratios for (*pair, name), ratios in chosen.items() if pair == ["xla", "keras_acts", "relu"]}
    names = sorted(to_relu, key=lambda name: to_relu[name])
    figure = Figure(figsize=(10.4, 0.2 * len(names) + 1.5), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for ax, mode in zip(panels, ("graph", "xla"), strict=True):
        for (of, against), (color, label) in DRAWN.items():
            points = {y: chosen.get((mode, of, against, name)) for y, name in enumerate(names)}
            known = {y: ratios for y, ratios in points.items() if ratios is not None}
            ratio, low, high = np.reshape([*known.values()], (-1, 3)).T
            spread = [ratio - low, high - ratio]
            ax.errorbar(ratio, [*known], xerr=spread, fmt="o", markersize=3, color=color, label=label)
        ax.axvline(1.0, color="0.4", linestyle="--", linewidth=1)
        ax.set(xscale="log", title=f"{mode}, forward + backward", xlabel="time, as a ratio", ylim=(-1, len(names)))
        ax.set_yticks(range(len(names)), names, fontsize=7)
        ax.grid(axis="x", alpha=0.3)
    panels[0].legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    parts = read()
    text = summary(parts)
    (RESULTS / "speed.md").write_text(text, encoding="utf-8")
    draw(parts, ROOT / "docs" / "speed.png")
    print(text)


if __name__ == "__main__":
    main()
