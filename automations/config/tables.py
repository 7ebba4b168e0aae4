"""Every setting of config.yaml: one entry each, with what may stand there, what it means, its default and its unit.

Reading, the JSON Schema for editors and the reference in README are all made from these tables. They stand in the
order of the file: who we are, where leads are, what a lead is worth, who writes, what is sent, when.
"""

from __future__ import annotations

from automations.config import names, spoken
from automations.config.sentence_shape import Sentence, SentenceShape
from automations.config.settings import Record, Setting, Settings
from automations.config.shapes import AnyText, Choice, Either, Found, Items, Named, Number, Shape, Value
from automations.core.incoming import REPLY_MEANINGS
from automations.core.leads import FieldType, Role

LINE = Value(names.read_line, "a text")
LABEL = Value(names.read_label, "a name")
NAME = Value(names.read_name, "a name of letters, digits and _", ("employees",), names.NAME_PATTERN)
WORKBOOK = Value(names.read_line, "the path of a file", ("leads.xlsx",))
CSV_FILE = Value(names.read_line, "the path of a file", ("leads.csv",))
FOLDER = Value(names.read_line, "the path of a folder")
ADDRESS = Value(names.read_address, "an email address", ("anna@shop.example",), "@")
MAILBOX = Value(names.read_mailbox, "a name and an email address", ("Anna Weber <anna@shop.example>",), "@")
SHEET_LINK = Value(
    names.read_sheet_link, "the link of a Google Sheet", ("https://docs.google.com/spreadsheets/d/1AbCdEfG/edit#gid=0",)
)
ENDPOINT = Value(names.read_endpoint, "the address of a server", ("http://127.0.0.1:8000",), "^https?://")
HOST = Value(names.read_host, "the name of a server", ("smtp.gmail.com",), "^[^@/]+$")
SECRET = Value(
    names.read_secret_name,
    "the name of a secret, like $ANNA_PASSWORD",
    ("$ANNA_PASSWORD",),
    names.SECRET_PATTERN,
    secret=True,
)
SPAN = Value(spoken.read_span, "a time span", ("3 days", "12 hours", "2 weeks"))
CONDITION: Shape[Sentence] = SentenceShape()
PORT = Number(1, 65_535, "the number of a port")

# business
BUSINESS_NAME = Setting("name", LABEL, "what your business is called", required=True)
BUSINESS_ADDRESS = Setting(
    "address",
    Value(names.read_line, "a postal address", ("Lindenstr. 12, 10969 Berlin, Germany",)),
    "your postal address, printed under every email",
    required=True,
)
ZONE = Setting(
    "timezone",
    Value(names.read_zone, "a time zone", ("Europe/Berlin",)),
    "the time zone in which your days begin and end",
    unless="UTC, with a warning",
)
HOLIDAYS = Setting(
    "holidays",
    Value(names.read_holidays, "a code for public holidays", ("DE-BE", "AT", "US-NY")),
    "whose public holidays have no emails and are no business days: a country, or a country and a part of it; with it,"
    " a lead gets none on the holidays of its own country either",
    unless="none",
)
BUSINESS = Settings((BUSINESS_NAME, BUSINESS_ADDRESS, ZONE, HOLIDAYS), "your business")

# leads
HEADER = Setting("header", LABEL, "the header of the column in your sheet", required=True)
TYPE = Setting(
    "type",
    Choice(tuple(FieldType), "types"),
    "what its cells hold",
    default=FieldType.TEXT.value,
)
CHOICES = Setting(
    "choices",
    Items(LABEL, "choice", at_least=1),
    "the only values its cells may have; case does not matter",
    unless="any text will do",
)
COLUMN = Settings((HEADER, TYPE, CHOICES), "a column")
COLUMN_OR_HEADER: Shape[str | Record] = Either(LABEL, COLUMN)

EXCEL = Setting("excel", WORKBOOK, "the workbook with your leads, beside config.yaml")
CSV = Setting("csv", CSV_FILE, "the CSV file with your leads, beside config.yaml")
GOOGLE_SHEET = Setting("google_sheet", SHEET_LINK, "the link of the Google Sheet with your leads")
TAB = Setting(
    "tab", LABEL, "the tab of the workbook or Google Sheet", unless="the one the link names, else the first one"
)
KEY = Setting(
    "key",
    NAME,
    "the column that identifies a lead when rows are sorted or moved, by its name under columns",
    unless="email",
)
COLUMNS = Setting(
    "columns",
    Named(COLUMN_OR_HEADER, "column", NAME, at_least=1),
    "the columns you use, each as  name: header in your sheet",
    required=True,
)
WRITE = Setting(
    "write",
    Named(LABEL, "column", Value(names.read_label, "one of ours")),
    f"the only columns we ever change, each as  ours: header in your sheet. Ours are {', '.join(Role)}",
    unless="nothing is written",
)
BACKUPS = Setting(
    "backups",
    Number(0, 1_000),
    "how many dated copies of your leads we keep in .leadwright/backups, each from before a run wrote; 0 for none",
    default=10,
)
SYNC_FOLDER = Setting(
    "sync_folder",
    Choice(("accepted",), "answers"),
    "write  accepted  to have us write into a folder that OneDrive, Dropbox or the like carries to other machines; "
    "nobody may edit the file elsewhere at that time",
    unless="what we would write waits",
)
LEADS = Settings((EXCEL, CSV, GOOGLE_SHEET, TAB, KEY, COLUMNS, WRITE, BACKUPS, SYNC_FOLDER), "your leads")

# google
CREDENTIALS = Setting(
    "credentials",
    Value(
        names.read_google_credentials,
        "the name of a secret, a file, or none",
        ("google-key.json", "$GOOGLE_KEY", "none"),
        secret=True,
    ),
    "who we are to Google: the file of a robot (a service account) or of an app, a secret like $GOOGLE_KEY that holds "
    "such a file's text, or none for a server on this very machine that asks nobody",
    default="google-key.json",
)
GOOGLE_ENDPOINT = Setting(
    "endpoint",
    ENDPOINT,
    "the address all calls go to: a gateway of yours, or a server to try on; without https only on this very machine",
    default="https://sheets.googleapis.com",
)
PROTECT = Setting(
    "protect",
    Choice(("warn", "strict", "none"), "kinds of protection"),
    "what happens when somebody types into a new column of ours: a warning, a refusal, nothing. Stage and Next step "
    "stay open: there people may type",
    default="warn",
)
WRITE_WHERE = Setting(
    "write",
    Choice(("cells", "mirror"), "ways to write"),
    "where our values stand: in the cells of your tab, or in a tab of our own that yours shows by formulas, for teams "
    "that sort and edit all day long",
    default="cells",
)
GOOGLE = Settings((CREDENTIALS, GOOGLE_ENDPOINT, PROTECT, WRITE_WHERE), "your Google Sheet")

# scoring, segments, stages
POINTS = Setting("points", Number(-10_000, 10_000), "how many points the rule gives; may be less than 0", required=True)
WHEN: Setting[Sentence] = Setting("when", CONDITION, "for which leads it does", required=True)
BECAUSE = Setting("because", LABEL, "the reason, as your salespeople shall read it", unless="the sentence under when")
GROUP = Setting("group", LABEL, "the group whose cap under score_caps counts this rule", unless="no group")
FADES = Setting(
    "fades",
    Value(spoken.read_fade, "how points fade", ("50% a month", "10% a week since asked_on")),
    "how fast the points lose their worth since a date; a month is 30 days",
    unless="they keep it",
)
SCORING_RULE = Settings((POINTS, WHEN, BECAUSE, GROUP, FADES), "a scoring rule")
MOVE_TO = Setting("move_to", LABEL, "the stage a lead moves forward to", required=True)
STAGE_RULE = Settings((MOVE_TO, WHEN), "a stage rule")

# senders
SMTP_HOST = Setting("host", HOST, "the server that takes your emails", required=True)
SMTP_PORT = Setting("port", PORT, "its port", unless="587; 465 with security: tls; 25 with security: none")
SMTP_USER = Setting("user", LINE, "the name to log in with", unless="no login")
SMTP_PASSWORD = Setting("password", SECRET, "the name of the password in .env", unless="no login")
SECURITY = Setting(
    "security",
    Choice(("starttls", "tls", "none"), "kinds of security"),
    "how the connection is protected; none only for a server on this very machine, by the name localhost or its number",
    unless="starttls; tls on port 465",
)
LOGIN = Setting(
    "login",
    Choice(("password", "google", "microsoft"), "ways to log in"),
    "how the user logs in; google and microsoft need no password but  leadwright connect",
    default="password",
)
IDEMPOTENCY_HEADER = Setting(
    "idempotency_header",
    Value(names.read_line, "the name of a header", ("Resend-Idempotency-Key",), "^[!-9;-~]+$"),
    "the header by which your provider knows an email it took before; an email in doubt goes again within a day",
    unless="your provider knows none",
)
FILES_COPIES = Setting(
    "copies_to_sent",
    Choice(("yes", "no"), "answers"),
    "whether the server itself puts a copy of every email it takes into the Sent folder of imap:; with yes, an email"
    " in doubt that is not there after 15 minutes goes again by itself",
    unless="yes for Gmail and Microsoft 365, no for all others",
)
SMTP = Settings(
    (SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASSWORD, LOGIN, SECURITY, FILES_COPIES, IDEMPOTENCY_HEADER),
    "a mail server",
)
IMAP_HOST = Setting("host", HOST, "the server that keeps your inbox", required=True)
IMAP_PORT = Setting("port", PORT, "its port", unless="993; 143 with security: starttls or none")
IMAP_USER = Setting("user", LINE, "the name to log in with", required=True)
IMAP_PASSWORD = Setting("password", SECRET, "the name of the password in .env", unless="see login")
IMAP_SECURITY = Setting(
    "security",
    Choice(("tls", "starttls", "none"), "kinds of security"),
    "how the connection is protected; none only for a server on this very machine",
    default="tls",
)
IMAP_FOLDERS = Setting(
    "folders",
    Items(LABEL, "folder", at_least=1, or_alone=True),
    "the folders to read for replies and bounces",
    unless="all of them but Sent and Drafts",
)
IMAP = Settings((IMAP_HOST, IMAP_PORT, IMAP_USER, IMAP_PASSWORD, LOGIN, IMAP_SECURITY, IMAP_FOLDERS), "an inbox")
FROM = Setting("from", MAILBOX, "the name and address emails come from", required=True)
REPLY_TO = Setting("reply_to", ADDRESS, "where answers go", unless="to the address under from")
SENDER_SMTP = Setting("smtp", SMTP, "the server to send through", unless="emails are written into the outbox folder")
GMAIL_SERVER = Setting(
    "server",
    Value(names.read_line, "an https address", ("https://gmail.googleapis.com",), "^https?://"),
    "the server to ask; another than Gmail's own is for rehearsals on this very machine",
    default="https://gmail.googleapis.com",
)
GMAIL = Settings((GMAIL_SERVER,), "Gmail's own API")
SENDER_GMAIL = Setting(
    "gmail",
    GMAIL,
    "send through Gmail's own API instead of smtp; write {} for its usual settings, and agree once with"
    "  leadwright connect google",
    unless="smtp",
)
SENDER_IMAP = Setting(
    "imap", IMAP, "the sender's mailbox, for replies and bounces; its Sent folder tells of emails in doubt"
)
PER_DAY = Setting("per_day", Number(1, 100_000), "how many emails may leave in one day", unless="no limit")
CONNECTIONS = Setting(
    "connections", Number(1, 20), "how many emails may be on their way to the mail server at a time", default=1
)
WARM_UP_FROM = Setting(
    "from", Number(1, 100_000), "how many emails may leave on the day of the sender's first one", required=True
)
WARM_UP_ADD = Setting("add", Number(0, 100_000), "how many more on each day after that", required=True)
WARM_UP = Setting(
    "warm_up",
    Settings((WARM_UP_FROM, WARM_UP_ADD), "a warm-up"),
    "a slow start for a new sender, up to per_day; half as many for a week after an email was refused as unwanted",
    unless="none",
)
WITNESS = Setting(
    "witness",
    ADDRESS,
    "a mailbox of yours that gets a copy of every email in the same transaction: it can be looked up when in doubt",
    unless="nobody gets a copy",
)
DKIM_SELECTOR = Setting(
    "dkim_selector",
    LINE,
    "the name under which your mail provider has you publish its DKIM key; doctor looks there",
    unless="the usual names are tried",
)
SIGNATURE = Setting(
    "signature",
    Value(names.read_line, "a file in templates/", ("signature-anna.md",)),
    "a Markdown file that ends this sender's emails; {{ signature }} in an email puts it elsewhere",
    unless="no signature",
)
SENDER = Settings(
    (
        FROM,
        DKIM_SELECTOR,
        REPLY_TO,
        SIGNATURE,
        SENDER_SMTP,
        SENDER_GMAIL,
        SENDER_IMAP,
        WITNESS,
        PER_DAY,
        CONNECTIONS,
        WARM_UP,
    ),
    "a sender",
)

# limits
SEND_BETWEEN = Setting(
    "send_between",
    Value(spoken.read_window, "sending hours", ("09:00-17:00 on weekdays",)),
    "when emails may leave, in the lead's own time zone",
    unless="at any time",
)
GAP = Setting("gap", SPAN, "the least time between two emails to one lead, over all sequences", unless="1 day")
PER_COMPANY = Setting(
    "per_company",
    Value(spoken.read_rate, "how often", ("1 every 3 days",)),
    "how many emails one company gets",
    unless="no limit",
)
PER_DOMAIN = Setting(
    "per_domain",
    Value(spoken.read_rate, "how often", ("1 every 60 seconds",)),
    "how many emails one receiving domain gets, such as gmail.com",
    unless="no limit",
)
PER_LEAD = Setting(
    "per_lead",
    Value(spoken.read_rate, "how often", ("4 a month",)),
    "how many emails one person gets, over all sequences",
    unless="no limit besides the gap",
)
SPREAD = Setting(
    "spread",
    Choice(("yes", "no"), "answers"),
    "whether the emails of a sender leave one by one over the sending hours, at uneven minutes: as many as per_day,"
    " or 100 without it; leadwright serve sends each at its minute, and so does  run --wait",
    default="no",
)
PAUSE_IF_BOUNCES_OVER = Setting(
    "pause_if_bounces_over",
    Value(spoken.read_share, "a percentage", ("5%",)),
    "the share of bounces among the last week's emails that stops all sending, counted from 20 emails on",
    unless="no limit",
)
PAUSE_IF_COMPLAINTS_OVER = Setting(
    "pause_if_complaints_over",
    Value(spoken.read_share, "a percentage", ("0.3%",)),
    "the share of the last week's emails that were marked as spam which stops all sending, counted from 20 emails on",
    unless="no limit",
)
ASK_ME_ABOVE = Setting(
    "ask_me_above",
    Number(0),
    "a run that would send more emails than this, now and over the day, waits for your yes",
    unless="no limit",
)
LIMITS = Settings(
    (
        SEND_BETWEEN,
        SPREAD,
        GAP,
        PER_LEAD,
        PER_COMPANY,
        PER_DOMAIN,
        PAUSE_IF_BOUNCES_OVER,
        PAUSE_IF_COMPLAINTS_OVER,
        ASK_ME_ABOVE,
    ),
    "your limits",
)

# sequences
EMAIL = Setting(
    "email",
    Items(Value(names.read_line, "a file in templates/", ("welcome-1.md",)), "template", at_least=1, or_alone=True),
    "send this template, like  welcome-1.md; of a list, each lead gets one, always the same",
)
WAIT = Setting(
    "wait",
    Value(spoken.read_wait, "a time to wait", ("3 business days", "2 weeks")),
    "let this much time pass after the step before",
)
TASK = Setting("task", LINE, "ask a person to do this; {{ name }} stands for the lead's value")
ONLY_IF: Setting[Sentence] = Setting("only_if", CONDITION, "leave the step out for all other leads", unless="for all")
STEP_NAME = Setting("name", LABEL, "what the step is known by; keep it when you move steps", unless="the template's")
LATE_AFTER = Setting(
    "late_after",
    SPAN,
    "how late this email may still leave by itself, counted from when its lead could be reached first; later, it is"
    " held until the next step is due, and left out then",
    unless="however late; three days when the receiving server put it off",
)
STEP = Settings((EMAIL, WAIT, TASK, ONLY_IF, STEP_NAME, LATE_AFTER), "a step")
START_WHEN: Setting[Sentence] = Setting(
    "start_when", CONDITION, "which leads begin the sequence, once each", required=True
)
SEQUENCE_SENDER: Setting[str | tuple[Found[str], ...]] = Setting(
    "sender",
    Either(LABEL, Items(LABEL, "sender", at_least=1)),
    "who writes: a name under senders, a column whose choices are such names, or a list of senders, among whom leads"
    " are split evenly; a lead keeps whoever wrote to it first",
    unless="the only sender there is",
)
STEPS = Setting("steps", Items(STEP, "step", at_least=1), "emails, waits and tasks, in order", required=True)
STOP_WHEN = Setting(
    "stop_when",
    Items(CONDITION, "sentence", or_alone=True),
    "what ends it early, or  same_company_replied; replies, bounces and unsubscribes always do",
    unless="nothing else",
)
SEQUENCE = Settings((START_WHEN, SEQUENCE_SENDER, STEPS, STOP_WHEN), "a sequence")

# schedule, alerts, tests
JOB = Setting("job", Choice(("run", "inbox", "report"), "jobs"), "what to do; report is not there yet", required=True)
AT = Setting(
    "at",
    Value(spoken.read_schedule, "when", ("08:30 on weekdays", "every 15 minutes", "08:00 on Mondays")),
    "when to do it, in your business's time zone",
    required=True,
)
TO = Setting("to", Items(ADDRESS, "address", at_least=1, or_alone=True), "who gets the report")
LATE_BY = Setting("late_by", SPAN, "how late it may still be done, after the machine was off", unless="2 hours")
SCHEDULED = Settings((JOB, AT, TO, LATE_BY), "a job")

HOT_LEAD = Setting(
    "hot_lead", LABEL, "who is told when a lead turns hot: a sender, or a column of senders", unless="nobody"
)
ALERT_PROBLEM = Setting("problem", ADDRESS, "who is told when something does not work", unless="nobody")
ALERT_REPLY = Setting(
    "reply",
    LABEL,
    "who is told at once when a lead replies, with what they wrote: a sender, or a column of senders",
    unless="nobody",
)
ALERTS = Settings((HOT_LEAD, ALERT_REPLY, ALERT_PROBLEM), "your alerts")

PHRASE = Value(names.read_phrase, "words to look for in a reply", ("nach der Messe",))
REPLIES = Settings(
    tuple(
        Setting(says.value, Items(PHRASE, "phrase", or_alone=True), f"words that mean: {meaning}", unless="only ours")
        for says, meaning in REPLY_MEANINGS.items()
    ),
    "your own words for replies",
)

TEST_NAME = Setting("name", LABEL, "what the example shows, as a sentence", required=True)
TEST_LEAD = Setting("lead", Named(AnyText(), "value", LABEL), "the values of a made-up lead", required=True)
EXPECT_SCORE = Setting("score", Number(), "its score")
EXPECT_SEGMENT = Setting("segment", LABEL, "its segment")
EXPECT_STAGE = Setting("stage", LABEL, "its stage")
EXPECT_STARTS = Setting("starts", LABEL, "the sequence it begins")
EXPECT = Settings((EXPECT_SCORE, EXPECT_SEGMENT, EXPECT_STAGE, EXPECT_STARTS), "what is expected")
TEST_EXPECT = Setting("expect", EXPECT, "what shall come out", required=True)
TEST = Settings((TEST_NAME, TEST_LEAD, TEST_EXPECT), "an example")

# the file
VERSION = Setting("version", Number(), "the version of this file's form; there is only 1", default=1)
FILE_BUSINESS = Setting("business", BUSINESS, "who you are", required=True)
FILE_LEADS = Setting("leads", LEADS, "where your leads live", required=True)
FILE_GOOGLE = Setting("google", GOOGLE, "how we reach a Google Sheet", unless="see below")
SCORING = Setting("scoring", Items(SCORING_RULE, "rule"), "rules whose points are added up", unless="every score is 0")
SCORE_CAPS = Setting(
    "score_caps", Named(Number(), "cap", LABEL), "the most points all rules of a group give together", unless="no caps"
)
SEGMENTS = Setting(
    "segments",
    Named(CONDITION, "segment", LABEL, at_least=1),
    "groups of leads; the first match from the top wins, and  everything else  takes the rest",
    required=True,
)
STAGES = Setting("stages", Items(LABEL, "stage"), "how far along a lead is, from first to last", unless="no stages")
STAGE_RULES = Setting("stage_rules", Items(STAGE_RULE, "rule"), "what moves a lead forward", unless="only people do")
OVERRIDE_FOR = Setting(
    "override_for", SPAN, "how long a score, segment or stage you typed wins", unless="until you clear its cell"
)
SENDERS = Setting("senders", Named(SENDER, "sender", LABEL, at_least=1), "the people emails come from", required=True)
FILE_LIMITS = Setting("limits", LIMITS, "what keeps a run small and polite", unless="see below")
SEQUENCES = Setting(
    "sequences", Named(SEQUENCE, "sequence", LABEL), "what is sent, and in which order", unless="nothing"
)
SCHEDULE = Setting("schedule", Items(SCHEDULED, "job"), "what leadwright serve does by itself", unless="nothing")
TAG_SITE = Setting(
    "site",
    Value(names.read_host, "the name of a website", ("shop.example",), "^[^@/]+$"),
    "links that lead there are tagged, and those to parts of it, such as www.",
    required=True,
)
TAG_SOURCE = Setting("source", LABEL, "what stands under utm_source", default="leadwright")
TAG_MEDIUM = Setting("medium", LABEL, "what stands under utm_medium", default="email")
TAG_LINKS = Setting(
    "tag_links",
    Settings((TAG_SITE, TAG_SOURCE, TAG_MEDIUM), "link tags"),
    "adds utm_source, utm_medium, utm_campaign (the step) and utm_content (its variant) to links in emails, for the"
    " statistics of your own website",
    unless="links stay as you wrote them",
)
FILE_ALERTS = Setting("alerts", ALERTS, "who hears of what at once", unless="nobody")
FILE_REPLIES = Setting("replies", REPLIES, "your own words for what replies say, beside ours", unless="only ours")
TESTS = Setting("tests", Items(TEST, "test"), "examples that must come out as you say; check tries them", unless="none")
RESOLVER = Setting(
    "resolver",
    Value(names.read_line, "the address of a name server", ("9.9.9.9:53",)),
    "the name server that doctor asks about your domains",
    unless="those of the system",
)
OUTBOX = Setting("outbox", FOLDER, "the folder for emails of senders without smtp", default="outbox")
FILE = Settings(
    (
        VERSION,
        FILE_BUSINESS,
        FILE_LEADS,
        FILE_GOOGLE,
        SCORING,
        SCORE_CAPS,
        SEGMENTS,
        STAGES,
        STAGE_RULES,
        OVERRIDE_FOR,
        SENDERS,
        FILE_LIMITS,
        SEQUENCES,
        TAG_LINKS,
        SCHEDULE,
        FILE_ALERTS,
        FILE_REPLIES,
        TESTS,
        OUTBOX,
        RESOLVER,
    ),
    "config.yaml",
)
