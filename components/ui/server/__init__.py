"""The server: Streamlit's application behind the lab's own checks and headers."""

from components.ui.server.app import ROOT, audience, build, guarded, options, run

__all__ = ["ROOT", "audience", "build", "guarded", "options", "run"]
