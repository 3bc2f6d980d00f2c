"""What hangs together where each link joins two: patients by their twins, scans that are alike."""

from collections.abc import Iterable
from typing import TypeVar

Node = TypeVar("Node", str, tuple[str, str])


def leaders(links: Iterable[tuple[Node, Node]]) -> dict[Node, Node]:
    """For each node that a link names, the lowest one that any number of links lead to.

    Args:
        links: in any order; one from a node to itself says that it is there.
    """
    above: dict[Node, Node] = {}

    def leader(node: Node) -> Node:
        while above.setdefault(node, node) != node:
            node = above[node]
        return node

    for one, other in links:
        low, high = sorted((leader(one), leader(other)))
        above[high] = low
    return {node: leader(node) for node in above}
