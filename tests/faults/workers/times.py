"""How long what may take: as it is installed, and shorter, so that a history takes seconds."""

from __future__ import annotations

from dataclasses import dataclass

from bot.database.engine import Sharing
from bot.database.postgres.engine import SHARING


@dataclass(frozen=True)
class Times:
    """Seconds in which a platform must answer, and how workers share."""

    call: float
    sharing: Sharing

    @property
    def silence(self) -> float:
        """Seconds after which the server ends the connection of a worker that says nothing."""
        return 1.5 * self.sharing.lease

    @property
    def take_over_delay(self) -> float:
        return self.sharing.take_over_delay


INSTALLED = Times(20.0, SHARING)
# Each as far above the one before as it is installed.
SHORT = Times(2.0, Sharing(take_over_delay=3.0, deadline=0.8, lease=1.5, look_every=0.1))
