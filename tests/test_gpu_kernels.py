"""The GPU path without a GPU: every operation in the graph of value and gradient has a kernel for it in TensorFlow."""

import functools

import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

import keras_acts

# No computation: inputs, constants and what the runtime itself handles on any device.
STRUCTURAL = {"Placeholder", "Const", "NoOp"}
# A kernel for DEFAULT runs on every device that has none of its own.
GPU_DEVICES = {"GPU", "DEFAULT"}
IN_PYTHON = {"PyFunc", "EagerPyFunc", "PyFuncStateless"}


def operations(fn, dtype):
    """The operations of value, first and second derivative of `fn`."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(dtype, (None, 8))
        y = fn(x)
        (first,) = tf.gradients(y, x, unconnected_gradients="zero")
        tf.gradients(first, x, unconnected_gradients="zero")
        return graph.get_operations()


def without_gpu_kernel(fn, dtype):
    """Types and dtypes of the operations that no GPU can run, or that are none of TensorFlow's own."""
    missing = set()
    for operation in operations(fn, dtype):
        dtypes = ((key, value.type) for key, value in operation.node_def.attr.items() if value.HasField("type"))
        if operation.type not in STRUCTURAL and not _runs_on_a_gpu(operation.type, frozenset(dtypes)):
            missing.add((operation.type, dtype))
    return missing


@functools.cache
def _runs_on_a_gpu(op_type, dtypes):
    """Whether TensorFlow itself has the operation, and a kernel of it for these values of its dtype attributes."""
    registered = kernels.get_registered_kernels_for_op(op_type).kernel
    return (
        op_type not in IN_PYTHON
        and hasattr(tf.raw_ops, op_type)
        and any(kernel.device_type in GPU_DEVICES and _accepts(kernel, dict(dtypes)) for kernel in registered)
    )


def _accepts(kernel, dtypes):
    return all(dtypes[constraint.name] in constraint.allowed_values.list.type for constraint in kernel.constraint)


# A quarter of them in float32 with each change: what all are made of comes back in each of the quarters.
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        pytest.param(name, dtype, marks=[pytest.mark.nightly] * (dtype != "float32" or i % 4 > 0))
        for dtype in ("float32", "float16", "bfloat16", "float64")
        for i, name in enumerate(keras_acts.names())
    ],
)
def test_every_operation_is_tensorflows_own_and_has_a_gpu_kernel(name, dtype):
    assert without_gpu_kernel(keras_acts.get(name), dtype) == set()


def test_an_operation_in_python_bites():
    def in_python(x):
        return tf.numpy_function(lambda v: v, [x], x.dtype) * x

    assert without_gpu_kernel(in_python, "float32") == {("PyFunc", "float32")}


def test_an_operation_without_a_gpu_kernel_bites():
    assert without_gpu_kernel(lambda x: x * tf.random.poisson([8], 2.0), "float32") == {("RandomPoissonV2", "float32")}
