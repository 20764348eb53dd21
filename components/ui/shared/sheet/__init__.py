"""A page of paper shown inside a page of the lab."""

from components.ui.shared.sheet.component import sheet

__all__ = ["sheet"]
