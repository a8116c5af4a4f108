"""Mutants that no test can tell from the package, and why: module, line before, line after."""

ALIKE = "the letters that stand in for a hyphen and an underscore only have to be letters"
SIZE = "how much a cache holds is a matter of cost"
TEXT = "how long a shortened text is, nothing depends on"
EDGE = "a quote that backslashes lead to from the left edge is unreadable, escaped or not"
QUOTE = (
    "a quote at the very beginning makes the element unreadable, by its bounds or by its grammar"
)

_LABELS = (
    'label.isascii() and label.replace("-", "a").replace("_", "a").isalnum() for label in labels'
)
_ESCAPED = (
    'while outside > left and value[outside - 1] == "\\\\" and _is_escaped(value, outside, left):'
)
_BACKSLASHES = 'while first > left and value[first - 1] == "\\\\":'

EXPLAINED = {
    (
        "networks",
        "_short.maxstring = _short.maxother = 60",
        "_short.maxstring = _short.maxother = 61",
    ): TEXT,
    (
        "networks",
        "_short.maxstring = _short.maxother = 60",
        "_short.maxstring = _short.maxother = 59",
    ): TEXT,
    (
        "networks",
        'labels = text.rstrip(".").split(".")',
        'labels = text.rstrip("XX.").split(".")',
    ): "what is left of a host name without an X at its end is a host name",
    ("networks", _LABELS, _LABELS.replace('"-", "a"', '"-", "XXa"')): ALIKE,
    ("networks", _LABELS, _LABELS.replace('"_", "a"', '"_", "XXa"')): ALIKE,
    ("entries", "@lru_cache(maxsize=4096)", "@lru_cache(maxsize= 4097)"): SIZE,
    ("entries", "@lru_cache(maxsize=4096)", "@lru_cache(maxsize= 4095)"): SIZE,
    (
        "entries",
        "position = 0",
        "position = -1",
    ): "a pattern that shall begin before the text begins with it",
    ("entries", "if closing < 0:", "if closing < 1:"): QUOTE,
    ("entries", "if closing < 0:", "if closing <= 0:"): QUOTE,
    ("entries", "if outside < 0:", "if outside <= 0:"): QUOTE,
    (
        "entries",
        'address, _, port = (text or "").rpartition(":")',
        'address, _, port = (text or "XX").rpartition(":")',
    ): "what has no colon is handed on as it came",
    ("entries", "break", "continue"): "the same place is read until the parameters are too many",
    ("entries", _ESCAPED, _ESCAPED.replace("outside > left", "outside >= left")): EDGE,
    ("entries", _BACKSLASHES, _BACKSLASHES.replace("first > left", "first >= left")): EDGE,
    (
        "entries",
        "if comma > outside:  # it was inside the quotes",
        "if comma >= outside:  # it was inside the quotes",
    ): "a comma is no quote",
    (
        "entries",
        "return (index - first) & 1 == 1",
        "return (index + first) & 1 == 1",
    ): "a sum is odd where a difference is",
    ("entries", "if outside < 0:", "if outside < 1:"): QUOTE,
}
