-- Carts, and the orders they become.
CREATE TABLE shop.carts (
    id                  text COLLATE "C" PRIMARY KEY,
    customer_id         text COLLATE "C" NOT NULL,       -- a guest's row in shop.customers is made at checkout
    currency            text NOT NULL,
    state               text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered', 'merged', 'expired')),
    email_ref           text,
    shipping_address_ref text,
    billing_address_ref text,
    country             text,
    shipping_method_id  text COLLATE "C" REFERENCES shop.shipping_methods,
    coupon_code         text,
    channel             text NOT NULL DEFAULT 'api',
    origin              text NOT NULL DEFAULT '',        -- session, run or search that it came from
    version             integer NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL
);
CREATE INDEX carts_customer ON shop.carts (customer_id) WHERE state = 'open';
CREATE INDEX carts_expiry ON shop.carts (expires_at) WHERE state = 'open';
CREATE TABLE shop.cart_lines (
    id         text COLLATE "C" PRIMARY KEY,
    cart_id    text COLLATE "C" NOT NULL REFERENCES shop.carts,
    variant_id text COLLATE "C" NOT NULL REFERENCES shop.variants,
    quantity   integer NOT NULL CHECK (quantity BETWEEN 1 AND 9999),
    added_at   timestamptz NOT NULL,
    UNIQUE (cart_id, variant_id)
);
CREATE SEQUENCE shop.order_numbers START 10001;
CREATE TABLE shop.orders (
    id                   text COLLATE "C" PRIMARY KEY,
    number               text COLLATE "C" NOT NULL UNIQUE,
    customer_id          text COLLATE "C" NOT NULL REFERENCES shop.customers,
    cart_id              text COLLATE "C" UNIQUE REFERENCES shop.carts,
    channel              text NOT NULL,
    origin               text NOT NULL DEFAULT '',
    currency             text NOT NULL,
    status               text NOT NULL CHECK (status IN ('open', 'held', 'completed', 'cancelled')),
    payment_status       text NOT NULL CHECK (payment_status IN
                         ('awaiting', 'authorised', 'paid', 'partially_refunded', 'refunded', 'voided')),
    fulfilment_status    text NOT NULL CHECK (fulfilment_status IN
                         ('unfulfilled', 'partially_shipped', 'shipped', 'delivered')),
    email_ref            text,
    shipping_address_ref text,
    billing_address_ref  text,
    country              text NOT NULL,
    shipping_method_id   text COLLATE "C" REFERENCES shop.shipping_methods,
    coupon_code          text,
    net_minor            bigint NOT NULL,                -- lines without tax, before discount
    discount_minor       bigint NOT NULL CHECK (discount_minor >= 0),   -- without tax
    shipping_minor       bigint NOT NULL CHECK (shipping_minor >= 0),   -- without tax
    tax_minor            bigint NOT NULL CHECK (tax_minor >= 0),
    total_minor          bigint NOT NULL CHECK (total_minor >= 0),
    hold_reason          text NOT NULL DEFAULT '',
    cancel_reason        text NOT NULL DEFAULT '',
    tags                 text[] NOT NULL DEFAULT '{}',
    amendments           integer NOT NULL DEFAULT 0,     -- how often the items were changed
    version              integer NOT NULL DEFAULT 1,
    source               text NOT NULL DEFAULT '',
    source_id            text NOT NULL DEFAULT '',
    payment_due_at       timestamptz,                    -- an unpaid order is cancelled after this
    placed_at            timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    CONSTRAINT adds_up CHECK (net_minor + tax_minor + shipping_minor - discount_minor = total_minor)
);
CREATE UNIQUE INDEX orders_source ON shop.orders (source, source_id) WHERE source <> '';
CREATE INDEX orders_customer ON shop.orders (customer_id, id);
CREATE INDEX orders_due ON shop.orders (payment_due_at) WHERE payment_status = 'awaiting' AND status = 'open';
CREATE INDEX orders_placed ON shop.orders (placed_at);
CREATE TABLE shop.order_lines (
    id               text COLLATE "C" PRIMARY KEY,
    order_id         text COLLATE "C" NOT NULL REFERENCES shop.orders,
    variant_id       text COLLATE "C" NOT NULL REFERENCES shop.variants,
    product_id       text COLLATE "C" NOT NULL REFERENCES shop.products,
    sku              text NOT NULL,
    title            text NOT NULL,
    option_values    jsonb NOT NULL DEFAULT '{}',
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),   -- as shown to the shopper (see prices_include_tax)
    net_minor        bigint NOT NULL,                    -- quantity × unit price without tax, before discount
    discount_minor   bigint NOT NULL DEFAULT 0,          -- without tax
    tax_minor        bigint NOT NULL DEFAULT 0,          -- after discount
    tax_rate         numeric(7, 5) NOT NULL DEFAULT 0,
    tax_class        text NOT NULL DEFAULT 'standard',
    weight_grams     integer NOT NULL DEFAULT 0,
    shipped          integer NOT NULL DEFAULT 0,
    returned         integer NOT NULL DEFAULT 0,
    cancelled        integer NOT NULL DEFAULT 0,
    position         integer NOT NULL DEFAULT 0,
    CHECK (shipped >= 0 AND returned >= 0 AND cancelled >= 0 AND returned <= shipped AND shipped + cancelled <= quantity)
);
CREATE INDEX order_lines_order ON shop.order_lines (order_id, position);
CREATE INDEX order_lines_product ON shop.order_lines (product_id);
CREATE TABLE shop.order_notes (
    id         text COLLATE "C" PRIMARY KEY,
    order_id   text COLLATE "C" NOT NULL REFERENCES shop.orders,
    text_ref   text NOT NULL,
    author     text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX order_notes_order ON shop.order_notes (order_id);
SELECT log.fold('shop.carts');
SELECT log.fold('shop.cart_lines');
SELECT log.fold('shop.orders');
SELECT log.fold('shop.order_lines');
SELECT log.fold('shop.order_notes');
