-- Runs of agents and their journal. None of it is folded: what agents change in the shop stands in the log like any
-- other change; this says how they came to it. Texts and results in here are personal and go with their customer.

-- A conversation with one principal. Turns are numbered as they are heard; the next one begins when the one before it
-- is answered, so `answered_ordinal` says whose turn it is. Both stand in this row so that its lock decides.
CREATE TABLE runtime.sessions (
    id               text COLLATE "C" PRIMARY KEY,
    role             text COLLATE "C" NOT NULL,
    principal_kind   text NOT NULL CHECK (principal_kind IN ('customer', 'staff', 'agent', 'system')),
    principal_id     text COLLATE "C" NOT NULL,
    customer_id      text COLLATE "C",                   -- once set it stays: one customer per conversation
    slots            jsonb NOT NULL DEFAULT '{}',        -- what its tools keep for later calls
    handles          jsonb NOT NULL DEFAULT '{}',        -- names of the records that were shown
    tainted          boolean NOT NULL DEFAULT false,     -- a third party's text has been before the model
    held_by          text COLLATE "C",                   -- the colleague who has taken over
    last_ordinal     integer NOT NULL DEFAULT 0,
    answered_ordinal integer NOT NULL DEFAULT 0 CHECK (answered_ordinal <= last_ordinal),
    created_at       timestamptz NOT NULL,
    last_at          timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sessions_customer ON runtime.sessions (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX sessions_principal ON runtime.sessions (principal_id);
CREATE INDEX sessions_last_at ON runtime.sessions (last_at);

CREATE TABLE runtime.runs (
    id             text COLLATE "C" PRIMARY KEY,
    role           text COLLATE "C" NOT NULL,
    role_version   text NOT NULL DEFAULT '',
    state          text NOT NULL
                   CHECK (state IN ('queued', 'ready', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    principal_kind text NOT NULL,
    principal_id   text COLLATE "C" NOT NULL,
    customer_id    text COLLATE "C",
    session_id     text COLLATE "C" REFERENCES runtime.sessions ON DELETE CASCADE,
    turn           integer,
    parent_ids     text[] COLLATE "C" NOT NULL DEFAULT '{}',
    start_key      text COLLATE "C",                     -- asked to start twice with one key: started once
    task           jsonb NOT NULL,
    waiting_for    text CHECK (waiting_for IN ('approval', 'timer', 'children', 'retry', 'stop_switch')),
    waiting_ids    text[] COLLATE "C" NOT NULL DEFAULT '{}',
    wake_at        timestamptz,                          -- looked at again at the latest then
    holder         integer,                              -- number of the process that advances it
    fence          bigint NOT NULL DEFAULT 0,            -- grows with every holder: an overtaken one writes nothing
    signals        integer NOT NULL DEFAULT 0,           -- grows when something happened that the run must look at
    cancelled_by   text COLLATE "C",
    attempts       integer NOT NULL DEFAULT 0,           -- how often a process died in it
    steps          integer NOT NULL DEFAULT 0,
    model_calls    integer NOT NULL DEFAULT 0,
    tool_calls     integer NOT NULL DEFAULT 0,
    input_tokens   bigint NOT NULL DEFAULT 0,
    output_tokens  bigint NOT NULL DEFAULT 0,
    cost_micros    bigint NOT NULL DEFAULT 0,
    active_milliseconds bigint NOT NULL DEFAULT 0,       -- in some process's hands; waiting does not count
    result         jsonb,
    failure        text,                                 -- a code, never a text of a person
    created_at     timestamptz NOT NULL,
    began_at       timestamptz,
    answered_at    timestamptz,
    finished_at    timestamptz,
    CHECK ((session_id IS NULL) = (turn IS NULL)),
    CHECK ((state = 'waiting') = (waiting_for IS NOT NULL)),
    CHECK ((state = 'running') = (holder IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX runs_start_key ON runtime.runs (role, start_key) WHERE start_key IS NOT NULL;
CREATE INDEX runs_live ON runtime.runs (state, id) WHERE state IN ('queued', 'ready', 'running', 'waiting');
CREATE INDEX runs_session ON runtime.runs (session_id, turn) WHERE session_id IS NOT NULL;
CREATE INDEX runs_customer ON runtime.runs (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX runs_parent ON runtime.runs ((parent_ids[1])) WHERE parent_ids <> '{}';
CREATE INDEX runs_created_at ON runtime.runs (created_at, role);

-- What was said: one row per message heard, and one per message that the shop sent by itself.
CREATE TABLE runtime.turns (
    session_id        text COLLATE "C" NOT NULL REFERENCES runtime.sessions ON DELETE CASCADE,
    ordinal           integer NOT NULL,
    run_id            text COLLATE "C" NOT NULL,
    client_message_id text COLLATE "C",
    asked             text,                              -- card numbers are replaced before anything is written
    reply             jsonb,
    asked_at          timestamptz NOT NULL,
    answered_at       timestamptz,
    PRIMARY KEY (session_id, ordinal)
);
CREATE UNIQUE INDEX turns_client_message ON runtime.turns (session_id, client_message_id)
    WHERE client_message_id IS NOT NULL;

-- The journal. A model call is written as intended before it is made, an action before it is performed.
CREATE TABLE runtime.steps (
    run_id   text COLLATE "C" NOT NULL REFERENCES runtime.runs ON DELETE CASCADE,
    number   integer NOT NULL,
    phase    text NOT NULL CHECK (phase IN ('observe', 'reflect', 'decide', 'act', 'log')),
    name     text COLLATE "C" NOT NULL DEFAULT '',
    state    text NOT NULL CHECK (state IN ('intended', 'done', 'refused', 'waiting')),
    fault    text,                                       -- timeout, provider, refused, invalid_call, ungrounded, …
    detail   jsonb NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (run_id, number)
) WITH (fillfactor = 85);
CREATE INDEX steps_fault ON runtime.steps (began_at, fault) WHERE fault IS NOT NULL;

-- The texts that runs were instructed with, by their version, so that a past prompt can be shown as it was.
CREATE TABLE runtime.instructions (
    role          text COLLATE "C" NOT NULL,
    version       text COLLATE "C" NOT NULL,
    text          text NOT NULL,
    first_used_at timestamptz NOT NULL,
    PRIMARY KEY (role, version)
);

-- What customers are asked to say yes to. A yes is used in the transaction of the action that it permits.
CREATE TABLE runtime.confirmations (
    id           text COLLATE "C" PRIMARY KEY,
    session_id   text COLLATE "C" NOT NULL REFERENCES runtime.sessions ON DELETE CASCADE,
    run_id       text COLLATE "C" NOT NULL,
    turn         integer NOT NULL,
    customer_id  text COLLATE "C",
    tool         text NOT NULL,
    action       text NOT NULL,
    arguments    jsonb NOT NULL,
    digest       text NOT NULL,
    token_digest bytea NOT NULL,
    summary      text NOT NULL,
    state        text NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'used', 'declined', 'expired', 'superseded', 'refused')),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    decided_at   timestamptz,
    used_by      text COLLATE "C"                        -- the run that used it
);
CREATE UNIQUE INDEX confirmations_pending ON runtime.confirmations (session_id) WHERE state = 'pending';
CREATE INDEX confirmations_customer ON runtime.confirmations (customer_id) WHERE customer_id IS NOT NULL;

-- The stop switch: one row for all roles ('*') and one for each role that was ever stopped.
CREATE TABLE runtime.switches (
    role       text COLLATE "C" PRIMARY KEY,
    stopped    boolean NOT NULL,
    reason     text NOT NULL DEFAULT '',
    changed_by text COLLATE "C" NOT NULL,
    changed_at timestamptz NOT NULL
);
INSERT INTO runtime.switches (role, stopped, changed_by, changed_at) VALUES ('*', false, 'system', now());

-- Numbers of processes. A process holds the advisory lock (7230915, number) for as long as it lives, so that others see
-- at once when it is gone.
CREATE SEQUENCE runtime.process_numbers AS integer CYCLE;

CREATE FUNCTION runtime.is_alive(process_number integer) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.classid = 7230915 AND l.objid = process_number::bigint::oid AND l.objsubid = 2
          AND l.granted AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
$$;

-- Whether an agent's change may still commit. Changes hold the switch's lock together until they end; stopping takes it
-- alone, so when a stop has committed no change that began before it can commit after it. VOLATILE plpgsql: the question
-- is asked in a snapshot that is newer than the lock.
CREATE FUNCTION runtime.may_act(acting_role text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7230916, 1);
    RETURN NOT EXISTS (SELECT FROM runtime.switches s WHERE s.role IN ('*', acting_role) AND s.stopped);
END
$$;

CREATE FUNCTION runtime.set_switch(for_role text, is_stopped boolean, because text, who text, at timestamptz)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7230916, 1);
    INSERT INTO runtime.switches AS s (role, stopped, reason, changed_by, changed_at)
    VALUES (for_role, is_stopped, because, who, at)
    ON CONFLICT (role) DO UPDATE SET stopped = excluded.stopped, reason = excluded.reason,
        changed_by = excluded.changed_by, changed_at = excluded.changed_at;
END
$$;

-- The shop's setting `agents_stopped` is the same switch.
CREATE FUNCTION runtime.follow_setting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM runtime.set_switch(
        '*', TG_OP <> 'DELETE' AND NEW.value = 'true'::jsonb, 'shop setting', 'shop_settings', now());
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_setting_changed AFTER INSERT OR UPDATE ON shop.shop_settings
    FOR EACH ROW WHEN (NEW.name = 'agents_stopped') EXECUTE FUNCTION runtime.follow_setting();
CREATE TRIGGER follow_setting_gone AFTER DELETE ON shop.shop_settings
    FOR EACH ROW WHEN (OLD.name = 'agents_stopped') EXECUTE FUNCTION runtime.follow_setting();

-- What a run did, found from the run.
CREATE INDEX entries_of_runs ON log.entries (because) WHERE because LIKE 'run:%';
CREATE INDEX approvals_of_runs ON log.approvals (because) WHERE because LIKE 'run:%';
