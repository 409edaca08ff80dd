"""When who plans is woken, at the daily minute and at each sweep, and when old deliveries are deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.config.fields import WEEKDAYS, weekdays
from bot.config.settings import Settings


def make_scheduler(
    settings: Settings, ring: Callable[[], Awaitable[object]], prune: Callable[[], Awaitable[object]]
) -> AsyncIOScheduler:
    """Make the scheduler: it calls `ring` at the daily minute, at each sweep, and for the heartbeat.

    An hour after the daily minute it calls `prune`: who runs it at all runs it then, and most is delivered.
    """
    schedule, zone = settings.schedule, settings.zone
    days = ",".join(WEEKDAYS[day] for day in sorted(weekdays(schedule.days)))
    daily = CronTrigger(hour=schedule.at.hour, minute=schedule.at.minute, day_of_week=days, timezone=zone)
    sweep = IntervalTrigger(seconds=int(schedule.sweep.total_seconds()), timezone=zone)
    # Also on days without a post, so that whoever waits for it need not know the days.
    heartbeat = CronTrigger(hour=schedule.at.hour, minute=schedule.at.minute, timezone=zone)
    jobs = {"daily": daily, "sweep": sweep, **({"heartbeat": heartbeat} if settings.operators.heartbeat_url else {})}
    scheduler = AsyncIOScheduler(
        timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )

    for name, trigger in jobs.items():
        scheduler.add_job(ring, trigger, id=name)
    hour = (schedule.at.hour + 1) % 24
    scheduler.add_job(prune, CronTrigger(hour=hour, minute=schedule.at.minute, timezone=zone), id="prune")
    return scheduler
