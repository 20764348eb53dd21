"""Collections of one's own on a Qdrant server, as the configuration names them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictFloat, StrictInt
from pydantic import StrictStr as String
from pydantic_core import PydanticCustomError

from components.config.fields import Address, Folder, ServerName, Text

TOKENIZERS = ("fastembed",)
"""Whose BM25 made a collection's sparse vectors, and so how a query becomes one."""
NAME_CHARACTERS = 60


def _check_tokenizer(tokenizer: str) -> str:
    if tokenizer not in TOKENIZERS:
        raise PydanticCustomError(
            "tokenizer",
            "must be one of {names}, not {tokenizer}",
            {
                "names": ", ".join(TOKENIZERS),
                "tokenizer": repr(tokenizer)[:100],
                "remedy": "Leave sparse out where its vectors were made in another way.",
            },
        )
    return tokenizer


def _check_length(name: str) -> str:
    if len(name) > NAME_CHARACTERS:
        raise PydanticCustomError(
            "name_length",
            "may have at most {most} characters, not {length}",
            {"most": NAME_CHARACTERS, "length": f"{len(name):,}", "remedy": "Shorten it."},
        )
    return name


Variable = Annotated[
    Text,
    AfterValidator(lambda name: name.strip()),
    Field(description="the name of an environment variable"),
]
Named = Annotated[String, Field(min_length=1, description="text of at least one letter")]
Length = Annotated[
    StrictFloat | StrictInt,
    Field(gt=0, lt=1e7, description="a number of words above 0"),
]


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """A collection that somebody else made and keeps, which the lab only reads.

    `text_field`, `title_field` and `id_field` are paths in a point's payload, with dots into nested
    objects; without `id_field` the points' own ids are the documents'. `encoder` is the key of the
    bi-encoder that made the dense vectors called `vector`, or the unnamed ones. `sparse` names
    vectors of BM25 that `tokenizer` made, of documents of `mean_length` words. Of a collection that
    several tenants share, `tenant` is the one whose points are read. `queries` and `qrels` are
    files, or a folder of the latter.
    """

    name: Annotated[ServerName, AfterValidator(_check_length)]
    url: Address = field(repr=False)
    collection: Named
    text_field: Named
    encoder: Named
    api_key_env: Variable = ""
    id_field: Text = ""
    title_field: Text = ""
    vector: Text = ""
    sparse: Text = ""
    tokenizer: Annotated[Text, AfterValidator(_check_tokenizer)] = TOKENIZERS[0]
    mean_length: Length = 256.0
    tenant: Text = ""
    queries: Folder = None
    qrels: Folder = None

    @property
    def key(self) -> str:
        """Return whose key it is among the settings' keys."""
        return f"collection:{self.name}"

    @property
    def address(self) -> str:
        """Return the server's address as it is named in messages."""
        return re.split("[?#]", self.url)[0]

    def beside(self, folder: Path) -> Self:
        """Return it with its files' paths, where relative ones begin in a folder."""
        files = (folder / p.expanduser() if p else None for p in (self.queries, self.qrels))
        queries, qrels = files
        return replace(self, queries=queries, qrels=qrels)
