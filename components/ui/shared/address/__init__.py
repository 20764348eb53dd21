"""The rest of the address bar: how something is looked at, without an entry of its own."""

from components.ui.shared.address.component import keep, moved

__all__ = ["keep", "moved"]
