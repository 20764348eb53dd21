"""Cross-encoders from folders and from the hub: a tiny real model, and a hub on a loopback port."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from components.config import HubModel, Settings
from components.domain import InputError, Reranker, RerankError, UnavailableError
from components.lab import catalog
from components.rerankers import Context
from tests.support.contracts.reranker_contract import (
    ODD,
    QUERY,
    TEXTS,
    VERY_LONG,
    RerankerContract,
    Subject,
)

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
POSITIONS = 130
"""Positions of the tiny model, as bge-v2-m3 has 8,194: XLM-RoBERTa uses two less."""


def build_model(folder: Path, *, outputs: int = 1, length: int | None = POSITIONS - 2) -> Path:
    """Write an XLM-RoBERTa classifier with random weights and a word tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        PreTrainedTokenizerFast,
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
    )

    vocabulary = sorted({word for text in (QUERY, *TEXTS, VERY_LONG) for word in text.split()})
    names = ["<s>", "<pad>", "</s>", "<unk>", *vocabulary]
    tokenizer = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    special = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>"}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        **{f"{name}_token": token for name, token in special.items()},
        **({"model_max_length": length} if length else {}),
    )
    torch.manual_seed(7)
    network = XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=len(names),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=POSITIONS,
            type_vocab_size=1,
            num_labels=outputs,
            initializer_range=0.5,
            pad_token_id=1,
        )
    )
    network.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_model(tmp_path_factory.mktemp("tiny"))


def settings_of(key: str, folder: Path) -> Settings:
    """Return settings with one [[hub]] table that names a folder."""
    return Settings(hub=(HubModel(key, "", folder),))


def load(key: str, folder: Path) -> Reranker:
    """Check and load a model through the catalog."""
    settings = settings_of(key, folder)
    catalog.check_reranker(key, settings)
    return catalog.load_reranker(key, Context(settings))


def own_logits(folder: Path, query: str, texts: list[str]) -> list[float]:
    """Return the model's logits, computed without the lab."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        return [
            float(network(**tokenizer(query, text, return_tensors="pt")).logits[0, 0])
            for text in texts
        ]


def tokens(*numbers: int) -> str:
    """Return a text of one known token a number."""
    parts = VERY_LONG.split()
    return " ".join(parts[n % len(parts)] for n in numbers)


KEYS = ("bge-v2-m3", "my-own")


class TestContract(RerankerContract):
    """The tiny model owes what every reranker owes, under either kind of key."""

    @pytest.fixture(params=KEYS)
    def subject(self, request: pytest.FixtureRequest, tiny: Path) -> Subject:
        key: str = request.param
        spec = catalog.reranker_specs(settings_of(key, tiny))[key]
        return Subject(spec, load(key, tiny))


# ---------------------------------------------------------------- scores


@pytest.mark.parametrize("key", KEYS)
def test_scores_are_the_models_own_logits(tiny: Path, key: str) -> None:
    texts = [*TEXTS, *ODD[:11]]
    scores = load(key, tiny).score(QUERY, texts)
    np.testing.assert_allclose(scores.values, own_logits(tiny, QUERY, texts), atol=1e-6)
    assert scores.values.std() > 0.01  # the random model does tell texts apart


def test_only_the_document_is_cut_and_both_parts_are_counted(tiny: Path) -> None:
    """<s> query </s> </s> document </s>: four special tokens of 128."""
    reranker, query, long = load("bge-v2-m3", tiny), tokens(*range(20)), tokens(*range(300))
    scores = reranker.score(query, [long, tokens(1, 2, 3)])
    assert scores.tokens_read == (128 - 4 - 20, 3)
    assert scores.tokens_cut == (300 - 104, 0)
    kept = tokens(*range(104))
    assert scores.values[0] == pytest.approx(own_logits(tiny, query, [kept])[0], abs=1e-6)
    fits = reranker.score(query, [kept])
    assert (fits.tokens_read, fits.tokens_cut) == ((104,), (0,))


def test_an_overlong_query_is_refused_with_both_counts(tiny: Path) -> None:
    """Half of so short a model's tokens, or 64 with the special ones, are the document's."""
    reranker = load("bge-v2-m3", tiny)
    longest = tokens(*range(64))
    scores = reranker.score(longest, [tokens(*range(300))])  # is read whole all the same
    assert (scores.tokens_read, scores.tokens_cut) == ((128 - 4 - 64,), (300 - 60,))
    expected = own_logits(tiny, longest, [tokens(*range(60))])
    assert scores.values[0] == pytest.approx(expected[0], abs=1e-6)
    with pytest.raises(InputError) as caught:
        reranker.score(tokens(*range(65)), ["text"])
    assert caught.value.reason == "The query has 65 tokens; bge-v2-m3 reads at most 64."
    assert caught.value.remedy.startswith("Shorten the query")


def test_a_tokenizer_without_a_limit_is_held_to_the_models_positions(tmp_path: Path) -> None:
    """Of 130 position embeddings an XLM-RoBERTa uses 128: they are numbered from padding + 1."""
    reranker = load("my-own", build_model(tmp_path / "unlimited", length=None))
    scores = reranker.score(tokens(1, 2), [tokens(*range(300))])
    assert scores.tokens_read == (128 - 4 - 2,)
    assert np.isfinite(scores.values).all()


def test_weights_are_read_once(tiny: Path) -> None:
    assert load("bge-v2-m3", tiny) is load("bge-v2-m3", tiny)


# ---------------------------------------------------------------- folders that will not do


def test_a_folder_without_config_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        load("my-own", tmp_path / "nowhere")
    assert caught.value.reason == (
        f"The folder {tmp_path / 'nowhere'} configured for my-own has no config.json."
    )
    assert "[[hub]] path" in caught.value.remedy
    entry = next(
        e for e in catalog.entries(settings_of("my-own", tmp_path)) if e.spec.key == "my-own"
    )
    assert (entry.available, entry.stage) == (False, "reranker")
    assert entry.reason
    assert entry.remedy


@pytest.mark.parametrize("damage", ["weights", "config", "no weights"])
def test_a_damaged_folder_is_unavailable(tiny: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny, folder)
    if damage == "weights":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "config":
        (folder / "config.json").write_text("{")
    else:
        (folder / "model.safetensors").unlink()
    with pytest.raises(UnavailableError) as caught:
        load("my-own", folder)
    assert caught.value.reason.startswith(
        f"sentence-transformers cannot load a cross-encoder from {folder}: "
    )
    assert "config.json, the weights and the tokenizer" in caught.value.remedy
    assert caught.value.__cause__ is not None


def test_a_model_with_two_outputs_is_no_reranker(tmp_path: Path) -> None:
    reranker = load("my-own", build_model(tmp_path / "two", outputs=2))
    with pytest.raises(RerankError) as caught:
        reranker.score(QUERY, TEXTS)
    assert caught.value.reason == "my-own gives 2 outputs a pair; a reranker gives one."
    assert caught.value.remedy == "Configure a cross-encoder trained for ranking."


# ---------------------------------------------------------------- the catalog


def test_configured_models_stand_beside_bge_v2_m3(tiny: Path) -> None:
    specs = catalog.reranker_specs(
        Settings(
            hub=(HubModel("a", "org/a"), HubModel("b", "", tiny), HubModel("bge-v2-m3", "x/y"))
        )
    )
    assert {"a", "b", "bge-v2-m3"} <= specs.keys()
    assert (specs["a"].model, specs["a"].source) == ("org/a", "https://huggingface.co/org/a")
    assert (specs["b"].model, specs["b"].source) == (str(tiny), "")
    assert all(specs[key].family == "cross-encoder" for key in ("a", "b", "bge-v2-m3"))


def test_an_unknown_key_is_refused_with_the_known_ones(tiny: Path) -> None:
    with pytest.raises(InputError, match="There is no reranker 'my-owm'") as caught:
        catalog.check_reranker("my-owm", settings_of("my-own", tiny))
    assert "my-own" in caught.value.remedy


# ---------------------------------------------------------------- without a hub

# huggingface_hub reads its environment when it is imported, so each of these is a process.
REPORT = """
import json, sys
from components.lab import catalog
from components.config import HubModel, Settings
from components.domain import LabError

settings = Settings(hub=(HubModel("tiny", "lab/tiny"),))

def attempt(work, *args):
    try:
        return ["done", work(*args)]
    except LabError as exc:
        return [type(exc).__name__, exc.reason, exc.remedy]
"""
CHECK = """
print(json.dumps([attempt(catalog.check_reranker, key, settings) for key in ("tiny", "bge-v2-m3")]))
"""


def run(code: str, home: Path, **environ: str) -> Any:  # noqa: ANN401
    """Run code in a new process with an empty hub cache; return what it printed last, as JSON."""
    env = {k: v for k, v in os.environ.items() if k not in {"HF_HUB_OFFLINE", "HF_ENDPOINT"}}
    env |= {"HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", REPORT + code],
        cwd=ROOT,
        env=env | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "environ",
    [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}],
    ids=["offline", "unreachable"],
)
def test_without_a_hub_the_model_is_unavailable(tmp_path: Path, environ: dict[str, str]) -> None:
    small, large = run(CHECK, tmp_path, **environ)
    assert small[:2] == [
        "UnavailableError",
        "lab/tiny is not on this machine and no model hub answers.",
    ]
    assert large[:2] == [
        "UnavailableError",
        "BAAI/bge-reranker-v2-m3 is not on this machine and no model hub answers.",
    ]
    assert "2,270 MB" in large[2]
    for key, remedy in (("tiny", small[2]), ("bge-v2-m3", large[2])):
        assert remedy.startswith("Connect to the network for the first use")
        assert f'[[hub]] key = "{key}", path = ' in remedy
        assert "RERANK_LAB_CONFIG" in remedy


def test_in_this_process_too_the_catalog_says_why() -> None:
    entry = next(e for e in catalog.entries(Settings()) if e.spec.key == "bge-v2-m3")
    assert not entry.available
    assert "no model hub answers" in entry.reason
    assert "RERANK_LAB_CONFIG" in entry.remedy
    with pytest.raises(UnavailableError, match="not on this machine"):
        catalog.load_reranker("bge-v2-m3", Context(Settings()))


# ---------------------------------------------------------------- a hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHERS = {"README.md": b"# tiny", "pytorch_model.bin": b"old", "onnx/model.onnx": b"other"}
"""Files of the repository that the lab has no use for."""


class Hub(ThreadingHTTPServer):
    """As much of the hub as a snapshot needs: a revision, its files, and their contents."""

    daemon_threads = True

    def __init__(self, repo: str, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.repo, self.files = repo, files
        self.fetched: list[str] = []

    @property
    def address(self) -> str:
        """Return what HF_ENDPOINT must be."""
        return f"http://127.0.0.1:{self.server_port}"

    @cached_property
    def pages(self) -> dict[str, bytes]:
        """Return the answers of the hub's API by path."""
        about = {"id": self.repo, "sha": COMMIT, "siblings": [{"rfilename": f} for f in self.files]}
        tree = [
            {"type": "file", "path": name, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
            for name, body in self.files.items()
        ]
        return {
            "/": b"a hub",
            f"/api/models/{self.repo}/revision/main": json.dumps(about).encode(),
            f"/api/models/{self.repo}/tree/{COMMIT}": json.dumps(tree).encode(),
        }

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client hangs up in the middle: that is what stopping does."""


class HubHandler(BaseHTTPRequestHandler):
    """Answers one request to a hub."""

    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        """Answer with content."""
        self._answer(content=True)

    def do_HEAD(self) -> None:
        """Answer without content."""
        self._answer(content=False)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""

    def _answer(self, *, content: bool) -> None:
        path = urlsplit(self.path).path
        name = path.removeprefix(f"/{self.server.repo}/resolve/{COMMIT}/")
        body = self.server.files.get(name, self.server.pages.get(path))
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        if name in self.server.files:
            self.send_header("ETag", f'"{hashlib.sha1(body or b"").hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if content and body is not None:
            if name in self.server.files:
                self.server.fetched.append(name)
            self.wfile.write(body)


@pytest.fixture
def hub(tiny: Path) -> Iterator[Hub]:
    """Yield a running hub with the tiny model and 24 MB of other weights: three chunks."""
    files = {path.name: path.read_bytes() for path in tiny.iterdir()} | OTHERS
    files["extra.safetensors"] = bytes(24_000_000)
    server = Hub("lab/tiny", files)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


FETCH = """
calls = []
def report(done, total):
    calls.append([done, total])

before = attempt(catalog.check_reranker, "tiny", settings)
fetched = attempt(catalog.fetch_reranker, "tiny", settings, report)
again = []
twice = attempt(
    catalog.fetch_reranker, "tiny", settings, lambda done, total: again.append([done, total])
)
print(json.dumps([before, fetched, twice, calls, again]))
"""


def test_a_model_is_fetched_once_and_then_used_without_the_hub(hub: Hub, tiny: Path) -> None:
    home = Path(os.environ["HF_HOME"])  # this process reads the same cache, and has no hub
    assert home.is_relative_to(os.environ["RERANK_LAB_CACHE"])
    before, fetched, twice, calls, again = run(FETCH, home, HF_ENDPOINT=hub.address)
    assert before == fetched == twice == ["done", None]
    wanted = {name: body for name, body in hub.files.items() if name not in OTHERS}
    assert sorted(hub.fetched) == sorted(wanted)  # each once, and nothing else
    assert again == []

    size = sum(map(len, wanted.values()))
    done = [d for d, _ in calls]
    assert calls[-1] == [size, size]
    assert done == sorted(done)
    assert all(0 <= d <= total <= size for d, total in calls)
    assert any(0 < d < size for d in done)  # it was reported on the way, not only at the end

    settings = Settings(hub=(HubModel("tiny", "lab/tiny"),))
    catalog.check_reranker("tiny", settings)
    reranker = catalog.load_reranker("tiny", Context(settings))
    expected = own_logits(tiny, QUERY, list(TEXTS))
    np.testing.assert_allclose(reranker.score(QUERY, TEXTS).values, expected, atol=1e-6)


STOP = """
from components.domain import Cancelled
calls = []
def stop(done, total):
    calls.append(done)
    if done > 10_000_000:
        raise Cancelled("Enough.")

stopped = attempt(catalog.fetch_reranker, "tiny", settings, stop)
heard = len(calls)
from components.rerankers import Context
unfinished = attempt(catalog.load_reranker, "tiny", Context(settings))
resumed = attempt(catalog.fetch_reranker, "tiny", settings)
print(json.dumps([stopped, heard == len(calls), max(calls), unfinished, resumed]))
"""


def test_cancelled_stops_the_download_which_can_be_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    stopped, silent, furthest, unfinished, resumed = run(STOP, tmp_path, HF_ENDPOINT=hub.address)
    assert stopped == ["Cancelled", "Enough.", ""]
    assert silent  # nothing runs on after the return
    assert furthest < 24_000_000
    assert unfinished == ["UnavailableError", "lab/tiny is not on this machine.", "Fetch it first."]
    assert resumed == ["done", None]


def test_a_repository_that_is_not_there_is_named(hub: Hub, tmp_path: Path) -> None:
    code = 'print(json.dumps(attempt(catalog.fetch_reranker, "bge-v2-m3", settings)))'
    kind, reason, remedy = run(code, tmp_path, HF_ENDPOINT=hub.address)
    assert kind == "UnavailableError"
    assert reason.startswith("BAAI/bge-reranker-v2-m3 could not be downloaded: ")
    assert "\n" not in reason
    assert remedy.startswith("Check the network")
