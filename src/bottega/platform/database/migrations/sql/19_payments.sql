-- Payments, refunds and the double-entry ledger.
CREATE TABLE shop.payments (
    id                text COLLATE "C" PRIMARY KEY,
    order_id          text COLLATE "C" NOT NULL REFERENCES shop.orders,
    customer_id       text COLLATE "C" NOT NULL REFERENCES shop.customers,
    instrument_id     text COLLATE "C" REFERENCES shop.instruments,
    gift_card_id      text COLLATE "C" REFERENCES shop.gift_cards,
    gateway           text NOT NULL,                     -- 'sandbox', 'stripe', 'gift_card', 'bank_transfer', 'imported'
    kind              text NOT NULL CHECK (kind IN ('card', 'wallet', 'gift_card', 'bank_transfer')),
    currency          text NOT NULL,
    amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
    authorised_minor  bigint NOT NULL DEFAULT 0,
    captured_minor    bigint NOT NULL DEFAULT 0,
    refunded_minor    bigint NOT NULL DEFAULT 0,         -- succeeded and pending refunds
    status            text NOT NULL CHECK (status IN
                      ('pending', 'requires_action', 'processing', 'authorised', 'captured', 'declined', 'voided')),
    capture_mode      text NOT NULL CHECK (capture_mode IN ('automatic', 'manual')),
    gateway_reference text,
    decline_code      text,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT captured_within_authorised CHECK (captured_minor <= authorised_minor),
    CONSTRAINT refunded_within_captured CHECK (refunded_minor <= captured_minor)
);
CREATE INDEX payments_order ON shop.payments (order_id);
CREATE UNIQUE INDEX payments_reference ON shop.payments (gateway, gateway_reference) WHERE gateway_reference IS NOT NULL;
CREATE TABLE shop.refunds (
    id                text COLLATE "C" PRIMARY KEY,
    payment_id        text COLLATE "C" NOT NULL REFERENCES shop.payments,
    order_id          text COLLATE "C" NOT NULL REFERENCES shop.orders,
    return_id         text COLLATE "C",
    gift_card_id      text COLLATE "C" REFERENCES shop.gift_cards,   -- when paid out onto a gift card of the payer
    instrument_id     text COLLATE "C" REFERENCES shop.instruments,  -- when paid out by hand onto another of the payer's
    currency          text NOT NULL,
    amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
    reason            text NOT NULL,
    status            text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    gateway_reference text,
    failure_code      text,
    created_at        timestamptz NOT NULL,
    settled_at        timestamptz
);
CREATE INDEX refunds_order ON shop.refunds (order_id);
CREATE INDEX refunds_payment ON shop.refunds (payment_id);
-- One line per account of one transaction; the lines of a transaction sum to zero per currency.
-- Accounts: customer:<order id>, gateway:<name>, gift_card:<id>, gift_cards_issued, sales, tax, shipping, discounts, refunds, opening
CREATE TABLE shop.ledger_postings (
    transaction_id text COLLATE "C" NOT NULL,
    line           integer NOT NULL,
    account        text COLLATE "C" NOT NULL,
    currency       text NOT NULL,
    amount_minor   bigint NOT NULL CHECK (amount_minor <> 0),
    kind           text NOT NULL,
    order_id       text COLLATE "C",
    payment_id     text COLLATE "C",
    refund_id      text COLLATE "C",
    posted_at      timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, line)
);
CREATE INDEX ledger_postings_account ON shop.ledger_postings (account);
CREATE INDEX ledger_postings_order ON shop.ledger_postings (order_id);
SELECT log.fold('shop.payments');
SELECT log.fold('shop.refunds');
SELECT log.fold('shop.ledger_postings');
