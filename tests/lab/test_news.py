"""News is numbered, survives slow and late listeners, and costs nothing where nobody listens."""

from __future__ import annotations

import threading

from components.lab.news import News


def test_changes_are_numbered_and_only_the_last_of_a_topic_is_remembered() -> None:
    news = News()
    assert (news.number, news.since(0)) == (0, [])
    for topic in ("a", "b", "a"):
        news.tell(topic)
    assert news.number == 3
    assert news.since(0) == [(2, "b"), (3, "a")]
    assert news.since(2) == [(3, "a")]
    assert news.since(3) == []


def test_a_number_that_is_yet_to_come_counts_as_none() -> None:
    news = News()
    news.tell("a")
    assert news.since(99) == [(1, "a")]


def test_listeners_are_woken_until_they_leave() -> None:
    news, woken = News(), list[str]()
    leave = news.listen(lambda: woken.append("first"))
    news.listen(lambda: woken.append("second"))
    news.tell("a")
    leave()
    leave()
    news.tell("a")
    assert woken == ["first", "second", "second"]
    assert news.listeners == 1


def test_topics_can_be_forgotten() -> None:
    news = News()
    for topic in (("old", 1), ("new", 1), ("old", 2)):
        news.tell(topic)
    news.forget(lambda topic: topic[0] == "old")  # type: ignore[index]
    assert news.since(0) == [(2, ("new", 1))]
    assert news.number == 3


def test_a_listener_may_listen_and_leave_while_it_is_told() -> None:
    news = News()
    leave = news.listen(lambda: leave())
    news.tell("a")
    assert news.listeners == 0


def test_no_change_is_lost_where_many_threads_tell() -> None:
    news = News()

    def tell(topic: int) -> None:
        for _ in range(500):
            news.tell(topic)

    threads = [threading.Thread(target=tell, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert news.number == 4000
    assert sorted(topic for _, topic in news.since(0)) == list(range(8))
