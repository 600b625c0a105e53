import os

# Before TensorFlow is imported: its start-up messages are no findings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import logging

import pytest

# tf.function warns when one function is traced for many dtypes, which the contract does on purpose.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def pytest_addoption(parser):
    parser.addoption(
        "--cases", type=int, help="of a test with many cases take this many, spread evenly; all by default"
    )


# Minutes each: first, so that at the end no worker waits for another.
LONGEST = ("test_quick_tests_on_backends.py", "test_backends.py", "test_backends_page.py", "test_notebooks.py")


@pytest.hookimpl(trylast=True)  # after marks have been looked at
def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: not item.nodeid.partition("::")[0].endswith(LONGEST))
    wanted = config.getoption("--cases")
    if not wanted:
        return
    of_test = {}
    for item in items:
        of_test.setdefault(item.nodeid.partition("[")[0], []).append(item)
    chosen = set()
    for cases in of_test.values():
        count = min(wanted, len(cases))
        chosen.update(cases[(2 * i + 1) * len(cases) // (2 * count)] for i in range(count))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


@pytest.fixture(autouse=True)
def _state_as_imported():
    """Each test starts and ends with the strings and the registry in the state that `import keras_acts` leaves."""
    import keras

    import keras_acts
    from keras_acts.core.activation import activations

    keras_acts.install()
    declared = activations.snapshot()
    custom_objects = dict(keras.saving.get_custom_objects())
    yield
    activations.restore(declared)
    keras.saving.get_custom_objects().clear()
    keras.saving.get_custom_objects().update(custom_objects)
    keras_acts.install()
