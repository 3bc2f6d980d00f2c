"""Names and colours of labels in the header of a NIfTI file.

As Connectome Workbench and TotalSegmentator write them: an extension with a LabelTable in XML.
"""

import re
from collections.abc import Sequence
from html import escape, unescape

from vesal.errors import ConfigError
from vesal.labels.segment import Segment

_LABEL = re.compile(r"<Label\s([^<>]*)>([^<>]*|<!\[CDATA\[.*?\]\]>)</Label>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
_CDATA = re.compile(r"<!\[CDATA\[(.*)\]\]>", re.DOTALL)


def label_table(segments: Sequence[Segment]) -> bytes:
    """The extension for these segments."""
    lines = [
        f'<Label Key="{one.number}" Red="{one.colour[0] / 255:.6g}" '
        f'Green="{one.colour[1] / 255:.6g}" Blue="{one.colour[2] / 255:.6g}" Alpha="1">'
        f"{escape(one.name, quote=False)}</Label>"
        for one in segments
    ]
    table = "\n".join(["<LabelTable>", *lines, "</LabelTable>"])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<CaretExtension>\n'
        '<Date><![CDATA[0000-00-00]]></Date>\n<VolumeInformation Index="0">\n'
        f"{table}\n<StudyMetaDataLinkSet></StudyMetaDataLinkSet>\n"
        "<VolumeType><![CDATA[Label]]></VolumeType>\n</VolumeInformation>\n</CaretExtension>\n"
    ).encode()


def read_label_table(content: bytes) -> tuple[Segment, ...]:
    """The segments of an extension; those that make none are left out."""
    text = content.decode("utf-8", "replace")
    found = []
    for attributes, name in _LABEL.findall(text) if "<CaretExtension" in text else ():
        inner = _CDATA.fullmatch(name)
        values = dict(_ATTRIBUTE.findall(attributes))
        try:
            colour = [round(255 * float(values.get(key, "1"))) for key in ("Red", "Green", "Blue")]
            found.append(
                Segment(
                    number=int(values["Key"]),
                    name=inner.group(1) if inner else unescape(name),
                    colour=(colour[0], colour[1], colour[2]),
                )
            )
        except (KeyError, ValueError, OverflowError, ConfigError):
            continue  # as the background, which has the number 0
    return tuple(found)
