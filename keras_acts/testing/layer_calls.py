"""The checks of how a layer is called: shapes, masks, batches, steps of a sequence, integers."""

import keras
import numpy as np
import tensorflow as tf

from keras_acts.layers.as_activation_argument import Guarded
from keras_acts.testing.findings import Findings, not_close
from keras_acts.testing.layer_subject import BATCH, LayerSubject, for_inference, sample


def check_output_shape(subject: LayerSubject) -> Findings:
    """`compute_output_shape` and the symbolic call tell the shape of the output; the symbolic dtype is right."""
    layer = subject.make()
    symbolic = layer(keras.Input(subject.shape))
    output = layer(subject.x())
    declared = tuple(layer.compute_output_shape((BATCH, *subject.shape)))
    findings = []
    if tuple(output.shape)[1:] != tuple(symbolic.shape)[1:]:
        findings.append(f"the symbolic output has the shape {symbolic.shape}, the output {output.shape}")
    if tuple(output.shape) != declared:
        findings.append(f"compute_output_shape gives {declared}, the output has the shape {output.shape}")
    if symbolic.dtype != output.dtype.name:
        findings.append(f"the symbolic output is {symbolic.dtype}, the output {output.dtype.name}")
    return findings


def check_mask(subject: LayerSubject) -> Findings:
    """A mask passes through, with the length of the output; what it leaves out has no effect on the rest."""
    layer, x = subject.built(), subject.x()
    mask = tf.constant(np.arange(BATCH) > 0)
    if not layer.supports_masking or layer.compute_mask(x, mask) is not mask:
        return ["a mask does not pass through: set supports_masking"]
    if len(subject.shape) < 2:
        return []
    kept = np.ones((BATCH, subject.shape[0]), bool)
    kept[1:, -1] = False
    mask, padded = tf.constant(kept), np.expand_dims(~kept, tuple(range(2, x.ndim)))
    changed = tf.where(padded, tf.constant(9.0, x.dtype), x)
    values, others = (np.asarray(for_inference(layer, z, mask=mask)) for z in (x, changed))
    after = np.asarray(layer.compute_mask(x, mask))
    if after.shape != values.shape[:2]:
        return [f"the mask of an output of shape {values.shape} has the shape {after.shape}"]
    return not_close("what the mask keeps, with something else where it does not", others[after], values[after], 1e-6)


def check_time_distributed(subject: LayerSubject) -> Findings:
    """In TimeDistributed each step gives what the layer alone gives."""
    layer = subject.built()
    x = sample((2, *subject.shape)).astype("float32")
    alone = tf.stack([layer(x[:, step]) for step in range(2)], axis=1)
    return not_close("a step of TimeDistributed", keras.layers.TimeDistributed(layer)(x), alone, 3e-7)


def check_independent_samples(subject: LayerSubject) -> Findings:
    """In inference the output of a sample does not depend on the others of its batch."""
    layer, x = subject.built(), subject.x()
    alone = tf.concat([for_inference(layer, x[index : index + 1]) for index in range(BATCH)], axis=0)
    return not_close("a sample in a batch", for_inference(layer, x), alone, 3e-7)


def check_unknown_sizes(subject: LayerSubject) -> Findings:
    """All axes but the last may be unknown; outputs are those of the known sizes."""
    free = (*(None for _ in subject.shape[:-1]), subject.shape[-1])
    fixed, model = subject.model(subject.make()), subject.model(subject.make(), free)
    model.set_weights(fixed.get_weights())
    x = subject.x()
    return not_close("the output where sizes are unknown", model(x), fixed(x), 3e-7)


def check_integers(subject: LayerSubject) -> Findings:
    """Integers raise a TypeError that names the dtype; layers of Keras' kind do with them what Keras does."""
    layer = subject.built()
    if not isinstance(layer, Guarded):
        return []
    try:
        for_inference(layer, tf.ones((BATCH, *subject.shape), tf.int32))
    except TypeError as error:
        return [] if "dtype=int32" in str(error) else [f"the error for integers does not name dtype=int32: {error}"]
    return ["integers are taken, where a TypeError would say that the layer needs floats"]
