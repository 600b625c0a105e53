"""Writes `docs/catalogue.md` and the small curves in it, from the records: `python -m tools.catalogue`."""

import os
from itertools import groupby
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import keras_acts
from keras_acts.atlas import entries

DOCS = Path(__file__).parent.parent / "docs"
PAGE, CURVES = DOCS / "catalogue.md", DOCS / "curves"
WIDTH, HEIGHT = 120, 60  # of a curve
HEAD = """# Catalogue

All activations, a section for each file that declares them; made by `python -m tools.catalogue`. `keras-acts atlas`
writes a page with derivatives, other parameters and more facts. Range and initializer are those of the defaults; over
an axis the bars are the outputs for a row of falling numbers.

"""
COLUMNS = "| | Name | f(x) | Range | Initializer | Elsewhere |\n|---|---|---|---|---|---|\n"


def svg(record):
    """f on the axis of the atlas; of an activation over an axis, what becomes of a row of numbers."""
    drawing = entries.drawing(record)
    is_row = isinstance(drawing, entries.Rows)
    if is_row:
        values = drawing.outputs()
    else:
        limit = 1.1 * max(drawing.end, 1.5)
        values = np.clip(drawing.curve().value, -limit, limit)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    *y, zero = 3.0 + (high - np.append(values, 0.0)) / ((high - low) or 1.0) * (HEIGHT - 6.0)
    axes = f"M0 {zero:.1f}H{WIDTH}"
    if is_row:
        bars = "".join(f"M{15 * i + 2} {zero:.1f}V{top:.1f}H{15 * i + 13}V{zero:.1f}Z" for i, top in enumerate(y))
        shape = f'<path d="{bars}" fill="#0072b2"/>'
    else:
        axes += f"M{WIDTH // 2} 0V{HEIGHT}"
        line = "L".join(f"{i * WIDTH / (len(y) - 1):g} {each:.1f}" for i, each in enumerate(y))
        shape = f'<path d="M{line}" fill="none" stroke="#0072b2" stroke-width="2"/>'
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="{axes}" stroke="#888"/>{shape}</svg>\n'


def row(record):
    """The line of one activation."""
    reach = " to ".join(f"{end:.5g}" for end in record.range or ()) or "over an axis"
    initializer = record.initializer.replace(" by keras_acts.paired; ", ", ")
    elsewhere = "; ".join(f"{framework}: {', '.join(names)}" for framework, names in record.aliases.items())
    formula = entries.documented_formula(record).replace("|", "\\|")
    name = f"`{record.name}`" + (f"<br>{record.paper}" if record.paper else "")
    cells = [f"![{record.name}](curves/{record.name}.svg)", name, f"`{formula}`", reach, initializer, elsewhere]
    return f"| {' | '.join(cells)} |\n"


def page(records):
    """The page of these records."""
    parts = [HEAD]
    for source, members in groupby(
        sorted(records, key=lambda each: (each.source.partition(":")[0], each.name)),
        key=lambda each: each.source.partition(":")[0],
    ):
        group = list(members)
        title = group[0].family.replace("_", " ").capitalize()
        parts += [f"## {title}\n\nIn `{source}`.\n\n", COLUMNS, *map(row, group), "\n"]
    return "".join(parts).rstrip() + "\n"


def main():
    records = [keras_acts.info(name) for name in keras_acts.names()]
    CURVES.mkdir(exist_ok=True)
    for old in CURVES.glob("*.svg"):
        old.unlink()
    for record in records:
        (CURVES / f"{record.name}.svg").write_text(svg(record), encoding="utf-8")
    PAGE.write_text(page(records), encoding="utf-8")


if __name__ == "__main__":
    main()
