"""Hostile objects are shown, in the same words on every Python."""

import pytest

from django_trustedproxy.display import short_repr


class Mute:
    """An object that cannot be shown."""

    def __repr__(self):
        raise RuntimeError


class Fickle:
    """A key that is hashed once, and shown always."""

    hashed = False

    def __hash__(self):
        if self.hashed:
            raise TypeError
        self.hashed = True
        return 1

    def __repr__(self):
        return "Fickle()"


class Liar(str):
    """Text that says that it is short."""

    __slots__ = ()

    def __len__(self):
        return 1

    def __repr__(self):
        return "x" * 1000


class Deep:
    """An object whose repr does not end."""

    def __repr__(self):
        return repr([self])


class NotText:
    """An object whose repr is no text."""

    def __repr__(self):
        return 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("6.6.6.6", "'6.6.6.6'"),
        ('<script>\x00\r\n\udcff"', "'<script>\\x00\\r\\n\\udcff\"'"),
        ("a" * 58, f"'{'a' * 58}'"),
        ("a" * 59, f"'{'a' * 27}...{'a' * 28}'"),
        (b"\xff\x00", "b'\\xff\\x00'"),
        (None, "None"),
        (-12, "-12"),
        (True, "True"),
        (10**39, "1" + "0" * 39),
        (10**40, f"1{'0' * 17}...{'0' * 19}"),
        (10**5000, "<int>"),
        ([10**5000, 1], "[<int>, 1]"),
        ({"a": 10**5000}, "{'a': <int>}"),
        (Mute(), "<Mute>"),
        ([Mute(), "a"], "[<Mute>, 'a']"),
        ({Fickle(): 1}, "<dict>"),
        ([{Fickle(): 1}, 1], "[<dict>, 1]"),
        ({Fickle()}, "{Fickle()}"),
        (Liar("a"), f"{'x' * 28}...{'x' * 29}"),
        (NotText(), "<NotText>"),
        (["a", "b"], "['a', 'b']"),
        (range(3), "range(0, 3)"),
        ((), "()"),
        (list("abcdefgh"), "['a', 'b', 'c', 'd', 'e', 'f', ...]"),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_any_object_is_shown_short(value, shown):
    assert short_repr(value) == shown


def test_an_endless_repr_ends():
    assert short_repr(Deep()) == "<Deep>"


def test_the_deepest_of_a_nested_list_is_left_out():
    nested = []
    for _ in range(10_000):
        nested = [nested]
    assert short_repr(nested) == "[[[[[[[...]]]]]]]"
