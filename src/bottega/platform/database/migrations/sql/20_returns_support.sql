-- Returns and exchanges, tickets, reviews.
CREATE SEQUENCE shop.return_numbers START 5001;
CREATE TABLE shop.returns (
    id                       text COLLATE "C" PRIMARY KEY,
    number                   text COLLATE "C" NOT NULL UNIQUE,
    order_id                 text COLLATE "C" NOT NULL REFERENCES shop.orders,
    customer_id              text COLLATE "C" NOT NULL REFERENCES shop.customers,
    kind                     text NOT NULL CHECK (kind IN ('return', 'exchange')),
    state                    text NOT NULL CHECK (state IN
                             ('requested', 'approved', 'rejected', 'received', 'completed', 'cancelled')),
    reason                   text NOT NULL DEFAULT '',
    instrument_id            text COLLATE "C" REFERENCES shop.instruments,   -- refund to, or pay the difference with
    refund_minor             bigint NOT NULL DEFAULT 0,
    price_difference_minor   bigint NOT NULL DEFAULT 0,   -- exchange: new minus old, what the customer owes when positive
    rejection_reason         text NOT NULL DEFAULT '',
    exchange_order_id        text COLLATE "C",
    requested_at             timestamptz NOT NULL,
    updated_at               timestamptz NOT NULL
);
CREATE INDEX returns_order ON shop.returns (order_id);
CREATE INDEX returns_customer ON shop.returns (customer_id, id);
CREATE TABLE shop.return_lines (
    id                   text COLLATE "C" PRIMARY KEY,
    return_id            text COLLATE "C" NOT NULL REFERENCES shop.returns,
    line_id              text COLLATE "C" NOT NULL,
    quantity             integer NOT NULL CHECK (quantity > 0),
    reason               text NOT NULL DEFAULT '',
    condition            text NOT NULL DEFAULT '' CHECK (condition IN ('', 'as_new', 'opened', 'damaged')),
    received             integer NOT NULL DEFAULT 0 CHECK (received >= 0 AND received <= quantity),
    restocked            integer NOT NULL DEFAULT 0 CHECK (restocked >= 0 AND restocked <= received),
    new_variant_id       text COLLATE "C" REFERENCES shop.variants,
    new_unit_price_minor bigint,
    position             integer NOT NULL DEFAULT 0
);
CREATE INDEX return_lines_return ON shop.return_lines (return_id);
CREATE SEQUENCE shop.ticket_numbers START 1001;
CREATE TABLE shop.tickets (
    id          text COLLATE "C" PRIMARY KEY,
    number      text COLLATE "C" NOT NULL UNIQUE,
    customer_id text COLLATE "C" REFERENCES shop.customers,
    order_id    text COLLATE "C" REFERENCES shop.orders,
    subject_ref text NOT NULL,
    status      text NOT NULL CHECK (status IN ('open', 'waiting_for_customer', 'resolved', 'closed')),
    priority    text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    assignee_id text COLLATE "C" REFERENCES shop.staff,
    channel     text NOT NULL DEFAULT 'api',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX tickets_customer ON shop.tickets (customer_id, id);
CREATE INDEX tickets_open ON shop.tickets (id) WHERE status IN ('open', 'waiting_for_customer');
CREATE TABLE shop.ticket_messages (
    id          text COLLATE "C" PRIMARY KEY,
    ticket_id   text COLLATE "C" NOT NULL REFERENCES shop.tickets,
    author_kind text NOT NULL,
    author_id   text NOT NULL,
    text_ref    text NOT NULL,
    internal    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL
);
CREATE INDEX ticket_messages_ticket ON shop.ticket_messages (ticket_id, id);
CREATE TABLE shop.reviews (
    id                text COLLATE "C" PRIMARY KEY,
    product_id        text COLLATE "C" NOT NULL REFERENCES shop.products,
    customer_id       text COLLATE "C" REFERENCES shop.customers,
    rating            integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title_ref         text NOT NULL,
    text_ref          text NOT NULL,
    author_ref        text NOT NULL,
    verified_purchase boolean NOT NULL DEFAULT false,
    state             text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'published', 'rejected')),
    source_id         text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL
);
CREATE INDEX reviews_product ON shop.reviews (product_id, id);
CREATE UNIQUE INDEX reviews_customer ON shop.reviews (product_id, customer_id) WHERE customer_id IS NOT NULL;
SELECT log.fold('shop.returns');
SELECT log.fold('shop.return_lines');
SELECT log.fold('shop.tickets');
SELECT log.fold('shop.ticket_messages');
SELECT log.fold('shop.reviews');
