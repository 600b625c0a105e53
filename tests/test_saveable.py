"""`check_saveable`: its verdict is held against what really comes back from a file."""

import functools
import random
import time
import warnings
from typing import Annotated

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import keras_acts
from keras_acts.inspection import Finding

KERAS = tuple(int(part) for part in keras.__version__.split(".")[:2])

X = np.float32([[-2.0, -0.5, 0.5, 2.0]])


# ---- Activations that do not come back ------------------------------------------------------------------------------


def unregistered(x):
    return ops.tanh(x) * 2.0


def gelu(x):
    """Not Keras' gelu."""
    return ops.tanh(x) * 1.5


def taken(x):
    return x


@keras.saving.register_keras_serializable(package="another_author", name="taken")
def registered_as_taken(x):
    return -x


def snake(x):
    """Not ours."""
    return ops.tanh(x) * 2.5


def made_with(factor):
    def soft(x):
        return ops.tanh(x) * factor

    return soft


def power(x, exponent):
    return x**exponent


class Unregistered:
    def __call__(self, x):
        return ops.tanh(x) * 3.0

    def get_config(self):
        return {}


class WithoutConfig:
    def __call__(self, x):
        return ops.tanh(x) * 3.0

    def method(self, x):
        return ops.tanh(x) * 3.0


@keras.saving.register_keras_serializable(package="test_saveable")
class Forgetful:
    def __init__(self, beta=1.0):
        self.beta = beta

    def __call__(self, x):
        return ops.tanh(self.beta * x)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="test_saveable")
class OfArray(Forgetful):
    """Keras writes an array as a dict, and hands the dict back."""

    def get_config(self):
        return {"beta": self.beta}


@keras.saving.register_keras_serializable(package="test_saveable")
class OfTable(Forgetful):
    """In a file the keys are strings."""

    def __init__(self, table):
        self.table = table
        super().__init__(beta=table[1])

    def get_config(self):
        return {"table": self.table}


class UnregisteredLayer(keras.layers.Layer):
    def call(self, x):
        return ops.tanh(x) * 3.0


REGISTER = "register it with `@keras_acts.activation(...)` or `@keras.saving.register_keras_serializable(package=...)`"
UNREGISTERED = "that is not registered: Keras loads at most its name"
MAKE_PLAIN = f"Make it a plain function at module level, with parameters for what it holds, and {REGISTER}."
CLASS = (
    "Register the class with `@keras.saving.register_keras_serializable(package=...)` and let get_config return every "
    "argument of its constructor, activations as keras.activations.serialize(...); that of a layer takes **kwargs too."
)


def held(what):
    return f"and not what it holds ({what}), as keras_acts.get(name, ...) would"


def replaced(name, by):
    fix = f"Give it a name of its own and {REGISTER}; or pass the string {name!r} if that one is meant."
    return f"that Keras silently replaces, in loading, by {by}. {fix}"


# Activation -> what the finding says.
BAD = {
    "lambda": (lambda x: ops.tanh(x) * 2.0, f"is a lambda {UNREGISTERED}. {MAKE_PLAIN}"),
    "partial of ours": (
        functools.partial(keras_acts.activations.elu, alpha=0.5),
        f"is a partial {UNREGISTERED} {held('alpha')}. Use keras_acts.get('elu(alpha=0.5)').",
    ),
    "partial": (
        functools.partial(power, exponent=3.0),
        f"is a partial {UNREGISTERED} {held('exponent')}. {MAKE_PLAIN}",
    ),
    "closure": (made_with(3.0), f"is a function {UNREGISTERED} {held('factor')}. {MAKE_PLAIN}"),
    "unregistered function": (unregistered, f"is a function {UNREGISTERED}. {MAKE_PLAIN}"),
    "named like a built-in": (
        gelu,
        f"is a function of {__name__} {replaced('gelu', 'keras.src.activations.activations.gelu')}",
    ),
    "keras.ops.gelu, which is the tanh form": (
        keras.ops.gelu,
        f"is a function of keras.src.ops.nn {replaced('gelu', 'keras.src.activations.activations.gelu')}",
    ),
    "named like ours": (snake, f"is a function {UNREGISTERED}. {MAKE_PLAIN}"),
    "named like another author's": (
        taken,
        f"is a function {UNREGISTERED}. {MAKE_PLAIN}"
        if KERAS < (3, 10)
        else f"is a function of {__name__} {replaced('taken', f'{__name__}.registered_as_taken')}",
    ),
    "tf.function": (tf.function(unregistered), f"is a tf.function {UNREGISTERED}. {MAKE_PLAIN}"),
    "tf.function of ours": (tf.function(keras_acts.activations.mish), f"is a tf.function {UNREGISTERED}. {MAKE_PLAIN}"),
    "unregistered object": (
        Unregistered(),
        f"is an object of the class Unregistered, which is not registered. {CLASS}",
    ),
    "object without get_config": (
        WithoutConfig(),
        f"is an object of the class WithoutConfig, which is not registered. {CLASS}",
    ),
    "method": (WithoutConfig().method, f"is a method {UNREGISTERED}. {MAKE_PLAIN}"),
    "object that forgets": (
        Forgetful(3.0),
        f"is an object of the class Forgetful, whose get_config and from_config lose its beta. {CLASS}",
    ),
    "object of an array": (
        OfArray(np.float32([1.0, 2.0, 3.0, 4.0])),
        f"is an object of the class OfArray, whose get_config and from_config lose its beta. {CLASS}",
    ),
    "object of a table": (
        OfTable({1: 3.0}),
        f"is an object of the class OfTable, whose get_config and from_config lose its table, beta. {CLASS}",
    ),
    "unregistered layer": (
        UnregisteredLayer(),
        f"is an object of the class UnregisteredLayer, which is not registered. {CLASS}",
    ),
}
if KERAS < (3, 10):
    BAD.pop("unregistered layer")  # no layer that is an activation comes back there, which another test holds


# ---- Activations that do --------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="test_saveable")
def registered(x):
    return ops.tanh(x) * 4.0


@keras.saving.register_keras_serializable(package="test_saveable", name="gelu")
def gelu_registered(x):
    return ops.tanh(x) * 1.5


gelu_registered.__name__ = "gelu"


@keras.saving.register_keras_serializable(package="test_saveable")
class Registered(Forgetful):
    def get_config(self):
        return {"beta": self.beta}


@keras.saving.register_keras_serializable(package="test_saveable")
class RegisteredLayer(UnregisteredLayer):
    pass


GOOD = {
    "string": "relu",
    "string of ours": "snake",
    "string with parameters": "elu(alpha=0.5)",
    "Keras' function": keras.activations.gelu,
    "ours": keras_acts.activations.gelu,
    "bound": keras_acts.get("swish_beta", beta=3.0),
    "none": None,
    "registered function": registered,
    "registered under a built-in's name": gelu_registered,
    "registered object": Registered(3.0),
    "Keras' layer": keras.layers.LeakyReLU(0.37),
    "Keras' layer around ours": keras.layers.Activation(keras_acts.activations.snake),
    "registered layer": RegisteredLayer(),
}


def model_with(activation):
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4, activation=activation, kernel_initializer="identity", name="hidden")]
    )


def comes_back(model, path):
    """Whether the saved model gives what the model gave."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(model(X))
        try:
            model.save(path)
            got = np.asarray(keras.models.load_model(path)(X))
        except Exception:
            return False
    return np.array_equal(got, expected)


def test_findings_say_what_does_not_come_back_and_what_to_do():
    inputs = keras.Input((4,))
    outputs = [
        keras.layers.Dense(4, activation, name=f"layer{i}")(inputs) for i, (activation, _) in enumerate(BAD.values())
    ]
    findings = keras_acts.check_saveable(keras.Model(inputs, outputs))
    assert all(isinstance(finding, Finding) for finding in findings)
    assert [str(f) for f in findings] == [f"layer{i}: `activation` {says}" for i, (_, says) in enumerate(BAD.values())]


@pytest.mark.parametrize(
    "case", [case if "named" in case else pytest.param(case, marks=pytest.mark.slow) for case in BAD]
)
def test_what_is_found_does_not_come_back(case, tmp_path):
    model = model_with(BAD[case][0])
    (finding,) = keras_acts.check_saveable(model)
    assert str(finding) == f"hidden: `activation` {BAD[case][1]}"
    assert not comes_back(model, tmp_path / "model.keras")


@pytest.mark.parametrize("cases", [list(GOOD)[1::3], pytest.param(list(GOOD), marks=pytest.mark.slow)])
def test_nothing_is_found_where_all_comes_back(cases, tmp_path):
    good = [GOOD[case] for case in cases if KERAS >= (3, 10) or "Keras' layer" not in case]
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.add([keras.layers.Dense(4, activation)(inputs) for activation in good]))
    assert keras_acts.check_saveable(model) == []
    assert comes_back(model, tmp_path / "model.keras")


@pytest.mark.skipif(KERAS >= (3, 10), reason="this Keras loads a layer that is an activation")
@pytest.mark.parametrize("layer", [GOOD["Keras' layer"], UnregisteredLayer()], ids=["Keras' own", "unregistered"])
def test_a_layer_that_keras_does_not_load_is_found(layer, tmp_path):
    model = model_with(layer)
    assert keras_acts.check_saveable(model)
    assert not comes_back(model, tmp_path / "model.keras")


@pytest.mark.parametrize("names", [keras_acts.names()[5::60], pytest.param(keras_acts.names(), marks=pytest.mark.slow)])
def test_activations_of_ours_are_fine(names):
    inputs = keras.Input((4,))
    outputs = [f(inputs) for f in map(keras_acts.get, names)]
    outputs += [keras.layers.Activation(keras_acts.get(name))(inputs) for name in names]
    assert keras_acts.check_saveable(keras.Model(inputs, outputs)) == []


def test_overridden_activations_are_fine_and_stay_so():
    with keras_acts.install(override="all"):
        model = keras.Sequential(
            [keras.layers.Dense(2, activation="gelu"), keras.layers.Activation(keras.activations.mish)]
        )
        assert keras_acts.check_saveable(model) == []
    assert keras_acts.check_saveable(model) == []


def test_a_function_in_the_custom_objects_comes_back():
    model = model_with(unregistered)
    assert keras_acts.check_saveable(model)
    with keras.saving.custom_object_scope({"unregistered": unregistered}):
        assert keras_acts.check_saveable(model) == []


# ---- Where it looks -------------------------------------------------------------------------------------------------

LAMBDA = BAD["lambda"][0]

keras_loads_layers = pytest.mark.skipif(
    KERAS < (3, 10), reason="this Keras does not load a layer that is an activation"
)


def where(model):
    return [(finding.layer, finding.attribute) for finding in keras_acts.check_saveable(model)]


def test_it_looks_into_recurrent_layers_wrappers_and_cells():
    layers = keras.layers
    with keras.saving.custom_object_scope({"unregistered": unregistered}):  # it copies its layer through the config
        both = layers.Bidirectional(layers.GRU(2, recurrent_activation=unregistered, name="gru"), name="both")
    model = keras.Sequential(
        [
            layers.LSTM(2, activation=LAMBDA, recurrent_activation="snake", return_sequences=True, name="lstm"),
            both,
            layers.RNN(
                [layers.LSTMCell(2, name="one"), layers.GRUCell(2, activation=LAMBDA, name="two")],
                name="rnn",
                return_sequences=True,
            ),
            layers.TimeDistributed(layers.Dense(2, activation=LAMBDA, name="dense"), name="each"),
            layers.ConvLSTM1D(2, 1, activation=LAMBDA, name="conv"),
        ]
    )
    assert where(model) == [
        ("lstm/lstm_cell", "activation"),
        ("both/forward_gru/gru_cell", "recurrent_activation"),
        ("both/backward_gru/gru_cell", "recurrent_activation"),
        ("rnn/stacked_rnn_cells/two", "activation"),
        ("each/dense", "activation"),
        ("conv/conv_lstm_cell", "activation"),
    ]


@keras_loads_layers
def test_it_looks_into_nested_models_and_activation_layers():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Activation(LAMBDA, name="act")], name="inner")
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(4, activation=keras.layers.Activation(LAMBDA, name="held"), name="dense")(inner(inputs))
    outer = keras.Model(inputs, inner(hidden))
    assert where(outer) == [("inner/act", "activation"), ("dense/held", "activation")]


@keras_loads_layers
def test_a_layer_in_two_places_is_named_once():
    shared = keras.layers.Activation(LAMBDA, name="shared")
    model = keras.Sequential(
        [keras.layers.Dense(2, activation=shared, name="one"), keras.layers.Dense(2, activation=shared)]
    )
    assert where(model) == [("one/shared", "activation")]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (LAMBDA, True),
        (unregistered, True),
        (made_with(2.0), True),
        (registered, False),
        (keras_acts.activations.mish, False),
    ],
)
def test_it_looks_at_the_function_of_lambda_layers(function, found, tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(function, output_shape=(4,), name="own")])
    assert where(model) == ([("own", "function")] if found else [])
    assert comes_back(model, tmp_path / "model.keras") != found


def test_it_looks_at_operations_on_symbolic_tensors():
    class Own(keras.Operation):
        def call(self, x):
            return ops.tanh(x)

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    inputs = keras.Input((4,))
    model = keras.Model(inputs, Own(name="own")(ops.tanh(keras_acts.activations.snake(inputs))))
    assert where(model) == [(model.name, "operation own")]


def test_it_looks_into_attention_with_an_own_softmax():
    attention = keras.layers.MultiHeadAttention(2, 2, name="attention")
    inputs = keras.Input((3, 4))
    hidden = attention(inputs, inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, activation=LAMBDA, name="dense")(hidden))
    assert where(model) == [("dense", "activation")]
    attention._output_dense.activation = unregistered
    assert ("attention/attention_output", "activation") in where(model)


# ---- Layers of the user's -------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="test_saveable")
class MadeInCode(keras.layers.Layer):
    """Its activations come back with its code."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.activation = made_with(factor)
        self.dense = keras.layers.Dense(4, activation=lambda x: x * x, kernel_initializer="identity")

    def build(self, shape):
        self.dense.build(shape)
        self.late = keras.layers.Activation(functools.partial(power, exponent=3.0))

    def call(self, x):
        return self.late(self.activation(self.dense(x)))

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="test_saveable")
class HandedOver(keras.layers.Layer):
    """Its activation comes from outside, and is written into the config."""

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def call(self, x):
        return self.activation(x)

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable(package="test_saveable")
class MadeInCodeFromWhatIsLost(MadeInCode):
    def get_config(self):
        return {"name": self.name}


class MadeInCodeUnregistered(MadeInCode):
    pass


@pytest.mark.parametrize("layer", [MadeInCode(), MadeInCode(3.0), HandedOver("snake"), HandedOver(registered)])
def test_what_an_own_layer_makes_in_its_code_is_fine(layer, tmp_path):
    model = keras.Sequential([keras.Input((4,)), layer])
    assert where(model) == []
    assert comes_back(model, tmp_path / "model.keras")


def test_what_an_own_layer_makes_of_a_lost_argument_is_not(tmp_path):
    model = keras.Sequential([keras.Input((4,)), MadeInCodeFromWhatIsLost(3.0, name="own")])
    assert where(model) == [("own", "factor"), ("own", "activation")]
    assert not comes_back(model, tmp_path / "model.keras")


def test_layers_as_such_are_not_its_concern():
    assert where(keras.Sequential([keras.Input((4,)), MadeInCodeUnregistered(), UnregisteredLayer()])) == []


@pytest.mark.parametrize("activation", [LAMBDA, unregistered, made_with(3.0), gelu])
def test_what_an_own_layer_is_handed_is_not(activation, tmp_path):
    model = keras.Sequential([keras.Input((4,)), HandedOver(activation, name="own")])
    assert where(model) == [("own", "activation")]
    assert not comes_back(model, tmp_path / "model.keras")


def test_an_own_model_class_is_looked_into():
    @keras.saving.register_keras_serializable(package="test_saveable")
    class Own(keras.Model):
        def __init__(self, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.handed = keras.layers.Dense(4, activation=activation, name="handed")
            self.made = keras.layers.Dense(4, activation=lambda x: x * x)
            self.given = activation

        def call(self, x):
            return self.made(self.handed(x))

        def get_config(self):
            return {"activation": keras.activations.serialize(keras.activations.get(self.given)), "name": self.name}

    assert where(Own("snake")) == []
    assert ("handed", "activation") in where(Own(unregistered))


# ---- Bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["model.keras", keras.layers.Dense(2), None])
def test_not_a_model_is_an_error(wrong):
    with pytest.raises(TypeError, match=r"`model` must be a keras\.Model\. Received: ") as caught:
        keras_acts.check_saveable(wrong)
    assert str(caught.value).endswith(f"of type {type(wrong).__name__}")


def traces(model):
    """What a check might change: weights, seeds, what the layers hold, names to come, Keras' registry."""
    layers = [model, *model._flatten_layers(include_self=False)]
    return (
        [np.asarray(variable).tolist() for variable in model.variables],
        [{name: id(value) for name, value in vars(layer).items()} for layer in layers],
        [(id(layer), layer.built) for layer in layers],
        dict(keras.saving.get_custom_objects()),
        keras.saving.get_registered_object("in_scope"),
        random.getstate(),
        np.random.get_state()[1].tolist(),
    )


@keras.saving.register_keras_serializable(package="test_saveable")
class Counting(keras.layers.Layer):
    """Counts its calls, draws in inference too, and makes a layer with an automatic name."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = 0
        self.seed = keras.random.SeedGenerator(3)
        self.dense = keras.layers.Dense(4)

    def call(self, x):
        self.calls += 1
        np.random.rand()
        return self.dense(x) + keras.random.normal(ops.shape(x), seed=self.seed) + keras.random.normal(ops.shape(x))


@pytest.mark.parametrize("last", [lambda: keras.layers.Dense(2, activation=LAMBDA), Counting, keras.layers.PReLU])
def test_the_check_leaves_the_model_and_keras_as_they_were(last):
    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), last()])
    with keras.saving.custom_object_scope({"in_scope": unregistered}):
        before = traces(model)
        keras_acts.check_saveable(model)
        assert traces(model) == before


@pytest.mark.parametrize(
    "last", [Counting, pytest.param(lambda: keras.layers.Dense(2, activation=LAMBDA), marks=pytest.mark.slow)]
)
def test_what_is_drawn_and_named_after_the_check_is_the_same_as_without(last):
    after = []
    for check in (False, True):
        keras.backend.clear_session()
        keras.utils.set_random_seed(4)
        model = keras.Sequential([keras.Input((4,)), last()])
        if check:
            keras_acts.check_saveable(model)
        after.append((np.asarray(keras.random.normal((2,))).tolist(), np.random.rand(), keras.layers.Dense(1).name))
    assert after[0] == after[1]


def test_bytecode_is_not_loaded_though_this_process_allows_it():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(LAMBDA, output_shape=(4,), name="own")])
    try:
        keras.config.enable_unsafe_deserialization()
        assert where(model) == [("own", "function")]
    finally:
        keras.src.saving.serialization_lib.global_state.set_global_attribute("safe_mode_saving", None)


def test_a_zero_kernel_behind_it_hides_nothing():
    hidden = keras.layers.Dense(3, activation=gelu, name="hidden")
    assert where(keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(2, kernel_initializer="zeros")])) == [
        ("hidden", "activation")
    ]


def test_the_global_policy_is_that_of_the_caller():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert where(keras.Sequential([keras.Input((4,)), HandedOver("snake"), keras.layers.Dense(2)])) == []
    finally:
        keras.config.set_dtype_policy("float32")


@keras_loads_layers
def test_a_layer_with_weights_in_two_places_is_found_before_it_is_built():
    shared = keras.layers.PReLU()
    places = [keras.layers.Dense(4, activation=shared), keras.layers.Dense(4, activation=shared)]
    (finding,) = keras_acts.check_saveable(keras.Sequential([keras.Input((4,)), *places]))
    assert finding.attribute == "outputs"
    assert "`activation`" in finding.fix


# ---- What acts in training only, what is made anew in each object, and what was declared again ----------------------


@keras.saving.register_keras_serializable(package="test_saveable")
class LeakyInTraining(keras.layers.Layer):
    """As RReLU and its kin: another slope in training. Its config holds the rate only."""

    def __init__(self, slope=0.1, kind="linear", power=1, noise=0.0, **kwargs):
        super().__init__(**kwargs)
        self.slope, self.kind, self.power, self.noise = slope, kind, power, noise
        self.created, self.calls = str(time.time()), 0
        self.dropout = keras.layers.Dropout(0.5)

    def call(self, x, training=False):
        self.calls += 1
        if training:
            y = keras.activations.get(self.kind)(ops.leaky_relu(x, self.slope)) ** self.power
            return self.dropout(y) + self.noise * keras.random.normal(ops.shape(x))
        return x

    def get_config(self):
        return super().get_config()


@pytest.mark.parametrize("lost", [{"slope": 0.7}, {"kind": "tanh"}, {"power": 2}, {"noise": 0.5}, {}])
def test_what_is_lost_in_training_only_is_found(lost):
    model = keras.Sequential([keras.Input((4,)), LeakyInTraining(name="own", **lost), keras.layers.Dense(3)])
    assert where(model) == [("own", name) for name in lost]


@keras.saving.register_keras_serializable(package="test_saveable")
class MadeAnew(keras.layers.Layer):
    """Nothing of it is lost but `factor`, and a `mode` that is another than the default."""

    def __init__(self, uid=None, rate=0.0, factor=0.5, mode=None, **kwargs):
        super().__init__(**kwargs)
        self.uid = uid or f"{time.perf_counter_ns()}"
        self.created, self.clock, self.drawn = time.time(), MadeAnew.clock, random.random()
        self.rate, self._gain, self.mode, self.last, self.total, self.calls = rate, factor, mode or "plain", "", 0.0, 0

    clock = "12:00:00"  # a time stamp that two loadings share

    def call(self, x):
        self.calls += 1
        self.total += 1.0
        self.last = f"call {self.calls}"
        return x * np.random.rand()

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


@pytest.mark.parametrize("inputs", [[], [keras.Input((4,))]], ids=["unbuilt", "random"])
@pytest.mark.parametrize("lost", [{}, {"factor": 0.7}, {"mode": "other"}])
def test_time_stamps_counters_and_draws_are_no_losses(inputs, lost, monkeypatch):
    layer = MadeAnew(rate=0.3, name="own", **lost)
    for _ in range(3):
        layer(X)
    monkeypatch.setattr(MadeAnew, "clock", "12:00:05")
    assert where(keras.Sequential([*inputs, layer])) == [("own", {"factor": "_gain"}.get(name, name)) for name in lost]


def test_random_numbers_of_keras_hide_nothing():
    @keras.saving.register_keras_serializable(package="test_saveable")
    class Noisy(Forgetful, keras.layers.Layer):
        def __init__(self, std=0.1):
            keras.layers.Layer.__init__(self)
            self.deviation, self.last = 2 * std, ""
            self.seed = keras.random.SeedGenerator()

        def call(self, x):
            self.last = f"{self.last}+"
            return x + self.deviation * keras.random.normal(ops.shape(x), seed=self.seed)

        __call__ = keras.layers.Layer.__call__

    for std in (0.1, 0.5):
        model = keras.Sequential([keras.Input((4,)), Noisy(std)])
        model(X)
        assert bool(where(model)) == (std == 0.5)


def declared_by_ours(factor):
    source = f"@keras_acts.activation(formula='x*{factor}', package='cells')\ndef again(x): return x * {factor}"
    exec(source, cell := {"keras_acts": keras_acts, "__name__": "__main__"})
    return cell["again"]


def declared_by_keras(factor):
    @keras.saving.register_keras_serializable(package="cells")
    def again(x):
        return x * factor

    return again


def layer_declared(factor):
    @keras.saving.register_keras_serializable(package="cells")
    class Again(keras.layers.Layer):
        def call(self, x):
            return x * factor

    return Again()


def object_declared(factor):
    @keras.saving.register_keras_serializable(package="cells")
    class AgainObject(Registered):
        def __call__(self, x):
            return x * factor

    return AgainObject(factor)


@pytest.mark.parametrize(
    ("declare", "host", "name"),
    [
        (declared_by_ours, keras.layers.Activation, "cells>activations.again"),
        (declared_by_ours, lambda f: f, "cells>activations.again"),
        (declared_by_keras, lambda f: keras.layers.Dense(4, activation=f), "cells>again"),
        (layer_declared, lambda layer: layer, "cells>Again"),
        (object_declared, keras.layers.Activation, "cells>AgainObject"),
    ],
    ids=["ours", "node of ours", "Keras' function", "layer", "object"],
)
def test_a_name_that_was_declared_again_is_told_as_such(declare, host, name):
    x = keras.Input((4,))
    model = keras.Model(x, host(declare(2.0))(x))
    assert keras_acts.check_saveable(model) == []
    declare(2.0)  # the cell run again as it was
    assert keras_acts.check_saveable(model) == []
    declare(5.0)
    (finding,) = keras_acts.check_saveable(model)
    assert finding.reason.endswith(f"the name '{name}', all that a file holds, was declared again since")
    assert finding.fix.startswith("Make the model again, with the newer one")


def test_so_is_one_whose_parameters_are_others_now():
    source = (
        "@keras_acts.activation(formula='x*{0}', package='cells')\n"
        "def cell_slope(x, {0}: Annotated[float, keras_acts.Param('slope')] = 2.0): return x * {0}"
    )
    cell = {"keras_acts": keras_acts, "Annotated": Annotated, "__name__": "__main__"}
    exec(source.format("a"), cell)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="cell_slope(a=3)", name="dense")])
    exec(source.format("b"), cell)
    (finding,) = keras_acts.check_saveable(model)
    assert (finding.layer, finding.attribute) == ("dense", "activation")
    assert "'cells>activations.cell_slope', all that a file holds, was declared again since" in finding.reason
