import asyncio

import pytest


@pytest.fixture(autouse=True)
def _loop():
    """Give each test an event loop: Mangum runs events in the one that it finds, or leaves one.

    `asyncio.run` in another test takes the loop of the thread away.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
