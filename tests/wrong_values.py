"""Wrong values of `TRUSTED_PROXIES`: what the error has to name, and the most that its hint may trust.

In the hint stands a line to paste. It trusts what the user's usable entries trust, and of the wrong
one no more than `meant`.
"""

from ipaddress import ip_network
from typing import NamedTuple

from django.utils.functional import SimpleLazyObject, lazy


class Value(NamedTuple):
    """A wrong value or entry.

    Of each group in `says`, one word has to be in the message or hint, in any case. `meant` are the
    entries that the user can have meant by it.
    """

    id: str
    value: object
    meant: list
    says: tuple = ()


FLAG = True
PORT, MASK, RANGE, URL = ("port",), ("mask",), ("range",), ("url",)
SEVERAL = ("two", "several", "more than one", "comma", "each")
UNSET = ("unset", "not set", "variable")
NAME = ("host name", "names are not resolved")
EVERYBODY = ("everybody", "everyone", "anybody", "anyone")

# Each stands in a list, alone and beside a right entry.
ENTRIES = [
    Value("port", "127.0.0.1:8000", ["127.0.0.1"], (PORT,)),
    Value("port of IPv6", "[::1]:8000", ["::1"], (PORT,)),
    Value("port of a network", "10.0.0.0/8:80", ["10.0.0.0/8"], (PORT,)),
    Value("brackets", "[::1]", ["::1"], (("bracket",),)),
    Value("brackets around a network", "[fd00::]/8", ["fd00::/8"], (("bracket",),)),
    Value("wildcard", "10.0.0.*", ["10.0.0.0/24"], (("wildcard",),)),
    Value("wildcards", "10.*.*.*", ["10.0.0.0/8"], (("wildcard",),)),
    Value("short wildcard", "192.168.*", ["192.168.0.0/16"], (("wildcard",),)),
    Value("range", "10.0.0.0-10.0.0.255", ["10.0.0.0/24"], (RANGE,)),
    Value("odd range", "10.0.0.1-10.0.0.3", ["10.0.0.1", "10.0.0.2/31"], (RANGE,)),
    Value("short range", "10.0.0.8-9", ["10.0.0.8/31"], (RANGE,)),
    Value("spaced range", "10.0.0.0 - 10.0.0.255", ["10.0.0.0/24"], (RANGE,)),
    Value("range to all", "0.0.0.0-255.255.255.255", [], ((*RANGE, *EVERYBODY),)),
    Value("URL", "http://10.0.0.1", ["10.0.0.1"], (URL,)),
    Value("URL with a port", "http://10.0.0.1:8000/", ["10.0.0.1"], (URL,)),
    Value("URL of a name", "https://proxy.example.com", [], (URL,)),
    Value("URL of a socket", "tcp://10.0.0.1:80", ["10.0.0.1"], (URL,)),
    Value("netmask", "10.0.0.0/255.255.255.0", ["10.0.0.0/24"], (MASK,)),
    Value("spaced netmask", "10.0.0.0 255.0.0.0", ["10.0.0.0/8"], ((*MASK, *SEVERAL),)),
    Value("inverse netmask", "10.0.0.0/0.0.0.255", ["10.0.0.0/24"], (MASK,)),
    Value("two with a comma", "10.0.0.1,10.0.0.2", ["10.0.0.1", "10.0.0.2"], (SEVERAL,)),
    Value("two with a blank", "10.0.0.1 10.0.0.2", ["10.0.0.1", "10.0.0.2"], (SEVERAL,)),
    Value("two with a semicolon", "10.0.0.1;10.0.0.2", ["10.0.0.1", "10.0.0.2"], (SEVERAL,)),
    Value("two lines", "10.0.0.1\n10.0.0.2\n", ["10.0.0.1", "10.0.0.2"], (SEVERAL,)),
    Value("a comma behind", "10.0.0.0/8,", ["10.0.0.0/8"]),
    Value("empty", "", [], (("empty",), UNSET)),
    Value("blank", "  ", [], (("empty",), UNSET)),
    Value("quotes", '"10.0.0.1"', ["10.0.0.1"], (("quote",),)),
    Value("comment", "10.0.0.1 # nginx", ["10.0.0.1"]),
    Value("backslash", "10.0.0.0\\8", ["10.0.0.0/8"]),
    Value("Caddy's private_ranges", "private_ranges", ["private", "loopback"], (("private",),)),
    Value(
        "Symfony's PRIVATE_SUBNETS",
        "PRIVATE_SUBNETS",
        ["private", "loopback", "link-local"],
        (("private",),),
    ),
    Value("Symfony's REMOTE_ADDR", "REMOTE_ADDR", [], (EVERYBODY,)),
    Value("Express' uniquelocal", "uniquelocal", ["private"], (("private",),)),
    Value("Express' linklocal", "linklocal", ["link-local"], (("link-local",),)),
    Value("link_local", "link_local", ["link-local"], (("link-local",),)),
    Value("a vendor", "cloudflare", [], (("address-lists", "list"),)),
    Value("wildcard for all", "*", [], (EVERYBODY,)),
    Value("any", "any", [], ()),
    Value("all of IPv4", "0.0.0.0/0", [], (EVERYBODY,)),
    Value("all of IPv6", "::/0", [], (EVERYBODY,)),
    Value("name", "nginx", [], (NAME,)),
    Value("dotted name", "proxy.example.com", [], (NAME,)),
    Value("localhost", "localhost", ["loopback"], (("loopback",),)),
    Value("capitals", "Private", ["private"], (("private",),)),
    Value("host bits", "10.0.0.1/8", ["10.0.0.0/8"], (("host bits",),)),
    Value("host bits of IPv6", "fd00::1/8", ["fd00::/8"], (("host bits",),)),
    Value("zone", "fe80::1%eth0", ["fe80::1"], (("zone",),)),
    Value("mapped", "::ffff:10.0.0.0/8", ["10.0.0.0/8"], (("ipv4",),)),
    Value("socket as nginx writes it", "unix:/run/web.sock", ["unix:"], (("unix:",),)),
    Value("unix", "unix", ["unix:"], (("unix:",),)),
    Value("socket's path", "/run/web.sock", ["unix:"], (("unix:",),)),
    Value("leading zero", "010.0.0.1", ["10.0.0.1"], (("zero",),)),
    Value("three numbers", "10.0.0", [], ()),
    Value("a number too high", "10.0.0.256", [], ()),
    Value("a prefix too long", "10.0.0.0/33", [], (("32",),)),
    Value("no prefix", "10.0.0.0/", ["10.0.0.0"], (("slash",),)),
    Value("nothing", None, [], ()),
    Value("a count", 1, [], (("count",),)),
    Value("a bool", FLAG, [], ()),
    Value("bytes", b"10.0.0.1", ["10.0.0.1"], (("bytes", "text"),)),
    Value("a list in the list", ["10.0.0.1"], ["10.0.0.1"], (("list",),)),
]

# Each is the setting itself.
WHOLE = [
    Value("text", "127.0.0.1, 10.0.0.0/8", ["127.0.0.1", "10.0.0.0/8"], (("list",),)),
    Value("text with blanks", "10.0.0.1 10.0.0.2", ["10.0.0.1", "10.0.0.2"], (("list",),)),
    Value("one address", "10.0.0.1", ["10.0.0.1"], (("list",),)),
    Value("one name", "private", ["private"], (("list",),)),
    Value("text with a port", "10.0.0.1:80", ["10.0.0.1"], (("list",),)),
    Value("text of all", "*", [], (EVERYBODY,)),
    Value("empty text", "", [], (("empty",), UNSET)),
    Value("JSON", '["10.0.0.1"]', ["10.0.0.1"], (("list",),)),
    Value("None", None, [], (("list",),)),
    Value("a count instead", 1, [], (("list",), ("count",))),
    Value("a bool instead", FLAG, [], (("list",),)),
    Value("bytes instead", b"10.0.0.1", ["10.0.0.1"], (("list",),)),
    Value("a dict", {"10.0.0.1": "nginx"}, ["10.0.0.1"], (("list",),)),
    Value("a network alone", ip_network("10.0.0.0/8"), ["10.0.0.0/8"], (("list",),)),
    Value("all of IPv4 in halves", ["0.0.0.0/1", "128.0.0.0/1"], [], (EVERYBODY,)),
]

# Each is taken as it is.
RIGHT = [
    Value("tuple", ("10.0.0.1",), ["10.0.0.1"]),
    Value("set", {"10.0.0.1"}, ["10.0.0.1"]),
    Value("frozenset", frozenset({"10.0.0.1"}), ["10.0.0.1"]),
    Value("lazy list", lazy(lambda: ["10.0.0.1"], list)(), ["10.0.0.1"]),
    Value("lazy object", SimpleLazyObject(lambda: ["10.0.0.1"]), ["10.0.0.1"]),
    Value("keys", {"10.0.0.1": "nginx"}.keys(), ["10.0.0.1"]),
    Value("blanks around", [" 127.0.0.1 ", "\t10.0.0.0/8\n"], ["127.0.0.1", "10.0.0.0/8"]),
    Value("blanks around a name", [" loopback"], ["loopback"]),
]
