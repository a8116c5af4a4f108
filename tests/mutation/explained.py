"""Mutants that no test can tell from the package, and why: module, line before, line after."""

TYPE = "a name for a type, for annotations alone"
RECORD = "how a record may be made or changed; nobody does otherwise"
UID = "any text will do, as long as it is the same"

_CONNECT = 'setting_changed.connect(_forget_policy, dispatch_uid="trustedproxy.conf")'
_BELOW = 'script_name = request.META.get("SCRIPT_NAME", "")'
_PREFIX = 'set_script_prefix(request.META.get("SCRIPT_NAME", ""))'
_OTHERS = 'f"{name} names a header that speaks about the {others[0]}",'

_PEER = "if not isinstance(peer, str) or not 0 < len(peer) <= LONGEST_PEER:"

_LONGEST = '_LONGEST_HOP = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")'
_HOP = 'Hop = tuple[bytes, str, "int | None"]'
_RECORD = "@dataclass(frozen=True, kw_only=True)"
_TOKEN = '_TOKEN = frozenset("!#$%&\'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")'
_SLOTS = '__slots__ = ("ipv4", "ipv6", "unix")'

_SAID = 'scheme = parse_scheme(said["scheme"].value or "") or scheme'
_EXEMPT = 'path = _path_of(environ) if policy.reject_exempt else ""'

EXPLAINED = {
    ("engine/addresses", _LONGEST, _LONGEST.replace("[", "XX[", 1)): "a longer text is none either",
    ("engine/addresses", _HOP, _HOP.replace("int", "XXint")): TYPE,
    ("engine/addresses", _HOP, "pass"): TYPE,
    ("engine/networks", "Network = IPv4Network | IPv6Network", "pass"): TYPE,
    ("engine/networks", _SLOTS, "pass"): "only memory",
    ("engine/purposes", "  @cache", ""): "only time",
    ("engine/purposes", _RECORD, _RECORD.replace("frozen=True", "frozen=False")): RECORD,
    ("engine/purposes", _RECORD, _RECORD.replace("kw_only=True", "kw_only=False")): RECORD,
    ("engine/purposes", _TOKEN, _TOKEN.replace('"!', '"XX!')): "X is in it already",
    ("engine/purposes", 'key: str = ""', 'key: str = "XX"'): "the client's is not read",
    ("engine/purposes", 'twin: str = ""', 'twin: str = "XX"'): "the client's is not read",
    ("engine/decision", _SAID, _SAID.replace('""', '"XX"')): "neither is a scheme",
    ("wsgi", _EXEMPT, _EXEMPT.replace('""', '"XX"')): "no path is exempt then",
    (
        "engine/addresses",
        _PEER,
        _PEER.replace("0 <", "1 <"),
    ): "one character is no address",
    ("conf", _CONNECT, _CONNECT.replace('"trusted', '"XXtrusted')): UID,
    ("middleware", "sync_capable = True", "pass"): "Django takes it for granted",
    ("asgi", "Scope = dict[str, Any]", "pass"): TYPE,
    ("middleware", _BELOW, _BELOW.replace('""', '"XX"')): "nothing is below what is not there",
    ("middleware", _PREFIX, _PREFIX.replace('""', '"XX"')): "Django always has it",
    (
        "asgi",
        'inner = scope.get("root_path") or ""',
        'inner = scope.get("root_path") or "XX"',
    ): "no path begins so",
    ("conf", _OTHERS, _OTHERS.replace("[0]", "[ -1]")): "no header has two purposes",
}
