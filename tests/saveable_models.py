"""Models for `check_saveable`: hosts that hold an activation in many ways, activations that come back or do not.

Each host takes one activation and returns a model and an input. `WHOLE` holds models whose loss lies in their classes.
The truth is written beside each, and `test_saveable_drawn.py` holds it against plain Keras in another process.
"""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

import keras_acts

registered = keras.saving.register_keras_serializable(package="saveable_models")
X = np.float32(np.random.default_rng(1).normal(size=(3, 4)) * 2)
SEQUENCE = np.float32(np.random.default_rng(2).normal(size=(3, 5, 4)) * 2)


# ---- Activations ----------------------------------------------------------------------------------------------------


def unregistered(x):
    return ops.tanh(x) * 2.0


def gelu(x):
    """Not Keras' gelu, though near it."""
    return x * ops.sigmoid(1.702 * x)


def relu(x):
    """Keras' relu, written by hand: what Keras puts in its place is the same."""
    return ops.maximum(x, 0.0)


def relu6(x):
    """Not Keras' relu6: the same up to 6."""
    return ops.clip(x, 0.0, 20.0)


@registered
def fine(x):
    return ops.tanh(x) * 2.0


@registered
def with_slope(x, slope=0.3):
    return ops.where(x > 0, x, slope * x)


def made_with(factor):
    def soft(x):
        return ops.tanh(x) * factor

    return soft


class Holder:
    def method(self, x):
        return ops.tanh(x) * 3.0


@registered
class Scaled:
    """A callable with its parameter in the config."""

    def __init__(self, beta=1.0):
        self.beta = beta

    def __call__(self, x):
        return ops.tanh(self.beta * x)

    def get_config(self):
        return {"beta": self.beta}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@registered
class Forgetful(Scaled):
    def get_config(self):
        return {}


@registered
class ForgetfulInSlots:
    """Nothing to compare but what it gives."""

    __slots__ = ("_beta",)

    def __init__(self, beta=1.0):
        self._beta = beta

    def __call__(self, x):
        return ops.tanh(self._beta * x)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class UnregisteredObject(Scaled):
    pass


GOOD = {
    "string": "snake",
    "built-in": "gelu",
    "alias of a built-in": "swish",
    "string with parameters": "elu(alpha=0.5)",
    "ours": keras_acts.activations.mish,
    "bound": keras_acts.get("swish_beta", beta=3.0),
    "Keras' function": keras.activations.silu,
    "keras.ops.relu, saved as the string": ops.relu,
    "tf.nn.relu, saved as the string": tf.nn.relu,
    "tf.nn.gelu, saved as the string": tf.nn.gelu,
    "relu by hand": relu,
    "registered function": fine,
    "registered object": Scaled(3.0),
    "none": None,
}
BAD = {
    "lambda": lambda x: ops.tanh(x) * 2.0,
    "partial": functools.partial(with_slope, slope=0.7),
    "partial of ours": functools.partial(keras_acts.activations.elu, alpha=0.5),
    "closure": made_with(3.0),
    "method": Holder().method,
    "tf.function": tf.function(fine),
    "unregistered": unregistered,
    "named like a built-in": gelu,
    "keras.ops.gelu, the tanh form": ops.gelu,
    "tf.nn.leaky_relu, another slope": functools.partial(tf.nn.leaky_relu, alpha=0.01),
    "unregistered object": UnregisteredObject(3.0),
    "forgetful object": Forgetful(3.0),
    "forgetful object in slots": ForgetfulInSlots(3.0),
}


# ---- Hosts: a model around an activation ----------------------------------------------------------------------------


@registered
class Own(layers.Layer):
    """Keeps what it is handed under a name of its own, and in its config."""

    def __init__(self, phi=None, **kwargs):
        super().__init__(**kwargs)
        self.phi = keras.activations.get(phi)

    def call(self, x):
        return self.phi(x)

    def get_config(self):
        return {**super().get_config(), "phi": keras.activations.serialize(self.phi)}


class OwnUnregistered(Own):
    pass


@registered
class Several(layers.Layer):
    """In a dict of lists, written with serialize_keras_object."""

    def __init__(self, table, **kwargs):
        super().__init__(**kwargs)
        self._table = table

    def call(self, x):
        return sum(f(x) for f in self._table["f"])

    def get_config(self):
        return {**super().get_config(), "table": keras.saving.serialize_keras_object(dict(self._table))}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "table": keras.saving.deserialize_keras_object(config["table"])})


@registered
class OwnModel(keras.Model):
    def __init__(self, nonlin=None, **kwargs):
        super().__init__(**kwargs)
        self.nonlin = keras.activations.get(nonlin)
        self.hidden = layers.Dense(4, activation=self.nonlin)
        self.out = layers.Dense(2)

    def call(self, x):
        return self.out(self.hidden(x))

    def get_config(self):
        return {**super().get_config(), "nonlin": keras.activations.serialize(self.nonlin)}


@registered
class OwnCell(layers.Layer):
    def __init__(self, units, f=None, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units
        self.f = keras.activations.get(f)

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

    def call(self, x, states):
        output = self.f(ops.matmul(x, self.kernel) + states[0])
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units, "f": keras.activations.serialize(self.f)}


@registered
class Noisy(layers.Layer):
    """Random in inference too."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(3)

    def call(self, x):
        return x + keras.random.normal(ops.shape(x), seed=self.seed)


def sequential(*stack, x=X):
    return keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype.name), *stack]), x


def functional(apply, x=X):
    inputs = keras.Input(x.shape[1:])
    return keras.Model(inputs, apply(inputs)), x


def of_dict(f):
    inputs = {"a": keras.Input((4,), name="a"), "b": keras.Input((4,), name="b")}
    hidden = layers.Dense(3, activation=f)(layers.Concatenate()([inputs["a"], inputs["b"]]))
    return keras.Model(inputs, {"y": hidden}), {"a": X, "b": -X}


def of_two(f):
    inputs = [keras.Input((4,)), keras.Input((4,))]
    shared = layers.Dense(3, activation=f)
    return keras.Model(inputs, layers.Add()([shared(inputs[0]), shared(inputs[1])])), [X, X[::-1]]


def called(model, x=X):
    model(x)
    return model, x


def trained(*stack):
    model, x = sequential(*stack, x=SEQUENCE)
    model(x)  # which is when Keras builds a layer that is an activation
    model.set_weights([w + 0.3 for w in model.get_weights()])
    return model, x


def compiled(f):
    model, x = sequential(layers.Dense(2, activation=f))
    model.compile("adam", functools.partial(keras.losses.huber, delta=2.0))  # which Keras cannot save
    model.fit(x, x[:, :2], verbose=0)
    return model, x


def nested(f):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation=f)])
    return sequential(layers.Dense(4), inner, layers.Dense(2))


HOSTS = {
    "dense": lambda f: sequential(layers.Dense(3, activation=f)),
    "convolution": lambda f: sequential(layers.Conv1D(2, 3, activation=f), x=SEQUENCE),
    "activation layer": lambda f: sequential(layers.Dense(3), layers.Activation(f)),
    "activation in a layer": lambda f: sequential(layers.Dense(3, activation=layers.Activation(f))),
    "lstm": lambda f: sequential(layers.LSTM(2, recurrent_activation=f), x=SEQUENCE),
    "cells": lambda f: sequential(layers.RNN([layers.GRUCell(2), layers.SimpleRNNCell(2, activation=f)]), x=SEQUENCE),
    "own cell": lambda f: sequential(layers.RNN(OwnCell(2, f)), x=SEQUENCE),
    "each step": lambda f: sequential(layers.TimeDistributed(layers.Dense(2, activation=f)), x=SEQUENCE),
    "nested": nested,
    "shared": lambda f: functional(lambda x: (shared := layers.Dense(4, activation=f))(shared(x))),
    "dict of inputs": of_dict,
    "two inputs": of_two,
    "embedding": lambda f: sequential(
        layers.Embedding(9, 4, keras.initializers.RandomNormal(stddev=2.0)),
        layers.Dense(2, activation=f),
        x=np.int32([[1, 2, 8], [0, 3, 3]]),
    ),
    "dropout and noise": lambda f: sequential(
        layers.GaussianNoise(1.0), layers.Dense(3, activation=f), layers.Dropout(0.5), layers.BatchNormalization()
    ),
    "random in inference": lambda f: sequential(layers.Dense(3, activation=f), Noisy()),
    "half precision": lambda f: sequential(layers.Dense(3, activation=f, dtype="mixed_bfloat16")),
    "compiled": compiled,
    "unbuilt": lambda f: (keras.Sequential([layers.Dense(3, activation=f)]), X),
    "own layer": lambda f: sequential(Own(f)),
    "own unregistered layer": lambda f: sequential(layers.Dense(3), OwnUnregistered(f)),
    "own dict of lists": lambda f: sequential(Several({"f": [fine, keras.activations.get(f)]})),
    "own model": lambda f: called(OwnModel(f)),
    "own unbuilt model": lambda f: (OwnModel(f), X),
    "functional": lambda f: functional(lambda x: layers.Dense(2, activation=f)(ops.tanh(x) * 2.0)),
}


# ---- Models whose loss, if any, lies in their classes ---------------------------------------------------------------


@registered
class Net(keras.Model):
    """Keras' automatic config of a model holds the defaults, whatever was given."""

    def __init__(self, act="relu", **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(4, activation=act)

    def call(self, x):
        return self.hidden(x)


class NetUnregistered(Net):
    pass


@registered
class NetStrict(Net):
    """Its constructor refuses the name, trainable and dtype that are in every config."""

    def __init__(self, act="relu"):
        super().__init__(act)


@registered
class NetOfString(keras.Model):
    """Looks its activation up at each call."""

    def __init__(self, kind="relu", slope=0.5, **kwargs):
        super().__init__(**kwargs)
        self.kind, self._slope = kind, slope

    def call(self, x):
        return keras.activations.get(self.kind)(x) + self._slope * x


@registered
class NetOfLayers(keras.Model):
    def __init__(self, kind="relu", **kwargs):
        super().__init__(**kwargs)
        self.steps = [layers.Dense(4), layers.ReLU() if kind == "relu" else layers.LeakyReLU(0.4)]

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return x


@registered
class NetOfFunctional(keras.Model):
    def __init__(self, act="relu", **kwargs):
        inputs = keras.Input((4,))
        super().__init__(inputs, layers.Dense(3, activation=act)(inputs), **kwargs)


@registered
class LayerOfDefaults(layers.Layer):
    """Keras' automatic config of a layer holds the arguments, if they are plain."""

    def __init__(self, act="relu", **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(4, activation=act)

    def call(self, x):
        return self.dense(x)


@registered
class LayerThatForgets(LayerOfDefaults):
    def get_config(self):
        return {"name": self.name}


@registered
class LayerOfOwnCode(layers.Layer):
    """All of it comes back with its code."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.soft = made_with(factor)
        self.partial = functools.partial(with_slope, slope=factor)
        self.compiled_function = tf.function(unregistered)
        self.inside = [layers.Dense(4, activation=lambda x: x * x * factor), layers.Activation(gelu)]
        self.calls = 0

    def call(self, x):
        self.calls += 1
        for step in (self.soft, self.partial, self.compiled_function, *self.inside):
            x = step(x)
        return x

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@registered
class LayerThatForgetsItsFactor(LayerOfOwnCode):
    def get_config(self):
        return {"name": self.name}


class PlainUnregistered(layers.Layer):
    def call(self, x):
        return x * 2.0


class UnregisteredOperation(keras.Operation):
    def call(self, x):
        return ops.tanh(x)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


def changed_after(make, **attributes):
    model, x = make
    for name, value in attributes.items():
        setattr(model.layers[-1], name, value)
    return model, x


def with_attention(x, activation=None):
    attention = layers.MultiHeadAttention(2, 2)
    output = attention(x, x)
    attention._output_dense.activation = keras.activations.get(activation)
    return output


# name -> (make, whether an activation is lost)
WHOLE = {
    "Net given snake": (lambda: called(Net("snake")), True),
    "Net given snake, unbuilt": (lambda: (Net("snake"), X), True),
    "Net given snake, unregistered": (lambda: called(NetUnregistered("snake")), True),
    "Net given a function": (lambda: called(Net(fine)), True),
    "Net at the default": (lambda: called(Net()), False),
    "Net given the default": (lambda: called(Net("relu")), False),
    "Net unregistered, at the default": (lambda: called(NetUnregistered()), False),
    "strict Net given snake": (lambda: called(NetStrict("snake")), True),
    "string for each call": (lambda: called(NetOfString("gelu")), True),
    "string for each call, unbuilt": (lambda: (NetOfString("gelu"), X), True),
    "string for each call, at the default": (lambda: called(NetOfString()), False),
    "private number": (lambda: called(NetOfString(slope=0.7)), True),
    "other layers": (lambda: called(NetOfLayers("leaky")), True),
    "other layers, unbuilt": (lambda: (NetOfLayers("leaky"), X), True),
    "other layers, at the default": (lambda: called(NetOfLayers()), False),
    "functional Net given snake": (lambda: (NetOfFunctional("snake"), X), True),
    "functional Net at the default": (lambda: (NetOfFunctional(), X), False),
    "layer given a string": (lambda: sequential(LayerOfDefaults("snake")), False),
    "layer given a function": (lambda: sequential(LayerOfDefaults(fine)), True),
    "layer given an object": (lambda: sequential(LayerOfDefaults(keras_acts.get("elu", alpha=0.5))), True),
    "forgetful layer given a string": (lambda: sequential(LayerThatForgets("snake")), True),
    "forgetful layer at the default": (lambda: sequential(LayerThatForgets()), False),
    "layer of own code": (lambda: sequential(LayerOfOwnCode()), False),
    "layer of own code, other factor": (lambda: sequential(LayerOfOwnCode(0.5)), False),
    "layer of own code, factor forgotten": (lambda: sequential(LayerThatForgetsItsFactor(0.5)), True),
    "layer of own code, factor forgotten, at the default": (lambda: sequential(LayerThatForgetsItsFactor()), False),
    "plain unregistered layer": (lambda: sequential(layers.Dense(3, "snake"), PlainUnregistered()), False),
    "unregistered layer as activation": (lambda: sequential(layers.Dense(3, PlainUnregistered())), True),
    "unregistered operation": (lambda: functional(UnregisteredOperation()), True),
    "operations of Keras": (lambda: functional(lambda x: ops.elu(x, 0.3) + ops.relu(x)), False),
    "operation of ours": (lambda: functional(keras_acts.get("elu", alpha=0.5)), False),
    "own function on symbolic tensors": (lambda: functional(unregistered), False),
    "Lambda of a lambda": (lambda: sequential(layers.Lambda(lambda x: x * 2.0)), True),
    "Lambda of a closure": (lambda: sequential(layers.Lambda(made_with(2.0))), True),
    "Lambda of a registered function": (lambda: sequential(layers.Lambda(fine)), False),
    "Lambda with a lambda for the shape": (lambda: sequential(layers.Lambda(fine, lambda shape: shape)), True),
    "Lambda with arguments": (lambda: sequential(layers.Lambda(with_slope, arguments={"slope": 0.9})), False),
    "set after the layer was made": (lambda: changed_after(sequential(layers.Dense(3)), activation=fine), False),
    "set where no config looks": (
        lambda: functional(functools.partial(with_attention, activation=fine), x=SEQUENCE),
        True,
    ),
    "attention": (lambda: functional(with_attention, x=SEQUENCE), False),
    "parametric layers of Keras": (lambda: sequential(layers.LeakyReLU(0.2), layers.PReLU(), layers.ELU(0.3)), False),
    "layer of Keras as activation": (lambda: sequential(layers.Dense(3, activation=layers.LeakyReLU(0.37))), False),
    "parametric layers of ours": (lambda: sequential(keras_acts.layers.Snake(), keras_acts.layers.PReLU()), False),
    "layers of ours that change shape": (lambda: sequential(keras_acts.layers.SwiGLU()), False),
    "both directions": (lambda: sequential(layers.Bidirectional(layers.GRU(2, activation=fine)), x=SEQUENCE), False),
    "as a built-in up to 6": (lambda: sequential(layers.Activation(relu6), x=20 * X), True),
    "one layer twice in a Sequential": (lambda: sequential(twice := layers.Dense(4), layers.ReLU(), twice), True),
    "layer with weights as activation": (lambda: trained(layers.LSTM(2, activation=layers.PReLU())), False),
    "layer with weights in two places": (
        lambda: trained(layers.Dense(2, shared := layers.PReLU()), layers.Dense(2, shared)),
        True,
    ),
    "stateful": (
        lambda: (
            keras.Sequential([keras.Input(batch_shape=(3, 5, 4)), layers.LSTM(2, activation=fine, stateful=True)]),
            SEQUENCE,
        ),
        False,
    ),
}
