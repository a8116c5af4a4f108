"""Mutants that no test can tell from the package, and why: module, line before, line after."""

TYPE = "a name for a type, for annotations alone"
UID = "any text will do, as long as it is the same"

_CONNECT = 'setting_changed.connect(_forget_policy, dispatch_uid="trustedproxy.conf")'
_BELOW = 'script_name = request.META.get("SCRIPT_NAME", "")'
_PREFIX = 'set_script_prefix(request.META.get("SCRIPT_NAME", ""))'
_OTHERS = 'f"{name} names a header that speaks about the {others[0]}",'

_PEER = "if not isinstance(peer, str) or not 0 < len(peer) <= LONGEST_PEER:"

_SAID = 'scheme = parse_scheme(said["scheme"].value or "") or scheme'
_EXEMPT = 'path = _path_of(environ) if policy.reject_exempt else ""'

EXPLAINED = {
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
