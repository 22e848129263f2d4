"""The escaping gate: every text that reaches a map passes here."""

from __future__ import annotations

from typing import Final

_ENTITIES: Final = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'`\\${}"})
_CONTROLS: Final = {code: " " for code in (*range(0x20), 0x7F, 0x2028, 0x2029) if code not in (0x09, 0x0A)}
_TABLE: Final = {**_ENTITIES, **_CONTROLS}


def safe_text(value: object) -> str:
    r"""The text of `value` with every character that HTML or a JavaScript string could act on as an entity.

    Folium pastes texts into HTML and into template literals of JavaScript, so `&` `<` `>` `"` `'` `` ` ``
    `\` `$` `{` and `}` all turn into numeric entities, which a browser shows as the characters themselves.
    Control characters and lone surrogates turn into a blank. None is the empty text.

    >>> safe_text("a<b>${1}")
    'a&#60;b&#62;&#36;&#123;1&#125;'
    >>> safe_text(None)
    ''
    """
    if value is None:
        return ""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return text.translate(_TABLE)
