"""The documentation page in a real browser, under the content security policy of the deployed site.

The browser is started for each page; what it says on its console would be a refusal by the policy,
or a script that failed.
"""

import http.server
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.cloud.page_config import page_config
from infra.cloud.site import SiteFile, build
from tests.shared import deployed

ROOT = Path(__file__).parents[4]
SITE = (ROOT / "infra/site.yaml").read_text()
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {BROWSERS}")


@contextmanager
def served(files):
    """The files as CloudFront serves them; yields their address."""
    by_key = {file.key: file for file in files}
    policy = "; ".join(f"{name} {value}" for name, value in POLICY.items())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            key = self.path.partition("?")[0].lstrip("/")
            found = by_key.get(f"{key}index.html" if key == "" or key.endswith("/") else key)
            self.send_response(200 if found else 404)
            self.send_header("content-security-policy", policy)
            self.send_header("x-content-type-options", "nosniff")
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
    return build(page_config(deployed.stack()), Path("nowhere"))


def test_the_policy_is_that_of_the_deployed_site():
    for name, value in POLICY.items():
        assert re.search(rf'"?{name} {re.escape(value)}|{name} {re.escape(value)}', SITE), name


@pytest.mark.parametrize("path", ["/docs/", "/"])
def test_the_page_shows_every_operation_and_nothing_is_refused(site, tmp_path, path):
    with served(site) as address:
        page, console = look_at(f"{address}{path}", tmp_path)

    assert console == []
    shown = set(re.findall(r'data-path="([^"]*)"', page))
    assert {"/predict/comprehensive", "/predict/clv/batch", "/health", "/portfolio/runs"} <= shown
    assert len(shown) == 13
    assert deployed.OUTPUTS["ApiUrl"] in page


def test_what_the_policy_refuses_would_be_seen(site, tmp_path):
    page = b"<!doctype html><p style='color: red'>x</p><script>document.title = 'run'</script>"
    inline = SiteFile("inline.html", page, "text/html; charset=utf-8", immutable=False)

    with served((*site, inline)) as address:
        found, console = look_at(f"{address}/inline.html", tmp_path)

    assert "<title>run" not in found
    assert sum("Content Security Policy" in line for line in console) == 2
