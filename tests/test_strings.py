"""Activation strings in Keras layers, after nothing but `import keras_acts`."""

import random
import re
from unittest import mock

import fresh_process
import keras
import numpy as np
import pytest
from backends import H5_TAKES_NO_FUNCTION, KERAS, values
from keras import ops

import keras_acts

RNG = np.random.default_rng(0)

# Layer with the activation under test, shape of its input, and the argument that takes the activation.
HOSTS = {
    "Dense": (lambda **kw: keras.layers.Dense(3, **kw), (2, 4), "activation"),
    "Conv2D": (lambda **kw: keras.layers.Conv2D(3, 2, **kw), (2, 4, 4, 2), "activation"),
    "SeparableConv2D": (lambda **kw: keras.layers.SeparableConv2D(3, 2, **kw), (2, 4, 4, 2), "activation"),
    "EinsumDense": (lambda **kw: keras.layers.EinsumDense("ab,bc->ac", 3, **kw), (2, 4), "activation"),
    "Activation": (lambda activation: keras.layers.Activation(activation), (2, 4), "activation"),
    "LSTM": (lambda **kw: keras.layers.LSTM(3, **kw), (2, 4, 2), "activation"),
    "LSTM recurrent": (lambda **kw: keras.layers.LSTM(3, **kw), (2, 4, 2), "recurrent_activation"),
    "GRU": (lambda **kw: keras.layers.GRU(3, **kw), (2, 4, 2), "activation"),
    "GRU recurrent": (lambda **kw: keras.layers.GRU(3, **kw), (2, 4, 2), "recurrent_activation"),
}

# Strings that Keras does not know, and the formula written out here.
FORMULAS = {
    "snake": lambda x: x + ops.sin(x) ** 2,
    "snake(frequency=2.0)": lambda x: x + ops.sin(2.0 * x) ** 2 / 2.0,
    "elu(alpha=0.5)": lambda x: ops.where(x > 0, x, 0.5 * (ops.exp(ops.minimum(x, 0.0)) - 1.0)),
    "swish_beta(3)": lambda x: x / (1.0 + ops.exp(-3.0 * x)),
    "keras_acts>relu2": lambda x: ops.maximum(x, 0.0) ** 2,
    "torch:LeakyReLU": lambda x: ops.where(x > 0, x, 0.01 * x),
}


@pytest.fixture
def custom_objects():
    registered = keras.saving.get_custom_objects()
    before = dict(registered)
    yield registered
    registered.clear()
    registered.update(before)


def table():
    return keras.src.activations.ALL_OBJECTS_DICT


def thrice(x):
    return 3.0 * x


class Scaled:
    """An activation as a class of the user's, made without arguments."""

    factor = 5.0

    def __call__(self, x):
        return self.factor * x


# ---- In layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("string", FORMULAS)
@pytest.mark.parametrize("host", HOSTS)
def test_string_gives_its_formula_in_the_layer(host, string):
    make, shape, argument = HOSTS[host]
    by_string, by_hand = make(**{argument: string}), make(**{argument: FORMULAS[string]})
    x = RNG.normal(size=shape).astype("float32")
    by_string.build(shape)
    by_hand.build(shape)
    weights = [RNG.normal(size=w.shape) for w in by_string.weights]
    by_string.set_weights(weights)
    by_hand.set_weights(weights)
    np.testing.assert_allclose(values(by_string(x)), values(by_hand(x)), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("string", ["snake", "elu(alpha=0.5)"])
def test_string_and_argument_of_get_are_the_same_thing(string):
    assert keras.layers.Dense(1, activation=string).activation == keras_acts.get(string)


@pytest.mark.filterwarnings("ignore:activation='sparsemax' is Keras' own")
@pytest.mark.parametrize("name", sorted({*keras_acts.names()} - {"threshold"}))
def test_every_name_works_as_a_string(name):
    layer = keras.layers.Activation(name)
    builtin = getattr(keras.activations, name, None)
    if builtin is not None:
        assert layer.activation is builtin
    else:
        x = ops.convert_to_tensor([[-1.5, 0.25, 2.0]])
        assert layer.activation is keras_acts.get(name)
        np.testing.assert_array_equal(values(layer(x)), values(keras_acts.get(name)(x)))


@pytest.mark.parametrize(
    ("string", "builtin"), [("gelu", "gelu"), ("swish", "silu"), ("hard_swish", "hard_silu"), ("linear", "linear")]
)
def test_built_in_names_keep_their_keras_meaning(string, builtin):
    assert keras.layers.Dense(1, activation=string).activation is getattr(keras.activations, builtin)
    assert keras.layers.LSTM(1, recurrent_activation=string).recurrent_activation is getattr(keras.activations, builtin)
    assert keras_acts.get(string) is not getattr(keras.activations, builtin)


def test_defaults_of_layers_keep_their_keras_meaning():
    lstm = keras.layers.LSTM(1)
    assert (lstm.activation, lstm.recurrent_activation) == (keras.activations.tanh, keras.activations.sigmoid)
    assert keras.layers.Dense(1).activation is keras.activations.linear


# ---- A user's own names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "factor"),
    [(thrice, 3.0), (keras.layers.Rescaling(4.0), 4.0), (Scaled, 5.0), (Scaled(), 5.0)],
    ids=["function", "layer", "class", "object"],
)
def test_custom_objects_resolve_by_their_bare_name(custom_objects, own, factor):
    custom_objects["my-own"] = own
    layer = keras.layers.Dense(2, activation="my-own", kernel_initializer="identity")
    np.testing.assert_array_equal(values(layer(np.float32([[-1.0, 2.0]]))), [[-factor, 2.0 * factor]])


def test_custom_object_scope_resolves_inside_the_scope_only():
    with keras.saving.custom_object_scope({"mine": thrice}):
        assert keras.layers.Dense(1, activation="mine").activation is thrice
    with pytest.raises(ValueError, match="Received: 'mine'"):
        keras.layers.Dense(1, activation="mine")


def test_custom_objects_win_over_ours(custom_objects):
    custom_objects["snake"] = thrice
    assert keras.activations.get("snake") is thrice
    assert keras_acts.get("snake") is keras_acts.activations.snake


@pytest.mark.parametrize("own", [thrice, Scaled, keras.layers.Rescaling(4.0)], ids=["function", "class", "layer"])
@pytest.mark.parametrize("name", ["gelu", "mish", "relu", "sparsemax", "swish"])
def test_built_ins_win_over_custom_objects_with_one_warning_at_construction(name, own, custom_objects):
    custom_objects[name] = own
    with pytest.warns(UserWarning, match=f"activation='{name}' is Keras' own.*pass the function itself") as caught:
        layer = keras.layers.Dense(2, activation=name)
    assert [warning.filename for warning in caught] == [__file__]
    assert layer.activation is keras.src.activations.ALL_OBJECTS_DICT[name]
    with keras.saving.custom_object_scope({name: own}), pytest.warns(UserWarning, match="Keras' own"):
        keras.layers.LSTM(2, recurrent_activation=name)
    layer(np.ones((1, 2)))  # no further word: warnings are errors
    keras.models.clone_model(keras.Sequential([keras.Input((2,)), layer]))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.parametrize("own", [thrice, keras_acts.get("tfa:gelu")], ids=["function", "object"])
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_what_load_model_is_given_for_a_built_in_name_counts(suffix, own, tmp_path, request):
    if suffix == "h5" and own is thrice and KERAS < (3, 11):
        request.applymarker(pytest.mark.xfail(raises=TypeError, reason=H5_TAKES_NO_FUNCTION))
    path = tmp_path / f"model.{suffix}"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="gelu")]).save(path)
    assert keras.models.load_model(path).layers[0].activation is keras.activations.gelu
    assert keras.models.load_model(path, custom_objects={"gelu": own}).layers[0].activation is own


def test_custom_objects_of_keras_acts_serve_files_with_bare_names():
    by_name = keras_acts.custom_objects()
    bare = {name for name in by_name if ">" not in name and name[0].islower()}
    of_keras = {name for name in keras_acts.names() if hasattr(keras.activations, name)}
    assert bare == {*keras_acts.names()} - of_keras - {"identity"}  # Keras' initializer
    assert by_name["snake"] is keras_acts.activations.snake
    config = keras.layers.Dense(2, activation=thrice).get_config()
    config["activation"]["config"] = config["activation"]["registered_name"] = "hard_sigmoid_legacy"
    with keras.saving.custom_object_scope(by_name):
        assert keras.layers.Dense.from_config(config).activation is keras_acts.activations.hard_sigmoid_legacy


def test_importing_puts_no_bare_name_into_the_custom_objects():
    ours = [name for name in keras.saving.get_custom_objects() if name.startswith("keras_acts>")]
    assert {f"keras_acts>activations.{name}" for name in keras_acts.names()} <= set(ours)
    assert {f"keras_acts>layers.{name}" for name in keras_acts.layers.names()} <= set(ours)
    assert all("." in name for name in ours)  # Keras takes a key that ends in ">snake" for anyone's `snake`
    bare = {name for name in keras_acts.custom_objects() if ">" not in name}
    assert not set(keras.saving.get_custom_objects()) & bare


# ---- Unknown names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("sanke", "'snake'"),
        ("LeakyReLU", "'leaky_relu'"),
        ("hardswish", "'hard_silu'"),
        ("SiLU", "'silu'"),
        ("gelu_new", "'gelu_tanh'"),
    ],
)
def test_unknown_string_in_a_layer_names_near_matches(wrong, right):
    with pytest.raises(ValueError, match=f"Unknown activation. Did you mean {right}.*Received: '{wrong}'"):
        keras.layers.Dense(1, activation=wrong)


NO_ACTIVATIONS = sorted(
    {
        name
        for module in (keras.activations, keras.layers)
        for name, thing in vars(module).items()
        if name.islower() and name[0] != "_" and name not in keras.src.activations.ALL_OBJECTS_DICT
    }
)


@pytest.mark.parametrize("name", ["InputSpec", *NO_ACTIVATIONS])
def test_a_function_of_keras_that_is_no_activation_is_not_called_a_layer(name):
    with pytest.raises(ValueError, match=f"Received: '{name}'") as caught:
        keras.layers.Dense(1, activation=name)
    for said in re.findall(r"keras\.layers\.(\w+)", str(caught.value)):
        assert issubclass(getattr(keras_acts.layers, said, None) or getattr(keras.layers, said), keras.Layer)


# ---- Entries of others in Keras' table ------------------------------------------------------------------------------


@pytest.fixture
def raw():
    """Keras' own table, in the state that it had, after the test."""
    keras_acts.uninstall()
    raw = table()
    before = dict(raw)
    keras_acts.install()
    yield raw
    raw.clear()
    raw.update(before)


def patched(entries, name, value):
    with mock.patch.dict(entries, {name: value}):
        assert entries[name] is value


CHANGES = {
    "set": lambda entries, name, value: entries.__setitem__(name, value),
    "update": lambda entries, name, value: entries.update({name: value}),
    "setdefault": lambda entries, name, value: entries.setdefault(name, value),
    "pop": lambda entries, name, value: entries.pop(name, None),
    "patch": patched,
}


@pytest.mark.parametrize("seed", range(15))
def test_what_others_enter_into_the_table_of_keras_stays(raw, seed):
    draw, expected, entered, held = random.Random(seed), dict(raw), [], [raw]
    for step in range(40):
        what = draw.choice(["change", "change", "install", "with", "leave", "uninstall"])
        if what == "change":  # in the table of the moment, or in one that they have from before
            what = draw.choice(sorted(CHANGES))
            name = draw.choice(["theirs", "other", "threshold"] + ["gelu"] * (what != "pop"))  # else it is ours
            value = draw.choice([lambda x, step=step: step + x, keras.layers.LeakyReLU(), expected.get(name, thrice)])
            for entries in (draw.choice([table(), draw.choice(held)]), expected):
                CHANGES[what](entries, name, value)
        elif what == "install":
            keras_acts.install(override=draw.choice([(), ["mish"]]))
        elif what == "with":
            entered.append(keras_acts.install(override=draw.choice([(), ["elu"], ["mish", "relu6"]])).__enter__())
        elif what == "leave" and entered:
            entered.pop(draw.randrange(len(entered))).__exit__()
        elif what == "uninstall":
            keras_acts.uninstall()
        held.append(table())
        assert raw == expected
        assert [*table()] == [*raw]
        for name in ("theirs", "other", "gelu"):
            if name in expected:
                assert table()[name] is table().get(name, None) is expected[name]
                assert keras.activations.get(name) is expected[name]
    keras_acts.uninstall()
    assert table() is raw


@pytest.mark.parametrize("where", [table, lambda: table().data], ids=["ours", "that of Keras"])
def test_override_gives_way_to_an_entry_of_others(raw, where):
    with keras_acts.install(override=["gelu"]):
        copy = table().copy()
        where()["gelu"] = thrice
        assert keras.activations.get("gelu") is thrice
        table().clear()
        table().update(copy)  # as who wants to undo it does
        assert keras.activations.get("gelu") is copy["gelu"] is not keras.activations.gelu
        assert raw["gelu"] is keras.activations.gelu
    assert keras.activations.get("gelu") is keras.activations.gelu


def test_an_entry_of_others_counts_without_a_warning(raw, custom_objects):
    for name in ("theirs", "threshold", "glu", "sparsemax", "snake"):
        table()[name] = custom_objects[name] = thrice
        assert keras.layers.Dense(1, activation=name).activation is thrice
    custom_objects["gelu"] = keras.activations.gelu
    assert keras.layers.Dense(1, activation="gelu").activation is keras.activations.gelu


def test_in_brackets_and_get_of_the_table_agree(raw, custom_objects):
    raw["theirs"] = custom_objects["own"] = thrice
    draw, letters = random.Random(0), "snake(elu=0.5,ph) :>x*"
    words = ["".join(draw.choices(letters, k=draw.randrange(9))) for _ in range(150)]
    known = [*keras_acts.names(), *FORMULAS, "theirs", "own", "formula: x*x", "glu", "keras_acts>elu(alpha=2)"]
    unknown = ["nonsense", "PReLU", "elu(alpha=-1)", "elu(slope=1)", "formula: x*", None, 3, (1,), "serialize", *words]
    default = object()
    for name in [*known, *unknown]:
        is_in, got = name in table(), table().get(name, default)
        assert is_in == (got is not default) == (name in known)
        if is_in:
            assert table()[name] == got == table().setdefault(name, None)
        else:
            assert table().get(name) is None
            with pytest.raises(KeyError):
                table()[name]
            with pytest.raises(
                (ValueError, TypeError), match=r"Received:|Could not interpret"
            ):  # a layer's user is told
                keras.layers.Dense(1, activation=name if name is not None else 3)
    assert table().pop("snake", None) is None
    assert set(table()) == set(raw)
    for name in ("snake", "keras_acts>snake", "elu(alpha=0.5)"):  # Keras has no function of its own under these
        assert keras.activations.deserialize(name) == name


# ---- install and uninstall ------------------------------------------------------------------------------------------


def works():
    return type(table()) is not dict and keras.activations.get("snake") is keras_acts.activations.snake


def test_uninstall_gives_keras_its_own_table_back_and_install_ours():
    keras_acts.uninstall()
    assert type(table()) is dict
    with pytest.raises(ValueError, match="Could not interpret activation function identifier: snake"):  # Keras' own
        keras.layers.Dense(1, activation="snake")
    assert keras_acts.activations.snake(0.0) == 0.0
    keras_acts.install()
    assert works()


def test_install_is_idempotent():
    keras_acts.uninstall()
    own = table()
    keras_acts.install()
    keras_acts.install()
    keras_acts.uninstall()
    assert table() is own
    keras_acts.uninstall()
    assert table() is own


def test_context_manager_restores_what_was_there():
    keras_acts.uninstall()
    with keras_acts.install():
        assert works()
    assert not works()


def test_context_manager_restores_after_an_error():
    keras_acts.uninstall()
    with pytest.raises(ZeroDivisionError), keras_acts.install():
        1 / 0  # noqa: B018
    assert not works()


def test_nested_context_managers_restore_step_by_step():
    builtin = keras.activations.gelu
    keras_acts.uninstall()
    with keras_acts.install(override=["gelu"]):
        with keras_acts.install():
            assert works()
            assert keras.activations.get("gelu") is builtin
        assert keras.activations.get("gelu") is not builtin
    assert keras.activations.get("gelu") is builtin
    assert not works()


def test_uninstall_inside_a_context_manager_is_undone_on_exit_and_can_be_repeated():
    with keras_acts.install(override=["gelu"]):
        keras_acts.uninstall()
        assert not works()
    assert works()
    keras_acts.uninstall()
    assert type(table()) is dict
    assert not works()


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["table", "module"])
def test_keras_without_the_private_table_gives_one_warning_and_all_else_works(gone, tmp_path):
    printed = fresh_process.run(
        f"""
        import sys, warnings, keras, numpy as np
        from keras.src import activations as private

        def get(identifier):  # a Keras that keeps its strings elsewhere
            if isinstance(identifier, dict):
                return keras.saving.deserialize_keras_object(identifier)
            return {{"relu": keras.activations.relu, None: keras.activations.linear}}.get(identifier, identifier)

        private.get = get
        if {gone == "table"}:
            del private.ALL_OBJECTS_DICT
        else:
            del keras.src.activations
            sys.modules["keras.src.activations"] = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import keras_acts
        print(*[w.message for w in caught if "keras_acts" in str(w.message)], sep="\\n")

        x = np.float32([[-1.0, 2.0]])
        expected = x + np.sin(2 * x) ** 2 / 2
        np.testing.assert_allclose(keras_acts.get("snake(2.0)")(x), expected, rtol=1e-6)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation=keras_acts.get("snake(2.0)"))])
        model.layers[0].set_weights([np.eye(2), np.zeros(2)])
        model.save("model.keras")
        np.testing.assert_allclose(keras.models.load_model("model.keras")(x), expected, rtol=1e-6)
        keras_acts.uninstall()
        """,
        tmp_path,
    )
    version = keras.__version__
    assert printed.strip() == (
        f"keras_acts could not find the table of activation strings in Keras {version}: strings such as "
        "activation='snake' will not work. Pass the function instead: activation=keras_acts.get('snake')."
    )
