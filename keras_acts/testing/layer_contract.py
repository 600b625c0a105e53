"""All checks of a layer, and `check_layer`, which runs them on one.

Every `check_...` of `layer_values`, `layer_calls` and `layer_files` takes a `LayerSubject` and returns a list of
findings, empty if all is well. What a check raises is a finding too: see `findings_of`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras

from keras_acts.testing import layer_calls, layer_files, layer_values
from keras_acts.testing.findings import Findings, raise_if_any
from keras_acts.testing.layer_subject import LayerSubject, layer_subject

__all__ = ["CHECKS", "check_layer", "findings_of"]

CHECKS: list[Callable[[LayerSubject], Findings]] = [
    check
    for concern in (layer_values, layer_calls, layer_files)
    for name, check in vars(concern).items()
    if name.startswith("check_")
]


def findings_of(check: Callable[[LayerSubject], Findings], subject: LayerSubject) -> Findings:
    """The findings of one check; an exception is one."""
    try:
        return check(subject)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def check_layer(layer: Any, shape: Sequence[int] = (6,), *, skip: Iterable[str] = ()) -> None:
    """Run the contract of keras_acts on an activation layer, your own or one of ours.

    The same value and gradients in eager, graph and XLA mode; gradients and second derivatives against central
    differences; mixed precision rounded once; finite for huge and tiny inputs; config, files and registration; masks,
    TimeDistributed, unknown sizes, quantization; integers refused.

    Args:
        layer: a class, a callable that makes a new layer from keyword arguments such as `dtype`, a name or spec string,
            or a layer, of which copies are made from its config.
        shape: of one sample, without the batch axis.
        skip: names of checks that do not apply to your layer, such as "check_independent_samples".

    Raises:
        AssertionError: with all findings, a line each.
        TypeError: if `layer` is none of these, or makes none.
        ValueError: if `skip` holds a name that no check has.

    Example:
        >>> keras_acts.testing.check_layer("PReLU", skip=["check_modes", "check_saved_files"])
    """
    left_out = set(skip)
    unknown = left_out - {check.__name__ for check in CHECKS}
    if unknown:
        names = ", ".join(check.__name__ for check in CHECKS)
        raise ValueError(f"`skip` must hold names of checks: {names}. Received: {sorted(unknown)}")
    subject = layer_subject(layer, shape)
    made = subject.make()
    if not isinstance(made, keras.Layer):
        raise TypeError(f"check_layer takes what makes a layer; check_activation is for functions. It made: {made!r}")
    findings = [
        f"{check.__name__}: {finding}"
        for check in CHECKS
        if check.__name__ not in left_out
        for finding in findings_of(check, subject)
    ]
    raise_if_any(findings, layer)
