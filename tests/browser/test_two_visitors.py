"""Two visitors of one shared lab: no way leads from one to the other's work.

Ann uploads a corpus and evaluates it in a browser. Eve has the same documents, everything that Ann
sent except her cookies, and whatever she can guess. All that the server tells Eve is searched for
Ann's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus

from tests.support.browsing import upload
from tests.support.eavesdropping import rerun
from tests.support.servers.app_server import AppServer
from tests.support.servers.lab_server import serve_lab
from tests.support.two_visitors import (
    BM25,
    COOKIE,
    KEY,
    NAME,
    PAGES,
    SECRET,
    Scene,
    Visitor,
    archive,
    is_at_work,
    of_ann,
    record,
    still_kept,
    view,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Serve a shared lab with data of its own, in place of the other modules' app."""
    folder = tmp_path_factory.mktemp("two")
    own = {"RERANK_LAB_DATA": str(folder / "data")}
    with serve_lab(folder, "", ("--host", "0.0.0.0"), environment=own) as running:
        yield running


@pytest.fixture(scope="module")
def scene(server: AppServer, long_stay: Callable[..., Visitor]) -> Scene:
    """Let both upload the same documents, Ann with her queries and judgments."""
    sent, told = list[bytes](), list[ForwardMsg]()
    ann, eve = (long_stay("/_stcore/health") for _ in range(2))
    ann.page.on("websocket", lambda socket: record(socket, sent, told))
    for visitor, name, queries in ((ann, NAME, 4000), (eve, "eves", 0)):
        visitor.page.goto(f"{server.url}/?corpus=exceptions&{BM25}")
        visitor.page.locator(".board .card").first.wait_for()
        visitor.go("Corpus")
        upload(visitor, f"{name}.zip", archive(queries))
    return Scene(server, ann, eve, sent, told)


# ------------------------------------------------- while Ann's evaluation is at work


@pytest.fixture(scope="module")
def at_work(scene: Scene) -> Scene:
    """Begin Ann's evaluation, which takes longer than the tests that watch it."""
    scene.ann.go("Evaluate")
    scene.ann.page.locator(".st-key-evaluate_now button").click()
    scene.ann.page.locator(".st-key-evaluating").wait_for()
    return scene


def test_nobody_else_is_told_of_an_evaluation_at_work(at_work: Scene) -> None:
    told = at_work.tells(*(rerun(page) for page in PAGES[1:]))
    assert of_ann(told) == []
    assert b"is at work" not in told
    assert is_at_work(at_work)


def test_pressing_the_others_buttons_stops_nothing(at_work: Scene) -> None:
    buttons = at_work.buttons
    assert {"stop_evaluation", "evaluate_now"} <= buttons.keys()
    ids = [id for key, id in buttons.items() if key != "evaluate_now"]
    told = at_work.tells(rerun("evaluate"), *(rerun("evaluate", triggers=[id]) for id in ids))
    assert of_ann(told) == []
    assert is_at_work(at_work)


def test_the_id_of_a_connected_session_opens_it_for_nobody_else(at_work: Scene) -> None:
    """The pages of the session's owner would hold typed keys, uploads and the evaluation."""
    protocols = ("streamlit", "x", at_work.session)
    for cookie in (None, "", "a" * 43):
        told = at_work.tells(rerun("corpus"), cookie=cookie, protocols=protocols)
        assert of_ann(told) == []
    assert is_at_work(at_work)


def test_the_address_of_live_updates_is_not_guessed(at_work: Scene) -> None:
    heard = re.compile(rb"lab/events/([\w-]{32})")
    told = at_work.tells(*(rerun(page) for page in PAGES[1:]))
    frames = [message.SerializeToString() for message in at_work.told]
    own = {token for frame in frames for token in heard.findall(frame)}
    assert own
    assert own.isdisjoint(heard.findall(told))
    for token in ("a" * 32, "%25", at_work.session, own.pop()[:-1].decode()):
        answer = httpx.get(f"{at_work.server.url}/lab/events/{token}", timeout=5)
        assert (token, answer.status_code) == (token, 404)


def test_a_replay_of_what_the_other_sent_shows_nothing(at_work: Scene) -> None:
    def wanted(frame: bytes) -> bool:
        message = BackMsg.FromString(frame)
        stale = message.rerun_script.fragment_id  # a fragment that only Ann's session has
        return message.HasField("rerun_script") and not stale

    frames = [frame for frame in at_work.sent if wanted(frame)]
    assert len(frames) >= 4
    assert of_ann(at_work.tells(*frames[-3:], cookie="c" * 43)) == []
    assert is_at_work(at_work)


# ------------------------------------------------- what Ann keeps


@pytest.fixture(scope="module")
def kept(at_work: Scene) -> Scene:
    """Let Ann stop her evaluation, which keeps it."""
    at_work.ann.page.locator(".st-key-stop_evaluation button").click()
    at_work.ann.page.get_by_text("Stopped. What had finished is shown and kept.").wait_for()
    at_work.ann.quiet()
    at_work.link = urlsplit(at_work.ann.page.url).query
    assert len(parse_qs(at_work.link)["evaluation"][0]) == 32
    return at_work


def test_the_same_documents_list_and_open_nobody_elses_evaluation(kept: Scene) -> None:
    eve = view(kept.eve, "Kept and files")
    eve.get_by_text("None yet: every evaluation is kept here when it ends.").wait_for()
    expect(eve.locator(".st-key-open_last")).to_have_count(0)
    assert of_ann(kept.eve.page.content().encode()) == []
    view(kept.ann, "Kept and files").locator(".st-key-kept").wait_for()


def test_guessed_ids_of_evaluations_open_nothing(kept: Scene) -> None:
    real = parse_qs(kept.link)["evaluation"][0]
    wrong = "0" if real[-1] != "0" else "1"
    guesses = ["%", "_" * 32, "*", "' OR 1=1 --", real[:-1], real[:-1] + wrong, real.upper()]
    guesses = [guess for guess in guesses if guess != real]
    for guess in [*guesses, f"{real}%00", "../evaluations"]:
        told = kept.tells(rerun("evaluate", f"evaluation={guess}"))
        assert (guess, of_ann(told)) == (guess, [])


def test_a_link_is_read_only(kept: Scene) -> None:
    """Who has the link reads; nothing deletes, goes on with or takes over the evaluation."""
    told = kept.tells(rerun("evaluate", kept.link))
    assert NAME.encode() in told
    for key in (b"delete_kept", b"resume", b"stop_evaluation"):
        assert key not in told
    kept.ann.page.locator(".st-key-resume").first.wait_for()
    ids = [id for key, id in kept.buttons.items() if key in {"resume", "delete_kept", "open_kept"}]
    assert ids
    presses = [rerun("evaluate", kept.link, triggers=[id]) for id in ids]
    assert b"delete_kept" not in kept.tells(rerun("evaluate", kept.link), *presses)
    assert still_kept(kept)
    assert not is_at_work(kept)


def test_the_others_corpus_is_not_found_by_its_name(kept: Scene) -> None:
    for name in (NAME, f"{NAME} (library)", f"{NAME} (linked)"):
        told = kept.tells(rerun("", f"corpus={name}&{BM25}"))
        assert f"The corpus {name} is not here".encode() in told
        assert SECRET.encode() not in told


def test_guessed_tokens_of_uploads_open_nothing(kept: Scene) -> None:
    kept.ann.go("Compare")
    kept.ann.page.wait_for_url("**upload=**")
    token = parse_qs(urlsplit(kept.ann.page.url).query)["upload"][0]
    assert len(token) == 32
    guesses = ("%", "*", token[:-1], token[1:], token.swapcase(), f"{token}=", NAME, "a" * 32)
    for guess in guesses:
        assert of_ann(kept.tells(rerun("", f"upload={guess}&{BM25}"))) == [], guess
    assert SECRET.encode() in kept.tells(rerun("", f"upload={token}&{BM25}"))
    kept.ann.go("Evaluate")


def test_forged_cookies_are_nobody(kept: Scene) -> None:
    real = kept.cookie(kept.ann)
    digest = sha256(f"browser\n{real}".encode()).hexdigest()[:40]
    forged = ("", real[:-1], real[1:], real + "a", real.swapcase(), f"browser:{digest}", digest)
    for value in (*forged, f'"{real[:-1]}"', f"{real[:-1]}%", "a" * 43, f"{real} "[1:]):
        told = kept.tells(*(rerun(page) for page in PAGES[1:]), cookie=value)
        assert (value, of_ann(told)) == (value, [])
    assert still_kept(kept)


def test_forged_identities_are_nobody(kept: Scene) -> None:
    digest = sha256(kept.cookie(kept.ann).encode()).hexdigest()
    names = ("X-Forwarded-User", "Remote-User", "X-Remote-User", "X-Streamlit-User", "X-Auth-User")
    forged = dict.fromkeys((*names, "X-Rerank-Lab-Browser", "x_rerank_lab_browser"), digest)
    forged |= {"X-Forwarded-For": "127.0.0.1", "Authorization": f"Bearer {digest}"}
    told = kept.tells(rerun("evaluate"), headers=forged, protocols=("streamlit", "x", kept.session))
    assert of_ann(told) == []


def test_another_sites_page_in_anns_browser_learns_nothing(kept: Scene) -> None:
    ann, port = kept.cookie(kept.ann), httpx.URL(kept.server.url).port
    for origin in ("https://evil.example", "null", f"http://evil.example:{port}"):
        with pytest.raises(InvalidStatus) as refused:
            kept.tells(rerun("evaluate"), cookie=ann, headers={"Origin": origin})
        assert refused.value.response.status_code == 403
    cookies = {"Cookie": f"{COOKIE}={ann}"}
    answer = httpx.get(kept.server.url, headers={"Host": f"evil.example:{port}", **cookies})
    assert answer.status_code == 421


def test_addresses_of_files_cannot_be_listed_or_guessed(kept: Scene) -> None:
    page = view(kept.ann, "Kept and files")
    with kept.ann.page.expect_download() as download:
        page.locator(".st-key-take-csv button").first.click()
    path = urlsplit(download.value.url).path
    assert path.startswith("/media/")
    guesses = ("/media", "/media/", "/media/..%2f", "/media/%2e%2e/", path[:-6] + "0.csv")
    session = f"/_stcore/upload_file/{kept.session}"
    for guess in (*guesses, session, f"{session}/", f"{session}/a"):
        answer = httpx.get(kept.server.url + guess, follow_redirects=True)
        assert of_ann(answer.content) == [], guess
    assert httpx.put(f"{kept.server.url}{session}/a", files={"f": b"x"}).status_code == 403
    assert httpx.delete(f"{kept.server.url}{session}/a").status_code == 403


def test_a_typed_key_is_the_sessions_own(kept: Scene) -> None:
    kept.ann.go("Rerankers")
    field = kept.ann.page.locator(".st-key-provider-cohere input").first
    field.fill(KEY)
    kept.ann.after(lambda: field.press("Enter"))
    assert of_ann(kept.tells(*(rerun(page) for page in PAGES[1:]))) == []
    compared = rerun("", "corpus=exceptions&first=bm25&reranker=cohere")
    told = kept.tells(*[compared] * 5)  # the last of these runs show how it ended
    assert b"CO_API_KEY" in told
    assert KEY.encode() not in kept.server.log.read_bytes()


def test_forgetting_ones_searches_leaves_the_others(kept: Scene) -> None:
    eve = view(kept.eve, "Past searches")
    eve.get_by_test_id("stDataFrame").wait_for()
    eve.locator(".st-key-forget_searches button").click()
    eve.get_by_text("None in that time.").wait_for()
    view(kept.ann, "Past searches").get_by_test_id("stDataFrame").wait_for()


def test_the_id_of_a_session_that_has_gone_opens_it_for_nobody_else(kept: Scene) -> None:
    gone = kept.session
    kept.ann.page.goto("about:blank")
    for cookie in (None, "", "b" * 43):
        told = kept.tells(rerun("corpus"), cookie=cookie, protocols=("streamlit", "x", gone))
        assert of_ann(told) == []


def test_a_reload_keeps_ones_own(kept: Scene) -> None:
    kept.ann.page.goto(f"{kept.server.url}/evaluate")
    kept.ann.page.locator(".st-key-evaluate_now").wait_for()
    kept.ann.idle()
    kept.ann.choose("_evaluated_corpus", f"{NAME} (library)")
    kept.ann.page.locator(".st-key-open_last button").click()
    kept.ann.page.locator(".st-key-verdict").wait_for()
    log = kept.server.log.read_bytes()
    assert of_ann(log) == []
    assert b"Traceback" not in log
