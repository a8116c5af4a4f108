"""The decision, pure: it imports nothing but itself.

In the order of a request: a `policy` says whom to trust and what to read. `decision` asks
`addresses` and `networks` whether the peer is trusted, reads the designated header through `hops`
from the right, and the other designated headers by their `purposes`. `answer` is what comes out.
Beside these, `stamps` has the secrets, `identity` the headers that log users in, `mistakes` what an
entry that cannot be used was meant to be, and `everybody` which networks are too wide.
"""
