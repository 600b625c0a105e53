"""`keras-acts export`."""

from pathlib import Path
from typing import Annotated

import typer

from keras_acts.cli import console

__all__ = ["export"]


def export(
    model: Annotated[Path, typer.Argument(help="A saved model: .keras or .h5.")],
    path: Annotated[Path, typer.Argument(help="Where to: model.onnx, model.tflite, or a folder for a SavedModel.")],
    format: Annotated[
        str | None, typer.Option(help='"onnx", "litert" or "saved_model". Default: what the path says.')
    ] = None,
    quantize: Annotated[
        str | None, typer.Option(help='For LiteRT: "dynamic" (weights), or "int8" (weights and activations).')
    ] = None,
    representative: Annotated[
        Path | None, typer.Option(help="Typical inputs: .npy, or .npz with one array for each input, in order.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Largest difference, as a share of the largest output. Default: 1e-4.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing file.")] = False,
) -> None:
    """Write a model for ONNX, LiteRT or TensorFlow, run the file there, and compare.

    A file that does not run, or gives something else than the model, is an error, and is removed.
    """
    import keras

    from keras_acts import carrying

    try:
        loaded = keras.models.load_model(model, compile=False)
        written = carrying.export(
            loaded,
            path,
            format,
            quantize=quantize,
            representative=None if representative is None else _inputs(loaded, representative),
            tolerance=tolerance,
            overwrite=overwrite,
        )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        console.fail(str(error))
    console.say(str(written), soft_wrap=True)


def _inputs(model: object, path: Path) -> object:
    """The arrays of the file, in the structure that the model takes."""
    import keras
    import numpy as np

    from keras_acts.carrying import samples

    found = np.load(path)
    arrays = [found[name] for name in found.files] if hasattr(found, "files") else [found]
    declared = samples.declared_inputs(model)
    if declared is None or len(keras.tree.flatten(declared)) != len(arrays):
        return arrays
    return keras.tree.pack_sequence_as(declared, arrays)
