"""The command line: `keras-acts list | show | compare`."""

import typer

from keras_acts.cli.comparing import ListingPresets, compare
from keras_acts.cli.listing import list_activations
from keras_acts.cli.showing import show

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Activation functions for Keras 3: list them, look at one, compare them by training.",
)
app.command("list")(list_activations)
app.command()(show)
app.command(cls=ListingPresets)(compare)
