"""Keeps what the atlas shows of accuracy and cost, from `benchmarks/results`: `python -m tools.measured`."""

import csv
import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
KEPT = ROOT / "keras_acts" / "atlas" / "measured.json"
# Time of forward and backward beside relu, for a million float32 numbers.
COSTS = {"graph": "cpu-graph-float32-20-static.csv", "xla": "cpu-xla-float32-20-static.csv"}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured():
    """By name: worst K in float32 of value and derivative, those of Keras, and the costs."""
    found = {}
    for row in rows(RESULTS / "accuracy.csv"):
        if row["dtype"] == "float32" and row["order"] in "01" and row["k"]:
            of = found.setdefault(row["name"], {}).setdefault(row["owner"], [0.0, 0.0])
            order = int(row["order"])
            of[order] = max(of[order], float(f"{float(row['k']):.2g}"))
    for mode, file in COSTS.items():
        for row in rows(RESULTS / "activations" / file):
            if (row["pass"], row["of"], row["against"]) == ("forward+backward", "keras_acts", "relu") and row["ratio"]:
                found.setdefault(row["name"], {})[mode] = float(f"{float(row['ratio']):.2g}")
    return found


def main():
    lines = [f"{json.dumps(name)}: {json.dumps(of)}" for name, of in sorted(measured().items())]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
