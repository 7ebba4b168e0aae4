"""What replies say, whose they are, and what may follow from them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automations.core.history import MessageRecord, MessageState
from automations.core.incoming import Failure, Kind, Reason, Says, Verdict
from automations.core.leads import LeadKey
from automations.core.messages import message_id, message_key
from automations.mail.incoming.matching import How, known_of, match, may_suppress
from automations.mail.incoming.replies import own_phrases, what_it_says

SAYINGS = [
    ("Sounds good, let's talk on Thursday.", Says.INTERESTED),
    ("Gerne, rufen Sie mich bitte an.", Says.INTERESTED),
    ("Merci, envoyez-moi un devis.", Says.INTERESTED),
    ("Me interesa, envíeme más información.", Says.INTERESTED),
    ("Volentieri, mi mandi un preventivo.", Says.INTERESTED),
    ("Tenho interesse, envie-me uma proposta.", Says.INTERESTED),
    ("Klinkt goed, stuur me een offerte.", Says.INTERESTED),
    ("Chętnie, proszę o ofertę.", Says.INTERESTED),
    ("興味があります。資料をお送りください。", Says.INTERESTED),
    ("Not right now, maybe next year.", Says.NOT_NOW),
    ("Im Moment nicht, melden Sie sich wieder im neuen Jahr.", Says.NOT_NOW),
    ("Pas pour le moment, recontactez-moi à la rentrée.", Says.NOT_NOW),
    ("Por ahora no, quizás el año que viene.", Says.NOT_NOW),
    ("Al momento no, ci risentiamo dopo l'estate.", Says.NOT_NOW),
    ("Nu niet, misschien volgend jaar.", Says.NOT_NOW),
    ("Na razie nie, może w przyszłym roku.", Says.NOT_NOW),
    ("We are not interested, thank you.", Says.NOT_INTERESTED),
    ("Wir haben kein Interesse.", Says.NOT_INTERESTED),
    ("Non merci, nous ne sommes pas intéressés.", Says.NOT_INTERESTED),
    ("No gracias, no nos interesa.", Says.NOT_INTERESTED),
    ("No grazie, non siamo interessati.", Says.NOT_INTERESTED),
    ("Não, obrigado, não temos interesse.", Says.NOT_INTERESTED),
    ("Geen interesse, dank u.", Says.NOT_INTERESTED),
    ("Dziękuję, nie potrzebujemy.", Says.NOT_INTERESTED),
    ("今回は見送らせていただきます。", Says.NOT_NOW),
    ("I am not the right person, please contact my colleague Tom.", Says.WRONG_PERSON),
    ("Dafür bin ich nicht zuständig.", Says.WRONG_PERSON),
    ("Je ne suis pas la bonne personne.", Says.WRONG_PERSON),
    ("How much is it for 80 people?", Says.QUESTION),
    ("Was kostet das?", Says.QUESTION),
    ("Combien ça coûte ?", Says.QUESTION),
    ("80人分の値段はいくらですか。", Says.QUESTION),
    ("Hello", Says.UNCLEAR),
    ("", Says.UNCLEAR),
]


@pytest.mark.parametrize(("text", "says"), SAYINGS, ids=lambda value: str(value)[:30])
def test_what_a_reply_says(text: str, says: Says) -> None:
    """A reply is sorted by its words, in nine languages; what has no such word is unclear."""
    assert what_it_says(text)[0] is says


def test_the_owners_own_words() -> None:
    """The owner's own phrases are asked before ours, and the words that decided are told."""
    own = own_phrases([(Says.NOT_NOW, ("nach der Messe", "erst ... 2028"))])

    assert what_it_says("Gerne, aber erst NACH der  Messe", own) == (Says.NOT_NOW, "nach der Messe")
    assert what_it_says("Interessant, aber erst im Jahr 2028", own) == (Says.NOT_NOW, "erst ... 2028")
    assert what_it_says("Gerne, aber erst nach der Messe") == (Says.INTERESTED, "gerne")


NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


def sent(lead: str, company: str = "Muster AG") -> MessageRecord:
    """Return an email that was sent to a lead."""
    key = message_key("welcome", "welcome-1", LeadKey(lead))
    return MessageRecord(
        key, "welcome", "welcome-1", LeadKey(lead), lead, company, "anna", MessageState.ACCEPTED, NOW, NOW,
        "Coffee", message_id(key, "shop.example"),
    )  # fmt: skip


EVA, TOM, UTA = sent("eva@muster.example"), sent("tom@reich.example"), sent("uta@gmail.com")
KNOWN = known_of([EVA, TOM, UTA], frozenset({"gmail.com"}))
TOKEN = EVA.key[:26]


def reply(sender: str, *ids: str, kind: Kind = Kind.REPLY, tokens: tuple[str, ...] = ()) -> Verdict:
    """Return a mail from *sender* that refers to *ids*."""
    return Verdict(kind, "", address=sender, sender=sender, message_ids=ids, tokens=tokens)


def bounce(address: str, *ids: str, dead: bool = True) -> Verdict:
    """Return a delivery report about *address*."""
    failure = Failure(address, "5.1.1", "550", permanent=True, dead_address=dead, reason=Reason.NO_ADDRESS)
    return Verdict(Kind.FAILURE, "", address, "mailer-daemon@mx.example", failures=(failure,), message_ids=ids)


@pytest.mark.parametrize(
    ("verdict", "how", "lead"),
    [
        (reply("somebody@else.example", tokens=(TOKEN,)), How.TOKEN, "eva@muster.example"),
        (reply("assistant@else.example", EVA.message_id), How.MESSAGE, "eva@muster.example"),
        (reply("x@else.example", f"<{TOKEN}@relay.example>"), How.MESSAGE, "eva@muster.example"),
        (reply("EVA@muster.example"), How.SENDER, "eva@muster.example"),
        (reply("u.ta+x@googlemail.com"), How.SENDER, "uta@gmail.com"),
        (reply("boss@muster.example"), How.COMPANY, None),
        (reply("other@gmail.com"), How.NOBODY, None),
        (reply("other@else.example"), How.NOBODY, None),
        (bounce("eva@muster.example"), How.SENDER, "eva@muster.example"),
        (bounce("nobody@muster.example"), How.NOBODY, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_whose_a_mail_is(verdict: Verdict, how: How, lead: str | None) -> None:
    """A mail is matched by the surest of what it names: our token, our email, its sender, the sender's company."""
    found = match(verdict, KNOWN)

    assert (found.how, found.lead) == (how, lead)


def test_a_colleague_is_told_apart() -> None:
    """Who only works at the same company is nobody's reply; the leads there are named for a person to decide."""
    assert match(reply("boss@muster.example"), KNOWN).colleagues == (EVA.lead_key,)


@pytest.mark.parametrize(
    ("verdict", "may"),
    [
        (bounce("eva@muster.example", EVA.message_id), True),
        (bounce("", EVA.message_id), True),
        (bounce("eva@muster.example", EVA.message_id, dead=False), False),
        (bounce("eva@muster.example"), False),
        (bounce("tom@reich.example", EVA.message_id), False),
        (bounce("eva@muster.example", "<forged@shop.example>"), False),
        (reply("eva@muster.example", kind=Kind.UNSUBSCRIBE), True),
        (reply("boss@muster.example", kind=Kind.UNSUBSCRIBE), False),
        (reply("x@fbl.example", EVA.message_id, kind=Kind.COMPLAINT), True),
        (reply("x@fbl.example", kind=Kind.COMPLAINT), False),
        (reply("eva@muster.example", EVA.message_id), False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_may_suppress(verdict: Verdict, may: bool) -> None:
    """Fault 81: nothing that does not name our email suppresses an address, but a person's own wish does."""
    assert may_suppress(verdict, match(verdict, KNOWN)) is may
