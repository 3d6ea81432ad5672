-- Calls to language models: what each took, the budgets they are paid from, breakers, and cached replies. Not folded.
-- Money is in millionths of the currency of the models' settings.

-- One row per call, whoever answered it. Never a text of the request or the reply: those are in the run's journal.
CREATE TABLE runtime.model_calls (
    id                   text COLLATE "C" PRIMARY KEY,
    run_id               text COLLATE "C",
    parent_run_ids       text[] NOT NULL DEFAULT '{}',
    role                 text COLLATE "C" NOT NULL,
    intent               text COLLATE "C" NOT NULL,
    outcome              text NOT NULL CHECK (outcome IN ('answered', 'failed', 'abandoned')),
    route                text COLLATE "C",            -- who answered; null when nobody did
    level                text CHECK (level IN ('offline', 'local', 'small', 'large')),
    model                text,                        -- the name that the vendor gave
    reason               text NOT NULL,               -- why this route
    error_code           text,
    cache_hit            text CHECK (cache_hit IN ('exact', 'semantic')),
    attempts             jsonb NOT NULL DEFAULT '[]', -- the ladder: who was asked or passed over, and why
    input_tokens         bigint NOT NULL DEFAULT 0,
    output_tokens        bigint NOT NULL DEFAULT 0,
    cached_input_tokens  bigint NOT NULL DEFAULT 0,
    cache_written_tokens bigint NOT NULL DEFAULT 0,
    cost_micros          bigint NOT NULL DEFAULT 0,   -- of all attempts
    cost_is_estimate     boolean NOT NULL DEFAULT false, -- a reply was lost, or its usage: what was reserved is counted
    currency             text NOT NULL,
    milliseconds         integer NOT NULL,
    first_token_milliseconds integer,
    personal_data        boolean NOT NULL,
    streamed             boolean NOT NULL,
    vendor_request_id    text,
    began_at             timestamptz NOT NULL
);
CREATE INDEX model_calls_run ON runtime.model_calls (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX model_calls_began_at ON runtime.model_calls (began_at);

-- What was spent and is reserved, per account: the shop, a role or a run, each in a period.
CREATE TABLE runtime.model_budgets (
    account         text COLLATE "C" PRIMARY KEY,     -- shop/day/2026-11-29, role/assistant/month/2026-11, run/run_…
    kind            text NOT NULL CHECK (kind IN ('shop', 'role', 'run')),
    limit_micros    bigint,                           -- as it was when last asked for
    spent_micros    bigint NOT NULL DEFAULT 0,
    reserved_micros bigint NOT NULL DEFAULT 0 CHECK (reserved_micros >= 0),
    changed_at      timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What a call in progress may cost at most. One whose process died expires into spent, never into free.
CREATE TABLE runtime.model_reservations (
    id            text COLLATE "C" PRIMARY KEY,       -- of the attempt
    call_id       text COLLATE "C" NOT NULL,
    route         text COLLATE "C" NOT NULL,
    accounts      text[] NOT NULL,
    amount_micros bigint NOT NULL CHECK (amount_micros >= 0),
    expires_at    timestamptz NOT NULL,
    expired_at    timestamptz                         -- then the amount counts as spent until somebody reconciles it
);
CREATE INDEX model_reservations_due ON runtime.model_reservations (expires_at) WHERE expired_at IS NULL;

-- Reserves on every account or on none; an account asked for without a limit keeps the one it has. Null is yes; otherwise the first account (in the given order) without the room.
-- Rows are made and locked in the order of their keys, so that two calls never wait for each other.
CREATE FUNCTION runtime.reserve_spend(
    reservation text, call text, asked_route text, amount bigint, until timestamptz, at timestamptz,
    wanted text[], kinds text[], limits bigint[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    without_room text;
BEGIN
    INSERT INTO runtime.model_budgets (account, kind, changed_at)
    SELECT account, kind, at FROM unnest(wanted, kinds) AS asked (account, kind) ORDER BY account COLLATE "C"
    ON CONFLICT (account) DO NOTHING;
    PERFORM 1 FROM runtime.model_budgets AS b WHERE b.account = ANY (wanted) ORDER BY b.account FOR UPDATE;
    SELECT asked.account INTO without_room
    FROM unnest(wanted, limits) WITH ORDINALITY AS asked (account, most, place)
    JOIN runtime.model_budgets AS b ON b.account = asked.account
    WHERE b.spent_micros + b.reserved_micros + amount > coalesce(asked.most, b.limit_micros)
    ORDER BY asked.place LIMIT 1;
    IF without_room IS NOT NULL THEN
        RETURN without_room;
    END IF;
    UPDATE runtime.model_budgets AS b
    SET reserved_micros = b.reserved_micros + amount, limit_micros = coalesce(asked.most, b.limit_micros),
        changed_at = at
    FROM unnest(wanted, limits) AS asked (account, most) WHERE b.account = asked.account;
    INSERT INTO runtime.model_reservations (id, call_id, route, accounts, amount_micros, expires_at)
    VALUES (reservation, call, asked_route, wanted, amount, until);
    RETURN NULL;
END $$;

-- What an attempt really cost. Once only: a second settlement of a reservation finds none. Also settles an expired one.
CREATE FUNCTION runtime.settle_spend(reservation text, cost bigint, at timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    held runtime.model_reservations;
BEGIN
    DELETE FROM runtime.model_reservations WHERE id = reservation RETURNING * INTO held;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM 1 FROM runtime.model_budgets AS b WHERE b.account = ANY (held.accounts) ORDER BY b.account FOR UPDATE;
    UPDATE runtime.model_budgets
    SET reserved_micros = reserved_micros - CASE WHEN held.expired_at IS NULL THEN held.amount_micros ELSE 0 END,
        spent_micros = spent_micros + cost - CASE WHEN held.expired_at IS NULL THEN 0 ELSE held.amount_micros END,
        changed_at = at
    WHERE account = ANY (held.accounts);
    RETURN true;
END $$;

-- Moves one overdue reservation into spent; null when there is none. One at a time, for the order of the locks.
CREATE FUNCTION runtime.expire_one_reservation(at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    held runtime.model_reservations;
BEGIN
    SELECT * INTO held FROM runtime.model_reservations
    WHERE expired_at IS NULL AND expires_at <= at ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM runtime.model_budgets AS b WHERE b.account = ANY (held.accounts) ORDER BY b.account FOR UPDATE;
    UPDATE runtime.model_budgets
    SET reserved_micros = reserved_micros - held.amount_micros, spent_micros = spent_micros + held.amount_micros,
        changed_at = at
    WHERE account = ANY (held.accounts);
    UPDATE runtime.model_reservations SET expired_at = at WHERE id = held.id;
    RETURN held.id;
END $$;

-- Which routes are not to be asked just now, for all processes together.
CREATE TABLE runtime.model_breakers (
    route        text COLLATE "C" PRIMARY KEY,
    state        text NOT NULL CHECK (state IN ('closed', 'open')),
    failures     integer NOT NULL,                    -- in a row, within the window
    openings     integer NOT NULL DEFAULT 0,          -- in a row: each waits longer than the one before
    last_code    text NOT NULL,
    failed_at    timestamptz NOT NULL,
    opened_at    timestamptz,
    retry_at     timestamptz,                         -- when one process may probe
    probing_by   text,
    probing_until timestamptz                         -- a probe whose process died is taken over then
) WITH (fillfactor = 50);

-- Counts a failure of a route. Opens when there were enough within the window, when told to, and again after a failed
-- probe; each opening in a row rests twice as long. A failure of a call that began before the opening changes nothing.
CREATE FUNCTION runtime.count_model_failure(
    failed_route text, code text, at timestamptz, of_window interval, most integer, opens boolean,
    first_rest interval, longest_rest interval, told_rest interval, prober text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    b runtime.model_breakers;
    counted integer;
BEGIN
    INSERT INTO runtime.model_breakers (route, state, failures, last_code, failed_at)
    VALUES (failed_route, 'closed', 0, code, at) ON CONFLICT (route) DO NOTHING;
    SELECT * INTO b FROM runtime.model_breakers WHERE route = failed_route FOR UPDATE;
    IF b.state = 'open' AND (prober IS NULL OR b.probing_by IS DISTINCT FROM prober) THEN
        RETURN false;
    END IF;
    counted := CASE WHEN b.failed_at >= at - of_window THEN b.failures + 1 ELSE 1 END;
    opens := opens OR prober IS NOT NULL OR counted >= most;
    UPDATE runtime.model_breakers SET
        failures = counted, last_code = code, failed_at = at, probing_by = NULL, probing_until = NULL,
        state = CASE WHEN opens THEN 'open' ELSE 'closed' END,
        openings = b.openings + CASE WHEN opens THEN 1 ELSE 0 END,
        opened_at = CASE WHEN opens THEN at ELSE b.opened_at END,
        retry_at = CASE WHEN opens
            THEN at + coalesce(told_rest, least(first_rest * 2 ^ least(b.openings, 20), longest_rest)) END
    WHERE route = failed_route;
    RETURN opens;
END $$;

-- Replies that may be given again. `scope` is whom they are for: empty for everybody, else one customer or session.
CREATE TABLE runtime.model_cache (
    digest      bytea NOT NULL,                       -- keyed digest of the whole request
    scope       text COLLATE "C" NOT NULL,
    frame       bytea NOT NULL,                       -- keyed digest of the request without its question
    reply       jsonb NOT NULL,
    route       text COLLATE "C" NOT NULL,
    level       text NOT NULL,
    sources     text[] NOT NULL DEFAULT '{}',         -- what the reply rests on …
    versions    text[] NOT NULL DEFAULT '{}',         -- … and which version of each was read
    meaning     halfvec,                              -- of the question, where the like of it is answered too
    embedder    text,
    marks       text[] NOT NULL DEFAULT '{}',         -- its numbers: "14 days" is not like "30 days"
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (scope, digest)
);
CREATE INDEX model_cache_like ON runtime.model_cache (frame, scope, embedder) WHERE meaning IS NOT NULL;
CREATE INDEX model_cache_sources ON runtime.model_cache USING gin (sources);
CREATE INDEX model_cache_expires_at ON runtime.model_cache (expires_at);
