"""`keras-acts convert`."""

import warnings
from pathlib import Path
from typing import Annotated

import typer

from keras_acts.cli import console

__all__ = ["convert"]


def convert(
    path: Annotated[Path, typer.Argument(help="A .h5 or .keras file of Keras 2, or the .json of its architecture.")],
    target: Annotated[Path, typer.Argument(help="The .keras file to write.")],
    weights: Annotated[Path | None, typer.Option(help="The file of the weights that belong to a .json.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
    tfa_gelu: Annotated[
        bool | None, typer.Option(help="Whether 'gelu', since Keras 2.11, is TF Addons' or Keras' (default).")
    ] = None,
) -> None:
    """Write a file of Keras 2, TF Addons or keras-contrib anew, for Keras 3.

    The new file is compared with the model before it gets its name. Nothing in the old one is run.
    """
    from keras_acts import compat

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            model = compat.convert(path, target, weights, overwrite=overwrite, tfa_gelu=tfa_gelu)
        except (ValueError, OSError) as error:
            console.fail(str(error).replace("overwrite=True", "--overwrite"))
    for message in dict.fromkeys(str(each.message) for each in caught):
        message = message.replace("tfa_gelu=True or tfa_gelu=False", "--tfa-gelu or --no-tfa-gelu")
        console.say(f"Warning: {message}", soft_wrap=True)
    console.say(f"Written: {target} ({len(model.layers)} layers, {model.count_params()} numbers)", soft_wrap=True)
