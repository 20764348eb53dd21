"""Charts of the page as files."""

from components.ui.shared.pictures.component import Entry, Picture, pictures

__all__ = ["Entry", "Picture", "pictures"]
