"""Slices of many files, to the volumes and pictures that one can choose from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from vesal.images.dicom.phases import phases_of
from vesal.images.dicom.plane import Plane

_ALIKE = 1e-4  # of directions and spacing: cosines are written with six digits


class Kind(IntEnum):
    """What an entry is, in the order of the list."""

    VOLUME = 0
    LOCALIZER = 1
    PICTURE = 2
    UNREADABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """What can be opened on its own.

    Attributes:
        planes: its slices, or one picture.
        part: what sets it apart from the rest of its series, empty if it is all of it.
        notes: what was mended on the way.
        problem: why it cannot be opened, else empty.
    """

    planes: tuple[Plane, ...]
    kind: Kind
    part: str = ""
    notes: tuple[str, ...] = ()
    problem: str = ""


def entries_of(planes: Sequence[Plane]) -> list[Entry]:
    """Return all entries: volumes, then localizers, then pictures, each by number of series."""
    series: dict[str, list[Plane]] = {}
    for plane in planes:
        series.setdefault(plane.scan.uid, []).append(plane)
    entries = [entry for group in series.values() for entry in _of_series(group)]

    def place(entry: Entry) -> tuple[int, int, str, str]:
        scan = entry.planes[0].scan
        return (entry.kind, scan.number, scan.description, scan.uid)

    return sorted(entries, key=place)


def _of_series(planes: Sequence[Plane]) -> list[Entry]:
    patients = len({plane.scan.patient for plane in planes})
    if patients > 1:
        problem = f"it mixes the slices of {patients} patients, which must be told apart first"
        return [Entry(planes=tuple(planes), kind=Kind.VOLUME, problem=problem)]
    scouts = [plane for plane in planes if plane.scan.is_localizer]
    rest = [plane for plane in planes if not plane.scan.is_localizer]
    return _localizers(scouts) + _scanned(rest)


def _localizers(planes: Sequence[Plane]) -> list[Entry]:
    if all(plane.is_slice for plane in planes):
        return _volumes(planes, Kind.LOCALIZER)
    return _pictures(planes)


def _scanned(planes: Sequence[Plane]) -> list[Entry]:
    """Volumes, which a file that belongs to none of them spoils; pictures where there is none."""
    slices = [plane for plane in planes if plane.is_slice]
    odd = next((plane for plane in planes if not plane.is_slice), None)
    if not slices:
        return _pictures(planes)
    volumes = _volumes(slices, Kind.VOLUME)
    if odd is None:
        return volumes
    why = odd.flaw or "no position, orientation or pixel spacing"
    problem = f"{odd.path.name}, which is in the same series, has {why}"
    return [replace(volume, problem=volume.problem or problem) for volume in volumes]


def _pictures(planes: Sequence[Plane]) -> list[Entry]:
    """Files without a place in the body, or with a flaw; several go by their names."""
    return [
        Entry(
            planes=(plane,),
            kind=Kind.UNREADABLE if plane.flaw else Kind.PICTURE,
            part=plane.path.name if len(planes) > 1 else "",
            problem=f"{plane.path.name} has {plane.flaw}" if plane.flaw else "",
        )
        for plane in planes
    ]


def _volumes(planes: Sequence[Plane], kind: Kind) -> list[Entry]:
    """One entry for each geometry and, where images lie on one another, each phase."""
    if not planes:
        return []
    groups = _alike(planes)
    names = _told_apart(groups)
    return [
        Entry(
            planes=phase.planes,
            kind=kind,
            part=", ".join(part for part in (name, phase.name) if part),
            notes=phase.notes,
            problem=phase.problem,
        )
        for name, group in zip(names, groups, strict=True)
        for phase in phases_of(group)
    ]


def _alike(planes: Sequence[Plane]) -> list[list[Plane]]:
    """Slices that may lie in one grid together, in the order of their first ones."""
    groups: list[list[Plane]] = []
    known: dict[tuple[object, ...], list[Plane]] = {}
    for plane in planes:
        key = (
            plane.scan.frame_of_reference,
            plane.columns,
            plane.rows,
            plane.directions,
            plane.spacing,
        )
        if key not in known:
            home = next((group for group in groups if _same_geometry(group[0], plane)), None)
            if home is None:
                home = []
                groups.append(home)
            known[key] = home
        known[key].append(plane)
    return groups


def _same_geometry(one: Plane, other: Plane) -> bool:
    if (one.columns, one.rows) != (other.columns, other.rows):
        return False
    if one.scan.frame_of_reference != other.scan.frame_of_reference:
        return False
    mine, yours = [*one.directions, *one.spacing], [*other.directions, *other.spacing]
    return bool(np.allclose(mine, yours, rtol=_ALIKE, atol=_ALIKE))


def _told_apart(groups: Sequence[Sequence[Plane]]) -> list[str]:
    """What differs between the groups; the first file where words do not tell them apart."""
    if len(groups) == 1:
        return [""]
    features = [_features(group[0]) for group in groups]
    telling = [n for n in range(len(features[0])) if len({row[n] for row in features}) > 1]
    names = [", ".join(row[n] for n in telling) for row in features]
    if len(set(names)) == len(names):
        return names
    return [f"with {group[0].path.name}" for group in groups]


def _features(plane: Plane) -> tuple[str, str, str]:
    normal = np.abs(plane.normal)
    facing = ("sagittal", "coronal", "axial")[int(np.argmax(normal))]
    oblique = "oblique " if normal.max() < 0.99 else ""
    return (
        f"{plane.columns}x{plane.rows}",
        oblique + facing,
        f"pixels of {plane.spacing[1]:g}x{plane.spacing[0]:g} mm",
    )
