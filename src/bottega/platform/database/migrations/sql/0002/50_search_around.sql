-- Around the search: what staff tune it by, what was searched for and opened, and what each shopper looked at.

-- Words that mean the same. `keys` are the stems of every phrase that leads to the others, the set's own phrase first.
CREATE TABLE shop.search_synonyms (
    id         text COLLATE "C" PRIMARY KEY,
    key        text COLLATE "C" NOT NULL UNIQUE,         -- stems of the phrase, as the query path makes them
    phrase     text NOT NULL,
    means      text[] NOT NULL,
    both_ways  boolean NOT NULL,
    keys       text[] COLLATE "C" NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX search_synonyms_keys ON shop.search_synonyms USING gin (keys) WITH (fastupdate = off);
SELECT log.fold('shop.search_synonyms');

-- Products that come first for a query, in this order.
CREATE TABLE shop.search_pins (
    id          text COLLATE "C" PRIMARY KEY,
    key         text COLLATE "C" NOT NULL UNIQUE,        -- stems of the query
    query       text NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    updated_at  timestamptz NOT NULL
);
SELECT log.fold('shop.search_pins');

-- Searches by day and words; nothing says who searched. Swept after a while.
CREATE TABLE platform.searches (
    day             date NOT NULL,
    words           text COLLATE "C" NOT NULL,           -- folded, without what looks like an address or a number of a person
    searches        integer NOT NULL DEFAULT 0,
    without_results integer NOT NULL DEFAULT 0,
    relaxed         integer NOT NULL DEFAULT 0,          -- something was given up or taken less narrowly
    complete        integer NOT NULL DEFAULT 0,          -- the catalogue knew every word, and something was found
    PRIMARY KEY (day, words)
);
CREATE TABLE platform.search_clicks (
    day        date NOT NULL,
    words      text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    clicks     integer NOT NULL DEFAULT 0,
    positions  bigint NOT NULL DEFAULT 0,                -- their sum; a position counts from 1
    PRIMARY KEY (day, words, product_id)
);

-- What a customer or guest looked at last; a bounded number each, forgotten with them.
CREATE TABLE platform.viewed_products (
    customer_id text COLLATE "C" NOT NULL,
    product_id  text COLLATE "C" NOT NULL,
    viewed_at   timestamptz NOT NULL,
    PRIMARY KEY (customer_id, product_id)
);
CREATE INDEX viewed_products_newest ON platform.viewed_products (customer_id, viewed_at DESC);
CREATE INDEX viewed_products_oldest ON platform.viewed_products (viewed_at);
