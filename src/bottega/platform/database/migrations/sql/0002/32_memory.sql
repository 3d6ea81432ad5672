-- Memory: what is remembered about a customer. Never what a model said: every fact names the words or the record it is from.
CREATE TABLE runtime.memories (
    id            text COLLATE "C" PRIMARY KEY,
    customer_id   text COLLATE "C" NOT NULL,
    span          text NOT NULL CHECK (span IN ('working', 'profile')),   -- recent dealings, or for life
    name          text COLLATE "C" NOT NULL,             -- what it is about: 'size.shoes', 'avoids.material'
    value         jsonb NOT NULL,
    said          text NOT NULL DEFAULT '',              -- the principal's own words, where they are the source
    source        text COLLATE "C" NOT NULL,             -- 'turn:ses_….4', 'order:ord_…', 'staff:stf_…'
    trust         text NOT NULL CHECK (trust IN ('shop', 'principal', 'third_party')),
    purpose       text NOT NULL CHECK (purpose IN ('service', 'personalisation')),
    learnt_at     timestamptz NOT NULL,
    confirmed_at  timestamptz NOT NULL,                  -- when the same was last learnt again
    expires_at    timestamptz NOT NULL,
    superseded_by text COLLATE "C" REFERENCES runtime.memories ON DELETE SET NULL,
    superseded_at timestamptz,
    recalled_at   timestamptz,
    recalls       integer NOT NULL DEFAULT 0
);
-- A fact holds until another one of the same name takes its place.
CREATE UNIQUE INDEX memories_holding ON runtime.memories (customer_id, name) WHERE superseded_at IS NULL;
CREATE INDEX memories_expiring ON runtime.memories (expires_at);
-- How often memory had something when it was asked, by day; nobody is named.
CREATE TABLE runtime.memory_use (
    day    date PRIMARY KEY,
    asked  integer NOT NULL DEFAULT 0,
    hits   integer NOT NULL DEFAULT 0,                   -- asked, and something fitting was remembered
    stale  integer NOT NULL DEFAULT 0                    -- what was recalled had not been confirmed for half a year
);
