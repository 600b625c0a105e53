"""How the code being traced will be run: fused by a compiler, or one pass over memory per operation."""

import keras


def is_fused() -> bool:
    """True under XLA, where passes over memory are what counts; False where each operation is a pass of its own.

    Primitives choose their form by it: under XLA one shared exponential and rational arithmetic, else the fewest
    kernels.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return backend == "jax"
    import tensorflow as tf

    try:
        from tensorflow.python.ops import control_flow_util

        return bool(control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph()))
    except (ImportError, AttributeError):  # TensorFlow has moved it: the other form is as right, only slower
        return False


def is_for_cpu() -> bool:
    """True under TensorFlow where it sees no GPU. There float64 is only twice as slow as float32, not thirty times."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def is_fused_for_cpu() -> bool:
    """True under XLA where TensorFlow sees no GPU."""
    return is_for_cpu() and is_fused()
