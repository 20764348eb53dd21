"""Numbers in the configuration that would become a size, a loop or a wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config import Settings
from components.config.reading import read_settings
from components.domain import InputError

SERVER = '[[compatible]]\nname = "x"\nurl = "http://x"\n'
BOUNDS = {
    "[qdrant]\nshards": 3600,
    "[qdrant]\nreplicas": 3600,
    "[qdrant]\ntimeout_s": 3600,
    "[remote]\nparallel": 64,
    f"{SERVER}documents": 10_000,
    f"{SERVER}max_tokens": 10_000_000,
}


def read(folder: Path, toml: str) -> Settings:
    path = folder / "lab.toml"
    path.write_text(toml)
    return read_settings({"RERANK_LAB_CONFIG": str(path)})


@pytest.mark.parametrize("setting", BOUNDS)
def test_a_number_has_an_upper_bound(tmp_path: Path, setting: str) -> None:
    most, name = BOUNDS[setting], setting.splitlines()[-1]
    read(tmp_path, f"{setting} = {most}")
    for value in (most + 1, 10**30, "9" * 4000):
        with pytest.raises(InputError) as caught:
            read(tmp_path, f"{setting} = {value}")
        assert f"{name} may be at most {most:,}, not {str(value)[:50]}" in caught.value.reason
        assert len(caught.value.reason) < len(str(tmp_path)) + 250


@pytest.mark.parametrize("value", ["0", "-1", "1e400", "nan", "inf", "1.5", "1e3", '"1"'])
@pytest.mark.parametrize("setting", BOUNDS)
def test_other_values_are_refused(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(InputError, match="must be a whole number of at least 1"):
        read(tmp_path, f"{setting} = {value}")


@pytest.mark.parametrize("value", ["1e400", "inf", "nan", "3600", "1e308", "9" * 4000])
def test_a_deadline_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match="must be a number of seconds above 0 and below 3600"):
        read(tmp_path, f"[remote]\ndeadline_s = {value}")


@pytest.mark.parametrize("value", ["1e400", "inf", "1e6", "9" * 4000])
def test_a_price_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match="is not a price in US dollars") as caught:
        read(tmp_path, f'[prices]\n"cohere/x" = {{ per_1k_searches = {value} }}')
    assert len(caught.value.reason) < len(str(tmp_path)) + 250


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_what_no_parser_reads_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path, f"[qdrant]\nshards = {value}")
