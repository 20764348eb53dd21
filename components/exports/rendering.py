"""HTML files from the Jinja2 templates of `templates/`, which escape every text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.charts.palette import DARK, LIGHT, Palette, letter_rules
from components.wording import DIRECTIONS, visible

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["visible"] = visible
_VARIABLES = ("text", "soft", "border", "paper", "panel", "on_system", "gain", "loss")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head, which may be empty.

    The first `text` columns hold words and are aligned left, the others hold numbers.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: int = 1


def render(template: str, *, paper: bool = False, **values: object) -> str:
    """Return a template filled in: HTML that loads nothing and runs nothing.

    On `paper` it is light, otherwise of the tone that the reader's system asks for.

    Every value is escaped but `Markup`, which must be our own escaped output. The shell needs a
    `title`. Control characters are written as escapes. A text that stands alone is shown as it is,
    isolated, so that its direction marks end with it; inside our own sentences the templates'
    filter `visible` writes those as escapes too.
    """
    page = _TEMPLATES.get_template(template).render(colours=_colours(paper), **values)
    return visible(page, keep=f"\t\n\r{DIRECTIONS}")


@cache
def _colours(paper: bool) -> Markup:
    """Return the palette as CSS: light, and dark where the reader's system asks for it."""
    if paper:
        return Markup(f"{_variables(LIGHT)}\n{letter_rules(LIGHT)}")
    rules = f"{_variables(DARK)}\n{letter_rules(DARK)}"
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{rules}\n}}"  # paper is white
    return Markup(f"{_variables(LIGHT)}\n{letter_rules(LIGHT)}\n{dark}")


def _variables(palette: Palette) -> str:
    pairs = (f"--{name.replace('_', '-')}: {getattr(palette, name)};" for name in _VARIABLES)
    return f":root {{ {' '.join(pairs)} }}"
