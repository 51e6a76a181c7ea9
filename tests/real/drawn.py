"""What the server drew: the page's elements as they come through the web socket, in order and with their blocks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
TAG = re.compile(r"<style.*?</style>|<script.*?</script>|<[^>]+>", re.DOTALL)
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")

Path = tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One element or block: `path` from the root (0 the main area, 1 the side bar), its kind, its message."""

    path: Path
    kind: str
    message: Any
    fragment: str = ""
    run: str = ""

    @property
    def text(self) -> str:
        """What the element says, without markup; empty for charts, maps and tables."""
        match self.kind:
            case "markdown" | "html" | "alert" | "text" | "heading" | "code":
                return plain(getattr(self.message, "body", "") or getattr(self.message, "code_text", ""))
            case "metric":
                parts = (self.message.label, self.message.body, self.message.delta)
                return plain(" · ".join(part for part in parts if part))
            case "exception":
                return f"{self.message.type}: {self.message.message}"
            case "expandable" | "tab" | "button" | "download_button" | "page_link" | "link_button":
                return plain(self.message.label)
            case "checkbox" | "radio" | "selectbox":
                return plain(self.message.label)
        return ""


def plain(marked: str) -> str:
    """Text without formulas, HTML tags, and the escapes, links and stars of Markdown."""
    text = TAG.sub(" ", FORMULA.sub(" ", marked))
    text = ESCAPED.sub(r"\1", LINK.sub(r"\1", html.unescape(text)).replace("**", ""))
    return re.sub(r"[ \t\n]+", " ", text).strip()


@dataclass
class Drawn:
    """The page as it stands after the last message."""

    nodes: dict[Path, Node] = field(default_factory=dict)
    finished: int = 0
    run: str = ""
    known: dict[str, ForwardMsg] = field(default_factory=dict)

    def frame(self, payload: bytes | str) -> None:
        """Take what came through the web socket in."""
        if isinstance(payload, bytes):
            self.take(ForwardMsg.FromString(payload))

    def take(self, message: ForwardMsg) -> None:
        """Take one message of the server in."""
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            known = self.known.get(message.ref_hash)
            if known is None:
                return
            whole = ForwardMsg()
            whole.CopyFrom(known)
            whole.metadata.CopyFrom(message.metadata)
            message, kind = whole, known.WhichOneof("type")
        elif message.hash:
            self.known[message.hash] = message
        if kind == "new_session":
            self.run = message.metadata.run.script_run_id
        elif kind == "delta":
            self._delta(tuple(message.metadata.delta_path), message.delta)
        elif kind == "script_finished":
            self.finished += 1
            self._end(message.metadata.run)

    def _end(self, run: Any) -> None:
        """Drop what an earlier run drew and this one did not draw again."""
        again = set(run.fragment_ids)
        for path, node in list(self.nodes.items()):
            if node.run != run.script_run_id and (not again or node.fragment in again):
                del self.nodes[path]

    def _delta(self, path: Path, delta: Any) -> None:
        what = delta.WhichOneof("type")
        if what == "new_element":
            kind = delta.new_element.WhichOneof("type") or "empty"
            for inner in [known for known in self.nodes if known[: len(path)] == path]:
                del self.nodes[inner]
            self.nodes[path] = Node(path, kind, getattr(delta.new_element, kind, None), delta.fragment_id, self.run)
        elif what == "add_block":
            kind = delta.add_block.WhichOneof("type") or "vertical"
            self.nodes[path] = Node(path, kind, getattr(delta.add_block, kind, None), delta.fragment_id, self.run)

    def main(self) -> list[Node]:
        """The nodes of the main area, as read from top to bottom."""
        return [self.nodes[path] for path in sorted(self.nodes) if path[0] == 0]

    def all(self) -> list[Node]:
        return [self.nodes[path] for path in sorted(self.nodes)]

    def of(self, *kinds: str) -> Iterator[Node]:
        return (node for node in self.main() if node.kind in kinds)
