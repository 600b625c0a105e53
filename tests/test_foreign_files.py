"""Files that others wrote, where a bare name is not ours: never answered by one of our activations."""

import functools
import inspect
import json

import h5py
import keras
import numpy as np
import pytest
from backends import H5_TAKES_NO_FUNCTION, KERAS, LOADED_BY_OLD_KERAS, not_located

import keras_acts
from keras_acts.core.params import constructor_arguments

NAMES = keras_acts.names()
FOREIGN = [name for name in NAMES if not hasattr(keras.activations, name)]
EACH = [name if i % 12 == 0 else pytest.param(name, marks=pytest.mark.slow) for i, name in enumerate(FOREIGN)]


def written_without_us(name, path):
    """A model with an activation of the author's own, saved where keras_acts is not known."""

    def own(x):
        return 42.0 + 0.0 * x

    own.__name__ = name
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=own)]).save(path)


def with_bare_strings(name, path):
    """An .h5 file as Keras 2 wrote it: the activation is nothing but its name."""
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="relu")]).save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["activation"] = name
        file.attrs["model_config"] = json.dumps(config)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", EACH)
def test_an_unregistered_function_with_one_of_our_names_is_never_taken_for_ours(name, tmp_path):
    for path in (tmp_path / "model.keras", tmp_path / "model.h5"):
        written_without_us(name, path)
        with pytest.raises(TypeError, match=not_located(name)):
            keras.models.load_model(path)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.parametrize("name", [*EACH, "gaussian(sigma=2.0)", "torch:LeakyReLU"])
def test_a_bare_string_in_a_file_is_never_taken_for_ours(name, tmp_path):
    with_bare_strings(name, tmp_path / "model.h5")
    with pytest.raises((TypeError, ValueError), match=r"names the activation .* without a package"):
        keras.models.load_model(tmp_path / "model.h5")


def test_the_squash_of_keras_contrib_is_not_ours(tmp_path):
    """keras-contrib's divides by 0.5 + |x|^2, ours by 1 + |x|^2."""

    def squash(x, axis=-1):
        squared = keras.ops.sum(keras.ops.square(x), axis, keepdims=True) + keras.backend.epsilon()
        return keras.ops.sqrt(squared) / (0.5 + squared) * x

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=squash)])
    model.save(tmp_path / "capsule.keras")
    with pytest.raises(TypeError, match=not_located("squash")):
        keras.models.load_model(tmp_path / "capsule.keras")
    again = keras.models.load_model(tmp_path / "capsule.keras", custom_objects={"squash": squash})
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.xfail(KERAS < (3, 11), raises=TypeError, reason=H5_TAKES_NO_FUNCTION)
def test_a_file_with_bare_strings_loads_with_the_remedy_of_the_error(tmp_path):
    with_bare_strings("snake", tmp_path / "model.h5")
    for remedy in (keras_acts.custom_objects(), {"snake": keras_acts.get("snake")}):
        loaded = keras.models.load_model(tmp_path / "model.h5", custom_objects=remedy)
        assert loaded.layers[-1].activation is keras_acts.activations.snake
    with_bare_strings("elu(alpha=0.5)", tmp_path / "model.h5")
    remedy = {"elu(alpha=0.5)": keras_acts.get("elu(alpha=0.5)")}
    loaded = keras.models.load_model(tmp_path / "model.h5", custom_objects=remedy)
    assert loaded.layers[-1].activation == keras_acts.get("elu(alpha=0.5)")
    with_bare_strings("snaek", tmp_path / "model.h5")
    with pytest.raises((TypeError, ValueError), match="Did you mean 'snake'"):
        keras.models.load_model(tmp_path / "model.h5")


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_custom_objects_replace_nothing_of_keras_in_a_file(suffix, tmp_path):
    no_strings = {"deserialize", "get", "glu", "serialize", "threshold"}
    builtins = [name for name in dir(keras.activations) if name[0] != "_" and name not in no_strings]
    hidden = [keras.layers.Dense(2, activation=getattr(keras.activations, name)) for name in builtins]
    layers = [keras.layers.PReLU(), keras.layers.ELU(), keras.layers.Softmax(), keras.layers.Activation("softmax")]
    keras.Sequential([keras.Input((3,)), *hidden, *layers]).save(tmp_path / f"model.{suffix}")
    load = functools.partial(keras.models.load_model, tmp_path / f"model.{suffix}")
    with keras.saving.custom_object_scope(keras_acts.custom_objects()):
        within = load()
    for loaded in (within, load(custom_objects=keras_acts.custom_objects())):
        assert [layer.activation for layer in loaded.layers[:-4]] == [layer.activation for layer in hidden]
        assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in (*hidden, *layers)]
        assert loaded.layers[-1].activation is keras.activations.softmax


def test_custom_objects_replace_nothing_that_a_string_of_keras_means():
    """Keras looks among them first, also where a string is that of an initializer or a loss."""
    strings = {
        keras.initializers: ["identity", "ones", "Zeros", "he_normal", "orthogonal"],
        keras.losses: ["log_cosh", "mse", "hinge"],
        keras.metrics: ["mean_squared_error", "kl_divergence"],
        keras.regularizers: ["l2", "L1", "orthogonal_regularizer"],
        keras.constraints: ["non_neg", "max_norm", "UnitNorm"],
        keras.optimizers: ["adam", "sgd"],
    }
    own = {name for names in strings.values() for name in names} - {"identity"}
    layer, free = "LeakyReLU", "of_a_user"  # a layer's, and one that Keras has not
    for name in [*own, layer, free]:
        keras_acts.activation(formula="2*x", name=name, package="somebody")(lambda x: 2.0 * x)
    given = keras_acts.custom_objects()
    assert given[free] is keras_acts.get(free)
    assert given[f"somebody>activations.{layer}"] is keras_acts.get(layer)
    for module, names in strings.items():
        for name in names:
            expected = module.get(name)
            with keras.saving.custom_object_scope(given):
                got = module.get(name)
            assert got is expected or type(got) is type(expected), name
    with keras.saving.custom_object_scope(given):
        dense = keras.layers.Dense(
            3, kernel_initializer="identity", kernel_regularizer="l2", kernel_constraint="non_neg"
        )
        dense.build((None, 3))
        assert (
            type(keras.layers.deserialize(keras.layers.serialize(keras.layers.LeakyReLU()))) is keras.layers.LeakyReLU
        )
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(dense.kernel), np.eye(3))


def test_files_load_after_a_user_has_cleared_the_custom_objects(tmp_path):
    def save():
        layers = [keras.layers.Dense(2, activation=name) for name in ("snake", "elu(alpha=0.5)", "formula: x*sin(x)")]
        model = keras.Sequential([keras.Input((3,)), *layers, keras_acts.layers.PReLU()])
        model.save(tmp_path / "model.keras")
        return model

    keras.saving.get_custom_objects().clear()
    keras.models.clone_model(save())  # a string was used since
    keras.models.load_model(tmp_path / "model.keras")
    keras.saving.get_custom_objects().clear()
    keras.models.load_model(tmp_path / "model.keras", custom_objects=keras_acts.custom_objects())


HALF = keras_acts.get("elu(alpha=0.5)")
PRELU = keras.saving.serialize_keras_object(keras_acts.layers.PReLU())
USES = {
    "install": keras_acts.install,
    "with install": lambda: keras_acts.install().__enter__().__exit__(),
    "custom_objects": keras_acts.custom_objects,
    "string in a layer": lambda: keras.layers.Dense(1, activation="snake"),
    "built-in string in a layer": lambda: keras.layers.Dense(1, activation="relu"),
    "string": lambda: keras.activations.get("snake"),
    "initializer string": lambda: keras.layers.Embedding(2, 2, embeddings_initializer="keras_acts>Siren(w0=15.0)"),
    "get": lambda: keras_acts.get("snake"),
    "get with parameters": lambda: keras_acts.get("elu(alpha=0.5)"),
    "get of a config": lambda: keras_acts.get(keras.saving.serialize_keras_object(HALF)),
    "info": lambda: keras_acts.info("snake"),
    "paired": lambda: keras_acts.paired("gelu"),
    "define": lambda: keras_acts.define("x*cos(x)"),
    "call": lambda: keras_acts.activations.snake(np.ones(2)),
    "call with parameters": lambda: HALF(np.ones(2)),
    "symbolic call": lambda: keras_acts.activations.snake(keras.Input((2,))),
    "function in a layer": lambda: keras.layers.Dense(1, activation=keras_acts.activations.snake),
    "serialize": lambda: keras_acts.activations.serialize(keras_acts.activations.snake),
    "deserialize": lambda: keras_acts.activations.deserialize(keras.saving.serialize_keras_object(HALF)),
    "layer": keras_acts.layers.PReLU,
    "fused layer": lambda: keras_acts.layers.GatedDense(2, "SwiGLU"),
    "layers.get": lambda: keras_acts.layers.get("PReLU"),
    "layers.function_or_layer": lambda: keras_acts.layers.function_or_layer(PRELU),
    "layers.names": keras_acts.layers.names,
    "layers.info": lambda: keras_acts.layers.info("PReLU"),
    "names": keras_acts.names,
}
# Each class that files may name, made alone.
ARGUMENTS = {"activation": "gelu", "scale": 1.0, "shift": 0.0}
USES |= {
    name: functools.partial(made, **{key: ARGUMENTS[key] for key in constructor_arguments(made) if key in ARGUMENTS})
    for name, made in vars(keras_acts.initializers).items()
    if inspect.isclass(made) and keras.saving.get_registered_name(made) == f"keras_acts>initializers.{name}"
}


@pytest.mark.parametrize("use", USES)
def test_any_use_of_ours_makes_our_names_known_again_after_a_clear(use):
    @keras_acts.activation(formula="2*x", package="somebody")
    def of_a_user(x):
        return 2.0 * x

    keras_acts.install()
    known = keras.saving.get_custom_objects()
    before = {name: thing for name, thing in known.items() if name.startswith(("keras_acts>", "somebody>"))}
    known.clear()
    known["keras_acts>activations.snake"] = mine = len
    USES[use]()
    assert known == {**before, "keras_acts>activations.snake": mine}  # what the user has entered since stays


def test_so_does_a_declaration():
    keras.saving.get_custom_objects().clear()
    keras_acts.activation(formula="3*x", package="somebody", name="thrice")(lambda x: 3.0 * x)
    assert "keras_acts>activations.snake" in keras.saving.get_custom_objects()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("remedy", ["none", "install", "custom_objects"])
def test_a_file_read_at_once_after_a_clear(suffix, remedy, tmp_path):
    def with_operation():
        x = keras.Input((3,))
        return keras.Model(x, keras_acts.activations.snake(x))

    activations = ("snake", "elu(alpha=0.5)", "formula: x*sin(x)")
    dense = [keras.layers.Dense(3, activation=string) for string in activations]
    ours = keras.Sequential([keras.Input((3,)), keras_acts.layers.PReLU()])
    of_keras = keras.Sequential([keras.Input((3,)), *dense, keras_acts.layers.PReLU()])
    for model in (of_keras, ours, with_operation()):
        path, x = tmp_path / f"model.{suffix}", np.float32([[-1.0, 0.5, 2.0]])
        model.save(path)
        keras.saving.get_custom_objects().clear()
        given = None
        if remedy == "install":
            keras_acts.install()
        elif remedy == "custom_objects":
            given = keras_acts.custom_objects()
        elif model is not of_keras:  # nothing of Keras that we see is made before ours is looked up
            with pytest.raises((TypeError, ValueError), match=r"Could not locate|Unknown layer"):
                keras.models.load_model(path)
            continue
        np.testing.assert_array_equal(keras.models.load_model(path, custom_objects=given)(x), model(x))


@keras.saving.register_keras_serializable(package="test_foreign_files")
class Block(keras.layers.Layer):
    """A user's layer that keeps an activation string in its config, as many do."""

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activation
        self.dense = keras.layers.Dense(2, activation=activation)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        return {**super().get_config(), "activation": self.activation}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("string", ["snake", "elu(alpha=0.5)", "keras_acts>snake"])
def test_a_string_that_a_users_layer_passes_on_is_the_users_own(string, suffix, tmp_path):
    path = tmp_path / f"model.{suffix}"
    model = keras.Sequential([keras.Input((3,)), Block(string)])
    model.save(path)
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(keras.models.load_model(path)(x), model(x))


@keras.saving.register_keras_serializable(package="test_foreign_files")
class WithStringInConfig(keras.layers.Dense):
    """A user's Dense, without a constructor of its own."""

    def get_config(self):
        return {**super().get_config(), "activation": "elu(alpha=0.5)"}


def test_a_string_in_the_config_of_a_users_own_layer_is_the_users_own(tmp_path):
    model = keras.Sequential([keras.Input((3,)), WithStringInConfig(2, activation="elu(alpha=0.5)")])
    model.save(tmp_path / "model.keras")
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


def test_a_config_that_is_no_file_may_hold_strings():
    layer = keras.layers.Dense.from_config({"units": 2, "activation": "snake"})
    assert layer.activation is keras_acts.activations.snake
