"""MS MARCO's tables: an id, a tab and a text, with a header or without one."""

from __future__ import annotations

import gzip

import pytest

from components.corpora import read_uploads
from tests.support.uploads import passages, up

COLLECTION = '0\tA lamp is lit at dusk.\n1\tThe keeper winds "the clock\n2\tA boat brings oil.\n'
READ = [
    ("0", "", "A lamp is lit at dusk."),
    ("1", "", 'The keeper winds "the clock'),
    ("2", "", "A boat brings oil."),
]
QUERIES = "121352\twhen are lamps lit\n634306\twho winds clocks\n"
QRELS = "121352\t0\t0\t1\n634306\t0\t1\t1\n"


@pytest.mark.parametrize("header", ["", "pid\tpassage\n"])
def test_a_collection_is_told_by_its_shape(header: str) -> None:
    assert passages(read_uploads([up("collection.tsv", header + COLLECTION)])) == READ


@pytest.mark.parametrize("header", ["", "qid\tquery\n"])
@pytest.mark.parametrize("name", ["queries.tsv", "queries.dev.small.tsv"])
@pytest.mark.parametrize("packed", [False, True])
def test_its_queries_and_judgments_stand_beside_it(header: str, name: str, packed: bool) -> None:
    texts = {"collection.tsv": COLLECTION, name: header + QUERIES, "qrels.dev.tsv": QRELS}
    files = [up(name, text) for name, text in texts.items()]
    if packed:
        files = [up(f"{file.name}.gz", gzip.compress(file.content)) for file in files]
    corpus = read_uploads(files)
    assert passages(corpus) == READ
    assert [(query.id, query.text) for query in corpus.queries] == [
        ("121352", "when are lamps lit"),
        ("634306", "who winds clocks"),
    ]
    assert corpus.judgments == {"121352": {"0": 1}, "634306": {"1": 1}}


def test_ids_that_are_codes_make_no_header() -> None:
    """As of MS MARCO's documents: an id, an address, a title, a body."""
    first, second = "A body of text, longer than all", "Another body of text, as long as it"
    rows = f"D1\thttp://x.example\tOne\t{first}\nD20\thttp://y.example\tTwo\t{second}\n"
    corpus = read_uploads([up("docs.tsv", rows)])
    assert [(d.id, d.text) for d in corpus.documents] == [
        ("D1", first),
        ("D20", second),
    ]
    codes = read_uploads(
        [up("docs.tsv", "msmarco_0_1\ta text of words\nmsmarco_0_2\tanother text\n")]
    )
    assert [d.id for d in codes.documents] == ["msmarco_0_1", "msmarco_0_2"]
    named = read_uploads([up("docs.tsv", "key1\tlong words\nA\tone text\n")])
    assert len(named.documents) == 1
