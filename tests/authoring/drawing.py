"""Formulas drawn from a grammar, always the same."""

import random
from collections.abc import Callable


def different(drawn: Callable[[random.Random], str], count: int) -> list[str]:
    """So many different ones, each from a seed of its own."""
    found: dict[str, None] = {}
    seed = 0
    while len(found) < count:
        found[drawn(random.Random(seed))] = None
        seed += 1
    return list(found)
