"""Formula text. (Placeholder until the package is merged.)"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Latex:
    """LaTeX."""

    text: str
    reason: str

    def __str__(self) -> str:
        return self.text


def latex(formula: "str | Latex") -> str:
    """LaTeX of a formula."""
    return str(formula)
