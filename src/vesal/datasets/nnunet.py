"""Data sets of nnU-Net, versions 1 and 2, and of the Medical Segmentation Decathlon.

A folder with dataset.json, imagesTr and labelsTr; or a folder of such folders.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from vesal.datasets.found import Found, found, left_out, once
from vesal.datasets.image_files import folders, image_files
from vesal.datasets.json_file import read_object
from vesal.datasets.modality import modality_of
from vesal.datasets.pair import LabelFile, Pair, Structure
from vesal.errors import ConfigError
from vesal.images.suffix import stem_of

DESCRIPTION = "dataset.json"
ENDINGS = {"Tr": "train", "Val": "validation", "Ts": "test"}
"""What the name of a folder of images or labels ends in, and which part of the data it holds."""
_HIGHEST = 65535


def find_nnunet(source: Path, channel: int) -> Found | None:
    """The pairs of a data set of nnU-Net, or of all in a folder; None if there is none.

    Args:
        source: a folder with dataset.json, that file, or a folder of such folders.
        channel: which one of a case that has several.

    Raises:
        ConfigError: dataset.json makes no sense, or a case has no such channel.
    """
    if source.is_file():
        source = source.parent if source.name == DESCRIPTION else source
    if not source.is_dir():
        return None
    sets = [source] if _is_one(source) else [f for f in folders(source) if _is_one(f)]
    if not sets:
        return None
    pairs: list[Pair] = []
    notes: list[str] = []
    for folder in sets:
        more, remarks = _pairs(folder, channel)
        pairs += more
        notes += remarks
    return found("nnU-Net", pairs, notes)


def _is_one(folder: Path) -> bool:
    return (folder / DESCRIPTION).is_file() and any(
        (folder / f"images{part}").is_dir() for part in ENDINGS
    )


def _pairs(folder: Path, channel: int) -> tuple[list[Pair], list[str]]:
    path = folder / DESCRIPTION
    description = read_object(path)
    structures = _structures(description.get("labels"), path)
    ending = description.get("file_ending", "")
    ending = ending if isinstance(ending, str) else ""
    name = description.get("name")
    channels = _channels(description)
    pairs: list[Pair] = []
    notes: list[str] = []
    for part, cases in _parts(folder, ending):
        missing = []
        for case, (images, label) in cases.items():
            if label is None:
                missing.append(case)
                continue
            pairs.append(
                Pair(
                    name=case,
                    image=_of_channel(images, channel, case, channels),
                    labels=(LabelFile(path=label, structures=structures),),
                    patient=case,
                    modality=modality_of(channels.get(channel, "")),
                    dataset=name if isinstance(name, str) and name else folder.name,
                    part=ENDINGS[part],
                )
            )
        notes += left_out(missing, f"of {folder.name}/images{part} have no label")
    return pairs, notes


def _structures(labels: object, path: Path) -> tuple[Structure, ...]:
    """The labels of version 2 (name to value, or to the values of a region) or 1 (value to name).

    Neither the background nor what version 2 calls "ignore" is a structure.
    """
    if not isinstance(labels, dict) or not labels:
        msg = f'{path} needs "labels", such as {{"background": 0, "liver": 1}}, got {labels!r:.100}'
        raise ConfigError(msg)
    if all(key.isdigit() and isinstance(name, str) for key, name in labels.items()):
        named = [(name, _values(key, path)) for key, name in labels.items()]
    else:
        named = [(n, _values(value, path)) for n, value in labels.items() if n.lower() != "ignore"]
    return tuple(Structure(name=name, values=values) for name, values in named if values != (0,))


def _values(said: object, path: Path) -> tuple[int, ...]:
    listed = said if isinstance(said, list) else [said]
    texts = [str(value) for value in listed if not isinstance(value, bool)]
    values = tuple(int(text) for text in texts if text.isdecimal() and int(text) <= _HIGHEST)
    region_of_background = len(values) > 1 and 0 in values
    if not values or len(values) < len(listed) or region_of_background:
        msg = f"a label in {path} must be a whole number or a list of them, got {said!r:.100}"
        raise ConfigError(msg)
    return values


def _channels(description: Mapping[str, object]) -> dict[int, str]:
    """Names of the channels by their numbers."""
    said = description.get("channel_names", description.get("modality"))
    if not isinstance(said, dict):
        return {}
    return {int(key): str(name) for key, name in said.items() if key.isdecimal()}


_Cases = dict[str, tuple[dict[int, Path], Path | None]]


def _parts(folder: Path, ending: str) -> Iterator[tuple[str, _Cases]]:
    """Of each part, the channels and the label of each case."""
    for part in ENDINGS:
        images, labels = folder / f"images{part}", folder / f"labels{part}"
        if images.is_dir():
            known = _by_stem(labels, ending) if labels.is_dir() else {}
            yield part, _cases(_by_stem(images, ending), known)


def _by_stem(folder: Path, ending: str) -> dict[str, Path]:
    files = image_files(folder, ending)
    return once((f.name.removesuffix(ending) if ending else stem_of(f.name), f) for f in files)


def _cases(images: Mapping[str, Path], labels: Mapping[str, Path]) -> _Cases:
    cases: _Cases = {}
    for stem, path in images.items():
        numbered = re.fullmatch(r"(.+)_(\d{4})", stem)
        # The Decathlon has no channels, and a case may well be named x_0001 there.
        case, number = (stem, 0) if numbered is None or stem in labels else numbered.groups()
        channels, _ = cases.setdefault(case, ({}, labels.get(case)))
        if int(number) in channels:
            msg = (
                f"two images are channel {int(number)} of {case!r}: "
                f"{channels[int(number)]} and {path}; keep one"
            )
            raise ConfigError(msg)
        channels[int(number)] = path
    return cases


def _of_channel(
    images: Mapping[int, Path], channel: int, case: str, names: Mapping[int, str]
) -> Path:
    if channel in images:
        return images[channel]
    there = ", ".join(f"{n} ({names[n]})" if n in names else str(n) for n in sorted(images))
    msg = f"{case} has no channel {channel}; there are: {there}"
    raise ConfigError(msg)
