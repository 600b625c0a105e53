"""The command line: `keras-acts list | show | check | compare | atlas | export | convert`.

What the commands take is declared here and in files whose imports are light; what they do is loaded when they
run. So help, version and errors of usage come without TensorFlow.
"""

from pathlib import Path
from typing import Annotated

import typer

from keras_acts._version import __version__
from keras_acts.cli.atlas import atlas
from keras_acts.cli.checking import check
from keras_acts.cli.comparing import compare
from keras_acts.cli.console import Checked
from keras_acts.cli.converting import convert
from keras_acts.cli.exporting import export
from keras_acts.cli.listing import list_activations

__all__ = ["app"]

# Without Rich, which takes longer to load than the text to read.
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False, rich_markup_mode=None
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keras_acts {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Activation functions for Keras 3: list them, look at one, compare them by training."""


@app.command("show", cls=Checked)
def _show(
    activation: Annotated[str, typer.Argument(help='A name, or a name with parameters: "elu(alpha=0.5)".')],
    save: Annotated[
        Path | None, typer.Option(help="Write a plot of f, f' and f'' to this image file (PNG, SVG, PDF).")
    ] = None,
) -> None:
    """Show one activation, or a layer and its weights.

    Formula, parameters, traits, paper, aliases and a plot.
    """
    from keras_acts.cli.showing import show

    show(activation, save)


app.command("list", cls=Checked)(list_activations)
app.command(cls=Checked)(check)
app.command(cls=Checked)(compare)
app.command(cls=Checked)(atlas)
app.command(cls=Checked)(export)
app.command(cls=Checked)(convert)
