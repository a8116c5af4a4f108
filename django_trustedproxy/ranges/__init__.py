"""Range files: how they are read, where they come from, and when a new one may replace an old one.

`file` reads one, `sources` knows who publishes which list, `fetch` gets an answer, `gate` compares
it with the file that is there, and `store` writes it. `doubts` has what vendors gave up. `command`
is `trustedproxy refresh`, which alone uses the network.
"""
