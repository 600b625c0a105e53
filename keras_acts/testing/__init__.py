"""The contract that every activation of keras_acts meets, for your own too. Needs the `check` extra (mpmath)."""

from keras_acts import _extras

with _extras.named():
    from keras_acts.testing.contract import check_activation
    from keras_acts.testing.layer_contract import check_layer

__all__ = ["check_activation", "check_layer"]
