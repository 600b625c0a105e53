"""Write a folder of files as this version saves them, to `tests/data/files/<version>`: a test loads them for ever.

python -m tools.kept_files

Run it where the oldest Keras is installed that can run this version: newer ones write keys that older ones refuse.
Files of a released version are never written again: what they hold must load, however the library has changed since.
"""

import os
import sys
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "layers"))  # for its examples

import keras
import numpy as np
from examples import EXAMPLES

import keras_acts
from keras_acts import initializers, layers

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "files"


def functions(are_bound: bool) -> keras.Model:
    """Every activation in a layer: with its parameters bound, or by itself and beside it as an operation."""
    inputs = keras.Input((3, 4, 6))
    outputs = []
    for name in keras_acts.names():
        function = keras_acts.get(name, **(keras_acts.info(name).defaults if are_bound else {}))
        outputs.append(keras.layers.Activation(function, name=name)(inputs))
        if not are_bound:
            outputs.append(function(inputs))
    return keras.Model(inputs, keras.layers.Concatenate()(outputs))


def formulas_and_initializers() -> keras.Model:
    """Formulas with and without weights, and each initializer of ours."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(
                4, activation="formula: x*sigmoid(beta*x), beta=1.5", kernel_initializer="keras_acts>gelu"
            ),
            keras_acts.define("x*tanh(a*x) + b", params={"a": 0.5, "b": 1.0}, trainable=("a",)),
            keras.layers.Dense(4, kernel_initializer=initializers.Siren()),
            keras.layers.Dense(4, **keras_acts.paired("mish", deep=True)),
            keras.layers.Reshape((4, 1)),
            keras.layers.DepthwiseConv1D(2, **keras_acts.paired("silu", layer="depthwise")),
            keras.layers.Dense(2, activation=initializers.standardize("softplus")),
        ]
    )


def layer_examples() -> dict[str, tuple[keras.Model, tuple[int, ...]]]:
    """One small model a layer, and the shape of its input, from the examples of the layer contract."""
    found: dict[str, tuple[keras.Model, tuple[int, ...]]] = {}
    for example in EXAMPLES:
        if example.name not in found:
            found[example.name] = keras.Sequential([keras.Input(example.shape), example.layer()]), example.shape
    return found


def write(model: keras.Model, shape: tuple[int, ...], path: Path) -> None:
    """The model with drawn weights, and what it makes of drawn numbers in inference."""
    generator = np.random.default_rng(20261128)
    for weight in model.trainable_weights:
        weight.assign(weight + generator.normal(scale=0.1, size=weight.shape))
    x = generator.normal(scale=2.0, size=(2, *shape)).astype("float32")
    model.save(path)
    if path.suffix == ".keras":
        _compress(path)
    np.savez_compressed(path.with_suffix(".npz"), x=x, y=np.asarray(model(x)))


def _compress(path: Path) -> None:
    """The same archive with its parts deflated: Keras only stores them."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def main() -> None:
    """Write all of it, or refuse."""
    folder = FOLDER / keras_acts.__version__
    if folder.exists():
        sys.exit(f"{folder} exists: a version writes its files once. Remove the folder if it has not been released.")
    (folder / "layers").mkdir(parents=True)
    keras.utils.set_random_seed(0)
    write(functions(are_bound=False), (3, 4, 6), folder / "functions.keras")
    write(functions(are_bound=True), (3, 4, 6), folder / "bound.h5")
    write(formulas_and_initializers(), (6,), folder / "formulas_and_initializers.keras")
    for name, (model, shape) in layer_examples().items():
        assert name in layers.names()
        write(model, shape, folder / "layers" / f"{name}.keras")


if __name__ == "__main__":
    main()
