"""A loopback server that chats: an oracle, which orders passages as `score` does, or one that errs.

Texts, keys and behaviour are those of the provider server.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import AbstractContextManager
from typing import Any

from tests.support.servers import provider_server
from tests.support.servers.provider_server import Provider, Reply, Seen, score

PATH = "/v1/chat/completions"
GRADES = 4


def asked(seen: Seen) -> dict[str, Any]:
    """Return the query and the passages of a question."""
    data, _ = json.JSONDecoder().raw_decode(seen.body["messages"][-1]["content"])
    return dict(data)


def texts_of(seen: Seen) -> list[str]:
    """Return the passages of a question."""
    return [passage["text"] for passage in asked(seen)["passages"]]


def kind(seen: Seen) -> str:
    """Return what a question asks for: order, best, grade or yes."""
    named = re.search(r'\{"(order|best|grade)"', seen.body["messages"][-1]["content"])
    return named[1] if named else "yes"


def relevance(seen: Seen) -> list[float]:
    """Return the oracle's scores of a question's passages, above 0 and below 1."""
    query = asked(seen)["query"]
    return [min(max(score(query, text), 1e-6), 1 - 1e-6) for text in texts_of(seen)]


def completion(seen: Seen, content: str | None, **choice: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a chat completion that says something."""
    message = {"role": "assistant", "content": content}
    read = sum(len(m["content"].split()) for m in seen.body["messages"])
    usage = {"prompt_tokens": read, "completion_tokens": len((content or "").split())}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"} | choice]
    return {"object": "chat.completion", "choices": choices, "usage": usage}


def top(*tokens: tuple[str, float]) -> dict[str, Any]:
    """Return the log probabilities of an answer whose first word may be any of these tokens."""
    pairs = [{"token": token, "logprob": number} for token, number in tokens]
    return {"content": [pairs[0] | {"top_logprobs": pairs}]}


def truth(seen: Seen) -> dict[str, Any]:
    """Return what an oracle would say."""
    scores = relevance(seen)
    best_first = sorted(range(1, len(scores) + 1), key=lambda number: -scores[number - 1])
    wanted = kind(seen)
    if wanted == "yes":
        odds = ("Yes", math.log(scores[0])), ("No", math.log(1 - scores[0]))
        given = {"logprobs": top(*odds)} if seen.body.get("logprobs") else {}
        return completion(seen, "Yes" if scores[0] > 0.5 else "No", **given)
    said = {"order": best_first, "best": best_first[0], "grade": int(scores[0] * GRADES)}
    return completion(seen, json.dumps({wanted: said[wanted]}))


def serve() -> AbstractContextManager[Provider]:
    """Serve an oracle on a free loopback port."""
    return provider_server.serve(answer=truth)


def saying(seen: Seen, content: str | None, **choice: Any) -> Reply:  # noqa: ANN401
    """Return a reply that says something else than the truth."""
    return Reply(body=json.dumps(completion(seen, content, **choice)).encode())
