"""LLMs as rerankers, on any server with OpenAI's /v1/chat/completions: the family `llm:NAME`.

- `family`: specs, identity and estimates, from the [[llm]] tables of the configuration.
- `reranker`: one pass over the candidates, call by call.
- `sorting`: sliding windows and heapsort, whoever orders a few of them.
- `prompts`, `answers`: what is asked, and how an answer is read.
- `chat`: one exchange with the server, in the fields that it takes.
"""

from components.rerankers.llm.family import FAMILY

__all__ = ["FAMILY"]
