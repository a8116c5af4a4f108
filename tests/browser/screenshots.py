"""Take pictures of the example's page after every attack; docs/example-page.png is one of them.

Run as `.venv/bin/python -m tests.browser.screenshots DIRECTORY` after `make test-browser`;
`optipng -o5` takes a quarter off the size without a loss.
"""

import base64
import sys
import tempfile
from pathlib import Path

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser import chromium


def take(driver, path):
    """Write the page as a PNG: all of its height, without the margins at its sides."""
    body = driver.find_element("tag name", "body").rect
    picture = driver.execute_cdp_cmd(
        "Page.captureScreenshot",
        {"captureBeyondViewport": True, "clip": body | {"scale": 1}},
    )
    path.write_bytes(base64.b64decode(picture["data"]))


def main(directory):
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, chromium.example() as (proxy, _):  # noqa: SIM117
        with chromium.started(profile) as driver:
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            for width in (1280, 390):
                for scheme in ("light", "dark"):
                    chromium.show(driver, width=width, scheme=scheme)
                    driver.get(proxy)
                    # Not by the mouse, which would stay over the button.
                    driver.find_element("id", "all").send_keys(Keys.ENTER)
                    status = driver.find_element("id", "status")
                    WebDriverWait(driver, 10).until(lambda _, s=status: "answers" in s.text)
                    driver.execute_script("document.activeElement.blur()")
                    take(driver, directory / f"page-{width}-{scheme}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
