"""`keras-acts show`."""

import contextlib
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_acts import layers, plots
from keras_acts.cli import console
from keras_acts.core import resolve
from keras_acts.core.params import constructor_arguments
from keras_acts.layers.layer_registry import function_or_layer

__all__ = ["show"]


def show(activation: str, save: Path | None) -> None:
    """Print what is known of an activation; with `save`, write its plot to that file."""
    try:
        found = _found(activation)
        is_layer = isinstance(found, keras.Layer) or inspect.isclass(found)
        curve = None if is_layer else plots.evaluate(found, plots.fine_grid())
    except (ValueError, TypeError) as error:
        console.fail(str(error))
    if is_layer and save is not None:
        console.fail(f"`save` draws the curve of a function, but this is a layer: {activation}. Received: {save}")
    record, title, facts, arguments = _of_layer(found) if is_layer else _of_function(found)
    console.say(Text.assemble((title, "bold cyan"), "  ", record.summary))
    console.say()
    console.say(facts)
    if arguments.row_count:
        console.say(arguments)
    console.say(Text(_description(console.documented(record))))
    if curve is None:
        return
    if save is None:
        console.say(_terminal_plots(curve, plots.derivative_names(found)[0]))
        return
    try:
        _save_function_figure(found, save)
    except (OSError, ValueError) as error:
        console.fail(f"`save` must be an image file that can be written. Received: {save} ({console.reason(error)})")
    console.say(f"\nPlot written to {save}", soft_wrap=True)


def _found(text: str) -> Any:
    """The function that a string means, or else the layer; its class, where the layer needs arguments."""
    if text in layers.names() and _required(layers.info(text).cls):
        return layers.info(text).cls
    return function_or_layer(text)


def _facts(record: Any, params: Mapping[str, Any] | None, own: dict[str, str]) -> Table:
    """What functions and layers have in common, and what is `own` to one of them."""
    formula, latex = console.formulas(record, params)
    aliases = [f"{framework}: {', '.join(names)}" for framework, names in record.aliases.items()]
    facts = {
        "Formula": f"f(x) = {formula}",
        "LaTeX": latex,
        "Family": record.family,
        "Source": record.source,
        **own,
        "Paper": record.paper or "none",
        "Aliases": "\n".join(aliases) or "none",
    }
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, fact in facts.items():
        table.add_row(name, Text(fact))
    return table


def _description(documented: Any) -> str:
    """The docstring without what the tables above it already say."""
    paragraphs = (inspect.getdoc(documented) or "").split("\n\n")[1:]
    told = [part for part in paragraphs if not part.startswith(("Args:", "f(x)"))]
    # Prose takes the width of the terminal; sections such as "Example:" keep their lines.
    flowing = [part if re.match(r"\w+:\n", part) else " ".join(part.split()) for part in told]
    return "\n" + "\n\n".join(flowing) + "\n"


def _terminal_plots(curve: Any, derivative: str) -> Any:
    terminal = Console()
    if terminal.options.ascii_only:
        return "This terminal shows no braille dots. `--save FILE.png` draws the plot."
    blocks = []
    for title, values in (("f(x)", curve.value), (derivative, curve.derivative)):
        title = f"       {title} from {values.min():.3g} to {values.max():.3g}"
        block = Text("\n".join([title, *plots.terminal_plot(curve.x, values, width=38)]), no_wrap=True)
        block.highlight_regex(r"[─│┼]", "dim")
        block.highlight_regex(r"[\u2800-\u28ff]", "bold cyan")
        blocks.append(block)
    return Columns(blocks, padding=(0, 2))


def _save_function_figure(function: Any, path: Path) -> None:
    from matplotlib.figure import Figure  # not pyplot: no display is needed

    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    plots.draw_function(function, ax=figure.subplots())
    figure.savefig(path, dpi=150)


# ---- Functions -------------------------------------------------------------------------------------------------------


def _of_function(function: Callable[..., Any]) -> tuple[Any, str, Table, Table]:
    """The record, a title, the facts and the parameters."""
    declaration, params = resolve.declaration_of(function)
    assert declaration is not None  # a string never gives a foreign function
    here, surrogate = declaration.at(params), declaration.surrogate_at(params)
    own = {
        **({"Surrogate": f"in place of f'(x): {surrogate}"} if surrogate else {}),
        "Traits": ", ".join(sorted(str(trait) for trait in declaration.traits)) or "none",
        "Range": " to ".join(f"{end:.5g}" for end in here.range or ()) or "none: over an axis",
        "Smoothness": here.smoothness or "none: over an axis",
        "Initializer": here.initializer,
    }
    given = getattr(function, "params", {})
    columns = ["Parameter", "Meaning", "Legal values", "Default", *["Here"] * bool(given)]
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for param in declaration.params.values():
        value = [Text(repr(given.get(param.name, param.default)), style="cyan")] if given else []
        table.add_row(Text(param.name, style="bold"), Text(param.meaning), param.expected, repr(param.default), *value)
    return declaration, function.__name__, _facts(declaration, params, own), table


# ---- Layers ----------------------------------------------------------------------------------------------------------

CHANNELS = 8


def _arguments(cls: type[keras.Layer]) -> list[inspect.Parameter]:
    """The arguments with a name, without `**kwargs`."""
    return [each for each in constructor_arguments(cls).values() if each.kind is not each.VAR_KEYWORD]


def _required(cls: type[keras.Layer]) -> list[str]:
    """Arguments without a default."""
    return [argument.name for argument in _arguments(cls) if argument.default is argument.empty]


def _of_layer(layer: keras.Layer | type[keras.Layer]) -> tuple[Any, str, Table, Table]:
    """As `_of_function`, for a layer, or the class of one that needs arguments."""
    cls = layer if isinstance(layer, type) else type(layer)
    record = layers.info(cls.__name__)
    own = {"Kind": f"layer: keras_acts.layers.{record.name}", "Weights": "\n".join(_weights(layer)) or "none"}
    replaced = [f"in place of the derivative by {name}: {text}" for name, text in record.surrogates.items()]
    own |= {"Surrogate": "\n".join(replaced)} if replaced else {}
    table = Table("Argument", "Meaning", "Default", box=box.SIMPLE_HEAD, pad_edge=False)
    # A layer inherits arguments, and their meanings, from its base classes.
    documented = [inspect.cleandoc(base.__doc__ or "") for base in reversed(cls.__mro__)]
    sections = [section for text in documented for section in _ARGS.findall(text)]
    meanings = dict(match for section in sections for match in _ARGUMENT.findall(section))
    for argument in _arguments(cls):
        meaning = " ".join(meanings.get(argument.name, "").split())
        default = "" if argument.default is argument.empty else repr(argument.default)
        table.add_row(Text(argument.name, style="bold"), Text(meaning), default)
    return record, record.name, _facts(record, None, own), table


def _weights(layer: keras.Layer | type[keras.Layer]) -> list[str]:
    """Names and shapes of the weights for inputs of 8 channels; of images where the layer takes nothing else."""
    if isinstance(layer, type):
        wanted = ", ".join(f"{name}=..." for name in _required(layer))
        return [f"those of a layer: keras-acts show '{layer.__name__}({wanted})'"]
    channels = getattr(layer, "expected_channels", CHANNELS)
    for shape in ((None, channels), (None, CHANNELS, CHANNELS, channels)):
        with contextlib.suppress(ValueError):
            layer.build(shape)
            break
    lines = []
    for weight in layer.weights:
        name = weight.path.removeprefix(f"{layer.name}/")
        size = " x ".join(str(size) for size in weight.shape) or "1 in all"
        lines.append(f"{name}: {size}" + ("" if weight.trainable else " (not trained)"))
    if lines and not all(weight.shape == () for weight in layer.weights):
        lines[0] += f"   (for {channels} channels)"
    return lines


# The section "Args:" of a docstring, and an argument in it with its meaning.
_ARGS = re.compile(r"^Args:\n((?:    .*\n?|\n(?=    ))+)", re.MULTILINE)
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n        .*)*)", re.MULTILINE)
