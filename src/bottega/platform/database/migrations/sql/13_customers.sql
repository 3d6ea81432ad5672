-- Customers: columns ending in _ref hold vault references, never the value.
CREATE TABLE shop.customers (
    id                 text COLLATE "C" PRIMARY KEY,
    kind               text NOT NULL CHECK (kind IN ('account', 'guest')),
    email_ref          text,
    name_ref           text,
    phone_ref          text,
    language           text NOT NULL DEFAULT 'en',
    marketing_consent  boolean NOT NULL DEFAULT false,
    profiling_consent  boolean NOT NULL DEFAULT false,
    blocked            boolean NOT NULL DEFAULT false,
    source             text NOT NULL DEFAULT '',
    source_id          text NOT NULL DEFAULT '',
    created_at         timestamptz NOT NULL,
    forgotten_at       timestamptz
);
CREATE UNIQUE INDEX customers_source ON shop.customers (source, source_id) WHERE source <> '';
CREATE TABLE shop.addresses (
    id          text COLLATE "C" PRIMARY KEY,
    customer_id text COLLATE "C" NOT NULL REFERENCES shop.customers,
    address_ref text NOT NULL,                          -- canonical JSON of an Address in the vault
    country     text NOT NULL,
    is_default  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL
);
CREATE INDEX addresses_customer ON shop.addresses (customer_id);
CREATE TABLE shop.gift_cards (
    id            text COLLATE "C" PRIMARY KEY,
    code_digest   bytea UNIQUE,                         -- keyed digest; the code itself is shown once
    currency      text NOT NULL,
    balance_minor bigint NOT NULL CHECK (balance_minor >= 0),   -- equals the ledger account gift_card:<id>
    customer_id   text COLLATE "C" REFERENCES shop.customers,
    expires_at    timestamptz,
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL
);
CREATE INDEX gift_cards_customer ON shop.gift_cards (customer_id);
CREATE TABLE shop.instruments (
    id           text COLLATE "C" PRIMARY KEY,
    customer_id  text COLLATE "C" NOT NULL REFERENCES shop.customers,
    kind         text NOT NULL CHECK (kind IN ('card', 'wallet', 'gift_card', 'bank_transfer')),
    gateway      text NOT NULL,
    token        text NOT NULL,                         -- the gateway's reference; never a card number
    brand        text NOT NULL DEFAULT '',
    last_four    text NOT NULL DEFAULT '',
    gift_card_id text COLLATE "C" REFERENCES shop.gift_cards,
    active       boolean NOT NULL DEFAULT true,
    source_id    text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL
);
CREATE INDEX instruments_customer ON shop.instruments (customer_id);
CREATE TABLE shop.staff (
    id         text COLLATE "C" PRIMARY KEY,
    email_ref  text NOT NULL,
    name_ref   text NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'manager', 'support', 'warehouse', 'analyst')),
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL
);
CREATE TABLE shop.shop_settings (
    name  text COLLATE "C" PRIMARY KEY,
    value jsonb NOT NULL
);
SELECT log.fold('shop.customers');
SELECT log.fold('shop.addresses');
SELECT log.fold('shop.gift_cards');
SELECT log.fold('shop.instruments');
SELECT log.fold('shop.staff');
SELECT log.fold('shop.shop_settings');
