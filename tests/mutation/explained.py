"""Mutants that no test can tell from the package, and why: module, line before, line after."""

import ast
from pathlib import Path

ALIASES = (
    *("Application", "Header", "Hop", "Kind", "Network", "Receive", "Scope", "Send", "Stamp"),
    *("Step", "Verdict", "_Found"),
)
"""Names of types, for annotations alone."""

RECORD = "how a record may be made or changed; nobody does otherwise"
UID = "any text will do, as long as it is the same"

_CONNECT = 'setting_changed.connect(_forget_policy, dispatch_uid="trustedproxy.conf")'
_BELOW = 'script_name = request.META.get("SCRIPT_NAME", "")'
_PREFIX = 'set_script_prefix(request.META.get("SCRIPT_NAME", ""))'
_OTHERS = 'f"{name} names a header that speaks about the {others[0]}",'

_PEER = "if not isinstance(peer, str) or not 0 < len(peer) <= LONGEST_PEER:"

_LONGEST = '_LONGEST_HOP = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")'
_RECORD = "@dataclass(frozen=True, kw_only=True)"
_TOKEN = '_TOKEN = frozenset("!#$%&\'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")'
_SLOTS = '__slots__ = ("ipv4", "ipv6", "unix")'

_SHORT = "_LONGEST_SHORT, _MOST_FOLLOWED = 128, 4"
_REST = "rest = text if is_short else text[-_LONGEST_SHORT:]"
FOLLOWED = "`walk` reads what `_follow` does not"
_SCHEME = 'scheme: str = "",'
_WRITTEN = '_written: ContextVar[tuple[str, Answer] | None] = ContextVar("written", default=None)'
_POLICY = "@dataclass(frozen=True, slots=True, eq=False)"
_PEERS = "peers: dict[str, str] = field(default_factory=dict, repr=False)"
_STAMPED = "stamped: Policy | None = field(default=None, repr=False)"
_STAMPS = '__slots__ = ("_longest", "_secrets", "any_peer", "headers", "networks")'
_CUT = 'text = value[: self._longest + 1] if isinstance(value, str) else ""'
_HOUR = '__slots__ = ("begin", "hitters", "lines", "settled")'

_NAMED = 'name = str(meta.get("SCRIPT_NAME", ""))'
_DATE = "if self.fetched is None or self.days is None:"
_LINE = 'match = _SOURCE.fullmatch(file.readline(1_000).decode(errors="replace").strip())'
_READ = "return file.read(MOST_BYTES + 1)"
_WRITTEN_AS = "return str(network[0] if is_single else network)"
_RIGHT = (
    "is_right = is_list and len(answer.proxies) == 1 and meta.get(policy.header) == answer.client"
)
_LIST = "is_list = policy.form.separator is not None"
_ANEW = (
    "is_right = text is None or (policy.keep_header and text == answer.client and answer.proxies)"
)
_WRITES = "if answer.header is not None and (policy.designations or not is_right):"
_TOKEN_READ = 'verified = _verifier.verify(tokens[0].decode("latin-1"))'
_DIGEST = "return mac.hexdigest()[:32]"
_JSON = 'return seal(json.dumps(facts, ensure_ascii=False), key).encode("utf-8", "replace")'
_END = "self._end = 0.0  # of the first hour that ends"
_SETTLED = "hour.settled[address] = hour.settled.pop(address, 0) + 1"
_NONE = "if now < self._end or not self._hours:"
_NEWS = "news = [count for count, is_told in zip(counts, told, strict=True) if not is_told]"
_OTHER_COUNTS = "others = [count for count, is_told in zip(counts, told, strict=True) if is_told]"
_FULL = "if len(hour.settled) >= MOST_COUNTED:"
_FACTS = "named = zip(Answer.__slots__, self._facts(), strict=True)"
_FRAME = (
    "frame: FrameType | None = sys._getframe(2)  "
    "# noqa: SLF001 - nothing marks where a request ends, at no cost"
)
FRAMES = "no handler of Django's is among the callers between"
UNREADABLE = "an element that begins with a quote or has too many is unreadable either way"
BALANCED = "the quotes of an element are balanced, and none is its first character"
_PLAIN = "if separator is None or policy.own is not None:"
_IS_SHORT = "is_short = len(text) <= _LONGEST_SHORT"
_COMMA = 'if "," in rest and separator and len(proxies) <= _MOST_FOLLOWED:'
_LAST = 'rest, _, last = rest.rpartition(",")'
_ENDED = 'hop, rest = parse_hop(rest) if is_short else None, ""'
_INSIDE = "if not bisect_right(networks.ipv4 if len(packed) == 4 else networks.ipv6, packed) & 1:"
_HAS = 'return networks.unix if address == UNIX else (pack(address or "") or b"") in networks'
_OWN = 'scheme = scheme or headers.get("wsgi.url_scheme", "")'
_SPLIT = 'name, port = split_host(host.value or "")'
_SHORT_LIST = "if len(value) <= LONGEST_HOP:"
_FEW = "if len(hops) <= HOPS_AT_ONCE:"
_TURNS = "for _ in range(MOST_PARAMETERS + 1):"
_CLOSING = "closing = window.rfind('\"', max(0, comma), outside)"
_OPENING = "outside = window.rfind('\"', 0, closing)"
_OPENING_BARE = "outside = bare.rfind('\"', 0, closing)"
_ESCAPED = 'if outside > 0 and window[outside - 1] == "\\\\":'
_INNER = "if comma > outside:  # it was inside the quotes"
_HIDDEN = "if bare is not text and text.find('\"', position, begin - is_quoted) >= 0:"
_ENDS = "if closing < 0 or behind is None:"
_SINGLE = 'return HeaderForm(read_single, ", ".join, "")'
_PERCENT = 'if packed is None and "%" in peer:'
_NAME = 'return parse_prefix(_HARMLESS.sub("x", script_name)) is not None'

_SAID = 'scheme = parse_scheme(said["scheme"].value or "") or scheme'
_FILE = "@dataclass(frozen=True, slots=True, eq=False)"
_TELL = "self, policy: Policy, meta: Mapping[str, Any], answer: Answer, path: str, scheme: str = "
_EXEMPT = 'path = _path_of(environ) if policy.reject_exempt else ""'
NOT_EXEMPT = "no path without a slash is exempt"
_ROUTED = 'return path if is_whole and (path_info != "/" or path == "/") else ""'
_ROUTED_PATH = 'path = routed_path(request.path, request.path_info) if policy.reject_exempt else ""'
_MOVED = 'path = ""  # a header had moved it'
_PATH = 'scope: Scope, policy: Policy, receive: Receive | None = None, path: str = ""'
_SCOPE_EXEMPT = 'path = _path_of(scope) if policy.reject_exempt else ""'
_ALL_NAMES = 'is_plain = not b"".join([name for name, _ in headers]).translate(None, _UNAMBIGUOUS)'
MOVED = "the path has changed then, and is written anyway"
_JUDGED = '_judge_script_name(request, script_name or "", path_info)'
_NO_PREFIX = 'is_none = not is_prefix(script_name or "/") and not is_forced'

_LISTENING = "elif networks and networks[0].prefixlen and is_everybody(networks[0]):"
ALONE = "such an address stands alone: no name has one, and a range file with one is refused"


def told():
    """Yield each line of engine/identity.py that names a sender or a source, and what becomes of it.

    The file is read and not imported, as a mutant has to be the first to be imported.
    """
    text = Path(__file__).parents[2].joinpath("django_trustedproxy/engine/identity.py").read_text()
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Sender":
            for argument in node.args[:2]:
                line = lines[argument.lineno - 1].strip()
                yield line, line.replace(f'"{argument.value}', f'"XX{argument.value}')


EXPLAINED = {
    **{
        ("engine/identity", before, after): "for people who read the code"
        for before, after in told()
    },
    ("engine/addresses", _LONGEST, _LONGEST.replace("[", "XX[", 1)): "a longer text is none either",
    ("engine/networks", _SLOTS, "pass"): "only memory",
    ("engine/purposes", "  @cache", ""): "only time",
    ("engine/purposes", _RECORD, _RECORD.replace("frozen=True", "frozen=False")): RECORD,
    ("engine/purposes", _RECORD, _RECORD.replace("kw_only=True", "kw_only=False")): RECORD,
    ("engine/purposes", _TOKEN, _TOKEN.replace('"!', '"XX!')): "X is in it already",
    ("engine/purposes", 'key: str = ""', 'key: str = "XX"'): "the client's is not read",
    ("engine/purposes", 'twin: str = ""', 'twin: str = "XX"'): "the client's is not read",
    ("engine/decision", _SHORT, _SHORT.replace("128", "129")): FOLLOWED,
    ("engine/decision", _SHORT, _SHORT.replace("128", "127")): FOLLOWED,
    ("engine/decision", _SHORT, _SHORT.replace("4", "5")): FOLLOWED,
    ("engine/decision", _SHORT, _SHORT.replace("4", "3")): FOLLOWED,
    ("engine/decision", _REST, _REST.replace("if is", "if not is")): FOLLOWED,
    ("engine/decision", "while True:", "while not True:"): FOLLOWED,
    ("engine/decision", "while True:", "while False:"): FOLLOWED,
    ("engine/decision", _PLAIN, _PLAIN.replace("own is not", "own is")): FOLLOWED,
    ("engine/decision", _IS_SHORT, _IS_SHORT.replace("<=", "<")): FOLLOWED,
    ("engine/decision", _COMMA, _COMMA.replace("<=", "<")): FOLLOWED,
    ("engine/decision", _COMMA, _COMMA.replace('"', '"XX', 1)): FOLLOWED,
    ("engine/decision", _LAST, _LAST.replace('"', '"XX', 1)): FOLLOWED,
    ("engine/decision", _ENDED, _ENDED.replace('""', '"XX"')): FOLLOWED,
    ("engine/decision", _INSIDE, _INSIDE.replace("&", "|")): FOLLOWED,
    ("engine/decision", _HAS, _HAS.replace('""', '"XX"', 1)): "a trusted hop has an address",
    ("engine/decision", _HAS, _HAS.replace('b""', 'b"XX"')): "a trusted hop has an address",
    ("engine/decision", _OWN, _OWN.replace('""', '"XX"')): "neither is a scheme",
    ("engine/decision", _SPLIT, _SPLIT.replace('""', '"XX"')): "the host has a value here",
    ("engine/decision", "found: _Found", "pass"): "an annotation",
    ("engine/decision", _SCHEME, _SCHEME.replace('""', '"XX"')): "every mount gives it",
    ("environ", _SCHEME, _SCHEME.replace('""', '"XX"')): "every mount gives it",
    ("environ", _WRITTEN, _WRITTEN.replace('"wr', '"XXwr')): UID,
    ("engine/hops", _SHORT_LIST, _SHORT_LIST.replace("<=", "<")): "only time",
    ("engine/hops", _FEW, _FEW.replace("<=", "<")): "only time",
    ("engine/hops", "break", "continue"): "only time: it is as unreadable after the last turn",
    ("engine/hops", _TURNS, _TURNS.replace("+ 1", "+ 2")): UNREADABLE,
    ("engine/hops", _TURNS, _TURNS.replace("+ 1", "+ 0")): UNREADABLE,
    ("engine/hops", _CLOSING, _CLOSING.replace("max(0", "max( 1")): UNREADABLE,
    ("engine/hops", _CLOSING, _CLOSING.replace("max(0", "max( -1")): UNREADABLE,
    ("engine/hops", "if closing < 0:", "if closing < 1:"): UNREADABLE,
    ("engine/hops", "if closing < 0:", "if closing <= 0:"): UNREADABLE,
    ("engine/hops", _OPENING, _OPENING.replace("0", "1")): UNREADABLE,
    ("engine/hops", _OPENING_BARE, _OPENING_BARE.replace("0", "1")): UNREADABLE,
    ("engine/hops", _ESCAPED, _ESCAPED.replace("> 0", "> 1")): UNREADABLE,
    ("engine/hops", _ESCAPED, _ESCAPED.replace("> 0", "> -1")): UNREADABLE,
    ("engine/hops", _ESCAPED, _ESCAPED.replace("> 0", ">= 0")): UNREADABLE,
    ("engine/hops", "if outside < 0:", "if outside < 1:"): UNREADABLE,
    ("engine/hops", "if outside < 0:", "if outside <= 0:"): UNREADABLE,
    ("engine/hops", _INNER, _INNER.replace(">", ">=")): "one character is not two",
    ("engine/hops", "position = 0", "position = -1"): UNREADABLE,
    ("engine/hops", _HIDDEN, _HIDDEN.replace(">= 0", ">= 1")): "a backslash stands before it",
    ("engine/hops", _HIDDEN, _HIDDEN.replace(">= 0", "> 0")): "a backslash stands before it",
    ("engine/hops", _ENDS, _ENDS.replace("< 0", "< 1")): BALANCED,
    ("engine/hops", _ENDS, _ENDS.replace("< 0", "<= 0")): BALANCED,
    ("engine/hops", _ENDS, _ENDS.replace("< 0", "< -1")): BALANCED,
    ("engine/hops", _SINGLE, _SINGLE.replace('", "', '"XX, "')): "a chain of one",
    ("engine/hops", "HOPS_AT_ONCE = 4", "HOPS_AT_ONCE = 5"): "only time",
    ("engine/hops", "HOPS_AT_ONCE = 4", "HOPS_AT_ONCE = 3"): "only time",
    ("engine/policy", _POLICY, _POLICY.replace("slots=True", "slots=False")): "only memory",
    ("engine/policy", _POLICY, _POLICY.replace("eq=False", "eq=True")): RECORD,
    ("engine/policy", _PEERS, _PEERS.replace("repr=False", "repr=True")): "how it is printed",
    ("engine/policy", _STAMPED, _STAMPED.replace("repr=False", "repr=True")): "how it is printed",
    ("engine/stamps", _STAMPS, "pass"): "only memory",
    ("engine/stamps", _CUT, _CUT.replace("+ 1", "+ 2")): "as wrong with one character more",
    ("limiter", _HOUR, "pass"): "only memory",
    ("limiter", _END, _END.replace("0.0", "1.0")): "nothing is counted yet",
    ("limiter", _END, _END.replace("0.0", "-1.0")): "nothing is counted yet",
    ("limiter", _SETTLED, _SETTLED.replace("0", "1")): "the address is among them",
    ("limiter", _SETTLED, _SETTLED.replace("0", "-1")): "the address is among them",
    ("limiter", _NONE, _NONE.replace("or", "and")): "only time",
    ("limiter", _NEWS, _NEWS.replace("True", "False")): "as many as counts",
    ("limiter", _OTHER_COUNTS, _OTHER_COUNTS.replace("True", "False")): "as many as counts",
    ("limiter", _FULL, _FULL.replace(">=", ">")): "a limit, of which any will do",
    ("probe/answer", _TOKEN_READ, _TOKEN_READ.replace("[0]", "[ -1]")): "there is one",
    ("probe/answer", _DIGEST, _DIGEST.replace("32", " 33")): UID,
    ("probe/answer", _DIGEST, _DIGEST.replace("32", " 31")): UID,
    ("probe/answer", _JSON, _JSON.replace("False", "True")): "the same JSON",
    ("engine/answer", _FACTS, _FACTS.replace("True", "False")): "as many facts as names",
    ("making", _FRAME, _FRAME.replace("(2)", "( 3)")): FRAMES,
    ("making", _FRAME, _FRAME.replace("(2)", "( 1)")): FRAMES,
    ("environ", "__slots__ = ()", "pass"): "only memory",
    ("probe/answer", '__slots__ = ("_arrived", "_verified")', "pass"): "only memory",
    ("probe/answer", f'{_TELL}""', f'{_TELL}"XX"'): "an environ has its own",
    (
        "probe/token",
        '_SALT = "django_trustedproxy.probe"',
        '_SALT = "XXdjango_trustedproxy.probe"',
    ): UID,
    ("script_name", _NAMED, _NAMED.replace('""', '"XX"')): "gunicorn always has it",
    ("ranges/file", _DATE, _DATE.replace("or", "and")): "a file has both or none",
    ("ranges/file", _LINE, _LINE.replace("1_000", " 1001")): "a limit, of which any will do",
    ("ranges/file", _LINE, _LINE.replace("1_000", " 999")): "a limit, of which any will do",
    ("ranges/file", _READ, _READ.replace("+ 1", "+ 2")): "as much too long",
    ("engine/networks", _WRITTEN_AS, _WRITTEN_AS.replace("[0]", "[ -1]")): "there is one",
    ("environ", _RIGHT, _RIGHT.replace("1", "0")): "the same is written once more",
    ("environ", _LIST, _LIST.replace("is not", "is")): "the same is written once more",
    ("environ", _ANEW, _ANEW.replace("or", "and")): "the same is written once more",
    ("environ", _WRITES, _WRITES.replace("and", "or")): "a stranger has no header left",
    ("ranges/file", _FILE, _FILE.replace("frozen=True", "frozen=False")): RECORD,
    ("ranges/file", _FILE, _FILE.replace("slots=True", "slots=False")): "only memory",
    ("ranges/file", _FILE, _FILE.replace("eq=False", "eq=True")): RECORD,
    (
        "asgi",
        "_UNREADABLE = '\"'",
        "_UNREADABLE = 'XX\"'",
    ): "as malformed with two letters before it",
    ("limiter", "MOST_COUNTED = 256", "MOST_COUNTED = 257"): "a limit, of which any will do",
    ("limiter", "MOST_COUNTED = 256", "MOST_COUNTED = 255"): "a limit, of which any will do",
    ("engine/decision", _SAID, _SAID.replace('""', '"XX"')): "neither is a scheme",
    ("wsgi", _EXEMPT, _EXEMPT.replace('""', '"XX"')): NOT_EXEMPT,
    ("wsgi", _MOVED, _MOVED.replace('""', '"XX"')): NOT_EXEMPT,
    ("wsgi", 'return ""', 'return "XX"'): NOT_EXEMPT,
    ("exceptions", _ROUTED, _ROUTED.replace('""', '"XX"')): NOT_EXEMPT,
    ("middleware", _ROUTED_PATH, _ROUTED_PATH.replace('""', '"XX"')): NOT_EXEMPT,
    ("middleware", _JUDGED, _JUDGED.replace('""', '"XX"')): MOVED,
    ("middleware", _NO_PREFIX, _NO_PREFIX.replace('"/"', '"XX/"')): MOVED,
    ("asgi", _PATH, _PATH.replace('""', '"XX"')): NOT_EXEMPT,
    ("asgi", _SCOPE_EXEMPT, _SCOPE_EXEMPT.replace('""', '"XX"')): NOT_EXEMPT,
    ("asgi", _ALL_NAMES, _ALL_NAMES.replace('b""', 'b"XX"')): "only time",
    (
        "engine/addresses",
        _PEER,
        _PEER.replace("0 <", "1 <"),
    ): "one character is no address",
    ("engine/addresses", _PEER, _PEER.replace("0 <", "-1 <")): "no text is no address",
    ("engine/addresses", _PEER, _PEER.replace("0 <", "0 <=")): "no text is no address",
    ("engine/addresses", _PERCENT, _PERCENT.replace("and", "or")): "it is read a second time",
    ("engine/purposes", _NAME, _NAME.replace('"x"', '"XXx"')): "as harmless",
    ("conf", _CONNECT, _CONNECT.replace('"trusted', '"XXtrusted')): UID,
    ("middleware", "sync_capable = True", "pass"): "Django takes it for granted",
    ("middleware", _BELOW, _BELOW.replace('""', '"XX"')): "nothing is below what is not there",
    ("middleware", _PREFIX, _PREFIX.replace('""', '"XX"')): "Django always has it",
    (
        "asgi",
        'inner = scope.get("root_path") or ""',
        'inner = scope.get("root_path") or "XX"',
    ): "no path begins so",
    ("entries", _LISTENING, _LISTENING.replace("[0].", "[ -1].")): ALONE,
    ("entries", _LISTENING, _LISTENING.replace("[0])", "[ -1])")): ALONE,
    ("conf", _OTHERS, _OTHERS.replace("[0]", "[ -1]")): "no header has two purposes",
}
