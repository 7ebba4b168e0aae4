"""One email to the person under ``alerts:`` when the service keeps failing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from automations.core.alerts import Alert
from automations.core.schedules import say_when
from automations.errors import MailerOutOfReach

if TYPE_CHECKING:
    from automations.project import Project


def send_alert(project: Project, job: str, failures: int, error: Exception, now: datetime) -> None:
    """Send the alert, from the first sender. Nothing happens when nobody is to be told.

    Raises MailerOutOfReach when it cannot be handed over.
    """
    policy = project.policy
    if not policy.alerts.problem or not policy.senders:
        return
    how_often = f"failed {failures} times in a row" if failures > 1 else "failed"
    text = (
        f"{say_when(now, now, policy.business.zone)}: the job {job} {how_often}.\n\n{error}\n\n"
        "What was sent until then is recorded, and nothing is sent twice.\n"
        "More:  leadwright history    and the file .leadwright/log/serve.jsonl"
    )
    alert = Alert(f"failing {job}", policy.alerts.problem, f"{job} {how_often}", text)
    if why := project.tell(alert, now):
        raise MailerOutOfReach(f"the alert could not be sent to {alert.to}: {why}")
