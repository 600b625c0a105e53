"""What people write in ordinary places: names of nodes, classes for instances, variables, NumPy's scalars, integers."""

import fresh_process
import keras
import numpy as np
import pytest
import tensorflow as tf
from backends import LOADED_BY_OLD_KERAS

import keras_acts
from keras_acts import layers, plots


def drawn_specs(count=12):
    rng = np.random.default_rng(0)
    own = [name for name in keras_acts.names() if name != "threshold"]  # a string of Keras that needs its values
    names = [*own, "formula: x/(1 + abs(x))", "formula: -x*sigmoid(b*x), b=0.5", "elu(alpha=0.5)"]
    return [names[index] for index in rng.integers(0, len(names), count)] + names[-3:]


# ---- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
def test_the_nodes_of_a_functional_model_are_called_as_their_activation(tmp_path):
    keras.backend.clear_session()
    x = inputs = keras.Input((4,))
    for each in ("mish", "elu(alpha=0.5)", "mish", "formula: x/(1+abs(x))"):
        x = keras_acts.get(each)(x)
    model = keras.Model(inputs, keras.ops.elu(x))
    names = ["mish", "elu", "mish_1", "formula_x_1_abs_x", "elu_1"]  # the last is Keras' own
    assert [operation.name for operation in model.operations][1:] == names
    lines = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    assert "mish_1" in "\n".join(lines)
    assert "activation_operation" not in "\n".join(lines)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert [operation.name for operation in again.operations][1:-1] == names[:-1]  # Keras 3.8 counts its own anew
    x = np.linspace(-2.0, 2.0, 8, dtype="float32").reshape(2, 4)
    np.testing.assert_array_equal(again(x), model(x))


def test_a_slug_names_a_layer_whatever_the_activation(tmp_path):
    assert keras_acts.slug("mish") == keras_acts.slug(keras_acts.activations.mish) == "mish"
    assert keras_acts.slug(keras_acts.get("elu", alpha=0.5)) == keras_acts.slug("elu(alpha=0.5)") == "elu_alpha_0.5"
    assert keras_acts.slug(layers.PReLU()) == keras_acts.slug(layers.PReLU) == "PReLU"
    assert keras_acts.slug("elu(alpha=0.5)") != keras_acts.slug("elu(alpha=0.25)")
    x = inputs = keras.Input((4,))
    for number, each in enumerate(drawn_specs()):
        if "over_axis" in keras_acts.info(each).traits:
            continue
        x = keras.layers.Activation(each, name=f"{keras_acts.slug(each)}_{number}")(x)
    model = keras.Model(inputs, x)
    tf.function(model)(tf.zeros((1, 4)))
    model.save(tmp_path / "model.h5")
    assert [layer.name for layer in keras.models.load_model(tmp_path / "model.h5").layers] == [
        layer.name for layer in model.layers
    ]


def test_one_look_up_for_functions_and_layers():
    look_up = layers.function_or_layer
    assert look_up("mish") is keras_acts.activations.mish
    assert look_up("elu", alpha=0.5) == look_up("elu(alpha=0.5)") == keras_acts.get("elu(alpha=0.5)")
    assert look_up(keras.activations.relu) is keras.activations.relu
    assert look_up(None) is keras_acts.activations.identity
    for each in ("PReLU", "PReLU(shared_axes='all')", "torch:PReLU", layers.PReLU):
        first, second = look_up(each), look_up(each)
        assert isinstance(first, layers.PReLU)
        assert first is not second
    assert look_up("PReLU", shared_axes="all").shared_axes == "all"
    layer = layers.Snake()
    assert look_up(layer) is layer
    assert isinstance(look_up(keras.saving.serialize_keras_object(layer)), layers.Snake)
    bound = keras_acts.get("elu(alpha=0.5)")
    assert look_up(keras.saving.serialize_keras_object(bound)) == bound
    with pytest.raises(ValueError, match="Did you mean 'mish'"):
        look_up("mihs")
    with pytest.raises(ValueError, match="must be a name"):
        look_up(3)


@pytest.mark.parametrize("name", ["serialize", "deserialize", "get", "add", "concatenate"])
def test_a_function_of_keras_layers_is_not_told_to_be_a_layer_of_that_name(name):
    for call in (keras_acts.get, lambda name: keras.layers.Dense(3, activation=name)):
        with pytest.raises(ValueError, match="Received") as error:
            call(name)
        assert f"keras.layers.{name}" not in str(error.value)


# ---- Values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [layers.PReLU, layers.GLU, keras.layers.LeakyReLU], ids=lambda cls: cls.__name__)
def test_a_class_of_layers_is_no_activation_but_makes_a_layer(cls):
    hosts = [
        lambda: keras.layers.Dense(3, activation=cls),
        lambda: keras.layers.Activation(cls),
        lambda: keras.layers.LSTM(3, recurrent_activation=cls),
        lambda: layers.CReLU(activation=cls),
        lambda: keras_acts.get(cls),
        lambda: keras_acts.paired(cls),
    ]
    for host in hosts:
        with pytest.raises(ValueError, match=rf"{cls.__name__}\(\)"):
            host()
    assert isinstance(layers.get(cls), cls)


@pytest.mark.parametrize("make", [tf.Variable, tf.constant, keras.Variable], ids=["tf.Variable", "tensor", "Variable"])
def test_a_variable_is_no_parameter_but_may_start_a_weight(make):
    for call in (
        lambda value: keras_acts.get("elu", alpha=value),
        lambda value: keras_acts.activations.elu(np.ones(2, "float32"), value),
        lambda value: keras_acts.define("x*b", params={"b": value}),
        lambda value: layers.RReLU(lower=value),
    ):
        with pytest.raises(ValueError, match=r"must be a finite number.*weight of a layer"):
            call(make(0.5))
    layer = layers.PReLU(alpha_initializer=make(0.5), shared_axes="all")
    assert float(layers.PReLU.from_config(layer.get_config()).alpha) == 0.5


@pytest.mark.parametrize("kind", [np.array, np.float64, np.float32, np.float16, lambda value: np.ones(()) * value])
def test_numbers_of_numpy_count_as_numbers(kind):
    value = kind(0.25)
    assert repr(keras_acts.get("elu", alpha=value)) == "elu(alpha=0.25)"
    assert keras_acts.define("x*b", params={"b": value}).formula == "x*b"
    assert layers.PReLU(alpha_initializer=value).get_config()["alpha_initializer"]["config"]["value"] == 0.25
    assert repr(keras_acts.authoring.smooth.leak("relu", value)) == repr(keras_acts.authoring.smooth.leak("relu", 0.25))
    with pytest.raises(ValueError, match="alpha"):
        keras_acts.get("elu", alpha=np.array([0.25]))


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.array])
def test_integers_of_numpy_count_as_integers(kind):
    two = kind(2)
    assert layers.Maxout(two, axis=two).get_config()["axis"] == 2
    assert layers.PReLU(shared_axes=two).shared_axes == [2]
    assert keras_acts.get("softmax", axis=two).params["axis"] == 2


def test_bools_of_numpy_count_as_bools_and_not_as_numbers():
    for value in (np.bool_(True), np.array(True), np.float32(3.0) > 2.0):
        assert repr(keras_acts.get("gelu", approximate=value)) == "gelu(approximate=True)"
        for call in (lambda value: keras_acts.get("elu", alpha=value), lambda value: layers.Maxout(axis=value)):
            with pytest.raises(ValueError, match="must be"):
                call(value)


def test_integers_are_refused_by_functions_and_layers_and_drawn_in_plots():
    x = np.arange(-3, 4)
    for call in (keras_acts.activations.mish, layers.PReLU(shared_axes="all"), keras_acts.get("softmax")):
        with pytest.raises(TypeError, match=r"floating-point dtype.*Cast it first"):
            call(x)
    np.testing.assert_allclose(plots.evaluate("mish", x).value, plots.evaluate("mish", x.astype(float)).value)
    assert "refuses integers" in keras_acts.get.__doc__


# ---- Legacy Keras ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("value", "count"), [("1", 1), pytest.param("0", 0, marks=pytest.mark.nightly)])
def test_legacy_keras_gives_one_warning_at_import(value, count, tmp_path):
    code = """
        import warnings
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            import keras_acts
            keras_acts.install()
            import keras_acts.layers
        print(len([each for each in said if "TF_USE_LEGACY_KERAS" in str(each.message)]))
    """
    assert fresh_process.run(code, tmp_path, TF_USE_LEGACY_KERAS=value).split()[-1] == str(count)
