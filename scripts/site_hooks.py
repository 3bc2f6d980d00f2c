"""What the site's builder must be told, as the pages are written for GitHub's Markdown.

MkDocs reads an older Markdown, in which a list or a table needs a blank line before it, and knows
the files below docs/ only. Its settings (mkdocs.yml) name this file.
"""

import posixpath
import re

_FENCE = re.compile(r"^\s*```")
_ITEM = re.compile(r"^(?:[-*]|\d+\.) ")
_ROW = re.compile(r"^\|")
_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)#\s]+)(?:#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: object, **_: object) -> str:
    """A page as MkDocs reads it; it is called for each one."""
    place = str(page.file.src_uri)  # type: ignore[attr-defined]  # mkdocs.structure.pages.Page
    return without_links_outside(with_blank_lines(markdown), place)


def with_blank_lines(markdown: str) -> str:
    """The same with a blank line before each list and table that lacks one."""
    lines: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        before = lines[-1] if lines else ""
        if not fenced and _begins(line, before):
            lines.append("")
        fenced ^= bool(_FENCE.match(line))
        lines.append(line)
    return "\n".join(lines) + "\n"


def _begins(line: str, before: str) -> bool:
    """Whether a list or a table begins in a line that follows right on another text."""
    if not before.strip():
        return False
    if _ROW.match(line):
        return not _ROW.match(before)
    return bool(_ITEM.match(line)) and not _ITEM.match(before) and not before.startswith(" ")


def without_links_outside(markdown: str, place: str) -> str:
    """The same with the path in place of a link to a file of the repository that is no page.

    Args:
        markdown: of the page.
        place: of the page, below docs/.
    """

    def told(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(place), link[2]))
        return link[0] if target.startswith("docs/") else f"`{target}`"

    return _LINK.sub(told, markdown)
