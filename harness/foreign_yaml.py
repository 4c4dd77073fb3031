"""YAML of others (rule files, a configuration of Alertmanager): plain data or a ValueError, whatever is in it. Pure.

No tag makes anything but plain data (PyYAML's safe loader). Nesting is limited, and so is what anchors within anchors come to.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LARGEST = 4 << 20
_DEEPEST = 100
_MOST_NODES = 500_000
_UNEXPECTED = (TypeError, AttributeError, IndexError, KeyError, OverflowError, RecursionError)
"""What PyYAML's constructors raise for scalars that they did not expect."""


def load(text: str, *, as_text: bool = False) -> Any:
    """The one document of a text. Raises ValueError for what is none, or comes to more than a configuration can.

    as_text   every scalar as it stands, `yes` and `010` too, as Go reads what it wants a text of; only what is null is None
    """
    if len(text) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST >> 20} MiB")
    try:
        loader = (_TextLoader if as_text else _Loader)(text)
    except yaml.YAMLError as error:  # a character that no YAML has
        raise ValueError(f"it is no YAML: {error}") from None
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > _MOST_NODES:
            raise ValueError(f"its anchors come to more than {_MOST_NODES} values")
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {error}") from None
    except _UNEXPECTED as error:
        raise ValueError(f"it is no YAML: {type(error).__name__}: {error}") from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class _TextLoader(_Loader):
    pass


_TextLoader.yaml_implicit_resolvers = {
    first: [one for one in known if one[0].rpartition(":")[2] in ("null", "merge")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _size(node: Node, known: dict[int, int]) -> int:
    """Values that a node comes to once its aliases are followed. Raises ValueError for an anchor that contains itself."""
    if isinstance(node, ScalarNode):
        return 1
    if id(node) in known:
        if known[id(node)] == 0:
            raise ValueError("an anchor in it contains itself")
        return known[id(node)]
    known[id(node)] = 0
    parts = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
    assert isinstance(node, (MappingNode, SequenceNode))
    known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]
