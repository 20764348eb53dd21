"""The documents of a collection that somebody else keeps, read as they are needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence

from components.domain import Document, LazyDocuments, StoreError
from components.retrieval.engine.errors import is_refusal
from components.retrieval.engine.points import Point, PointId
from components.retrieval.engine.reader import IDS_A_PAGE, PAGE
from components.retrieval.existing.opening import Opened
from components.retrieval.existing.payload import POINT, document_of, point_id

DOCUMENTS_AT_HAND = 2_000
"""Documents that stay in memory; the least recently read makes room."""
MOST_KNOWN = 500_000
"""Ids of which is remembered whether there is such a document."""


class ExistingDocuments(LazyDocuments):
    """The documents of a collection, in the order of its points' ids.

    Their number is that of the moment when the collection was opened. A place is found by paging
    through the points' ids, of which one in PAGE is remembered; whoever needs some documents of any
    kind asks for a `sample`.
    """

    remote = True

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.reader = opened.reader
        self._total = opened.total
        self._marks: list[PointId | None] = [None]  # where each page begins; None at the first
        self._at_hand: OrderedDict[str, Document] = OrderedDict()
        self._drawn: tuple[Document, ...] = ()
        self._by_id = _ById(self)
        self._there: dict[str, bool] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many there were when the collection was opened."""
        return self._total

    def __eq__(self, other: object) -> bool:
        """Tell whether these are of the same collection in the same state."""
        return isinstance(other, ExistingDocuments) and other.opened.version == self.opened.version

    def __hash__(self) -> int:
        """Hash by the collection's state."""
        return hash(self.opened.version)

    def __iter__(self) -> Iterator[Document]:
        """Yield all documents, a request for each page."""
        for page in self.reader.pages():
            yield from map(self.document, page)

    @property
    def by_id(self) -> Mapping[str, Document]:
        """Return the documents by id."""
        return self._by_id

    def document(self, point: Point) -> Document:
        """Return a point as a document, which stays at hand for a while."""
        document = document_of(point, self.reader)
        with self._lock:
            self._at_hand[document.id] = document
            self._at_hand.move_to_end(document.id)
            while len(self._at_hand) > DOCUMENTS_AT_HAND:
                self._at_hand.popitem(last=False)
        return document

    def sample(self, n: int) -> tuple[Document, ...]:
        """Return up to so many documents that the server draws at random, always the same ones."""
        if len(self._drawn) < min(n, self._total):
            try:
                points = self.reader.random(n)
            except StoreError as exc:
                if not is_refusal(exc.__cause__):
                    raise
                points, _ = self.reader.scroll(n)  # before Qdrant 1.11 no server draws
            self._drawn = tuple(self.document(point) for point in points)
        return self._drawn[:n]

    # ------------------------------------------------------------ by place

    def at(self, places: Sequence[int]) -> list[Document]:
        """Return the documents at these places, in their order."""
        points = self._at(places, payload=True)
        return [self.document(points[place]) for place in places]

    def ids(self, places: Sequence[int]) -> list[str]:
        """Return the ids of the documents at these places, in their order."""
        settings = self.reader.settings
        points = self._at(places, payload=[settings.id_field] if settings.id_field else False)
        return [document_of(points[place], self.reader).id for place in places]

    def _at(self, places: Sequence[int], payload: bool | list[str]) -> dict[int, Point]:
        points: dict[int, Point] = {}
        for page in sorted({place // PAGE for place in places}):
            read, _ = self.reader.scroll(PAGE, self._mark(page), payload=payload)
            points |= enumerate(read, page * PAGE)
        if any(place not in points for place in places):
            raise self._changed()
        return points

    def _mark(self, page: int) -> PointId | None:
        """Return the id at which a page begins."""
        with self._lock:
            while len(self._marks) <= page:
                start = self._marks[-1]
                points, following = self.reader.scroll(IDS_A_PAGE, start, payload=False)
                ids = [point.id for point in points]
                self._marks += ids[PAGE::PAGE]
                if following is None and len(self._marks) <= page:
                    raise self._changed()
                if following is not None:
                    self._marks.append(following)
            return self._marks[page]

    def _changed(self) -> StoreError:
        return StoreError(
            f"{self.reader.where} has fewer points than the {self._total:,} it had when it was "
            "opened.",
            "Open it anew on the Corpus page.",
        )

    # ------------------------------------------------------------ by id

    def at_hand(self, id: str) -> Document | None:
        """Return a document that was read a while ago; None where it would have to be read."""
        with self._lock:
            return self._at_hand.get(id)

    def present(self, ids: Collection[str]) -> set[str]:
        """Return those of these ids that there are, in few requests; what was asked is known."""
        with self._lock:
            unknown = {id for id in ids if id not in self._there}
        there = {id for id, _ in self._looked_up(unknown, texts=False)}
        with self._lock:
            if len(self._there) > MOST_KNOWN:
                self._there.clear()
            self._there |= {id: id in there for id in unknown}
            return {id for id in ids if self._there.get(id)} | there

    def some(self, ids: Collection[str]) -> dict[str, Document]:
        """Return those of these documents that there are, by id, in few requests."""
        documents = {id: document for id in ids if (document := self.at_hand(id))}
        missing = {id for id in ids if id not in documents and self._there.get(id) is not False}
        return documents | {
            id: self.document(point) for id, point in self._looked_up(missing, texts=True)
        }

    def _looked_up(self, ids: Collection[str], *, texts: bool) -> Iterator[tuple[str, Point]]:
        """Yield the ids that there are, with their points."""
        settings = self.reader.settings
        by_payload = [id for id in ids if settings.id_field and not id.startswith(POINT)]
        fields: bool | list[str] = True if texts else [settings.id_field] * bool(settings.id_field)
        values: list[PointId] = [*by_payload]
        values += [int(id) for id in by_payload if id.isdecimal() and isinstance(point_id(id), int)]
        if values:
            for point in self.reader.having(settings.id_field, values, fields):
                yield document_of(point, self.reader).id, point
        names = {point_id(id): id for id in ids if not settings.id_field or id.startswith(POINT)}
        names.pop(None, None)
        wanted = [id for id in names if id is not None]
        for point_key, point in self.reader.points(wanted, payload=texts or fields).items():
            if document_of(point, self.reader).id == names[point_key]:
                yield names[point_key], point


class _ById(Mapping[str, Document]):
    """Documents by id; each look-up of one that is not at hand is a request."""

    def __init__(self, documents: ExistingDocuments) -> None:
        self._documents = documents

    def __len__(self) -> int:
        return len(self._documents)

    def __getitem__(self, id: str) -> Document:
        return self._documents.some((id,))[id]

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and bool(self._documents.present((id,)))

    def __iter__(self) -> Iterator[str]:
        reader = self._documents.reader
        settings = reader.settings
        payload: bool | list[str] = [settings.id_field] if settings.id_field else False
        for page in self._documents.reader.pages(IDS_A_PAGE, payload=payload):
            yield from (document_of(point, reader).id for point in page)
