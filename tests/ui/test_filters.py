"""Filters on the pages: controls, what is said of them, links, and fields that are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from components.charts.palette import LIGHT
from components.domain import NO_FILTER, Document, Filter
from components.evaluation.store import EvaluationStore
from components.ui.compare import exports, permalink
from components.ui.compare.results import Results
from components.ui.shared import state
from tests.support.given_fields import FIELDS
from tests.support.visits import Visit, evaluated, has, ids, said, settle, texts

pytestmark = pytest.mark.usefixtures("own_data")
HERE = {state.CORPUS: "fields", state.UPLOADS: {"fields": FIELDS}, state.QUERY: "red"}


def key(name: str, ending: str = "") -> str:
    place = [field.name for field in FIELDS.fields.all].index(name)
    return f"_filter_{FIELDS.fields.digest[:8]}_{place}{ending}"


def found(at: AppTest) -> list[str]:
    job = settle(at)
    assert job.comparison is not None
    return ids(job.comparison.first_stage)


def test_values_with_counts_and_ranges_narrow_the_candidates(visit: Visit) -> None:
    at = visit(**HERE)
    assert set(found(at)) == {"a", "b", "c", "e"}
    assert not has(at, "soft-under-filter")
    product = at.multiselect(key=key("product"))
    assert list(product.options) == ["desktop (3)", "web (2)", "mobile (1)"]
    product.set_value(["desktop"]).run()
    assert set(found(at)) == {"a", "c", "e"}
    assert said(at, "soft-under-filter") == (
        "Filter product=desktop: 3 of 6 documents searched. 1 judged document lies outside it and "
        "is not counted."
    )
    at.text_input(key=key("year", "_AT_LEAST")).input("2021").run()
    assert set(found(at)) == {"c", "e"}
    at.text_input(key=key("when", "_AT_MOST")).input("2024-05").run()
    assert found(at) == ["c"]
    assert at.session_state[state.FILTER].texts == (
        *("product=desktop", "when<=2024-05", "year>=2021"),
    )
    assert at.query_params["filter"] == ["product=desktop", "when<=2024-05", "year>=2021"]
    product = at.multiselect(key=key("product"))
    product.set_value([]).run()
    assert at.session_state[state.FILTER].texts == ("when<=2024-05", "year>=2021")
    at.button(key="clear_filter").click().run()
    assert set(found(at)) == {"a", "b", "c", "e"}
    assert "filter" not in at.query_params


def test_what_is_typed_amiss_is_said_and_changes_nothing(visit: Visit) -> None:
    at = visit(**HERE)
    for typed, reason in (("soon", "compares with a text"), ("2024-05", "'year' holds numbers")):
        at.text_input(key=key("year", "_AT_LEAST")).input(typed).run()
        assert reason in texts(at)
        assert state.FILTER not in at.session_state
    at.text_input(key=key("year", "_AT_LEAST")).input("2020").run()
    assert "holds numbers" not in texts(at)


def test_a_filter_that_nothing_meets_is_no_error(visit: Visit) -> None:
    at = visit(**HERE, **{state.FILTER: Filter.parse(["year>2022"])})
    assert found(at) == []
    reason = "The first stage found no candidate: no document meets the filter year>2022."
    assert reason in texts(at)
    at.button(key="search_whole").click().run()
    assert len(found(at)) == 4
    at = visit(**HERE | {state.QUERY: "green"}, **{state.FILTER: Filter.parse(["year>=2022"])})
    assert found(at) == []
    assert "no document that meets the filter year>=2022 holds a word of this query" in texts(at)


def test_a_link_brings_the_filter_back_and_a_field_that_is_gone_is_named(visit: Visit) -> None:
    at = visit(**HERE)
    at.query_params["filter"] = ["year>=2021", 'product="desktop"|web']
    at.query_params["corpus"], at.query_params["q"] = "fields", "red"
    at.session_state[state.PERMALINK_READ] = False
    at.run()
    assert at.session_state[state.FILTER].texts == ("product=desktop|web", "year>=2021")
    assert set(found(at)) == {"c", "e"}
    at.session_state[state.FILTER] = Filter.parse(["year>2020", "product=mobile"])
    at.run()
    assert found(at) == []
    at.button(key="remove_condition_0").click().run()  # no control holds it
    assert at.session_state[state.FILTER].texts == ("product=mobile",)
    at.session_state[state.FILTER] = Filter.parse(["colour=red"])
    at.run()
    assert "the corpus has no field 'colour'" in texts(at)
    assert "Fields to filter on: product, year, when, note." in texts(at)
    at.button(key="remove_condition_0").click().run()
    assert len(found(at)) == 4
    at.query_params["filter"] = ["colour"]
    at.session_state[state.PERMALINK_READ] = False
    at.run()
    assert "filter=colour is not known here; the default is used." in texts(at)


def test_another_corpus_begins_without_the_filter(visit: Visit) -> None:
    at = visit(**HERE, **{state.FILTER: Filter.parse(["product=desktop"])})
    at.selectbox(key="_corpus").select("exceptions").run()
    assert at.session_state[state.FILTER] == NO_FILTER
    assert not has(at, "_filter")
    assert [one for one in at.multiselect if "filter" in str(one.key)] == []


def test_names_of_fields_are_escaped_where_a_label_is_markdown(visit: Visit) -> None:
    name = "![x](http://evil.example/y.png) *b*"
    documents = tuple(
        Document(d.id, "", d.text, {name: "1", "other": "x"}) for d in FIELDS.documents
    )
    corpus = replace(FIELDS, documents=documents, fingerprint="hostile")
    at = visit(**HERE | {state.UPLOADS: {"fields": corpus}})
    [label] = [one.label for one in at.multiselect if f"{one.key}".endswith("_0")]
    assert label.startswith(r"\!\[x\]\(http\:\/\/evil\.example")
    settle(at)


def test_a_corpus_that_differs_in_metadata_alone_is_searched_anew(visit: Visit) -> None:
    at = visit(**HERE, **{state.FILTER: Filter.parse(["product=mobile"])})
    assert found(at) == ["b"]
    documents = tuple(replace(d, metadata={"product": "mobile"}) for d in FIELDS.documents)
    other = replace(FIELDS, documents=documents)
    at.session_state[state.UPLOADS] = {"fields": other}
    at.run()
    assert set(found(at)) == {"a", "b", "c", "e"}


def test_the_files_of_a_comparison_name_the_filter(visit: Visit) -> None:
    at = visit(**HERE, **{state.FILTER: Filter.parse(["product=desktop"])})
    job = settle(at)
    assert job.comparison is not None
    columns = Results.of(job, job.comparison, job.grades, 10, "nDCG@10", LIGHT)
    made = {name: write() for _, name, _, write in exports.files(columns, "")}
    assert (
        "Only 3 documents that meet the filter product=desktop were searched"
        in (made["fields-comparison.html"])
    )
    assert '"conditions": [\n   "product=desktop"\n  ]' in made["fields-comparison.json"]
    assert made["fields-comparison.csv"].splitlines()[1].endswith(",red,product=desktop")
    assert "fields-comparison-filtered.trec" in made
    assert permalink._KEYS["filter"] == state.FILTER


def test_an_evaluation_leaves_out_and_counts_what_lies_outside(visit: Visit) -> None:
    page = "pages/evaluate.py"
    filter = Filter.parse(["product=desktop"])
    at = visit(page, **HERE, **{state.FILTER: filter})
    plan = said(at, "soft-plan")
    assert plan.startswith("2 judged queries of fields")
    assert (
        "Rules: filter product=desktop: 3 judgments outside it left out; 1 query whose relevant "
        "documents all lie outside the filter left out." in plan
    )
    saved = evaluated(at)
    assert saved.plan.pipelines.filter == filter
    assert "Only documents that meet the filter product=desktop were searched" in texts(at)
    [summary] = EvaluationStore(state.settings().data_dir).summaries()
    assert summary.filter == filter
    assert "fields (product=desktop)" in summary.title
