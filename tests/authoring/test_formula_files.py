"""A formula in Keras: strings, layers, files, other processes."""

import pickle

import fresh_process
import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.authoring import FormulaLayer

MISH = "x * tanh(log(1 + exp(x)))"
SWISH = "formula: x*sigmoid(beta*x), beta=1.5"
X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")


def model_with_formulas():
    f = keras_acts.define("x*sigmoid(slope*x)", params={"slope": 0.7}, name="own_swish")
    layer = keras_acts.define("x*sigmoid(beta*x)", params={"beta": 1.5}, trainable=("beta",))
    inputs = keras.Input((4,))
    x = keras.layers.Dense(6, activation=SWISH)(inputs)
    x = keras.layers.Dense(6, activation=keras_acts.define(MISH))(x)
    x = keras.layers.Dense(6, activation="own_swish")(layer(x))
    model = keras.Model(inputs, keras.layers.Dense(2, activation=f)(x))
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    return model


@pytest.mark.slow
def test_every_file_comes_back_in_a_fresh_process(tmp_path):
    model = model_with_formulas()
    assert keras_acts.check_saveable(model) == []
    expected = model.predict(X, verbose=0)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", expected)
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    (tmp_path / "model.json").write_text(model.to_json(), encoding="utf-8")
    model.export(tmp_path / "exported", verbose=False)
    functional = keras.Model(inputs := keras.Input((4,)), keras_acts.define(MISH)(inputs))
    functional.save(tmp_path / "functional.keras")
    (tmp_path / "functional.pickle").write_bytes(pickle.dumps(functional))
    np.testing.assert_array_equal(keras.models.clone_model(functional)(X), functional(X))
    fresh_process.run(
        """
        import pickle
        from pathlib import Path
        import keras
        import keras_acts
        import numpy as np
        import tensorflow as tf

        x, y = np.load("x.npy"), np.load("y.npy")
        models = [
            keras.models.load_model("model.keras", safe_mode=True, compile=False),
            keras.models.load_model("model.h5", compile=False),
            keras.models.model_from_json(Path("model.json").read_text()),
        ]
        models[2].set_weights(models[0].get_weights())
        for model in models:
            np.testing.assert_array_equal(model.predict(x, verbose=0), y)
        exported = tf.saved_model.load("exported")
        np.testing.assert_allclose(exported.serve(x), y, rtol=1e-6, atol=1e-7)
        for functional in (
            keras.models.load_model("functional.keras"),
            pickle.loads(Path("functional.pickle").read_bytes()),
        ):
            np.testing.assert_allclose(functional(x), keras_acts.get("mish")(x), rtol=1e-6)
        assert "own_swish" not in keras_acts.names()
        """,
        tmp_path,
    )


def test_the_formula_is_the_config():
    config = keras_acts.activations.serialize(keras_acts.define(MISH))
    assert config["config"] == {"formula": MISH, "params": {}, "name": None}
    assert config["registered_name"] == "keras_acts>authoring.FormulaActivation"


def test_a_name_is_found_as_a_string_with_parameters_and_can_be_defined_again():
    f = keras_acts.define("x*sigmoid(beta*x)", name="bent", params={"beta": 1.5})
    assert keras.layers.Dense(1, activation="bent").activation == f
    assert keras_acts.define("x*sigmoid(beta*x)", name="bent", params={"beta": 1.5}) == f
    steep = keras_acts.get("bent(beta=3.0)")
    np.testing.assert_allclose(steep(X), X / (1 + np.exp(-3.0 * X)), rtol=1e-6)
    assert steep == keras_acts.get(f, beta=3.0) == pickle.loads(pickle.dumps(steep)) != f
    assert str(steep) == "bent(beta=3.0)"
    with pytest.raises(ValueError, match="already in use"):
        keras_acts.define("x*tanh(x)", name="bent")
    assert keras_acts.define("x*tanh(x)", name="bent", replace=True) != f


def test_the_rest_of_the_library_takes_a_formula():
    f = keras_acts.define(MISH)
    assert keras_acts.initializers.gain(f) == pytest.approx(keras_acts.initializers.gain("mish"), rel=1e-12)
    assert keras_acts.paired(SWISH)["activation"] == SWISH
    assert keras_acts.info(SWISH).params["beta"].default == 1.5
    assert keras_acts.info(SWISH).formula == "x*sigmoid(beta*x)"
    assert keras_acts.info(SWISH).latex == r"x \sigma(\beta x)"


@pytest.mark.slow
@pytest.mark.parametrize("shared_axes", [None, "all"])
def test_layer_learns_its_parameters(shared_axes, tmp_path):
    layer = keras_acts.define(
        "where(x > 0, x, alpha*(exp(x) - 1)) + c",
        params={"alpha": 0.5, "c": 0.0},
        trainable="alpha",
        shared_axes=shared_axes,
    )
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.fit(X, np.where(X > 0, X, 1.25 * np.expm1(X)), epochs=120, batch_size=8, verbose=0)
    np.testing.assert_allclose(layer.alpha.numpy(), 1.25, atol=2e-2)
    assert layer.alpha.shape == (() if shared_axes == "all" else (4,))
    model.save(tmp_path / "layer.keras")
    loaded = keras.models.load_model(tmp_path / "layer.keras")
    assert type(loaded.layers[0]) is FormulaLayer
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
