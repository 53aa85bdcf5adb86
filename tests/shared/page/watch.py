"""What goes wrong in a page unseen: on the console, in requests, against the security policy."""

import re
from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

# A request that the page itself cancelled, as what-if does at each move, and downloads.
_DELIBERATE: Final = "net::ERR_ABORTED"
_TELL_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  `Content security policy: ${event.effectiveDirective} blocked ${event.blockedURI}`
  + ` ${event.sourceFile ?? ""}:${event.lineNumber}`));
"""


@dataclass
class PageWatch:
    """Collects faults; those that a test expects are none."""

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """Of the console; no faults."""
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Let pass what matches a regular expression anywhere in its text."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [
            fault
            for fault in self.faults
            if not any(pattern.search(fault) for pattern in self._expected)
        ]

    def attach(self, context: BrowserContext) -> None:
        """Watch all pages of a context from their first line on."""
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "") if message.location else ""
        text = f"console {message.type}: {message.text} ({where})"
        if message.type in {"error", "assert"}:
            self.faults.append(text)
        elif message.type == "warning":
            self.warnings.append(text)

    def _error(self, error: WebError) -> None:
        self.faults.append(f"page error: {error.error}")

    def _failed(self, request: Request) -> None:
        if request.failure != _DELIBERATE:
            self.faults.append(f"request failed: {request.method} {request.url}: {request.failure}")
