"""Worst error K of value, first and second derivative, per activation and dtype, beside Keras' own.

    python -m benchmarks.accuracy [NAME ...]

Prints the table and, when all names are measured, writes `benchmarks/results/accuracy.csv` and the picture of the
README, `docs/accuracy.png`. What K is: `keras_acts/testing/metric.py`. The oracle is `tests/reference.py`.
"""

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.subjects import builtin, elementwise
from keras_acts.testing import contract, samples

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from reference import REFERENCES  # noqa: E402  (after its folder is on the path)

COLUMNS = ("name", "owner", "dtype", "order", "k", "x", "mode")


def measure(name: str) -> Iterator[dict[str, object]]:
    """Rows of the table: for each owner, dtype and order the worst K over all modes."""
    subject = contract.subject(name, REFERENCES[name], sample=samples.thorough)
    owners = [("keras_acts", subject.fn, 2)]
    if builtin(name) is not None:
        # TensorFlow 2.21 has no second derivative of softsign.
        owners.append(("keras", builtin(name), 1 if name == "softsign" else 2))
    for owner, fn, orders in owners:
        worst: dict[tuple[str, int], contract.Measurement] = {}
        for found in contract.measure(subject, fn, orders):
            key = found.dtype, found.order
            if key not in worst or not found.k <= worst[key].k:
                worst[key] = found
        for (dtype, order), found in worst.items():
            yield dict(zip(COLUMNS, (name, owner, dtype, order, found.k, found.x, found.mode), strict=True))


def as_table(rows: list[dict[str, object]]) -> Table:
    table = Table(title="Worst K: value / first derivative / second derivative")
    table.add_column("activation", style="bold")
    table.add_column("of")
    for dtype in samples.DTYPES:
        table.add_column(dtype, justify="right", no_wrap=True)
    for name in dict.fromkeys(row["name"] for row in rows):
        for owner in ("keras_acts", "keras"):
            own = {
                (row["dtype"], row["order"]): row["k"] for row in rows if (row["name"], row["owner"]) == (name, owner)
            }
            if own:
                cells = [" / ".join(_cell(own.get((dtype, order))) for order in range(3)) for dtype in samples.DTYPES]
                table.add_row(str(name) if owner == "keras_acts" else "", owner, *cells)
    return table


def _cell(k: object) -> str:
    return "none" if k is None else "NaN" if np.isinf(float(str(k))) else f"{float(str(k)):.2g}"


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Worst K of the float32 derivative, ours beside Keras', as points on a logarithmic axis."""
    from matplotlib.figure import Figure

    worst: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["dtype"] == "float32" and row["order"] in (0, 1):
            owners = worst.setdefault(str(row["name"]), {})
            owners[str(row["owner"])] = max(owners.get(str(row["owner"]), 0.0), float(str(row["k"])))
    both = {name: ks for name, ks in worst.items() if "keras" in ks and ks["keras"] > 0.5}
    names = sorted(both, key=lambda name: both[name]["keras"])
    cap = 1e9  # NaN and inf where a finite value is right
    figure = Figure(figsize=(9, 0.32 * len(names) + 1.6), layout="constrained")
    ax = figure.subplots()
    for y, name in enumerate(names):
        ours, theirs = (min(max(both[name][owner], 0.1), cap) for owner in ("keras_acts", "keras"))
        ax.plot([ours, theirs], [y, y], color="0.8", zorder=1)
        ax.scatter(theirs, y, color="tab:red", marker=">" if theirs == cap else "o", zorder=2)
        ax.scatter(ours, y, color="tab:blue", zorder=3)
    ax.scatter([], [], color="tab:blue", label="keras_acts")
    ax.scatter([], [], color="tab:red", label="Keras built-in")
    ax.scatter([], [], color="tab:red", marker=">", label="NaN or inf where a finite value is right")
    ax.axvline(4.0, color="0.4", linestyle="--", linewidth=1, label="the contract: K ≤ 4")
    ax.set(xscale="log", xlim=(0.08, cap * 3), yticks=range(len(names)), yticklabels=names)
    ax.set_xlabel("worst error K of value and derivative, float32 (1 = as good as the input's own rounding)")
    ax.grid(axis="x", alpha=0.3)
    ax.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def main() -> None:
    names = sys.argv[1:] or elementwise()
    console = Console()
    if not console.is_terminal:
        console.width = 150
    rows = [row for name in track(names, "Measuring", console=console) for row in measure(name)]
    console.print(as_table(rows))
    if len(names) == len(elementwise()):
        results = ROOT / "benchmarks" / "results" / "accuracy.csv"
        with results.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        draw(rows, ROOT / "docs" / "accuracy.png")
        console.print(f"Written: {results.relative_to(ROOT)}, docs/accuracy.png")


if __name__ == "__main__":
    main()
