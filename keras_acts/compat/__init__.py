"""Files that other frameworks wrote: models of Keras 2, TF Addons and keras-contrib (`keras_acts.compat`).

From the file to the model: `reading` finds architecture and weights, `translating` and `graphs` put the architecture
into the words of Keras 3, `loading` builds it, `weights` fills it. `keras_acts.compat.tfa`, which must be imported by
name, lets `keras.models.load_model` itself read files with names of TF Addons.
"""

from keras_acts.compat.loading import convert, load_legacy

__all__ = ["convert", "load_legacy"]
