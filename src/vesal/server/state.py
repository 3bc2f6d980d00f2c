"""The state of a session as the page is told it, and prompts as the page tells them."""

from collections.abc import Sequence
from typing import Any

from vesal.images import Image
from vesal.images.intensity import robust_range
from vesal.prompts import Prompt
from vesal.prompts.record import from_record, to_record
from vesal.server.desk import Desk
from vesal.server.display import modality_of, windows_of
from vesal.server.interactions import voxel_box
from vesal.server.label_patch import label_patch
from vesal.server.wire import (
    AnyPrompt,
    Change,
    ImageState,
    ObjectState,
    ScanState,
    SessionState,
    VoxelBoxPrompt,
    WindowState,
)
from vesal.session import Session
from vesal.session.objects import Object, Objects


def prompts_of(wire: Sequence[AnyPrompt], image: Image) -> tuple[Prompt, ...]:
    """The prompts that a page sent.

    Raises:
        PromptError: if they make no sense.
    """
    return tuple(_prompt(one, image) for one in wire)


def session_state(desk: Desk, session: Session, scan: ScanState) -> SessionState:
    """All that a page must know of a session, but for the masks."""
    now = session.now
    if desk.facts is None:
        desk.facts = (_image_state(session.image), _windows(session.image))
    image, windows = desk.facts
    return SessionState(
        id=desk.card.name,
        revision=desk.revision,
        scan=scan,
        model=desk.card.model,
        image=image,
        windows=windows,
        objects=[_object_state(one, session) for one in now.every],
        current=now.current,
        overlap=now.overlap,
        can_undo=session.can_undo,
        can_redo=session.can_redo,
    )


def change(desk: Desk, session: Session, before: Objects, scan: ScanState) -> Change:
    """What a page must know after a step; the desk's revision grows by it.

    Args:
        desk: of the session.
        session: after the step.
        before: its objects before the step.
        scan: of the session.
    """
    revision = desk.revision
    desk.revision += 1
    part = session.now.changed_part(before)
    return Change.model_validate(
        {
            "state": session_state(desk, session, scan),
            "from": revision,
            "patch": None if part is None else label_patch(session.now, part),
        }
    )


def _prompt(wire: AnyPrompt, image: Image) -> Prompt:
    if isinstance(wire, VoxelBoxPrompt):
        corners = zip(*wire.voxel_box, strict=False)
        low, high = zip(*(sorted(pair) for pair in corners), strict=True)
        return voxel_box(image.grid, low, high, positive=wire.positive)
    record = wire.model_dump(exclude_defaults=False)
    if not record.get("axes", True):
        del record["axes"]
    return from_record(record)


def _image_state(image: Image) -> ImageState:
    return ImageState(
        shape=list(image.grid.shape),
        affine=image.grid.affine.tolist(),
        spacing_mm=list(image.grid.spacing_mm),
        spacing_known=image.source.spacing_known,
        modality=modality_of(image),
        range=list(robust_range(image.array)),
        colour=image.is_colour,
        notes=list(image.source.notes),
    )


def _windows(image: Image) -> list[WindowState]:
    return [WindowState(name=w.name, low=w.low, high=w.high) for w in windows_of(image)]


def _object_state(one: Object, session: Session) -> ObjectState:
    patch = session.patch_of(one.number)
    known = session.image.grid.ndim == 3 and session.image.source.spacing_known
    volume_ml = patch.count * session.image.grid.voxel_volume_mm3 / 1000 if known else None
    ends = [a + n for a, n in zip(patch.start, patch.shape, strict=True)]
    outline = one.outline
    return ObjectState(
        number=one.number,
        name=one.name,
        colour=list(one.colour),
        locked=one.locked,
        accepted=one.accepted,
        prompts=[_record(prompt) for prompt in one.prompts],
        voxels=patch.count,
        volume_ml=volume_ml,
        box=None if patch.is_empty else [list(patch.start), ends],
        score=outline.score if outline else None,
        stability=outline.stability if outline else None,
        notes=list(session.now.notes(one, session.image.grid)),
    )


def _record(prompt: Prompt) -> dict[str, Any]:
    """A prompt as JSON has it; of a mask only where it lies."""
    record = to_record(prompt)
    if "mask" in record:
        record["mask"] = {key: record["mask"][key] for key in ("whole", "start", "shape")}
    return record
