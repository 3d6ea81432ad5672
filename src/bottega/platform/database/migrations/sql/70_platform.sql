-- What is not the shop's own record: sign-in, keys, webhooks in and out, imports. None of it is folded.
CREATE TABLE platform.credentials (
    subject_id    text COLLATE "C" PRIMARY KEY,          -- customer or staff id
    password_hash text NOT NULL,                         -- argon2id
    changed_at    timestamptz NOT NULL
);
-- Failures to sign in, by keyed digest of the address that was tried, so that unknown addresses lock like known ones.
CREATE TABLE platform.sign_in_failures (
    digest       bytea PRIMARY KEY,
    failures     integer NOT NULL,
    failed_at    timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX sign_in_failures_at ON platform.sign_in_failures (failed_at);
CREATE TABLE platform.sessions (
    id           text COLLATE "C" PRIMARY KEY,
    token_digest bytea NOT NULL UNIQUE,
    subject_kind text NOT NULL CHECK (subject_kind IN ('customer', 'guest', 'staff')),
    subject_id   text COLLATE "C" NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX sessions_subject ON platform.sessions (subject_id);
CREATE TABLE platform.one_time_codes (
    id         text COLLATE "C" PRIMARY KEY,             -- the effect that sent it
    purpose    text NOT NULL CHECK (purpose IN ('password_reset', 'sign_in', 'staff_invitation')),
    subject_id text COLLATE "C" NOT NULL,
    digest     bytea NOT NULL,                           -- keyed digest of subject, purpose and code
    attempts   integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX one_time_codes_subject ON platform.one_time_codes (subject_id, id);
CREATE TABLE platform.api_keys (
    id         text COLLATE "C" PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,
    name       text NOT NULL,
    role       text NOT NULL,
    scopes     text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_on date,
    entry_id   text COLLATE "C" UNIQUE                   -- the entry of its making, which binds the digest to it
);
CREATE TABLE platform.webhook_inbox (
    provider    text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    kind        text NOT NULL,
    body        jsonb NOT NULL,
    state       text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'done', 'dead')),
    deliveries  integer NOT NULL DEFAULT 1,
    attempts    integer NOT NULL DEFAULT 0,
    last_error  text,
    received_at timestamptz NOT NULL,
    settled_at  timestamptz,
    PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhook_inbox_waiting ON platform.webhook_inbox (received_at) WHERE state = 'received';
CREATE TABLE platform.webhook_endpoints (
    id         text COLLATE "C" PRIMARY KEY,
    url        text NOT NULL,
    secret     text NOT NULL,                            -- signs deliveries; never in the log
    secret_entry_id text COLLATE "C" UNIQUE,             -- the entry that made the secret
    topics     text[] NOT NULL,                          -- action names, or '*'
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL
);
CREATE TABLE platform.webhook_deliveries (
    id              text COLLATE "C" PRIMARY KEY,
    endpoint_id     text COLLATE "C" NOT NULL REFERENCES platform.webhook_endpoints ON DELETE CASCADE,
    position        bigint NOT NULL,
    topic           text NOT NULL,
    body            jsonb NOT NULL,
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_status     integer,
    last_error      text,
    delivered_at    timestamptz,
    created_at      timestamptz NOT NULL,
    UNIQUE (endpoint_id, position)
);
CREATE INDEX webhook_deliveries_due ON platform.webhook_deliveries (endpoint_id, next_attempt_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_delivered ON platform.webhook_deliveries (delivered_at) WHERE state = 'delivered';
CREATE TABLE platform.imports (
    id           text COLLATE "C" PRIMARY KEY,
    file_digest  text NOT NULL,
    format       text NOT NULL,
    rows_done    bigint NOT NULL DEFAULT 0,
    summary      jsonb NOT NULL DEFAULT '{}',
    state        text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'refused')),
    started_at   timestamptz NOT NULL,
    finished_at  timestamptz
);
CREATE INDEX imports_file ON platform.imports (file_digest, format);
