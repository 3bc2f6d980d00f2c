"""Prompt files, lists, tables, arrays of data sets, and what a run left for the next one."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tests.damaged.image_kinds import sane
from tests.damaged.kind import Kind, Whole, whole
from tests.damaged.weight_kinds import repacked
from tests.datasets.test_npz import npy
from tests.images.foreign import values
from vesal.cohort.journal import opened
from vesal.cohort.prompt_file import read_cases
from vesal.cohort.report import Entry, Row
from vesal.cohort.scan_list import read_scans
from vesal.curation.config import Said, settings_of
from vesal.curation.journal import Journal
from vesal.curation.look import Looked
from vesal.datasets import Pair, Signature, find_pairs
from vesal.datasets.challenge import read_case
from vesal.evaluation.results import Result, Results
from vesal.labels.terms import read_terms

PROMPTS = {
    "version": 1,
    "frame": "mm",
    "cases": [
        {
            "image": "ct.nii",
            "objects": [
                {"name": "liver", "prompts": [{"point": [12, -40.5, 33]}, {"avoid": "ct.nii"}]},
                {
                    "name": "tumour",
                    "one_by_one": True,
                    "prompts": [
                        {"box": [[1, 2, 3], [4, 5, 6]]},
                        {"scribble": [[1, 2, 3], [2, 2, 3]], "positive": False, "joined": True},
                        {"start": "ct.nii", "numbers": [1, 2]},
                    ],
                },
            ],
        },
        {"image": "mr.nii", "series": 2, "frame": "voxel", "overlap": "later", "objects": [
            {"prompts": [{"lasso": [[1, 2, 3], [4, 5, 3], [4, 1, 3]]}]},
        ]},
    ],
}  # fmt: skip
ROWS = {
    "image": ["ct.nii", "ct.nii", "mr.nii"],
    "object": ["liver", "liver", "tumour"],
    "kind": ["point", "box", "scribble"],
    "coordinates": ["12,-40.5,33", "1,2,3 4,5,6", "1,2,3 2,2,3"],
    "positive": ["1", "0", "1"],
    "frame": ["mm", "mm", "voxel"],
}
PAIRS = (
    "image,label,name,patient,modality,part,seen,structures\n"
    'ct.nii,mr.nii,one,p1,CT,train,1,"liver=1; kidneys=2,3"\n'
    "mr.nii,ct.nii,two,p2,MR,test,no,tumour\n"
)
TERMS = {
    "nierchen": {"type": ["64033007", "Kidney"], "category": "anatomy", "paired": True,
                 "names": ["ren"], "colour": [200, 90, 60]},
}  # fmt: skip
SETTINGS = {
    "rules": "sam-med3d",
    "seed": 3,
    "shares": {"train": 0.8, "test": 0.2},
    "checks": {},
    "thresholds": {},
}
LISTING = {
    "images/ct_00--A--0001--x_001.png": [
        "masks/ct_00--A--0001--x_001--0000_000.png",
        "masks/ct_00--A--0001--x_001--0001_000.png",
    ],
    "images/ct_00--A--0002--y_001.png": ["masks/ct_00--A--0002--y_001--0000_000.png"],
}
NNUNET = {
    "labels": {"background": 0, "liver": 1, "kidneys": [2, 3]},
    "channel_names": {"0": "CT"},
    "file_ending": ".nii",
}
CASE_KEY = "k" * 64
PAIR = Pair(name="p", image=Path("ct.nii"), labels=())


def _text(name: str, content: str | Mapping[str, object]) -> Callable[[Path], Whole]:
    """A text file beside two files that it may name."""

    def make(folder: Path) -> Whole:
        for image in ("ct.nii", "mr.nii"):
            (folder / image).touch()
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        (folder / name).write_text(text, encoding="utf-8")
        return whole(folder / name)

    return make


def _csv() -> str:
    rows = zip(*ROWS.values(), strict=True)
    lines = [",".join(f'"{field}"' for field in row) for row in rows]
    return "\n".join([",".join(ROWS), *lines, ""])


def _parquet(folder: Path, columns: dict[str, list[str]]) -> Whole:
    made = _text("a.parquet", "")(folder)
    points = [[[12.0, -40.5, 33.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[1.0, 2.0, 3.0]] * 2]
    table = {**columns, "coordinates": points} if "coordinates" in columns else columns
    parquet.write_table(pa.table(table), made.path)
    return whole(made.path)


def _objects(*items: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _case(folder: Path) -> Path:
    """A case of the challenge with all that it may have."""
    box = {f"z_{end}": 1 for end in ("min", "max", "mid")}
    box |= {f"z_mid_{axis}_{end}": 2 for axis in "xy" for end in ("min", "max")}
    side = {"fg": [[1, 2, 3]], "bg": [[0, 1, 2], [2, 2, 2]]}
    np.savez_compressed(
        folder / "a.npz",
        allow_pickle=True,
        imgs=values((6, 5, 4), np.uint8),
        gts=(values((6, 5, 4), np.uint8) > 60).astype(np.uint8),
        spacing=np.array([1.0, 1.0, 2.0]),
        boxes=_objects(box),
        clicks=_objects(side),
        clicks_order=_objects(["bg", "fg", "bg"]),
    )
    return folder / "a.npz"


def _member(folder: Path, name: str) -> Whole:
    core, wrap = repacked(_case(folder).read_bytes(), name)
    return Whole(path=folder / "a.npz", core=core, wrap=wrap)


def _read_case(path: Path) -> None:
    case = read_case(path)
    sane(case.image)
    assert case.truth is None or case.truth.shape == case.image.grid.shape


def _read_prompts(path: Path) -> None:
    assert all(case.wanted for case in read_cases(path))


def _read_scans(path: Path) -> None:
    assert read_scans(path)


def _read_pairs(path: Path) -> None:
    found = find_pairs(path)
    assert found.pairs
    assert all(isinstance(pair, Pair) for pair in found.pairs)


def _listing(folder: Path) -> Whole:
    for name in (*LISTING, *(mask for masks in LISTING.values() for mask in masks)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return _text("SAMed2D_v1.json", LISTING)(folder)


def _nnunet(folder: Path) -> Whole:
    for name in ("imagesTr/a_0000.nii", "labelsTr/a.nii"):
        (folder / name).parent.mkdir()
        (folder / name).touch()
    return _text("dataset.json", NNUNET)(folder)


def _entry(name: str) -> Entry:
    return Entry(key="k", rows=(Row(case=name, image="ct.nii", object="liver", status="done"),))


def _cohort_journal(folder: Path) -> Whole:
    with opened(folder) as journal:
        for name in ("ct", "mr"):
            journal.add(name, _entry(name))
    return whole(folder / "journal.jsonl")


def _read_cohort_journal(path: Path) -> None:
    with opened(path.parent) as journal:
        assert journal.entry("ct") in (None, _entry("ct"))


def _results(folder: Path) -> Whole:
    results = Results(folder, "clicks")
    signature = Signature(ndim=3, bits=bytes(32))
    results.keep("m", "c", Result(key=CASE_KEY, notes=("odd",), signature=signature))
    (path,) = results.folder.iterdir()
    return whole(path)


def _read_results(path: Path) -> None:
    found = Results(path.parent.parent, "clicks").of("m", "c", CASE_KEY)
    assert found is None or (found.key == CASE_KEY and isinstance(found.found, tuple))


def _curation(folder: Path) -> Whole:
    journal = Journal(folder)
    journal.begin("sam-med3d")
    signature = Signature(ndim=3, bits=bytes(32))
    journal.keep_look(PAIR, CASE_KEY, Looked(structures=("liver",), signature=signature))
    (path,) = (folder / ".curation" / "look").iterdir()
    return whole(path)


def _read_curation(path: Path) -> None:
    found = Journal(path.parents[2]).looked(PAIR, CASE_KEY)
    assert found is None or isinstance(found, Looked)


def _read_settings(path: Path) -> None:
    assert asdict(settings_of(Said(config=path)))


def _npy_list(folder: Path) -> Whole:
    """An array of NumPy alone, which no reader of images takes."""
    stream = io.BytesIO(npy(values((3, 2))))
    (folder / "a.npy").write_bytes(stream.getvalue())
    return whole(folder / "a.npy")


TABLE_KINDS: dict[str, Kind] = {
    "prompts in JSON": Kind(count=620, make=_text("p.json", PROMPTS), read=_read_prompts),
    "prompts in CSV": Kind(count=620, make=_text("p.csv", _csv()), read=_read_prompts),
    "prompts in Parquet": Kind(count=370, make=partial(_parquet, columns=ROWS), read=_read_prompts),
    "list of scans": Kind(count=240, make=_text("l.txt", "ct.nii\nmr.nii\n"), read=_read_scans),
    "table of scans": Kind(
        count=180, make=_text("l.csv", "image,note\nct.nii,x\nmr.nii,y\n"), read=_read_scans
    ),
    "scans in Parquet": Kind(
        count=120, make=partial(_parquet, columns={"image": ["ct.nii", "mr.nii"]}), read=_read_scans
    ),
    "table of pairs": Kind(count=310, make=_text("t.csv", PAIRS), read=_read_pairs),
    "list of SAM-Med2D": Kind(count=240, make=_listing, read=_read_pairs),
    "dataset.json": Kind(count=180, make=_nnunet, read=_read_pairs),
    "npz": Kind(count=370, make=lambda folder: whole(_case(folder)), read=_read_case),
    "npz, its image": Kind(count=240, make=partial(_member, name="imgs.npy"), read=_read_case),
    "npz, its boxes": Kind(count=240, make=partial(_member, name="boxes.npy"), read=_read_case),
    "npz, its clicks": Kind(count=180, make=partial(_member, name="clicks.npy"), read=_read_case),
    "terms": Kind(count=180, make=_text("terms.json", TERMS), read=read_terms),
    "settings of curate": Kind(count=180, make=_text("s.json", SETTINGS), read=_read_settings),
    "journal of a cohort": Kind(
        count=240, make=_cohort_journal, read=_read_cohort_journal, refuses=False
    ),
    "results of evaluate": Kind(count=180, make=_results, read=_read_results, refuses=False),
    "journal of curate": Kind(count=180, make=_curation, read=_read_curation, refuses=False),
}
