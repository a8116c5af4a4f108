"""Mutants that no test can tell from the package, and why: module, line before, line after."""

ALIKE = "the letters that stand in for a hyphen and an underscore only have to be letters"
SIZE = "how much a cache holds is a matter of cost"
TEXT = "how long a shortened text is, nothing depends on"
QUOTE = (
    "a quote at the very beginning makes the element unreadable, by its bounds or by its grammar"
)

_LABELS = (
    'label.isascii() and label.replace("-", "a").replace("_", "a").isalnum() for label in labels'
)

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
    ("entries", "if closing < 0:", "if closing < 1:"): QUOTE,
    ("entries", "if outside < 0:", "if outside < 1:"): QUOTE,
}
