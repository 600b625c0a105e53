"""Value and two derivatives by nested tapes, which fail where a derivative is None."""

import tensorflow as tf


def value_and_derivatives(function, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        first = inner.gradient(y, x)
    return y, first, outer.gradient(first, x)
