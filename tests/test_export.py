"""`export`: a file is run in its runtime and compared; a failure leaves nothing behind, and the model as it was."""

import csv
import errno
import importlib.util
import os
import pickle
import random
import re
import sys
import textwrap

import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner

import keras_acts
from keras_acts import _extras, cli
from keras_acts.carrying import exporting, int8_tables

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
RUNTIMES = [package for _, packages in exporting.FORMATS.values() for package in packages]
needs_runtimes = pytest.mark.skipif(
    not all(importlib.util.find_spec(package) for package in RUNTIMES), reason="the extra `export` is not installed"
)
SUFFIXES = {"onnx": "model.onnx", "litert": "model.tflite", "saved_model": "model"}


def first_slow(names):
    """The first of them with the slow tests, the others at night: an export takes ten seconds of a processor."""
    first, *others = names
    marked = [pytest.param(name, marks=pytest.mark.nightly) for name in others]
    return [pytest.param(first, marks=pytest.mark.slow), *marked]


def network(*activations, units=4):
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(units, activation=activation) for activation in activations]
    return keras.Sequential([keras.Input((4,)), *hidden, keras_acts.layers.PReLU(), layers.Dense(2)])


def held(model):
    """What of a model an export might change."""
    parts = [model, *model.layers]
    functions = [value for part in parts for name, value in vars(part).items() if "activation" in name]
    return functions, [weight.tobytes() for weight in model.get_weights()]


# ---- The files, in their runtimes ------------------------------------------------------------------------------------


@needs_runtimes
@pytest.mark.parametrize("format", first_slow(SUFFIXES))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_gives_what_the_model_gives(tmp_path, format):
    model = network("snake", "gelu", "xielu")
    before = held(model)
    written = keras_acts.export(model, tmp_path / SUFFIXES[format])
    assert (written.format, written.path) == (format, tmp_path / SUFFIXES[format])
    assert max(written.differences.values()) < 1e-5
    assert written.path.exists()
    assert os.listdir(tmp_path) == [SUFFIXES[format]]
    assert held(model) == before
    assert str(written).startswith(f"{written.path}: runs in ")
    assert ("Keras' gelu by the forms of keras_acts" in str(written)) == (format != "saved_model")


@pytest.mark.nightly
@needs_runtimes
def test_two_inputs_named_outputs_and_a_loop(tmp_path):
    sequence, vector = keras.Input((5, 4), name="sequence"), keras.Input((3,), name="vector")
    hidden = layers.Concatenate()([layers.LSTM(4, activation="snake")(sequence), vector])
    outputs = {"a": layers.Dense(2, "mish")(hidden), "b": layers.Dense(2, "entmax15")(hidden)}
    model = keras.Model({"sequence": sequence, "vector": vector}, outputs)
    for path in ("model.onnx", "model.tflite", "folder"):
        written = keras_acts.export(model, tmp_path / path)
        assert list(written.differences) == ["a", "b"]
        assert ("one sample at a time" in str(written)) == (path == "model.tflite")


@pytest.mark.nightly
@needs_runtimes
@pytest.mark.parametrize("quantize", exporting.QUANTIZE)
def test_quantized_files_are_near(tmp_path, quantize):
    model = network("mish", "selu", units=16)
    written = keras_acts.export(model, tmp_path / "model.tflite", quantize=quantize, representative=X)
    assert max(written.differences.values()) < 0.05


@needs_runtimes
@pytest.mark.parametrize("activation", first_slow(["selu", "elu", "mish"]))
def test_deep_networks_in_int8_classify_as_well(tmp_path, activation):
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    x, y = datasets.load_digits(return_X_y=True)
    x = (x / 8.0 - 1.0).astype("float32")
    keras.utils.set_random_seed(1)
    hidden = [layers.Dense(64, activation=activation) for _ in range(8)]
    model = keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x[:1200], y[:1200], epochs=12, verbose=0)
    settings = {"quantize": "int8", "representative": x[:200], "tolerance": 10.0}
    written = keras_acts.export(model, tmp_path / "model.tflite", **settings)
    run = exporting.converter.runner(str(written.path), "litert")
    (name,) = written.differences
    (key,) = exporting.Endpoint(model, x[:1], None).rows(x[:1])[0]
    in_int8 = np.argmax(run({key: x[1200:]})[name], axis=-1)
    in_float = np.argmax(model.predict(x[1200:], verbose=0), axis=-1)
    assert np.mean(in_float == y[1200:]) > 0.85
    assert np.mean(in_int8 == y[1200:]) >= np.mean(in_float == y[1200:]) - 0.03


@pytest.mark.slow
@needs_runtimes
def test_a_file_that_no_runtime_loads_is_an_error(tmp_path, monkeypatch):
    """Without the portable form, of operations that ONNX does not have."""
    monkeypatch.setattr(exporting.form, "portable", lambda: exporting.form.contextmanager(lambda: (yield))())
    with pytest.raises(RuntimeError, match="Expm1"):
        keras_acts.export(network("cloglog"), tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == []


def test_the_grid_is_that_of_the_converter():
    assert int8_tables.grid(-1.0, 1.55) == (pytest.approx(0.01), 100)
    assert int8_tables.grid(0.5, 2.55) == (pytest.approx(0.01), 0)
    assert int8_tables.grid(0.0, 0.0) == (1.0, 0)


def test_tables_are_within_half_a_step():
    """On the numbers of the grid, and between them, as the index is rounded to the nearest."""
    import tensorflow as tf

    x = np.linspace(-5.0, 3.0, 1000, dtype="float32")
    function = keras_acts.get("mish")
    tables = int8_tables.Tables(int8_tables.ranges(function, [x]))

    @tf.function(autograph=False)
    def looked_up(x):
        with tables.tracing():
            return function(x)

    step, _ = int8_tables.grid(-5.0, 3.0)
    index = np.floor(x / np.float32(0.5 * step))
    nearest = step * ((index + 1) // 2)
    np.testing.assert_allclose(looked_up(x), function(nearest.astype("float32")), atol=1e-5)
    assert np.max(np.abs(nearest - x)) <= 0.5 * step * 1.001


# ---- Failures: by scripts in place of the converter ------------------------------------------------------------------


@pytest.fixture
def convert_by(tmp_path_factory, monkeypatch):
    def convert_by(code):
        script = tmp_path_factory.mktemp("script") / "converter.py"
        script.write_text(textwrap.dedent(code), encoding="utf-8")
        monkeypatch.setattr(exporting.converter, "__file__", str(script))
        monkeypatch.setattr(exporting, "import_module", lambda name: None)  # whether the runtimes are here or not
        monkeypatch.setattr(exporting.Endpoint, "write", lambda self, folder, *_: folder.mkdir())

    return convert_by


ANSWER = """
    import pickle, sys, pathlib
    import numpy as np
    job = pathlib.Path(sys.argv[1])
    settings = pickle.loads(job.read_bytes())
    path = pathlib.Path(settings["path"])
    path.exists() or path.write_text("converted")
    outputs = [{outputs}] * len(settings["inputs"])
    job.with_suffix(".result").write_bytes(pickle.dumps({{"outputs": outputs, "runtime": "a script"}}))
"""
FAILURES = {
    "import os; os.abort()": (RuntimeError, r"died of signal 6"),
    "raise SystemError('no such operation')": (RuntimeError, r"failed. It said last:[\s\S]*no such operation"),
    "import signal; signal.pause()": (RuntimeError, r"took longer than timeout=1 seconds"),
    "pass": (RuntimeError, "failed"),
    ANSWER.format(outputs="np.zeros((16, 2))"): (ValueError, r"is off by 1 of the largest value in output 'output_0'"),
    ANSWER.format(outputs="np.full((16, 2), np.nan)"): (ValueError, r"is off by inf of the largest value"),
    ANSWER.format(outputs="np.zeros((16, 1))"): (ValueError, r"is off by inf"),
}


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_leaves_nothing_and_the_model_as_it_was(tmp_path, convert_by, code):
    convert_by(code)
    model = network("snake", "softplus")
    before, (error, said) = held(model), FAILURES[code]
    with pytest.raises(error, match=said):
        keras_acts.export(model, tmp_path / "model.onnx", timeout=1.0 if "pause" in code else 60.0)
    assert os.listdir(tmp_path) == []
    assert held(model) == before


def right(model):
    """The code of a script that gives what the model gives."""
    inputs = exporting.samples.drawn(model)
    outputs = [{"output_0": np.asarray(model(x, training=False))} for x in (inputs, exporting.samples.wide(inputs))]
    answer = f"pickle.loads({pickle.dumps(outputs)!r})"
    return ANSWER.format(outputs="ONE").replace('[ONE] * len(settings["inputs"])', answer)


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path, convert_by):
    model, path = network("snake"), tmp_path / "model.onnx"
    path.write_text("precious")
    convert_by("raise SystemError")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        keras_acts.export(model, path)
    with pytest.raises(RuntimeError):
        keras_acts.export(model, path, overwrite=True)
    assert path.read_text() == "precious"
    convert_by(right(model))
    written = keras_acts.export(model, path, overwrite=True)
    assert path.read_text() == "converted"
    assert (written.runtime, written.differences) == ("a script", {"output_0": 0.0})


def test_a_folder_of_something_else_is_not_replaced(tmp_path, convert_by):
    model, folder = network("snake"), tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter").write_text("precious")
    convert_by(right(model))
    with pytest.raises(FileExistsError, match="is no SavedModel, and is not replaced"):
        keras_acts.export(model, folder, overwrite=True)
    (folder / "saved_model.pb").write_text("")
    keras_acts.export(model, folder, overwrite=True)
    assert not (folder / "chapter").exists()


def test_built_ins_that_do_not_export_are_ours_while_a_model_is_traced(tmp_path, convert_by, monkeypatch):
    model = network("gelu", "relu", "sigmoid")
    model.layers[1].dtype_policy = "mixed_bfloat16"
    convert_by(right(model))
    seen = []
    monkeypatch.setattr(
        exporting.Endpoint,
        "write",
        lambda self, folder, *_: (
            seen.extend([*(each.activation for each in model.layers[:3]), model.layers[1].compute_dtype]),
            folder.mkdir(),
        ),
    )
    written = keras_acts.export(model, tmp_path / "model.onnx")
    assert seen == [keras_acts.activations.gelu, keras.activations.relu, keras.activations.sigmoid, "float32"]
    assert model.layers[1].dtype_policy.name == "mixed_bfloat16"
    assert model.layers[0].activation is keras.activations.gelu
    assert written.notes == (
        "computes in float32 what is in mixed precision, for which the runtimes have no operations",
        "computes Keras' gelu by the forms of keras_acts, which every runtime knows",
    )


@pytest.mark.parametrize("at", ["write", "replace"])
def test_a_full_disk(tmp_path, convert_by, monkeypatch, at):
    model = network("snake")
    convert_by(right(model))

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if at == "write":
        monkeypatch.setattr(exporting.Endpoint, "write", full)
    else:
        monkeypatch.setattr(exporting.os, "replace", full)
    with pytest.raises(OSError, match=r"No space left on device; nothing is left at the path: '.*model.onnx'"):
        keras_acts.export(model, tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == []


def test_sparsemax_of_keras_is_exported_with_a_warning(tmp_path, convert_by):
    with pytest.warns(UserWarning, match="Keras' own sparsemax"):
        model = network("sparsemax")
    convert_by(right(model))
    with pytest.warns(UserWarning, match="the file computes the same"):
        keras_acts.export(model, tmp_path / "model.onnx")


# ---- Bad input -------------------------------------------------------------------------------------------------------


BAD = [
    ({"path": "model.pb"}, ValueError, "`path` must end in .onnx or .tflite, or have no suffix"),
    ({"format": "coreml"}, ValueError, "'coreml'"),
    ({"path": "model.onnx", "format": "litert"}, ValueError, "must end in .tflite. Received: '.*model.onnx'"),
    ({"path": "model.tflite", "quantize": "int4"}, ValueError, "'int4'"),
    ({"quantize": "int8"}, ValueError, "`quantize` is for format='litert'"),
    ({"path": "model.tflite", "quantize": "int8"}, ValueError, "give some hundred of them in `representative`"),
    ({"path": "no/such/model", "overwrite": True}, FileNotFoundError, "folder of `path` does not exist"),
    ({"representative": X[:, :3]}, ValueError, r"takes, \(None, 4\).* Received: \(64, 3\)"),
    ({"representative": X[0]}, ValueError, r"Received: \(4,\)"),
    ({"representative": [X, X]}, ValueError, r"Received: \(2, 64, 4\)"),
    ({"representative": X[:0]}, ValueError, "no numbers in an array of shape"),
    ({"representative": np.where(X > 1.0, np.nan, X)}, ValueError, "NaN or infinity in an array"),
    ({"representative": [[1.0], [2.0, 3.0]]}, ValueError, "rows of different lengths"),
    ({"tolerance": -1.0}, ValueError, r"tolerance=-1.0"),
    ({"timeout": 0}, ValueError, r"timeout=0"),
    ({"representative": np.full((3, 4), "a")}, ValueError, "no numbers in an array of shape"),
]


@pytest.mark.parametrize(("arguments", "error", "said"), BAD, ids=range(len(BAD)))
def test_bad_input(tmp_path, monkeypatch, arguments, error, said):
    monkeypatch.setattr(exporting, "import_module", lambda name: None)  # whether the runtimes are here or not
    path = tmp_path / arguments.pop("path", "model")
    with pytest.raises(error, match=said):
        keras_acts.export(network("snake"), path, **arguments)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("given", ["model.keras", None])
def test_what_is_no_model_is_refused(tmp_path, given):
    with pytest.raises(TypeError, match=r"`model` must be a keras.Model. Received: "):
        keras_acts.export(given, tmp_path / "model")


def test_an_unbuilt_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be built first"):
        keras_acts.export(keras.Sequential([layers.Dense(3)]), tmp_path / "model")


@pytest.mark.parametrize("package", RUNTIMES)
def test_a_missing_runtime_names_its_extra(tmp_path, monkeypatch, package):
    others = [each for each in RUNTIMES if each != package]
    load = exporting.import_module
    monkeypatch.setattr(exporting, "import_module", lambda name: None if name in others else load(name))
    monkeypatch.setitem(sys.modules, package, None)
    path = SUFFIXES["litert" if package == "ai_edge_litert" else "onnx"]
    with pytest.raises(_extras.MissingExtraError, match=rf"needs {package}.*\[export\]"):
        keras_acts.export(network("snake"), tmp_path / path)
    assert os.listdir(tmp_path) == []


class OwnCall(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, activation="snake")

    def call(self, x):
        return self.dense(x)


@pytest.mark.nightly
@needs_runtimes
def test_a_model_with_a_call_of_its_own(tmp_path):
    model = OwnCall()
    model(X)
    with pytest.raises(ValueError, match="declares no inputs"):
        keras_acts.export(model, tmp_path / "model.onnx")
    written = keras_acts.export(model, tmp_path / "model.onnx", representative=X)
    assert max(written.differences.values()) < 1e-5


# ---- The page, the command and the kept table ------------------------------------------------------------------------

PAGE = exporting.Path(__file__).parent.parent / "docs" / "ship-it.md"


@pytest.mark.slow
@needs_runtimes
@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the repository, not in the wheel")
@pytest.mark.filterwarnings("default")  # of the exporters
def test_the_recipes_of_the_page(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 7
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(block, names)
    assert names["predicted"].shape == (256, 3)
    assert capsys.readouterr().out.count("runs in ") == 5
    files = {"model.onnx", "model.tflite", "small.tflite", "int8.tflite", "served", "portable.keras"}
    assert set(os.listdir(tmp_path)) == files


def test_the_command_says_what_export_says(tmp_path, convert_by):
    model = network("snake")
    model.save(tmp_path / "model.keras")
    convert_by(right(model))
    result = CliRunner().invoke(cli.app, ["export", str(tmp_path / "model.keras"), str(tmp_path / "model.onnx")])
    assert result.exit_code == 0, result.output
    assert "model.onnx: runs in a script; largest difference from the model: output_0 0.0e+00" in result.stdout
    again = CliRunner().invoke(cli.app, ["export", str(tmp_path / "model.keras"), str(tmp_path / "model.onnx")])
    assert again.exit_code == 2
    assert "overwrite=True" in again.stderr


def test_the_command_takes_typical_inputs_from_a_file(tmp_path, convert_by):
    model = network("snake")
    model.save(tmp_path / "model.keras")
    convert_by(right(model))
    np.save(tmp_path / "x.npy", X[:, :3])
    arguments = [str(tmp_path / name) for name in ("model.keras", "model.tflite", "x.npy")]
    result = CliRunner().invoke(cli.app, ["export", *arguments[:2], "--representative", arguments[2]])
    assert result.exit_code == 2
    assert "(64, 3)" in result.stderr


@pytest.mark.nightly
@needs_runtimes
@pytest.mark.parametrize("target", ["onnx", "litert", "litert_int8"])
@pytest.mark.filterwarnings("ignore")  # of the converters, which here work in the process of the test
def test_some_of_the_matrix(target, monkeypatch):
    """All of it is in benchmarks/results/portability.csv, by `python -m benchmarks.portability`."""
    portability = pytest.importorskip("benchmarks.portability", reason="the benchmarks are in the repository")
    elementwise = [
        case
        for case in portability.cases()
        if case.kind == "activation" and case.make.args and "over_axis" not in keras_acts.info(case.make.args[0]).traits
    ]
    monkeypatch.setattr(sys, "argv", sys.argv)  # which tf2onnx reads
    rows = portability.measured(random.Random(target).sample(elementwise, 12), target)
    assert [row for row in rows if row["result"] != "pass"] == []


TABLE = PAGE.parents[1] / "benchmarks" / "results" / "portability.csv"


@pytest.mark.skipif(not TABLE.exists(), reason="the table is in the repository, not in the wheel")
@pytest.mark.parametrize("target", ["onnx", "litert", "litert_int8"])
def test_the_kept_matrix_has_every_elementwise_activation_pass_or_a_reason(target):
    table = csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())
    rows = {row["subject"]: row for row in table if row["target"] == target and row["kind"] == "activation"}
    elementwise = set(keras_acts.names()) - set(keras_acts.names(trait="over_axis"))
    assert elementwise - rows.keys() == set()
    assert {name for name in elementwise if rows[name]["result"] != "pass"} <= {"finer"}
    assert [row for row in rows.values() if row["result"] != "pass" and not row["reason"]] == []
