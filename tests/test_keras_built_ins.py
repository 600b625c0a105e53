"""What Keras' own activations get wrong: the page about it is still true, and no other difference is large."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_acts

PAGE = Path(__file__).parent.parent / "docs" / "keras-built-ins.md"
FIRST, *SECTIONS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE) if PAGE.exists() else [""]
TITLES = [section.partition("\n")[0] for section in SECTIONS]
NO_STRINGS = {"threshold", "glu"}  # refused
BUILTINS = sorted(set(keras.src.activations.ALL_OBJECTS_DICT) - NO_STRINGS)
RNG = np.random.default_rng(11)


def code(text):
    return re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of the exporters
@pytest.mark.filterwarnings(r"ignore:\s*Warning. tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize(
    "section",
    [pytest.param(s, id=t, marks=[pytest.mark.slow] * (" in " in t)) for s, t in zip(SECTIONS, TITLES, strict=True)],
)
def test_keras_is_still_wrong_where_the_page_says_so(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "onnx" in section:
        pytest.importorskip("onnxruntime")
        pytest.importorskip("tf2onnx")
    names = {}
    exec(compile(code(FIRST), "first lines", "exec"), names)  # our own text: this is what the test is about
    try:
        exec(compile(code(section), "section", "exec"), names)
    except AssertionError as error:
        pytest.fail(f"Keras {keras.__version__} may have mended it: {section}{error}")


def value_and_slope(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return np.asarray(y), np.asarray(tape.gradient(y, x))


@pytest.mark.filterwarnings("ignore:activation='sparsemax' is Keras' own")
@pytest.mark.parametrize("name", BUILTINS)
def test_every_built_in_string_is_ours_to_three_digits(name):
    rows = np.concatenate([RNG.normal(size=(500, 8)) * scale for scale in (0.1, 1.0, 10.0, 100.0)]).astype("float32")
    theirs = value_and_slope(keras.activations.get(name), rows)
    ours = value_and_slope(keras_acts.get(name), rows)
    agree = [np.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in zip(theirs, ours, strict=True)]
    assert agree == [name != "sparsemax"] * 2


# ---- sparsemax ------------------------------------------------------------------------------------------------------


def test_the_string_sparsemax_warns_once_at_construction_and_stays_keras_own(tmp_path):
    with pytest.warns(UserWarning, match="activation='keras_acts>sparsemax'") as caught:
        layer = keras.layers.Dense(3, activation="sparsemax")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert layer.activation is keras.activations.sparsemax
    model = keras.Sequential([keras.Input((4,)), layer])  # no further word: warnings are errors
    model(np.ones((2, 4)))
    model.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").layers[0].activation is keras.activations.sparsemax
    keras.models.clone_model(model)


def test_what_the_warning_names_is_right_and_silent():
    rows = RNG.normal(size=(1000, 10)).astype("float32") * 2.0
    with keras_acts.install(override=["sparsemax"]):
        overridden = keras.layers.Activation("sparsemax")
    for layer in (overridden, keras.layers.Activation("keras_acts>sparsemax")):
        np.testing.assert_allclose(np.sum(layer(rows), axis=-1), 1.0, atol=1e-5)


# ---- Strings that cannot work ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cure"), [("threshold", r"'threshold\(threshold=0\.5, value=0\.0\)'"), ("glu", "GLU")]
)
def test_a_string_that_cannot_work_is_refused_when_the_layer_is_made(name, cure):
    for make in (keras.layers.Activation, keras.activations.get, lambda name: keras.layers.Dense(2, activation=name)):
        with pytest.raises(ValueError, match=cure):
            make(name)
    keras.layers.Dense(2, activation="threshold(threshold=0.5, value=0.0)")(np.ones((1, 2)))
