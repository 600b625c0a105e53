"""Repeat the published experiments and keep what came out: `python -m benchmarks.presets [NAME ...] --folder runs`.

Without names all of them; finished runs below the folder are not repeated. Writes benchmarks/results/presets.md.
"""

import argparse
import re
from pathlib import Path

from keras_acts.experiments import compare
from keras_acts.experiments.presets import PRESETS
from keras_acts.experiments.presets.reproduction import COLUMNS, Reproduction, sentence

RESULTS = Path(__file__).parent / "results" / "presets.md"


def section(name: str, found: Reproduction) -> str:
    lines = [f"## {name}: {found.title}", ""]
    lines += [f"- {sentence(outcome)}" for outcome in found.outcomes]
    for measure, rows in found.tables.items():
        lines += ["", f"{measure}:", "", _line(COLUMNS), _line(["---"] * len(COLUMNS))]
        lines += [_line(row.cells) for row in rows]
    lines += ["", f"Source: {found.source}. {found.note}", ""]
    return "\n".join(lines)


def merged(old: str, new: dict[str, str]) -> str:
    """The file with new sections in place of old ones, in the order of the presets."""
    kept = {re.match(r"## (\S+):", part)[1]: part for part in re.split(r"^(?=## )", old, flags=re.M)[1:]}
    sections = {name: text.strip() for name, text in (kept | new).items()}
    return (
        "\n\n".join(["# Published experiments, repeated", *(sections[name] for name in PRESETS if name in sections)])
        + "\n"
    )


def _line(cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(PRESETS), help="presets; all by default")
    parser.add_argument("--folder", default="runs", help="where the runs are kept")
    chosen = parser.parse_args()
    for name in chosen.names:
        found = compare(preset=name, output=str(Path(chosen.folder) / name)).reproduction
        old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
        RESULTS.write_text(merged(old, {name: section(name, found)}), encoding="utf-8")
        print(found)


if __name__ == "__main__":
    main()
