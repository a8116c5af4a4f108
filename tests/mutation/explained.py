"""Mutants that no test can tell from the package, and why: module, line before, line after."""

ALIKE = "the letters that stand in for a hyphen and an underscore only have to be letters"
SIZE = "how much a cache holds is a matter of cost"
CACHE = "without its cache it costs more, and says the same"
TYPE = "a name for a type, for annotations alone"
SLOTS = "slots save memory"
AGAIN = "the pair is then read again until the parameters are too many"
UID = "any text will do, as long as it is the same"
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
_TOKEN = (
    "_TOKEN = frozenset(\"!#$%&'*+-.^_`|~0123456789"
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")'
)
_NODE_CACHE = (
    "  # Proxies are few and clients come back. Entries are short, so the cache is small. "
    "@lru_cache(maxsize=4096)"
)
_NODE = '_LONGEST_NODE = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")'
_DATACLASS = "@dataclass(frozen=True, slots=True, eq=False)"
_CONNECT = 'setting_changed.connect(_forget_policy, dispatch_uid="trustedproxy.conf")'
_AMBIGUOUS = '_AMBIGUOUS = "ambiguous"  # as good as any text that is not an address'
_CLOSING = "if closing < 0 or behind is None:"
_BELOW = 'script_name = request.META.get("SCRIPT_NAME", "")'
_PREFIX = 'set_script_prefix(request.META.get("SCRIPT_NAME", ""))'
_UNUSUAL = "if key is None and name.translate(None, _UNAMBIGUOUS):"
_PLAIN = 'if key is not None or (b"_" not in name and b"." not in name and name.isascii()):'
_OTHERS = 'f"{name} names a header that speaks about the {others[0]}",'

EXPLAINED = {
    ("conf", _CONNECT, _CONNECT.replace('"trusted', '"XXtrusted')): UID,
    ("middleware", "sync_capable = True", "pass"): "Django takes it for granted",
    ("asgi", _AMBIGUOUS, _AMBIGUOUS.replace('"a', '"XXa')): "any text that is no address",
    ("asgi", '_FORGED = ""', '_FORGED = "XX"'): "any text that is no key",
    ("asgi", "Scope = dict[str, Any]", "pass"): TYPE,
    ("asgi", "Receive = Callable[[], Awaitable[dict[str, Any]]]", "pass"): TYPE,
    ("asgi", "Send = Callable[[dict[str, Any]], Awaitable[None]]", "pass"): TYPE,
    ("middleware", _BELOW, _BELOW.replace('""', '"XX"')): "nothing is below what is not there",
    ("middleware", _PREFIX, _PREFIX.replace('""', '"XX"')): "Django always has it",
    ("asgi", _UNUSUAL, _UNUSUAL.replace("and", "or")): "a plain name is looked at twice",
    (
        "asgi",
        _PLAIN,
        _PLAIN.replace("None or", "None and"),
    ): "a plain name without a key has none in another spelling",
    (
        "asgi",
        'inner = scope.get("root_path") or ""',
        'inner = scope.get("root_path") or "XX"',
    ): "no path begins so",
    ("conf", _OTHERS, _OTHERS.replace("[0]", "[ -1]")): "no header has two purposes",
}
