"""A small judged corpus whose documents have fields to filter on."""

from __future__ import annotations

from components.corpora import fingerprint
from components.domain import Corpus, Document, Query

ROWS = (
    ("a", "red fox", {"product": "desktop", "year": "2019", "when": "2024-04-30"}),
    ("b", "red red hat", {"product": "mobile", "year": "2020", "when": "2024-05-02"}),
    ("c", "red blue fence", {"product": "desktop", "year": "2021", "when": "2024-05-31T23:00"}),
    ("d", "green fox", {"product": "web", "year": "n/a"}),
    ("e", "a red line of words", {"product": '["desktop", "web"]', "year": "2022"}),
    ("f", "nothing of note", {"note": "![x](http://evil.example/x.png)"}),
)
DOCUMENTS = tuple(Document(id, "", text, row) for id, text, row in ROWS)
QUERIES = (Query("q1", "red"), Query("q2", "fox"), Query("q3", "fence hat"))
JUDGMENTS = {"q1": {"a": 2, "b": 1, "e": 0}, "q2": {"d": 1, "a": 0}, "q3": {"c": 1, "b": 1}}
FIELDS = Corpus("fields", DOCUMENTS, QUERIES, JUDGMENTS, fingerprint(DOCUMENTS))
