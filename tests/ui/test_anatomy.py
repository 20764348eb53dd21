"""What the corpus is made of, on the Corpus page, as a visitor works it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from components.analysis.anatomy import Anatomy, AnatomyStore
from components.domain import Corpus, Document
from components.ui.corpus.anatomy import section
from components.ui.corpus.anatomy.looking import differences
from components.ui.shared import state
from components.ui.shared.work import Computation
from tests.support.made_corpora import corpus_of, with_missing, words
from tests.support.visits import PATIENCE, Visit, has, htmls, lines, said, texts

FOX = "a fox in the snow looks for its den"
MADE = with_missing(
    corpus_of(
        Document("one", "Fox", FOX, {"product": "web"}),
        Document("two", "FOX", FOX, {"product": "web"}),
        Document("long", "", words(0, 120), {"product": "app"}),
        Document("near", "", words(0, 119) + " <b>other</b>"),
        Document("none", "", ""),
        queries={"q1": "fox", "q2": "FOX", "q3": "`mill`"},
        judgments={"q1": {"one": 2}, "q2": {"one": 0}},
    ),
    {"q1": {"gone": 1}},
    0,
)


def opened(visit: Visit, corpus: Corpus = MADE) -> AppTest:
    """Open the Corpus page with a corpus, and wait until it has been read."""
    at = visit("pages/corpus.py", **{state.UPLOADS: {"made": corpus}, state.CORPUS: "made"})
    task = at.session_state[state.COMPUTATIONS].get(("anatomy", corpus))
    if task:
        assert isinstance(task, Computation)
        task.join(PATIENCE)
        assert task.error is None
        at.run()
    assert not at.exception
    return at


def findings(at: AppTest) -> dict[str, str]:
    """Return the findings by key."""
    buttons = [button for button in at.button if (button.key or "").startswith("finding-")]
    return {str(b.key).split("-", 2)[2]: b.label for b in buttons}


def look(at: AppTest, key: str) -> AppTest:
    """Press a finding."""
    press = next(b for b in at.button if (b.key or "").endswith(f"-{key}"))
    press.click().run()
    assert not at.exception
    return at


def table(at: AppTest) -> list[dict[str, object]]:
    """Return the rows of the table that is open beside the findings."""
    frame = at.main.get_by_key("anatomy-look").dataframe[0].value
    rows: list[dict[str, object]] = frame.to_dict("records")
    return rows


def test_findings_open_what_they_are_about(visit: Visit) -> None:
    at = opened(visit)
    assert said(at, "anatomy").startswith("Counted over all 5 passages")
    keys = ["empty", "copies", "unjudged", "apart-test", "pointless-test", "missing-test"]
    assert list(findings(at)) == [*keys, "repeated", "near", "cut-minilm-l6"]
    assert findings(at)["empty"] == "1 passage is empty\\: no title, no text."
    assert not has(at, "anatomy-look")

    assert table(look(at, "empty"))[0]["id"] == "none"
    assert [r["id"] for r in table(look(at, "cut-minilm-l6"))] == ["near", "long"]
    assert str(table(at)[1]["not read"]).endswith(" w119")
    assert table(look(at, "unjudged")) == [{"id": "q3", "query": "`mill`"}]
    assert table(look(at, "repeated")) == [{"query": "q2", "repeats": "q1", "text": "FOX"}]
    assert table(look(at, "missing-test")) == [{"judged, but not in the corpus": "gone"}]
    [apart] = table(look(at, "apart-test"))
    assert (apart["query"], apart["relevant passage"], apart["its copy"]) == ("fox", "one", "two")
    assert (apart["its judgment"], apart["the copy's"]) == ("grade 2", "unjudged")
    look(at, "apart-test")  # once more closes it
    assert not has(at, "anatomy-look")


def test_pairs_stand_side_by_side_with_their_differences(visit: Visit) -> None:
    at = look(opened(visit), "copies")
    panel = at.main.get_by_key("anatomy-look")
    assert [t.value for t in panel.text] == [
        "one", "two", "They differ in white space or case alone.",
    ]  # fmt: skip
    assert f"Fox {FOX}</div>" in "".join(htmls(at))
    look(at, "near")
    [_, marked] = [html for html in htmls(at) if "<mark>" in html]
    assert "<mark>&lt;b&gt;other&lt;/b&gt;</mark></div>" in marked
    assert "97% of their three-word sequences are in both." in texts(at)


def test_charts_offer_documents(visit: Visit) -> None:
    at = opened(visit)
    field = at.selectbox(key="_anatomy-field")
    assert field.options == ["product: web (2)"]
    field.set_value("product: web (2)").run()
    assert list(at.main.get_by_key("fields-of-passages").dataframe[0].value["id"]) == ["one", "two"]
    language = at.selectbox(key="_anatomy-language")
    assert language.options[0] == "English (2)"
    assert "Read are the first 254 by minilm-l6 and biencoder-minilm" in texts(at)
    at.segmented_control(key="_anatomy-unit").set_value("words").run()
    length = at.selectbox(key="_anatomy-length-words")
    assert length.options[-1] == "120 to 124 words (2)"
    length.set_value(length.options[-1]).run()
    assert not at.exception
    rows = at.main.get_by_key("lengths-of-passages").dataframe[0].value
    assert list(rows["id"]) == ["long", "near"]


def test_what_was_read_is_there_at_once_for_the_next_visitor(visit: Visit) -> None:
    opened(visit)
    again = visit("pages/corpus.py", **{state.UPLOADS: {"made": MADE}, state.CORPUS: "made"})
    assert "copies" in findings(again)
    assert not again.session_state[state.COMPUTATIONS]


def test_a_clean_corpus_says_so(visit: Visit) -> None:
    text = "The fox sleeps in its den while the snow falls on the road to the mill."
    at = opened(visit, corpus_of(Document("one", "Fox", text)))
    assert findings(at) == {}
    assert "Nothing stands out." in texts(at)
    assert "Looked for and not there: empty passages, exact copies" in texts(at)


@pytest.mark.parametrize("most", [None, 4])
def test_a_large_corpus_is_read_once_somebody_asks(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, most: int | None
) -> None:
    monkeypatch.setattr(section, "AT_ONCE", 3)
    monkeypatch.setattr(section, "SAMPLE", 4)
    corpus = corpus_of(*(f"{n} {most} foxes" for n in range(9)))
    at = visit("pages/corpus.py", **{state.UPLOADS: {"made": corpus}, state.CORPUS: "made"})
    assert not at.session_state[state.COMPUTATIONS]
    assert at.button(key="anatomy_whole").label == "Read all 9 passages"
    assert at.button(key="anatomy_sample").label == "Read 4 at random"
    at.button(key="anatomy_sample" if most else "anatomy_whole").click().run()
    task = at.session_state[state.COMPUTATIONS]["anatomy", corpus]
    task.join(PATIENCE)
    at.run()
    start = "Counted over 4 of 9 passages" if most else "Counted over all 9 passages"
    assert said(at, "anatomy").startswith(start)
    anatomy: Anatomy = task.result
    assert AnatomyStore(state.settings()).find(corpus, most) == anatomy


def test_reading_can_be_stopped_and_begun_again(visit: Visit) -> None:
    corpus = replace(MADE, fingerprint="0" * 64)
    at = visit("pages/corpus.py", **{state.UPLOADS: {"made": corpus}, state.CORPUS: "made"})
    task = at.session_state[state.COMPUTATIONS]["anatomy", corpus]
    task.join(PATIENCE)
    task.result = None  # as if it had been stopped before its end
    at.run()
    assert at.button(key="anatomy_whole").label == "Read all 5 passages"
    assert not has(at, "progress_anatomy") or lines(at, "progress_anatomy")
    at.button(key="anatomy_whole").click().run()
    again = at.session_state[state.COMPUTATIONS]["anatomy", corpus]
    assert again is not task
    again.join(PATIENCE)
    at.run()
    assert "copies" in findings(at)


def test_differences_are_marked_and_everything_is_escaped() -> None:
    assert differences("a <b>fox", "A  <b>hat") == (
        "a <mark>&lt;b&gt;fox</mark>",
        "A  <mark>&lt;b&gt;hat</mark>",
    )
    assert differences("", "x") == ("", "<mark>x</mark>")
    assert differences(" same ", "SAME") == (" same ", "SAME")
