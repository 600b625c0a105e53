"""The contract that every activation of keras_acts meets, for your own too. Needs the `test` extra (mpmath)."""

from keras_acts.testing.contract import check_activation as check_activation
