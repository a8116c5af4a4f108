"""A file of ranges as the command writes it."""

CLOUDFLARE = """\
# cloudflare  https://api.cloudflare.com/client/v4/ips
# fetched 2026-11-25T08:00:00Z, refresh within 30 days
103.21.244.0/22
2400:cb00::/32
# end 2
"""
