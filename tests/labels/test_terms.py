"""Tests of vesal.labels.terms."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts

from vesal.errors import ConfigError
from vesal.labels.terms import Code, Term, read_terms

TERMS = read_terms()
_SNOMED: Any = concepts["SCT"]
KNOWN = {
    (value, meaning.lower(), number)
    for codes in _SNOMED.values()
    for value, (meaning, lists) in codes.items()
    for number in (0, *lists)
}
"""Every SNOMED code in pydicom's dictionary, each of its meanings, the lists it is in and 0."""


def _codes(term: Term) -> list[Code]:
    return [code for code in (term.category, term.kind, term.side, term.region) if code]


def test_every_code_is_in_pydicoms_dictionary_with_its_meaning() -> None:
    """And the sides too, each on a kidney."""
    terms = [*TERMS.entries.values(), *(TERMS.find(f"{s} kidney") for s in ("l", "r", "both"))]
    for code in {code for term in terms for code in _codes(term)}:
        assert code.scheme == "SCT"
        assert (code.value, code.meaning.lower(), 0) in KNOWN


def test_every_category_is_one_of_dicoms_list() -> None:
    """CID 7150, as pydicom has it."""
    allowed = {value for value, _, number in KNOWN if number == 7150}
    assert {term.category.value for term in TERMS.entries.values()} <= allowed
    assert TERMS.find("nobody knows").category.value in allowed


@pytest.mark.parametrize(
    ("name", "category", "kind"),
    [
        ("spleen", "91723000", "78961009"),
        ("liver", "91723000", "10200004"),
        ("kidney", "91723000", "64033007"),
        ("pancreas", "91723000", "15776009"),
        ("gallbladder", "91723000", "28231008"),
        ("stomach", "91723000", "69695003"),
        ("aorta", "91723000", "15825003"),
        ("urinary bladder", "91723000", "89837001"),
        ("heart", "91723000", "80891009"),
        ("brain", "91723000", "12738006"),
        ("prostate", "91723000", "41216001"),
        ("lung", "91723000", "39607008"),
        ("vertebra", "91723000", "51282000"),
        ("bone", "91723000", "272673000"),
        ("lesion", "49755003", "52988006"),
        ("tumour", "49755003", "108369006"),
        ("nodule", "49755003", "27925004"),
        ("what is this", "85756007", "85756007"),
    ],
)
def test_the_table_of_the_protocol_is_there(name: str, category: str, kind: str) -> None:
    """Section 3 of the DICOM protocol."""
    term = TERMS.find(name)
    assert (term.category.value, term.kind.value) == (category, kind)


@pytest.mark.parametrize(
    "name",
    [
        "left kidney",
        "kidney_left",
        "Kidney L",
        "KidneyLeft",
        "LKidney",
        "KIDNEY-LT",
        "the kidney.l",
        "left kidney 2",
        "Left  Kidneys",
    ],
)
def test_a_name_is_found_however_it_is_written(name: str) -> None:
    """Order, case, separators and counts do not matter; the side is a modifier."""
    term = TERMS.find(name)
    assert term.kind.meaning == "Kidney"
    assert term.side is not None
    assert (term.side.value, term.side.meaning) == ("7771000", "Left")


@pytest.mark.parametrize(
    ("name", "meaning", "side"),
    [
        ("right lung", "Lung", "Right"),
        ("lung_upper_lobe_left", "Upper lobe of lung", "Left"),
        ("upper lobe of the right lung", "Upper lobe of lung", "Right"),
        ("both kidneys", "Kidney", "Bilateral"),
        ("kidney", "Kidney", None),
        ("heart_atrium_left", "Left atrium", None),
        ("vertebrae_L1", "L1 vertebra", None),
        ("T12 vertebra", "T12 vertebra", None),
        ("rib_left_4", "Rib", "Left"),
        ("4th ventricle", "Fourth Ventricle", None),
    ],
)
def test_a_side_is_told_only_where_it_is_not_in_the_code(
    name: str, meaning: str, side: str | None
) -> None:
    """L of a vertebra is no side, and the left atrium has a code of its own."""
    term = TERMS.find(name)
    assert term.kind.meaning == meaning
    assert (term.side.meaning if term.side else None) == side


@pytest.mark.parametrize(
    ("name", "meaning", "region", "side"),
    [
        ("liver lesion 2", "Lesion", "Liver", None),
        ("Kidney Tumor Right", "Neoplasm", "Kidney", "Right"),
        ("pulmonary nodule", "Nodule", "Lung", None),
        ("metastasis of the brain", "Metastasis", "Brain", None),
        ("cyst", "Cyst", None, None),
    ],
)
def test_a_lesion_lies_in_its_organ(
    name: str, meaning: str, region: str | None, side: str | None
) -> None:
    """The organ is the region, the side is the organ's."""
    term = TERMS.find(name)
    assert term.kind.meaning == meaning
    assert (term.region.meaning if term.region else None) == region
    assert (term.side.meaning if term.side else None) == side


@pytest.mark.parametrize(
    "name",
    [
        "Niere",
        "left liver",
        "not kidney",
        "kidney liver",
        "left right kidney",
        "left lesion",
        "liver lesion cyst",
        "lesion spleeen",
        "spleeen",
        "L1",
        "L",
        "7",
        "",
    ],
)
def test_a_name_that_is_not_in_the_table_is_tissue(name: str) -> None:
    """Never a wrong organ, and no side that would be of one."""
    term = TERMS.find(name)
    assert [code.value for code in _codes(term)] == ["85756007", "85756007"]


@given(name=st.text(st.characters(codec="utf-8")))
def test_any_name_has_a_term(name: str) -> None:
    """Whatever people type."""
    assert TERMS.find(name).kind.value


def test_no_name_stands_for_two_things() -> None:
    """Each name of the table finds the term it is written at."""
    path = Path(str(resources.files("vesal") / "labels" / "terms.json"))
    for name, row in json.loads(path.read_text()).items():
        for each in (name, *row.get("names", ())):
            assert TERMS.find(each).kind.value == row["type"][0]


def _file(folder: Path, table: object) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps(table))
    return path


def test_a_file_of_the_user_adds_names_and_changes_them(tmp_path: Path) -> None:
    """Of the same form; another scheme may be named."""
    table = {
        "Niere": {"type": ["64033007", "Kidney"], "category": "anatomy", "paired": True},
        "wobble": {
            "type": ["W1", "Wobble", "99MINE"],
            "category": "abnormality",
            "names": ["wob"],
            "colour": [1, 2, 3],
        },
        "liver": {"type": ["L1", "My liver", "99MINE"], "category": "anatomy"},
    }
    terms = read_terms(_file(tmp_path, table))
    kidney = terms.find("Niere links rechts")
    assert kidney.kind.meaning == "Tissue"
    kidney = terms.find("niere_left")
    assert kidney.kind.value == "64033007"
    assert kidney.side is not None
    assert terms.find("Wob 3").kind == Code(value="W1", meaning="Wobble", scheme="99MINE")
    assert terms.find("wobble").colour == (1, 2, 3)
    assert terms.find("liver wobble").region == Code(
        value="L1", meaning="My liver", scheme="99MINE"
    )
    assert terms.find("spleen") == TERMS.find("spleen")
    assert TERMS.find("liver").kind.value == "10200004"


LIVER = {"type": ["10200004", "Liver"], "category": "anatomy"}


@pytest.mark.parametrize(
    "row",
    [
        7,
        {},
        {"type": ["10200004", "Liver"]},
        LIVER | {"type": "10200004"},
        LIVER | {"type": ["10200004"]},
        LIVER | {"type": [10200004, "Liver"]},
        LIVER | {"category": "organ"},
        LIVER | {"paired": "yes"},
        LIVER | {"names": "hepar"},
        LIVER | {"names": [4]},
        LIVER | {"colour": [1, 2]},
        LIVER | {"colour": [1, 2, 256]},
        LIVER | {"colour": [1, 2, True]},
        LIVER | {"color": [1, 2, 3]},
    ],
)
def test_an_entry_of_another_form_is_refused(row: object, tmp_path: Path) -> None:
    """The sentence shows the right form and what was given."""
    with pytest.raises(ConfigError, match="the term 'liver' needs the form"):
        read_terms(_file(tmp_path, {"liver": row}))


@pytest.mark.parametrize(
    "kind", [["", "Liver"], ["1" * 17, "Liver"], ["1", "L" * 65], ["1", "a\\b"]]
)
def test_a_code_that_dicom_cannot_hold_is_refused(kind: list[str], tmp_path: Path) -> None:
    """16 characters for the value, 64 for the meaning."""
    with pytest.raises(ConfigError, match="of 1 to 16 characters and a meaning of 1 to 64"):
        read_terms(_file(tmp_path, {"liver": LIVER | {"type": kind}}))


def test_a_name_of_numbers_is_refused(tmp_path: Path) -> None:
    """It would stand for each object that only has a number."""
    with pytest.raises(ConfigError, match="needs a word that is no number, got '12'"):
        read_terms(_file(tmp_path, {"12": LIVER}))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """A list, no JSON, no file."""
    with pytest.raises(ConfigError, match="one object of names and terms, got list"):
        read_terms(_file(tmp_path, []))
    (tmp_path / "bad.json").write_text("{")
    for path in (tmp_path / "bad.json", tmp_path / "none.json"):
        with pytest.raises(ConfigError, match="must be a JSON file of terms"):
            read_terms(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"liver": {"type": ["\\\\", "x"]}}'])
def test_a_refusal_names_the_file(text: str, tmp_path: Path) -> None:
    """Lists in lists without end were a RecursionError."""
    path = tmp_path / "terms.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"terms\.json"):
        read_terms(path)
