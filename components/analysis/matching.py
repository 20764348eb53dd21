"""Which words of a text match a query's by their stems, and which words a stem stands for."""

from __future__ import annotations

from collections.abc import Collection

from components.models.terms import terms, terms_at


def matching_words(query: str, text: str) -> list[tuple[int, int]]:
    """Return where the words of a text that share a stem with the query begin and end, in order."""
    wanted = set(terms(query))
    return [(start, end) for start, end, stems in terms_at(text) if not wanted.isdisjoint(stems)]


def spellings(stems: Collection[str], *texts: str) -> dict[str, tuple[str, ...]]:
    """Return the words that each stem stands for in the texts, folded, in order of appearance."""
    forms: dict[str, dict[str, None]] = {stem: {} for stem in stems}
    for text in texts:
        for start, end, own in terms_at(text):
            for stem in own:
                if stem in forms:
                    forms[stem][text[start:end].casefold()] = None
    return {stem: tuple(spelt) for stem, spelt in forms.items()}
