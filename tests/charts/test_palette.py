"""One palette: readable colours, the same in Streamlit's theme, and no Plotly to get at them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from components.charts.palette import DARK, GREY, LETTERS, LIGHT, Palette, letter_rules

ROOT = Path(__file__).resolve().parents[2]
TONES = {"light": LIGHT, "dark": DARK}


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tone", TONES)
def test_streamlits_theme_has_the_same_colours(tone: str) -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    theme, palette = config["theme"][tone], TONES[tone]
    assert theme["chartCategoricalColors"] == list(palette.systems)
    assert theme["textColor"] == theme["primaryColor"] == palette.text
    assert theme["backgroundColor"] == palette.paper
    assert theme["borderColor"] == palette.border


@pytest.mark.parametrize("palette", TONES.values(), ids=TONES)
def test_text_can_be_read_on_every_colour(palette: Palette) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    on_systems = [contrast(palette.on_system, colour) for colour in palette.systems]
    on_pages = [contrast(t, p) for t in (palette.text, palette.soft) for p in (palette.paper,)]
    assert min(*on_systems, *on_pages, contrast(palette.text, palette.shade)) >= 4.5


@pytest.mark.parametrize("palette", TONES.values(), ids=TONES)
def test_every_letter_has_a_colour_of_its_own(palette: Palette) -> None:
    assert [palette.colour(letter) for letter in LETTERS] == list(palette.systems)
    assert len(set(palette.systems)) == len(LETTERS)
    assert palette.colour("·") == GREY


def test_rules_for_style_sheets() -> None:
    rules = letter_rules(DARK, ".board ").splitlines()
    assert rules[0] == '.board [data-letter="A"] { --system: #5fb4ea; }'
    assert len(rules) == len(LETTERS)


@pytest.mark.parametrize("module", ["components.charts.palette", "components.exports.evaluation"])
def test_importing_it_does_not_import_plotly(module: str) -> None:
    code = f"import sys, {module}; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
