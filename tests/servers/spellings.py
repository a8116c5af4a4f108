"""Spellings of a header's name that a server or a proxy may take for the name itself."""

from tests.requests import CLIENT
from tests.servers.raw_requests import FORMS, VICTIM, Form

DASHED = f"X-Forwarded-For: {CLIENT}".encode()
SPELLINGS = (
    Form("alone", (f"X_Forwarded_For: {VICTIM}".encode(),)),
    Form("behind", (DASHED, f"X_Forwarded_For: {VICTIM}".encode())),
    Form("before", (f"X_Forwarded_For: {VICTIM}".encode(), DASHED)),
    Form("one of two, behind", (DASHED, f"X-Forwarded_For: {VICTIM}".encode())),
    Form("the other, behind", (DASHED, f"X_Forwarded-For: {VICTIM}".encode())),
    Form("in lower case, behind", (DASHED, f"x_forwarded_for: {VICTIM}".encode())),
)
BLANK = Form("a blank before the colon", (DASHED, f"X-Forwarded-For : {VICTIM}".encode()))

MIXED = tuple(
    f"{name}: {value}".encode()
    for names, value in (
        (("X_Forwarded_For", "X_Forwarded-For", "X-Forwarded_For"), "6.6.6.6"),
        (("X_Forwarded_Proto", "X_Forwarded-Proto", "X-Forwarded_Proto"), "https"),
    )
    for name in names
)
# Apache puts a name behind its own line where the client wrote that with dashes.
BOTH_DASHED = (b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-Proto: https")
UNDERSCORES = [
    *(form for form in FORMS if "underscore" in form.name),
    *(Form(line.decode(), (line,)) for line in MIXED),
    *(Form(f"dashes, then {line.decode()}", (*BOTH_DASHED, line)) for line in MIXED),
    Form("all of them", MIXED),
    Form("in lower case", tuple(line.lower() for line in MIXED)),
    Form("twice", MIXED + MIXED),
    Form("behind an empty one", (b"A_B:", *MIXED)),
    Form("empty ones", tuple(line.partition(b" ")[0] for line in MIXED)),
]
