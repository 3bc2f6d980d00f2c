"""The documentation as a site: it builds without a warning, and needs no other host."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

pytest.importorskip("mkdocs", reason="needs mkdocs: pip install 'vesal[docs]'")
pytest.importorskip("material", reason="needs mkdocs-material: pip install 'vesal[docs]'")
pytest.importorskip("mkdocstrings", reason="needs mkdocstrings: pip install 'vesal[docs]'")

ROOT = Path(__file__).resolve().parents[2]
HOOKS = runpy.run_path(str(ROOT / "scripts" / "site_hooks.py"))
_LOADED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src"}
_ELSEWHERE = re.compile(r"^(?:[a-z]+:)?//")
_IN_STYLES = re.compile(r"url\(\s*[\"']?((?:https?:)?//[^)]*)|@import[^;]*//")


@dataclass
class _Page(HTMLParser):
    """What a page names, loads and leads to."""

    ids: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the ids, the addresses of what is fetched, and those of what is linked."""
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag in _LOADED and _LOADED[tag] in found and found.get("rel") not in ("next", "prev"):
            self.loaded.append(found[_LOADED[tag]])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors, as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    run = subprocess.run(  # noqa: S603  # our own pages
        words,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "WARNING" not in run.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Page]:
    """All pages, read."""
    return dict(_read(site))


def test_every_page_of_the_folder_is_a_page_of_the_site(pages: dict[Path, _Page]) -> None:
    """None is forgotten (the build refuses one that the navigation leaves out)."""
    sources = list((ROOT / "docs").rglob("*.md"))
    assert len(pages) == len(sources) + 1  # and the one for what is not found
    assert len(sources) > 40


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, _Page]) -> None:
    """No font, script, style or picture: it can be read where there is no network."""
    far = [one for page in pages.values() for one in page.loaded if _ELSEWHERE.match(one)]
    assert far == []
    styles = [style.read_text(encoding="utf-8") for style in site.rglob("*.css")]
    assert len(styles) > 1
    assert [found for style in styles for found in _IN_STYLES.findall(style)] == []


def test_every_link_within_the_site_leads_to_a_place(site: Path, pages: dict[Path, _Page]) -> None:
    """A file that is there, and in it the heading that is named."""
    lost = []
    for path, page in pages.items():
        if path.name == "404.html":  # its addresses begin at the root of a host
            continue
        for link in [*page.links, *page.loaded]:
            place, fragment = urldefrag(link)
            if _ELSEWHERE.match(link) or place.startswith(("mailto:", "javascript:", "data:")):
                continue
            target = (path.parent / unquote(place)).resolve() if place else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].ids if target in pages else set()
            if not target.exists() or (target in pages and fragment and fragment not in known):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


def test_the_reference_has_what_is_public(site: Path) -> None:
    """Every public name of the package has a heading there, with its docstring."""
    text = "".join(page.read_text("utf-8") for page in (site / "reference").glob("*.html"))
    names = "open_image Image Mask open_labels LabelMap Segment Click Box Scribble Lasso MaskPrompt"
    names += " Session load_model VesalError Grid Patch evaluate report surface_dice"
    missing = [name for name in names.split() if not re.search(rf'id="vesal\.[\w.]*{name}"', text)]
    assert missing == []
    assert "Take the last step back, whatever it was" in text


def test_lists_and_tables_get_the_blank_line_that_the_builder_needs() -> None:
    """Not within a block of code, and not between items or rows."""
    page = "One:\n- a\n- b\n  more\n- c\n\nTwo\n| x |\n|---|\n```\nno\n- list\n```\n"
    wanted = "One:\n\n- a\n- b\n  more\n- c\n\nTwo\n\n| x |\n|---|\n```\nno\n- list\n```\n"
    assert HOOKS["with_blank_lines"](page) == wanted
    assert HOOKS["with_blank_lines"](wanted) == wanted


def test_links_out_of_the_documentation_become_paths() -> None:
    """Files of the repository are no pages of the site."""
    page = "[Dockerfile](../../deploy/Dockerfile#top), [speed](../speed.md), [web](https://a.org)"
    told = "`deploy/Dockerfile`, [speed](../speed.md), [web](https://a.org)"
    assert HOOKS["without_links_outside"](page, "papers/sam.md") == told


def _read(site: Path) -> Iterator[tuple[Path, _Page]]:
    for path in sorted(site.resolve().rglob("*.html")):
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        yield path, page
