"""The probe: `manage.py trustedproxy probe` attacks the site, which tells what it concluded.

`token` is what both ends know; `answer` is the site's end. The command's end begins in `command`
and `run`. `attacks` is the table, with `forms`, `channels` and `groups`; `send`, with `wire` and
`http2`, sends it; `verdict`, `findings` and `report` say what came of it.
"""
