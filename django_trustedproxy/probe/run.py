"""The steps of a probe: an honest request to each door, and the attacks on those that answer it."""

from __future__ import annotations

import time
from collections import Counter
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from django_trustedproxy.engine.addresses import UNIX, pack
from django_trustedproxy.pages import page_of_guide

from .attacks import attacks
from .forms import Claims
from .groups import GROUPS
from .verdict import CLOSED, KINDS, LATE, UNREAD, Verdict, facts_of, judge, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from django_trustedproxy.engine.networks import TrustedNetworks

    from .forms import Attack
    from .send import Response, Sender
    from .verdict import Facts

_WAIT = 1.1  # until a site that got too many requests verifies tokens again
_MOST_LATE = 10
_LONG_WAIT = 10.0  # until most limits of requests have room for two more
SPOKEN = ("HTTP/1.1", "HTTP/2")


class CannotRunError(Exception):
    """The probe cannot be run; the text says why, and what to do."""


class Settings(NamedTuple):
    """What the command's own settings say: the key, the trusted peers, and the policy's digest.

    `logins` are the META keys of headers that log people in, or that the site guards, and `headers`
    their names on the wire. `stamps` are the names of those that carry a secret, and `own` those of
    designated headers that only these settings know, each with its purpose. `unstamped` are the
    peers that are trusted without a secret, None for all of `networks`.
    """

    key: str
    networks: TrustedNetworks
    digest: str
    logins: Collection[str] = ()
    headers: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    unstamped: TrustedNetworks | None = None


class Door(NamedTuple):
    """A way into the site, and what came of it.

    `honest` is what the site said of a request without an attack, None where it said nothing;
    `closed` says then how it was refused, "" if it was not. `unknown` says why nobody can tell, or
    why the attacks ended before the last one. `own_address` is the address that the
    requests were sent from, as far as this machine knows it, and `address` where they went.
    """

    url: str
    is_origin: bool
    honest: Facts | None
    verdicts: tuple[Verdict, ...] = ()
    closed: str = ""
    own_address: str = ""
    address: str = ""
    unknown: str = ""

    def of(self, kind: str) -> list[Verdict]:
        """Return the verdicts of a kind."""
        return [verdict for verdict in self.verdicts if verdict.kind == kind]


class Runner:
    """Probes one door after the other; `say` gets a line for each step, and `show` each request."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        show: Callable[[Verdict, list[Response]], None],
        groups: Collection[str] = tuple(GROUPS),
    ) -> None:
        self._settings = settings
        self._say = say
        self._show = show
        self._groups = groups
        self._limit = ""  # why no more attacks are sent
        self._late = 0  # how many of them in a row had no answer in time

    def probe(self, sender: Sender, *, is_origin: bool) -> Door:
        """Ask a door honestly, and attack it if the site itself answers.

        Raises `CannotRunError` if the site does not, or if it believes everything sent from here.
        """
        url = f"{sender.target.scheme}://{sender.target.address[0]}:{sender.target.address[1]}"
        self._say(f"{'Origin' if is_origin else 'Front door'} {url}")
        response, facts = self._knock(sender)
        if facts is None and is_origin:
            # Whoever is banned at the front door may be at the origin too.
            closed = "" if self._limit else _closed(response)
            unknown = "" if closed else _unanswered(url, response, self._settings.key)
            self._say(f"  {f'closed: {closed}' if closed else unknown}")
            return Door(url, is_origin, None, closed=closed, unknown=unknown)
        if facts is None:
            raise CannotRunError(_unanswered(url, response, self._settings.key))
        self._say(f"  an honest request: client {facts['client']}, outcome {facts['outcome']}")
        own = sender.own_address
        if self._is_trusted(facts, own):
            believed = _believed(url, facts["client"], own)
            if not is_origin:
                raise CannotRunError(believed)
            return Door(url, is_origin, None, unknown=believed)
        self._limit, self._late = "", 0
        verdicts: list[Verdict] = []
        claims = self._claims(facts)
        table = [row for row in attacks(claims) if row.group in self._groups]
        rows = [row for row in table if row.speaks in SPOKEN]
        for group in dict.fromkeys(row.group for row in rows):
            found = [self._attack(sender, row, facts) for row in rows if row.group == group]
            counted = Counter(verdict.kind for verdict in found)
            told = ", ".join(f"{counted[kind]} {kind}" for kind in KINDS if counted[kind])
            self._say(f"  {GROUPS[group].title}: {told}")
            verdicts += found
        return Door(url, is_origin, facts, tuple(verdicts), "", own, sender.address, self._limit)

    def _is_trusted(self, facts: Facts, own_address: str) -> bool:
        """Tell whether the site trusts this machine, so that whatever it sends is believed."""
        if facts["outcome"] in ("missing", "malformed") and facts["peer"] != own_address:
            return False  # the client is a proxy that named nobody
        networks = self._settings.networks
        if facts["stamp"] in ("absent", "wrong") and self._settings.unstamped is not None:
            networks = self._settings.unstamped
        return (pack(facts["client"] or "") or b"") in networks

    def _knock(self, sender: Sender) -> tuple[Response, Facts | None]:
        (response,) = sender.ask()
        facts = facts_of(response, self._settings.key)
        if facts is None and response.status == 200:
            time.sleep(_WAIT)
            (response,) = sender.ask()
            facts = facts_of(response, self._settings.key)
        return response, facts

    def _claims(self, honest: Facts) -> Claims:
        """Return what the attacks claim: to be a proxy that is believed, and the other scheme."""
        trusted = [address for address in honest["proxies"] if address != UNIX]
        trusted += [str(network[0]) for network in self._settings.networks.merged]
        scheme = "http" if honest["scheme"] == "https" else "https"
        proxy = (trusted or ["127.0.0.1"])[0]
        settings = self._settings
        return Claims(proxy, scheme, settings.headers, settings.stamps, settings.own)

    def _attack(self, sender: Sender, attack: Attack, honest: Facts) -> Verdict:
        if self._limit:
            return Verdict(attack, "not told", "not sent")
        key, logins = self._settings.key, self._settings.logins
        for turn, wait in enumerate((_WAIT, _LONG_WAIT, 0)):
            responses = sender.ask(attack)
            verdict = judge(attack, honest, responses, key, logins)
            self._late = self._late + 1 if verdict.why == LATE else 0
            if self._late == _MOST_LATE:
                self._limit = (
                    f"The site gave no answer in time to {_MOST_LATE} attacks in a row, the last "
                    f"of them {attack.id}. The rest was not sent."
                )
            if self._late or any(facts_of(response, key) for response in responses):
                break
            # What refuses an honest request too has not refused the attack. A limit of requests
            # may have room again by now.
            is_again = turn == 0 and responses[-1].status not in UNREAD
            if not is_again and self._knock(sender)[1] is not None:
                break
            time.sleep(wait)
        else:
            verdict = Verdict(attack, "not told", f"{verdict.why}, as for an honest request")
            self._limit = (
                f"From {attack.id} on, the site answered no honest request either: it limits or "
                "bans this machine. The rest was not sent. Exempt this machine, and run the probe "
                "again."
            )
        self._show(verdict, responses)
        return verdict


def _closed(response: Response) -> str:
    """Return how an origin refuses everybody, or "" if nothing shows that it does.

    Any other status may be that of a page without the probe, and a name that does not exist or a
    port that speaks no TLS is not the origin.
    """
    if response.status is None:
        kind = response.failure
        # Any other alert may be about the name or the version.
        is_asked = kind == "SSLError" and all(w in response.error for w in ("ALERT", "CERTIFICATE"))
        return response.error if kind in (*CLOSED, "TimeoutError") or is_asked else ""
    # nginx answers so without a certificate of the client.
    is_closed = response.status in (401, 403) or (
        response.status == 400 and "SSL certificate" in response.body
    )
    return f"status {response.status}" if is_closed else ""


def _believed(url: str, client: str, own_address: str) -> str:
    """Say why nothing that this machine sends can show a hole."""
    replaced = "" if client == own_address else ", or one of your proxies replaced the header"
    return (
        f"{client}, from which {url} is asked, is trusted, and so is everything that is sent from "
        f"there{replaced}. Run the probe on another machine, and list only the addresses of your "
        f"proxies in TRUSTED_PROXIES. See {page_of_guide('verify', 'why')}"
    )


def _unanswered(url: str, response: Response, key: str) -> str:
    """Say why the site did not answer the first request, and what to do."""
    if response.status is None:
        return f"{url} cannot be reached: {response.error}."
    if response.location:
        return f"{url} redirects to {response.location}: run the probe for the URL of the site."
    if signed(response, key) is not None:
        return f"A cache answered in place of {url}, although the answer says no-store."
    return (
        f"{url} answered with status {response.status}, and not with the site's signed answer, so "
        "it is not attacked. Set TRUSTED_PROXY_PROBE = True on the site, and restart it. Run the "
        "command with the site's own SECRET_KEY, on a machine whose clock is right. ALLOWED_HOSTS "
        "must have the host of the URL, and every proxy must pass on the header "
        "X-Trusted-Proxy-Probe."
    )


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet."""
    return ip_address(address.partition("%")[0]).is_global
