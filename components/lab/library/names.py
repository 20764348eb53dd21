"""What a corpus in the library may be called, and when two names are the same.

A name is for people and never part of a path. Names that people could not tell apart are one name:
those that differ in case, in the form of their Unicode or in white space.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from components.corpora import quoted, sample_names
from components.corpora.irds import PREFIX
from components.domain import InputError
from components.wording import count

MAX_NAME: Final = 100
"""Characters of a name."""
_JOINERS: Final = "\u200c\u200d"
"""They hide like controls, but words of Persian and many emoji need them."""
_REMEDY: Final = f"Give it another name: up to {MAX_NAME} characters, without slashes."


def check_name(name: str, taken: Collection[str] = ()) -> str:
    """Return a name as it is kept, in normal form C and with single spaces; InputError if none.

    Raises for one that is empty, too long, a sample's, `taken` by a configured collection, or hard
    to tell from a path, an option or another name.
    """
    if len(name) > 10 * MAX_NAME:  # before anything is done with it
        raise InputError(f"A name of {count(len(name), 'character')} is too long.", _REMEDY)
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if why := _fault(tidy):
        raise InputError(f"A corpus cannot be called {quoted(tidy)}: {why}.", _REMEDY)
    if folded(tidy) in map(folded, sample_names()):
        raise InputError(f"The name {quoted(tidy)} is taken by a sample.", _REMEDY)
    if folded(tidy) in map(folded, taken):
        reason = f"The name {quoted(tidy)} is taken by a collection of the configuration."
        raise InputError(reason, _REMEDY)
    return tidy


def _fault(name: str) -> str:
    """Return why a text is no name; empty where it is one."""
    if not folded(name):
        return "the name is empty"
    if len(name) > MAX_NAME:
        return f"it has {count(len(name), 'character')}"
    hidden = next((c for c in name if _hides(c)), "")
    if hidden:
        return f"it holds the hidden character U+{ord(hidden):04X}"
    if re.search(r"[/\\]", name) or name in (".", "..") or name.startswith("~"):
        return "it looks like a path"
    if name.startswith("-"):
        return "it looks like an option"
    return "it looks like a collection of ir_datasets" if name.startswith(PREFIX) else ""


def _hides(character: str) -> bool:
    """Tell whether a character is a control, changes directions or stands for nothing."""
    return unicodedata.category(character)[0] == "C" and character not in _JOINERS


def folded(name: str) -> str:
    """Return what two names have in common that are the same."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", plain).translate(_WITHOUT).split())


_WITHOUT: Final = dict.fromkeys(map(ord, _JOINERS))


def suggested(name: str, taken: Collection[str] = ()) -> str:
    """Return a name that is one and not `taken`, made of a file's or a folder's."""
    plain = "".join("-" if c in "/\\" else c for c in name if c in "\t\n" or not _hides(c))
    tidy = " ".join(unicodedata.normalize("NFC", plain).split()).lstrip("-~")[:MAX_NAME].strip()
    try:
        return check_name(tidy, taken)
    except InputError:
        return check_name(f"corpus {tidy[: MAX_NAME - 10].strip(' .')}".strip())
