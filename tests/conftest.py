import os

# Before TensorFlow is imported: its start-up messages are no findings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import logging

import pytest

# tf.function warns when one function is traced for many dtypes, which the contract does on purpose.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


@pytest.fixture(autouse=True)
def _strings_as_imported():
    """Each test starts and ends with the strings in the state that `import keras_acts` leaves."""
    import keras_acts

    keras_acts.install()
    yield
    keras_acts.install()
