"""How mail programs mark what they quote in plain text, by language: words only, `new_text` knows what to do."""

# ruff: noqa: RUF001 - these are the signs that mail programs in other scripts write

from __future__ import annotations

WROTE = (
    "wrote", "writes",
    "schrieb", "schrieben", "hat geschrieben",
    "a écrit", "écrit",
    "escribió", "ha scritto", "scrive", "escreveu",
    "schreef",
    "napisał", "napisała", "napisał(a)", "pisze", "nadesłał",
    "napsal", "napsala", "napsal(a)", "napísal", "napisao", "a scris",
    "skrev", "kirjoitti", "írta", "yazdı", "έγραψε",
    "написал", "написала", "написав", "пишет", "писал", "писала",
    "さんは書きました", "のメール", "さんのメッセージ", "写道", "寫道", "님이 작성",
)  # fmt: skip
"""How the line above a quotation ends: "On ..., Eva wrote:"."""

OPENERS = (
    "on", "at", "from", "am", "von", "le", "el", "no dia", "il", "il giorno", "in data", "op", "em", "dnia", "w dniu",
    "den", "dne", "d.", "pe", "ma", "ti", "ke", "to", "la", "su", "a", "в", "de", "da", "po",
    "mon", "tue", "wed", "thu", "fri", "sat", "sun",
)  # fmt: skip
"""How such a line begins; it may also begin with a number or a short name of a day."""

SEPARATORS = (
    "original message", "original appointment", "original mail", "original", "forwarded message", "reply message",
    "reply above this line", "urgent message",
    "original-nachricht", "originalnachricht", "ursprüngliche nachricht", "urspr. nachricht",
    "weitergeleitete nachricht",
    "message d'origine", "message original", "message transféré",
    "mensaje original", "mensaje reenviado", "mensagem original", "mensagem encaminhada",
    "messaggio originale", "messaggio inoltrato",
    "oorspronkelijk bericht", "doorgestuurd bericht",
    "oryginalna wiadomość", "wiadomość oryginalna", "wiadomość przekazana",
    "původní zpráva", "oprindelig meddelelse", "ursprungligt meddelande", "ursprungsmeddelande",
    "opprinnelig melding", "alkuperäinen viesti", "исходное сообщение", "пересылаемое сообщение",
    "元のメッセージ", "転送メッセージ", "原始邮件", "原始郵件", "원본 메시지",
)  # fmt: skip
"""What stands between rows of dashes: "-----Original Message-----"."""

FROM = (
    "from", "von", "absender", "de", "expéditeur", "remitente", "da", "mittente", "van", "od", "nadawca", "från", "fra",
    "lähettäjä", "от", "от кого", "差出人", "发件人", "寄件者", "보낸 사람",
)  # fmt: skip
"""The first field of a block of header fields, as Outlook writes one."""

FIELDS = (
    "sent", "date", "to", "cc", "bcc", "subject", "reply-to", "organization", "importance",
    "gesendet", "datum", "an", "betreff", "kopie",
    "envoyé", "envoyé le", "date d'envoi", "à", "objet", "destinataire",
    "enviado", "enviado el", "enviada", "enviado em", "fecha", "data", "para", "asunto", "assunto",
    "inviato", "a", "oggetto", "verzonden", "aan", "onderwerp",
    "wysłano", "wysłane", "do", "temat", "dw", "odesláno", "komu", "předmět",
    "skickat", "till", "ämne", "kopia", "sendt", "til", "emne", "dato", "lähetetty", "päiväys", "vastaanottaja", "aihe",
    "дата", "кому", "тема",
    "送信日時", "日時", "宛先", "件名",
    "发送时间", "发送日期", "收件人", "主题", "抄送", "보낸 날짜", "받는 사람", "제목", "참조",
)  # fmt: skip
"""The other fields of such a block."""
