"""Names and options that may be misspelt: what is wrong with them, and what is near."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from keras_acts.core import spec

__all__ = ["check_named", "check_options", "did_you_mean", "unknown"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'digits'?` where something known is spelled nearly like it, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def unknown(kind: str, text: str, known: Iterable[str], others: str = "") -> ValueError:
    """The error for a spec string whose name is not known, such as "digts" for a data set.

    Args:
        kind: what it should have been.
        text: the spec string.
        known: the names that there are.
        others: what else is possible.
    """
    near = did_you_mean(spec.parse(text)[0], known)
    return ValueError(f"Unknown {kind}.{near} There are {', '.join(known)}{others}. Received: {text!r}")


def check_options(text: str, function: Callable[..., Any], given: Sequence[str]) -> dict[str, Any]:
    """The options of a spec string, such as {"noise": 0.1} of "circles(noise=0.1)".

    Args:
        text: the spec string.
        function: what the options are for.
        given: its parameters that are no options.

    Raises:
        ValueError: for one that the function does not take, or one without a name.
    """
    name, args, options = spec.parse(text)
    check_known(text, options, function, given)
    check_named(name, args, text)
    return options


def check_named(name: str, args: Sequence[Any], text: str) -> None:
    """Raise ValueError for options without a name."""
    if args:
        raise ValueError(f"Options are given by name: '{name}(option=value)'. Received: {text!r}")


def check_known(
    text: str, options: dict[str, Any], function: Callable[..., Any], given: Sequence[str]
) -> dict[str, Any]:
    """The options, or ValueError for one that the function does not take."""
    parameters = inspect.signature(function).parameters.values()
    known = [each.name for each in parameters if each.name not in given and each.kind is not each.VAR_KEYWORD]
    for option in options:
        if option not in known:
            near = did_you_mean(option, known)
            raise ValueError(
                f"'{text}' has no option `{option}`.{near} It takes {', '.join(known) or 'none'}. Received: {text!r}"
            )
    return options
