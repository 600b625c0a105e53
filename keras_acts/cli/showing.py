"""`keras-acts show`."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import keras
import typer
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_acts import initializers, layers
from keras_acts.cli import console
from keras_acts.core import resolve, spec
from keras_acts.core.activation import Activation


def show(
    activation: Annotated[str, typer.Argument(help='A name, or a name with parameters: "elu(alpha=0.5)".')],
    save: Annotated[
        Path | None, typer.Option(help="Write a plot of f, f' and f'' to this image file (PNG, SVG, PDF).")
    ] = None,
) -> None:
    """Show one activation: formula, parameters, traits, paper, aliases and a plot; or a layer and its weights."""
    from keras_acts import plots

    try:
        found = _found(activation)
        if isinstance(found, keras.Layer) or inspect.isclass(found):
            _show_layer(found, save)
            return
        function = found
        declaration, _ = resolve.declaration_of(function)
        assert declaration is not None  # a string never gives a foreign function
        curve = plots.evaluate(function, plots.fine_grid())
    except (ValueError, TypeError) as error:
        console.fail(str(error))
    given = getattr(function, "params", {})
    console.say(Text.assemble((function.__name__, "bold cyan"), "  ", declaration.summary))
    console.say()
    console.say(_facts(declaration, function))
    if declaration.params:
        console.say(_parameter_table(declaration, given))
    console.say(Text(_description(declaration.function)))
    if save is None:
        console.say(_terminal_plots(curve))
        return
    try:
        _save_function_figure(function, save)
    except (OSError, ValueError) as error:
        console.fail(f"`save` must be an image file that can be written. Received: {save} ({console.reason(error)})")
    console.say(f"\nPlot written to {save}", soft_wrap=True)


def _found(text: str) -> Any:
    """The function that a string means, or else the layer; its class, where the layer needs arguments."""
    try:
        return resolve.get(text)
    except ValueError as error:
        name, *given = spec.parse(text)
        if name not in layers.names() and ":" not in name:
            raise
        if name in layers.names() and not any(given) and _required(layers.info(name).cls):
            return layers.info(name).cls
        try:
            return layers.get(text)
        except ValueError:
            raise error from None


def _facts(declaration: Activation, function: Callable[..., Any]) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Formula", Text(f"f(x) = {declaration.formula}"))
    facts.add_row("LaTeX", Text(declaration.latex))
    facts.add_row("Source", declaration.source)
    facts.add_row("Family", declaration.family)
    facts.add_row("Traits", ", ".join(sorted(str(trait) for trait in declaration.traits)) or "none")
    facts.add_row("Paper", Text(declaration.paper or "none"))
    aliases = [f"{framework}: {', '.join(names)}" for framework, names in declaration.aliases.items()]
    facts.add_row("Aliases", Text("\n".join(aliases) or "none"))
    facts.add_row("Initializer", _initializer(function))
    return facts


def _initializer(function: Callable[..., Any]) -> str:
    """The kernel initializer that `paired` gives, and the gain behind it."""
    try:
        gain = initializers.gain(function)
    except ValueError:  # over an axis, zero almost everywhere, or too large for normal inputs
        return "none: it has no gain"
    kernel = initializers.paired(function)["kernel_initializer"]
    scale = f"(scale={kernel.scale:.5g})" if type(kernel) is keras.initializers.VarianceScaling else ""
    return f"{type(kernel).__name__}{scale} by keras_acts.paired; gain {gain:.5g}"


def _parameter_table(declaration: Activation, given: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Parameter", "Meaning", "Legal values", "Default"):
        table.add_column(column)
    if given:
        table.add_column("Here", style="cyan")
    for param in declaration.params.values():
        here = [repr(given.get(param.name, param.default))] if given else []
        table.add_row(Text(param.name, style="bold"), Text(param.meaning), param.expected, repr(param.default), *here)
    return table


def _description(documented: Any) -> str:
    """The docstring without what the tables above it already say."""
    paragraphs = (inspect.getdoc(documented) or "").split("\n\n")[1:]
    shown = [part for part in paragraphs if not part.startswith(("Args:", "f(x)"))]
    # Prose takes the width of the terminal; sections such as "Example:" keep their lines.
    flowing = [part if re.match(r"\w+:\n", part) else " ".join(part.split()) for part in shown]
    return "\n" + "\n\n".join(flowing) + "\n"


def _terminal_plots(curve: Any) -> Any:
    from keras_acts import plots

    terminal = Console()
    if terminal.options.ascii_only:
        return "This terminal shows no braille dots. `--save FILE.png` draws the plot."
    blocks = []
    for title, values in (("f(x)", curve.value), ("f'(x)", curve.slope)):
        title = f"       {title} from {values.min():.3g} to {values.max():.3g}"
        block = Text("\n".join([title, *plots.terminal_plot(curve.x, values, width=38)]), no_wrap=True)
        block.highlight_regex(r"[─│┼]", "dim")
        block.highlight_regex(r"[\u2800-\u28ff]", "bold cyan")
        blocks.append(block)
    return Columns(blocks, padding=(0, 2))


def _save_function_figure(function: Any, path: Path) -> None:
    from matplotlib.figure import Figure  # not pyplot: no display is needed

    from keras_acts import plots

    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    plots.draw_function(function, ax=figure.subplots())
    figure.savefig(path, dpi=150)


# ---- layers ----------------------------------------------------------------------------------------------------------

CHANNELS = 8


def _required(cls: type[keras.Layer]) -> list[str]:
    """Arguments without a default."""
    parameters = inspect.signature(cls).parameters.values()
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]


def _show_layer(layer: keras.Layer | type[keras.Layer], save: Path | None) -> None:
    cls = layer if isinstance(layer, type) else type(layer)
    record = layers.info(cls.__name__)
    if save is not None:
        console.fail(f"`save` draws the curve of a function, but {record.name} is a layer. Received: {save}")
    console.say(Text.assemble((record.name, "bold cyan"), "  ", record.summary))
    console.say()
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Formula", Text(f"f(x) = {console.plain_formula(record.cls, record.formula)}"))
    facts.add_row("LaTeX", Text(record.formula))
    facts.add_row("Kind", f"layer: keras_acts.layers.{record.name}")
    facts.add_row("Family", record.family)
    facts.add_row("Weights", Text("\n".join(_weights(layer)) or "none"))
    facts.add_row("Paper", Text(record.paper or "none"))
    aliases = [f"{framework}: {', '.join(names)}" for framework, names in record.aliases.items()]
    facts.add_row("Aliases", Text("\n".join(aliases) or "none"))
    console.say(facts)
    console.say(_argument_table(cls))
    console.say(Text(_description(record.cls)))


def _weights(layer: keras.Layer | type[keras.Layer]) -> list[str]:
    """Names and shapes of the weights for inputs of 8 channels; of images where the layer takes nothing else."""
    if isinstance(layer, type):
        wanted = ", ".join(f"{name}=..." for name in _required(layer))
        return [f"those of a layer: keras-acts show '{layer.__name__}({wanted})'"]
    for shape in ((None, CHANNELS), (None, CHANNELS, CHANNELS, CHANNELS)):
        try:
            layer.build(shape)
        except ValueError:
            continue
        break
    lines = []
    for weight in layer.weights:
        name = weight.path.removeprefix(f"{layer.name}/")
        size = " x ".join(str(size) for size in weight.shape) or "1 in all"
        lines.append(f"{name}: {size}" + ("" if weight.trainable else " (not trained)"))
    if lines and not all(weight.shape == () for weight in layer.weights):
        lines[0] += f"   (for {CHANNELS} channels)"
    return lines


def _argument_table(cls: type[keras.Layer]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Argument", "Meaning", "Default"):
        table.add_column(column)
    meanings = dict(_ARGUMENT.findall(_section(inspect.getdoc(cls) or "", "Args")))
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            meaning = " ".join(meanings.get(name, "").split())
            default = "" if parameter.default is inspect.Parameter.empty else repr(parameter.default)
            table.add_row(Text(name, style="bold"), Text(meaning), default)
    return table


_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n        .*)*)", re.MULTILINE)


def _section(docstring: str, title: str) -> str:
    match = re.search(rf"^{title}:\n((?:    .*\n?|\n(?=    ))+)", docstring, re.MULTILINE)
    return match[1] if match else ""
