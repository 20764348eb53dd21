"""Evaluations under a filter: what is left out is counted, named, kept, and never compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from components.advice.own_figures import telling_evaluations
from components.domain import Filter, InputError
from components.evaluation import Plan, Rules, evaluate, plan
from components.evaluation.over_time import unlike
from components.evaluation.rules import describe_rules
from components.evaluation.saved import SavedEvaluation, saved_evaluation
from components.evaluation.saved_format import VERSION
from components.evaluation.saved_json import head_json
from components.evaluation.store import EvaluationStore
from components.exports.evaluation import files
from components.exports.evaluation_report import EvaluationReport
from components.lab import Lab
from components.pipeline import Pipelines
from tests.support.given_fields import FIELDS


def planned(*conditions: str, rules: Rules | None = None) -> Plan:
    pipelines = Pipelines("bm25", ("bm25",), 10, filter=Filter.parse(conditions))
    return plan(FIELDS, pipelines, rules=rules)


def evaluated(lab: Lab, *conditions: str) -> SavedEvaluation:
    asked = planned(*conditions)
    return saved_evaluation(asked, evaluate(lab, FIELDS, asked), lab.settings)


def report_of(lab: Lab, saved: SavedEvaluation) -> EvaluationReport:
    metrics = saved.evaluation.metrics(saved.plan.judgments)
    return EvaluationReport(saved, metrics, lab.settings, FIELDS)


@pytest.mark.parametrize("rules", [Rules(), Rules(zero_only=True, dangling=True, identical=True)])
def test_judgments_and_queries_outside_are_left_out_whatever_the_rules(rules: Rules) -> None:
    """Desktop: a, c, e. Outside are b of q1, d of q2 and b of q3; q2 keeps a zero alone."""
    asked = planned("product=desktop", rules=rules)
    assert [query.id for query in asked.queries] == ["q1", "q3"]
    assert asked.judgments == {"q1": {"a": 2, "e": 0}, "q3": {"c": 1}}
    assert (asked.marginal.outside, asked.marginal.filtered) == (3, ("q2",))
    assert asked.marginal.queries == ()
    assert describe_rules(asked.rules, asked.marginal, asked.pipelines.filter) == (
        "filter product=desktop: 3 judgments outside it left out; 1 query whose relevant documents "
        "all lie outside the filter left out"
    )


def test_without_a_filter_nothing_is_outside() -> None:
    asked = planned()
    assert (asked.marginal.outside, asked.marginal.filtered) == (0, ())
    assert len(asked.queries) == 3


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (("year=n/a", "product=desktop"), "has a relevant document that meets the filter"),
        (("colour=red",), "the corpus has no field 'colour'"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(conditions: Sequence[str], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        planned(*conditions)


def test_candidates_from_a_file_are_not_filtered() -> None:
    pipelines = Pipelines("bm25", (), 10, filter=Filter.parse(["product=web"]))
    with pytest.raises(InputError, match="the candidates come from a file"):
        plan(FIELDS, pipelines, candidates={"q1": ["a"]})


def test_figures_are_of_the_documents_inside(lab: Lab) -> None:
    """Of "red" a, c and e remain, of "fence hat" c alone: both find their relevant document."""
    saved = evaluated(lab, "product=desktop")
    run = saved.evaluation.run("bm25")
    assert {q: set(documents) for q, documents in run.items()} == {
        "q1": {"a", "c", "e"},
        "q3": {"c"},
    }
    metrics = saved.evaluation.metrics(saved.plan.judgments)["bm25"]
    assert metrics.mean["R@100"] == 1.0


def test_an_evaluation_comes_back_with_its_filter(lab: Lab, tmp_path: Path) -> None:
    saved, store = evaluated(lab, "year>=2020", "product=desktop|mobile"), EvaluationStore(tmp_path)
    store.save(saved, saved.evaluation.metrics(saved.plan.judgments))
    assert store.load(saved.id).plan == replace(
        saved.plan, pipelines=replace(saved.plan.pipelines, reuse=False)
    )
    [summary] = store.summaries()
    assert summary.filter == saved.plan.pipelines.filter
    assert "fields (product=desktop|mobile and year>=2020)" in summary.title
    assert telling_evaluations([summary], FIELDS.fingerprint, ["bm25"]) == []
    whole = replace(summary, filter=Filter())
    assert telling_evaluations([whole], FIELDS.fingerprint, ["bm25"]) == [whole]


def test_older_versions_refuse_what_has_a_filter_and_read_the_rest(lab: Lab) -> None:
    heads = [head_json(evaluated(lab, *c), {}) for c in ((), ("product=desktop",))]
    assert [head["version"] for head in heads] == [1, VERSION]
    assert [head.get("filter") for head in heads] == [None, ["product=desktop"]]


def test_evaluations_under_other_filters_are_said_to_be(lab: Lab) -> None:
    old, new = evaluated(lab), evaluated(lab, "product=desktop")
    assert unlike(old, new)[0] == (
        "The filters differ: none then, product=desktop now. Other documents were searched and "
        "judged: nothing below is a like-for-like comparison."
    )
    assert unlike(new, new) == []
    relabelled = replace(new, plan=replace(new.plan, metadata="other"))
    assert unlike(new, relabelled) == [
        "The metadata differ, and so may the documents that meet the filter."
    ]


def test_every_file_that_has_figures_names_the_filter(lab: Lab) -> None:
    written = dict(files(report_of(lab, evaluated(lab, "product=desktop"))))
    assert json.loads(written["metrics.json"])["filter"] == ["product=desktop"]
    rules = json.loads(written["rules.json"])
    assert rules["filter"] == ["product=desktop"]
    assert rules["outside_filter"] == {"judgments": 3, "queries": ["q2"]}
    for name in ("report.html", "per_query.csv", "table.tex"):
        assert "product=desktop" in written[name], name
    assert "BM25 counts words over the whole corpus" in written["report.html"]
    whole = dict(files(report_of(lab, evaluated(lab))))
    assert json.loads(whole["metrics.json"]).keys() == {"bm25"}
