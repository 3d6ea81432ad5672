-- Promotions: coupons (with a code) and automatic ones (without).
CREATE TABLE shop.promotions (
    id                     text COLLATE "C" PRIMARY KEY,
    name                   text NOT NULL,
    code                   text COLLATE "C" UNIQUE,      -- upper case; null = automatic
    kind                   text NOT NULL CHECK (kind IN ('percent', 'amount', 'free_shipping')),
    percent                numeric(5, 2) CHECK (percent > 0 AND percent <= 100),
    amount_minor           bigint CHECK (amount_minor > 0),
    currency               text,
    minimum_subtotal_minor bigint NOT NULL DEFAULT 0,
    category_id            text COLLATE "C" REFERENCES shop.categories,
    collection_id          text COLLATE "C" REFERENCES shop.collections,
    limit_total            integer CHECK (limit_total > 0),
    limit_per_customer     integer CHECK (limit_per_customer > 0),
    used_total             integer NOT NULL DEFAULT 0 CHECK (used_total >= 0),
    combinable             boolean NOT NULL DEFAULT false,
    active                 boolean NOT NULL DEFAULT true,
    starts_at              timestamptz,
    ends_at                timestamptz,
    created_at             timestamptz NOT NULL,
    CONSTRAINT used_within_limit CHECK (limit_total IS NULL OR used_total <= limit_total)
);
CREATE INDEX promotions_automatic ON shop.promotions (id) WHERE code IS NULL AND active;
CREATE TABLE shop.promotion_uses (
    promotion_id   text COLLATE "C" NOT NULL REFERENCES shop.promotions,
    order_id       text COLLATE "C" NOT NULL,
    customer_id    text COLLATE "C" NOT NULL,
    discount_minor bigint NOT NULL,
    used_at        timestamptz NOT NULL,
    PRIMARY KEY (promotion_id, order_id)
);
CREATE INDEX promotion_uses_order ON shop.promotion_uses (order_id);
CREATE INDEX promotion_uses_customer ON shop.promotion_uses (customer_id, promotion_id);
SELECT log.fold('shop.promotions');
SELECT log.fold('shop.promotion_uses');
