"""Lines of progress that listen to the work that they tell of."""

from components.ui.shared.progress.component import LIVE, Line, progress

__all__ = ["LIVE", "Line", "progress"]
