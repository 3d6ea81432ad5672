-- Stock: levels per variant and location, every movement of goods, and what is promised to orders.
CREATE TABLE shop.locations (
    id     text COLLATE "C" PRIMARY KEY,
    handle text COLLATE "C" NOT NULL UNIQUE,
    name   text NOT NULL,
    kind   text NOT NULL DEFAULT 'warehouse' CHECK (kind IN ('warehouse', 'store')),
    priority integer NOT NULL DEFAULT 0,                -- orders reserve from the lowest number first
    active boolean NOT NULL DEFAULT true
);
CREATE TABLE shop.stock_levels (
    variant_id      text COLLATE "C" NOT NULL REFERENCES shop.variants,
    location_id     text COLLATE "C" NOT NULL REFERENCES shop.locations,
    on_hand         integer NOT NULL DEFAULT 0,
    reserved        integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    backorder_limit integer NOT NULL DEFAULT 0 CHECK (backorder_limit >= 0),
    low_threshold   integer,
    PRIMARY KEY (variant_id, location_id),
    CONSTRAINT reserved_within_stock CHECK (reserved <= greatest(on_hand, 0) + backorder_limit)
);
CREATE TABLE shop.stock_movements (
    id          text COLLATE "C" PRIMARY KEY,
    variant_id  text COLLATE "C" NOT NULL REFERENCES shop.variants,
    location_id text COLLATE "C" NOT NULL REFERENCES shop.locations,
    kind        text NOT NULL CHECK (kind IN ('receive', 'adjust', 'transfer', 'ship', 'restock')),
    quantity    integer NOT NULL CHECK (quantity <> 0), -- signed: shipping is negative
    reason      text NOT NULL DEFAULT '',
    reference   text NOT NULL DEFAULT '',               -- shipment, return line, delivery note
    moved_at    timestamptz NOT NULL
);
CREATE INDEX stock_movements_variant ON shop.stock_movements (variant_id, location_id, id);
CREATE TABLE shop.reservations (
    id          text COLLATE "C" PRIMARY KEY,
    variant_id  text COLLATE "C" NOT NULL REFERENCES shop.variants,
    location_id text COLLATE "C" NOT NULL REFERENCES shop.locations,
    order_id    text COLLATE "C" NOT NULL,
    line_id     text COLLATE "C" NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    shipped     integer NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    released    integer NOT NULL DEFAULT 0 CHECK (released >= 0),
    expires_at  timestamptz,                            -- null once the order is accepted
    created_at  timestamptz NOT NULL,
    CHECK (shipped + released <= quantity)
);
CREATE INDEX reservations_order ON shop.reservations (order_id);
CREATE INDEX reservations_expiry ON shop.reservations (expires_at) WHERE expires_at IS NOT NULL;
SELECT log.fold('shop.locations');
SELECT log.fold('shop.stock_levels');
SELECT log.fold('shop.stock_movements');
SELECT log.fold('shop.reservations');
