"""The command line, as a user meets it."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import legacy_models
import numpy as np
import pytest
from PIL import Image
from subjects import some_per_change
from typer.testing import CliRunner

import keras_acts
from keras_acts import _command, cli, layers
from keras_acts.cli import showing


@pytest.fixture
def call(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "dumb")  # no colours: the text is what counts

    def call(*arguments):
        return CliRunner().invoke(cli.app, arguments)

    return call


def refused(result):
    """The one line that a refused call prints."""
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.strip().split("\n")
    assert len(lines) == 1
    return lines[0]


def is_picture(path):
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return pixels.shape[0] > 300 and pixels.shape[1] > 300 and len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


# ---- list ------------------------------------------------------------------------------------------------------------


def listed(result):
    assert result.exit_code == 0, result.output
    # Names begin in the first column; continued cells of the others are indented.
    first_words = [line.split()[0] for line in result.stdout.splitlines() if line[1:2].strip()]
    return [word for word in first_words if word in ALL or word in layers.names()]


ALL = keras_acts.names()


def test_list_shows_every_activation(call):
    result = call("list")
    assert listed(result) == [*ALL, *layers.names()]
    total = len(ALL) + len(layers.names())
    assert f"{total} of {total} activations" in result.stdout


def test_a_pipe_gets_every_activation_on_one_line(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = CliRunner().invoke(cli.app, ["list"]).stdout.splitlines()
    for name in (*ALL, *layers.names()):
        record = keras_acts.info(name) if name in ALL else layers.info(name)
        row = next(line for line in lines if line.split()[:1] == [name])
        assert record.summary in row
        assert cli.console.formulas(record)[0] in row
    aliases = "".join(CliRunner().invoke(cli.app, ["show", "leaky_relu"]).stdout)
    assert f"jax: {', '.join(keras_acts.info('leaky_relu').aliases['jax'])}" in aliases


def test_list_filters_by_trait_and_family(call):
    assert listed(call("list", "--trait", "periodic")) == keras_acts.names(trait="periodic")
    assert listed(call("list", "--family", "normal_gated")) == keras_acts.names(family="normal_gated")
    both = set(keras_acts.names(trait="smooth")) & set(keras_acts.names(family="normal_gated"))
    assert set(listed(call("list", "--family", "normal_gated", "--trait", "smooth"))) == both


def test_list_marks_layers(call):
    assert listed(call("list", "--kind", "layer")) == layers.names()
    assert listed(call("list", "--kind", "function")) == ALL
    assert "StarReLU" in listed(call("list", "MetaFormer"))
    line = next(line for line in call("list", "PReLU").stdout.splitlines() if line.split()[:1] == ["PReLU"])
    assert line.split()[:3] == ["PReLU", "layer", "learned_rectifiers"]
    assert refused(call("list", "--kind", "x")) == "Error: `kind` must be one of: function, layer. Received: 'x'"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mis", "mish"),  # name
        ("leakyrelu", "leaky_relu"),  # alias, whatever the case
        ("swish", "silu"),  # alias in Keras
        (r"\tanh(\log", "mish"),  # formula in LaTeX
        ("tanh(log(", "mish"),  # formula as printed
        ("MobileNetV3", "hard_silu"),  # summary
    ],
)
def test_list_finds_text_in_name_alias_formula_and_summary(call, text, name):
    assert name in listed(call("list", text))


def test_list_says_when_nothing_fits(call):
    result = call("list", "nosuchthing")
    assert result.exit_code == 0
    assert result.stdout == "No activation fits. `keras-acts list` shows all.\n"


def test_list_refuses_unknown_traits_and_families(call):
    assert refused(call("list", "--trait", "smoth")).startswith("Error: `trait` must be one of: smooth, ")
    message = refused(call("list", "--family", "x"))
    assert message.endswith("Received: 'x'")
    assert "periodic" in message


# ---- show ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "step(surrogate='atan')",
            ["in place of f'(x): alpha / 2 / (1 + (pi * ", "surrogate of f'(x) from 0.00404 to 1"],
        ),
        ("trunc_exp", ["in place of f'(x): exp(clip(x, -15, 15))", "surrogate of f'(x) from"]),
        ("JumpReLU", ["in place of the derivative by threshold: where(abs(x - threshold) < bandwidth / 2, "]),
    ],
)
def test_show_says_what_is_no_derivative(call, text, parts):
    shown = call("show", text).stdout
    assert [part for part in parts if part not in shown] == []
    assert "in place of" not in call("show", "step").stdout


def test_show_tells_all_that_is_known(call):
    result = call("show", "leaky_relu")
    assert result.exit_code == 0
    for part in (
        "ReLU that keeps a small slope for negative inputs.",
        "f(x) = max(x, 0) + negative_slope * min(x, 0)",
        r"\max(x, 0) + \mathrm{negative\_slope} \, \min(x, 0)",
        "monotonic, piecewise_linear",
        "Maas et al. 2013",
        "torch: LeakyReLU(negative_slope=0.01)",
        keras_acts.info("leaky_relu").source,
        "slope for x < 0",
        "a finite number >= 0",
        "0.2",
        "Its units cannot die.",
        "[-1.0, 0.0, 5.0]",
        "f(x) from -1 to 5",
        "f'(x) from 0.2 to 1",
    ):
        assert part in result.stdout, part
    assert sum("\u2800" < character <= "\u28ff" for character in result.stdout) > 40


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [
        ("selu", "LecunNormal by keras_acts.paired; gain 1"),
        ("relu", "HeNormal by keras_acts.paired; gain 1.4142"),
        ("gelu", "VarianceScaling(scale=2.3517) by keras_acts.paired; gain 1.5335"),
        ("softmax", "none: it has no gain"),
    ],
)
def test_show_names_the_initializer_that_fits(call, activation, initializer):
    assert f"Initializer  {initializer}" in call("show", activation).stdout


def test_sources_are_where_the_declarations_are():
    root = Path(keras_acts.__file__).parent.parent
    for source, declared in (
        (keras_acts.info("mish").source, "def mish("),
        (keras_acts.info("softmax").source, "def softmax("),
        (layers.info("PReLU").source, "class PReLU("),
    ):
        path, _, line = source.rpartition(":")
        below = (root / path).read_text(encoding="utf-8").splitlines()[int(line) - 1 :]
        assert next(text for text in below if text.startswith(("def ", "class "))).startswith(declared)


def test_show_takes_spec_strings_and_aliases(call):
    result = call("show", "elu(alpha=0.5)")
    assert result.exit_code == 0
    assert "elu(alpha=0.5)" in result.stdout
    assert "Here" in result.stdout
    assert "f(x) from -0.497 to 5" in result.stdout
    assert call("show", "swish").stdout.startswith("silu ")
    assert "f(x) = where(beta * x > threshold, x, " in call("show", "softplus(threshold=20.0)").stdout
    assert "f(x) = log(1 + exp(beta * x)) / beta" in call("show", "softplus").stdout
    assert "leaky_relu(negative_slope=0.01)" in call("show", "torch:LeakyReLU").stdout


@pytest.mark.parametrize("name", some_per_change(ALL))
def test_show_works_for_every_activation(call, name):
    result = call("show", name)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 120


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        ("snak", "Error: Unknown activation. Did you mean 'snake'?"),
        ("elu(alpha=", "Error: An activation string must be a name, or a name with literal parameters"),
        ("elu(__import__('os'))", "Error: An activation string must be a name, or a name with literal parameters"),
        ("elu(alpha=-1.0)", "Error: `alpha` of 'elu' must be a finite number >= 0. Received: alpha=-1.0"),
        ("elu(slope=1.0)", "Error: 'elu' has no parameter `slope`; it takes `alpha`. Received: slope=1.0"),
        ("prelu", "Error: 'prelu' is not an activation function but a layer"),
        ("PReLU(slope=1.0)", "Error: 'PReLU' has no argument `slope`; it takes `alpha_initializer`"),
    ],
)
def test_show_refuses_in_one_line(call, activation, message):
    assert refused(call("show", activation)).startswith(message)


def test_show_tells_all_of_a_layer(call):
    result = call("show", "PReLU")
    assert result.exit_code == 0
    for part in (
        "Leaky ReLU whose slope for negative inputs is learned.",
        "f(x) = x if x > 0, else alpha x",
        "layer: keras_acts.layers.PReLU",
        "alpha: 8   (for 8 channels)",
        layers.info("PReLU").source,
        "torch: PReLU(num_parameters=1, init=0.25)",
        "arXiv:1502.01852",
        "alpha_constraint",
        "constraint on the slopes, or None.",
        "0.25",
        "Delving Deep into Rectifiers",
    ):
        assert part in result.stdout, part
    assert "alpha: 1 in all" in call("show", "torch:PReLU").stdout


@pytest.mark.parametrize("name", layers.names())
def test_show_works_for_every_layer(call, name):
    result = call("show", name)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 120
    assert refused(call("show", name, "--save", "x.png")).startswith("Error: `save` draws the curve of a function")


def test_errors_are_red_in_a_terminal(call, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert call("show", "mis").stderr.startswith("\x1b[31mError: ")


def test_show_saves_a_picture(call, tmp_path):
    path = tmp_path / "[red]mish.png"  # the path is no markup
    result = call("show", "mish", "--save", str(path))
    assert result.exit_code == 0
    assert f"Plot written to {path}" in result.stdout
    assert is_picture(path)


def test_show_refuses_files_that_cannot_be_written(call, tmp_path):
    for path in (tmp_path / "missing" / "mish.png", tmp_path / "mish.nosuchformat"):
        result = call("show", "mish", "--save", str(path))
        assert result.exit_code == 2
        assert "`save` must be an image file that can be written. Received:" in result.stderr
        assert len(result.stderr.strip().split("\n")) == 1
    assert list(tmp_path.iterdir()) == []


def test_show_does_without_braille_where_the_terminal_has_none(call, monkeypatch):
    monkeypatch.setattr(showing.Console, "encoding", "ascii")
    result = call("show", "mish")
    assert result.exit_code == 0
    assert "`--save FILE.png` draws the plot" in result.stdout
    assert not any("\u2800" <= character <= "\u28ff" for character in result.stdout)


# ---- The extra -------------------------------------------------------------------------------------------------------

WITHOUT_THE_EXTRA = """
import sys
import keras  # itself imports matplotlib and scikit-learn where they are installed
before = set(sys.modules)
import keras_acts
ours = ("keras_acts.cli", "keras_acts.plots", "keras_acts.experiments")
loaded = {*(name.partition(".")[0] for name in set(sys.modules) - before), *(set(ours) & set(sys.modules))}
print("loaded:", sorted(loaded & {"matplotlib", "sklearn", "scipy", "typer", *ours}))
from keras_acts.__main__ import main
calls = (["typer", "list"], ["sklearn", "compare"], ["matplotlib", "show", "mish", "--save", "x.png"])
calls += (["ray", "compare", "--engine", "ray", "--data", "iris"], ["yaml", "compare", "--plan", "x.yml"])
for missing, *arguments in calls:
    sys.argv = ["keras-acts", *arguments]
    sys.modules[missing] = None  # importing it fails as if it were not there
    try:
        main()
    except SystemExit as exit:
        print("exit:", exit.code)
    del sys.modules[missing]
"""


@pytest.mark.slow
def test_the_library_does_without_the_extra_and_the_command_says_what_to_install(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith(("loaded:", "exit:"))]
    assert said == [
        "loaded: []",
        *(
            f"exit: keras-acts needs {missing}. Install it with, in a clone of the repository: pip install '.[compare]'"
            for missing in ("typer", "sklearn", "matplotlib")
        ),
        "exit: keras-acts needs ray. Install it with, in a clone of the repository: pip install '.[ray]'",
        "exit: keras-acts needs yaml. Install it with, in a clone of the repository: pip install '.[compare]'",
    ]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())  # a refused comparison leaves no folder


# ---- The start -------------------------------------------------------------------------------------------------------

SCRIPT = "import sys\nfrom keras_acts.__main__ import main\nif __name__ == '__main__':\n    sys.exit(main())\n"


def started(*arguments, script=None, python=()):
    """The command in a process of its own, as `python -m keras_acts` or as an installed script."""
    program = ["-m", "keras_acts"] if script is None else [str(script)]
    path = os.pathsep.join([str(Path(keras_acts.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_CPP")}
    return subprocess.run(
        [sys.executable, *python, *program, *arguments],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": path, "TERM": "dumb"},
        timeout=300,
        check=False,
    )


@pytest.fixture
def script(tmp_path):
    (tmp_path / "keras-acts").write_text(SCRIPT)
    return tmp_path / "keras-acts"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--help",), 0, "Usage: keras-acts "),
        (("compare", "--help"), 0, "circles-units"),
        (("--version",), 0, f"keras_acts {keras_acts.__version__}\n"),
        (("shwo", "relu"), 2, "No such command 'shwo'. Did you mean 'show'?"),
        (("list", "--tait", "smooth"), 2, "No such option: --tait"),
        (("compare", "--seeds", "many"), 2, "--seeds"),
    ],
)
@pytest.mark.parametrize("installed", [False, True])
def test_help_version_and_wrong_arguments_need_no_tensorflow(script, installed, arguments, code, said):
    done = started(*arguments, script=script if installed else None, python=("-X", "importtime"))
    lines = done.stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if line.startswith("import time:")}
    other = "\n".join(line for line in lines if not line.startswith("import time:"))
    assert done.returncode == code
    assert said in (done.stdout if code == 0 else other)
    assert code == 2 or other == ""
    assert "keras_acts" in loaded
    assert not loaded & {"tensorflow", "keras", "numpy", "rich"}


@pytest.mark.nightly
@pytest.mark.parametrize("installed", [False, True])
def test_commands_are_run_without_the_noise_of_tensorflow(script, installed):
    place = script if installed else None
    shown = started("show", "relu", script=place)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Rectified linear unit" in shown.stdout
    wrong = started("show", "rellu", script=place)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("Error: Unknown activation. Did you mean 'relu'")
    assert wrong.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "orig_argv", "starting"),
    [
        (["-m", "list"], ["python", "-m", "keras_acts", "list"], True),
        (["-m"], ["python", "-X", "importtime", "-m", "keras_acts"], True),
        (["/a/bin/keras-acts", "--help"], ["/a/bin/python", "/a/bin/keras-acts", "--help"], True),
        (["-m", "list"], ["python", "-m", "pytest", "list"], False),
        (["/a/pytest/__main__.py", "keras_acts"], ["python", "-m", "pytest", "keras_acts"], False),
        (["-c", "keras_acts"], ["python", "-c", "import keras_acts", "keras_acts"], False),
        (["keras_acts"], ["python", "run.py", "keras_acts"], False),
        (["train.py"], ["python", "train.py"], False),
        ([""], ["python"], False),
        ([], [], False),
        # A worker of the command has its arguments, but was not started with them.
        (
            ["/a/bin/keras-acts", "compare"],
            ["python", "-c", "from multiprocessing...", "--multiprocessing-fork"],
            False,
        ),
    ],
)
def test_only_the_command_itself_is_taken_for_the_command(monkeypatch, argv, orig_argv, starting):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "orig_argv", orig_argv)
    assert _command.is_starting() == starting


# ---- convert ---------------------------------------------------------------------------------------------------------


def test_convert_writes_a_file_for_keras_3(call, tmp_path):
    written = legacy_models.Written("2.15.0", 1)
    written.dense("Addons>lisht")
    written.layers[0]["config"]["activation"] = "gelu"
    old, new = written.save(tmp_path / "old.h5"), tmp_path / "new.keras"

    def convert(*arguments):
        return call("convert", *map(str, arguments))

    said = convert(old, new).output
    assert "Written: " in said
    assert "(1 layers, 42 numbers)" in said
    assert "--tfa-gelu or --no-tfa-gelu" in said
    assert keras.models.load_model(new).layers[0].activation is keras.activations.gelu
    assert "`target` exists already. Pass --overwrite to replace it." in refused(convert(old, new))
    assert "Warning" not in convert(old, new, "--overwrite", "--tfa-gelu").output
    assert keras.models.load_model(new).layers[0].activation == keras_acts.get("tfa:gelu")
    (tmp_path / "old.json").write_text(written.architecture())
    alone = written.save(tmp_path / "weights.h5", with_architecture=False)
    assert convert(tmp_path / "old.json", tmp_path / "b.keras", "--weights", alone).exit_code == 0
    before = sorted(tmp_path.iterdir())
    for arguments in ((tmp_path / "none.h5", new), (old, tmp_path / "c.h5"), (alone, tmp_path / "c.keras")):
        assert str(arguments[arguments[0] == old]) in refused(convert(*arguments, "--overwrite"))
    assert sorted(tmp_path.iterdir()) == before
