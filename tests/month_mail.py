"""What the leads of a simulated month send back, as their mail programs and servers would write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo


class About(NamedTuple):
    """What an answer is about: the email of ours, whom it went to, when the answer comes, and when they are back."""

    email: Message
    address: str
    at: datetime
    back: datetime
    number: int

    @property
    def message_id(self) -> str:
        """Return the Message-ID of our email."""
        return str(self.email["Message-ID"])


_REPLIES = (
    "Thank you, that sounds good. Please call me on Tuesday.",
    "Guten Tag, danke für die Nachricht. Rufen Sie mich bitte am Dienstag an.",
    "Bonjour, merci pour votre message. Appelez-moi mardi, s'il vous plaît.",
    "Hola, gracias por su mensaje. Llámeme el martes, por favor.",
    "Buongiorno, grazie del messaggio. Mi chiami martedì, per favore.",
    "Dag, dank voor uw bericht. Belt u mij dinsdag even?",
    "Dzień dobry, dziękuję za wiadomość. Proszę zadzwonić we wtorek.",
)
_NO = (
    "Thanks, but we are not interested.",
    "Vielen Dank, aber wir haben kein Interesse.",
    "Merci, mais nous ne sommes pas intéressés.",
    "Gracias, pero no estamos interesados.",
    "Grazie, ma non siamo interessati.",
)
_STOP = (
    "Please unsubscribe me.",
    "Bitte melden Sie mich vom Verteiler ab.",
    "Merci de me désabonner.",
    "Please remove me from your list.",
)
_QUOTED = (
    "On {day} Anna Weber wrote:",
    "Am {day} schrieb Anna Weber:",
    "Le {day}, Anna Weber a écrit :",
    "El {day}, Anna Weber escribió:",
    "Il giorno {day} Anna Weber ha scritto:",
    "Op {day} schreef Anna Weber:",
    "W dniu {day} Anna Weber napisał:",
)
_MONTHS = {
    "en": ["January", "February", "March", "April", "May", "June", "July"],
    "de": ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"],
    "fr": ["janvier", "février", "mars", "avril", "mai", "juin", "juillet"],
    "es": ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio"],
}


def write(kind: str, about: About) -> bytes:
    """Return what comes back, of a kind that a plan names."""
    return _KINDS[kind](about)


def _mail(about: About, sender: str, subject: str, text: str, *headers: str) -> bytes:
    lines = (
        f"From: {sender}",
        f"To: {about.email['From']}",
        f"Subject: {subject}",
        f"Message-ID: <{about.number}@answers.example>",
        f"Date: {format_datetime(about.at)}",
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
    )
    return ("\r\n".join(lines).replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n").encode()


def _refers(about: About) -> tuple[str, str]:
    return f"In-Reply-To: {about.message_id}", f"References: {about.message_id}"


def _answer(about: About, text: str, number: int, sender: str = "") -> bytes:
    quoted = "\n".join(f"> {line}" for line in text_of(about.email).splitlines())
    intro = _QUOTED[number % len(_QUOTED)].format(day=f"{about.at:%d.%m.%Y} 10:00")
    return _mail(about, sender or about.address, "Re: hello", f"{text}\n\n{intro}\n{quoted}", *_refers(about))


def text_of(email: Message) -> str:
    """Return the plain text of an email."""
    for part in email.walk():
        if part.get_content_type() == "text/plain":
            return bytes(part.get_payload(decode=True) or b"").decode()
    return ""


def _reply(about: About) -> bytes:
    return _answer(about, _REPLIES[about.number % len(_REPLIES)], about.number)


def _reply_elsewhere(about: About) -> bytes:
    return _answer(about, _REPLIES[about.number % len(_REPLIES)], about.number, f"office{about.number}@other.example")


def _not_interested(about: About) -> bytes:
    return _answer(about, _NO[about.number % len(_NO)], about.number)


def _unsubscribe(about: About) -> bytes:
    return _answer(about, _STOP[about.number % len(_STOP)], about.number)


def _unsubscribe_by_mail(about: About) -> bytes:
    return _mail(about, about.address, "unsubscribe", "")


def _day(about: About, language: str) -> str:
    back = about.back.astimezone(ZoneInfo("Europe/Berlin"))
    dot = "." if language == "de" else ""
    of = " de" if language == "es" else ""
    return f"{back.day}{dot}{of} {_MONTHS[language][back.month - 1]}{of} {back.year}"


def _away(about: About) -> bytes:
    language, subject, text = (
        ("en", "Automatic reply: hello", "I am out of the office and will be back on {day}."),
        ("de", "Automatische Antwort: hello", "Ich bin nicht im Büro und erst wieder am {day} erreichbar."),
        ("fr", "Réponse automatique : hello", "Je suis absent du bureau et de retour le {day}."),
        ("es", "Respuesta automática: hello", "Estoy fuera de la oficina y vuelvo el {day}."),
    )[about.number % 4]
    text = text.format(day=_day(about, language))
    return _mail(about, about.address, _encoded(subject), text, "Auto-Submitted: auto-replied", *_refers(about))


def _encoded(subject: str) -> str:
    from email.header import Header  # noqa: PLC0415 - only here

    return subject if subject.isascii() else Header(subject, "utf-8").encode()


def _away_for_long(about: About) -> bytes:
    text = "Ich bin derzeit nicht im Büro. Ihre E-Mail wird nicht weitergeleitet."
    return _mail(
        about, about.address, "Abwesenheitsnotiz: hello", text, "Auto-Submitted: auto-replied", *_refers(about)
    )


def _ticket(about: About) -> bytes:
    text = f"We have received your request and opened ticket #{about.number}. Please do not reply to this email."
    return _mail(
        about, about.address, f"[Ticket {about.number}] hello", text, "Auto-Submitted: auto-generated", *_refers(about)
    )


def _report(about: About, kind: str, fields: str, text: str, subject: str, *, message_id: str = "") -> bytes:
    returned = f"From: {about.email['From']}\nTo: {about.address}\nMessage-ID: {message_id or about.message_id}\n"
    lines = f"""\
From: MAILER-DAEMON@mx.example
To: {about.email["From"]}
Subject: {subject}
Message-ID: <{about.number}@mx.example>
Date: {format_datetime(about.at)}
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="b"

--b
Content-Type: text/plain

{text}

--b
Content-Type: message/{kind}

{fields}

--b
Content-Type: text/rfc822-headers

{returned}Subject: hello

--b--
"""
    return lines.replace("\n", "\r\n").encode()


def _dsn(action: str, status: str, said: str) -> Callable[[About], bytes]:
    def write_it(about: About) -> bytes:
        diagnosis = f"\nDiagnostic-Code: smtp; {said}" if said else ""
        fields = (
            f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {about.address}\n"
            f"Action: {action}\nStatus: {status}{diagnosis}"
        )
        subject = "Delivery delayed" if action == "delayed" else "Undelivered Mail Returned to Sender"
        return _report(about, "delivery-status", fields, "This is the mail system.", subject)

    return write_it


def _forged(about: About) -> bytes:
    fields = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {about.address}\nAction: failed\nStatus: 5.1.1"
    )
    return _report(
        about, "delivery-status", fields, "I could not deliver it.", "Undelivered Mail", message_id="<1@else.example>"
    )


def _complaint(about: About) -> bytes:
    fields = f"Feedback-Type: abuse\nUser-Agent: Loop/1.0\nVersion: 1\nOriginal-Rcpt-To: {about.address}"
    return _report(about, "feedback-report", fields, "This is an email abuse report.", "Abuse report")


def _receipt(about: About) -> bytes:
    fields = (
        f"Reporting-UA: pc.example; Mail\nFinal-Recipient: rfc822; {about.address}\n"
        f"Original-Message-ID: {about.message_id}\nDisposition: manual-action/MDN-sent-manually; displayed"
    )
    return _report(about, "disposition-notification", fields, "Your message was displayed.", "Read: hello")


def _calendar(about: About) -> bytes:
    start = about.at + timedelta(days=1)
    return f"""\
From: {about.address}
To: {about.email["From"]}
Subject: Accepted: hello
Message-ID: <{about.number}@answers.example>
Date: {format_datetime(about.at)}
MIME-Version: 1.0
Content-Type: text/calendar; method=REPLY; charset=utf-8

BEGIN:VCALENDAR
VERSION:2.0
METHOD:REPLY
BEGIN:VEVENT
UID:{about.number}@answers.example
DTSTART:{start:%Y%m%dT%H%M%SZ}
ATTENDEE;PARTSTAT=ACCEPTED:mailto:{about.address}
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


_KINDS: Mapping[str, Callable[[About], bytes]] = {
    "reply": _reply,
    "reply elsewhere": _reply_elsewhere,
    "not interested": _not_interested,
    "unsubscribe": _unsubscribe,
    "unsubscribe by mail": _unsubscribe_by_mail,
    "dead": _dsn("failed", "5.1.1", "550 5.1.1 user unknown"),
    "full": _dsn("failed", "5.2.2", "552 5.2.2 mailbox full"),
    "policy": _dsn("failed", "5.7.1", "550 5.7.1 not accepted for policy reasons"),
    "delay": _dsn("delayed", "4.4.1", ""),
    "complaint": _complaint,
    "away": _away,
    "away for long": _away_for_long,
    "ticket": _ticket,
    "receipt": _receipt,
    "calendar": _calendar,
    "forged": _forged,
}


def noise(number: int, at: datetime) -> bytes:
    """Return mail that has nothing to do with us."""
    return f"""\
From: news{number}@letters.example
To: anna@shop.example
Subject: Offers of the week
Message-ID: <noise{number}@letters.example>
Date: {format_datetime(at)}
List-Id: <news.letters.example>
List-Unsubscribe: <mailto:leave@letters.example>
Content-Type: text/plain

Everything must go. Unsubscribe below.
""".replace("\n", "\r\n").encode()
