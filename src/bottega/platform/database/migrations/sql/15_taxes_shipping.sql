-- Tax rates by country, class and date; shipping zones, methods and shipments.
CREATE TABLE shop.tax_rates (
    id         text COLLATE "C" PRIMARY KEY,
    country    text NOT NULL,                            -- ISO 3166-1 alpha-2
    tax_class  text NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'zero')),
    rate       numeric(7, 5) NOT NULL CHECK (rate >= 0 AND rate < 1),
    valid_from date NOT NULL,
    UNIQUE (country, tax_class, valid_from)
);
CREATE TABLE shop.shipping_zones (
    id        text COLLATE "C" PRIMARY KEY,
    name      text NOT NULL UNIQUE,
    countries text[] NOT NULL                            -- '*' = everywhere not named elsewhere
);
CREATE TABLE shop.shipping_methods (
    id           text COLLATE "C" PRIMARY KEY,
    zone_id      text COLLATE "C" NOT NULL REFERENCES shop.shipping_zones,
    name         text NOT NULL,
    kind         text NOT NULL DEFAULT 'delivery' CHECK (kind IN ('delivery', 'collection')),
    location_id  text COLLATE "C" REFERENCES shop.locations,
    currency     text NOT NULL,
    rates        jsonb NOT NULL,       -- [{"up_to_grams": int|null, "from_subtotal_minor": int, "amount_minor": int}], the cheapest that fits
    minimum_days integer NOT NULL DEFAULT 1,
    maximum_days integer NOT NULL DEFAULT 5,
    tax_class    text NOT NULL DEFAULT 'standard',
    active       boolean NOT NULL DEFAULT true
);
CREATE TABLE shop.shipments (
    id              text COLLATE "C" PRIMARY KEY,
    order_id        text COLLATE "C" NOT NULL,
    location_id     text COLLATE "C" REFERENCES shop.locations,
    -- cancelled: labelled, and withdrawn before it left
    state           text NOT NULL CHECK (state IN ('shipped', 'delivered', 'lost', 'cancelled')),
    carrier         text NOT NULL DEFAULT '',
    tracking_number text NOT NULL DEFAULT '',
    shipped_at      timestamptz NOT NULL,
    delivered_at    timestamptz
);
CREATE INDEX shipments_order ON shop.shipments (order_id);
CREATE TABLE shop.shipment_lines (
    id          text COLLATE "C" PRIMARY KEY,
    shipment_id text COLLATE "C" NOT NULL REFERENCES shop.shipments,
    line_id     text COLLATE "C" NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0)
);
CREATE INDEX shipment_lines_shipment ON shop.shipment_lines (shipment_id);
SELECT log.fold('shop.tax_rates');
SELECT log.fold('shop.shipping_zones');
SELECT log.fold('shop.shipping_methods');
SELECT log.fold('shop.shipments');
SELECT log.fold('shop.shipment_lines');
