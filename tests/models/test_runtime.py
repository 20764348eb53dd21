"""Parallel inferences, the gate and model files: order, stopping, fairness, checked files."""

from __future__ import annotations

import hashlib
import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.domain import Cancelled, UnavailableError
from components.models.files import BGE_TOKENIZER, ModelFile
from components.models.gate import GATE, Gate
from components.models.runtime import THREADS, OnnxModel, run_parallel

PATIENCE = 10.0
"""Seconds after which a test that waits for another thread fails."""


def refuse() -> None:
    """Fail where a thread would have to wait."""
    raise AssertionError("the gate was not open")


def give_up() -> None:
    """Stop waiting."""
    raise Cancelled


# ---------------------------------------------------------------- run_parallel


def test_results_come_in_the_order_of_the_items() -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (10 - item))  # the first items end last
        return item * item

    assert run_parallel(work, range(10)) == [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]


def test_every_item_is_told_with_its_place_in_the_callers_thread() -> None:
    calls: list[tuple[int, int, int]] = []
    threads: set[int] = set()
    workers: set[int] = set()

    def take(done: int, place: int, result: int) -> None:
        calls.append((done, place, result))
        threads.add(threading.get_ident())

    def work(item: int) -> int:
        workers.add(threading.get_ident())
        return 10 * item

    run_parallel(work, range(7), take)
    assert [done for done, _, _ in calls] == [1, 2, 3, 4, 5, 6, 7]
    assert sorted(calls[n][1:] for n in range(7)) == [(n, 10 * n) for n in range(7)]
    assert threads == {threading.get_ident()}
    assert threading.get_ident() not in workers
    assert len(workers) <= THREADS


def test_no_items_give_no_results_and_no_progress() -> None:
    calls: list[int] = []
    assert run_parallel(str, [], lambda done, *_: calls.append(done)) == []
    assert calls == []


class Blocked:
    """Work whose first item ends at once, and whose others wait until they are released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.begun: list[int] = []
        self.finished: list[int] = []

    def __call__(self, item: int) -> int:
        self.begun.append(item)
        if item:
            assert self.release.wait(PATIENCE)
        self.finished.append(item)
        return item


def test_cancelled_drops_what_has_not_begun_and_waits_for_what_has() -> None:
    work, told = Blocked(), threading.Event()

    def take(done: int, place: int, result: int) -> None:
        told.set()
        raise Cancelled

    with ThreadPoolExecutor(1) as outside:
        running = outside.submit(run_parallel, work, range(50), take)
        assert told.wait(PATIENCE)
        time.sleep(0.1)  # everything not begun is dropped by now
        assert not running.done()  # it waits for the items under way
        work.release.set()
        with pytest.raises(Cancelled):
            running.result(PATIENCE)
    assert sorted(work.begun) == sorted(work.finished)  # nothing runs on after the return
    assert len(work.begun) <= THREADS + 1
    assert run_parallel(str, [1, 2]) == ["1", "2"]  # and the threads are free again


def test_an_exception_propagates_and_drops_the_rest() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError("item 0 is bad")
        time.sleep(0.02)

    with pytest.raises(ValueError, match="item 0 is bad"):
        run_parallel(work, range(200))
    count = len(begun)
    assert count < 200
    run_parallel(str, range(THREADS))
    assert len(begun) == count


# ---------------------------------------------------------------- the gate


@contextmanager
def waiting(gate: Gate, action: Callable[[float], None], *, urgent: bool = False) -> Iterator[None]:
    """Run the body while a thread, known to wait, stands at the gate; then wait for it."""
    queued, abandoned = threading.Event(), threading.Event()

    def check() -> None:
        queued.set()
        if abandoned.is_set():
            raise Cancelled

    def stand() -> None:
        with gate.hold(urgent=urgent, check=check) as waited:
            action(waited)

    with ThreadPoolExecutor(1) as pool:
        standing = pool.submit(stand)
        try:
            assert queued.wait(PATIENCE)
            yield
            standing.result(PATIENCE)
        finally:
            abandoned.set()  # a test that fails must not leave a thread behind


def test_only_one_holds_the_gate() -> None:
    gate, inside, most = Gate(), [0], [0]

    def work() -> None:
        for _ in range(20):
            with gate.hold():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work) for _ in range(6)]:
            done.result(PATIENCE)
    assert most == [1]


def test_first_come_first_served() -> None:
    gate, order = Gate(), list[str]()
    hold = gate.hold()
    hold.__enter__()
    with waiting(gate, lambda _: order.append("first")):  # noqa: SIM117
        with waiting(gate, lambda _: order.append("second")):
            with waiting(gate, lambda _: order.append("third")):
                hold.__exit__(None, None, None)
    assert order == ["first", "second", "third"]


def test_urgent_work_goes_before_others() -> None:
    gate, order = Gate(), list[str]()
    hold = gate.hold()
    hold.__enter__()
    with waiting(gate, lambda _: order.append("long")):  # noqa: SIM117
        with waiting(gate, lambda _: order.append("urgent"), urgent=True):
            hold.__exit__(None, None, None)
    assert order == ["urgent", "long"]


def test_urgent_work_passes_beside_a_model_that_is_loading_even_before_a_queue() -> None:
    gate, order = Gate(), list[str]()
    hold = gate.hold(loading=True)
    hold.__enter__()
    with waiting(gate, lambda _: order.append("long")):
        with gate.hold(urgent=True, check=refuse):
            order.append("urgent")
        hold.__exit__(None, None, None)
    assert order == ["urgent", "long"]


def test_urgent_work_waits_for_a_model_at_work() -> None:
    gate = Gate()
    with gate.hold(), pytest.raises(Cancelled), gate.hold(urgent=True, check=give_up):
        pass


def test_two_urgent_ones_do_not_work_at_once_beside_a_load() -> None:
    gate = Gate()
    with (
        gate.hold(loading=True),
        gate.hold(urgent=True, check=refuse),
        pytest.raises(Cancelled),
        gate.hold(urgent=True, check=give_up),
    ):
        pass


@pytest.mark.parametrize("loading", [False, True])
def test_other_work_waits_for_a_model_that_is_loading(loading: bool) -> None:
    gate = Gate()
    with (
        gate.hold(loading=True),
        pytest.raises(Cancelled),
        gate.hold(loading=loading, check=give_up),
    ):
        pass


def test_who_gives_up_leaves_no_ticket_behind() -> None:
    gate, order = Gate(), list[str]()
    hold = gate.hold()
    hold.__enter__()
    for urgent in (True, False):
        with pytest.raises(Cancelled), gate.hold(urgent=urgent, check=give_up):
            order.append("never")
    with waiting(gate, lambda _: order.append("next")):
        hold.__exit__(None, None, None)
    with gate.hold(check=refuse):
        order.append("free")
    assert order == ["next", "free"]


def test_an_exception_inside_opens_the_gate() -> None:
    gate = Gate()
    with pytest.raises(ValueError, match="inside"), gate.hold():
        raise ValueError("inside")
    with gate.hold(check=refuse) as waited:
        assert waited >= 0


def test_the_wait_is_at_least_as_long_as_the_gate_was_held() -> None:
    gate, waits = Gate(), list[float]()
    hold = gate.hold()
    hold.__enter__()
    with waiting(gate, waits.append):
        begun = time.perf_counter()  # the thread stands at the gate since before this
        time.sleep(0.12)
        waited = (time.perf_counter() - begun) * 1000
        hold.__exit__(None, None, None)
    assert waits[0] >= waited


def test_the_process_has_one_gate() -> None:
    assert isinstance(GATE, Gate)
    with GATE.hold(check=refuse):
        pass


# ---------------------------------------------------------------- model files

CONTENT = b"weights"
SHA256 = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of an installed package that must never be imported."""
    name = "package_with_a_model"
    folder = tmp_path / name / "data"
    folder.mkdir(parents=True)
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "model.bin").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return name


def test_the_pinned_file_passes_without_importing_its_package(package: str, tmp_path: Path) -> None:
    file = ModelFile(package, "data/model.bin", SHA256)
    assert file.locate() == file.verify() == tmp_path / package / "data" / "model.bin"
    assert package not in sys.modules
    with pytest.raises(RuntimeError, match="imported"):  # the package does what the test needs
        importlib.import_module(package)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("package_that_nobody_installed", "data/model.bin"),
        ("package_with_a_model", "data/other.bin"),
        ("package_with_a_model", "data"),
    ],
)
@pytest.mark.usefixtures("package")
def test_a_missing_file_is_named_with_a_remedy(name: str, path: str) -> None:
    file = ModelFile(name, path, SHA256)
    for attempt in (file.locate, file.verify):
        with pytest.raises(UnavailableError) as caught:
            attempt()
        assert caught.value.reason == (
            f"The model file {path} of the package {name} is not installed."
        )
        assert caught.value.remedy == "Install the project again: pip install -e ."


def test_another_content_is_refused_with_both_hashes_and_a_remedy(package: str) -> None:
    file = ModelFile(package, "data/model.bin", "0" * 64)
    assert file.locate().is_file()
    with pytest.raises(UnavailableError) as caught:
        file.verify()
    assert caught.value.reason == (
        f"The model file model.bin of {package} is damaged or another version: "
        f"SHA-256 {'0' * 12}… expected, {SHA256[:12]}… found."
    )
    assert caught.value.remedy == f"Reinstall the package: pip install --force-reinstall {package}"


def test_a_file_that_is_no_onnx_model_is_unavailable(package: str, tmp_path: Path) -> None:
    garbage = tmp_path / package / "data" / "model.onnx"
    garbage.write_bytes(b"not a model")
    digest = hashlib.sha256(b"not a model").hexdigest()
    with pytest.raises(UnavailableError, match=r"ONNX Runtime cannot load model\.onnx") as caught:
        OnnxModel(
            ModelFile(package, "data/model.onnx", digest), BGE_TOKENIZER, 512, "longest_first"
        )
    assert caught.value.remedy
