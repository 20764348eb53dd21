"""The card of one pair: query, document, grades, note; judged by key, kept by the server."""

from components.ui.judge.card.component import Act, CardData, Question, card

__all__ = ["Act", "CardData", "Question", "card"]
