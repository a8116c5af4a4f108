"""Reading header text from the right, against simple readers of the whole text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_trustedproxy.engine.addresses import parse_hop
from django_trustedproxy.engine.hops import (
    LONGEST_HOP,
    Element,
    header_form,
    read_elements,
    read_list,
)

TEXT = st.text(" \t,abc.1", max_size=60)


@given(TEXT)
def test_a_list_is_read_from_the_right_as_split_reads_it(value):
    assert list(read_list(value)) == list(reversed(value.split(",")))


def test_a_list_ends_at_an_entry_that_is_too_long():
    long = "1" * LONGEST_HOP
    assert list(read_list(f"a,{long},b")) == ["b", long, "a"]
    assert list(read_list(f"a,{long}1,b")) == ["b", None]
    assert list(read_list(long)) == [long]
    assert list(read_list(f"{long},b")) == ["b", long]
    assert list(read_list(f"{long}1,b")) == ["b", None]
    assert list(read_list(f"{long}1")) == [None]


TOKEN = st.text("abcXYZ019-_.", min_size=1, max_size=8)
QUOTED = st.text('ab,;= "\\1.\t', max_size=12)


@st.composite
def elements(draw):
    """Draw a valid element (RFC 7239, 4) as text, with what it says."""
    names = draw(st.lists(st.sampled_from(["for", "by", "proto", "host", "ext"]), unique=True))
    said, pairs = {}, []
    for name in names:
        is_quoted = draw(st.booleans())
        said[name] = draw(QUOTED if is_quoted else TOKEN)
        escaped = said[name].replace("\\", "\\\\").replace('"', '\\"')
        value = f'"{escaped}"' if is_quoted else said[name]
        pairs.append(f"{draw(st.sampled_from([name, name.title(), name.upper()]))}={value}")
    return ";".join(pairs), said


@given(st.lists(elements(), min_size=1, max_size=5))
def test_valid_elements_are_read_back_from_the_right(drawn):
    value = ", ".join(text for text, _ in drawn)
    read = [
        {} if element is None else {k: v for k, v in element._asdict().items() if v is not None}
        for element in read_elements(value)
    ]
    expected = [
        {
            ("node" if name == "for" else name): text
            for name, text in said.items()
            if name in ("for", "proto", "host")
        }
        for _, said in reversed(drawn)
    ]
    assert read == expected


@given(st.text('ab,;= "\\\t', max_size=40), elements())
def test_nothing_on_the_left_changes_what_the_last_element_says(prefix, drawn):
    text, said = drawn
    element = next(read_elements(f"{prefix}, {text}"))
    assert (element.node if element else None) == said.get("for")


@given(st.text('for=1.2, ;"\\', max_size=80))
def test_any_forwarded_text_is_read_without_an_error_and_to_its_end(value):
    assert 1 <= len(list(read_elements(value))) <= value.count(",") + 1


CHAIN = st.lists(
    st.one_of(st.ip_addresses().map(str), st.just("unix:")).filter(
        lambda a: not a.startswith("::ffff:")
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize(
    "key", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_VERCEL_FORWARDED_FOR"]
)
@given(CHAIN)
def test_a_written_chain_is_read_back(key, chain):
    form = header_form(key)
    read = [parse_hop(text.strip()) or text.strip() for text in form.read(form.write(chain))]
    assert read == [parse_hop(text) or text for text in reversed(chain)]


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("HTTP_X_FORWARDED_FOR", [" 2", "1"]),
        ("HTTP_FORWARDED_FOR", [" 2", "1"]),
        ("HTTP_X_ORIGINAL_FORWARDED_FOR", [" 2", "1"]),
        ("HTTP_X_REAL_IP", ["1, 2"]),
        ("HTTP_X_FORWARDED", ["1, 2"]),
        ("HTTP_FORWARDED", [None, None]),
    ],
)
def test_the_name_of_a_header_tells_its_form(key, texts):
    assert list(header_form(key).read("1, 2")) == texts


@pytest.mark.parametrize(
    "element",
    [
        r"by=x\";for=6.6.6.6",  # a quoted pair outside of a quoted string
        r"by\"=x;for=6.6.6.6",
        r'by\";for=6.6.6.6;ext="\""',
        r'ext="a\"b";by\"=x;for=6.6.6.6',  # which its bounds do not show
        r'ext="a\"b";by=x\";for=6.6.6.6',
        'by=";for=6.6.6.6;ext="x',  # a quoted string that does not end with its parameter
        'by="x"y;for=6.6.6.6',
        '"by=x;for=6.6.6.6',
        'by=x=";for=6.6.6.6"',
    ],
)
def test_a_quote_out_of_place_makes_its_element_unreadable(element):
    assert list(read_elements(element)) == [Element("", "", "")]
    first, *rest = read_elements(f"for=1.1.1.1, {element}")
    assert first == Element("", "", "")
    assert rest in ([], [Element("1.1.1.1", None, None)])


def test_an_element_has_fewer_than_32_parameters():
    def element(number):
        return ";".join(["for=203.0.113.9", *(f'e{i}="x"' for i in range(number - 1))])

    read = Element("203.0.113.9", None, None)
    assert list(read_elements(f"for=1.1.1.1,{element(31)}")) == [
        read,
        Element("1.1.1.1", None, None),
    ]
    assert next(iter(read_elements(f"for=1.1.1.1,{element(32)}"))) == Element("", "", "")


def test_blanks_around_a_viewer_address_count_for_nothing():
    form = header_form("HTTP_CLOUDFRONT_VIEWER_ADDRESS")
    for text in ("2001:db8::9:80", "[2001:db8::9]:80"):
        for blank in ("", " ", "\t"):
            (hop,) = form.read(f"{blank}{text}{blank}")
            assert hop == "[2001:db8::9]:80"
