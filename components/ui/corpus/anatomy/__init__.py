"""What the corpus is made of, on its page."""

from components.ui.corpus.anatomy.section import anatomy

__all__ = ["anatomy"]
