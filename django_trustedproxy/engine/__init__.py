"""The decision, pure: it imports nothing but itself.

In the order of a request: a `policy` says whom to trust and what to read. `decision` asks
`addresses` and `networks` whether the peer is trusted, reads the designated header through `hops`
from the right, and the other designated headers by their `purposes`. `answer` is what comes out.
"""
