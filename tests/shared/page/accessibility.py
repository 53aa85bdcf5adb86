"""axe-core, run in a page: what keeps people from using it."""

from typing import Any, Final

from playwright.sync_api import Page

from tests.shared.oidc_server import NODE_MODULES

SCRIPT: Final = NODE_MODULES / "axe-core/axe.min.js"
_REFUSED: Final = frozenset({"serious", "critical"})
# It would copy imported style sheets into the page, which the policy refuses; no rule needs it.
_RUN: Final = (
    "axe.run(document, {preload: false, resultTypes: ['violations']})"
    ".then((found) => found.violations)"
)


def violations(page: Page) -> list[dict[str, Any]]:
    """All that axe finds in what is on the page now, of whatever weight.

    It is evaluated through the devtools protocol, which no content security policy forbids.
    """
    session = page.context.new_cdp_session(page)
    try:
        if not _evaluated(session, "typeof axe === 'object'"):
            _evaluated(session, SCRIPT.read_text(encoding="utf-8") + ";true")
        found: list[dict[str, Any]] = _evaluated(session, _RUN)
        return found
    finally:
        session.detach()


def told(found: list[dict[str, Any]]) -> str:
    """Rule, target and what is the matter, a paragraph each."""
    return "\n\n".join(
        f"{rule['impact']}: {rule['id']}: {rule['help']}\n  {' '.join(map(str, node['target']))}\n"
        f"  {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    )


def assert_accessible(page: Page) -> None:
    """Nothing of what is on the page now is a serious or critical fault."""
    refused = [rule for rule in violations(page) if rule["impact"] in _REFUSED]
    assert not refused, f"{page.url}\n\n{told(refused)}"


def _evaluated(session: Any, expression: str) -> Any:
    answer = session.send(
        "Runtime.evaluate",
        {
            "expression": expression,
            "awaitPromise": True,
            "returnByValue": True,
            "allowUnsafeEvalBlockedByCSP": True,
        },
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")
