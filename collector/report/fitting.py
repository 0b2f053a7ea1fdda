"""Keep text to what the fonts of the PDF can draw, and let long words break where they would leave their cell."""

from __future__ import annotations

import re

# What the fonts of the Typst wheel can draw. PDF/A refuses a glyph that is missing, and with it the report.
_DRAWABLE = re.compile(
    "[^\u0020-\u007e\u00a0-\u017f\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026\u2030\u20ac\u2212\u2264\u2265]"
)
UNDRAWABLE = "\u25a1"

BREAK = "\u200b"
"""Zero width space: nothing to see, and a line may end there."""

LINE_EM = 18.0
"""A longer word may break in running text and lists."""

_WIDE, _CAPITAL, _OTHER, _NARROW = 0.9, 0.7, 0.52, 0.32
_NARROW_SIGNS = frozenset("iIljt.,:;'|()[]-/! ")
_WIDE_SIGNS = frozenset("mwMW@%\u2026\u25a1")
_GOOD_ENDS = frozenset("-./_;:,@")


def drawable(text: str) -> str:
    """Replace what the fonts cannot draw by a box."""
    return _DRAWABLE.sub(UNDRAWABLE, text)


def width_em(sign: str) -> float:
    """Return about the width of a sign of Libertinus Serif in em, rather too much than too little."""
    if sign in _NARROW_SIGNS:
        return _NARROW
    if sign in _WIDE_SIGNS:
        return _WIDE
    return _CAPITAL if sign.isupper() else _OTHER


def breakable(text: str, *, em: float = LINE_EM) -> str:
    """Return drawable text in which no part that cannot break is wider than ``em``."""
    return " ".join(BREAK.join(_parts(word, em)) for word in drawable(text).split(" "))


def _parts(word: str, em: float) -> list[str]:
    """Cut a word into parts of at most ``em``, after a sign at which the eye expects it where there is one."""
    parts, start, width = [], 0, 0.0
    for at, sign in enumerate(word):
        width += width_em(sign)
        if width > em and at > start:
            end = next((good + 1 for good in range(at - 1, start, -1) if word[good] in _GOOD_ENDS), at)
            parts.append(word[start:end])
            start, width = end, sum(map(width_em, word[end : at + 1]))
    return [*parts, word[start:]]
