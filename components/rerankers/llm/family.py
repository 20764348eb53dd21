"""The family of LLMs: one reranker for each [[llm]] table of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from components.config import LlmServer, Settings
from components.domain import RANKS_ONLY, Billed, Limits, Price, Spec
from components.domain.billing import total_billed
from components.network.caller import Caller
from components.network.capacity import capacity_of
from components.network.providers import api_key
from components.rerankers import Context, Family
from components.rerankers.llm import prompts
from components.rerankers.llm.reranker import Estimates, Llm
from components.rerankers.llm.sorting import most_questions, windows

_SUMMARIES = {
    "pointwise": "An LLM that is asked of each passage alone whether it answers the query.",
    "listwise": "An LLM that orders {size} passages at a time, in windows that move by {step} from "
    "the last candidate to the first.",
    "setwise": "An LLM that names the best of {size} passages at a time, until the first {depth} "
    "are sorted.",
}
_SCALES = {
    "pointwise": "log p(yes) - log p(no), or a grade from 0 to 3",
    "listwise": RANKS_ONLY,
    "setwise": RANKS_ONLY,
}
_CAUTION = (
    "Its passages are quoted as data, but one that holds instructions can sway the model all the "
    "same: no form of a prompt excludes that. "
)
_CHANCE = {
    "pointwise": "The same question may be answered otherwise the next time.",
    "listwise": "Its order depends on the order in which it reads the passages, and may be another "
    "one the next time.",
    "setwise": "Its order depends on the order in which it reads the passages, and may be another "
    "one the next time.",
}


def _spec(server: LlmServer) -> Spec:
    method = server.method
    step = server.step if method == "listwise" else 0
    price = None
    if server.input_usd is not None and server.output_usd is not None:
        price = Price(
            server.input_usd, "tokens", server.price_source, server.price_noted, server.output_usd
        )
    return Spec(
        key=server.key,
        label=server.name,
        family="llm",
        summary=_SUMMARIES[method].format(size=server.size, step=step, depth=server.depth),
        scale=_SCALES[method],
        model=server.model,
        license="the model's own",
        local=False,
        listwise=method != "pointwise",
        caution=_CAUTION + _CHANCE[method],
        provider=server.key,
        instructions=True,
        languages="as the model's card says",
        limits=Limits(documents=server.size, document_tokens=server.passage_tokens),
        price=price,
        self_hosted=not server.key_env and price is None,
        billed_keyless=not server.key_env and price is not None,
        deadline_s=server.deadline_s,
        settled=server.settled,
    )


def _server(spec: Spec, settings: Settings) -> LlmServer:
    return next(server for server in settings.llms if server.key == spec.provider)


def _identity(spec: Spec, settings: Settings) -> str:
    """Return what its scores depend on; log odds and grades are other scores."""
    server = _server(spec, settings)
    asked = (server.method, server.size, server.step, server.passes, server.depth)
    cut = (server.passage_tokens, server.answer_tokens, f"prompts {prompts.VERSION}")
    graded = " graded" if capacity_of(server).logprobs is False else ""
    return f"{server.url} {server.model} {' '.join(map(str, (*asked, *cut)))}{graded}"


def _check(spec: Spec, settings: Settings) -> None:
    server = _server(spec, settings)
    if server.key_env:
        api_key(spec, settings, server.name, server.key_env)


def _load(spec: Spec, context: Context) -> Llm:
    server, settings = _server(spec, context.settings), context.settings
    key = settings.keys.get(spec.key, "")
    return Llm(
        spec,
        server,
        Caller(server.name, server.model, key, server.key_env),
        settings.remote,
        Estimates(partial(estimate_call, server), partial(_estimate, spec, settings)),
        context.meter,
        context.instruction,
    )


def estimate_call(server: LlmServer, query_tokens: float, tokens: Sequence[float]) -> Billed:
    """Return what one call over texts of so many tokens is billed for, at most about."""
    most = server.passage_tokens
    quoted = sum(min(n, most) + prompts.TOKENS_A_PASSAGE for n in tokens)
    written = {
        "pointwise": prompts.YES_NO,
        "listwise": prompts.listwise(len(tokens)),
        "setwise": prompts.setwise(len(tokens)),
    }[server.method].answer_tokens
    read = prompts.TOKENS + query_tokens + quoted
    return Billed(1, tokens=round(read), estimated=True, written=server.answer_tokens or written)


def _estimate(
    spec: Spec, settings: Settings, query_tokens: float, tokens: Sequence[float]
) -> Billed:
    """Return what one pass over texts of so many tokens is billed for, at most about."""
    server, n = _server(spec, settings), len(tokens)
    if server.method == "listwise":
        parts = [tokens[w.start : w.stop] for w in windows(n, server.size, server.step)]
        calls = [estimate_call(server, query_tokens, part) for part in parts] * server.passes
    elif server.method == "setwise":
        longest = sorted(tokens, reverse=True)[: server.size]
        calls = [estimate_call(server, query_tokens, longest)]
        calls *= max(1, most_questions(n, server.size, server.depth))
    else:
        calls = [estimate_call(server, query_tokens, [n]) for n in tokens]
    return total_billed(calls)


FAMILY = Family(
    specs=lambda settings: tuple(_spec(server) for server in settings.llms),
    load=_load,
    check=_check,
    identity=_identity,
    estimate=_estimate,
)
