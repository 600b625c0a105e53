"""Worst error K of activations made from formulas, in every dtype and mode, judged by mpmath on the same text.

    python -m benchmarks.formulas [--held-out before|after] [--only TEXT ...]

The formulas are those of `tests/authoring/formulas.py`: the published list, and with `--held-out` those that nobody
tuned the rules for, measured before or after the rules were extended because of them. Samples: every float16 and
bfloat16 number, 20,000 of float32, 300 of float64. Prints a line per formula and keeps them in
`benchmarks/results/formulas.csv`, worst first; `excess` is K as a share of what the contract allows.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from keras_acts.testing import contract, samples

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "authoring"))
from formulas import FORMULAS, HELD_OUT, judge  # noqa: E402  (after its folder is on the path)

RESULTS = ROOT / "benchmarks" / "results" / "formulas.csv"
POINTS = {"float64": 300, "float32": 20_000}
COLUMNS = ("list", "formula", "meets", "excess", *samples.DTYPES, "worst", "other_findings")


def thinned(dtype: str, kinks: tuple[float, ...] = ()) -> np.ndarray:
    """Some of the contract's inputs, those beside a kink among them."""
    x = samples.sample(dtype, kinks)
    if dtype not in POINTS:
        return x
    chosen = np.random.default_rng(7).choice(len(x), POINTS[dtype], replace=False)
    return np.concatenate([x[chosen], x[len(x) - 8 * len(kinks) :]])


def measure(kind: str, text: str) -> dict[str, object]:
    """The row of one formula; per dtype the worst K of value, first and second derivative over all modes."""
    subject = contract.subject(f"formula: {text}", judge(text), sample=thinned)
    found = list(contract.measure(subject))
    other = contract.check_nan(subject) + contract.check_limits(subject) + contract.check_kinks(subject)
    worst = max(found, key=lambda one: one.k / contract.limit(one.dtype, one.order))
    excess = worst.k / contract.limit(worst.dtype, worst.order)
    row: dict[str, object] = {
        "list": kind,
        "formula": text,
        "meets": "yes" if excess <= 1.0 and not other else "no",
        "excess": f"{excess:.3g}",
        "worst": str(worst),
        "other_findings": "; ".join(other),
    }
    for dtype in samples.DTYPES:
        orders = [max(one.k for one in found if (one.dtype, one.order) == (dtype, order)) for order in range(3)]
        row[dtype] = " / ".join(f"{k:.2g}" for k in orders)
    return row


def keep(rows: list[dict[str, object]]) -> None:
    """Write the rows over those of the same list and formula, worst first."""
    kept = {(str(row["list"]), str(row["formula"])): row for row in [*_kept(), *rows]}
    ordered = sorted(kept.values(), key=lambda row: (row["meets"] == "yes", -float(str(row["excess"]))))
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(ordered)


def _kept() -> list[dict[str, object]]:
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--held-out", choices=("before", "after"))
    parser.add_argument("--only", nargs="+", metavar="TEXT")
    arguments = parser.parse_args()
    kind = f"held-out, {arguments.held_out}" if arguments.held_out else "published"
    for text in arguments.only or (HELD_OUT if arguments.held_out else FORMULAS):
        row = measure(kind, text)
        print(row["meets"], row["excess"], text, "|", row["worst"], "|", row["other_findings"], flush=True)
        keep([row])
        keras.backend.clear_session()


if __name__ == "__main__":
    main()
