"""The settings of passages on the Corpus page."""

from __future__ import annotations

from tests.support.visits import Visit, texts

TEXT = " ".join(f"word{n}" for n in range(500)).encode()


def test_passages_are_cut_as_the_page_says(visit: Visit) -> None:
    """Another length reads the upload again; data has no such settings."""
    at = visit("pages/corpus.py")
    at.file_uploader[0].upload("notes.txt", TEXT).run()
    assert "2 passages of 1 document: 200 to 300 words, half of them up to 250." in texts(at)
    at.number_input(key="_passage_words").set_value(100).run()
    assert "5 passages of 1 document: 100 to 100 words, half of them up to 100." in texts(at)
    at.number_input(key="_passage_overlap_50").set_value(20).run()
    assert not at.exception
    _, corpus = at.session_state["new_corpus"]
    assert [d.text.split()[0] for d in corpus.documents][:3] == ["word0", "word60", "word140"]
    at.file_uploader[0].set_value([("a.jsonl", b'{"text": "x"}', "")]).run()
    assert not at.number_input
