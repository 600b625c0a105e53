"""`keras_acts.check`: every rule finds the sick, and none the sound."""

import json
import warnings
from pathlib import Path

import keras
import legacy_models
import numpy as np
import pytest
from check_models import SICK, SOUND, net
from keras import layers
from typer.testing import CliRunner

import keras_acts
from keras_acts import cli
from keras_acts.inspection import Finding, Findings, checking
from keras_acts.inspection.checking import rules

LEGACY = Path(__file__).parents[1] / "data" / "legacy"

# Of four models in a row: when each is tried.
SHARES = ([], [pytest.mark.slow], [pytest.mark.nightly], [pytest.mark.slow])


def made(make, seed):
    keras.utils.set_random_seed(seed)
    return make(np.random.default_rng(seed))


def strong(findings):
    return {finding.rule for finding in findings if finding.severity != "note"}


def drawn(names):
    """A quarter of the models at each change, half of them in the slow tests; the others, and other draws, at night."""
    for place, name in enumerate(names):
        for seed in range(3):
            marks = [pytest.mark.nightly] if seed else SHARES[place % 4]
            yield pytest.param(name, seed, marks=marks, id=f"{name}-{seed}")


@pytest.mark.parametrize(("name", "seed"), [*drawn(SICK)])
def test_the_sick_are_found_by_a_rule_of_their_kind(name, seed):
    expected, make = SICK[name]
    found = keras_acts.check(*made(make, seed))
    assert strong(found) & set(expected), str(found)
    assert found.failed


@pytest.mark.parametrize(("name", "seed"), [*drawn(SOUND)])
def test_the_sound_are_left_alone(name, seed):
    model, *data = made(SOUND[name], seed)
    for given in [(), data] if data else [()]:
        found = keras_acts.check(model, *given)
        assert strong(found) == set(), str(found)


def test_every_rule_has_a_sick_model():
    told = {rule for expected, _ in SICK.values() for rule in expected}
    quiet = {"custom_layers", "one_sided_output"}  # notes only
    of_state = {"gradient_not_finite"}  # below
    assert told | quiet | of_state == {rule.__name__ for rule in rules.RULES}


@pytest.mark.parametrize("name", ["one_softmax_unit", "dropout_at_the_end", "share_to_keep", "labels_from_1"])
def test_a_rule_that_is_left_out_is_noticed(name, monkeypatch):
    expected, make = SICK[name]
    left = tuple(rule for rule in rules.RULES if rule.__name__ not in expected)
    monkeypatch.setattr(checking, "RULES", left)
    assert not strong(keras_acts.check(*made(make, 0))) & set(expected)


def test_a_gradient_that_is_not_finite_is_put_down_to_its_layer():
    inputs = keras.Input((4,))
    h = layers.Dense(8, "tanh", name="hidden")(inputs)
    model = keras.Model(inputs, keras.ops.sqrt(keras.ops.sum(h * h, axis=-1, keepdims=True)))
    found = keras_acts.check(model, np.zeros((32, 4), "float32"))  # at 0 the slope of the root is infinite
    assert "gradient_not_finite" in strong(found), str(found)


# ---- What is left as it is ------------------------------------------------------------------------------------------


def test_the_model_is_the_same_afterwards():
    keras.utils.set_random_seed(0)
    stack = layers.Dense(8), layers.BatchNormalization(), layers.PReLU(), layers.Dropout(0.5), layers.Dense(1, "tanh")
    model = net((4,), *stack, loss="mse")
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    before, attributes = [w.copy() for w in model.get_weights()], [dict(vars(layer)) for layer in model.layers]
    outputs = model.predict(x, verbose=0)
    keras_acts.check(model, x, x[:, :1])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert [set(vars(layer)) for layer in model.layers] == [set(each) for each in attributes]
    assert model.layers[0].activation is attributes[0]["activation"]
    np.testing.assert_array_equal(model.predict(x, verbose=0), outputs)
    model.fit(x, x[:, :1], verbose=0)


def test_findings_print_as_a_table_worst_first():
    stack = layers.Dense(8, "relu"), layers.Dropout(0.9), layers.Dense(1, "softmax")
    found = keras_acts.check(net((4,), *stack, loss="binary_crossentropy"))
    assert [each.severity for each in found] == sorted((each.severity for each in found), key=checking.SEVERITIES.index)
    text = str(found)
    for each in found:
        assert each.rule in text
    assert found.as_dicts()[0]["layer"] == found[0].layer
    assert str(keras_acts.check(net((4,), layers.Dense(1), loss="mse"))) == "No findings."


def test_a_notebook_and_a_terminal_with_colours_get_the_same_text(monkeypatch):
    found = Findings([Finding("hidden", "activation", "is flat", "Use another")])
    text = str(found)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert str(found) == repr(found) == text
    assert "hidden" in text


def test_own_layers_are_named_and_not_guessed_at():
    class Twice(layers.Layer):
        def call(self, inputs):
            return 2.0 * inputs

    model = net((4,), layers.Dense(8, "relu"), Twice(name="own"), layers.Dense(1, "relu"), loss="mse")
    found = keras_acts.check(model)
    assert strong(found) == set()
    (note,) = [each for each in found if each.rule == "custom_layers"]
    assert "Twice" in note.reason


def test_a_subclassed_model_is_checked_without_order():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(8, "relu")
            self.drop = layers.Dropout(0.95)
            self.last = layers.Dense(1)

        def call(self, inputs):
            return self.last(self.drop(self.first(inputs)))

    model = Own()
    x = np.random.default_rng(0).uniform(0.0, 1000.0, (64, 4)).astype("float32")
    model(x)
    assert strong(keras_acts.check(model)) == {"heavy_dropout"}
    assert "heavy_dropout" in strong(keras_acts.check(model, x))


# ---- Bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda: ["model"], TypeError, r"`model` must be a keras.Model. Received: 'model' of type str"),
        (lambda: [keras.Sequential([layers.Dense(1)])], ValueError, r"`model` must be built: .* Received: <Sequential"),
        (lambda: [small(), np.zeros((3, 5))], ValueError, r"inputs are \[\(None, 4\)\]. Received: \[\(3, 5\)\]"),
        (lambda: [small(), np.zeros((3, 4)), np.zeros(2)], ValueError, r"same number of samples.* Received: \[2, 3\]"),
        (lambda: [small(), np.zeros((0, 4))], ValueError, r"at least 1. Received: \[0\]"),
        (lambda: [small(), None, np.zeros(2)], ValueError, r"`y` of check needs `x`"),
        (lambda: [small(), [["a", "b", "c", "d"]]], TypeError, r"`x` of check must hold arrays of numbers"),
        (lambda: [small(), iter([1])], TypeError, r"`x` of check must hold arrays of numbers"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        keras_acts.check(*arguments())


def small():
    return net((4,), layers.Dense(2, "relu"))


def test_x_and_y_may_be_lists_and_one_sample():
    model = net((4,), layers.Dense(2, "tanh"))  # relu may be dead for a single sample, rightly told
    assert strong(keras_acts.check(model, [[0.1, 0.2, 0.3, 0.4]])) <= {"constant_output"}


# ---- The command ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    sick = net((4,), layers.Dense(8, "relu"), layers.Dense(1, "softmax"), loss="binary_crossentropy")
    sound = net((4,), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid"), loss="binary_crossentropy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, that .h5 is old
        for name, model in (("sick", sick), ("sound", sound)):
            for suffix in ("keras", "h5"):
                model.save(folder / f"{name}.{suffix}")
    np.savez(folder / "data.npz", x=np.full((8, 4), np.nan), y=np.zeros((8, 1)))
    return folder


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize(("name", "code"), [("sick", 1), ("sound", 0)])
def test_command(files, name, code, suffix):
    result = CliRunner().invoke(cli.app, ["check", str(files / f"{name}.{suffix}"), "--json"])
    assert result.exit_code == code, result.output
    rules_found = {each["rule"] for each in json.loads(result.stdout)}
    assert ("softmax_over_one_value" in rules_found) == bool(code)


def test_command_prints_a_table_and_takes_data(files):
    result = CliRunner().invoke(cli.app, ["check", str(files / "sound.keras"), "--data", str(files / "data.npz")])
    assert result.exit_code == 1
    assert "input_not_finite" in result.stdout


def test_a_hard_sigmoid_of_keras_2_is_another_one_now(tmp_path):
    written = legacy_models.Written("2.10.0", seed=0)
    for activation in ("hard_sigmoid", "relu", "linear"):
        written.dense(activation)
    result = CliRunner().invoke(cli.app, ["check", str(written.save(tmp_path / "old.h5")), "--json"])
    assert result.exit_code == 1, result.output
    (found,) = [each for each in json.loads(result.stdout) if each["rule"] == "wrong_builtin"]
    assert "2.10.0" in found["reason"]
    assert "load_legacy" in found["fix"]


def test_a_file_that_keras_3_cannot_read_is_put_down_to_keras_2(tmp_path):
    kept = np.load(LEGACY / "tf2.15_nested.keras.npz")
    (tmp_path / "old.keras").write_bytes(kept["model"].tobytes())
    result = CliRunner().invoke(cli.app, ["check", str(tmp_path / "old.keras")])
    assert result.exit_code == 2
    assert "keras_acts.load_legacy" in result.stderr


def test_command_refuses_what_is_no_model(files, tmp_path):
    broken = tmp_path / "broken.keras"
    broken.write_text("no model")
    for path, words in ((tmp_path / "none.keras", "does not exist"), (broken, "custom_objects")):
        result = CliRunner().invoke(cli.app, ["check", str(path)])
        assert result.exit_code == 2
        assert words in result.stderr
