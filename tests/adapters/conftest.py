import asyncio

import pytest


@pytest.fixture(scope="session", autouse=True)
def _loop():
    """Give the main thread an event loop: Mangum runs each event in the one that it finds."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
