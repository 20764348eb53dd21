"""A query, and texts of which the last is too long to be read whole."""

TEXTS = ("Messages stay for a year.", "Lions sleep.", "A workspace keeps its messages. " * 40)
QUERY = "how long are messages kept"
