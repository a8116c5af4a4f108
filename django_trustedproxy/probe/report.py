"""What the command prints when a probe is over: what was found, or the same as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .findings import Finding
    from .run import Door


class Report(NamedTuple):
    """Each door with what was found there."""

    doors: tuple[tuple[Door, list[Finding]], ...]

    @property
    def is_forged(self) -> bool:
        """Tell whether an attack worked anywhere."""
        return any(door.of("forged") for door, _ in self.doors)

    @property
    def is_complete(self) -> bool:
        """Tell whether every door was judged, and every attack sent."""
        return not any(door.unknown for door, _ in self.doors)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the lines of what was found, each with its level; "title" is a heading."""
        for door, findings in self.doors:
            yield "title", f"{'Origin' if door.is_origin else 'Front door'} {door.url}"
            for finding in findings:
                yield finding.level, f"  {finding.level.upper()}: {finding.text}"
                for line in finding.lines:
                    yield "text", f"    {line}"
                if finding.link:
                    yield "text", f"    see {finding.link}"
            if not findings:
                yield "good", "  GOOD: nothing is forged, and nothing else is wrong."
        if self.is_forged:
            yield "title", "An attack worked."
        else:
            tried = "" if self.is_complete else " Not everything was tried."
            yield "title", f"No attack worked.{tried}"

    def facts(self) -> dict[str, Any]:
        """Return the same as data, with every request."""
        return {
            "forged": self.is_forged,
            "complete": self.is_complete,
            "doors": [
                {
                    "url": door.url,
                    "origin": door.is_origin,
                    "closed": door.closed or None,
                    "unknown": door.unknown or None,
                    "honest": door.honest,
                    "findings": [finding._asdict() for finding in findings],
                    "attacks": [
                        {"id": verdict.attack.id, "verdict": verdict.kind, "why": verdict.why}
                        for verdict in door.verdicts
                    ],
                }
                for door, findings in self.doors
            ],
        }
