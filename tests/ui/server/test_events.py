"""Live updates over the wire: a real server, real connections, work that the tests control."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
import streamlit as st
import uvicorn
from starlette.applications import Starlette

from components.lab import BackgroundTask, StepReport
from components.ui.server import events as served
from components.ui.shared import live
from tests.support.events import Event, listening
from tests.support.servers.app_server import free_port

Told = dict[str, object]


class Steps:
    """Work that takes a step whenever the test says so."""

    def __init__(self) -> None:
        self._turn = threading.Semaphore(0)
        self._taken = threading.Semaphore(0)
        self.task = BackgroundTask(self._work).start()

    def _work(self, report: StepReport) -> None:
        for done in range(1, 1000):
            self._turn.acquire()
            if self._ending:
                return
            report("step", done, 1000)
            self._taken.release()

    _ending = False

    def step(self) -> None:
        self._turn.release()
        assert self._taken.acquire(timeout=10)

    def end(self) -> None:
        self._ending = True
        self._turn.release()
        self.task.join(10)
        assert self.task.finished


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = free_port()
    config = uvicorn.Config(
        Starlette(routes=served.routes()), port=port, log_level="error", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}/{live.PATH}"
    server.should_exit = server.force_exit = True
    thread.join(10)
    live._served.clear()


@pytest.fixture
def channel() -> Iterator[live.Channel]:
    made = live.Channel("no session")
    live._channels[made.token] = made
    yield made
    live.forget(made)


@pytest.fixture
def work() -> Iterator[Steps]:
    steps = Steps()
    yield steps
    steps.end()


def render(work: Steps) -> Callable[[object], dict[str, object]]:
    return lambda topic: {"done": work.task.step.done}


def test_who_listens_gets_the_state_and_then_the_changes(
    address: str, channel: live.Channel, work: Steps
) -> None:
    work.step()
    serial = channel.carry("task", work.task, render(work))
    with listening(f"{address}/{channel.token}") as told:
        first = next(told)
        assert first.told == {
            "job": "task",
            "serial": serial,
            "changes": [{"done": 1}],
            "ended": False,
        }
        work.step()
        second = next(told)
        assert second.told["changes"] == [{"done": 2}]
        assert second.number > first.number


def test_a_lost_connection_goes_on_from_the_last_number(
    address: str, channel: live.Channel, work: Steps
) -> None:
    channel.carry("task", work.task, render(work))
    url = f"{address}/{channel.token}"
    with listening(url) as told:
        last = next(told).number
    work.step()
    for listen in (
        listening(url, **{"Last-Event-ID": str(last)}),
        listening(f"{url}?after={last}"),
    ):
        with listen as told:
            event = next(told)
            assert event.number > last
            assert event.told["changes"] == [{"done": 1}]


@pytest.mark.parametrize(
    "after", ["", "x", "-1", "999999", "9" * 400, "1e9", "\N{SUPERSCRIPT TWO}"]
)
def test_an_odd_number_counts_as_none(
    address: str, channel: live.Channel, work: Steps, after: str
) -> None:
    channel.carry("task", work.task, render(work))
    work.step()
    with listening(str(httpx.URL(f"{address}/{channel.token}", params={"after": after}))) as told:
        assert next(told).told["changes"] == [{"done": 1}]


def test_work_that_ended_before_anybody_listened_is_told_as_ended(
    address: str, channel: live.Channel, work: Steps
) -> None:
    channel.carry("task", work.task, render(work))
    work.end()
    with listening(f"{address}/{channel.token}") as told:
        assert next(told).told["ended"] is True


def test_other_work_of_the_same_name_takes_its_place(
    address: str, channel: live.Channel, work: Steps
) -> None:
    old = channel.carry("task", work.task, render(work))
    other = Steps()
    new = channel.carry("task", other.task, render(other))
    assert new != old
    work.step()
    other.step()
    with listening(f"{address}/{channel.token}") as told:
        assert next(told).told["serial"] == new
    assert channel.carry("task", other.task, render(other)) == new
    other.end()


def test_one_connection_carries_all_work_of_a_session(
    address: str, channel: live.Channel, work: Steps
) -> None:
    other = Steps()
    channel.carry("one", work.task, render(work))
    channel.carry("two", other.task, render(other))
    with listening(f"{address}/{channel.token}") as told:
        assert {next(told).told["job"], next(told).told["job"]} == {"one", "two"}
        other.step()
        event = next(told)
        assert (event.told["job"], event.told["changes"]) == ("two", [{"done": 1}])
    other.end()


@pytest.mark.parametrize("token", ["x", "A" * 32, "..", "%2e%2e%2fetc", "'"])
def test_an_unknown_token_hears_nothing(address: str, token: str) -> None:
    answer = httpx.get(f"{address}/{token}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_foreign_base_path_is_unknown(address: str, channel: live.Channel) -> None:
    foreign = address.replace(live.PATH, f"elsewhere/{live.PATH}")
    assert httpx.get(f"{foreign}/{channel.token}").status_code == 404


def test_a_base_path_is_part_of_the_address(
    address: str, channel: live.Channel, work: Steps
) -> None:
    channel.carry("task", work.task, render(work))
    st.config.set_option("server.baseUrlPath", "/below/")
    try:
        below = address.replace(live.PATH, f"below/{live.PATH}")
        with listening(f"{below}/{channel.token}") as told:
            assert next(told).told["job"] == "task"
        assert httpx.get(f"{address}/{channel.token}").status_code == 404
    finally:
        st.config.set_option("server.baseUrlPath", "")


def test_nothing_on_the_way_may_keep_or_hold_back_what_is_told(
    address: str, channel: live.Channel
) -> None:
    with httpx.stream("GET", f"{address}/{channel.token}") as response:
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"


def test_two_hundred_listeners_each_hear_their_own(address: str, work: Steps) -> None:
    made = [live.Channel("no session") for _ in range(100)]
    live._channels.update({one.token: one for one in made})
    for one in made:
        one.carry("task", work.task, render(work))
    heard: list[Event] = []

    def listen(token: str) -> None:
        with listening(f"{address}/{token}") as told:
            next(told)
            ready.release()
            heard.append(next(told))

    ready = threading.Semaphore(0)
    threads = [threading.Thread(target=listen, args=(c.token,)) for c in made for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert ready.acquire(timeout=60)
    work.step()
    for thread in threads:
        thread.join(60)
    assert [event.told["changes"] for event in heard] == [[{"done": 1}]] * 200
    for one in made:
        live.forget(one)


def test_a_page_that_listens_too_often_is_refused(address: str, channel: live.Channel) -> None:
    with ExitStack() as stack:
        for _ in range(served.MOST_LISTENERS):
            stack.enter_context(httpx.stream("GET", f"{address}/{channel.token}"))
        assert httpx.get(f"{address}/{channel.token}").status_code == 429
    until = time.monotonic() + 20
    while channel.news.listeners and time.monotonic() < until:
        work_on(channel)
    assert channel.news.listeners == 0, "who has gone is forgotten"


def work_on(channel: live.Channel) -> None:
    """Let the server notice who has gone: it writes to everybody."""
    live.wake_all()
    time.sleep(0.05)


def test_a_listener_that_never_reads_holds_up_nobody(
    address: str, channel: live.Channel, work: Steps
) -> None:
    large = "x" * 200_000
    channel.carry("task", work.task, lambda topic: {"done": work.task.step.done, "large": large})
    url = httpx.URL(f"{address}/{channel.token}")
    with socket.create_connection((url.host, url.port or 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(f"GET {url.path} HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
        with listening(str(url)) as told:
            next(told)
            for done in range(1, 20):
                work.step()
                changes = next(told).told["changes"]
                assert changes[-1]["done"] == done


def test_progress_that_nobody_can_follow_is_told_as_it_stands(
    address: str, channel: live.Channel, work: Steps
) -> None:
    channel.carry("task", work.task, render(work))
    with listening(f"{address}/{channel.token}") as told:
        next(told)
        for _ in range(100):
            work.step()
        events, last = 0, 0
        while last < 100:
            events += 1
            last = next(told).told["changes"][-1]["done"]
        assert events <= 10
