"""Finds calls in a source that could run, or unpack, what a stranger wrote."""

import ast
from collections.abc import Iterator

_ALWAYS = {
    "pickle": ("load", "loads", "Unpickler"),
    "_pickle": ("load", "loads", "Unpickler"),
    "marshal": ("load", "loads"),
    "shelve": ("open",),
    "dill": ("load", "loads"),
    "cloudpickle": ("load", "loads"),
    "joblib": ("load",),
    "yaml": ("load", "load_all", "full_load", "unsafe_load"),
    "os": ("system", "popen"),
    "subprocess": ("getoutput", "getstatusoutput"),
    "shutil": ("unpack_archive",),
    "torch.jit": ("load",),
    "torch.hub": ("load", "load_state_dict_from_url"),
    "numpy": ("DataSource",),
    "builtins": ("eval", "exec", "__import__"),
}
_UNPACKING = ("extract", "extractall")


def dangers(source: str) -> Iterator[tuple[int, str]]:
    """Line and kind of each dangerous call of a source."""
    tree = ast.parse(source)
    known = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            reason = _danger(node, _full_name(node.func, known))
            if reason:
                yield node.lineno, reason


def _names(tree: ast.AST) -> dict[str, str]:
    """What each imported name is in full."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                root = one.name.partition(".")[0]
                known[one.asname or root] = one.name if one.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                known[one.asname or one.name] = f"{node.module}.{one.name}"
    return known


def _full_name(node: ast.expr, known: dict[str, str]) -> str:
    """The name of what is called, with its module; "?.name" for a method of something."""
    if isinstance(node, ast.Name):
        return known.get(node.id, f"builtins.{node.id}")
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id not in known:
            return f"?.{node.attr}"
        return f"{_full_name(node.value, known)}.{node.attr}"
    return "?"


def _danger(call: ast.Call, name: str) -> str:
    module, _, last = name.rpartition(".")
    told = {word.arg: word.value for word in call.keywords}
    reasons = {
        name: last in _ALWAYS.get(module, ()),
        "torch.load without weights_only=True": name == "torch.load"
        and not _is(told.get("weights_only"), True),
        f"{name} with allow_pickle": "allow_pickle" in told
        and not _is(told["allow_pickle"], False),
        "numpy.load that does not say allow_pickle=False": name == "numpy.load"
        and "allow_pickle" not in told,
        f"{name} with shell": "shell" in told and not _is(told["shell"], False),
        f"{last} without filter='data'": last in _UNPACKING and not _is(told.get("filter"), "data"),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value
