"""Which rows of the survey of 203 activations, and of what models of 2023 to 2026 use besides, are here, and why not.

    python -m benchmarks.coverage

Reads `benchmarks/coverage.csv`: one line per row, with our name or the reason for leaving it out. Tier 4 is the later
list.
`tests/test_coverage.py` holds it to the registry.
"""

import csv
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

import keras_acts

TABLE = Path(__file__).parent / "coverage.csv"


def rows() -> list[dict[str, str]]:
    """Each row: id and tier in the survey, our name, or the reason."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main() -> None:
    console = Console()
    table = Table(title="Survey of activations: what is here")
    for column in ("tier", "rows", "here", "left out"):
        table.add_column(column, justify="right")
    found = rows()
    for tier in sorted({row["tier"] for row in found}):
        own = [row for row in found if row["tier"] == tier]
        here = sum(bool(row["name"]) for row in own)
        table.add_row(tier, str(len(own)), str(here), str(len(own) - here))
    console.print(table)
    reasons = Counter(row["reason"] for row in found if row["reason"])
    for reason, count in reasons.most_common():
        ids = ", ".join(row["id"] for row in found if row["reason"] == reason)
        console.print(f"{count} left out: {reason}\n    {ids}", highlight=False)
    console.print(f"Declared: {len(keras_acts.names())} functions, {len(keras_acts.layers.names())} layers")


if __name__ == "__main__":
    main()
