-- The action log, what hangs on it, and the vault of personal values.

-- One line per action that happened. Rows are inserted in the last statement of the action's transaction and never change.
CREATE TABLE log.entries (
    id               text COLLATE "C" PRIMARY KEY,
    sequence         bigint NOT NULL UNIQUE,
    action           text NOT NULL,
    arguments        bytea NOT NULL,            -- canonical JSON, personal values replaced by references
    arguments_digest text NOT NULL,             -- SHA-256 of `arguments`
    request_digest   text NOT NULL,             -- keyed digest of the arguments as given, to compare repeated requests
    actor_kind       text NOT NULL CHECK (actor_kind IN ('customer', 'staff', 'agent', 'system')),
    actor_id         text NOT NULL,
    actor_role       text NOT NULL,
    on_behalf_of     text,
    because          text,                      -- kind:id of what caused it (request, run, webhook, schedule, entry)
    key_scope        text NOT NULL,
    idempotency_key  text,
    rule_ids         text[] NOT NULL,
    policy_version   text NOT NULL,
    approval_id      text,
    facts            jsonb NOT NULL,
    resolved         jsonb NOT NULL,            -- values read without a lock (a price, a rate), for what-if
    result           jsonb NOT NULL,
    recorded_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX entries_idempotency_key ON log.entries (key_scope, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX entries_action ON log.entries (action, sequence);
CREATE INDEX entries_actor ON log.entries (actor_id, sequence);
CREATE SEQUENCE log.entry_sequence CACHE 1;

-- Draws the number. The transaction must own an id before it draws, or a reader could take the hole it leaves for dead.
CREATE FUNCTION log.next_sequence() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_current_xact_id();
    RETURN nextval('log.entry_sequence');
END $$;

-- One line per changed row of a folded table. The deferred reference makes a change without an entry impossible to commit.
CREATE TABLE log.changes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id   text COLLATE "C" NOT NULL REFERENCES log.entries DEFERRABLE INITIALLY DEFERRED,
    table_name text COLLATE "C" NOT NULL,
    row_key    text COLLATE "C" NOT NULL,
    operation  text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    before     jsonb,
    after      jsonb
);
CREATE INDEX changes_entry ON log.changes (entry_id, id);
CREATE INDEX changes_row ON log.changes (table_name, row_key, id);

CREATE TABLE log.folded_tables (
    table_name  text COLLATE "C" PRIMARY KEY,
    key_columns text[] NOT NULL,
    ordinal     bigint GENERATED ALWAYS AS IDENTITY
);

CREATE FUNCTION log.record_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry  text := current_setting('bottega.entry', true);
    before jsonb;
    after  jsonb;
    image  jsonb;
    row_key text;
BEGIN
    IF entry IS NULL OR entry = '' THEN
        RAISE EXCEPTION 'a write to %.% outside an action is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'BT001', HINT = 'Change the shop through perform(); for repairs write an action.';
    END IF;
    -- The entry is written after its last change, so one that is there already is not this change's own.
    IF EXISTS (SELECT FROM log.entries e WHERE e.id = entry) THEN
        RAISE EXCEPTION 'a write to %.% under an entry that is written already is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'BT001', HINT = 'An action changes its rows before its entry is numbered.';
    END IF;
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW); END IF;
    image := coalesce(after, before);
    row_key := image ->> TG_ARGV[0];
    FOR i IN 1 .. TG_NARGS - 1 LOOP
        row_key := row_key || '/' || (image ->> TG_ARGV[i]);
    END LOOP;
    INSERT INTO log.changes (entry_id, table_name, row_key, operation, before, after)
    VALUES (entry, TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, row_key, lower(TG_OP), before, after);
    RETURN NULL;
END $$;

CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: %', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'BT001';
END $$;

-- Makes a table part of the fold: its rows may change inside an action only, and each change is recorded.
CREATE FUNCTION log.fold(folded regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    columns text[];
    name    text;
BEGIN
    SELECT array_agg(a.attname ORDER BY k.ordinality) INTO columns
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, ordinality)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = folded AND i.indisprimary;
    IF columns IS NULL THEN
        RAISE EXCEPTION 'table % needs a primary key to be folded', folded;
    END IF;
    SELECT n.nspname || '.' || c.relname INTO name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = folded;
    INSERT INTO log.folded_tables (table_name, key_columns) VALUES (name, columns);
    EXECUTE format(
        'CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION log.record_change(%s)',
        folded, (SELECT string_agg(quote_literal(c), ', ') FROM unnest(columns) AS c));
    EXECUTE format(
        'CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION log.refuse(%L)',
        folded, 'delete rows inside an action');
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON log.entries
    FOR EACH ROW EXECUTE FUNCTION log.refuse('the log is append-only');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON log.changes
    FOR EACH ROW EXECUTE FUNCTION log.refuse('the log is append-only');
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON log.entries
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse('the log is append-only');
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON log.changes
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse('the log is append-only');

-- A time as hashes and exports spell it, whatever the session's time zone.
CREATE FUNCTION log.time_text(moment timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Dense positions and the chain of signed blocks, both written by the sealer alone.
CREATE TABLE log.positions (
    position   bigint PRIMARY KEY,
    entry_id   text COLLATE "C" NOT NULL UNIQUE REFERENCES log.entries,
    sequence   bigint NOT NULL UNIQUE,
    entry_hash bytea NOT NULL
);
CREATE TABLE log.blocks (
    number         bigint PRIMARY KEY,
    first_position bigint NOT NULL UNIQUE,
    last_position  bigint NOT NULL UNIQUE CHECK (last_position >= first_position),
    previous_hash  bytea NOT NULL,
    hash           bytea NOT NULL,
    key_id         text NOT NULL,
    signature      bytea NOT NULL,
    sealed_at      timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON log.positions
    FOR EACH ROW EXECUTE FUNCTION log.refuse('the log is append-only');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON log.blocks
    FOR EACH ROW EXECUTE FUNCTION log.refuse('the log is append-only');
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON log.positions
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse('the log is append-only');
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON log.blocks
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse('the log is append-only');

-- SHA-256 of an entry's canonical text: one JSON array of texts for the entry, then one per change in the order they were
-- made, each on a line of its own. bottega.actions.log.canonical computes the same from an export, without a database.
CREATE FUNCTION log.entry_hash(e log.entries) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(
        json_build_array(
            e.id, e.sequence::text, e.action, convert_from(e.arguments, 'UTF8'), e.arguments_digest, e.request_digest,
            e.actor_kind, e.actor_id, e.actor_role, e.on_behalf_of, e.because, e.key_scope, e.idempotency_key,
            array_to_json(e.rule_ids)::text, e.policy_version, e.approval_id, e.facts::text, e.resolved::text,
            e.result::text, log.time_text(e.recorded_at))::text
        || coalesce((
            SELECT string_agg(
                E'\n' || json_build_array(c.table_name, c.row_key, c.operation, c.before::text, c.after::text)::text,
                '' ORDER BY c.id)
            FROM log.changes c WHERE c.entry_id = e.id), ''),
        'UTF8'))
$$;

-- Where each reader of the log stands, and what went wrong since it last got on.
CREATE TABLE log.readers (
    name       text COLLATE "C" PRIMARY KEY,
    position   bigint NOT NULL DEFAULT 0,
    failures   integer NOT NULL DEFAULT 0,
    last_error text,
    updated_at timestamptz NOT NULL
);

-- Intended calls to the outside world.
CREATE TABLE log.effects (
    id               text COLLATE "C" PRIMARY KEY,
    entry_id         text COLLATE "C" NOT NULL REFERENCES log.entries DEFERRABLE INITIALLY DEFERRED,
    kind             text NOT NULL,
    key              text NOT NULL UNIQUE,      -- the stable key sent to the vendor
    payload          jsonb NOT NULL,            -- vault references instead of personal values
    state            text NOT NULL DEFAULT 'intended'
                     CHECK (state IN ('intended', 'sent', 'confirmed', 'refused', 'unknown', 'dead', 'cancelled')),
    reconciled       boolean NOT NULL DEFAULT false,
    attempts         integer NOT NULL DEFAULT 0,
    maximum_attempts integer NOT NULL DEFAULT 8,
    next_attempt_at  timestamptz NOT NULL,
    sent_at          timestamptz,
    settled_at       timestamptz,
    outcome          jsonb,
    last_error       text,
    created_at       timestamptz NOT NULL
);
CREATE INDEX effects_due ON log.effects (next_attempt_at) WHERE state IN ('intended', 'sent', 'unknown');
CREATE INDEX effects_entry ON log.effects (entry_id);

-- Held actions that wait for a person.
CREATE TABLE log.approvals (
    id               text COLLATE "C" PRIMARY KEY,
    action           text NOT NULL,
    arguments        bytea NOT NULL,            -- canonical JSON as logged
    held_ref         text,                      -- vault reference to the full arguments when some are personal
    arguments_digest text NOT NULL,
    request_digest   text NOT NULL,
    key_scope        text NOT NULL,
    idempotency_key  text,
    actor_kind       text NOT NULL,
    actor_id         text NOT NULL,
    actor_role       text NOT NULL,
    actor_scopes     text[] NOT NULL DEFAULT '{}',
    on_behalf_of     text,
    because          text,
    rule_ids         text[] NOT NULL,
    policy_version   text NOT NULL,
    facts            jsonb NOT NULL,
    diff             jsonb NOT NULL,            -- the rows the action would change, before and after
    amount_minor     bigint,
    currency         text,
    evidence         jsonb NOT NULL DEFAULT '[]',
    approvers        jsonb NOT NULL DEFAULT '[]',
    state            text NOT NULL DEFAULT 'waiting'
                     CHECK (state IN ('waiting', 'granted', 'denied', 'expired')),
    requested_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    decided_at       timestamptz,
    reason           text,
    entry_id         text COLLATE "C"           -- the entry that the granted action wrote
);
CREATE UNIQUE INDEX approvals_idempotency_key ON log.approvals (key_scope, idempotency_key)
    WHERE idempotency_key IS NOT NULL AND state IN ('waiting', 'granted');
CREATE INDEX approvals_waiting ON log.approvals (requested_at) WHERE state = 'waiting';

-- Requests that policy refused; kept for a limited time, outside the chain.
CREATE TABLE log.denials (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action         text NOT NULL,
    actor_kind     text NOT NULL,
    actor_id       text NOT NULL,
    actor_role     text NOT NULL,
    rule_ids       text[] NOT NULL,
    policy_version text NOT NULL,
    facts          jsonb NOT NULL,
    denied_at      timestamptz NOT NULL
);
CREATE INDEX denials_at ON log.denials (denied_at);

-- Running totals that limits are checked against; one locked row per name, scope and day.
CREATE TABLE log.limits (
    name  text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    day   date NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (name, scope, day)
);

-- Personal values. Rows never change; forgetting deletes them.
CREATE TABLE vault.values (
    id         text COLLATE "C" PRIMARY KEY,
    subject_id text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    value      text NOT NULL,
    salt       bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX values_subject ON vault.values (subject_id);
CREATE TABLE vault.lookups (
    kind       text COLLATE "C" NOT NULL,
    digest     bytea NOT NULL,                  -- keyed digest of the normalised value
    subject_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, digest)
);
CREATE INDEX lookups_subject ON vault.lookups (subject_id);

CREATE FUNCTION vault.guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'personal values are immutable' USING ERRCODE = 'BT001';
    END IF;
    IF coalesce(current_setting('bottega.entry', true), '') = '' THEN
        RAISE EXCEPTION 'a write to the vault outside an action is refused' USING ERRCODE = 'BT001';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON vault.values FOR EACH ROW EXECUTE FUNCTION vault.guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON vault.lookups FOR EACH ROW EXECUTE FUNCTION vault.guard();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.values
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse('forgetting deletes rows inside an action');
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.lookups
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse('forgetting deletes rows inside an action');

-- The value behind a reference of the form <id>.<commitment>, or null when it was forgotten.
CREATE FUNCTION vault.reveal(reference text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT v.value FROM vault.values v WHERE v.id = split_part(reference, '.', 1)
$$;
