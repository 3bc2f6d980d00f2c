"""Session files: whole, cut short, damaged, from the future; and the journal of a crash."""

import errno
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.session.test_history import any_action, said, steps, walked
from vesal.errors import ResourceError, SessionError
from vesal.session.file import Journal, lines_of, read_session, save_zip
from vesal.session.header import Header, Made, Shown
from vesal.session.history import History
from vesal.session.objects import beginning

HEADER = Header(
    shown=Shown(path="/scans/ct.nii.gz", relative="ct.nii.gz", series="", sha256="12ab"),
    made=Made(name="vesal-mini", weights="34cd", full_history=False),
)
SOME = walked([(1, 3), (0, 1), (1, 5), (2, 2), (7, 0)])
"""A history in which one step is undone."""

folder_of_each_example = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)


def do(journal: Journal, history: History, choice: int, value: int) -> History:
    """One more action, taken down and done."""
    action = any_action(history.now, choice, value)
    after = history.done(action)
    journal.add(history, after)
    return after


@given(steps)
@folder_of_each_example
def test_a_saved_session_is_read_back_with_all_of_its_history(
    tmp_path: Path, walk: list[tuple[int, int]]
) -> None:
    """What can be undone and redone too."""
    history = walked(walk)
    path = tmp_path / "a.vesal"
    save_zip(path, HEADER, history)
    saved = read_session(path, beginning())
    assert saved.header == HEADER
    assert saved.history.now == history.now
    assert saved.history.position == history.position
    assert len(saved.history.actions) == len(history.actions)


def test_a_zip_is_what_any_zip_tool_opens(tmp_path: Path) -> None:
    """JSON inside, one line an action."""
    save_zip(tmp_path / "a.vesal", HEADER, SOME)
    with zipfile.ZipFile(tmp_path / "a.vesal") as archive:
        assert json.loads(archive.read("session.json"))["version"] == 2
        lines = archive.read("journal.jsonl").splitlines()
    assert [json.loads(line)["do"] for line in lines] == ["say", "begin", "say", "describe", "undo"]


def test_a_zip_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    """One sentence, and no other error."""
    whole = tmp_path / "a.vesal"
    save_zip(whole, HEADER, SOME)
    data = whole.read_bytes()
    for length in range(0, len(data), 7):
        (tmp_path / "cut.vesal").write_bytes(data[:length])
        with pytest.raises(SessionError, match="cut short or damaged") as refused:
            read_session(tmp_path / "cut.vesal", beginning())
        assert "\n" not in str(refused.value)


@given(st.integers(0, 10**6), st.integers(1, 255))
@folder_of_each_example
def test_a_changed_byte_is_noticed_or_changes_nothing(
    tmp_path: Path, place: int, change: int
) -> None:
    """A flipped bit never makes another history."""
    path = tmp_path / "a.vesal"
    save_zip(path, HEADER, SOME)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    path.write_bytes(data)
    try:
        saved = read_session(path, beginning())
    except SessionError:
        return
    assert saved.history.now == SOME.now


def test_a_changed_digit_of_a_journal_never_moves_a_click(tmp_path: Path) -> None:
    """It is refused; in the last line it is taken for one that was cut short."""
    folder = tmp_path / "a.vesal"
    Journal(folder, HEADER, SOME)
    path = folder / "journal.jsonl"
    data = path.read_bytes()
    for place in [place for place, byte in enumerate(data) if chr(byte).isdigit()]:
        digit = str((int(chr(data[place])) + 1) % 10).encode()
        path.write_bytes(data[:place] + digit + data[place + 1 :])
        try:
            saved = read_session(folder, beginning())
        except SessionError:
            continue
        assert saved.history.now in SOME.moments
        assert len(saved.history.actions) == len(SOME.actions)


def test_a_session_of_the_first_format_is_opened_and_goes_on(tmp_path: Path) -> None:
    """Its lines have no checksum, new ones have."""
    folder = tmp_path / "a.vesal"
    Journal(folder, HEADER, SOME)
    lines, _ = lines_of(SOME)
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    head = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps(head | {"version": 1}))
    saved = read_session(folder, beginning())
    assert saved.history.now == SOME.now
    after = do(Journal.resumed(folder, saved), saved.history, 1, 6)
    assert read_session(folder, beginning()).history.now == after.now


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"format": "vesal session", "version": 3, "who": "knows"}, "newer vesal.*format 3"),
        ({"format": "vesal session", "version": "1"}, "no session of vesal"),
        ({"format": "other", "version": 1}, "no session of vesal"),
        ({"format": "vesal session", "version": 1, "image": {}, "model": {}}, "no session"),
        ([1, 2], "no session of vesal"),
    ],
)
def test_a_header_of_another_kind_is_refused(tmp_path: Path, header: object, message: str) -> None:
    """A newer one is told apart, with the way out."""
    with zipfile.ZipFile(tmp_path / "a.vesal", "x") as archive:
        archive.writestr("session.json", json.dumps(header))
    with pytest.raises(SessionError, match=message):
        read_session(tmp_path / "a.vesal", beginning())


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    """In words."""
    with pytest.raises(SessionError, match="does not exist"):
        read_session(tmp_path / "none.vesal", beginning())
    with pytest.raises(SessionError, match="no session of vesal"):
        read_session(tmp_path, beginning())


@given(steps, steps)
@folder_of_each_example
def test_a_journal_holds_every_step_as_soon_as_it_is_taken(
    tmp_path_factory: pytest.TempPathFactory,
    walk: list[tuple[int, int]],
    more: list[tuple[int, int]],
) -> None:
    """Read after each step, it is the history so far."""
    folder = tmp_path_factory.mktemp("session") / "a.vesal"
    history = walked(walk)
    journal = Journal(folder, HEADER, history)
    for choice, value in more:
        if choice < 7:
            history = do(journal, history, choice, value)
        elif choice == 7 and history.position:
            before, history = history, history.undone()
            journal.add(before, history)
        elif history.position < len(history.actions):
            before, history = history, history.redone()
            journal.add(before, history)
        assert read_session(folder, beginning()).history.now == history.now


def test_a_journal_cut_short_anywhere_loses_the_last_step_at_most(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Cut within its last line the session is the one before; and it goes on from there."""
    folder = tmp_path / "a.vesal"
    history = walked([(0, 1), (1, 2)])
    journal = Journal(folder, HEADER, history)
    path = folder / "journal.jsonl"
    before = path.stat().st_size
    do(journal, history, 1, 4)
    data = path.read_bytes()
    for length in range(before, len(data)):
        path.write_bytes(data[:length])
        saved = read_session(folder, beginning())
        assert saved.history.now == history.now
        resumed = Journal.resumed(folder, saved)
        after = do(resumed, saved.history, 1, 6)
        assert read_session(folder, beginning()).history.now == after.now
    assert "the last step was cut short" in caplog.text


def test_a_damaged_line_in_the_middle_is_refused_by_its_number(tmp_path: Path) -> None:
    """What follows it cannot be trusted."""
    folder = tmp_path / "a.vesal"
    Journal(folder, HEADER, SOME)
    path = folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{broken\n", *lines[2:]]))
    with pytest.raises(SessionError, match=r"line 2 of journal\.jsonl is damaged"):
        read_session(folder, beginning())


def test_a_full_disk_refuses_the_step_and_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that does not fit is taken out again; later steps find their place."""
    folder = tmp_path / "a.vesal"
    history = walked([(0, 1)])
    journal = Journal(folder, HEADER, history)
    before = (folder / "journal.jsonl").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ResourceError, match="No space left"):
            journal.add(history, history.done(said(history.now, 1, 2)))
        with pytest.raises(ResourceError, match=r"No space left.*the last step was not taken"):
            journal.add(history, history.undone())
    assert (folder / "journal.jsonl").read_bytes() == before
    after = do(journal, history, 1, 2)
    assert read_session(folder, beginning()).history.now == after.now


def test_a_folder_with_other_things_is_not_written_into(tmp_path: Path) -> None:
    """Nor is a file."""
    (tmp_path / "notes.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(SessionError, match="exists and is not empty"):
            Journal(taken, HEADER, SOME)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_lines_and_masks_name_each_other() -> None:
    """A mask that two steps share is kept once."""
    lines, masks = lines_of(SOME)
    assert {line["mask"] for line in lines if "mask" in line} == set(masks)


@pytest.mark.parametrize("line", ['{"do": "begin"}', "x", '{"do": "undo"}', "[" * 100_000])
def test_a_damaged_line_is_refused_with_the_name_of_the_file(line: str, tmp_path: Path) -> None:
    """Which of many sessions it is."""
    path = tmp_path / "a.vesal"
    save_zip(path, HEADER, History(moments=(beginning(),)))
    with zipfile.ZipFile(path) as archive:
        head = archive.read("session.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("session.json", head)
        archive.writestr("journal.jsonl", f"{line}\n{line}\n")
    with pytest.raises(SessionError, match=r"^a\.vesal: "):
        read_session(path, beginning())
