"""`keras-acts list`."""

import itertools
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from keras_acts.cli import console

__all__ = ["list_activations"]


def list_activations(
    text: Annotated[
        str | None, typer.Argument(help="Keep those with this text in their name, alias, formula or summary.")
    ] = None,
    trait: Annotated[str | None, typer.Option(help="Keep functions with this trait, such as 'smooth'.")] = None,
    family: Annotated[str | None, typer.Option(help="Keep those of this family, such as 'rectifiers'.")] = None,
    kind: Annotated[str | None, typer.Option(help="Keep one kind: 'function' or 'layer'.")] = None,
) -> None:
    """List the activations, functions and layers.

    Layers are those with weights, randomness or a change of shape.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from keras_acts import layers
    from keras_acts.core import resolve
    from keras_acts.core.params import Trait

    functions = [(resolve.info(name), "function") for name in resolve.names()]
    everything: list[tuple[Any, str]] = [*functions, *((layers.info(name), "layer") for name in layers.names())]
    _check_choice("trait", trait, [str(known) for known in Trait])
    _check_choice("family", family, sorted({record.family for record, _ in everything}))
    _check_choice("kind", kind, ["function", "layer"])
    found = [
        (record, its_kind)
        for record, its_kind in everything
        if kind in (None, its_kind)
        and (trait is None or trait in getattr(record, "traits", ()))
        and family in (None, record.family)
        and (text is None or _mentions(record, text))
    ]
    if not found:
        console.say("No activation fits. `keras-acts list` shows all.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Name", style="bold cyan", no_wrap=True)
    table.add_column("Kind", no_wrap=True)
    table.add_column("Family", no_wrap=True)
    table.add_column("Formula f(x)", ratio=1)
    table.add_column("Summary", ratio=1)
    for record, its_kind in found:
        table.add_row(record.name, its_kind, record.family, Text(console.formulas(record)[0]), Text(record.summary))
    console.say(table)
    console.say(
        f"{len(found)} of {len(everything)} activations. `keras-acts show {found[0][0].name}` tells more of one."
    )


def _mentions(record: Any, text: str) -> bool:
    aliases = itertools.chain.from_iterable(record.aliases.values())
    places = (record.name, *console.formulas(record), record.summary, *aliases)
    return any(text.lower() in place.lower() for place in places)


def _check_choice(option: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        console.fail(f"`{option}` must be one of: {', '.join(choices)}. Received: {value!r}")
