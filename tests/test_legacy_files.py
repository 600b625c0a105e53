"""Files of Keras 2, TF Addons and keras-contrib: they predict here what they predicted there, or are refused by name.

`data/legacy` keeps files that TensorFlow 1.15 with keras-contrib, 2.10 and 2.15 with TF Addons have written, with an
input and its output there; `legacy_models.py` writes others, of drawn layers.
"""

import json
import os
import warnings
import zipfile
from pathlib import Path

import fresh_process
import h5py
import keras
import legacy_models
import numpy as np
import pytest
from backends import KERAS, LOADED_BY_OLD_KERAS

import keras_acts
from keras_acts import compat
from keras_acts.compat import reading

KEPT = sorted((Path(__file__).parent / "data" / "legacy").glob("*.npz"))
VERSIONS = ["2.2.5", "2.10.0", "2.15.0"]
TOLERANCE = {"rtol": 2e-5, "atol": 1e-5}


def unpacked(kept, folder):
    """The file, those of its weights, inputs and outputs."""
    parts = np.load(kept)
    for part, name in (("model", kept.stem), ("weights", "weights.h5")):
        if part in parts:
            (folder / name).write_bytes(parts[part].tobytes())
    inputs, outputs = ([parts[name] for name in parts if name[0] == letter] for letter in "xy")
    weights = folder / "weights.h5" if "weights" in parts else None
    return folder / kept.stem, weights, inputs[0] if len(inputs) == 1 else inputs, outputs


def assert_predicts(model, inputs, outputs):
    got = keras.tree.flatten(model(inputs))
    for value, expected in zip(got, outputs, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(value), expected, **TOLERANCE)


QUICK = ("tf1.15_kc_srelu_conv_shared.h5", "tf2.10_k2_prelu_in_dense.h5", "tf2.15_double.h5", "tf2.15_seq2seq.keras")
EACH = [pytest.param(kept, id=kept.stem, marks=[pytest.mark.slow] * (kept.stem not in QUICK)) for kept in KEPT]


@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
@pytest.mark.parametrize("kept", EACH)
def test_a_kept_file_predicts_what_it_did_also_when_saved_again(kept, tmp_path, request):
    if "prelu_in_dense" in kept.stem and KERAS < (3, 10):
        request.applymarker(pytest.mark.xfail(reason="this Keras does not load a layer that is an activation"))
    path, weights, inputs, outputs = unpacked(kept, tmp_path)
    model = compat.convert(path, tmp_path / "new.keras", weights, tfa_gelu=True)
    assert_predicts(model, inputs, outputs)
    again = keras.models.load_model(tmp_path / "new.keras")
    for one, other in zip(keras.tree.flatten(model(inputs)), keras.tree.flatten(again(inputs)), strict=True):
        np.testing.assert_array_equal(one, other)


def drawn(version, seed):
    """A file of Keras 2 of that version, with all activations and layers in an order of its own."""
    written = legacy_models.Written(version, seed)
    kinds = [*legacy_models.STRINGS, *legacy_models.LAYERS]
    for kind in written.rng.permutation(kinds):
        if kind in legacy_models.STRINGS:
            written.dense(str(kind))
        else:
            written.dense()
            written.drawn(str(kind))
    written.dense()
    return written


def of_one(version, seed, kind):
    """The same with a single activation or layer."""
    written = legacy_models.Written(version, seed)
    written.dense(kind if kind in legacy_models.STRINGS else "linear")
    if kind in legacy_models.LAYERS:
        written.drawn(kind)
    written.dense()
    return written


@pytest.mark.parametrize("kind", [*legacy_models.STRINGS, *legacy_models.LAYERS])
def test_each_activation_and_layer_with_drawn_arguments_and_weights(kind, tmp_path):
    seed = len(kind)
    written = of_one(VERSIONS[seed % 3], seed, kind)
    model = keras_acts.load_legacy(written.save(tmp_path / "old.h5"))
    np.testing.assert_allclose(model(written.x), written.value, rtol=1e-4, atol=1e-5, err_msg=written.version)


@pytest.mark.slow
@pytest.mark.parametrize(("version", "form"), [*zip(VERSIONS, ["json", "h5", "json"], strict=True)])
def test_a_drawn_model_of_all_of_them_comes_back_the_same(version, form, tmp_path):
    written = drawn(version, seed=int(version[2]))
    if form == "h5":
        path, weights = written.save(tmp_path / "old.h5"), None
    else:
        path, weights = tmp_path / "old.json", written.save(tmp_path / "w.h5", with_architecture=False)
        path.write_text(written.architecture())
    model = compat.convert(path, tmp_path / "new.keras", weights)
    again = keras.models.load_model(tmp_path / "new.keras")
    np.testing.assert_array_equal(again(written.x), model(written.x))
    saved = [value for weights in written.weights.values() for value in weights.values()]
    of_fixed = sum(layer["class_name"] == "Swish" and not layer["config"]["trainable"] for layer in written.layers)
    assert len(model.weights) == len(saved) - of_fixed


def test_a_hard_sigmoid_of_keras_2_is_not_that_of_keras_3(tmp_path):
    """The mutant of all of the above: what plain Keras makes of the file is wrong, so they would see it."""
    written = of_one("2.10.0", 0, "hard_sigmoid")
    path = written.save(tmp_path / "old.h5")
    del written.layers[0]["config"]["batch_input_shape"]
    wrong = keras.Sequential([keras.Input((legacy_models.SIZE,))])
    for layer in written.layers:
        wrong.add(keras.layers.Dense(legacy_models.SIZE, activation=layer["config"]["activation"]))
    wrong.load_weights(path)
    assert np.abs(wrong(written.x) - written.value).max() > 0.01
    assert keras_acts.load_legacy(path).layers[0].activation is keras_acts.activations.hard_sigmoid_legacy


# ---- gelu ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "is_said"), [("2.10.0", False), ("2.11.0", True), ("2.15.0", True)])
def test_which_gelu_is_asked_where_the_file_cannot_tell(version, is_said, tmp_path):
    legacy_models.STRINGS["gelu"] = legacy_models.gelu_exact
    try:
        path = of_one(version, 3, "gelu").save(tmp_path / "old.h5")
    finally:
        del legacy_models.STRINGS["gelu"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = keras_acts.load_legacy(path)
    assert [str(each.message).count("tfa_gelu=True") for each in caught] == [1] * is_said
    assert all(each.filename == __file__ for each in caught)
    assert model.layers[0].activation is keras.activations.gelu
    assert keras_acts.load_legacy(path, tfa_gelu=False).layers[0].activation is keras.activations.gelu
    theirs = keras_acts.load_legacy(path, tfa_gelu=True).layers[0].activation
    assert (theirs == keras_acts.get("tfa:gelu")) == is_said


# ---- Refused, by name ------------------------------------------------------------------------------------------------


def with_layer(class_name, config, path, version="2.10.0"):
    written = legacy_models.Written(version, 0)
    written.dense()
    written.add(class_name, config, {}, lambda x, c, w: x)
    return written.save(path)


BYTECODE = ["4wEAAAAAAAAAAAAAAAEAAAABAAAAQwAAAHMEAAAAfABTAKkBTqkA", None, None]


@pytest.mark.parametrize(
    ("class_name", "config", "said"),
    [
        ("Lambda", {"function": BYTECODE, "function_type": "lambda"}, "'sequential_1/lambda_1': a Lambda, which holds"),
        ("Lambda", {"function": "relu", "function_type": "function"}, "'sequential_1/lambda_1': a Lambda, which holds"),
        ("TFOpLambda", {"function": "math.softplus"}, "'sequential_1/tfoplambda_1': a TFOpLambda, which is a function"),
        ("TFSMLayer", {"filepath": "x"}, "a TFSMLayer, which holds Python code"),
        ("CuDNNLSTM", {"units": 3}, "a CuDNNLSTM, which Keras 3 has not"),
        ("MyLayer", {}, "a MyLayer, which Keras 3 has not. If it is a class of yours, give it in `custom_objects`"),
        ("Addons>WeightNormalization", {}, "a WeightNormalization"),
        ("Addons>TLU", {"nonsense": 1}, "a TLU"),
        ("Activation", {"activation": "squash"}, r"the activation 'squash', .* custom_objects=\{'squash': \.\.\.\}"),
        (
            "Activation",
            {"activation": {"class_name": "function", "config": [1]}},
            "an activation that holds Python code",
        ),
        ("Swish", {"betas": 1.0}, "a Swish, which Keras 3 has not"),  # not keras-contrib's
        ("LSTM", {"units": 3, "time_major": True}, "a LSTM with time_major=True, which Keras 3 does not take"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(class_name, config, said, tmp_path):
    path = with_layer(class_name, config, tmp_path / "old.h5")
    with pytest.raises(ValueError, match=said) as error:
        keras_acts.load_legacy(path)
    assert str(path) in str(error.value)
    with pytest.raises(ValueError, match=said):
        compat.convert(path, tmp_path / "new.keras")
    assert os.listdir(tmp_path) == ["old.h5"]


def test_all_that_is_refused_is_said_at_once(tmp_path):
    written = legacy_models.Written("2.10.0", 0)
    written.dense()
    for name in ("TFOpLambda", "TFOpLambda", "MyLayer"):
        written.add(name, {}, {}, lambda x, c, w: x)
    with pytest.raises(ValueError, match=r"'sequential_1/tfoplambda_1', 'sequential_1/tfoplambda_2': .*mylayer_3"):
        keras_acts.load_legacy(written.save(tmp_path / "old.h5"))


@pytest.mark.parametrize("kind", ["function", "class", "scope"])
def test_custom_objects_win(kind, tmp_path):
    class Swish(keras.layers.Layer):
        def __init__(self, beta, **kwargs):
            super().__init__(**kwargs)
            self.beta = beta

        def call(self, x):
            return x + self.beta

    def squash(x):
        return x + 2.0

    described = ("Activation", {"activation": "squash"}) if kind == "function" else ("Swish", {"beta": 2.0})
    path = with_layer(*described, tmp_path / "old.h5")
    own = {"squash": squash, "Swish": Swish}
    if kind == "scope":
        with keras.saving.custom_object_scope(own):
            model = keras_acts.load_legacy(path)
    else:
        model = keras_acts.load_legacy(path, custom_objects=own)
    x = np.ones((2, legacy_models.SIZE), "float32")
    np.testing.assert_array_equal(model(x), model.layers[0](x) + 2.0)


def test_bytecode_in_a_file_is_not_run(tmp_path):
    """Also where another author's file would run it: unsafe loading allowed, and in each place of a config."""
    run = []

    def bomb(*args):
        run.append(args)

    places = [
        ("Dense", {"units": 6, "activation": {"class_name": "__lambda__", "config": {"value": BYTECODE}}}),
        ("Dense", {"units": 6, "kernel_initializer": {"class_name": "Lambda", "config": {"function": BYTECODE}}}),
        ("TimeDistributed", {"layer": {"class_name": "Lambda", "config": {"name": "l", "function": BYTECODE}}}),
        ("Dense", {"units": 6, "kernel_regularizer": {"class_name": "system", "module": "os", "config": {}}}),
    ]
    with pytest.MonkeyPatch.context() as patch, keras.src.saving.serialization_lib.SafeModeScope(False):
        patch.setattr(keras.src.utils.python_utils, "func_load", bomb)
        patch.setattr(os, "system", bomb)
        for class_name, config in places:
            path = with_layer(class_name, config, tmp_path / "old.h5")
            with pytest.raises(ValueError, match="The file holds what cannot be loaded"):
                keras_acts.load_legacy(path)
    assert run == []


# ---- Files that are none ---------------------------------------------------------------------------------------------


def _archive(path, **parts):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("_json", ".json").replace("_h5", ".weights.h5"), text)
    return path


def _version(path, version):
    with h5py.File(path, "r+") as file:
        file.attrs["keras_version"] = version
    return path


@pytest.fixture
def files(tmp_path):
    """Files that are not what they should be, by what is wrong."""
    written = of_one("2.10.0", 0, "relu")
    whole = written.save(tmp_path / "whole.h5")
    (tmp_path / "text.h5").write_text("no model")
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "empty.keras").write_bytes(b"")
    (tmp_path / "cut.h5").write_bytes(whole.read_bytes()[:3000])
    (tmp_path / "model.json").write_text(written.architecture())
    alone = {"class_name": "Dense", "config": {"name": "d", "units": 3}, "keras_version": "2.10.0"}
    (tmp_path / "layer.json").write_text(json.dumps(alone))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1.0
    written.save(tmp_path / "alone.h5", with_architecture=False)
    _archive(tmp_path / "part.keras", config_json="{}")
    whole_archive = _archive(tmp_path / "broken.keras", config_json="{}", metadata_json="{}", model_h5="x" * 1000)
    data = bytearray(whole_archive.read_bytes())
    data[40] ^= 0xFF
    (tmp_path / "broken.keras").write_bytes(data)
    _archive(
        tmp_path / "empty_config.keras", config_json="{}", metadata_json='{"keras_version": "2.15.0"}', model_h5=""
    )
    for name, version in (("of_3.h5", "3.15.1"), ("of_1.h5", "1.2.2"), ("odd.h5", "x")):
        _version(written.save(tmp_path / name), version)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text.h5", "This file is none of them, or damaged"),
        ("list.json", "This file is none of them, or damaged"),
        ("deep.json", "This file is none of them, or damaged"),
        ("empty.keras", "This file is none of them, or damaged"),
        ("cut.h5", "The file is damaged or incomplete"),
        ("other.h5", "This HDF5 file is no model of Keras"),
        ("alone.h5", r"This HDF5 file holds weights alone.*load_legacy\('model.json', weights=\.\.\.\)"),
        ("part.keras", "This archive lacks metadata.json, model.weights.h5"),
        ("broken.keras", "The file is damaged or incomplete"),
        ("layer.json", "a Dense in place of a model"),
        ("empty_config.keras", r"The architecture is not as Keras 2 writes it \(KeyError: 'class_name'\)"),
        ("of_3.h5", "This one is of Keras 3.15.1: keras.models.load_model reads it"),
        ("of_1.h5", "This one is of Keras 1.2.2: load and save it with Keras 2.2 first"),
        ("odd.h5", "keras_version='x'"),
        ("model.json", "`weights` must be the file that belongs to a .json"),
        ("", "A folder is a SavedModel"),
    ],
)
def test_a_file_of_another_kind_is_said_to_be_what_it_is(files, name, said):
    before = sorted(os.listdir(files))
    with pytest.raises(ValueError, match=said) as error:
        keras_acts.load_legacy(files / name, files / "alone.h5" if name == "layer.json" else None)
    assert f"path={str(files / name)!r}" in str(error.value)
    with pytest.raises(ValueError, match=said):
        compat.convert(files / name, files / "new.keras", files / "alone.h5" if name == "layer.json" else None)
    assert sorted(os.listdir(files)) == before


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.h5"):
        keras_acts.load_legacy(tmp_path / "missing.h5")
    (tmp_path / "model.json").write_text(of_one("2.10.0", 0, "relu").architecture())
    with pytest.raises(FileNotFoundError, match=r"missing\.h5"):
        keras_acts.load_legacy(tmp_path / "model.json", tmp_path / "missing.h5")


def test_an_architecture_of_any_size_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_CONFIG", 1000)
    (tmp_path / "model.json").write_text(of_one("2.10.0", 0, "relu").architecture())
    _archive(tmp_path / "m.keras", config_json=" " * 2000, metadata_json="{}", model_h5="")
    for name in ("model.json", "m.keras"):
        with pytest.raises(ValueError, match="An architecture must be at most 1000 bytes"):
            keras_acts.load_legacy(tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"path": None}, TypeError, "`path` of load_legacy must be the path of a file. Received: path=None"),
        ({"weights": 3}, TypeError, "`weights` of load_legacy must be the path of a file. Received: weights=3"),
        (
            {"weights": "w.h5"},
            ValueError,
            "`weights` must be left out for a model with its weights. Received: weights='w",
        ),
        ({"tfa_gelu": "yes"}, ValueError, "`tfa_gelu` of load_legacy must be True or False"),
    ],
)
def test_arguments_of_another_kind_are_refused(arguments, error, said, tmp_path):
    path = of_one("2.10.0", 0, "relu").save(tmp_path / "old.h5")
    with pytest.raises(error, match=said):
        keras_acts.load_legacy(**{"path": path, **arguments})


@pytest.mark.parametrize("way", ["link", "external", "shape", "layer", "missing", "lost"])
def test_weights_are_those_of_the_model_and_of_no_other_file(way, tmp_path):
    written = of_one("2.10.0", 0, "relu")
    path = written.save(tmp_path / "old.h5")
    (tmp_path / "secret").write_bytes(b"\0" * 4 * 36)
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["w"] = np.zeros((6, 6), "float32")
    with h5py.File(path, "r+") as file:
        first = file["model_weights/dense_0/dense_0"]
        if way in ("link", "external", "lost"):
            del first["kernel:0"]
        if way == "link":
            first["kernel:0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/w")
        elif way == "external":
            first.create_dataset("kernel:0", (6, 6), "float32", external=[(str(tmp_path / "secret"), 0, 144)])
        elif way == "shape":
            del first["bias:0"]
            first["bias:0"] = np.zeros(7, "float32")
        elif way == "layer":
            file["model_weights"].move("dense_0", "other")
            file["model_weights"].attrs["layer_names"] = [b"other", b"dense_1"]
        elif way == "missing":
            file["model_weights"].attrs["layer_names"] = [b"dense_0"]
    said = (
        "do not fit the architecture: it holds (a weight|'dense_0/|weights of shapes|a layer|nothing for|no 'dense_0/)"
    )
    with pytest.raises(ValueError, match=said):
        keras_acts.load_legacy(path)


# ---- Converting ------------------------------------------------------------------------------------------------------


def test_an_existing_file_is_replaced_only_if_asked(tmp_path):
    path = of_one("2.10.0", 0, "Addons>mish").save(tmp_path / "old.h5")
    (tmp_path / "new.keras").write_text("precious")
    with pytest.raises(FileExistsError, match=r"`target` exists already\. Pass overwrite=True"):
        compat.convert(path, tmp_path / "new.keras")
    assert (tmp_path / "new.keras").read_text() == "precious"
    compat.convert(path, tmp_path / "new.keras", overwrite=True)
    keras.models.load_model(tmp_path / "new.keras")
    with pytest.raises(ValueError, match=r"must be a file that ends in \.keras"):
        compat.convert(path, tmp_path / "new.h5")
    with pytest.raises(OSError, match="`target` cannot be written"):
        compat.convert(path, tmp_path / "no_folder" / "new.keras")


@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_what_was_there(existing, tmp_path, monkeypatch):
    path = of_one("2.10.0", 0, "Addons>mish").save(tmp_path / "old.h5")
    if existing:
        (tmp_path / "new.keras").write_text("precious")

    def save(self, target, **kwargs):
        Path(target).write_text("half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Sequential, "save", save)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match=r"`target` cannot be written \(No space left on device\)"):
        compat.convert(path, tmp_path / "new.keras", overwrite=True)
    assert sorted(os.listdir(tmp_path)) == before
    assert not existing or (tmp_path / "new.keras").read_text() == "precious"


def test_what_does_not_come_back_is_not_written(tmp_path, monkeypatch):
    path = of_one("2.10.0", 0, "Addons>mish").save(tmp_path / "old.h5")
    load = keras.models.load_model

    def other(*args, **kwargs):
        model = load(*args, **kwargs)
        model.weights[0].assign(model.weights[0] + 1e-6)
        return model

    monkeypatch.setattr(keras.models, "load_model", other)
    with pytest.raises(ValueError, match="does not come back the same"):
        compat.convert(path, tmp_path / "new.keras")
    assert os.listdir(tmp_path) == ["old.h5"]


# ---- keras.models.load_model -----------------------------------------------------------------------------------------

BY_KERAS = """
import keras, numpy as np, pathlib
import keras_acts, keras_acts.compat.tfa

for path in sorted(pathlib.Path("files").iterdir()):
    if path.suffix in (".h5", ".keras"):
        kept = np.load(path.with_suffix(".npz"))
        model = keras.models.load_model(path, compile=False)
        for each in (model, keras_acts.load_legacy(path)):
            np.testing.assert_allclose(each(kept["x"]), kept["y"], rtol=1e-4, atol=1e-5, err_msg=str(path))
        model.save("again.keras")
        np.testing.assert_array_equal(keras.models.load_model("again.keras")(kept["x"]), model(kept["x"]))

def lisht(x):
    return x + 42.0

own = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=lisht)])
own.save("own.keras")
try:
    keras.models.load_model("own.keras")
except TypeError as error:
    assert "Could not locate function 'lisht'" in str(error)
else:
    raise AssertionError("another author's function was taken for that of TF Addons")
keras.saving.get_custom_objects().clear()
assert keras.layers.Dense(2, activation="Addons>gelu").activation == keras_acts.get("tfa:gelu")
"""


@pytest.mark.slow
def test_after_the_import_keras_itself_reads_names_of_tf_addons(tmp_path):
    (tmp_path / "files").mkdir()
    for i, kind in enumerate([*legacy_models.STRINGS, *legacy_models.LAYERS]):
        is_function = kind in legacy_models.STRINGS
        if kind.startswith("Addons>") and not (is_function and KERAS < (3, 11)):  # H5_TAKES_NO_FUNCTION of backends.py
            written = of_one("2.10.0", i, kind)
            written.layers.insert(
                0, {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 6], "name": "i"}}
            )
            del written.layers[1]["config"]["batch_input_shape"]
            path = written.save(tmp_path / "files" / f"{i}.h5")
            np.savez(path.with_suffix(".npz"), x=written.x, y=written.value)
    for kept in KEPT:
        if "tfa" in kept.stem and kept.stem.endswith("keras") and "gelu" not in kept.stem:
            path, _, x, y = unpacked(kept, tmp_path / "files")
            np.savez(path.with_suffix(".npz"), x=x, y=y[0])
    fresh_process.run(BY_KERAS, tmp_path)


@pytest.mark.parametrize(
    ("name", "right"), [("Addons>mish", "tfa:mish"), ("Addons>Maxout", "tfa:Maxout"), ("Addons>GELU", "tfa:gelu")]
)
def test_an_error_about_a_name_of_a_file_says_what_to_import(name, right):
    for call in (keras_acts.get, keras_acts.layers.get):
        with pytest.raises(ValueError, match=rf"{right}.*`import keras_acts\.compat\.tfa`"):
            call(name)
    with pytest.raises(ValueError, match="Unknown activation") as error:
        keras_acts.get("Addons>nothing")
    assert "import keras_acts.compat" not in str(error.value)
