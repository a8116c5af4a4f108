"""Range files: how they are read, where they come from, and when a new one may replace an old one.

`file` reads one, `sources` knows who publishes which list, `fetch` gets an answer, and `gate`
compares it with the file that is there. Only the command `trustedproxy refresh` uses the network.
"""
