"""The network: whether each platform answers, by which proxy, and what the time is there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import httpx

from bot.cli.setup.checks.findings import Finding, Name
from bot.network.failures import HTTPX_FAILURES, explain, refused
from bot.network.options import httpx_options
from bot.network.proxies import proxy_for

_CLOCK_TOLERANCE = 60.0  # seconds


@dataclass
class Network:
    """What was found so far."""

    findings: list[Finding] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)  # names of platforms
    seconds_off: float | None = None  # of our clock; None: nobody told the time

    async def look(self, platform: str, address: str) -> None:
        """Ask a platform for anything, and note whether and when it answered."""
        try:
            async with httpx.AsyncClient(timeout=10, **httpx_options(address)) as client:
                answer = await client.get(address)
        except HTTPX_FAILURES as error:
            self._fail(platform, address, explain(error), str(error) or type(error).__name__)
            return
        if answer.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
            self._fail(platform, address, refused(f"{answer.status_code} {answer.reason_phrase}"))
            return
        if proxy := proxy_for(address):
            self.findings.append(Finding(Name.PROXY, f"{platform} by the proxy {proxy.place} of {proxy.variable}"))
        self._compare(answer.headers.get("Date", ""))

    def clock(self) -> Finding | None:
        """Say whether our clock is right: times decide when rows are due. None where no platform answered."""
        if self.seconds_off is None:
            return None
        off = f"off by {self.seconds_off:+.0f} seconds; let the system keep the time (NTP)"
        return Finding(Name.CLOCK, "clock", off if abs(self.seconds_off) > _CLOCK_TOLERANCE else "")

    def _fail(self, platform: str, address: str, why: str, said: str = "") -> None:
        name = Name.CERTIFICATE if why.startswith("its certificate") else Name.PROXY if why else Name.UNREACHABLE
        self.unreached.add(platform)
        cure = why or f"no answer ({said}); check the network, the firewall, and {platform}.base_url"
        self.findings.append(Finding(name, f"{platform} at {address}", cure))

    def _compare(self, theirs: str) -> None:
        try:
            self.seconds_off = time.time() - parsedate_to_datetime(theirs).timestamp()
        except ValueError:
            return
