"""The example's page in a real browser, through a real proxy and around it."""

import http.client

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from django_trustedproxy.engine.purposes import meta_name
from example_project.views import ATTACKS
from tests.browser import chromium

CLIENT, PROXY = "127.0.0.1", "127.0.0.5"
# Appends to whatever a client wrote of itself, the scheme and the host, so that all of it arrives.
APPENDING = """
{
	admin off
	auto_https off
	persist_config off
	grace_period 1s
	servers {
		trusted_proxies static 127.0.0.0/8
	}
}
http://{$CADDY_ADDRESS} {
	bind 127.0.0.1
	reverse_proxy {$UPSTREAM} {
		header_up +X-Forwarded-Proto {scheme}
		header_up +X-Forwarded-Host {hostport}
		transport http {
			local_address 127.0.0.5
		}
	}
}
"""
THROUGH_APPENDING = {"caddyfile": APPENDING, "listener": "tcp", "trusted": PROXY}

# Gives the texts with a contrast below 4.5 to what is behind them (WCAG 2.2, 1.4.3).
PALE_TEXTS = """
const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
function rgba(colour) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return pen.getImageData(0, 0, 1, 1).data;
}
function luminance(colour) {
    const [r, g, b] = [...rgba(colour)].map(
        (c) => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(element) {
    const colour = getComputedStyle(element).backgroundColor;
    return rgba(colour)[3] || !element.parentElement ? colour : behind(element.parentElement);
}
const pale = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let count = 0;
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    count += 1;
    const both = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (contrast < 4.5) pale.push([element.tagName, walker.currentNode.data.trim(), contrast]);
}
return {pale, count, page: luminance(behind(document.body))};
"""
FETCH = """
const [url, headers, done] = arguments;
fetch(url, {headers}).then((response) => response.json()).then(done, (error) => done(error.name));
"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with chromium.started(tmp_path_factory.mktemp("profile")) as driver:
        driver.set_script_timeout(60)
        yield driver


@pytest.fixture
def browser(chrome):
    chromium.show(chrome, width=1280)
    chrome.get("about:blank")
    chrome.get_log("browser")  # what an earlier test left there
    return chrome


@pytest.fixture(scope="module")
def plain():
    with chromium.example() as origins:
        yield origins


@pytest.fixture(scope="module")
def appending():
    with chromium.example(**THROUGH_APPENDING) as origins:
        yield origins


def visit(browser, url, headers=None):
    """Open a page; `headers` go with it as if the browser had sent them by itself."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": headers or {}})
    browser.get(url)
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


def button(browser, name):
    (found,) = [b for b in browser.find_elements(By.TAG_NAME, "button") if b.text == name]
    return found


def status(browser):
    return browser.find_element(By.CSS_SELECTOR, "[role=status]")


def press(browser, name):
    """Press a button and return what the page then says."""
    button(browser, name).click()
    WebDriverWait(browser, 20, 0.05).until(lambda _: status(browser).text not in ("", "Asking…"))
    return status(browser).text


def answers(browser, header):
    """Return what the page shows of an attack: for each way the verdict, then terms and texts."""
    cells = browser.find_elements(By.CSS_SELECTOR, f"[data-name='{header}'] td")
    shown = []
    for cell in cells:
        terms = [dt.text for dt in cell.find_elements(By.TAG_NAME, "dt")]
        texts = [dd.text for dd in cell.find_elements(By.TAG_NAME, "dd")]
        verdict = cell.find_element(By.TAG_NAME, "p").text
        shown.append({"verdict": verdict, **dict(zip(terms, texts, strict=True))})
    return shown


def chain(browser):
    """Return the hops as the page draws them: what each is, and its address."""
    return [
        tuple(li.text.splitlines()[:2]) for li in browser.find_elements(By.CSS_SELECTOR, "ol > li")
    ]


def is_scrolled_sideways(browser):
    return browser.execute_script(
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )


def overflowing(browser, selector):
    """Return the texts of the elements whose text does not fit into their box."""
    return [
        found.text
        for found in browser.find_elements(By.CSS_SELECTOR, selector)
        if browser.execute_script(
            "return arguments[0].scrollWidth > arguments[0].clientWidth", found
        )
    ]


def test_the_page_names_the_client_and_draws_the_chain(browser, plain):
    visit(browser, plain[0])
    assert browser.find_element(By.TAG_NAME, "h1").text == f"You are {CLIENT}"
    assert chain(browser) == [
        ("client", CLIENT),
        ("trusted proxy", "Unix socket"),
        ("Django", CLIENT),
    ]
    assert browser.get_log("browser") == []


def test_the_chain_has_every_proxy_in_its_order_and_nothing_that_a_client_wrote(browser):
    trusted = f"{PROXY},{CLIENT},10.0.0.2"
    with chromium.example(**THROUGH_APPENDING | {"trusted": trusted}) as (proxy, _):
        visit(browser, proxy, {"X-Forwarded-For": "6.6.6.6, 2001:db8::9, 10.0.0.2"})
    assert chain(browser) == [
        ("client", "2001:db8::9"),
        ("trusted proxy", "10.0.0.2"),
        ("trusted proxy", CLIENT),
        ("trusted proxy", PROXY),
        ("Django", "2001:db8::9"),
    ]
    assert overflowing(browser, "ol > li") == []
    assert not is_scrolled_sideways(browser)


def test_trusted_and_untrusted_differ_in_text_and_shape_and_not_only_in_colour(browser, plain):
    visit(browser, plain[0])
    client, proxy, _ = browser.find_elements(By.CSS_SELECTOR, "ol > li")
    assert "not trusted" in client.text
    assert "trusted proxy" in proxy.text
    assert "not trusted" not in proxy.text
    styles = [hop.value_of_css_property("border-top-style") for hop in (client, proxy)]
    assert styles == ["dashed", "double"]


def test_the_table_shows_each_header_before_and_after(browser, appending):
    visit(browser, appending[0], {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"})
    rows = browser.find_elements(By.CSS_SELECTOR, ".headers tbody tr")
    cells = [[c.text for c in r.find_elements(By.CSS_SELECTOR, "th, td")] for r in rows]
    host = appending[0].removeprefix("http://")
    assert cells == [
        ["REMOTE_ADDR", PROXY, CLIENT],
        ["X-Forwarded-For", f"6.6.6.6, {CLIENT}", CLIENT],
        ["X-Real-IP", "6.6.6.6", "dropped"],
        ["X-Forwarded-Proto", "http,http", "http"],
        ["X-Forwarded-Host", f"{host},{host}", host],
    ]


@pytest.mark.parametrize("header", ATTACKS)
def test_a_forged_header_arrives_from_both_ways_and_the_answer_does_not_move(
    browser, appending, header
):
    visit(browser, appending[0])
    assert press(browser, f"Forge {header}") == (
        f"{header}: through the proxy, did not move; straight to the server, did not move"
    )
    proxied, direct = answers(browser, header)
    for answer, origin in zip((proxied, direct), appending, strict=True):
        assert answer["verdict"] == "✓ did not move"
        assert (answer["REMOTE_ADDR"], answer["scheme, host"]) == (CLIENT, origin)
    assert proxied["received"].split(",")[0] == ATTACKS[header]
    assert proxied["views see"] in (CLIENT, "nothing")
    assert (direct["received"], direct["views see"]) == (ATTACKS[header], "nothing")
    assert browser.get_log("browser") == []


def test_every_attack_at_once_moves_nothing_in_the_demo_either(browser, plain):
    visit(browser, plain[0])
    assert press(browser, "Run every attack") == "10 of 10 answers: did not move"
    received = [[a["received"] for a in answers(browser, header)] for header in ATTACKS]
    forged = list(ATTACKS.values())
    host = plain[0].removeprefix("http://")
    # The example's Caddy itself replaces the X-Forwarded headers.
    proxied = [CLIENT, *forged[1:3], "http", host]
    assert received == [list(pair) for pair in zip(proxied, forged, strict=True)]
    assert browser.get_log("browser") == []


def test_what_the_page_shows_is_what_the_server_answers(browser, appending):
    visit(browser, appending[0])
    for origin in appending:
        facts = browser.execute_async_script(FETCH, f"{origin}/client.json", ATTACKS)
        assert (facts["client"], facts["uri"]) == (CLIENT, f"{origin}/client.json")
        received = facts["received"]
        for header, forged in ATTACKS.items():
            assert received[meta_name(header)].startswith(forged)


def test_the_page_says_so_where_the_answer_does_move(browser):
    # Whoever trusts the clients' network believes the clients.
    with chromium.example(trusted=f"unix:,{CLIENT}") as (proxy, direct):
        visit(browser, proxy)
        assert "trusted too" in browser.find_element(By.CSS_SELECTOR, "ol > li").text
        assert press(browser, "Run every attack") == (
            "7 of 10 answers: did not move; 2 of 10 answers: MOVED; 1 of 10 answers: no answer"
        )
        assert answers(browser, "X-Forwarded-For")[1]["verdict"] == "✗ MOVED"
        assert answers(browser, "X-Forwarded-For")[1]["REMOTE_ADDR"] == "6.6.6.6"
        assert answers(browser, "X-Forwarded-Proto")[1]["scheme, host"] == direct.replace(
            "http:", "https:"
        )
        # ALLOWED_HOSTS does not have the forged host.
        assert answers(browser, "X-Forwarded-Host")[1]["verdict"] == "✗ no answer"


def test_around_the_proxy_the_page_has_no_proxy_and_attacks_that_way_alone(browser, plain):
    visit(browser, plain[1])
    assert chain(browser) == [("client", CLIENT), ("Django", CLIENT)]
    assert press(browser, "Run every attack") == "5 of 5 answers: did not move"
    assert answers(browser, "Forwarded") == [
        {
            "verdict": "✓ did not move",
            "REMOTE_ADDR": CLIENT,
            "scheme, host": plain[1],
            "received": ATTACKS["Forwarded"],
            "views see": "nothing",
        }
    ]
    assert "Through the proxy" not in browser.find_element(By.TAG_NAME, "main").text


def test_without_a_direct_origin_only_the_way_through_the_proxy_is_there(browser):
    with chromium.example(has_direct_origin=False) as (proxy, _):
        visit(browser, proxy)
        assert press(browser, "Run every attack") == "5 of 5 answers: did not move"
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "Through the proxy" in text
    assert "traight to the server" not in text


def test_the_server_answers_the_scripts_of_no_other_origin(browser, plain):
    visit(browser, plain[0].replace("127.0.0.1", "localhost"))
    assert press(browser, "Forge X-Real-IP") == (
        "X-Real-IP: through the proxy, did not move; straight to the server, no answer"
    )


def test_the_server_lets_the_page_send_no_other_header(browser, plain):
    visit(browser, plain[0])
    url = f"{plain[1]}/client.json"
    assert browser.execute_async_script(FETCH, url, {})["client"] == CLIENT
    assert browser.execute_async_script(FETCH, url, {"X-Client-IP": "6.6.6.6"}) == "TypeError"


@pytest.mark.parametrize("origin", [None, "", "null", "http://evil.example"])
def test_a_preflight_from_elsewhere_is_promised_nothing(plain, origin):
    connection = http.client.HTTPConnection(plain[1].removeprefix("http://"), timeout=60)
    connection.request(
        "OPTIONS", "/client.json", headers={} if origin is None else {"Origin": origin}
    )
    response = connection.getresponse()
    connection.close()
    assert response.status == 200
    assert [name for name in response.headers if name.startswith("Access-Control")] == []


def test_buttons_tables_and_regions_have_names_for_a_screen_reader(browser, plain):
    visit(browser, plain[0])
    names = {
        tag: [found.accessible_name for found in browser.find_elements(By.TAG_NAME, tag)]
        for tag in ("ol", "button", "table")
    }
    assert names == {
        "ol": ["The way of this request"],
        "button": ["Run every attack", *(f"Forge {header}" for header in ATTACKS)],
        "table": [
            "What the server received, and what every view and package sees",
            "What Django concluded from forged headers",
        ],
    }
    roles = [
        browser.find_element(By.TAG_NAME, tag).aria_role for tag in ("main", "ol", "li", "table")
    ]
    assert roles == ["main", "list", "listitem", "table"]
    assert status(browser).aria_role == "status"
    assert browser.find_element(By.CSS_SELECTOR, "tbody th").aria_role == "rowheader"


def test_the_keyboard_reaches_a_button_shows_where_it_is_and_presses_it(browser, plain):
    visit(browser, plain[0])
    for _ in range(2):  # past the link
        browser.switch_to.active_element.send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.text == "Run every attack"
    assert focused.value_of_css_property("outline-style") == "solid"
    assert focused.value_of_css_property("outline-width") == "3px"
    focused.send_keys(Keys.ENTER)
    WebDriverWait(browser, 20, 0.05).until(lambda _: "10 of 10" in status(browser).text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_in_the_scheme_that_the_reader_chose(browser, plain, scheme):
    chromium.show(browser, width=1280, scheme=scheme)
    visit(browser, plain[0])
    press(browser, "Run every attack")
    found = browser.execute_script(PALE_TEXTS)
    assert found["count"] > 100
    assert found["pale"] == []
    assert (found["page"] < 0.1) == (scheme == "dark")


@pytest.mark.parametrize("width", [360, 390, 640, 768])
def test_a_phone_scrolls_the_page_in_one_direction_only(browser, appending, width):
    chromium.show(browser, width=width)
    hostile = "<script>document.title = 'forged'</script>" + "6" * 300
    visit(browser, appending[0], {"X-Real-IP": hostile})
    press(browser, "Run every attack")
    assert browser.execute_script("return innerWidth") == width
    assert not is_scrolled_sideways(browser)
    assert overflowing(browser, "ol > li, th, td, dd") == []
    assert hostile in browser.find_element(By.CSS_SELECTOR, ".headers").text
    assert browser.title == "Who is the client?"
    hops = browser.find_elements(By.CSS_SELECTOR, "ol > li")
    assert (hops[0].rect["x"] == hops[1].rect["x"]) == (width < 768)
