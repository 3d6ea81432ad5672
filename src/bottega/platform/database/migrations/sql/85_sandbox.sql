-- What the sandbox connectors remember, so that a demonstration survives restarts and several processes see the same.

CREATE SCHEMA IF NOT EXISTS platform;

-- The provider's side of the sandbox's payments; our own books are elsewhere and know only the reference.
CREATE TABLE platform.sandbox_payments (
    reference  text COLLATE "C" PRIMARY KEY,    -- made from the idempotency key of the call that created it
    payment_id text COLLATE "C" NOT NULL,
    version    integer NOT NULL,                -- a change replaces exactly the version it read
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX sandbox_payments_payment ON platform.sandbox_payments (payment_id);

CREATE TABLE platform.sandbox_events (
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    text COLLATE "C" NOT NULL UNIQUE,
    reference   text COLLATE "C" NOT NULL,
    document    jsonb NOT NULL,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX sandbox_events_occurred ON platform.sandbox_events (occurred_at);

-- Mail that would have been sent. It holds names and addresses, so forgetting a person deletes by `recipient`.
CREATE TABLE platform.outbox_mail (
    idempotency_key text COLLATE "C" PRIMARY KEY,
    message_id      text NOT NULL,
    recipient       text COLLATE "C" NOT NULL,  -- lower case
    subject         text NOT NULL,
    text            text NOT NULL,
    html            text,
    sent_at         timestamptz NOT NULL
);
CREATE INDEX outbox_mail_recipient ON platform.outbox_mail (recipient, sent_at DESC);
CREATE INDEX outbox_mail_sent ON platform.outbox_mail (sent_at DESC);
