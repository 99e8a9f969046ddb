"""TOML text -> the line of every key, and the lines that are not TOML. Pure; grammar by tree-sitter-toml."""

from dataclasses import dataclass

import tree_sitter
import tree_sitter_toml

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TomlLines:
    """`lines` maps each key path, such as ("action", 0, "match", "path"), to its line, from 1; `broken` are faulty lines."""

    lines: dict[KeyPath, int]
    broken: tuple[int, ...]

    def line(self, path: KeyPath) -> int:
        """Give the line of a key, or of its nearest parent where the key itself is not there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_lines(content: bytes) -> TomlLines:
    """Find the line of every key in a TOML text; an empty text gives no lines."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    root = parser.parse(content).root_node
    lines: dict[KeyPath, int] = {}
    broken: set[int] = set()
    counts: dict[KeyPath, int] = {}
    for node in root.children:
        if node.type == "pair":
            _pair(node, (), lines)
        elif node.type in ("table", "table_array_element"):
            _table(node, lines, counts)
    _errors(root, broken)
    return TomlLines(lines, tuple(sorted(broken)))


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _key(node: tree_sitter.Node) -> KeyPath:
    if node.type == "dotted_key":
        return tuple(part for child in node.children if child.type != "." for part in _key(child))
    return (_text(node).strip("\"'"),)


def _table(node: tree_sitter.Node, lines: dict[KeyPath, int], counts: dict[KeyPath, int]) -> None:
    header = next((child for child in node.children if child.type.endswith("key")), None)
    if header is None:
        return
    path = _key(header)
    if node.type == "table_array_element":
        index = counts.get(path, 0)
        counts[path] = index + 1
        lines.setdefault(path, node.start_point.row + 1)
        path = (*path, index)
    lines[path] = node.start_point.row + 1
    for child in node.children:
        if child.type == "pair":
            _pair(child, path, lines)


def _pair(node: tree_sitter.Node, parent: KeyPath, lines: dict[KeyPath, int]) -> None:
    if not node.children:
        return
    path = (*parent, *_key(node.children[0]))
    lines[path] = node.start_point.row + 1
    _value(node.children[-1], path, lines)


def _value(node: tree_sitter.Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                _pair(child, path, lines)
    elif node.type == "array":
        items = [child for child in node.children if child.is_named and child.type != "comment"]
        for index, child in enumerate(items):
            lines[(*path, index)] = child.start_point.row + 1
            _value(child, (*path, index), lines)


def _errors(node: tree_sitter.Node, broken: set[int]) -> None:
    if node.is_error or node.is_missing:
        broken.add(node.start_point.row + 1)
        return
    for child in node.children:
        if child.has_error or child.is_missing:
            _errors(child, broken)
