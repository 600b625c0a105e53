"""Peak memory of training through `GatedDense`, and through two Dense layers and a product that compute the same.

    python -m benchmarks.gated_memory [UNIT ...] [--rows 8192] [--units 2048]

Each runs in a process of its own in graph mode: loss and gradients of a sum, by a kernel for 32 inputs, so that what
the activation keeps and makes is nearly all there is. The peak is that of resident memory, less what the process held
before; freed memory goes back at once (MALLOC_MMAP_THRESHOLD_ of glibc), as in a process with larger tensors. Matrix
products are TensorFlow's own; with those of oneDNN, which processors of Intel take, the ratio of SwiGLU is 1.3 to 1.45.
Prints the peaks in units of one output tensor, and their ratio.
"""

import argparse
import os
import resource
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import keras_acts
from keras_acts import layers

INPUTS = 32
UNITS = ("SwiGLU", "GEGLU", "ReGLU", "Bilinear")


def gated(unit: str, units: int):
    layer = layers.GatedDense(units, unit)
    layer.build((None, INPUTS))
    return layer, layer.trainable_weights


def written_out(unit: str, units: int):
    """What a user would write, with the activation of Keras where it has one, and without clamps and shifts."""
    glu = layers.get(unit)
    name = getattr(glu.activation, "__name__", "")
    activation = name if hasattr(keras.activations, name) else glu.activation
    gate, up = keras.layers.Dense(units, activation, use_bias=False), keras.layers.Dense(units, use_bias=False)
    for layer in (gate, up):
        layer.build((None, INPUTS))
    other = None if glu.up_activation is None else keras_acts.get(glu.up_activation)
    weights = [*gate.trainable_weights, *up.trainable_weights]
    return (lambda x: gate(x) * (up(x) if other is None else other(up(x)))), weights


def peak_above_start(which: str, unit: str, rows: int, units: int) -> int:
    """In this process, in bytes."""
    call, weights = {"gated": gated, "written_out": written_out}[which](unit, units)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(call(x)))
        return tape.gradient(loss, [x, *(weight.value for weight in weights)])

    step(tf.random.normal((16, INPUTS)))
    x = tf.random.normal((rows, INPUTS))
    step.get_concrete_function(x)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        step(x)
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def peak(which: str, unit: str, rows: int, units: int) -> float:
    """In a process of its own, in units of one output tensor."""
    command = [sys.executable, "-m", "benchmarks.gated_memory", "--inside", which, unit]
    sizes = ["--rows", str(rows), "--units", str(units)]
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000", "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run([*command, *sizes], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1]) / (4 * rows * units)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rows", type=int, default=8192)
    parser.add_argument("--units", type=int, default=2048)
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(peak_above_start(*options.inside, options.rows, options.units))
        return
    for unit in options.names or UNITS:
        ours, theirs = (peak(which, unit, options.rows, options.units) for which in ("gated", "written_out"))
        print(f"{unit}: {ours:.2f} outputs, written out {theirs:.2f}, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
