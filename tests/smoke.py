"""A smoke test without pytest, for environments that hold nothing but the package: `python tests/smoke.py`."""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import keras_acts


def main() -> None:
    assert len(keras_acts.names()) > 100
    strings = ["snake", "elu(alpha=0.5)", "softmax", "formula: x * sigmoid(beta * x), beta=1.5"]
    hidden = inputs = keras.Input((4,))
    for string in strings:
        hidden = keras.layers.Dense(4, activation=string)(hidden)
    hidden = keras_acts.layers.get("PReLU()")(keras.layers.Dense(4, **keras_acts.paired("selu"))(hidden))
    model = keras.Model(inputs, keras_acts.activations.mish(hidden))
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    model.fit(x, x, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        np.testing.assert_array_equal(keras.models.load_model(path)(x), model(x))
    # Arguments of a constructor that the class inherits, which Python 3.10 hides in the signature of the class.
    assert keras_acts.layers.get("ReGLU(gate_first=False)").get_config()["gate_first"] is False
    said = ""
    try:
        keras.layers.Dense(4, activation="snaek")
    except ValueError as error:
        said = str(error)
    assert "snake" in said
    print(f"Python {sys.version.split()[0]}, Keras {keras.__version__}: strings, training, saving and loading work")


if __name__ == "__main__":
    main()
