"""Tests of vesal.evaluation.report.page."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.evaluation.report.played import ABOUT, broken, played
from tests.evaluation.report.svg import identifiers
from tests.evaluation.report.test_pictures import scene
from vesal.evaluation.report.about import About
from vesal.evaluation.report.comparisons import contests
from vesal.evaluation.report.page import page
from vesal.evaluation.report.summary import summaries
from vesal.evaluation.row import Row

EVIL = "<b onclick='x'>\"&</script>"
_VOID = {"meta", "img", "br", "link", "hr", "input"}


class Reader(HTMLParser):
    """Sees whether every element is closed, and which there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element down."""
        self.seen[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an empty element down."""
        self.seen[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """It closes what was opened last."""
        assert self.open.pop() == tag


def made(rows: list[Row], about: About = ABOUT) -> str:
    """The page of some rows."""
    found = summaries(rows, about.reported)
    return page(rows, about, found, contests(rows, about.reported), scene)


ROWS = [
    *played([0.5, 0.6, 0.9], nsd=0.5, hd95_mm=2.0, assd_mm=1.0),
    *played([0.5, 0.3], case="b", object="kidney_left", modality="MR"),
    *played([0.4, 0.5], model="theirs"),
    *broken(played([0.4, 0.5], model="theirs", case="b", object="kidney_left", modality="MR")),
]


@pytest.fixture(scope="module")
def text() -> str:
    """A page with all its parts."""
    return made(ROWS, replace(ABOUT, notes=("a note",), problems=(("case 9", "is no image"),)))


def test_the_page_is_whole(text: str) -> None:
    """Every element is closed, every part is there, no identifier is used twice."""
    reader = Reader(text)
    assert reader.open == []
    assert reader.seen["svg"] >= 4
    assert reader.seen["img"] == 2
    assert (reader.seen["h1"], reader.seen["main"]) == (1, 1)
    counted = Counter(identifiers(text))
    assert [name for name, count in counted.items() if count > 1] == []
    links = {value[1:] for tag, name, value in reader.attributes if tag == "a" and name == "href"}
    assert links <= set(counted)
    for word in ("a note", "case 9: is no image", "it broke", "abc1234", "vesal evaluate data"):
        assert word in text


def test_the_page_needs_nothing_beside_it(text: str) -> None:
    """No script, style, font or picture from elsewhere."""
    reader = Reader(text)
    loading = {"src", "href", "xlink:href", "data", "action", "srcset"}
    addresses = [value for _, name, value in reader.attributes if name in loading]
    assert addresses
    assert all(value.startswith(("#", "data:image/png;base64,")) for value in addresses)
    assert reader.seen["link"] == 0
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_pictures_and_plots_have_words(text: str) -> None:
    """For those who do not see them."""
    attributes = Reader(text).attributes
    for tag, name in (("img", "alt"), ("svg", "aria-label")):
        words = [value for found, key, value in attributes if (found, key) == (tag, name)]
        assert len(words) == Reader(text).seen[tag]
        assert all(words)


def test_no_name_becomes_markup() -> None:
    """Cases, models and messages come from anybody's disk."""
    rows = [
        *played([0.5, 0.6], case=EVIL, model=EVIL, object=EVIL, variant=EVIL, modality=EVIL),
        *broken(played([0.5], case="b", model=EVIL, variant=EVIL), message=EVIL),
        *played([0.5, 0.6], case=EVIL, object=EVIL, variant=EVIL, model="$x$"),
    ]
    about = replace(
        ABOUT,
        title=EVIL,
        source=EVIL,
        data=EVIL,
        notes=(EVIL,),
        problems=((EVIL, EVIL),),
        command=EVIL,
    )
    text = made(rows, about)
    reader = Reader(text)
    assert reader.open == []
    assert (reader.seen["b"], reader.seen["script"]) == (0, 1)
    assert not any(name == "onclick" for _, name, _ in reader.attributes)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(played([0.5]), id="one object, one round"),
        pytest.param(broken(played([0.5])), id="all failed"),
        pytest.param(played([0.5], first=0, variant="box"), id="a box alone"),
        pytest.param(played([0.5, 1.0], truth_ml=None, volume_ml=None), id="a raster"),
        pytest.param(played([0.0], voxels=0, nsd=0.0, hd95_mm=float("inf")), id="empty mask"),
    ],
)
def test_little_makes_a_page_too(rows: list[Row]) -> None:
    """Without what it has not: no comparison, no plot of clicks."""
    text = made(rows)
    assert Reader(text).open == []
    assert 'id="differences"' not in text
    assert "nan" not in re.sub(r"base64,[^\"]*", "", text).lower().replace("isnan", "")


def test_equal_rows_make_equal_pages() -> None:
    """No date but the one that is given, no draw that is not seeded."""
    rows = played([0.5, 0.7])
    assert made(rows) == made(rows)
