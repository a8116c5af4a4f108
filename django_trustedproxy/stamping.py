"""Reading the settings of stamps: the secret that an edge writes into each request.

No message here shows a secret, or anything that stands in its place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from .display import short_repr
from .engine.addresses import pack
from .engine.hops import header_form
from .engine.networks import TrustedNetworks
from .engine.purposes import FORWARDED, FORWARDING_HEADERS, meta_names
from .engine.stamps import Stamps
from .entries import Problem, collected, read
from .names import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

PROXIES, HEADER = "TRUSTED_PROXIES_WITH_SECRET", "TRUSTED_PROXY_SECRET_HEADER"
SECRETS = "TRUSTED_PROXY_SECRETS"
SETTINGS: dict[str, Any] = {PROXIES: [], HEADER: None, SECRETS: []}
"""The settings of stamps, with their defaults."""
ENTRY_SETTINGS = ("TRUSTED_PROXIES", PROXIES)
"""The settings whose entries are addresses, networks, names and range files."""
ANY = "any"
"""The name of any peer, in `TRUSTED_PROXIES_WITH_SECRET`."""
UNSTAMPED = "unstamped"
"""The name in `TRUSTED_PROXY_REJECT` for requests without a valid stamp."""
AZURE_FRONT_DOOR = "HTTP_X_AZURE_FDID"

SHORTEST, FEWEST = 32, 10
_STRONG = f"at least {SHORTEST} characters, {FEWEST} of them different"
# Almost no random text contains one of these. The last is published in docs/.
_PLACEHOLDER = re.compile(
    r"change.?(?:me|this|it)|replace|place.?holder|example|insecure|secret|password|your.?(?:own|key)"
    r"|0123456789|1234567890|abcdefgh|\$\{|\{\{|^<.*>$|%\("
    r"|Zx9-2kQ_81mnPqLr7tUvWy3BtKnRfGw0",
    re.IGNORECASE,
)
# No address or host name is this long without a dot or a colon. Longer texts are cut.
_MAY_BE_SECRET = re.compile(rf"[^\s,]{{{SHORTEST},}}|[^\s,]*\.\.\.[^\s,]*")
_HARMLESS = re.compile(
    rf"(?:[a-z0-9-]{{1,{SHORTEST - 1}}}\.)+[a-z]{{2,}}(?::\d+)?|/.*|TRUSTED_\w+(?:\[\d+\])?"
)
_NEW = "Write one that `python -c 'import secrets; print(secrets.token_urlsafe(32))'` prints."
_UNSET = (
    "An environment variable that is not set, or empty, gives such an entry: set it, or read it "
    'with os.environ["…"], which fails if it is not set.'
)


class Surroundings(NamedTuple):
    """What the other settings say that stamps depend on.

    `source` has Django's settings. `networks` are those of `TRUSTED_PROXIES`, `header` is the META
    key of the designated client header, `taken` those of all headers that other settings name, and
    `reject` is what `TRUSTED_PROXY_REJECT` names.
    """

    source: object
    networks: TrustedNetworks
    header: str
    taken: Collection[str]
    reject: Collection[str]

    @property
    def is_list(self) -> bool:
        """Tell whether the designated client header can have more than one address."""
        return self.header == FORWARDED or header_form(self.header).separator == ","

    @property
    def secret_keys(self) -> list[str]:
        """Django's own secrets."""
        keys: list[object] = []
        for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
            try:
                found = getattr(self.source, name, ())
            except ImproperlyConfigured:  # Django itself reports an empty SECRET_KEY
                found = ()
            keys += [found] if isinstance(found, str) else collected(found) or []
        return [key for key in keys if isinstance(key, str)]


def read_stamps(
    value: Callable[[str], Any], around: Surroundings
) -> tuple[Stamps | None, list[Problem]]:
    """Return the stamps of the settings, None without, and everything that cannot be used."""
    headers, wrong_headers = _read_headers(value(HEADER), around.taken)
    secrets, wrong_secrets = _read_secrets(value(SECRETS), around.secret_keys)
    entries = collected(value(PROXIES))
    any_peer = entries is not None and _is_any(entries)
    if any_peer:
        networks = TrustedNetworks()
        wrong_proxies = list(_wrong_any(entries or (), headers, around))
    else:
        networks, wrong_proxies = read(PROXIES, value(PROXIES))
        wrong_proxies = list(map(_without_secrets, wrong_proxies))
        if wrong_proxies and _means_any(value(PROXIES)):
            hint = f'If anybody who sends the secret is trusted, write {PROXIES} = ["{ANY}"].'
            wrong_proxies = [problem._replace(hint=hint) for problem in wrong_proxies]
    missing = []
    if not (wrong_headers or wrong_secrets):
        used = [PROXIES] * (entries != []) + ['"unstamped" in TRUSTED_PROXY_REJECT'] * (
            UNSTAMPED in around.reject
        )
        missing = list(_missing(headers, secrets, used))
    problems = [*missing, *wrong_headers, *wrong_secrets, *wrong_proxies]
    if not (headers and secrets):
        return None, problems
    return Stamps(headers, secrets, networks, any_peer=any_peer), problems


def _without_secrets(problem: Problem) -> Problem:
    """Return a problem without the texts that may be a secret in the setting of the networks."""
    msg, hint = (_MAY_BE_SECRET.sub(_shown, text) for text in (problem.msg, problem.hint))
    return problem._replace(msg=msg, hint=hint)


def _shown(match: re.Match[str]) -> str:
    text = match[0].strip("'\"[]().;:")
    address, _, length = text.partition("/")
    is_network = pack(address) is not None and (length.isdigit() or not length)
    if not text or is_network or _HARMLESS.fullmatch(text):
        return match[0]
    before, _, after = match[0].partition(text)
    return before.rstrip("'\"") + "a long text" + after.lstrip("'\"")


def _missing(
    headers: Sequence[str], secrets: Sequence[str], used: Sequence[str]
) -> Iterator[Problem]:
    """Say which of the settings is missing beside another."""
    if headers and not secrets:
        used, absent = [HEADER], [f'{SECRETS} = [os.environ["EDGE_SECRET"]]']
    elif secrets and not headers:
        used, absent = [SECRETS], [f'{HEADER} = "X-Edge-Secret"']
    elif headers or not used:
        return
    else:
        absent = [f'{HEADER} = "X-Edge-Secret"', f'{SECRETS} = [os.environ["EDGE_SECRET"]]']
    names = " and ".join(line.partition(" ")[0] for line in absent)
    is_or_are = "is" if len(absent) == 1 else "are"
    yield Problem(
        "trustedproxy.E080",
        f"{used[0]} needs {names}, which {is_or_are} not set.",
        f"Write {' and '.join(absent)}, as your edge sends it, or remove {used[0]}.",
    )


def _read_headers(value: object, taken: Collection[str]) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the META keys of `TRUSTED_PROXY_SECRET_HEADER`, and what cannot be used of it."""
    if value is None:
        return (), []
    names = value if isinstance(value, (list, tuple)) else [value]
    keys, problems = [], []
    for name in names:
        key = key_of(name.strip() if isinstance(name, str) else name)
        purpose = next((each for each in FORWARDING_HEADERS if key in meta_names(each)), None)
        if key is None:
            fact = "names a header that cannot carry a secret"
        elif purpose or key in taken:
            fact = f"names a header that {_said(purpose)}"
        else:
            keys.append(key)
            continue
        # A text as long as a secret may be one that was put in the wrong setting.
        got = "a long text" if len(str(name)) >= SHORTEST else short_repr(name)
        msg = f"{HEADER} {fact}: expected a name such as 'X-Edge-Secret', got {got}."
        hint = f'Write {HEADER} = "X-Edge-Secret", or another name that nothing else has.'
        problems.append(Problem("trustedproxy.E081", msg, hint))
    return tuple(dict.fromkeys(keys)), problems


def _said(purpose: str | None) -> str:
    if purpose == "identity":
        return "says who the user is"
    return f"speaks about the {purpose}" if purpose else "another setting names"


def _read_secrets(value: object, secret_keys: Collection[str]) -> tuple[list[str], list[Problem]]:
    """Return the secrets that can be used, and what is wrong with the others."""
    members = collected(value)
    if members is None:
        kind = "is not a list: expected a list of secrets, the newest first"
        msg = f"{SECRETS} {kind}, got {type(value).__name__}."
        hint = f'Write {SECRETS} = [os.environ["EDGE_SECRET"]].'
        return [], [Problem("trustedproxy.E082", msg, hint)]
    secrets, problems = [], []
    for index, secret in enumerate(members):
        fault = _fault_of(secret, secret_keys)
        if fault is None:
            secrets.append(str(secret))
        else:
            problems.append(fault._replace(msg=f"{SECRETS}[{index}] {fault.msg}."))
    return secrets, problems


def _fault_of(secret: object, secret_keys: Collection[str]) -> Problem | None:
    """Return what is wrong with a secret, as a fact and what is expected."""
    text = secret if isinstance(secret, str) else None
    if text is None or not text.strip():
        kind = type(secret).__name__
        fact = f"is {kind}: expected text" if text is None else f"is empty: expected {_STRONG}"
        hint = _UNSET if secret is None or text is not None else "Write each secret as a text."
        return Problem("trustedproxy.E086", fact, hint)
    if not (text.isascii() and text.isprintable()) or {" ", ","} & set(text):
        fact = "has a blank, a comma, a control character or one that is not ASCII"
        hint = f"A header cannot carry it unchanged. {_NEW}"
        return Problem("trustedproxy.E086", f"{fact}: expected printable ASCII without them", hint)
    if _PLACEHOLDER.search(text):
        return Problem("trustedproxy.E084", "is a placeholder: expected a random text", _NEW)
    different = len(set(text))
    if len(text) < SHORTEST or different < FEWEST:
        fact = f"has {len(text)} characters, {different} of them different"
        return Problem("trustedproxy.E083", f"{fact}: expected {_STRONG}", _NEW)
    if any(text in key or (len(key) >= SHORTEST and key in text) for key in secret_keys):
        fact = "is part of SECRET_KEY or of one of SECRET_KEY_FALLBACKS, or has it in it"
        hint = f"The edge would know the key that signs the sessions. {_NEW}"
        return Problem("trustedproxy.E085", f"{fact}: expected a secret of its own", hint)
    return None


def _means_any(value: object) -> bool:
    """Tell whether a setting has nothing but another spelling of "any"."""
    entries = [value] if isinstance(value, str) else collected(value) or []
    texts = {entry.strip().lower() if isinstance(entry, str) else "" for entry in entries}
    return bool(texts) and texts <= {ANY, "*", "all"}


def _is_any(entries: Collection[object]) -> bool:
    return any(isinstance(entry, str) and entry.strip() == ANY for entry in entries)


def _wrong_any(
    entries: Collection[object], headers: Collection[str], around: Surroundings
) -> Iterator[Problem]:
    """Say why "any" cannot be used with the other settings."""
    fact = f'{PROXIES} names "any"'
    if len(entries) > 1:
        yield Problem(
            "trustedproxy.E087",
            f"{fact} beside other entries: expected it alone, got {len(entries)} entries.",
            f'Write {PROXIES} = ["any"], or list the networks of the edge without "any".',
        )
    if around.is_list:
        yield Problem(
            "trustedproxy.E087",
            f"{fact}, and TRUSTED_PROXY_HEADER a header that is a list: expected a header with one "
            "address, because a secret does not show how many entries of a list it vouches for.",
            'Write TRUSTED_PROXY_HEADER = "CF-Connecting-IP", or the header with one address that '
            "your edge sets, or list the networks of the edge.",
        )
    if around.networks.merged or around.networks.unix:
        yield Problem(
            "trustedproxy.E088",
            f"{fact}, and TRUSTED_PROXIES is not empty: a front end that is trusted for its "
            "address would pass on what a stranger wrote into the header.",
            "Write TRUSTED_PROXIES = []: with the secret, every peer is trusted.",
        )
    if AZURE_FRONT_DOOR in headers:
        yield Problem(
            "trustedproxy.E089",
            f"{fact}, and {HEADER} names X-Azure-FDID, which is an identifier, not a secret.",
            "List the networks of the service tag AzureFrontDoor.Backend, as Microsoft asks for "
            "both.",
        )
