"""In which languages documents seem to be written."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from components.analysis.anatomy.records import EXAMPLES, Language, Languages
from components.analysis.anatomy.rows import SEED, Batch, Rows

SAMPLE: Final = 2_000
"""Documents whose language is asked for at most; of more they are drawn at random."""
CHARACTERS: Final = 600
"""Characters of a document that are looked at."""
LEAST_WORDS: Final = 8
"""Words below which the language of a text is not told."""
SURE: Final = 0.9
"""The probability below which it is not told."""
NO_LANGUAGE: Final = frozenset({"zxx", "und"})
_NAMES: Final = (
    "af Afrikaans,am Amharic,ar Arabic,as Assamese,az Azerbaijani,be Belarusian,bg Bulgarian,"
    "bn Bengali,br Breton,bs Bosnian,ca Catalan,cs Czech,cy Welsh,da Danish,de German,el Greek,"
    "en English,eo Esperanto,es Spanish,et Estonian,eu Basque,fa Persian,fi Finnish,fr French,"
    "fy West Frisian,ga Irish,gd Scottish Gaelic,gl Galician,gu Gujarati,ha Hausa,he Hebrew,"
    "hi Hindi,hr Croatian,ht Haitian Creole,hu Hungarian,hy Armenian,id Indonesian,ig Igbo,"
    "is Icelandic,it Italian,ja Japanese,jv Javanese,ka Georgian,kk Kazakh,km Khmer,kn Kannada,"
    "ko Korean,ku Kurdish,ky Kyrgyz,la Latin,lb Luxembourgish,lo Lao,lt Lithuanian,lv Latvian,"
    "mg Malagasy,mk Macedonian,ml Malayalam,mn Mongolian,mr Marathi,ms Malay,mt Maltese,my Burmese,"
    "ne Nepali,nl Dutch,nn Norwegian Nynorsk,no Norwegian,oc Occitan,or Odia,pa Punjabi,"
    "pcm Nigerian Pidgin,pl Polish,ps Pashto,pt Portuguese,qu Quechua,ro Romanian,ru Russian,"
    "rw Kinyarwanda,sa Sanskrit,si Sinhala,sk Slovak,sl Slovenian,so Somali,sq Albanian,sr Serbian,"
    "sv Swedish,sw Swahili,ta Tamil,te Telugu,tg Tajik,th Thai,tk Turkmen,tl Tagalog,tr Turkish,"
    "tt Tatar,ug Uyghur,uk Ukrainian,ur Urdu,uz Uzbek,vi Vietnamese,xh Xhosa,yo Yoruba,"
    "yue Cantonese,zh Chinese,zu Zulu"
)
NAMES: Final = dict(entry.split(" ", 1) for entry in _NAMES.split(","))
"""The English names of languages by ISO 639 code; the others go by their code."""


class LanguageCounter:
    """Asks py3langid about a sample of the documents.

    Its model takes 0.7 s to load and 60 MB while it is at work; it goes with this object.
    """

    def __init__(self, documents: int) -> None:
        drawn = np.random.default_rng(SEED).permutation(documents)[:SAMPLE]
        self._sample = frozenset(map(int, drawn))
        self._identifier: LanguageIdentifier | None = None
        self._numbers: Counter[str] = Counter()
        self._rows: dict[str, list[int]] = {}

    def add(self, batch: Batch) -> None:
        """Ask for the language of those documents that are in the sample."""
        texts = zip(batch.passages, batch.folded, strict=True)
        for row, (passage, folded) in enumerate(texts, batch.start):
            if row in self._sample:
                code, sure = "", 0.0
                if len(folded) >= LEAST_WORDS:
                    if self._identifier is None:
                        self._identifier = LanguageIdentifier.from_model_file(
                            MODEL_FILE, norm_probs=True
                        )
                    code, sure = self._identifier.classify(passage[:CHARACTERS])
                code = code if sure >= SURE and code not in NO_LANGUAGE else ""
                self._numbers[code] += 1
                rows = self._rows.setdefault(code, [])
                rows += [row][: EXAMPLES - len(rows)]

    def languages(self, rows: Rows) -> Languages:
        """Return what was told, the most frequent language first."""
        groups = {
            code: rows.group(self._rows[code], number)
            for code, number in sorted(self._numbers.items(), key=lambda one: (-one[1], one[0]))
        }
        untold = groups.pop("", rows.group((), 0))
        languages = (Language(code, NAMES.get(code, code), own) for code, own in groups.items())
        return Languages(len(self._sample), tuple(languages), untold)
