"""`keras-acts check`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts.cli import console

__all__ = ["check"]


def check(
    model: Annotated[Path, typer.Argument(help="A saved model: .keras or .h5.")],
    data: Annotated[
        Path | None, typer.Option(help='An .npz file with arrays "x" and "y" (or x0, x1, ... of several inputs).')
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of findings.")] = False,
) -> None:
    """Find mistakes around activations in a saved model.

    Exit code 0: no findings, or notes only; 1: errors or warnings; 2: the file cannot be read.
    """
    from keras_acts.inspection.checking import check_file

    x, y = _data(data)
    try:
        found = check_file(model, x, y)
    except (OSError, ValueError, TypeError) as error:
        console.fail(str(error))
    if as_json:
        typer.echo(json.dumps(found.as_dicts(), indent=1, ensure_ascii=False))
    else:
        console.say(found)
    raise typer.Exit(int(found.failed))


def _data(path: Path | None) -> tuple[Any, Any]:
    """x and y of a file; lists where it holds several."""
    if path is None:
        return None, None
    import numpy as np

    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        console.fail(f"`data` must be an .npz file of arrays. Received: {path} ({console.reason(error)})")
    named = {first: [arrays[name] for name in sorted(arrays) if name[:1] == first] for first in "xy"}
    if not named["x"]:
        console.fail(f'`data` must hold an array "x". Received: {", ".join(arrays) or "no arrays"} in {path}')
    x, y = (each[0] if len(each) == 1 else each or None for each in named.values())
    return x, y
