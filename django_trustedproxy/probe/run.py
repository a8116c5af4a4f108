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
from .verdict import KINDS, facts_of, judge, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from django_trustedproxy.engine.networks import TrustedNetworks

    from .forms import Attack
    from .send import Response, Sender
    from .verdict import Facts, Verdict

_WAIT = 1.1  # until a site that got too many requests verifies tokens again
SPOKEN = ("HTTP/1.1", "HTTP/2")


class CannotRunError(Exception):
    """The probe cannot be run; the text says why, and what to do."""


class Settings(NamedTuple):
    """What the command's own settings say: the key, the trusted peers, and the policy's digest.

    `logins` are the META keys of headers that log people in, or that the site guards, and `headers`
    their names on the wire. `stamps` are the names of those that carry a secret.
    """

    key: str
    networks: TrustedNetworks
    digest: str
    logins: Collection[str] = ()
    headers: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()


class Door(NamedTuple):
    """A way into the site, and what came of it.

    `honest` is what the site said of a request without an attack, None where it said nothing;
    `closed` says then how it was refused, "" if it was not. `own_address` is the address that the
    requests were sent from, as far as this machine knows it, and `address` where they went.
    """

    url: str
    is_origin: bool
    honest: Facts | None
    verdicts: tuple[Verdict, ...] = ()
    closed: str = ""
    own_address: str = ""
    address: str = ""

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

    def probe(self, sender: Sender, *, is_origin: bool) -> Door:
        """Ask a door honestly, and attack it if the site itself answers.

        Raises `CannotRunError` if the site does not, or if it believes everything sent from here.
        """
        url = f"{sender.target.scheme}://{sender.target.address[0]}:{sender.target.address[1]}"
        self._say(f"{'Origin' if is_origin else 'Front door'} {url}")
        response, facts = self._knock(sender)
        if facts is None and is_origin and (closed := _closed(response)):
            self._say(f"  closed: {closed}")
            return Door(url, is_origin, None, closed=closed)
        if facts is None:
            raise CannotRunError(_unanswered(url, response, self._settings.key))
        self._say(f"  an honest request: client {facts['client']}, outcome {facts['outcome']}")
        own = sender.own_address
        if (client := pack(facts["client"] or "")) and client in self._settings.networks:
            raise CannotRunError(
                f"{facts['client']}, from which {url} is asked, is trusted, and so is everything "
                "that is sent from there. Run the probe on another machine, and list only the "
                "addresses of your proxies in TRUSTED_PROXIES. "
                f"See {page_of_guide('verify', 'why')}"
            )
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
        return Door(url, is_origin, facts, tuple(verdicts), "", own, sender.address)

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
        return Claims(proxy, scheme, self._settings.headers, self._settings.stamps)

    def _attack(self, sender: Sender, attack: Attack, honest: Facts) -> Verdict:
        key, logins = self._settings.key, self._settings.logins
        responses = sender.ask(attack)
        verdict = judge(attack, honest, responses, key, logins)
        if verdict.kind == "not told" and not facts_of(responses[-1], key):
            time.sleep(_WAIT)
            responses = sender.ask(attack)
            verdict = judge(attack, honest, responses, key, logins)
        self._show(verdict, responses)
        return verdict


def _closed(response: Response) -> str:
    """Return how an origin refuses everybody, or "" if it does not."""
    if response.status is None:
        return response.error
    return f"status {response.status}" if 400 <= response.status < 500 else ""


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
