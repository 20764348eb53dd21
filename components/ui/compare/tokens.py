"""Late interaction, token by token, as escaped HTML: what met what, and how closely."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from components.analysis.explanations import SPECIAL_TOKENS, TokenMatches, word_around
from components.wording import count, signed

MOST_CELLS = 24_000
"""Cells of the table of all pairs; a larger one is slow to draw, and is named instead."""


def best_matches_html(matches: TokenMatches, colour: str) -> str:
    """Return a table of the query's tokens: each with its best match and their cosine."""
    rows = []
    for at, cosine in enumerate(matches.cosines.tolist()):
        bar = f"width:{100 * max(0.0, cosine):.0f}%;background:{colour}"
        rows.append(
            f"<tr><th scope=row>{_token_html(matches.query_tokens, at)}</th>"
            f"<td>{_token_html(matches.document_tokens, int(matches.best[at]))}</td>"
            f'<td class="cosine">{signed(cosine, 2).lstrip("+")}<i style="{bar}"></i></td></tr>'
        )
    return (
        '<table class="token-pairs"><thead><tr><th>Query token</th><th>Best match</th>'
        f"<th>Cosine</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def describe_special(matches: TokenMatches) -> str:
    """Return what the tokens are that stand for no word, and what they add to the score."""
    parts = any(token.startswith("##") for token in matches.document_tokens + matches.query_tokens)
    hyphens = " A token that begins with ## continues the word before it." if parts else ""
    return (
        "[CLS] and [SEP] stand for no word: the model sets one before and one after every text, "
        "and late interaction counts them like the others. "
        f"Here they add {signed(matches.special, 2).lstrip('+')} of the score.{hyphens}"
    )


def all_tokens_html(matches: TokenMatches, colour: str) -> str:
    """Return the document's tokens in order, wrapped, shaded by their best cosine with the query.

    Those that are the best match of a query token are framed.
    """
    partners = matches.matrix.argmax(axis=0).tolist()
    best = set(matches.best.tolist())
    chips = []
    for at, cosine in enumerate(matches.matrix.max(axis=0).tolist()):
        title = escape(f"{matches.query_tokens[partners[at]]}: {cosine:.3f}")
        name = "best" if at in best else ""
        chips.append(
            f'<span class="{name}" style="{_shade(colour, cosine)}" title="{title}">'
            f"{escape(matches.document_tokens[at])}</span>"
        )
    how = "Shaded by the cosine with the closest query token; framed is what counts in the score."
    return f'<p class="token-note">{how}</p><div class="token-chips">{" ".join(chips)}</div>'


def matrix_html(matches: TokenMatches, colour: str) -> str:
    """Return the cosines of all pairs: a row a document token, a column a query token."""
    rows, columns = len(matches.document_tokens), len(matches.query_tokens)
    if rows * columns > MOST_CELLS:
        return (
            f'<p class="token-note">{rows:,} by {count(columns, "token")} make '
            f"{count(rows * columns, 'pair')}: more than the {MOST_CELLS:,} that are drawn here. "
            "The tables above hold all tokens, each with its best match.</p>"
        )
    best = matches.best.tolist()
    head = "".join(f"<th scope=col><span>{escape(t)}</span></th>" for t in matches.query_tokens)
    body = []
    for at, token in enumerate(matches.document_tokens):
        cells = "".join(
            f'<td style="{_shade(colour, cosine)}" title="{cosine:.3f}">'
            f"{'●' if best[column] == at else ''}</td>"
            for column, cosine in enumerate(matches.matrix[:, at].tolist())
        )
        body.append(f"<tr><th scope=row>{escape(token)}</th>{cells}</tr>")
    return (
        '<p class="token-note">● marks the best match of a query token; a stronger shade is a '
        'greater cosine.</p><div class="token-matrix" tabindex="0"><table><thead><tr><th></th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _shade(colour: str, cosine: float) -> str:
    """Return the background of a cosine: none at 0, the system's colour at 1."""
    return f"background:color-mix(in srgb,{colour} {75 * max(0.0, cosine) ** 2:.0f}%,transparent)"


def _token_html(tokens: Sequence[str], at: int) -> str:
    """Return a token, with the word that it is a part of."""
    token = tokens[at]
    name = "special" if token in SPECIAL_TOKENS else "token"
    word = word_around(tokens, at)
    whole = "" if word == token else f" <small>of {escape(word)}</small>"
    return f'<span class="{name}" dir="auto">{escape(token)}</span>{whole}'
