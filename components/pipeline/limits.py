"""Defaults and limits of a comparison: pages, links and the command line read them here.

The limits are those of the app, where a page has to be drawn. The command line and the functions
take any number of systems and up to `MAX_DEPTH` candidates.
"""

from __future__ import annotations

from typing import Final

INITIAL_K: Final = 100
"""Candidates of the first stage where no other number is given."""
FINAL_K: Final = 10
"""Documents shown of each ranking where no other number is given."""
MAX_SYSTEMS: Final = 7
"""Rerankers and recorded systems beside one first stage."""
MAX_INITIAL_K: Final = 1000
MAX_FINAL_K: Final = 50
MAX_DEPTH: Final = 100_000
"""Candidates of a query; each takes about 1 KB in every system's ranking."""
MAX_REPEATS: Final = 1_000
"""Rounds of a benchmark."""
MAX_TEXT: Final = 2000
"""Characters of an instruction, and of a text in a link."""
