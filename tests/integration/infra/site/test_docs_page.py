"""The documentation page in a real browser, under the content security policy of the deployed site.

The browser is started for each page; what it says on its console would be a refusal by the policy,
or a script that failed.
"""

import http.server
import json
import re
import subprocess
import threading
from contextlib import contextmanager

import pytest

from infra.cloud.page_config import page_config
from infra.site import policy
from infra.site.build import OPENAPI, SiteFile, build
from tests.shared import browser, deployed

POLICY = policy.deployed("eu-central-1", "amazonaws.com", "issuer.example", "login.example")
BROWSER = browser.executable()

pytestmark = pytest.mark.skipif(BROWSER is None, reason=browser.WITHOUT)


@contextmanager
def served(files):
    """The files as CloudFront serves them; yields their address."""
    by_key = {file.key: file for file in files}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            key = self.path.partition("?")[0].lstrip("/")
            found = by_key.get(f"{key}index.html" if key == "" or key.endswith("/") else key)
            self.send_response(200 if found else 404)
            self.send_header("content-security-policy", POLICY)
            for name, value in policy.HEADERS.items():
                self.send_header(name, value)
            if found:
                self.send_header("content-type", found.content_type)
                self.send_header("cache-control", found.cache_control)
            self.end_headers()
            self.wfile.write(found.body if found else b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def look_at(url, folder):
    """What stands in the page once its scripts have run, and what the console says."""
    done = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",  # CI runs as root
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={folder}",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, re.findall(r":CONSOLE[^\]]*\] (.*)", done.stderr)


@pytest.fixture(scope="module")
def site():
    return build(page_config(deployed.stack()))


def test_the_page_shows_every_operation_and_nothing_is_refused(site, tmp_path):
    documented = json.loads(OPENAPI.read_text())["paths"]

    with served(site) as address:
        page, console = look_at(f"{address}/docs/", tmp_path)

    assert console == []
    shown = set(re.findall(r'data-path="([^"]*)"', page))
    assert shown == documented.keys()
    assert deployed.OUTPUTS["ApiUrl"] in page


def test_what_the_policy_refuses_would_be_seen(site, tmp_path):
    page = b"<!doctype html><p style='color: red'>x</p><script>document.title = 'run'</script>"
    inline = SiteFile("inline.html", page, "text/html; charset=utf-8", immutable=False)

    with served((*site, inline)) as address:
        found, console = look_at(f"{address}/inline.html", tmp_path)

    assert "<title>run" not in found
    assert sum("Content Security Policy" in line for line in console) == 2
