"""Servers as people run them: their paths, their limits and their own words, each over the wire."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components import pipeline
from components.domain import InputError, Ranking
from components.lab import Lab, catalog, read_settings
from components.models.tokens import cut_texts, estimate_tokens
from components.network import capacity
from components.network.addresses import addresses
from components.network.capacity import Told
from components.network.cohere import base_address
from components.network.errors import ProviderError
from components.rerankers import Context
from components.rerankers.hosted.compatible import USUAL_PATHS, answered_at, read_info
from components.rerankers.hosted.jina import endpoint
from components.ui.rerankers.providers import tiny_call
from tests.support.servers.provider_server import KEY, Provider, Reply, Seen, score, serve

QUERY = "how to reset"
TEXTS = ("how to reset", "cats sleep", "reset how", "a dog", "to be")
SHAPES = ("cohere", "jina", "tei")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def lab_of(provider: Provider, folder: Path, address: str = "", **fields: object) -> Lab:
    """Return a lab with a server `s` at an address below the provider's."""
    table: dict[str, object] = {"name": "s", "url": provider.url + address, "shape": "jina"}
    config = folder / "lab.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in (table | fields).items()]
    config.write_text("\n".join(["[[compatible]]", *lines]))
    variables = provider.environment() | {"RERANK_LAB_CONFIG": str(config)}
    return Lab(read_settings(variables | {"RERANK_LAB_CACHE": str(folder), "SERVER_KEY": KEY}))


def ranked(lab: Lab, texts: Sequence[str] = TEXTS, key: str = "compatible:s") -> Ranking:
    return pipeline.rerank_texts(QUERY, texts, reranker=key, lab=lab)


def refused(lab: Lab, texts: Sequence[str] = TEXTS, key: str = "compatible:s") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ranked(lab, texts, key)
    assert KEY not in str(caught.value)
    return caught.value


def order(ranking: Ranking) -> list[int]:
    return [hit.original_index for hit in ranking.hits]


def best_first(texts: Sequence[str]) -> list[int]:
    """Return the places of texts in the order of the server's scores."""
    return sorted(range(len(texts)), key=lambda i: -score(QUERY, texts[i]))


def paths(provider: Provider) -> list[str]:
    return [seen.path for seen in provider.seen]


# ---------------------------------------------------------------- where they rerank


def test_infinity_as_it_starts_is_found_and_asked_there_from_then_on(
    provider: Provider, tmp_path: Path
) -> None:
    """It reranks at /rerank; the usual path of the shape is /v1/rerank."""
    provider.only = "/infinity/rerank"
    lab = lab_of(provider, tmp_path, "/infinity")
    ranking = ranked(lab)
    assert order(ranking) == best_first(TEXTS)
    assert ranking.notes == ("answered at /infinity/rerank, not at /infinity/v1/rerank",)
    assert paths(provider) == ["/infinity/v1/rerank", "/infinity/rerank"]
    assert ranked(lab).notes == ()
    assert paths(provider)[2:] == ["/infinity/rerank"]
    assert answered_at("compatible:s", lab.settings) == "/infinity/rerank"
    provider.only = "/infinity/v2/rerank"  # started anew with another prefix
    assert order(ranked(lab)) == best_first(TEXTS)


def test_a_path_that_is_named_is_the_only_one(provider: Provider, tmp_path: Path) -> None:
    provider.only = "/prefix/rerank"
    ranking = ranked(lab_of(provider, tmp_path, path="prefix/rerank"))
    assert (ranking.notes, paths(provider)) == ((), ["/prefix/rerank"])
    exc = refused(lab_of(provider, tmp_path, path="/elsewhere"))
    assert "(HTTP 404). It says: “Not Found” The request went to /elsewhere." in exc.reason
    assert paths(provider)[1:] == ["/elsewhere"]


@pytest.mark.parametrize(
    ("address", "asked"),
    [("/v1", "/v1/rerank"), ("/v1/", "/v1/rerank"), ("/vllm/v1/rerank", "/vllm/v1/rerank")],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_address_may_end_in_the_version_or_be_the_whole_endpoint(
    provider: Provider, tmp_path: Path, address: str, asked: str, shape: str
) -> None:
    provider.only = asked
    assert order(ranked(lab_of(provider, tmp_path, address, shape=shape))) == best_first(TEXTS)
    assert paths(provider) == [asked]


def test_tei_behind_an_address_that_openai_clients_take(provider: Provider, tmp_path: Path) -> None:
    provider.only = "/tei/rerank"
    assert order(ranked(lab_of(provider, tmp_path, "/tei/v1", shape="tei"))) == best_first(TEXTS)
    assert paths(provider) == ["/tei/v1/rerank", "/tei/rerank"]


def test_where_no_path_answers_all_that_were_asked_are_named_without_key_or_query(
    provider: Provider, tmp_path: Path
) -> None:
    provider.only = "/nowhere"
    exc = refused(lab_of(provider, tmp_path, f"/x?key={KEY}", key_env="SERVER_KEY"))
    assert exc.reason.endswith("The request went to /x/v1/rerank, /x/rerank and /x/v2/rerank.")
    assert 'path = "/…"' in exc.remedy
    assert paths(provider)[0] == f"/x/v1/rerank?key={KEY}"  # a query string stays where it was


def test_a_key_in_the_path_is_not_shown(provider: Provider, tmp_path: Path) -> None:
    provider.always(status=400, body=b"{}")
    exc = refused(lab_of(provider, tmp_path, f"/{KEY}/rerank", key_env="SERVER_KEY"))
    assert "The request went to /••••" in exc.reason


def test_a_model_that_is_not_known_is_no_matter_of_the_path(
    provider: Provider, tmp_path: Path
) -> None:
    said = {"object": "error", "message": "The model `b` does not exist.", "code": 404}
    provider.always(status=404, body=json.dumps(said).encode())
    exc = refused(lab_of(provider, tmp_path, model="b"))
    assert "s knows no b at this address (HTTP 404). It says: “The model `b`" in exc.reason
    assert paths(provider) == ["/v1/rerank"]


@pytest.mark.parametrize("key", ["cohere", "voyage", "jina"])
def test_a_provider_s_error_names_its_path_too(
    provider: Provider, tmp_path: Path, key: str
) -> None:
    provider.always(status=400, body=b'{"detail": "no"}')
    path = {"cohere": "/v2", "voyage": "/voyage", "jina": "/jina/v1"}[key]
    exc = refused(lab_of(provider, tmp_path), key=key)
    assert exc.reason.endswith(f"It says: “no” The request went to {path}/rerank.")


def test_addresses_of_providers_may_end_where_people_end_them() -> None:
    for end in ("", "/", "/v2", "/v2/", "/v1", "/v2/rerank", "/rerank"):
        assert base_address(f"http://proxy/a{end}") == "http://proxy/a"
    assert endpoint("http://proxy") == endpoint("http://proxy/v1") == "http://proxy/v1/rerank"
    assert endpoint("http://proxy/own/") == "http://proxy/own"


def test_addresses_are_tried_in_turn(provider: Provider, tmp_path: Path) -> None:
    (server,) = lab_of(provider, tmp_path, "/a/v1").settings.servers
    tried = [
        address.removeprefix(provider.url)
        for address in addresses(server.url, ("/v2/rerank", *USUAL_PATHS))
    ]
    assert tried == ["/a/v1/rerank", "/a/v2/rerank", "/a/rerank"]


def test_test_connection_finds_the_path_anew(provider: Provider, tmp_path: Path) -> None:
    lab = lab_of(provider, tmp_path)
    provider.only = "/rerank"
    assert isinstance(tiny_call(lab, "compatible:s"), Ranking)
    assert answered_at("compatible:s", lab.settings) == "/rerank"
    provider.only = "/v1/rerank"
    assert isinstance(tiny_call(lab, "compatible:s"), Ranking)
    assert answered_at("compatible:s", lab.settings) == "/v1/rerank"
    assert answered_at("cohere", lab.settings) == ""


# ---------------------------------------------------------------- what they say


ERRORS = {
    "code": ({"code": 20012, "message": "Model does not exist"}, "Model does not exist"),
    "error": ({"error": {"code": 5, "message": "Rerank is down"}}, "Rerank is down"),
    "flat": ({"error": "Rerank is down"}, "Rerank is down"),
    "null": ({"code": 1, "message": "Denied", "results": None, "data": None}, "Denied"),
}


@pytest.mark.parametrize("case", ERRORS)
@pytest.mark.parametrize("key", ["cohere", "voyage", "jina", *SHAPES])
def test_an_error_with_http_200_is_told_in_the_server_s_words(
    provider: Provider, tmp_path: Path, key: str, case: str
) -> None:
    body, said = ERRORS[case]
    provider.always(body=json.dumps(body).encode())
    hosted = key in {"cohere", "voyage", "jina"} and case != "flat"
    lab = lab_of(provider, tmp_path, shape=key if key in SHAPES else "jina")
    for system in (["compatible:s"] if key in SHAPES else []) + ([key] if hosted else []):
        exc = refused(lab, key=system)
        assert f"answered, but with an error instead of scores. It says: “{said}”" in exc.reason


@pytest.mark.parametrize(
    ("status", "said", "reason", "remedy"),
    [
        (501, "This server does not support reranking. Start it with `--reranking`",
         "s does not rerank (HTTP 501)", "--reranking"),
        (501, "", "s does not rerank (HTTP 501)", "can rerank"),
        (400, "The model does not support Rerank (Score) API",
         "s does not rerank (HTTP 400)", "--reranking"),
        (424, "model is not a re-ranker model", "s does not rerank (HTTP 424)", "a model that"),
        (500, "input is too large to process. increase the physical batch size",
         "s cannot read a text as long", "max_tokens"),
        (500, "input (700 tokens) is too large to process. increase the physical batch size "
         "(current batch size: 512)", "s cannot read a text as long", "--ubatch-size"),
        (400, "This model's maximum context length is 512 tokens. However, you requested 1200 "
         "tokens in the input for score generation.", "s cannot read", "truncate = true"),
        (413, "`inputs` must have less than 512 tokens. Given: 1200", "s cannot read",
         "truncate = true"),
    ],
)  # fmt: skip
def test_words_decide_what_is_wrong_and_nothing_of_it_is_tried_again(
    provider: Provider, tmp_path: Path, status: int, said: str, reason: str, remedy: str
) -> None:
    provider.always(status=status, body=json.dumps({"error": {"message": said}}).encode())
    exc = refused(lab_of(provider, tmp_path))
    assert exc.reason.startswith(reason)
    assert said in exc.reason
    assert remedy in exc.remedy
    assert "later" not in exc.remedy
    assert len(provider.seen) == 1


@pytest.mark.parametrize("index", ["0", 0.0, None, True, []])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_index_that_is_no_whole_number_is_named(
    provider: Provider, tmp_path: Path, shape: str, index: object
) -> None:
    def change(sound: Any) -> Any:  # noqa: ANN401
        rows = sound if shape == "tei" else sound["results"]
        rows[0]["index"] = index
        return sound

    provider.changed(change)
    exc = refused(lab_of(provider, tmp_path, shape=shape))
    assert "the field index of a result is " in exc.reason
    assert ", not a whole number." in exc.reason
    assert ("the text '0'" in exc.reason) == (index == "0")


# ---------------------------------------------------------------- texts that are too long


def test_truncation_is_asked_for_as_each_server_takes_it(
    provider: Provider, tmp_path: Path
) -> None:
    cases: list[tuple[str, object, dict[str, object]]] = [
        ("jina", None, {}),
        ("jina", True, {"truncate_prompt_tokens": -1}),
        ("cohere", 500, {"truncate_prompt_tokens": 500}),
        ("cohere", False, {}),
        ("tei", None, {"truncate": True}),
        ("tei", False, {"truncate": False}),
    ]
    for shape, truncate, expected in cases:
        fields = {} if truncate is None else {"truncate": truncate}
        ranked(lab_of(provider, tmp_path, shape=shape, **fields))
        body = provider.seen[-1].body
        assert {n: v for n, v in body.items() if n.startswith("truncate")} == expected


def vllm(seen: Seen, sound: object) -> Reply | None:
    """Refuse a request as vLLM does, where a text is longer than 40 words and is not to be cut."""
    longest = max(len(text.split()) for text in seen.texts)
    if longest <= 40 or "truncate_prompt_tokens" in seen.body:
        return None
    said = f"This model's maximum context length is 40 tokens. However, you requested {longest}"
    return Reply(400, json.dumps({"object": "error", "message": said, "code": 400}).encode())


def test_one_long_text_is_cut_by_the_server_or_by_the_lab(
    provider: Provider, tmp_path: Path
) -> None:
    provider.behave = vllm
    texts = [*TEXTS, "word " * 200]
    exc = refused(lab_of(provider, tmp_path), texts)
    assert "truncate = true in its [[compatible]] table" in exc.remedy
    assert "max_tokens" in exc.remedy
    served = ranked(lab_of(provider, tmp_path, truncate=True), texts)
    assert served.truncated == 0  # by how much, only the server knows
    told = ranked(lab_of(provider, tmp_path, truncate=40), texts)
    cut = ranked(lab_of(provider, tmp_path, max_tokens=40), texts)
    for ranking in (told, cut):
        long = next(hit for hit in ranking.hits if hit.original_index == 5)
        assert (long.tokens_read, long.tokens_cut) == (33, 167)  # 40 less the query and 4
        assert ranking.cut_estimated
    assert provider.seen[-1].texts == [*TEXTS, ("word " * 33).strip()]


def test_texts_are_cut_between_tokens() -> None:
    assert cut_texts(["One word, two", "", "a b"], 2) == ["One word", "", "a b"]
    long = "naïve résumé ☕ " * 50
    (short,) = cut_texts([long], 17)
    assert long.startswith(short)
    assert estimate_tokens([short]) == [17]


# ---------------------------------------------------------------- requests that are too large


INFO = {"max_client_batch_size": 32, "max_concurrent_requests": 512, "max_input_length": 512}
MANY = tuple(f"{'reset ' * (n % 5)}text number {n}" for n in range(50))


def tei(batch: int = 1000, payload: int = 10**9) -> Any:  # noqa: ANN401
    """Return the behaviour of a TEI with an operator's limits."""

    def behave(seen: Seen, sound: object) -> Reply | None:
        if len(json.dumps(seen.body)) > payload:
            said = b"Failed to buffer the request body: length limit exceeded"
            return Reply(413, said, content_type="text/plain")
        if len(seen.texts) > batch:
            said = f"batch size {len(seen.texts)} > maximum allowed batch size {batch}".encode()
            return Reply(422, b'{"error": "%b", "error_type": "Validation"}' % said)
        return None

    return behave


@pytest.mark.parametrize("batch", [4, 8])
def test_a_client_batch_size_is_learned_from_the_first_refusal(
    provider: Provider, tmp_path: Path, batch: int
) -> None:
    provider.behave = tei(batch)
    lab = lab_of(provider, tmp_path, shape="tei")
    ranking = ranked(lab, MANY)
    assert order(ranking) == best_first(MANY)
    assert f"split to {batch} texts a request: the server refused larger ones" in ranking.notes
    provider.seen.clear()
    again = ranked(lab, MANY)
    assert max(len(seen.texts) for seen in provider.seen) == batch
    assert len(provider.seen) == -(-len(MANY) // batch)
    assert f"the server's limit: {batch} texts" in again.notes


def test_a_server_is_asked_for_its_limits_before_it_refuses(
    provider: Provider, tmp_path: Path
) -> None:
    provider.behave, provider.info = tei(8), INFO | {"max_client_batch_size": 8}
    lab = lab_of(provider, tmp_path, "/base", shape="tei")
    ranking = ranked(lab, MANY)
    assert order(ranking) == best_first(MANY)
    assert sorted(len(seen.texts) for seen in provider.seen) == [2, 8, 8, 8, 8, 8, 8]
    assert ranking.notes == ("7 requests", "the server's limit: 8 texts")
    ranked(lab, MANY)
    assert provider.told == 1  # within a minute
    long = ranked(lab, ["word " * 1000]).hits[0]
    assert (long.tokens_read, long.tokens_cut) == (512 - 3 - 4, 1000 - 505)


def test_a_server_that_tells_its_limits_in_drops_is_not_waited_for(
    provider: Provider, tmp_path: Path
) -> None:
    provider.info, provider.info_drips = INFO | {"model_id": "x" * 300}, True
    ranking = ranked(lab_of(provider, tmp_path, shape="tei"))
    assert order(ranking) == best_first(TEXTS)
    assert provider.told == 1


def test_info_that_tells_nothing_is_no_limit() -> None:
    assert read_info(INFO) == Told(32, 16, 512)
    assert read_info({"max_client_batch_size": 32, "max_concurrent_requests": 1}) == Told(1, 1, 0)
    assert read_info({"max_concurrent_requests": 4}) == Told(4, 1, 0)
    odd = {"max_client_batch_size": "8", "max_concurrent_requests": -1, "max_input_length": True}
    assert read_info(odd) == read_info({}) == Told()


def test_a_small_payload_is_met_by_halving_down_to_single_texts(
    provider: Provider, tmp_path: Path
) -> None:
    texts = [f"{text}{' filler' * 50}" for text in MANY]  # 400 bytes each
    for payload in (3000, 700):
        provider.behave = tei(payload=payload)
        lab = lab_of(provider, tmp_path, shape="tei")
        ranking = ranked(lab, texts)
        assert order(ranking) == best_first(texts)
        assert any("the server refused larger ones" in note for note in ranking.notes)
    sizes = [len(seen.texts) for seen in provider.seen if len(json.dumps(seen.body)) <= 700]
    assert set(sizes[-50:]) == {1}


def test_a_single_text_that_is_too_large_is_the_server_s_error(
    provider: Provider, tmp_path: Path
) -> None:
    provider.behave = tei(payload=700)
    exc = refused(lab_of(provider, tmp_path, shape="tei"), [*MANY, "long " * 400])
    assert "finds the request too large (HTTP 413). It says: “Failed to buffer" in exc.reason
    assert "max_tokens" in exc.remedy


def test_a_server_that_takes_one_text_at_a_time_gets_them_so(
    provider: Provider, tmp_path: Path
) -> None:
    """As TEI with --max-concurrent-requests 1, where each text of a request counts."""
    texts_open, lock = [0], threading.Lock()

    def behave(seen: Seen, sound: object) -> Reply | None:
        with lock:
            if provider.open > 1 or len(seen.texts) > 1:
                said = b'{"error": "Model is overloaded", "error_type": "Overloaded"}'
                return Reply(429, said)
            texts_open[0] += 1
        return Reply(delay=0.002)

    provider.behave = behave
    ranking = ranked(lab_of(provider, tmp_path, shape="tei"), MANY)
    assert order(ranking) == best_first(MANY)
    assert texts_open == [len(MANY)]
    assert "one request at a time: the server was busy" in ranking.notes
    assert len(provider.seen) < 1.5 * len(MANY)


def test_a_server_that_is_busy_with_two_requests_gets_one_at_a_time(
    provider: Provider, tmp_path: Path
) -> None:
    def behave(seen: Seen, sound: object) -> Reply | None:
        return Reply(429, b"{}") if provider.open > 1 else Reply(delay=0.02)

    provider.behave = behave
    ranking = ranked(lab_of(provider, tmp_path, documents=10), MANY)
    assert order(ranking) == best_first(MANY)
    sent = [len(seen.texts) for seen in provider.seen]
    assert sent.count(10) >= 4  # at first side by side
    assert "one request at a time: the server was busy" in ranking.notes


def test_other_servers_words_for_too_many_texts(provider: Provider, tmp_path: Path) -> None:
    said = {
        "detail": [
            {
                "loc": ["body", "documents"],
                "msg": "List should have at most 20 items after validation, not 50",
            }
        ]
    }

    def behave(seen: Seen, sound: object) -> Reply | None:
        return Reply(422, json.dumps(said).encode()) if len(seen.texts) > 20 else None

    provider.behave = behave
    assert order(ranked(lab_of(provider, tmp_path), MANY)) == best_first(MANY)
    assert sorted(len(seen.texts) for seen in provider.seen) == [10, 20, 20, 50]


def test_fields_that_fastapi_finds_at_fault_are_named(provider: Provider, tmp_path: Path) -> None:
    """As Infinity says it of TEI's body, and of a text of 130,000 characters."""
    faults = {"body.documents: Field required": "shape", "at most 122880 characters": "max_tokens"}
    for said, remedy in faults.items():
        place, _, message = said.rpartition(": ")
        detail = [{"loc": place.split(".") if place else ["body", 0], "msg": message}]
        provider.always(status=422, body=json.dumps({"detail": detail}).encode())
        exc = refused(lab_of(provider, tmp_path))
        assert said in exc.reason
        assert remedy in exc.remedy
    assert len(provider.seen) == 2


def test_a_listwise_server_is_not_split_and_the_remedy_says_what_to_do(
    provider: Provider, tmp_path: Path
) -> None:
    provider.behave = tei(4)
    exc = refused(lab_of(provider, tmp_path, shape="tei", listwise=True), MANY[:5])
    assert "batch size 5 > maximum allowed batch size 4" in exc.reason
    assert "documents = 4" in exc.remedy
    assert "Lower the number of candidates" in exc.remedy
    assert len(provider.seen) == 1
    with pytest.raises(InputError, match="compares all candidates"):
        ranked(lab_of(provider, tmp_path, shape="tei", listwise=True, documents=4), MANY[:5])


def test_split_requests_of_a_provider_keep_their_scores(provider: Provider, tmp_path: Path) -> None:
    def behave(seen: Seen, sound: object) -> Reply | None:
        return Reply(413, b'{"message": "payload"}') if len(seen.texts) > 13 else None

    provider.behave = behave
    for key in ("cohere", "voyage", "jina:v2"):
        provider.seen.clear()
        ranking = ranked(lab_of(provider, tmp_path), MANY, key)
        assert order(ranking) == best_first(MANY)
        sound = [seen for seen in provider.seen if len(seen.texts) <= 13]
        assert sorted(len(seen.texts) for seen in sound) == [1, 1, 12, 12, 12, 12]
        assert ranking.usage.requests == 6


# ---------------------------------------------------------------- saturation, blank texts


def test_scores_of_a_half_precision_sigmoid_are_called_equal(
    provider: Provider, tmp_path: Path
) -> None:
    def saturated(sound: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"index": row["index"], "score": 0.5 if row["index"] == 3 else 1.0} for row in sound
        ]

    provider.changed(saturated)
    ranking = ranked(lab_of(provider, tmp_path, shape="tei"), MANY[:30])
    assert ranking.notes == ("29 of 30 scores are exactly 1: among them the first stage decides",)
    assert order(ranking) == [*(i for i in range(30) if i != 3), 3]
    provider.changed(lambda sound: [row | {"score": 1.0} for row in sound])
    ranking = ranked(lab_of(provider, tmp_path, shape="tei"), MANY[:30])
    assert ranking.notes == ("all 30 scores are exactly 1: among them the first stage decides",)


REFUSES_BLANKS = re.compile(r"\S")


@pytest.mark.parametrize("key", ["cohere", "voyage", "jina", "compatible:s"])
@pytest.mark.parametrize("reuse", [False, True])
def test_a_blank_text_costs_nobody_the_query(
    provider: Provider, tmp_path: Path, key: str, reuse: bool
) -> None:
    def behave(seen: Seen, sound: object) -> Reply | None:
        sound_texts = all(REFUSES_BLANKS.search(text) for text in seen.texts)
        return None if sound_texts else Reply(400, b'{"message": "empty text"}')

    provider.behave = behave
    texts = ["to be", "", "how to reset", " \n", "reset"]
    lab = lab_of(provider, tmp_path)
    from components.domain import Document
    from components.pipeline.request import PipelineRun, Pipelines
    from components.pipeline.stages import first_stage_ranking, rerank_candidates

    run = PipelineRun(lab, None, Pipelines(rerankers=(key,), reuse=reuse))
    first = first_stage_ranking(
        "input", [Document(str(i), "", text) for i, text in enumerate(texts)], [0.0] * 5
    )
    for time in (1, 2):
        ranking = rerank_candidates(run, QUERY, first, key)
        assert order(ranking)[3:] == [1, 3]
        assert [hit.scored for hit in ranking.hits] == [True, True, True, False, False]
        assert np.isnan([hit.score for hit in ranking.hits[3:]]).all()
        assert "2 blank texts not sent: last, without a score" in ranking.notes
        assert ranking.usage.pairs == 3
        assert len(provider.seen) == (1 if reuse else time)
        assert [len(seen.texts) for seen in provider.seen] == [3] * len(provider.seen)


@pytest.mark.parametrize("key", ["cohere", "compatible:s"])
def test_blank_texts_alone_ask_nobody(provider: Provider, tmp_path: Path, key: str) -> None:
    ranking = ranked(lab_of(provider, tmp_path), ["", " "], key)
    assert order(ranking) == [0, 1]
    assert not any(hit.scored for hit in ranking.hits)
    assert provider.seen == []


def test_local_rerankers_score_blank_texts(provider: Provider, tmp_path: Path) -> None:
    ranking = ranked(lab_of(provider, tmp_path), ["", "how to reset"], "bm25")
    assert all(hit.scored for hit in ranking.hits)


def test_what_is_known_of_a_server_can_be_forgotten(provider: Provider, tmp_path: Path) -> None:
    provider.behave = tei(4)
    lab = lab_of(provider, tmp_path, shape="tei")
    ranked(lab, MANY)
    provider.behave = tei(1000)  # started anew
    capacity.forget()
    provider.seen.clear()
    ranked(lab, MANY)
    assert sorted(len(seen.texts) for seen in provider.seen) == [18, 32]
    assert catalog.load_reranker("compatible:s", Context(lab.settings))
