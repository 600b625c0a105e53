"""`keras-acts atlas`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from keras_acts.cli import console

__all__ = ["atlas"]


def atlas(output: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("atlas.html")) -> None:
    """Write one page that shows every activation.

    Curves with sliders, formulas, names in other frameworks, accuracy and cost; search, filters, two side by side. The
    page needs no network. It takes a minute or two.
    """
    from rich.progress import track

    from keras_acts.atlas import page
    from keras_acts.core import resolve

    count = len(resolve.names())
    terminal = console.terminal(stderr=True)

    def progress(names: Sequence[str]) -> Iterable[str]:
        return track(names, "activations", total=count, console=terminal, transient=True)

    text = page.render(progress=progress)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        console.fail(f"`output` must be a file that can be written. Received: {output} ({console.reason(error)})")
    console.say(f"{count} activations, {len(text.encode()) / 1e6:.1f} MB: {output}", soft_wrap=True)
