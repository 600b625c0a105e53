"""What a test needs of Keras' backend, whichever it is: numbers and gradients as NumPy arrays."""

import keras
import numpy as np

from keras_acts.analysis.gradients import derivatives

KERAS = tuple(int(part) for part in keras.__version__.split(".")[:2])
H5_TAKES_NO_FUNCTION = "Keras' own: load_model of .h5 with a function in custom_objects is no JSON, up to Keras 3.10"

# Keras 3.8 to 3.10 take one input for a list of one when they load or clone a Functional model.
LOADED_BY_OLD_KERAS = r"ignore:[\s\S]*The structure of .inputs. doesn't match the expected structure:UserWarning"


def values(x):
    return keras.ops.convert_to_numpy(x)


def assert_close(actual, expected, **tolerances):
    np.testing.assert_allclose(values(actual), values(expected), **tolerances)


def assert_same(actual, expected, **message):
    np.testing.assert_array_equal(values(actual), values(expected), **message)


def not_located(name):
    """What Keras says of a function in a file that it does not know."""
    return f"Could not locate function '{name}'" if KERAS >= (3, 10) else f"'config': '{name}'"


def gradient(function, x, upstream):
    """Of sum(upstream * function(x)) by x."""

    def weighted(x):
        return function(x) * keras.ops.convert_to_tensor(upstream)

    return values(derivatives(weighted, keras.ops.convert_to_tensor(x), orders=1)[1])


def gradients(function, variables):
    """Of the scalar that `function()` computes from variables of Keras, by each of them."""
    tensors = [variable.value for variable in variables]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            total = function()
        found = tape.gradient(total, tensors, unconnected_gradients="zero")
    elif keras.backend.backend() == "torch":
        import torch

        found = torch.autograd.grad(function(), tensors, materialize_grads=True)
    else:
        import jax

        def of_values(tensors):
            with keras.StatelessScope(state_mapping=list(zip(variables, tensors, strict=True))):
                return function()

        found = jax.grad(of_values)(tensors)
    return [values(gradient) for gradient in found]


def trained_once(layer, x):
    """The weights of a layer before and after one step of gradient descent from the loss mean(y^2)."""
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = [np.array(weight) for weight in layer.get_weights()]
    model.fit(x, np.zeros((len(x), *model.output_shape[1:]), "float32"), verbose=0)
    return before, layer.get_weights()
