-- What was changed in orders after they were placed, and the money that each change moved.
CREATE TABLE shop.order_amendments (
    id               text COLLATE "C" PRIMARY KEY,
    order_id         text COLLATE "C" NOT NULL REFERENCES shop.orders,
    kind             text NOT NULL CHECK (kind IN ('address', 'items', 'instrument')),
    -- An instrument is changed once the new one has paid; until then, and when it does not pay, the old one stands.
    state            text NOT NULL DEFAULT 'done' CHECK (state IN ('pending', 'done', 'failed')),
    instrument_id    text COLLATE "C" REFERENCES shop.instruments,   -- charged or refunded onto
    payment_id       text COLLATE "C" REFERENCES shop.payments,      -- opened by this amendment
    refund_ids       text[] NOT NULL DEFAULT '{}',                   -- given back by this amendment
    difference_minor bigint NOT NULL DEFAULT 0,                      -- new total minus old
    lines            jsonb NOT NULL DEFAULT '[]',                    -- items: what each changed line was and became
    amended_at       timestamptz NOT NULL
);
CREATE INDEX order_amendments_order ON shop.order_amendments (order_id, id);
CREATE INDEX order_amendments_payment ON shop.order_amendments (payment_id) WHERE state = 'pending';
SELECT log.fold('shop.order_amendments');
