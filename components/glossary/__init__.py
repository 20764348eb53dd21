"""The terms of art in plain words, for hover help, the Glossary page, the guides and the files.

Plain data of the project's own: pages may show it as Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from components.glossary.figures import FIGURES
from components.glossary.records import Term
from components.glossary.systems import SYSTEMS

__all__ = ["TERMS", "Term", "as_markdown", "explain", "term"]

_ALL = (*SYSTEMS, *FIGURES)
TERMS: Mapping[str, Term] = MappingProxyType(
    {term.name: term for term in sorted(_ALL, key=lambda term: term.name.lower())}
)
"""The terms by name, in the order of the alphabet."""
_NAMES = {name: term for term in _ALL for name in (term.name, *term.also)}
_LOWER = {name.lower(): term for name, term in _NAMES.items() if len(name) > 1}
"""Names without their case; of one letter the case tells p, a probability, from P, precision."""


def term(name: str) -> Term | None:
    """Return the term of a name, in whatever case and at whatever cut-off: nDCG@10 is nDCG."""
    base = name.partition("@")[0]
    return (
        _NAMES.get(name) or _NAMES.get(base) or _LOWER.get(name.lower()) or _LOWER.get(base.lower())
    )


def explain(name: str) -> str:
    """Return a term's explanation; raise KeyError for what is not in the glossary."""
    entry = term(name)
    if entry is None:
        raise KeyError(f"{name} is not in the glossary")
    return str(entry)


def as_markdown(terms: Iterable[Term]) -> str:
    """Return terms as paragraphs of Markdown, each after its name in bold."""
    return "\n\n".join(f"**{term.name}.** {term}" for term in terms)
