-- What has happened, in the order it happened. Tables only grow, except five that say how things stand now:
-- messages (its past is in message_events), known (its past is in snapshots), intents, promises, and meta. The bytes of a message
-- change as long as it is only prepared: nobody has seen them.
-- Times are UTC text of one length (2026-11-23T08:00:00.000000Z), so that they sort as they read.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The machine and the file this ledger belongs to: the newest row counts.
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    file TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    command TEXT NOT NULL,
    started_at TEXT NOT NULL
);

CREATE TABLE run_ends (
    run TEXT PRIMARY KEY REFERENCES runs (run),
    ended_at TEXT NOT NULL,
    exit_code INTEGER NOT NULL,
    counts TEXT NOT NULL
) WITHOUT ROWID;

-- Many rows are written at one moment of one run; they name it by its number.
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (run),
    at TEXT NOT NULL
);

-- The cells of one lead that a run wrote or left alone, as JSON: [[header, old, new], ...]; where a cell did not go as
-- wanted, [header, old, new, outcome, found, detail].
CREATE TABLE cells (
    batch INTEGER NOT NULL REFERENCES batches (id),
    number INTEGER NOT NULL,
    lead_key TEXT NOT NULL,
    read_row INTEGER NOT NULL,
    row INTEGER NOT NULL,
    cells TEXT NOT NULL,
    PRIMARY KEY (batch, number)
) WITHOUT ROWID;
CREATE INDEX cells_of_lead ON cells (lead_key);

-- Thousands of leads share one state of knowledge; it is stored once, and found by its hash.
CREATE TABLE states (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL
);

CREATE TABLE known (
    lead_key TEXT PRIMARY KEY,
    state INTEGER NOT NULL REFERENCES states (id),
    batch INTEGER NOT NULL REFERENCES batches (id)
) WITHOUT ROWID;

CREATE TABLE snapshots (
    lead_key TEXT NOT NULL,
    batch INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (lead_key, batch)
) WITHOUT ROWID;

-- What a run is about to write into the sheet. After a power cut a cell that holds it is ours, not a person's.
CREATE TABLE intents (
    run TEXT NOT NULL REFERENCES runs (run),
    body TEXT NOT NULL
);

CREATE TRIGGER known_first AFTER INSERT ON known BEGIN
    INSERT INTO snapshots (lead_key, batch, state) VALUES (NEW.lead_key, NEW.batch, NEW.state);
END;
CREATE TRIGGER known_again AFTER UPDATE ON known BEGIN
    INSERT INTO snapshots (lead_key, batch, state) VALUES (NEW.lead_key, NEW.batch, NEW.state);
END;

-- A lead's place in a sequence is what its moves add up to.
CREATE TABLE moves (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (run),
    lead_key TEXT NOT NULL,
    sequence TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'skip', 'task', 'finish', 'stop')),
    at TEXT NOT NULL,
    step TEXT NOT NULL,
    why TEXT NOT NULL,
    UNIQUE (lead_key, sequence, kind, step)
);

-- Their rows are named by number in the tables that every email adds to: keys come in no order, and an index of them is
-- written all over the file.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    sequence TEXT NOT NULL,
    step TEXT NOT NULL,
    lead_key TEXT NOT NULL,
    address TEXT NOT NULL,
    -- A keyed hash of the address's identity: it outlives an erased address, and alone it tells nobody's name.
    address_hash BLOB NOT NULL,
    company TEXT NOT NULL,
    sender TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('reserved', 'handing over', 'accepted', 'deferred', 'refused', 'in doubt', 'dropped')),
    at TEXT NOT NULL,
    reserved_at TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT,
    fault TEXT NOT NULL DEFAULT '',
    reply TEXT NOT NULL DEFAULT '',
    -- Which of the step's texts it is, where there are several.
    variant TEXT NOT NULL DEFAULT '',
    UNIQUE (sequence, step, address_hash)
);
CREATE INDEX messages_of_lead ON messages (lead_key);
CREATE INDEX messages_open ON messages (state) WHERE state IN ('handing over', 'in doubt');

CREATE VIEW message_records AS
    SELECT key, sequence, step, lead_key, address, company, sender, state, at, reserved_at, subject, message_id,
           tries, next_try_at, fault, reply, variant
    FROM messages;

CREATE TABLE message_events (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES messages (id),
    run TEXT REFERENCES runs (run),
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    fault TEXT NOT NULL DEFAULT '',
    reply TEXT NOT NULL DEFAULT '',
    next_try_at TEXT
);
CREATE INDEX events_of_message ON message_events (message);

CREATE TABLE bodies (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    envelope_from TEXT NOT NULL,
    envelope_to TEXT NOT NULL,
    content BLOB NOT NULL,
    sha256 BLOB NOT NULL
);

-- Where an email in doubt was looked for, and whether it was there.
CREATE TABLE clues (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES messages (key),
    at TEXT NOT NULL,
    place TEXT NOT NULL,
    is_there INTEGER NOT NULL,
    absence TEXT NOT NULL
);
CREATE INDEX clues_of_message ON clues (key);

CREATE TABLE signals (
    id INTEGER PRIMARY KEY,
    lead_key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'replied', 'bounced', 'unsubscribed', 'complained', 'opened', 'clicked', 'failed', 'absent'
    )),
    at TEXT NOT NULL,
    detail TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    until TEXT,
    says TEXT NOT NULL DEFAULT '',
    UNIQUE (lead_key, kind, at, detail)
);

-- Every mail that came back and was understood: it has its effects once, in whatever folder it is found again.
-- identity is its Message-ID, else a hash of its bytes.
CREATE TABLE incoming (
    identity TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    sender TEXT NOT NULL,
    kind TEXT NOT NULL,
    lead_key TEXT NOT NULL,
    message TEXT NOT NULL,
    matched_by TEXT NOT NULL,
    because TEXT NOT NULL,
    new_text TEXT NOT NULL,
    -- Whom of ours it is to be told to, until that has happened.
    tell TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX incoming_of_lead ON incoming (lead_key);
CREATE INDEX incoming_untold ON incoming (tell) WHERE tell <> '';

-- How far each folder of each mailbox was read: up to uid, and with care up to careful_until, because a reading that far
-- was once begun and never ended. tries are those of the mail after uid alone.
CREATE TABLE folders (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    careful_until INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, folder)
) WITHOUT ROWID;

-- When each mailbox was last read to its end, and when the last try to was made that failed; '' for never.
CREATE TABLE readings (
    mailbox TEXT PRIMARY KEY,
    read_at TEXT NOT NULL DEFAULT '',
    failed_at TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- Empty but for the moments in which a person's data are erased, as the law can ask: then the tables may shrink.
CREATE TABLE erasing (
    lead TEXT NOT NULL
);

-- Who must not be written to, and who may be again. The keyed hash outlives an address that was erased.
CREATE TABLE suppressions (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('suppress', 'lift')),
    address TEXT NOT NULL,
    address_hash BLOB NOT NULL,
    why TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX suppressions_of_address ON suppressions (address_hash);

CREATE VIEW suppressed AS
    SELECT id, address, address_hash, why, at FROM suppressions AS entry
    WHERE what = 'suppress' AND NOT EXISTS (
        SELECT 1 FROM suppressions AS lift
        WHERE lift.address_hash = entry.address_hash AND lift.what = 'lift' AND lift.id > entry.id
    );

CREATE TABLE pauses (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('pause', 'resume')),
    at TEXT NOT NULL,
    why TEXT NOT NULL
);

-- The minute of today at which an email that is due shall leave, by the run that said so.
CREATE TABLE promises (
    key TEXT PRIMARY KEY,
    lead_key TEXT NOT NULL,
    at TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES runs (run)
) WITHOUT ROWID;
CREATE INDEX promises_by_time ON promises (at);

CREATE TABLE jobs_due (
    job TEXT NOT NULL,
    due TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (job, due)
) WITHOUT ROWID;

-- The ways a message may go. The code keeps to them; this is for the day it does not.
CREATE TRIGGER messages_keep_their_way BEFORE UPDATE OF state ON messages
WHEN NOT CASE OLD.state
    WHEN 'reserved' THEN NEW.state <> 'reserved'
    WHEN 'deferred' THEN NEW.state <> 'reserved'
    WHEN 'handing over' THEN NEW.state <> 'handing over' AND NEW.state <> 'dropped'
    WHEN 'in doubt' THEN NEW.state = 'accepted' OR NEW.state = 'reserved' OR NEW.state = 'dropped'
    WHEN 'refused' THEN NEW.state = 'dropped'
    ELSE FALSE
END BEGIN
    SELECT RAISE(ABORT, 'a message cannot go from this state to that');
END;
CREATE TRIGGER messages_stay_themselves
BEFORE UPDATE OF id, key, sequence, step, lead_key, address_hash, message_id, reserved_at ON messages
WHEN NOT EXISTS (SELECT 1 FROM erasing) AND (OLD.state <> 'reserved' OR OLD.tries > 0
    OR (OLD.id, OLD.key, OLD.sequence, OLD.step, OLD.lead_key)
        IS NOT (NEW.id, NEW.key, NEW.sequence, NEW.step, NEW.lead_key)) BEGIN
    SELECT RAISE(ABORT, 'a message that was tried stays what it was reserved as');
END;
CREATE TRIGGER messages_stay BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'messages are kept'); END;

CREATE TRIGGER owners_stay BEFORE DELETE ON owners BEGIN SELECT RAISE(ABORT, 'owners only grow'); END;
CREATE TRIGGER owners_hold BEFORE UPDATE ON owners BEGIN SELECT RAISE(ABORT, 'owners only grow'); END;
CREATE TRIGGER runs_stay BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'runs only grow'); END;
CREATE TRIGGER runs_hold BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'runs only grow'); END;
CREATE TRIGGER run_ends_stay BEFORE DELETE ON run_ends BEGIN SELECT RAISE(ABORT, 'run_ends only grow'); END;
CREATE TRIGGER run_ends_hold BEFORE UPDATE ON run_ends BEGIN SELECT RAISE(ABORT, 'run_ends only grow'); END;
CREATE TRIGGER batches_stay BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'batches only grow'); END;
CREATE TRIGGER batches_hold BEFORE UPDATE ON batches BEGIN SELECT RAISE(ABORT, 'batches only grow'); END;
CREATE TRIGGER cells_stay BEFORE DELETE ON cells
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'cells only grow'); END;
CREATE TRIGGER cells_hold BEFORE UPDATE ON cells
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'cells only grow'); END;
CREATE TRIGGER states_stay BEFORE DELETE ON states
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'states only grow'); END;
CREATE TRIGGER states_hold BEFORE UPDATE ON states
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'states only grow'); END;
CREATE TRIGGER snapshots_stay BEFORE DELETE ON snapshots
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'snapshots only grow'); END;
CREATE TRIGGER snapshots_hold BEFORE UPDATE ON snapshots
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'snapshots only grow'); END;
CREATE TRIGGER moves_stay BEFORE DELETE ON moves
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'moves only grow'); END;
CREATE TRIGGER moves_hold BEFORE UPDATE ON moves
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'moves only grow'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON message_events
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'events only grow'); END;
CREATE TRIGGER events_hold BEFORE UPDATE ON message_events
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'events only grow'); END;
CREATE TRIGGER bodies_stay BEFORE DELETE ON bodies
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'bodies only grow'); END;
CREATE TRIGGER bodies_hold BEFORE UPDATE ON bodies
WHEN NOT EXISTS (SELECT 1 FROM messages WHERE id = OLD.message AND state = 'reserved' AND tries = 0) BEGIN
    SELECT RAISE(ABORT, 'bodies only grow once their email is under way');
END;
CREATE TRIGGER clues_stay BEFORE DELETE ON clues BEGIN SELECT RAISE(ABORT, 'clues only grow'); END;
CREATE TRIGGER clues_hold BEFORE UPDATE ON clues BEGIN SELECT RAISE(ABORT, 'clues only grow'); END;
CREATE TRIGGER signals_stay BEFORE DELETE ON signals
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'signals only grow'); END;
CREATE TRIGGER signals_hold BEFORE UPDATE ON signals
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'signals only grow'); END;
CREATE TRIGGER incoming_stay BEFORE DELETE ON incoming
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'incoming only grows'); END;
CREATE TRIGGER suppressions_stay BEFORE DELETE ON suppressions
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'suppressions only grow'); END;
CREATE TRIGGER suppressions_hold BEFORE UPDATE ON suppressions
WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, 'suppressions only grow'); END;
CREATE TRIGGER pauses_stay BEFORE DELETE ON pauses BEGIN SELECT RAISE(ABORT, 'pauses only grow'); END;
CREATE TRIGGER pauses_hold BEFORE UPDATE ON pauses BEGIN SELECT RAISE(ABORT, 'pauses only grow'); END;
CREATE TRIGGER jobs_due_stay BEFORE DELETE ON jobs_due BEGIN SELECT RAISE(ABORT, 'jobs_due only grow'); END;
CREATE TRIGGER jobs_due_hold BEFORE UPDATE ON jobs_due BEGIN SELECT RAISE(ABORT, 'jobs_due only grow'); END;
