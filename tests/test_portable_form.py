"""The portable form: every activation of operations alone that the targets of export know."""

import ast
from pathlib import Path

import keras_acts

PACKAGE = Path(keras_acts.__file__).parent
# What some target lacks or gets wrong: only core may choose it, by the form.
NOT_PORTABLE = {"expm1", "log1p", "arctan", "arctanh", "arcsinh", "erf", "erfc", "softplus", "log_sigmoid", "gelu"}
NOT_PORTABLE |= {"celu", "silu", "tan", "sinh", "cosh", "fori_loop", "while_loop"}


def bare_uses(tree):
    """Calls of such operations, by any name that the module `keras.ops` or `core.operations` has in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ops":
            yield node.attr, node.lineno


def test_only_core_chooses_what_some_target_lacks():
    found = [
        f"{path.relative_to(PACKAGE)}:{line} ops.{name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] in ("activations", "layers", "authoring")
        for name, line in bare_uses(ast.parse(path.read_text(encoding="utf-8")))
        if name in NOT_PORTABLE
    ]
    assert found == []


def test_a_bare_operation_is_seen():
    assert list(bare_uses(ast.parse("y = 1.0 + ops.expm1(x)"))) == [("expm1", 1)]
