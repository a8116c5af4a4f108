"""The probe: `manage.py trustedproxy probe` attacks the site, which tells what it concluded.

`token` is what both ends know; `answer` is the site's end. The command's end is `attacks` (the
table), `send`, `verdict` and `report`.
"""
