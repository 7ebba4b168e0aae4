"""One email to the person under ``alerts:`` when the service keeps failing."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from automations.core.addresses import domain_of, normalise_address
from automations.core.leads import LeadKey
from automations.core.messages import Hand, Outgoing, message_id, message_key
from automations.core.schedules import say_when
from automations.errors import MailerOutOfReach

if TYPE_CHECKING:
    from automations.project import Project


def send_alert(project: Project, job: str, failures: int, error: Exception, now: datetime) -> None:
    """Send the alert, from the first sender. Nothing happens when nobody is to be told.

    Raises MailerOutOfReach when it cannot be handed over.
    """
    policy = project.policy
    if not policy.alert_problem or not policy.senders:
        return
    sender, to = policy.senders[0], normalise_address(policy.alert_problem)
    key = message_key("alert", f"{job} {now.isoformat()}", LeadKey(to))
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(policy.business.name, addr_spec=sender.address)
    message["To"] = to
    message["Subject"] = f"{job} failed {failures} times in a row"
    message["Date"] = now
    message["Message-ID"] = message_id(key, domain_of(sender.address))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"{say_when(now, now, policy.business.zone)}: the job {job} failed {failures} times in a row.\n\n{error}\n\n"
        "What was sent until then is recorded, and nothing is sent twice.\n"
        "More:  leadwright history    and the file .leadwright/log/serve.jsonl\n"
    )
    outgoing = Outgoing(key, str(message["Message-ID"]), sender.address, to, str(message["Subject"]), bytes(message))
    with project.open_mailer(sender.name) as mailer:
        outcome = mailer.send(outgoing, lambda: True)
    if outcome.hand is not Hand.ACCEPTED:
        raise MailerOutOfReach(f"the alert could not be sent to {to}: {outcome.reply or outcome.hand.value}")
