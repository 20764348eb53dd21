"""Judgments by hand: kept, drawn, compared between judges, and used."""
