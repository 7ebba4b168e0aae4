"""What a person can ask for: one module per command, found by its name.

This table is all that ``leadwright --help`` needs, so that asking for help imports no command.
"""

GROUPS = (
    (
        "Look",
        (
            ("check", "is config.yaml right?"),
            ("plan", "what would happen now? nothing is sent"),
            ("preview", "see one email as one lead will get it"),
            ("explain", "why is this lead hot, or not mailed?"),
            ("prove", "is your workbook safe with us? tried on a copy"),
        ),
    ),
    (
        "Do",
        (
            ("run", "do what plan shows"),
            ("pause", "stop all sending now"),
            ("resume", "go on sending"),
            ("settle", "decide about emails left in doubt"),
            ("adopt", "go on with a ledger that was copied, lost or put back"),
            ("suppress", "whom nothing may be sent to: add, list, import, export"),
            ("unsuppress", "allow an address again"),
            ("erase", "forget a person who asked for it"),
        ),
    ),
    (
        "Keep",
        (
            ("serve", "stay on and work the schedule"),
            ("doctor", "is everything connected?"),
            ("history", "all we know about one lead, or the last runs"),
            ("inbox", "read replies and bounces now, or say what a stored mail is"),
        ),
    ),
    (
        "Start",
        (
            ("init", "make config, sheet and templates"),
            ("connect", "let Google or Microsoft in without a password"),
            ("dress", "add a drop-down of stages and colours to the sheet"),
            ("schema", "write config.schema.json for your editor"),
            ("sheets-sim", "a Google Sheet to try things on, on this machine"),
        ),
    ),
)
"""What the commands are for, in four groups, the most used first: (group, ((name, what it does), ...))."""

COMMANDS = {name: what for _, commands in GROUPS for name, what in commands}
"""What each command does, by its name."""
