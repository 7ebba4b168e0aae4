"""A config.yaml in which everything is right, and the folder it needs; tests break it in one place at a time."""

from __future__ import annotations

from pathlib import Path

GOOD = """\
version: 1
business:
  name: Nordlicht Räder
  address: Kaistr. 1, 24103 Kiel, Germany
  timezone: Europe/Berlin
  holidays: DE-SH
leads:
  excel: leads.xlsx
  tab: Leads
  key: email
  columns:
    email: Email
    name: Full name
    company: Company
    employees: {header: Office size, type: number}
    source: {header: Source, choices: [Website, Referral, Trade fair]}
    asked_on: {header: Asked on, type: date}
    message: Message
    owner: {header: Owner, choices: [Anna, Jonas]}
  write:
    score: Score
    segment: Segment
    stage: Stage
scoring:
  - points: 30
    when: employees >= 20
    because: big enough
  - points: 20
    when: source is Referral
    because: came by referral
    group: origin
  - points: 10
    when: asked_on is in the last 14 days
    because: fresh
    fades: 50% a month
score_caps:
  origin: 25
segments:
  hot: score >= 60
  warm: score >= 25
  cold: everything else
stages: [New, Contacted, Won]
stage_rules:
  - {move_to: Contacted, when: stage is New and emails_sent >= 1}
override_for: 30 days
senders:
  anna:
    from: Anna Weber <anna@shop.example>
    reply_to: office@shop.example
    smtp: {host: smtp.shop.example, port: 587, user: anna, password: $ANNA_PASSWORD, security: starttls}
    imap: {host: imap.shop.example, port: 993, user: anna, password: $ANNA_PASSWORD}
    per_day: 80
  jonas:
    from: jonas@shop.example
limits:
  send_between: 09:00-17:00 on weekdays
  gap: 2 days
  per_company: 1 every 3 days
  pause_if_bounces_over: 5%
  ask_me_above: 50
sequences:
  welcome:
    start_when:
      all:
        - segment is one of hot, warm
        - stage is New
    sender: owner
    steps:
      - email: hello.md
      - wait: 3 business days
      - email: again.md
        only_if: segment is hot
      - task: Call {{ name }}
        name: call
    stop_when:
      - same_company_replied
      - stage is Won
schedule:
  - {job: run, at: 08:30 on weekdays, late_by: 2 hours}
alerts:
  hot_lead: owner
  problem: anna@shop.example
tests:
  - name: Big and referred is hot
    lead: {email: eva@muster.example, employees: 80, source: Referral, asked_on: 2026-11-20, stage: New}
    expect: {score: 60, segment: hot, stage: New, starts: welcome}
outbox: outbox
"""

SECRETS = {"ANNA_PASSWORD": "correct horse"}


def write_shop(folder: Path, text: str = GOOD) -> Path:
    """Write *text* as config.yaml into *folder*, with the two emails it names; return its path."""
    templates = folder / "templates"
    templates.mkdir(exist_ok=True)
    for name in ("hello.md", "again.md"):
        (templates / name).write_text("Subject: Hello\n\nHello.\n", encoding="utf-8")
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return path
