"""Debian's Chromium, headless, and the example behind Caddy for it to look at."""

import contextlib
import shutil

from selenium import webdriver

from tests import stack

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def origin(port):
    return f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def started(profile):
    """Run Chromium with a fresh profile directory."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With the path of the driver, selenium looks for none in the network.
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()


@contextlib.contextmanager
def example(*, caddyfile=None, has_direct_origin=True, listener="unix", trusted="unix:"):
    """Run gunicorn behind Caddy; give the origin of each."""
    with stack.workplace() as place, contextlib.ExitStack() as running:
        port, direct = stack.free_port(), stack.free_port()
        env = {"EXAMPLE_TRUSTED_PROXIES": trusted, "EXAMPLE_PROXY_ORIGIN": origin(port)}
        if has_direct_origin:
            env["EXAMPLE_DIRECT_ORIGIN"] = origin(direct)
        running.enter_context(stack.gunicorn(place, direct, **env))
        upstream = f"unix/{place}/gunicorn" if listener == "unix" else f"127.0.0.1:{direct}"
        config = {}
        if caddyfile is not None:
            config["config"] = place / "Caddyfile"
            config["config"].write_text(caddyfile)
        running.enter_context(stack.caddy(place, port, upstream, **config))
        yield origin(port), origin(direct)


def show(driver, *, width, height=900, scheme="light"):
    """Look at pages as on a screen of this width, in the light or the dark colour scheme."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
