"""What every encoder owes the lab, as tests; each subclass says with `subject` whom to test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from components.domain import Cancelled
from components.models.bm25 import SparseVector
from tests.support.contracts.reranker_contract import ODD, QUERY, TEXTS, VERY_LONG

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EncoderSubject:
    """An encoder under test; `cuts` where a text that is too long for it is read in part."""

    encoder: Any
    sparse: bool = False
    cuts: bool = True

    def rows(self, texts: Sequence[str], *more: Any) -> Rows:  # noqa: ANN401
        """Return the documents' vectors as dense rows."""
        rows = self.encoder.encode_documents(texts, *more)
        return np.asarray(rows.toarray() if self.sparse else rows, np.float64)

    def query(self, text: str) -> SparseVector | npt.NDArray[np.float32]:
        """Return a query's vector as it comes."""
        vector: SparseVector | npt.NDArray[np.float32] = self.encoder.encode_query(text)
        return vector


def same(one: Rows, other: Rows) -> None:
    """Fail unless rows are the same; sparse ones may be of different widths."""
    width = max(one.shape[1], other.shape[1])
    padded = [np.pad(rows, ((0, 0), (0, width - rows.shape[1]))) for rows in (one, other)]
    np.testing.assert_allclose(*padded, atol=1e-5)


class EncoderContract:
    """Tests that hold for every encoder."""

    @pytest.fixture
    def subject(self) -> EncoderSubject:
        """Return the encoder under test."""
        raise NotImplementedError

    def test_there_is_one_finite_row_a_text_in_its_form(self, subject: EncoderSubject) -> None:
        rows = subject.rows(TEXTS)
        assert rows.shape[0] == len(TEXTS)
        assert np.isfinite(rows).all()
        if subject.sparse:
            assert (rows >= 0).all()
            assert (rows > 0).any(axis=1).all()
            matrix = subject.encoder.encode_documents(TEXTS)
            assert matrix.data.dtype == np.float32
            for i in range(len(TEXTS)):  # terms ascend, each once, none without weight
                part = slice(*matrix.indptr[i : i + 2])
                assert (np.diff(matrix.indices[part]) > 0).all()
                assert (matrix.data[part] > 0).all()
        else:
            assert rows.shape[1] == subject.encoder.dimension
            np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)

    def test_rows_are_aligned_with_texts(self, subject: EncoderSubject) -> None:
        rows = subject.rows(TEXTS)
        same(subject.rows(TEXTS[::-1])[::-1], rows)
        for i, text in enumerate(TEXTS):
            same(subject.rows([text]), rows[i : i + 1])
        doubled = subject.rows([TEXTS[0], TEXTS[1], TEXTS[0]])
        np.testing.assert_array_equal(doubled[0], doubled[2])

    def test_it_is_deterministic(self, subject: EncoderSubject) -> None:
        np.testing.assert_array_equal(subject.rows(TEXTS), subject.rows(TEXTS))
        first, second = subject.query(QUERY), subject.query(QUERY)
        if isinstance(first, SparseVector):
            assert first == second
        else:
            np.testing.assert_array_equal(first, second)

    def test_no_text_gives_no_row(self, subject: EncoderSubject) -> None:
        rows = subject.encoder.encode_documents([])
        assert rows.shape[0] == 0
        if not subject.sparse:
            assert rows.shape == (0, subject.encoder.dimension)

    def test_a_query_has_the_form_of_a_document(self, subject: EncoderSubject) -> None:
        vector = subject.query(QUERY)
        if isinstance(vector, SparseVector):
            assert len(vector.indices) == len(vector.values) > 0
            assert list(vector.indices) == sorted(set(vector.indices))
            assert min(vector.values) > 0
        else:
            assert vector.shape == (subject.encoder.dimension,)
            assert vector.dtype == np.float32
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)

    def test_a_very_long_text_is_encoded(self, subject: EncoderSubject) -> None:
        rows = subject.rows([VERY_LONG, TEXTS[0]])
        assert np.isfinite(rows).all()
        same(rows[1:], subject.rows([TEXTS[0]]))

    def test_odd_texts_are_encoded_or_empty(self, subject: EncoderSubject) -> None:
        rows = subject.rows(ODD)
        assert rows.shape[0] == len(ODD)
        assert np.isfinite(rows).all()
        norms = np.linalg.norm(rows, axis=1)
        if not subject.sparse:  # a blank text may have no vector at all
            assert all(n == pytest.approx(1, abs=1e-5) or n == 0 for n in norms)
            assert all(n > 0 for n, text in zip(norms, ODD, strict=True) if text.strip())

    def test_it_can_be_stopped_and_used_again(self, subject: EncoderSubject) -> None:
        def stop(done: int, total: int) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            subject.rows(TEXTS, stop)
        assert subject.rows(TEXTS).shape[0] == len(TEXTS)

    def test_progress_ends_at_the_number_of_texts(self, subject: EncoderSubject) -> None:
        calls: list[tuple[int, int]] = []
        subject.rows(TEXTS, lambda done, total: calls.append((done, total)))
        assert calls[-1] == (len(TEXTS), len(TEXTS))
        assert [done for done, _ in calls] == sorted(done for done, _ in calls)

    def test_texts_are_left_as_they_are(self, subject: EncoderSubject) -> None:
        texts = list(TEXTS)
        subject.rows(texts)
        assert texts == list(TEXTS)
