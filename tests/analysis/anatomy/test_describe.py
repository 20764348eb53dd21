"""What a corpus is made of, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from components.analysis.anatomy import Anatomy, AnatomyStore, clear, describe, findings, share
from components.analysis.anatomy.records import (
    Bar,
    Copies,
    Field,
    GradeCount,
    Group,
    JudgedApart,
    Lengths,
    Pair,
    Reading,
    Refusal,
    SplitFigures,
    Value,
)
from components.analysis.anatomy.rows import BATCH, Rows, words_of
from components.analysis.anatomy.windows import windows
from components.config import HubModel, Settings
from components.domain import Cancelled, Corpus, Document, LazyDocuments
from components.lab import Lab
from components.models.files import BGE_TOKENIZER, MINILM_TOKENIZER
from components.models.tokens import load_tokenizer
from components.rerankers.cross_encoder import TOKENIZER
from tests.support.made_corpora import corpus_of, with_missing, words

GERMAN = (
    "Setzen Sie Ihr Kennwort über die Anmeldeseite zurück; wir senden Ihnen innerhalb weniger "
    "Minuten einen Verweis an Ihre hinterlegte Adresse."
)
ENGLISH = (
    "Reset your password on the sign-in page; within a few minutes we send a link to the address "
    "that you gave us when you opened the account."
)


def described(corpus: Corpus, most: int | None = None) -> Anatomy:
    return describe(corpus, Settings(), most)


def sentences(anatomy: Anatomy) -> list[str]:
    return [finding.text for finding in findings(anatomy)]


def cat(number: int) -> str:
    """Return so many words of one token each."""
    return " ".join(["cat"] * number)


def test_words_are_folded_and_letters_of_some_scripts_are_words() -> None:
    assert words_of("A Fox, 2 hats: naïve") == ["a", "fox", "2", "hats", "naïve"]
    assert words_of("API東京") == ["api", "東", "京"]


def test_lengths_are_counted_in_words_and_tokens() -> None:
    anatomy = described(corpus_of(cat(1), cat(3), cat(3), cat(9), ""))
    bars = tuple(Bar(n, n, 0) for n in range(10))
    expected = {0: Bar(0, 0, 1, ("d4",)), 1: Bar(1, 1, 1, ("d0",)), 3: Bar(3, 3, 2, ("d1", "d2"))}
    expected |= {9: Bar(9, 9, 1, ("d3",))}
    bars = tuple(expected.get(bar.low, bar) for bar in bars)
    assert anatomy.in_words == Lengths(0, 3.0, 9, 9, 16, bars)
    assert anatomy.in_tokens == anatomy.in_words
    assert anatomy.empty == Group(1, ("d4",))
    assert anatomy.short == Group(3, ("d0", "d1", "d2"))


def test_a_few_very_long_passages_share_the_last_bar() -> None:
    anatomy = described(corpus_of(*(cat(10 + n % 2) + f" {n}" for n in range(200)), cat(900)))
    last = anatomy.in_words.bars[-1]
    assert (last.low, last.high, last.number) == (12, 900, 101)
    assert sum(bar.number for bar in anatomy.in_words.bars) == 201


def test_models_read_what_their_window_leaves() -> None:
    """[CLS] and [SEP] are 2 of 256 and 512 tokens; a pair has 3, and the query's own."""
    corpus = corpus_of(cat(254), cat(255), cat(506), cat(600), queries={"q": cat(4)})
    anatomy = described(corpus)
    tokens = 254 + 255 + 506 + 600
    assert anatomy.readings == (
        Reading(("minilm-l6", "biencoder-minilm"), "minilm-l6", 254, 0, tokens, 1 + 252 + 346,
                Group(3, ("d3", "d2", "d1"))),
        Reading(("minilm-l12",), "minilm-l6", 505, 4, tokens, 1 + 95, Group(2, ("d3", "d2"))),
        Reading(("bge-small", "late-bge"), "minilm-l6", 510, 0, tokens, 90, Group(1, ("d3",))),
    )  # fmt: skip
    assert anatomy.absent == ("bge-v2-m3",)
    assert (
        "minilm-l12 does not read the end of 50% of the passages (2): they have more than 505 "
        "tokens beside a query of 4, and 6% of all tokens go unread."
    ) in sentences(anatomy)


def test_the_bundled_tokenizers_cut_alike() -> None:
    text = "Zoë's pre-tokenizer: naïve? 東京 cafés, 1,000.50 $ unbelievably"
    files = (BGE_TOKENIZER, MINILM_TOKENIZER, TOKENIZER)
    cuts = [load_tokenizer(f.verify()).encode(text, add_special_tokens=False).ids for f in files]
    assert cuts[0] == cuts[1] == cuts[2]
    read, _ = windows(Settings())
    assert len({window.tokenizer for window in read}) == 1


def test_queries_that_are_too_long_are_refused() -> None:
    corpus = corpus_of("a fox", queries={"a": cat(254), "b": cat(255), "c": cat(446)})
    refusals = described(corpus).queries.refusals
    assert refusals == (
        Refusal("minilm-l6", 254, Group(2, ("b", "c"))),
        Refusal("biencoder-minilm", 254, Group(2, ("b", "c"))),
        Refusal("minilm-l12", 445, Group(1, ("c",))),
    )
    assert (
        "2 queries are too long for a model: minilm-l6 and biencoder-minilm refuse 2 of more than "
        "254 tokens; minilm-l12 refuses 1 of more than 445 tokens."
    ) in sentences(described(corpus))


def test_languages_are_told_where_they_are_clear() -> None:
    anatomy = described(corpus_of(ENGLISH, GERMAN, f"{ENGLISH} {ENGLISH}", "ok", ""))
    told = anatomy.languages
    assert [(one.name, one.documents) for one in told.languages] == [
        ("English", Group(2, ("d0", "d2"))),
        ("German", Group(1, ("d1",))),
    ]
    assert (told.documents, told.untold) == (5, Group(2, ("d3", "d4")))
    sentence = "1 passage seems to be in another language than English: German (1)."
    assert sentence in sentences(anatomy)


def test_fields_have_a_kind_and_their_most_frequent_values() -> None:
    rows = [
        {"year": "2020", "made": "2024-01-02", "product": "web", "open": "yes", "note": "a"},
        {"year": "1999", "made": "2023-12-31", "product": "web", "open": "no", "note": "b"},
        {"year": "", "made": "2024-01-02", "product": "app", "open": "yes", "note": "c"},
        {"tags": '["x", "y"]'},
    ]
    documents = (Document(f"d{n}", "T" * (n % 2), "text", row) for n, row in enumerate(rows))
    assert described(corpus_of(*documents)).fields == (
        Field("title", "category", 2, 1, values=(Value("T", Group(2, ("d1", "d3"))),)),
        Field("year", "number", 2, 2, low="1999", high="2020"),
        Field("made", "date", 3, 2, low="2023-12-31", high="2024-01-02",
              values=(Value("2024-01-02", Group(2, ("d0", "d2"))),)),
        Field("product", "category", 3, 2, values=(Value("web", Group(2, ("d0", "d1"))),)),
        Field("open", "yes or no", 3, 2, values=(Value("yes", Group(2, ("d0", "d2"))),)),
        Field("note", "text", 3, 3),
        Field("tags", "text", 1, 2),
    )  # fmt: skip


def test_queries_and_judgments_are_counted_split_by_split() -> None:
    corpus = corpus_of(
        "a fox in the snow", "a hat", "A  FOX in the snow", "a ship", "no fox",
        queries={"q1": "fox", "q2": "Fox", "q3": "a ship", "q4": "mill"},
        judgments={"q1": {"d0": 2, "d1": 0}, "q2": {"d0": 1, "d2": 0, "d3": 1}, "q3": {"d1": 0}},
        dev={"q1": {"d2": 1}},
    )  # fmt: skip
    anatomy = described(with_missing(corpus, {"q1": {"gone": 1, "away": 0}}, 3))
    queries = anatomy.queries
    assert (queries.number, queries.in_words.total, queries.in_words.most) == (4, 5, 2)
    assert queries.repeated == Copies(1, (Pair("q1", "q2"),))
    assert queries.unjudged == Group(1, ("q4",))
    assert queries.documents == Copies(1, (Pair("q3", "d3"),))
    test = SplitFigures(
        "test", 3, 6, 1, 2.0, 3,
        (GradeCount(0, 3), GradeCount(1, 2), GradeCount(2, 1)),
        Group(1, ("q3",)), Group(2, ("gone", "away")), 3, 2,
        (JudgedApart("q1", "d0", "d2", 2, None), JudgedApart("q2", "d0", "d2", 1, 0)),
    )  # fmt: skip
    other = (JudgedApart("q1", "d2", "d0", 1, None),)
    dev = SplitFigures(
        "dev", 1, 1, 1, 1.0, 1, (GradeCount(1, 1),), apart=1, apart_examples=other
    )  # fmt: skip
    assert anatomy.splits == (test, dev)
    assert sentences(anatomy)[:9] == [
        "1 passage is an exact copy of another.",
        "1 query has no judgment: nothing is measured on it.",
        "2 copies of relevant passages are judged otherwise or not at all (test): a ranking that "
        "prefers them is marked down.",
        "1 judged query has no relevant passage (test).",
        "2 judgments name a passage that is not here (test).",
        "1 copy of relevant passages is judged otherwise or not at all (dev): a ranking that "
        "prefers it is marked down.",
        "1 query repeats an earlier one word for word.",
        "1 passage is the text of a query.",
        "3 passages have fewer than 5 words.",
    ]
    assert "3 judged queries are not among the queries (test)." in sentences(anatomy)


def test_without_judgments_no_query_lacks_one() -> None:
    anatomy = described(corpus_of("a fox", queries={"q": "fox"}))
    assert anatomy.queries.unjudged == Group()
    assert anatomy.splits == ()
    assert "queries without judgments" not in clear(anatomy)


def test_what_is_not_there_is_said() -> None:
    anatomy = described(corpus_of(Document("a", "A title", ENGLISH)))
    assert findings(anatomy) == ()
    assert clear(anatomy) == (
        "empty passages",
        "exact copies",
        "near-duplicates",
        "passages with a title alone",
        "passages of fewer than 5 words",
        "passages that a model cuts",
    )


def test_a_title_alone_is_no_empty_passage() -> None:
    corpus = corpus_of(Document("a", "One title of several words", ""), Document("b", " ", "\n"))
    anatomy = described(corpus)
    assert (anatomy.untexted, anatomy.empty) == (Group(1, ("a",)), Group(1, ("b",)))
    assert sentences(anatomy)[:2] == [
        "1 passage is empty: no title, no text.",
        "1 passage has a title alone.",
    ]


def test_a_sample_is_drawn_once_and_said() -> None:
    corpus = corpus_of(*(f"{words(n, 4)} {n}" for n in range(3 * BATCH)))
    places = Rows(corpus, 40).places
    assert places == Rows(corpus, 40).places == sorted(set(places))
    assert (len(places), min(places) >= 0, max(places) < 3 * BATCH) == (40, True, True)
    anatomy = described(corpus, 40)
    assert (anatomy.total, anatomy.documents, anatomy.whole) == (3 * BATCH, 40, False)
    assert sum(bar.number for bar in anatomy.in_words.bars) == 40
    assert described(corpus, 5000).whole


def test_reading_tells_progress_and_stops_when_told() -> None:
    corpus = corpus_of(*(f"{n} fox" for n in range(BATCH + 1)))
    steps: list[tuple[str, int, int]] = []
    describe(corpus, Settings(), None, lambda *step: steps.append(step))
    n = BATCH + 1
    assert steps[:2] == [("reading", BATCH, n), ("reading", n, n)]
    assert {name for name, *_ in steps[2:]} == {"comparing what looks alike"}
    assert all(0 < done <= total for _, done, total in steps)

    def stop(step: str, done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        describe(corpus, Settings(), None, stop)


@pytest.mark.parametrize(
    ("number", "total", "text"),
    [(0, 9, "0%"), (1, 3, "33%"), (199, 200, "99.5%"), (9999, 10_000, "99.9%"), (5, 5, "100%"),
     (1, 100, "1.0%"), (1, 2000, "under 0.1%"), (0, 0, "0%")],
)  # fmt: skip
def test_shares_in_words(number: int, total: int, text: str) -> None:
    assert share(number, total) == text


def test_an_anatomy_stays_on_disk(tmp_path: Path) -> None:
    settings = replace_cache(tmp_path)
    store = AnatomyStore(settings)
    corpus = corpus_of("a fox", "A FOX", queries={"q": "fox"}, judgments={"q": {"d0": 1}})
    assert store.find(corpus) is None
    anatomy = describe(corpus, settings)
    store.keep(corpus, anatomy)
    assert AnatomyStore(settings).find(corpus) == anatomy
    assert store.find(corpus, 10) is None
    others = [
        corpus_of("a fox", "A FOX", queries={"q": "fox"}, judgments={"q": {"d0": 2}}),
        corpus_of("a fox", "A FOX", queries={"q": "hat"}, judgments={"q": {"d0": 1}}),
        corpus_of("a fox", "A FOX.", queries={"q": "fox"}, judgments={"q": {"d0": 1}}),
        replace(corpus, documents=tuple(replace(d, metadata={"a": "b"}) for d in corpus.documents)),
    ]
    assert [store.find(other) for other in others] == [None] * len(others)


def test_an_anatomy_goes_with_its_corpus(tmp_path: Path) -> None:
    lab = Lab(replace(replace_cache(tmp_path), data_dir=tmp_path / "data"))
    corpora = corpus_of("a fox"), corpus_of("a hat")
    for corpus, name in zip(corpora, ("fox", "hat"), strict=True):
        AnatomyStore(lab.settings).keep(corpus, describe(corpus, lab.settings))
        lab.library.add(replace(corpus, name=name))
    lab.library.remove(lab.library.named()["fox"])
    assert [AnatomyStore(lab.settings).find(corpus) is None for corpus in corpora] == [True, False]


def test_a_damaged_file_is_read_again(tmp_path: Path) -> None:
    settings, corpus = replace_cache(tmp_path), corpus_of("a fox")
    store = AnatomyStore(settings)
    store.keep(corpus, describe(corpus, settings))
    store.path(corpus, None).write_text("{")
    assert store.find(corpus) is None


def test_a_disk_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "anatomy").write_text("a file where the folder should be")
    settings, corpus = replace_cache(tmp_path), corpus_of("a fox")
    store = AnatomyStore(settings)
    store.keep(corpus, describe(corpus, settings))
    assert store.find(corpus) is None


def replace_cache(folder: Path) -> Settings:
    """Return settings with a cache of their own."""
    return replace(Settings(), cache_dir=folder)


def test_documents_that_lie_on_disk_are_read_alike(tmp_path: Path) -> None:
    lab = Lab(replace(replace_cache(tmp_path), data_dir=tmp_path / "data"))
    corpus = corpus_of(
        *(words(10 * (n % 300), 12) for n in range(BATCH + 90)),
        queries={"q": "w1"},
        judgments={"q": {"d0": 1, "d300": 0}},
    )
    kept = lab.library.open(lab.library.add(replace(corpus, name="kept")))
    assert isinstance(kept.documents, LazyDocuments)
    for most in (None, 50):
        assert describe(kept, lab.settings, most) == describe(corpus, lab.settings, most)


def test_a_model_of_the_hub_counts_with_its_own_tokenizer(tmp_path: Path) -> None:
    """One that knows the letters of the alphabet alone, and adds no special tokens."""
    letters = Tokenizer(WordLevel({"[UNK]": 0} | {c: ord(c) for c in "abcdefgh"}, "[UNK]"))
    letters.pre_tokenizer = Split("", "isolated")
    letters.save(str(tmp_path / "tokenizer.json"))
    settings = replace(Settings(), hub=(HubModel("mine", path=tmp_path),))
    anatomy = describe(corpus_of("a" * 600, "b" * 509, queries={"q": "cab"}), settings)
    [reading] = [reading for reading in anatomy.readings if reading.systems == ("mine",)]
    assert reading == Reading(("mine",), "mine", 509, 3, 1109, 91, Group(1, ("d0",)))
    [finding] = [finding for finding in findings(anatomy) if finding.key == "cut-mine"]
    assert finding.reads == 0, "the lab's own tokenizer would cut elsewhere"
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 256}')
    [window] = [window for window in windows(settings)[0] if window.systems == ("mine",)]
    assert (window.room, window.longest) == (256, (192,))
