-- Up to when the events of each payment gateway were read from its own list, so that webhooks that never came are found.
CREATE TABLE platform.gateway_events_read (
    gateway    text COLLATE "C" PRIMARY KEY,
    read_until timestamptz NOT NULL
);
