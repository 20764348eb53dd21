"""Collections that exist already: what is read of them, and how they are searched."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain import Corpus, InputError, StoreError
from components.lab import Lab, catalog
from components.models import hashed_terms
from components.retrieval import first_stages
from components.retrieval.engine.points import Point
from components.retrieval.engine.reader import PAGE, reader_of
from components.retrieval.existing.payload import document_of, point_id, text_of
from tests.support.added import FAKES, added
from tests.support.asking import asked, retrieve
from tests.support.collections import ENCODER, foreign, lab_of, own, payloads_of, serve, uuids
from tests.support.fakes.first_stages.probe_stage import HashingEncoder
from tests.support.servers.qdrant_foreign import Foreign
from tests.support.servers.qdrant_server import QdrantServer
from tests.support.visits import ids

TEXTS = (
    "the red fox jumps over the red fence",
    "a blue fox sleeps",
    "green hats and blue hats",
    "a fence and a very long line of unrelated words",
)


@pytest.fixture(autouse=True)
def stage() -> Iterator[None]:
    """Let the catalog find the hashing encoder."""
    with added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear):
        yield


def opened(folder: Path, server: QdrantServer, **given: Any) -> tuple[Lab, Corpus]:  # noqa: ANN401
    lab = lab_of(folder, own(server.url, **given))
    return lab, lab.collections.open("mine")


def cosines(query: str, texts: tuple[str, ...] | list[str]) -> list[float]:
    encoder = HashingEncoder()
    rows = encoder.encode_documents(list(texts)).astype(np.float64)
    return [float(x) for x in rows @ encoder.encode_query(query).astype(np.float64)]


# ---------------------------------------------------------------- searching


@pytest.mark.parametrize("vector", ["vec", ""])
def test_dense_search_is_by_cosine_and_each_score_has_its_text(tmp_path: Path, vector: str) -> None:
    names = uuids(len(TEXTS))
    with serve(foreign(payloads_of(TEXTS), names, dense=vector)) as server:
        lab, corpus = opened(tmp_path, server, vector=vector)
        ranking = retrieve(lab, corpus, asked("blue fox fence", ENCODER, (), 4))
        expected = dict(zip(names, cosines("blue fox fence", TEXTS), strict=True))
        assert ids(ranking) == sorted(names, key=lambda id: -expected[id])
        for hit in ranking.hits:
            place = names.index(hit.document.id)
            assert hit.score == pytest.approx(expected[hit.document.id], abs=1e-5)
            assert (hit.document.title, hit.document.text) == (f"T{place}", TEXTS[place])
            assert hit.document.details == (
                ("meta", f'{{"key": "d{place}", "year": {2000 + place}}}'),
            )
        assert server.writes() == []


def test_ties_are_settled_by_point_id_whole_numbers_first(tmp_path: Path) -> None:
    names: list[int | str] = [2, 10, 9_000_000_000, *uuids(40)]
    payloads = payloads_of(["same words"] * len(names))
    with serve(foreign(payloads, names, in_graph=0)) as server:
        lab, corpus = opened(tmp_path, server)
        for _ in range(3):  # the engine's order is another one each time
            ranking = retrieve(lab, corpus, asked("same", ENCODER, (), 5))
            assert ids(ranking) == [str(name) for name in names[:5]]
            assert ranking.tied == len(names)
            assert len({hit.score for hit in ranking.hits}) == 1


def test_near_ties_of_different_vectors_are_told_apart(tmp_path: Path) -> None:
    angles = [1e-3 + i * 1e-6 for i in range(30)]  # cosines differ by 1e-9
    rows = np.zeros((30, 8), np.float32)
    rows[:, 0], rows[:, 1] = np.cos(angles), np.sin(angles)
    with serve(foreign(payloads_of(["w"] * 30), rows=rows)) as server:
        lab, corpus = opened(tmp_path, server)
        query = HashingEncoder().encode_query("w")
        place = int(np.argmax(query))
        if place:
            server.cluster.collections["prod"].dense["vec"] = np.roll(rows, place, axis=1)  # type: ignore[attr-defined]
        first = [ids(retrieve(lab, corpus, asked("w", ENCODER, (), 30))) for _ in range(3)]
        exact = np.roll(rows, place, axis=1).astype(np.float64) @ query.astype(np.float64)
        assert first[0] == [str(i) for i in np.lexsort((range(30), -exact))]
        assert first[0] == first[1] == first[2]


def test_plain_weights_are_sent_where_the_engine_has_idf(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS), sparse="words")) as server:
        lab, corpus = opened(tmp_path, server, sparse="words")
        ranking = retrieve(lab, corpus, asked("red red foxes", "bm25", (), 4))
        [request] = server.calls("POST", "/query/batch")
        [search] = request.body["searches"]
        sent = search["query"]["nearest"]
        assert (search["using"], set(sent["values"])) == ("words", {1.0})
        assert sent["indices"] == sorted(set(hashed_terms.numbers("red fox")))
        red, fox = math.log(1 + 3.5 / 1.5), math.log(1 + 2.5 / 2.5)
        first, second = (0.25 + 0.75 * n / 256 for n in (8, 4))
        scores = [red * 2 * 2.2 / (2 + 1.2 * first) + fox * 2.2 / (1 + 1.2 * first),
                  fox * 2.2 / (1 + 1.2 * second)]  # fmt: skip
        assert ids(ranking) == ["0", "1"]
        assert [hit.score for hit in ranking.hits] == pytest.approx(scores, rel=1e-5)


def test_without_the_modifier_each_term_weighs_the_same(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS), sparse="words", modifier=None)) as server:
        lab, corpus = opened(tmp_path, server, sparse="words")
        ranking = retrieve(lab, corpus, asked("red fox", "bm25", (), 4))
        first, second = (0.25 + 0.75 * n / 256 for n in (8, 4))
        scores = [2 * 2.2 / (2 + 1.2 * first) + 2.2 / (1 + 1.2 * first), 2.2 / (1 + 1.2 * second)]
        assert [hit.score for hit in ranking.hits] == pytest.approx(scores, rel=1e-5)


def test_hybrid_joins_both_lists_by_rank(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS), sparse="words")) as server:
        lab, corpus = opened(tmp_path, server, sparse="words")
        dense, sparse, both = (
            ids(retrieve(lab, corpus, asked("blue hats", key, (), 4)))
            for key in (ENCODER, "bm25", "hybrid")
        )
        gains = {
            id: sum(1 / (60 + order.index(id) + 1) for order in (dense, sparse) if id in order)
            for id in dense
        }
        assert both == sorted(gains, key=lambda id: (-gains[id], int(id)))


def test_bm25_and_hybrid_need_sparse_vectors_and_others_their_own(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS))) as server:
        lab, corpus = opened(tmp_path, server)
        assert list(lab.first_stages(corpus)) == [ENCODER]
        for key in ("bm25", "hybrid", "bge-small"):
            with pytest.raises(InputError) as caught:
                retrieve(lab, corpus, asked("x", key, (), 4))
            assert caught.value.reason.startswith(f"mine cannot be searched by {key}: ")
            assert caught.value.remedy == f"Choose one of: {ENCODER}."


def test_two_points_of_one_id_are_an_error_that_names_it(tmp_path: Path) -> None:
    payloads = payloads_of([f"word{i}" for i in range(PAGE + 2)])
    payloads[PAGE + 1]["meta"]["key"] = "d0"  # not among the points that are looked at first
    with serve(foreign(payloads)) as server:
        lab, corpus = opened(tmp_path, server, id_field="meta.key")
        with pytest.raises(InputError, match=r"have the id .d0. in meta\.key"):
            retrieve(lab, corpus, asked("word0 word257", ENCODER, (), PAGE + 2))


def test_a_score_that_is_no_number_is_nonsense(tmp_path: Path) -> None:
    class Nonsense(Foreign):
        def query(self, *args: Any) -> list[dict[str, Any]]:  # noqa: ANN401
            return [point | {"score": 1e999} for point in super().query(*args)]

    made = vars(foreign(payloads_of(TEXTS)))
    made.pop("_places")
    with serve(Nonsense(**made)) as server:
        lab, corpus = opened(tmp_path, server)
        with pytest.raises(StoreError, match="not a finite number"):
            retrieve(lab, corpus, asked("x", ENCODER, (), 2))


# ---------------------------------------------------------------- documents


def test_documents_are_read_by_place_and_by_id_as_they_are_needed(tmp_path: Path) -> None:
    texts = [f"word{i}" for i in range(2 * PAGE + 7)]
    with serve(foreign(payloads_of(texts))) as server:
        _, corpus = opened(tmp_path, server)
        before = len(server.requests)
        assert len(corpus.documents) == len(texts)
        assert len(server.requests) == before
        assert [d.text for d in corpus.documents[PAGE - 1 : PAGE + 2]] == texts[PAGE - 1 : PAGE + 2]
        assert corpus.documents[-1].text == texts[-1]
        assert corpus.ids([3, 2 * PAGE]) == ["3", str(2 * PAGE)]
        assert [d.text for d in corpus.documents] == texts
        assert list(corpus.by_id) == [str(i) for i in range(len(texts))]
        assert corpus.by_id["300"].text == "word300"
        for missing in ("519", "-1", "01", "x", "1.0", "9" * 30, "\ud800", ""):
            assert missing not in corpus.by_id
            assert corpus.by_id.get(missing) is None
        assert corpus.present(["0", "nobody", "518"]) == {"0", "518"}
        assert server.writes() == []


def test_ids_of_the_payload_may_be_numbers_and_nested(tmp_path: Path) -> None:
    payloads = payloads_of(["a b", "b c", "c d", "d e"])
    payloads[1]["meta"]["key"] = 17
    del payloads[3]["meta"]["key"]
    names = uuids(4)
    with serve(foreign(payloads, names)) as server:
        _, corpus = opened(tmp_path, server, id_field="meta.key")
        assert [d.id for d in corpus.documents] == ["d0", "17", "d2", f"point {names[3]}"]
        assert [corpus.by_id[d.id] for d in corpus.documents] == list(corpus.documents)
        assert corpus.present(["17", "d2", "d3", f"point {names[3]}", f"point {names[0]}"]) == {
            "17", "d2", f"point {names[3]}"
        }  # fmt: skip


def test_a_sample_is_drawn_once(tmp_path: Path) -> None:
    with serve(foreign(payloads_of([f"word{i}" for i in range(600)]))) as server:
        _, corpus = opened(tmp_path, server)
        drawn = corpus.sample(50)
        assert (len(drawn), len({d.id for d in drawn})) == (50, 50)
        assert corpus.sample(50) == drawn
        assert corpus.sample(10) == drawn[:10]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PAYLOADS = st.dictionaries(st.sampled_from(["a", "a.b", "b", "id", ""]) | st.text(), JSON)


@given(PAYLOADS, st.sampled_from(["", "a", "a.b", "id"]))
def test_any_payload_is_a_document_of_texts(payload: dict[str, Any], path: str) -> None:
    settings = own("http://x", text_field="a", title_field="a.b", id_field=path)
    document = document_of(Point(7, payload), reader_of(settings, "", 10))
    assert document.id
    for text in (document.title, document.text, *(t for pair in document.details for t in pair)):
        assert "\0" not in text
        text.encode()  # no half of a surrogate pair


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("  as it is\n", "  as it is\n"),
        (["one", "two"], '["one", "two"]'),
        (["one", 2], '["one", 2]'),
        ([], "[]"),
        (0, "0"),
        (2.5, "2.5"),
        (True, "true"),
        ({"ä": [None]}, '{"ä": [null]}'),
        ("a\0b\ud800", "a\ufffdb\ufffd"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    assert text_of(value) == text


def test_a_text_of_several_parts_is_paragraphs() -> None:
    assert text_of(["one", "two"], paragraphs=True) == "one\n\ntwo"
    assert text_of(["one", 2], paragraphs=True) == '["one", 2]'


@given(st.integers(0, 2**64 - 1) | st.uuids().map(str))
def test_every_point_id_is_read_back_from_its_text(id: int | str) -> None:
    assert point_id(str(id)) == id
    assert point_id(f"point {id}") == id


@pytest.mark.parametrize("text", ["", " 1", "01", "+1", "١", "1_000", str(2**64), "A" * 36, "urn:"])
def test_other_texts_are_no_point_ids(text: str) -> None:
    assert point_id(text) is None
