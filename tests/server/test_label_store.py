"""Labels of different scans are different files, inside the served folder."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.serving import blocks, bright_app, save_nifti
from vesal.server.monai.label_store import LabelStore, stem
from vesal.server.refusals import ForbiddenError
from vesal.server.scans import Scan
from vesal.server.uploads import safe_name


def scan(name: str, id_: str = "") -> Scan:
    """A scan of a name."""
    return Scan(id=id_ or name, name=name, path=Path(name), kind="file", size_bytes=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P#1.nii.gz", "P%1.nii.gz"),
        ("P#1.nii.gz", "P_1.nii.gz"),
        ("a/b.nii.gz", "a_b.nii.gz"),
        ("x" + 200 * "y" + ".nii.gz", "z" + 200 * "y" + ".nii.gz"),
        ("x.seg.nrrd", "x.nii.gz"),
        (".x.nii", "x.nii"),
    ],
)
def test_labels_of_two_names_are_two_files(one: str, other: str) -> None:
    """Whatever of them a disk does not take; digits of the whole name tell them apart."""
    assert stem(one) != stem(other)
    assert f"{stem(one)}.nrrd" != f"{stem(other)}.seg.nrrd"
    assert len(f".{stem(one)}-01234567.seg.nrrd".encode()) < 255


@pytest.mark.parametrize("name", ["case 7", "P-01 (2)", "Übung", "MR.T1+c", 90 * "n"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    """So that labels which are there already are found."""
    assert stem(f"{name}.nii.gz") == stem(name) == name


def test_two_formats_of_one_name_have_two_labels(tmp_path: Path) -> None:
    """The first has the plain name; the second keeps its own when the first is gone."""
    store = LabelStore(tmp_path / "labels")
    first, second = scan("x.nii.gz"), scan("x.nrrd")
    names = store.names([first, second])
    assert names[first.id] == "x"
    assert names[second.id].startswith("x-")
    assert store.names([second]) == {second.id: "x"}
    file = tmp_path / "sent.nrrd"
    file.write_bytes(b"a label")
    store.save(names[second.id], "final", ".nrrd", file)
    assert store.names([second]) == {second.id: names[second.id]}
    assert store.counts([first, second]) == (1, 2, {"final": 1})


def test_saving_one_label_leaves_the_others(tmp_path: Path) -> None:
    """Over the protocol: each scan's label comes back as it was sent, and is listed as its own."""
    names = ("P#1.nii.gz", "P%1.nii.gz", "x.nii.gz", "x.nii", "P_1.nii.gz")
    for name in names:
        save_nifti(tmp_path / name, blocks())
    (tmp_path / "a").mkdir()
    save_nifti(tmp_path / "a" / "b.nii.gz", blocks())
    save_nifti(tmp_path / "a_b.nii.gz", blocks())
    with TestClient(bright_app(tmp_path), base_url="http://localhost") as client:
        ids = client.get("/datastore/?output=all").json()["objects"]
        assert len(ids) == len(names) + 2
        sent = {}
        for number, image in enumerate(ids, 1):
            label = (blocks() > 400).astype("uint8") * number
            sent[image] = save_nifti(tmp_path.parent / f"label-{number}.nii.gz", label).read_bytes()
            files = {"label": ("label.nii.gz", sent[image])}
            answer = client.put("/datastore/label", params={"image": image}, files=files)
            assert answer.status_code == 200
        for image, data in sent.items():
            assert client.get("/datastore/label", params={"label": image}).content == data
        about = client.get("/datastore/").json()
        assert (about["completed"], about["total"]) == (len(ids), len(ids))
        pairs = client.get("/datastore/?output=train").json()["datalist"]
        assert len({one["label"] for one in pairs}) == len(ids)
        assert client.delete("/datastore/label", params={"id": "P#1"}).status_code == 200
        assert client.get("/datastore/label", params={"label": "P%1"}).status_code == 200
        assert client.get("/datastore/label", params={"label": "P#1"}).status_code == 404
        assert client.post("/activelearning/first").json()["id"] == "P#1"


def test_two_images_sent_under_one_name_are_two(tmp_path: Path) -> None:
    """The second is called by its id, and its label is its own."""
    data = save_nifti(tmp_path / "scan.nii.gz", blocks()).read_bytes()
    with TestClient(bright_app(), base_url="http://localhost") as client:
        ids = [
            client.put("/datastore/", files={"file": ("scan.nii.gz", data)}).json()["image"]
            for _ in range(3)
        ]
        assert ids[0] == "scan"
        assert set(client.get("/datastore/?output=all").json()["objects"]) == set(ids)
        assert len(set(ids)) == 3
        for image in ids[:2]:
            files = {"label": ("label.nii.gz", data)}
            client.put("/datastore/label", params={"image": image}, files=files)
        assert client.get("/datastore/").json()["completed"] == 2


@pytest.mark.parametrize("link", ["labels", "labels/final"])
def test_no_label_is_written_through_a_link_that_leads_out(tmp_path: Path, link: str) -> None:
    """Nor read; a folder of the same name is taken again."""
    served, elsewhere = tmp_path / "served", tmp_path / "elsewhere"
    served.mkdir()
    elsewhere.mkdir()
    save_nifti(served / "x.nii.gz", blocks())
    path = served / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(elsewhere)
    store, file = LabelStore(served / "labels"), served / "x.nii.gz"
    with pytest.raises(ForbiddenError, match="leads out"):
        store.save("x", "final", ".nii.gz", file)
    assert not list(elsewhere.iterdir())
    target = elsewhere / "final" if link == "labels" else elsewhere
    target.mkdir(exist_ok=True)
    save_nifti(target / "x.nii.gz", blocks())
    assert store.every() == ()
    path.unlink()
    store.save("x", "final", ".nii.gz", file)
    assert [one.name for one in store.every()] == ["x"]


def test_links_in_a_circle_are_no_labels(tmp_path: Path) -> None:
    """Nor links to nothing."""
    (tmp_path / "labels" / "final").mkdir(parents=True)
    for name, to in (("x.nii", "x.nii"), ("y.nii", "nothing")):
        (tmp_path / "labels" / "final" / name).symlink_to(to)
    assert LabelStore(tmp_path / "labels").every() == ()


@pytest.mark.parametrize("letter", ["腹", "é", "a", "\U00020000"])
def test_a_long_name_is_cut_to_what_a_disk_takes(letter: str) -> None:
    """In bytes, without half a letter, with its suffix."""
    name = safe_name(300 * letter + ".nii.gz")
    assert len(name.encode()) <= 150
    assert name.endswith(f"{letter}.nii.gz")
    assert set(name.removesuffix(".nii.gz")) == {letter}


def test_images_of_long_names_are_taken(tmp_path: Path) -> None:
    """One, or several with numbers before them."""
    data = save_nifti(tmp_path / "scan.nii.gz", blocks()).read_bytes()
    one = ("files", (100 * "腹" + ".nii.gz", data))
    with TestClient(bright_app(), base_url="http://localhost") as client:
        for files in ([one], [one, one]):
            answer = client.post("/api/scans", files=files)
            assert answer.status_code == 201, answer.text
