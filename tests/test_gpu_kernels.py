"""The GPU path without a GPU: every operation in the graph of value and gradient has a kernel for it in TensorFlow."""

import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

import keras_acts

# No computation: inputs, constants and what the runtime itself handles on any device.
STRUCTURAL = {"Placeholder", "Const", "NoOp"}
# A kernel for DEFAULT runs on every device that has none of its own.
GPU_DEVICES = {"GPU", "DEFAULT"}


def operations(fn, dtype):
    """The operations of value, first and second derivative of `fn`."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(dtype, (None, 8))
        y = fn(x)
        (first,) = tf.gradients(y, x, unconnected_gradients="zero")
        tf.gradients(first, x, unconnected_gradients="zero")
        return graph.get_operations()


def without_gpu_kernel(fn, dtype):
    missing = set()
    for operation in operations(fn, dtype):
        if operation.type in STRUCTURAL:
            continue
        registered = kernels.get_registered_kernels_for_op(operation.type).kernel
        if not any(kernel.device_type in GPU_DEVICES and _accepts(kernel, operation) for kernel in registered):
            missing.add((operation.type, dtype))
    return missing


def _accepts(kernel, operation):
    """Whether the kernel is for the dtypes that the operation has."""
    for constraint in kernel.constraint:
        if operation.get_attr(constraint.name).as_datatype_enum not in constraint.allowed_values.list.type:
            return False
    return True


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", keras_acts.names())
def test_every_operation_has_a_gpu_kernel(name, dtype):
    assert without_gpu_kernel(keras_acts.get(name), dtype) == set()


def test_the_check_bites():
    def in_python(x):
        return tf.numpy_function(lambda v: v, [x], x.dtype) * x

    assert without_gpu_kernel(in_python, "float32") == {("PyFunc", "float32")}


@pytest.mark.parametrize("name", keras_acts.names())
def test_no_custom_operation_and_no_python(name):
    types = {operation.type for operation in operations(keras_acts.get(name), "float32")}
    assert not {"PyFunc", "EagerPyFunc", "PyFuncStateless"} & types
    assert all(hasattr(tf.raw_ops, op_type) for op_type in types)
