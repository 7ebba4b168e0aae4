"""Mistakes in config.yaml: what is changed in `good_config.GOOD`, and every problem that must be found.

A problem is (line:column, what is wrong, what to do about it).
"""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """One mistake: *right* stands once in the good file, *wrong* takes its place."""

    name: str
    right: str
    wrong: str
    found: tuple[tuple[str, str, str], ...]


MISTAKES = (
    Mistake(
        "version from the future",
        "version: 1",
        "version: 2",
        (
            (
                "1:10",
                "version: version 2 of this file's form is not known here",
                "write 1, or install a newer leadwright",
            ),
        ),
    ),
    Mistake(
        "no business name",
        "  name: Nordlicht Räder\n",
        "",
        (("3:3", 'business: "name" is missing: what your business is called', "add  name: ..."),),
    ),
    Mistake(
        "no business address",
        "  address: Kaistr. 1, 24103 Kiel, Germany\n",
        "",
        (
            (
                "3:3",
                'business: "address" is missing: your postal address, printed under every email',
                "add  address: Lindenstr. 12, 10969 Berlin, Germany",
            ),
        ),
    ),
    Mistake(
        "empty business name",
        "  name: Nordlicht Räder",
        "  name:",
        (("3:8", "business: nothing is written here; expected a name", "write it here, or take this out"),),
    ),
    Mistake(
        "time zone that is none",
        "timezone: Europe/Berlin",
        "timezone: Mars/Base",
        (("5:13", 'business: there is no time zone "Mars/Base"', "write it like Europe/Berlin"),),
    ),
    Mistake(
        "time zone with a slip",
        "timezone: Europe/Berlin",
        "timezone: Europe/Berln",
        (("5:13", 'business: there is no time zone "Europe/Berln"', 'did you mean "Europe/Berlin"?'),),
    ),
    Mistake(
        "time zone by country",
        "timezone: Europe/Berlin",
        "timezone: Germany/Berlin",
        (("5:13", 'business: there is no time zone "Germany/Berlin"', 'did you mean "Europe/Berlin"?'),),
    ),
    Mistake(
        "holidays of no country",
        "holidays: DE-SH",
        "holidays: XX",
        (("6:13", 'business: there are no public holidays for "XX"', "write a country like DE, AT, US"),),
    ),
    Mistake(
        "holidays of no state",
        "holidays: DE-SH",
        "holidays: DE-SX",
        (("6:16", 'business: DE has no part "SX"', "parts of DE: BB, BE, BW, BY, HB, HE, HH, MV, ..."),),
    ),
    Mistake(
        "holidays in words",
        "holidays: DE-SH",
        "holidays: Schleswig-Holstein",
        (
            (
                "6:13",
                'business: "Schleswig-Holstein" is not a code for public holidays',
                "write a country like DE, or DE-BE for Berlin",
            ),
        ),
    ),
    Mistake(
        "misspelt top name",
        "scoring:",
        "skoring:",
        (("24:1", 'there is no setting "skoring" here', 'did you mean "scoring"?'),),
    ),
    Mistake(
        "misspelt inner name",
        "  tab: Leads",
        "  tabb: Leads",
        (("9:3", 'leads: there is no setting "tabb" here', 'did you mean "tab"?'),),
    ),
    Mistake(
        "google sheet without a key",
        "  excel: leads.xlsx",
        "  google_sheet: https://docs.google.com/spreadsheets/d/1AbC/edit",
        (
            (
                "8:17",
                "google: there is no file google-key.json to log in to Google with",
                "docs/google-sheets.md tells how to get one, click by click",
            ),
        ),
    ),
    Mistake(
        "not a google sheet",
        "  excel: leads.xlsx",
        "  google_sheet: https://docs.google.com/document/d/1AbC/edit",
        (
            (
                "8:17",
                "leads: this is not the link of a Google Sheet",
                "open the sheet in your browser and copy the whole address: https://docs.google.com/spreadsheets/d/...",
            ),
        ),
    ),
    Mistake(
        "no way to write",
        "\nscoring:",
        "\ngoogle: {write: mirrored}\nscoring:",
        (("24:17", 'google: "mirrored" is not one of the ways to write: cells, mirror', 'did you mean "mirror"?'),),
    ),
    Mistake(
        "two sources",
        "  excel: leads.xlsx",
        "  excel: leads.xlsx\n  csv: leads.csv",
        (("9:8", 'leads: leads live in one place, and "excel" names it already', "take one of the two out"),),
    ),
    Mistake(
        "no source",
        "  excel: leads.xlsx\n",
        "",
        (
            (
                "8:3",
                "leads: it does not say where your leads are",
                "add  excel: leads.xlsx ,  csv: leads.csv  or  google_sheet: https://...",
            ),
        ),
    ),
    Mistake(
        "old workbook",
        "excel: leads.xlsx",
        "excel: leads.xls",
        (("8:10", 'leads: "leads.xls" is not a workbook we can write to', "save it in Excel as .xlsx"),),
    ),
    Mistake(
        "csv called excel",
        "excel: leads.xlsx",
        "excel: leads.csv",
        (("8:10", 'leads: "leads.csv" is not a workbook we can write to', "write  csv: instead of  excel:"),),
    ),
    Mistake(
        "tab of a csv",
        "  excel: leads.xlsx",
        "  csv: leads.csv",
        (("9:8", "leads: a CSV file has no tabs", "take this line out"),),
    ),
    Mistake(
        "key without column",
        "key: email",
        "key: e_mail",
        (("10:8", 'leads: there is no column "e_mail"', 'did you mean "email"?'),),
    ),
    Mistake(
        "column name with a space",
        "    company: Company",
        "    company name: Company",
        (("14:5", 'leads, columns: "company name" cannot be a name in rules', 'write it like "company_name"'),),
    ),
    Mistake(
        "column named like a fact",
        "    company: Company",
        "    replied: Company",
        (
            (
                "14:5",
                'leads, columns: "replied" has a meaning of its own in rules, so no column can have that name',
                "choose another, like sheet_replied",
            ),
        ),
    ),
    Mistake(
        "column named like an email word",
        "    company: Company",
        "    today: Company",
        (
            (
                "14:5",
                'leads, columns: "today" has a meaning of its own in emails, so no column can have that name',
                "choose another, like sheet_today",
            ),
        ),
    ),
    Mistake(
        "same header twice",
        "    company: Company",
        "    company: EMAIL",
        (
            (
                "14:14",
                'leads, columns: the header "EMAIL" is used twice, here and in line 12',
                "each column of the sheet has one name",
            ),
        ),
    ),
    Mistake(
        "same name twice",
        "    company: Company",
        "    name: Company",
        (("14:5", '"name" is written twice, here and in line 13', "take one of the two out"),),
    ),
    Mistake(
        "unknown type",
        "type: number",
        "type: numbers",
        (
            (
                "15:44",
                'leads, columns, employees: "numbers" is not one of the types: text, number, date, yes/no',
                'did you mean "number"?',
            ),
        ),
    ),
    Mistake(
        "choices of a number",
        "type: number",
        "type: number, choices: [1, 2]",
        (
            (
                "15:61",
                "leads, columns, employees: a column of type number cannot have choices",
                "take out either type or choices",
            ),
        ),
    ),
    Mistake(
        "addresses that are numbers",
        "    email: Email",
        "    email: {header: Email, type: number}",
        (("12:34", 'leads, columns, email: the column "email" holds addresses, which are text', "take the type out"),),
    ),
    Mistake(
        "choice twice",
        "[Website, Referral, Trade fair]",
        "[Website, Referral, website]",
        (("16:59", 'leads, columns, source: the choice "website" is written twice', "take one of the two out"),),
    ),
    Mistake(
        "column without header",
        "{header: Office size, type: number}",
        "{type: number}",
        (
            (
                "15:16",
                'leads, columns, employees: "header" is missing: the header of the column in your sheet',
                "add  header: ...",
            ),
        ),
    ),
    Mistake(
        "column as a list",
        "    company: Company",
        "    company: [Company]",
        (("14:14", "leads, columns, company: expected the settings of a column, like  header: ..., found a list", ""),),
    ),
    Mistake(
        "writing what we do not have",
        "    segment: Segment",
        "    segments: Segment",
        (("22:5", 'leads, write: we have no column "segments" to write', 'did you mean "segment"?'),),
    ),
    Mistake(
        "writing into a read column",
        "    segment: Segment",
        "    segment: Full name",
        (
            (
                "22:14",
                'leads, write: "Full name" is a column you read already in line 13',
                "what we write needs a column of its own",
            ),
        ),
    ),
    Mistake(
        "two of ours in one column",
        "    segment: Segment",
        "    segment: Score",
        (("22:14", 'leads, write: "Score" is written already in line 21', "what we write needs a column of its own"),),
    ),
    Mistake(
        "points in words",
        "points: 30",
        "points: thirty",
        (("25:13", 'scoring, rule 1: "thirty" is not a whole number', "write digits only, like 25"),),
    ),
    Mistake(
        "points with a comma",
        "points: 30",
        "points: 1,000",
        (("25:13", 'scoring, rule 1: "1,000" is not a whole number', "write digits only, like 25"),),
    ),
    Mistake(
        "points beyond reason",
        "points: 30",
        "points: 99999",
        (("25:13", "scoring, rule 1: 99999 is out of range", "write at most 10,000"),),
    ),
    Mistake(
        "points missing",
        "  - points: 30\n    when: employees >= 20",
        "  - when: employees >= 20",
        (
            (
                "25:5",
                'scoring, rule 1: "points" is missing: how many points the rule gives; may be less than 0',
                "add  points: ...",
            ),
        ),
    ),
    Mistake(
        "unknown column in a sentence",
        "when: employees >= 20",
        "when: employes >= 20",
        (("26:11", 'scoring, rule 1: there is no column "employes"', 'did you mean "employees" (Office size)?'),),
    ),
    Mistake(
        "unknown choice in a sentence",
        "when: source is Referral",
        "when: source is Refferal",
        (
            (
                "29:21",
                'scoring, rule 2: "Refferal" is not a choice of Source',
                'choices: Website, Referral, Trade fair. Did you mean "Referral"?',
            ),
        ),
    ),
    Mistake(
        "unknown column in quotes",
        "when: employees >= 20",
        'when: "employes >= 20"',
        (("26:12", 'scoring, rule 1: there is no column "employes"', 'did you mean "employees" (Office size)?'),),
    ),
    Mistake(
        "unknown column in a block",
        "when: employees >= 20",
        "when: >-\n      source is Website\n      and employes >= 20",
        (("28:11", 'scoring, rule 1: there is no column "employes"', 'did you mean "employees" (Office size)?'),),
    ),
    Mistake(
        "no sentence",
        "when: employees >= 20",
        "when:",
        (
            (
                "26:10",
                "scoring, rule 1: nothing is written here; expected a sentence like  country is Germany",
                "write it here, or take this out",
            ),
        ),
    ),
    Mistake(
        "score asks for itself",
        "when: employees >= 20",
        "when: score >= 20",
        (
            (
                "26:11",
                'scoring, rule 1: this rule cannot ask about "score": it is what the rules are adding up',
                "ask about a column",
            ),
        ),
    ),
    Mistake(
        "scoring asks for the segment",
        "when: employees >= 20",
        "when: segment is hot",
        (
            (
                "26:11",
                'scoring, rule 1: this rule cannot ask about "segment": it is decided after the score',
                "ask about a column",
            ),
        ),
    ),
    Mistake(
        "fades without a date",
        "    because: big enough",
        "    because: big enough\n    fades: 50% a month",
        (
            (
                "28:12",
                "scoring, rule 1: since when do the points fade? The rule asks about no date",
                "add  since asked_on",
            ),
        ),
    ),
    Mistake(
        "fades since a number",
        "fades: 50% a month",
        "fades: 50% a month since employees",
        (
            (
                "35:30",
                'scoring, rule 3: points fade since a date, and there is no date column "employees"',
                "date columns: asked_on, last_emailed",
            ),
        ),
    ),
    Mistake(
        "fades since nothing known",
        "fades: 50% a month",
        "fades: 50% a month since asked",
        (
            (
                "35:30",
                'scoring, rule 3: points fade since a date, and there is no date column "asked"',
                'did you mean "asked_on"?',
            ),
        ),
    ),
    Mistake(
        "fades wholly",
        "fades: 50% a month",
        "fades: 100% a month",
        (("35:12", 'scoring, rule 3: "100%" is not between 0% and 100%', "write it like 50%"),),
    ),
    Mistake(
        "fades in a wrong unit",
        "fades: 50% a month",
        "fades: 50% a mouth",
        (("35:18", 'scoring, rule 3: there is no unit of time "mouth"', 'did you mean "months"?'),),
    ),
    Mistake(
        "cap for no group",
        "  origin: 25",
        "  orgin: 25",
        (("37:3", 'score_caps: no scoring rule has the group "orgin"', 'did you mean "origin"?'),),
    ),
    Mistake(
        "rest not last",
        "  hot: score >= 60\n  warm: score >= 25\n  cold: everything else",
        "  cold: everything else\n  hot: score >= 60\n  warm: score >= 25",
        (
            (
                "39:9",
                'segments, cold: "everything else" leaves nothing for the segments below it',
                "move this line to the end",
            ),
        ),
    ),
    Mistake(
        "segment asks for itself",
        "  warm: score >= 25",
        "  warm: segment is hot",
        (
            (
                "40:9",
                'segments, warm: this rule cannot ask about "segment": it is what is being decided',
                "ask about a column",
            ),
        ),
    ),
    Mistake(
        "segment twice",
        "  warm: score >= 25",
        "  warm: score >= 25\n  HOT: score >= 30",
        (("41:3", 'segments: the segment "HOT" is written twice', "take one of the two out"),),
    ),
    Mistake(
        "stage twice",
        "[New, Contacted, Won]",
        "[New, Contacted, Won, new]",
        (("42:31", 'stages: the stage "new" is written twice', "take one of the two out"),),
    ),
    Mistake(
        "move to no stage",
        "move_to: Contacted",
        "move_to: Contactd",
        (("44:15", 'stage_rules, rule 1: there is no stage "Contactd"', 'did you mean "Contacted"?'),),
    ),
    Mistake(
        "stage that is none in a rule",
        "stage is New and emails_sent",
        "stage is Neu and emails_sent",
        (
            (
                "44:41",
                'stage_rules, rule 1: "Neu" is not a choice of stage',
                'choices: New, Contacted, Won. Did you mean "New"?',
            ),
        ),
    ),
    Mistake(
        "comma in braces",
        "when: stage is New and emails_sent >= 1}",
        "when: stage is one of New, Won}",
        (
            (
                "44:53",
                'stage_rules, rule 1: "Won" stands alone: inside { } a comma begins a new setting',
                "put the whole text before it in quotes",
            ),
        ),
    ),
    Mistake(
        "override for no unit",
        "override_for: 30 days",
        "override_for: 30",
        (("45:15", 'override_for: "30" is not a time span', "write it like 3 days, 12 hours, 2 weeks"),),
    ),
    Mistake(
        "override in business days",
        "override_for: 30 days",
        "override_for: 30 business days",
        (
            (
                "45:15",
                "override_for: business days are counted only in a wait",
                "write it like 3 days, 12 hours, 2 weeks",
            ),
        ),
    ),
    Mistake(
        "sender without address",
        "from: jonas@shop.example",
        "per_day: 5",
        (
            (
                "54:5",
                'senders, jonas: "from" is missing: the name and address emails come from',
                "add  from: Anna Weber <anna@shop.example>",
            ),
        ),
    ),
    Mistake(
        "sender's address broken",
        "Anna Weber <anna@shop.example>",
        "Anna Weber <anna@shop>",
        (
            (
                "48:23",
                'senders, anna: "anna@shop" is not an email address: no period after the @',
                "write it like anna@shop.example",
            ),
        ),
    ),
    Mistake(
        "reply address broken",
        "reply_to: office@shop.example",
        "reply_to: office.shop.example",
        (
            (
                "49:15",
                'senders, anna: "office.shop.example" is not an email address: there is no @',
                "write it like anna@shop.example",
            ),
        ),
    ),
    Mistake(
        "password in the file",
        "password: $ANNA_PASSWORD, security",
        "password: hunter2, security",
        (
            (
                "50:70",
                "senders, anna, smtp: a password does not belong in this file",
                "write a name like $ANNA_PASSWORD here, and  ANNA_PASSWORD=...  in .env",
            ),
        ),
    ),
    Mistake(
        "password missing",
        "password: $ANNA_PASSWORD, security",
        "password: $ANA_PASSWORD, security",
        (
            (
                "50:70",
                "senders, anna, smtp: there is no password called ANA_PASSWORD",
                "add a line to .env:  ANA_PASSWORD=...",
            ),
        ),
    ),
    Mistake(
        "user without password",
        "user: anna, password: $ANNA_PASSWORD, security",
        "user: anna, security",
        (("50:11", 'senders, anna, smtp: "password" is missing beside "user"', "a login needs both"),),
    ),
    Mistake(
        "host with port",
        "host: smtp.shop.example",
        "host: smtp.shop.example:587",
        (
            (
                "50:18",
                "senders, anna, smtp: this is not the name of a server",
                "write it like smtp.gmail.com; the port is a setting of its own",
            ),
        ),
    ),
    Mistake(
        "port beyond",
        "port: 587",
        "port: 99999",
        (("50:43", "senders, anna, smtp: 99999 is out of range", "write at most 65,535"),),
    ),
    Mistake(
        "no security to a far host",
        "security: starttls",
        "security: none",
        (
            (
                "50:96",
                "senders, anna, smtp: everybody on the way to smtp.shop.example could read emails and password",
                "write starttls or tls",
            ),
        ),
    ),
    Mistake(
        "unknown security",
        "security: starttls",
        "security: ssl",
        (("50:96", 'senders, anna, smtp: "ssl" is not one of the kinds of security: starttls, tls, none', ""),),
    ),
    Mistake(
        "choice without sender",
        "  jonas:\n    from: jonas@shop.example\n",
        "  johan:\n    from: johan@shop.example\n",
        (
            (
                "67:13",
                'sequences, welcome: "Jonas" is a choice of Owner, but there is no sender of that name',
                'did you mean "johan"?; add jonas under senders, or take the choice out',
            ),
            (
                "81:13",
                'alerts: "Jonas" is a choice of Owner, but there is no sender of that name',
                'did you mean "johan"?; add jonas under senders, or take the choice out',
            ),
        ),
    ),
    Mistake(
        "per day nothing",
        "per_day: 80",
        "per_day: 0",
        (("52:14", "senders, anna: 0 is out of range", "write at least 1"),),
    ),
    Mistake(
        "window backwards",
        "09:00-17:00 on weekdays",
        "17:00-09:00 on weekdays",
        (("56:17", "limits: sending would end at 09:00, before it begins at 17:00", "the earlier time comes first"),),
    ),
    Mistake(
        "window with a wrong hour",
        "09:00-17:00 on weekdays",
        "09:00-25:00 on weekdays",
        (("56:23", 'limits: "25:00" is not a time of day', "write it like 08:30 or 17:00"),),
    ),
    Mistake(
        "window with a wrong day",
        "09:00-17:00 on weekdays",
        "09:00-17:00 on Munday",
        (("56:32", 'limits: there is no day "Munday"', 'did you mean "Mondays"?'),),
    ),
    Mistake(
        "gap of nothing",
        "gap: 2 days",
        "gap: 0 days",
        (("57:8", 'limits: "0 days" is no time at all', "write at least 1 minute"),),
    ),
    Mistake(
        "gap in a wrong unit",
        "gap: 2 days",
        "gap: 2 dayz",
        (("57:10", 'limits: there is no unit of time "dayz"', 'did you mean "days"?'),),
    ),
    Mistake(
        "company rate",
        "per_company: 1 every 3 days",
        "per_company: once in a while",
        (("58:16", 'limits: "once in a while" does not say how often', "write it like 1 every 3 days, or 2 a week"),),
    ),
    Mistake(
        "company rate zero",
        "per_company: 1 every 3 days",
        "per_company: 0 every 3 days",
        (("58:16", "limits: 0 would allow no email at all", "write at least 1"),),
    ),
    Mistake(
        "bounces without percent",
        "pause_if_bounces_over: 5%",
        "pause_if_bounces_over: 5",
        (("59:26", 'limits: "5" is not a percentage', "write it like 5%"),),
    ),
    Mistake(
        "ask above a word",
        "ask_me_above: 50",
        "ask_me_above: many",
        (("60:17", 'limits: "many" is not a whole number', "write digits only, like 25"),),
    ),
    Mistake(
        "unknown sender",
        "    sender: owner",
        "    sender: annna",
        (("67:13", 'sequences, welcome: there is no sender "annna"', 'did you mean "anna"?'),),
    ),
    Mistake(
        "signature that is not there",
        "    from: jonas@shop.example",
        "    from: jonas@shop.example\n    signature: helo.md",
        (("55:16", 'senders, jonas: there is no signature "helo.md" in templates/', 'did you mean "hello.md"?'),),
    ),
    Mistake(
        "unknown sender in a list",
        "    sender: owner",
        "    sender: [anna, jonsa]",
        (("67:20", 'sequences, welcome: there is no sender "jonsa"', 'did you mean "jonas"?'),),
    ),
    Mistake(
        "sender twice in a list",
        "    sender: owner",
        "    sender: [anna, jonas, Anna]",
        (("67:27", 'sequences, welcome: "anna" is in this list already', "name each sender once"),),
    ),
    Mistake(
        "column in a list of senders",
        "    sender: owner",
        "    sender: [anna, owner]",
        (("67:20", 'sequences, welcome: there is no sender "owner"', "a column stands alone"),),
    ),
    Mistake(
        "list of no senders",
        "    sender: owner",
        "    sender: []",
        (("67:13", "sequences, welcome: the list of senders is empty", "write at least 1 sender"),),
    ),
    Mistake(
        "column that names no senders",
        "    sender: owner",
        "    sender: company",
        (
            (
                "67:13",
                'sequences, welcome: the column "company" has no choices that are senders',
                "give it choices: anna, jonas",
            ),
        ),
    ),
    Mistake(
        "no sender named",
        "    sender: owner\n",
        "",
        (("63:5", 'sequences, welcome: "sender" is missing, and there are several: anna, jonas', "add  sender: anna"),),
    ),
    Mistake(
        "template that is not there",
        "email: again.md",
        "email: agian.md",
        (
            (
                "71:16",
                'sequences, welcome, step 3: there is no email "agian.md" in templates/',
                'did you mean "again.md"?',
            ),
        ),
    ),
    Mistake(
        "template outside",
        "email: again.md",
        "email: ../again.md",
        (("71:16", 'sequences, welcome, step 3: "../again.md" is not inside templates/', "move the file there"),),
    ),
    Mistake(
        "same email twice",
        "email: again.md",
        "email: hello.md",
        (
            (
                "71:16",
                'sequences, welcome, step 3: step 1 has the name "hello" already',
                "give this one a name of its own; add a line  name: ...  to it",
            ),
        ),
    ),
    Mistake(
        "no wait between emails",
        "      - wait: 3 business days\n",
        "",
        (
            (
                "70:16",
                "sequences, welcome, step 2: this email would go together with the one before it",
                "add a step before it:  - wait: 3 business days",
            ),
        ),
    ),
    Mistake(
        "wait of nothing",
        "wait: 3 business days",
        "wait: 0 days",
        (
            (
                "70:15",
                'sequences, welcome, step 2: "0 days" is no wait at all: both steps would go at once',
                "write at least 1 hour",
            ),
        ),
    ),
    Mistake(
        "wait in a wrong unit",
        "wait: 3 business days",
        "wait: 3 buisness days",
        (
            (
                "70:17",
                'sequences, welcome, step 2: there is no unit of time "buisness days"',
                'did you mean "business days"?',
            ),
        ),
    ),
    Mistake(
        "two waits",
        "      - wait: 3 business days\n",
        "      - wait: 3 business days\n      - wait: 1 day\n",
        (("71:15", "sequences, welcome, step 3: this wait follows another one", "make one wait of the two"),),
    ),
    Mistake(
        "wait at the end",
        "        name: call\n",
        "        name: call\n      - wait: 2 days\n",
        (("75:15", "sequences, welcome: nothing comes after this wait", "take it out, or add an email"),),
    ),
    Mistake(
        "wait with a condition",
        "wait: 3 business days",
        "wait: 3 business days\n        only_if: segment is hot",
        (("71:18", 'sequences, welcome, step 2: a wait cannot have "only_if"', "put it on the step that follows"),),
    ),
    Mistake(
        "step that is nothing",
        "      - task: Call {{ name }}\n        name: call\n",
        "      - name: call\n",
        (
            (
                "73:9",
                "sequences, welcome, step 4: a step is an email, a wait or a task",
                "write  email: ..., wait: ... or task: ...",
            ),
        ),
    ),
    Mistake(
        "step that is two things",
        "        name: call\n",
        "        wait: 2 days\n",
        (
            (
                "73:9",
                "sequences, welcome, step 4: one step cannot be wait and task at once",
                "begin a new step with  - ",
            ),
        ),
    ),
    Mistake(
        "step misspelt",
        "      - wait: 3 business days",
        "      - wiat: 3 business days",
        (("70:9", 'sequences, welcome, step 2: there is no setting "wiat" here', 'did you mean "wait"?'),),
    ),
    Mistake(
        "task that begins with braces",
        "task: Call {{ name }}",
        "task: {{ name }}",
        (("73:15", "a text cannot begin with {{", 'put the text in quotes: "{{ ... }} ..."'),),
    ),
    Mistake(
        "stop with a wrong word",
        "      - same_company_replied",
        "      - same_company_answered",
        (
            (
                "76:9",
                'sequences, welcome, stop 1: "same_company_answered" is not a sentence',
                'did you mean "same_company_replied"?',
            ),
        ),
    ),
    Mistake(
        "start with an unknown segment",
        "segment is one of hot, warm",
        "segment is one of hott, warm",
        (
            (
                "65:29",
                'sequences, welcome: "hott" is not a choice of segment',
                'choices: hot, warm, cold. Did you mean "hot"?',
            ),
        ),
    ),
    Mistake(
        "block word misspelt",
        "      all:",
        "      al:",
        (("64:7", 'sequences, welcome, start_when: "al" cannot begin a list of sentences', 'did you mean "all"?'),),
    ),
    Mistake(
        "empty block",
        "      all:\n        - segment is one of hot, warm\n        - stage is New\n",
        "      all: []\n",
        (
            (
                "64:12",
                "sequences, welcome, start_when, all: the list of sentences is empty",
                "write at least 1 sentence",
            ),
        ),
    ),
    Mistake(
        "unknown job",
        "job: run",
        "job: send",
        (("79:11", 'schedule, job 1: "send" is not one of the jobs: run, inbox, report', ""),),
    ),
    Mistake(
        "time without days",
        "at: 08:30 on weekdays",
        "at: 08:30",
        (
            (
                "79:20",
                'schedule, job 1: "08:30" does not say when',
                "write it like 08:30 on weekdays, 08:00 on Mondays, every 15 minutes",
            ),
        ),
    ),
    Mistake(
        "time that is none",
        "at: 08:30 on weekdays",
        "at: 8.30 on weekdays",
        (
            (
                "79:20",
                'schedule, job 1: "8.30 on weekdays" does not say when',
                "write it like 08:30 on weekdays, 08:00 on Mondays, every 15 minutes",
            ),
        ),
    ),
    Mistake(
        "interval that does not fit",
        "at: 08:30 on weekdays",
        "at: every 7 minutes",
        (
            (
                "79:26",
                'schedule, job 1: "every 7 minutes" does not come at equal times',
                "minutes that do: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30",
            ),
        ),
    ),
    Mistake(
        "report for nobody",
        "{job: run, at: 08:30 on weekdays, late_by: 2 hours}",
        "{job: report, at: 08:30 on weekdays}",
        (("79:11", 'schedule, job 1: "to" is missing: who gets the report', "add  to: [you@shop.example]"),),
    ),
    Mistake(
        "run with receivers",
        "late_by: 2 hours",
        "to: [anna@shop.example]",
        (("79:43", "schedule, job 1: the job run sends no report", "take out  to:"),),
    ),
    Mistake(
        "alert for nobody known",
        "hot_lead: owner",
        "hot_lead: onwer",
        (("81:13", 'alerts: there is no sender "onwer"', 'did you mean "owner"?'),),
    ),
    Mistake(
        "alert to no address",
        "problem: anna@shop.example",
        "problem: anna",
        (("82:12", 'alerts: "anna" is not an email address: there is no @', "write it like anna@shop.example"),),
    ),
    Mistake(
        "test with an unknown column",
        "employees: 80, source",
        "employes: 80, source",
        (("85:39", 'tests, test 1, lead: there is no column "employes"', 'did you mean "employees"?'),),
    ),
    Mistake(
        "test with a wrong number",
        "employees: 80, source",
        "employees: many, source",
        (("85:50", 'tests, test 1, lead: Office size "many" is not a number', ""),),
    ),
    Mistake(
        "test with a wrong choice",
        "source: Referral, asked_on",
        "source: Refferal, asked_on",
        (("85:62", 'tests, test 1, lead: Source "Refferal" is not one of the choices; did you mean "Referral"?', ""),),
    ),
    Mistake(
        "test with an odd date",
        "asked_on: 2026-11-20",
        "asked_on: 11/20/2026",
        (("85:82", 'tests, test 1, lead: Asked on "11/20/2026" is not a date: write it like 2026-11-23', ""),),
    ),
    Mistake(
        "test expects no segment there is",
        "segment: hot, stage: New, starts",
        "segment: hott, stage: New, starts",
        (("86:34", 'tests, test 1, expect: there is no segment "hott"', 'did you mean "hot"?'),),
    ),
    Mistake(
        "test expects no stage there is",
        "stage: New, starts",
        "stage: Neu, starts",
        (("86:46", 'tests, test 1, expect: there is no stage "Neu"', 'did you mean "New"?'),),
    ),
    Mistake(
        "test expects no sequence there is",
        "starts: welcome",
        "starts: welcom",
        (("86:59", 'tests, test 1, expect: there is no sequence "welcom"', 'did you mean "welcome"?'),),
    ),
    Mistake(
        "test expects nothing",
        "expect: {score: 60, segment: hot, stage: New, starts: welcome}",
        "expect: {}",
        (("86:13", "tests, test 1, expect: nothing is expected", "write a score, segment, stage, or what it starts"),),
    ),
    Mistake(
        "tab as indentation", "  tab: Leads", "\ttab: Leads", (("9:1", "a tab stands here", "type spaces instead"),)
    ),
    Mistake(
        "tab behind a colon", "  tab: Leads", "  tab:\tLeads", (("9:7", "a tab stands here", "type spaces instead"),)
    ),
    Mistake(
        "key twice",
        "  tab: Leads",
        "  tab: Leads\n  tab: Other",
        (("10:3", '"tab" is written twice, here and in line 9', "take one of the two out"),),
    ),
    Mistake(
        "alias",
        "  tab: Leads",
        "  tab: *tab",
        (
            (
                "9:8",
                "*tab points to another part of the file",
                "write the settings out here; a text that begins with * needs quotes",
            ),
        ),
    ),
    Mistake(
        "anchor",
        "  tab: Leads",
        "  tab: &tab Leads",
        (
            (
                "9:8",
                "&tab names a part of the file for use elsewhere",
                "take it out; a text that begins with & needs quotes",
            ),
        ),
    ),
    Mistake(
        "merge",
        "  tab: Leads",
        "  <<: {tab: Leads}",
        (("9:3", "<< would merge settings from elsewhere", "write them out here"),),
    ),
    Mistake("tag", "  tab: Leads", "  tab: !!str Leads", (("9:8", "a text cannot begin with !", "put it in quotes"),)),
    Mistake(
        "second document",
        "limits:",
        "---\nlimits:",
        (("55:1", "a second document begins here", "a file has one: take this line out"),),
    ),
    Mistake(
        "quote left open",
        "because: big enough",
        "because: 'big enough",
        (("27:14", "this quote is never closed", "close it"),),
    ),
    Mistake(
        "bracket left open",
        "stages: [New, Contacted, Won]",
        "stages: [New, Contacted, Won",
        (("42:9", "this bracket is never closed", "close it"),),
    ),
    Mistake(
        "brace left open",
        "employees: {header: Office size, type: number}",
        "employees: {header: Office size, type: number",
        (("15:16", "this bracket is never closed", "close it"),),
    ),
    Mistake(
        "colon missing",
        "  tab: Leads",
        "  tab Leads",
        (("9:3", "a colon is missing in this line", "write it like  name: value"),),
    ),
    Mistake(
        "colon in a text",
        "because: big enough",
        "because: big: enough",
        (("27:17", 'a second ": " stands in this line', "put everything after the first colon in quotes"),),
    ),
    Mistake(
        "indented too far",
        "  tab: Leads",
        "    tab: Leads",
        (
            (
                "9:5",
                "this setting does not fit under the line before",
                "is it indented right, and is there a colon above?",
            ),
        ),
    ),
    Mistake(
        "indented too little",
        "    name: Full name",
        "   name: Full name",
        (("13:4", "this line does not fit the ones above", "is it indented right?"),),
    ),
    Mistake(
        "at sign",
        "because: big enough",
        "because: @big",
        (("27:14", "a text cannot begin with @", "put the text in quotes"),),
    ),
    Mistake(
        "text after quotes",
        "because: big enough",
        "because: 'big' enough",
        (("27:20", "something stands behind the closing quote or bracket", "put the whole text in quotes"),),
    ),
    Mistake(
        "bad escape",
        "because: big enough",
        'because: "big \\enough \\q"',
        (("27:28", "\\q means nothing inside double quotes", "use single quotes"),),
    ),
    Mistake(
        "invisible space",
        "because: big enough",
        "because: big\u200benough",
        (("27:17", "an invisible sign stands here (U+200B)", "take it out: type the line again"),),
    ),
    Mistake(
        "hard space indent",
        "  tab: Leads",
        "\xa0\xa0tab: Leads",
        (("9:1", "the line begins with a space that is not an ordinary one (U+00A0)", "type it again"),),
    ),
    Mistake(
        "line that ends unseen",
        "because: big enough",
        "because: big\x85enough",
        (("27:17", "an invisible sign stands here (U+0085)", "take it out: type the line again"),),
    ),
)
