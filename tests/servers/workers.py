"""A worker class of one's own, as the pages mention it."""

from typing import ClassVar

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):
    """uvicorn's worker, which leaves the forwarding headers alone."""

    CONFIG_KWARGS: ClassVar = {"proxy_headers": False}
