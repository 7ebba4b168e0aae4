"""Alerts as messages: plain emails to ourselves, which need neither templates nor a footer."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from automations.core.addresses import domain_of
from automations.core.alerts import Alert
from automations.core.leads import LeadKey
from automations.core.messages import Outgoing, message_id, message_key
from automations.core.policy import Business, Sender


def alert_message(alert: Alert, sender: Sender, business: Business, now: datetime) -> Outgoing:
    """Return the bytes of an alert; marked as made by a machine, so that no other machine answers (RFC 3834)."""
    key = message_key("alert", f"{alert.kind} {now.isoformat()}", LeadKey(alert.to))
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(business.name, addr_spec=sender.address)
    message["To"] = alert.to
    message["Subject"] = " ".join(alert.subject.split())
    message["Date"] = now
    message["Message-ID"] = message_id(key, domain_of(sender.address))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(alert.text + "\n")
    return Outgoing(
        key, message_id(key, domain_of(sender.address)), sender.address, alert.to, alert.subject, bytes(message)
    )
