"""`python -m components.cli` is `rerank-lab`."""

from components.cli import main

main()
