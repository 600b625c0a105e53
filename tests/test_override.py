"""`install(override=...)`: our functions under Keras' own strings, in files that do not need keras_acts."""

import importlib
import json
import random
import threading
import zipfile

import fresh_process
import keras
import numpy as np
import pytest
from keras import ops

import keras_acts

# Those whose declaration says that Keras means the same by the name; "threshold" is one that it does not.
SHARED = [name for name in keras_acts.names() if name in keras_acts.info(name).aliases.get("keras", ())]
BUILTIN = {name: getattr(keras.activations, name) for name in SHARED if hasattr(keras.activations, name)}
X = np.float32([[-3.0, -1.0, -0.25, 0.5, 2.0, 4.0]])


def marked(monkeypatch, name):
    """Calls of our function `name`, as a list that grows."""
    calls = []
    declaration = keras_acts.info(name)
    ours = declaration.function
    monkeypatch.setitem(declaration.__dict__, "function", lambda *args, **kw: calls.append(1) or ours(*args, **kw))
    return calls


@pytest.mark.parametrize("override", [["gelu", "mish", "elu"], "all"], ids=str)
@pytest.mark.parametrize("name", ["gelu", "mish", "elu"])
def test_override_puts_ours_under_the_built_in_string(override, name, monkeypatch):
    calls = marked(monkeypatch, name)
    keras.layers.Activation(name)(X)
    assert not calls
    keras_acts.install(override)
    layer = keras.layers.Activation(name)
    np.testing.assert_array_equal(layer(X), keras_acts.get(name)(X))
    assert calls
    assert layer.activation is not BUILTIN[name]
    assert (keras.activations.get("relu6") is BUILTIN["relu6"]) == (override != "all")


def test_override_is_right_where_the_built_in_is_wrong():
    x = np.float32([1e-5, -1e-5])
    keras_acts.install(override="elu")
    twin = keras.activations.get("elu")
    np.testing.assert_allclose(twin(x), np.where(x > 0, x, np.expm1(x.astype("float64"))), rtol=1e-7)


def test_override_in_a_with_statement_ends_with_it():
    with keras_acts.install(override=["gelu"]):
        assert keras.activations.get("gelu") is not BUILTIN["gelu"]
        assert keras.activations.get("mish") is BUILTIN["mish"]
    assert keras.activations.get("gelu") is BUILTIN["gelu"]
    with pytest.raises(ZeroDivisionError), keras_acts.install(override="all"):
        1 / 0  # noqa: B018
    assert keras.activations.get("gelu") is BUILTIN["gelu"]


@pytest.mark.parametrize("entered", [(0, 1), (1, 0)])
@pytest.mark.parametrize("left", [(0, 1), (1, 0)])
def test_overrides_of_two_threads_end_in_any_order(entered, left):
    plain = keras.src.activations.ALL_OBJECTS_DICT
    both = [keras_acts.install(override=[name]) for name in ("gelu", "mish")]
    for i in entered:
        both[i].__enter__()
    both[left[0]].__exit__()
    names = [name for name in ("gelu", "mish") if keras.activations.get(name) is not BUILTIN[name]]
    assert names == ["mish" if left[0] == 0 else "gelu"]
    both[left[1]].__exit__()
    assert keras.src.activations.ALL_OBJECTS_DICT is plain


def in_force():
    table = keras.src.activations.ALL_OBJECTS_DICT
    return {name for name, builtin in BUILTIN.items() if table[name] is not builtin}


@pytest.mark.parametrize("seed", range(25))
def test_overrides_made_entered_and_left_in_any_order_end_with_what_was_there(seed):
    draw, before = random.Random(seed), keras.src.activations.ALL_OBJECTS_DICT
    names = ["celu", "elu", "gelu", "mish", "relu6", "selu"]
    made, entered, ended = [], [], set()
    while names or made or entered:
        what = draw.choice(["make"] * bool(names) + ["enter"] * bool(made) + ["leave"] * bool(entered) + ["plain"])
        if what == "make":
            name = names.pop()
            made.append((name, keras_acts.install(override=[name])))
        elif what == "enter":
            entered.append(made.pop(draw.randrange(len(made))))
            entered[-1][1].__enter__()
        elif what == "leave":
            name, installation = entered.pop(draw.randrange(len(entered)))
            installation.__exit__()
            ended.add(name)
        elif entered:  # it ends with the `with` around it
            draw.choice([keras_acts.uninstall, keras_acts.install, lambda: keras_acts.install(override="silu")])()
            continue
        assert not in_force() & ended
        if what == "enter" and len(entered) == 1:
            assert in_force() <= {entered[0][0], *(name for name, _ in made)} | {"silu"}
    assert keras.src.activations.ALL_OBJECTS_DICT is before


def test_overrides_of_threads_that_overlap_end_with_what_was_there():
    before, together = keras.src.activations.ALL_OBJECTS_DICT, threading.Barrier(4)
    failures = []

    def work(name):
        draw = random.Random(name)
        try:
            for _ in range(40):
                together.wait()
                with keras_acts.install(override=[name]):
                    if draw.random() < 0.5:
                        keras.activations.get(name)(X)
                    with keras_acts.install():
                        pass
        except Exception as error:
            failures.append(error)
            together.abort()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("gelu", "mish", "elu", "relu6")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert keras.src.activations.ALL_OBJECTS_DICT is before


def test_one_installation_is_for_one_with_statement():
    installation = keras_acts.install(override=["gelu"])
    with installation:
        with pytest.raises(RuntimeError, match=r"write `with keras_acts.install\(...\)` each time"), installation:
            pass
        assert in_force() == {"gelu"}
    with pytest.raises(RuntimeError, match="is for one `with`"), installation:
        pass
    assert in_force() == set()


def test_a_new_override_replaces_the_one_before():
    keras_acts.install(override=["gelu"])
    keras_acts.install(override=["mish"])
    assert keras.activations.get("gelu") is BUILTIN["gelu"]
    assert keras.activations.get("mish") is not BUILTIN["mish"]


def test_all_overrides_all_but_those_that_keras_knows_by_identity():
    keras_acts.install(override="all")
    kept = {name for name, builtin in BUILTIN.items() if keras.activations.get(name) is builtin}
    assert kept == {"sigmoid", "softmax", "tanh"}
    lstm = keras.layers.LSTM(2)
    assert (lstm.activation, lstm.recurrent_activation) == (BUILTIN["tanh"], BUILTIN["sigmoid"])
    assert keras.activations.get(None) is keras.activations.linear


@pytest.mark.parametrize("name", BUILTIN)
def test_twin_is_called_and_saved_as_the_built_in(name):
    keras_acts.install(override=[name])
    twin = keras.activations.get(name)
    assert twin is not BUILTIN[name]
    assert twin.__name__ == BUILTIN[name].__name__
    assert keras.activations.serialize(twin) == keras.activations.serialize(BUILTIN[name]) == name
    np.testing.assert_allclose(twin(X), BUILTIN[name](ops.convert_to_tensor(X)), rtol=3e-5, atol=3e-6)


@pytest.mark.filterwarnings("ignore:activation='sparsemax' is Keras' own")
@pytest.mark.parametrize(
    "names",
    [["gelu", "sigmoid", "sparsemax", "tanh"], pytest.param(list(BUILTIN), marks=pytest.mark.slow)],
    ids=["some", "every"],
)
def test_all_overrides_keep_predictions_and_file(names, tmp_path):
    def network(name):
        keras.utils.set_random_seed(3)
        hidden = [keras.layers.Conv1D(6, 2, activation=name), keras.layers.Activation(name)]
        return keras.Sequential([keras.Input((5, 3)), *hidden, keras.layers.GRU(4), keras.layers.Dense(3, name)])

    x = np.random.default_rng(0).normal(size=(16, 5, 3)).astype("float32")
    for name in names:
        plain = network(name)
        with keras_acts.install(override="all"):
            ours = network(name)
            is_swapped = ours.layers[1].activation is not BUILTIN[name]
            ours.save(tmp_path / "ours.keras")
            got = ours(x)
        plain.save(tmp_path / "plain.keras")
        assert is_swapped == (name not in {"sigmoid", "softmax", "tanh"})
        if name != "sparsemax":  # Keras' own is wrong (3.15): its rows do not sum to 1
            np.testing.assert_allclose(got, plain(x), rtol=3e-5, atol=3e-6, err_msg=name)
        own, keras_own = (
            json.loads(zipfile.ZipFile(tmp_path / file).read("config.json")) for file in ("ours.keras", "plain.keras")
        )
        assert _without_labels(own) == _without_labels(keras_own)


def _without_labels(config):
    """The configuration without what differs from model to model: automatic names (`dense_3`) and addresses."""
    if isinstance(config, dict):
        return {key: _without_labels(value) for key, value in config.items() if key not in ("name", "shared_object_id")}
    return [_without_labels(value) for value in config] if isinstance(config, list) else config


def test_all_overrides_leave_the_cudnn_path_open(monkeypatch):
    rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    keras_acts.install(override="all")
    lstm = keras.layers.LSTM(2)
    assert rnn.cudnn_ok(lstm.activation, lstm.recurrent_activation, lstm.unroll, use_bias=lstm.use_bias)
    gru = keras.layers.GRU(2)
    assert rnn.cudnn_ok(gru.activation, gru.recurrent_activation, gru.unroll, gru.use_bias, reset_after=gru.reset_after)
    assert not rnn.cudnn_ok(keras_acts.activations.tanh, lstm.recurrent_activation, lstm.unroll, lstm.use_bias)


@pytest.mark.parametrize("name", ["relu", "relu6", "leaky_relu", "linear"])
def test_twin_leaves_integers_to_keras(name):
    keras_acts.install(override=[name])
    x = np.array([-2, 0, 7])
    expected = getattr(keras.activations, name)(x)
    got = keras.activations.get(name)(x)
    assert keras.backend.standardize_dtype(got.dtype) == keras.backend.standardize_dtype(expected.dtype)
    np.testing.assert_array_equal(got, expected)


def test_twin_leaves_symbolic_tensors_to_keras():
    keras_acts.install(override=["gelu"])
    x = keras.Input((4,))
    model = keras.Model(x, keras.activations.get("gelu")(x))
    assert "keras_acts" not in model.to_json()


def test_parameters_reach_ours_through_the_twin():
    keras_acts.install(override=["gelu", "leaky_relu"])
    gelu, leaky_relu = keras.activations.get("gelu"), keras.activations.get("leaky_relu")
    x = X.astype("float64")
    tanh_form = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(gelu(x, approximate=True), tanh_form, rtol=1e-12)
    np.testing.assert_allclose(gelu(x, True), tanh_form, rtol=1e-12)
    assert np.abs(gelu(x) - tanh_form).max() > 1e-5
    np.testing.assert_array_equal(leaky_relu(x, negative_slope=0.5), np.where(x > 0, x, 0.5 * x))


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_losses_still_find_the_logits_of_an_overridden_output(name):
    keras_acts.install(override=[name])
    logits = ops.convert_to_tensor(np.float32([[200.0, -200.0]]))
    output = keras.activations.get(name)(logits)
    np.testing.assert_array_equal(output._keras_logits, logits)
    # From the probabilities alone the loss could not be told from -log(epsilon) = 16.
    loss = keras.losses.CategoricalCrossentropy() if name == "softmax" else keras.losses.BinaryCrossentropy()
    expected = {"softmax": 400.0, "sigmoid": 200.0}[name]
    np.testing.assert_allclose(loss(np.float32([[0.0, 1.0]]), output), expected, rtol=1e-6)


@pytest.mark.parametrize("wrong", ["snake", "geluu", "glu", "threshold"])
def test_unknown_override_is_an_error_and_changes_nothing(wrong):
    keras_acts.install(override=["mish"])
    before = dict(keras.src.activations.ALL_OBJECTS_DICT)
    with pytest.raises(ValueError, match="`override` must hold names that both Keras and keras_acts have") as caught:
        keras_acts.install(override=["gelu", wrong])
    assert f"Received: '{wrong}'" in str(caught.value)
    assert "gelu" in str(caught.value)
    assert dict(keras.src.activations.ALL_OBJECTS_DICT) == before


@pytest.mark.slow
def test_overridden_model_loads_where_keras_acts_is_absent(tmp_path):
    keras.utils.set_random_seed(0)
    with keras_acts.install(override=["gelu", "mish", "elu"]):
        model = keras.Sequential(
            [
                keras.Input((5, 3)),
                keras.layers.Dense(8, activation="gelu"),
                keras.layers.Conv1D(8, 2, activation="mish"),
                keras.layers.GRU(8, activation="elu"),
                keras.layers.Activation("gelu"),
                keras.layers.Dense(2),
            ]
        )
        model.compile("sgd", keras.losses.MeanSquaredError())
        x = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
        model.fit(x, np.ones((4, 2), "float32"), verbose=0)
        expected = model.predict(x, verbose=0)
        model.save(tmp_path / "model.keras")
        model.save(tmp_path / "model.h5")
        reloaded = keras.models.load_model(tmp_path / "model.keras")
        assert reloaded.layers[0].activation is keras.activations.get("gelu")
        assert reloaded.layers[0].activation is not BUILTIN["gelu"]
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    assert "keras_acts" not in config
    layers = json.loads(config)["config"]["layers"]
    assert [layer["config"]["activation"] for layer in layers[1:5]] == ["gelu", "mish", "elu", "gelu"]
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "expected.npy", expected)
    fresh_process.run(
        """
        import keras, numpy as np
        for name in ("model.keras", "model.h5"):
            model = keras.models.load_model(name)
            assert model.layers[0].activation is keras.activations.gelu
            got = model.predict(np.load("x.npy"), verbose=0)
            np.testing.assert_allclose(got, np.load("expected.npy"), rtol=1e-5, atol=1e-5)
        assert "keras_acts" not in sys.modules
        """,
        tmp_path,
        before=fresh_process.WITHOUT_KERAS_ACTS,
    )


def test_our_function_passed_by_hand_is_saved_as_ours():
    with keras_acts.install(override="all"):
        layer = keras.layers.Dense(2, activation=keras_acts.activations.gelu)
    assert layer.get_config()["activation"]["config"] == "keras_acts>activations.gelu"
    assert keras.layers.Dense.from_config(layer.get_config()).activation is keras_acts.activations.gelu
