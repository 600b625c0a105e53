"""`keras-acts list`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from keras_acts import layers
from keras_acts.cli import console
from keras_acts.core import resolve
from keras_acts.core.params import Trait


@dataclass(frozen=True)
class _Entry:
    """A row of the table: a function, or a layer with weights, randomness or a change of shape."""

    name: str
    kind: str
    family: str
    formula: str
    latex: str
    summary: str
    aliases: tuple[str, ...]

    def mentions(self, text: str) -> bool:
        places = (self.name, self.formula, self.latex, self.summary, *self.aliases)
        return any(text.lower() in place.lower() for place in places)


def _functions(trait: str | None) -> Iterable[_Entry]:
    for name in resolve.names(trait=trait):
        record = resolve.info(name)
        formula = console.plain_formula(record.body, record.formula)
        aliases = tuple(alias for group in record.aliases.values() for alias in group)
        yield _Entry(name, "function", record.family, formula, record.formula, record.summary, aliases)


def _layers() -> Iterable[_Entry]:
    for name in layers.names():
        record = layers.info(name)
        formula = console.plain_formula(record.cls, record.formula)
        aliases = tuple(alias for group in record.aliases.values() for alias in group)
        yield _Entry(name, "layer", record.family, formula, record.formula, record.summary, aliases)


def list_activations(
    text: Annotated[
        str | None, typer.Argument(help="Keep those with this text in their name, alias, formula or summary.")
    ] = None,
    trait: Annotated[str | None, typer.Option(help="Keep functions with this trait, such as 'smooth'.")] = None,
    family: Annotated[str | None, typer.Option(help="Keep those of this family, such as 'rectifiers'.")] = None,
    kind: Annotated[str | None, typer.Option(help="Keep one kind: 'function' or 'layer'.")] = None,
) -> None:
    """List the activations: functions, and layers with weights, randomness or a change of shape."""
    everything = [*_functions(None), *_layers()]
    _check_choice("trait", trait, [str(known) for known in Trait])
    _check_choice("family", family, sorted({entry.family for entry in everything}))
    _check_choice("kind", kind, ["function", "layer"])
    found = [
        entry
        for entry in (everything if trait is None else _functions(trait))
        if kind in (None, entry.kind) and family in (None, entry.family) and (text is None or entry.mentions(text))
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
    for entry in found:
        table.add_row(entry.name, entry.kind, entry.family, Text(entry.formula), Text(entry.summary))
    console.say(table)
    console.say(f"{len(found)} of {len(everything)} activations. `keras-acts show {found[0].name}` tells more of one.")


def _check_choice(option: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        console.fail(f"`{option}` must be one of: {', '.join(choices)}. Received: {value!r}")
