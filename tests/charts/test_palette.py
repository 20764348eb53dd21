"""One palette: readable colours, the same in Streamlit's theme, and no Plotly to get at them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from components.charts.evaluation import mixed
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


VISIONS = {  # Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def oklab(colour: str, vision: str = "full") -> np.ndarray:
    """Return Ottosson's OKLab coordinates of a colour as a reader with this vision sees it."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(VISIONS[vision]) @ linear, 0, 1)
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mix = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return mix @ np.cbrt(cones @ seen)


@pytest.mark.parametrize("palette", TONES.values(), ids=TONES)
def test_gain_and_loss_are_no_systems_and_apart_for_everybody(palette: Palette) -> None:
    """A just noticeable difference is about 0.02."""
    for vision in VISIONS:
        gain, loss = (oklab(colour, vision) for colour in (palette.gain, palette.loss))
        assert np.linalg.norm(gain - loss) > 0.15, vision
    for colour in (palette.gain, palette.loss):
        apart = [np.linalg.norm(oklab(colour) - oklab(c)) for c in (*palette.systems, GREY)]
        assert min(apart) > 0.1
        assert contrast(colour, palette.paper) >= 3
        assert contrast(palette.text, mixed(colour, palette.paper)) >= 4.5


def test_rules_for_style_sheets() -> None:
    rules = letter_rules(DARK, ".board ").splitlines()
    assert rules[0] == '.board [data-letter="A"] { --system: #5fb4ea; }'
    assert len(rules) == len(LETTERS)


@pytest.mark.parametrize("module", ["components.charts.palette", "components.exports.evaluation"])
def test_importing_it_does_not_import_plotly(module: str) -> None:
    code = f"import sys, {module}; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
