"""What is in a plot."""

import re
from xml.etree import ElementTree as ET

NAMESPACES = {"svg": "http://www.w3.org/2000/svg"}


def parsed(svg: str) -> ET.Element:
    """The plot as a tree; it fails where it is no XML."""
    return ET.fromstring(svg)  # noqa: S314  # our own


def texts(svg: str) -> list[str]:
    """All texts that are drawn."""
    return [
        "".join(each.itertext()).strip() for each in parsed(svg).iterfind(".//svg:text", NAMESPACES)
    ]


def identifiers(page: str) -> list[str]:
    """All identifiers."""
    return re.findall(r'\bid="([^"]*)"', page)
