"""Two visitors of one lab, and all that the server tells one of them of the other's work."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from components.ui.shared.visitor import COOKIE
from tests.support.browsing import jsonl
from tests.support.eavesdropping import overhear, rerun
from tests.support.servers.app_server import AppServer

Visitor = Any
"""A window that the fixture `long_stay` opens."""
NAME = "anns-private-corpus"
SECRET = "what did Ann ask of word3 in private"
JUDGED = "d77"
KEY = "sk-anns-own-Kx93Pq7LmZ20"
ANNS = (NAME.encode(), SECRET.encode(), KEY.encode())
PAGES = ("", "evaluate", "corpus", "rerankers")
BM25 = "first=bm25&reranker=bm25"
DOCUMENTS = [
    {"_id": f"d{n}", "text": " ".join(f"word{n * i % 89}" for i in range(60))} for n in range(300)
]


def archive(queries: int) -> bytes:
    """Return a zip of the documents; with queries that begin with Ann's, and their judgments."""
    texts = [SECRET, *(f"word{n % 89} word{n % 7} word{n % 13}" for n in range(1, queries))]
    rows = [{"_id": f"q{n}", "text": text} for n, text in enumerate(texts)]
    judged = "".join(f"q{n}\t{JUDGED}\t1\n" for n in range(queries))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("corpus.jsonl", jsonl(*DOCUMENTS))
        if queries:
            file.writestr("queries.jsonl", jsonl(*rows))
            file.writestr("qrels/test.tsv", f"query-id\tcorpus-id\tscore\n{judged}")
    return buffer.getvalue()


@dataclass
class Scene:
    """The lab, both browsers, and what Ann's browser sent and was told."""

    server: AppServer
    ann: Visitor
    eve: Visitor
    sent: list[bytes] = field(repr=False)
    told: list[ForwardMsg] = field(repr=False)
    link: str = ""
    """The query of the address of the evaluation that Ann keeps."""

    def cookie(self, visitor: Visitor) -> str:
        """Return a visitor's cookie."""
        cookies = visitor.page.context.cookies()
        return next(str(c["value"]) for c in cookies if c["name"] == COOKIE)

    def tells(self, *frames: bytes, cookie: str | None = None, **how: Any) -> bytes:  # noqa: ANN401
        """Return what the server answers to frames from Eve's browser, or with another cookie."""
        value = self.cookie(self.eve) if cookie is None else cookie
        headers = {"Cookie": f"{COOKIE}={value}", **how.pop("headers", {})}
        return overhear(self.server, frames, headers, **how)

    @property
    def session(self) -> str:
        """Return the id of Ann's latest session."""
        begun = [m.new_session.initialize for m in self.told if m.HasField("new_session")]
        return begun[-1].session_id

    @property
    def buttons(self) -> dict[str, str]:
        """Return the ids of all buttons that Ann has seen, by key."""
        ids = (m.delta.new_element.button.id for m in self.told)
        return {id.split("-", 2)[-1]: id for id in ids if id}


def of_ann(told: bytes) -> list[bytes]:
    """Return which of Ann's words are in what somebody was told."""
    return [word for word in ANNS if word in told]


def record(socket: Any, sent: list[bytes], told: list[ForwardMsg]) -> None:  # noqa: ANN401
    socket.on("framesent", lambda frame: sent.append(frame) if isinstance(frame, bytes) else None)
    socket.on(
        "framereceived",
        lambda frame: told.append(ForwardMsg.FromString(frame)) if isinstance(frame, bytes) else 0,
    )


def view(visitor: Visitor, name: str) -> Any:  # noqa: ANN401
    """Open a view of the Evaluate page; return what is on the page."""
    visitor.go("Evaluate")
    visitor.page.get_by_role("radio", name=name, exact=True).click()
    return visitor.page.locator("[data-testid=stMain]")


def is_at_work(scene: Scene) -> bool:
    """Return whether Ann's evaluation is still at work, as another window of hers is told."""
    return b"is at work" in scene.tells(rerun("evaluate"), cookie=scene.cookie(scene.ann))


def still_kept(scene: Scene) -> bool:
    """Return whether Ann still has her evaluation and her upload."""
    anybody = scene.tells(rerun("evaluate", scene.link), cookie="d" * 43)
    own = scene.tells(rerun("evaluate"), cookie=scene.cookie(scene.ann))
    return NAME.encode() in anybody and f"{NAME} (library)".encode() in own
