-- Conversations with customers, beyond what runs keep of them: who was proven to talk, and when a person took over.

-- A guest's conversation becomes an account's at most once; the proof is good for a while and for this conversation.
CREATE TABLE runtime.identifications (
    session_id  text COLLATE "C" PRIMARY KEY REFERENCES runtime.sessions ON DELETE CASCADE,
    guest_id    text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    proof       text NOT NULL CHECK (proof IN ('code', 'session')),
    proven_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX identifications_customer ON runtime.identifications (customer_id);

-- One row for each time that a colleague was called or came by themself, until they give the conversation back; at most
-- one of a conversation is open.
CREATE TABLE runtime.person_calls (
    id         text COLLATE "C" PRIMARY KEY,
    session_id text COLLATE "C" NOT NULL REFERENCES runtime.sessions ON DELETE CASCADE,
    ticket_id  text COLLATE "C",
    state      text NOT NULL CHECK (state IN ('waiting', 'held', 'over')),
    asked_at   timestamptz NOT NULL,
    taken_by   text COLLATE "C",
    taken_at   timestamptz,
    ended_at   timestamptz,
    CHECK ((state = 'held') <= (taken_by IS NOT NULL)),
    CHECK ((state = 'over') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX person_calls_open ON runtime.person_calls (session_id) WHERE state <> 'over';
CREATE INDEX person_calls_waiting ON runtime.person_calls (asked_at) WHERE state = 'waiting';
