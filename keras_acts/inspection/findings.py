"""What the checks of a model return: findings, which print as a table."""

import io
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Finding", "Findings", "as_text"]


@dataclass(frozen=True)
class Finding:
    """One thing in a model that goes wrong or will: where, why, and what to do.

    Attributes:
        layer: the path of the layer, or the name of the model.
        attribute: what of the layer, such as "activation" or "kernel_initializer".
        reason: what is wrong, with the numbers behind it.
        fix: what to do, with the line of code where one will do.
        rule: the name of the rule that found it.
        severity: "error" for what cannot work, "warning" for what is most likely a mistake, "note" for the rest.
    """

    layer: str
    attribute: str
    reason: str
    fix: str
    rule: str = "saving"
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.layer}: `{self.attribute}` {self.reason}. {self.fix}."


class Findings(list[Finding]):
    """A list of findings, worst first, that prints as a table."""

    @property
    def failed(self) -> bool:
        """True if there is an error or a warning."""
        return any(finding.severity != "note" for finding in self)

    def as_dicts(self) -> list[dict[str, str]]:
        """The findings as plain dicts, for JSON."""
        return [asdict(finding) for finding in self]

    def __rich__(self) -> Any:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        if not self:
            return Text("No findings.")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("Severity", no_wrap=True)
        table.add_column("Rule", no_wrap=True)
        table.add_column("Layer", ratio=1, overflow="fold")
        table.add_column("Why", ratio=3)
        table.add_column("What to do", ratio=3)
        colours = {"error": "bold red", "warning": "yellow", "note": "dim"}
        for each in self:
            why = f"`{each.attribute}` {each.reason}"
            severity = Text(each.severity, style=colours[each.severity])
            table.add_row(severity, each.rule, Text(each.layer), Text(why), Text(each.fix))
        return table

    def __str__(self) -> str:
        return as_text(self, width=140)

    __repr__ = __str__


def as_text(*shown: Any, width: int) -> str:
    """What Rich makes of tables and sentences, as plain text, in notebooks too, where Rich would display it instead."""
    from rich.console import Console

    text = io.StringIO()
    plain = Console(file=text, width=width, markup=False, highlight=False, force_jupyter=False, force_terminal=False)
    plain.print(*shown, sep="\n")
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n")
