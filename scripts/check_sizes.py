"""Prints the longest files and functions, and fails where one is too long to be read at once."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LIMIT = 400  # lines
FUNCTION_LIMIT = 50  # lines, from `def` to the last statement
SHOWN = 10
FOLDERS = ("src", "tests", "scripts", "benchmarks")


def functions(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the length in lines and the place of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield last - node.lineno + 1, f"{path}:{node.lineno} {node.name}"


def report(kind: str, sizes: list[tuple[int, str]], limit: int) -> int:
    """Print the longest of a kind and every breach; return how many breaches there are."""
    sizes.sort(reverse=True)
    print(f"longest {kind} (limit {limit} lines)")
    for lines, place in sizes[:SHOWN]:
        print(f"{lines:5d}  {place}")
    breaches = [place for lines, place in sizes if lines > limit]
    for place in breaches:
        print(f"error: {place} is longer than {limit} lines; split it", file=sys.stderr)
    return len(breaches)


def main() -> int:
    """Check all folders; return 1 if anything is too long."""
    os.chdir(Path(__file__).resolve().parent.parent)
    paths = sorted(path for folder in FOLDERS for path in Path(folder).rglob("*.py"))
    files = [(len(path.read_text(encoding="utf-8").splitlines()), str(path)) for path in paths]
    breaches = report("files", files, FILE_LIMIT)
    breaches += report("functions", [f for path in paths for f in functions(path)], FUNCTION_LIMIT)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
