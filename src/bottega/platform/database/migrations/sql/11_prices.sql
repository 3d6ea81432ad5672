-- Prices: one row per variant and currency; their history is a reading of the log.
CREATE TABLE shop.prices (
    id                text COLLATE "C" PRIMARY KEY,
    variant_id        text COLLATE "C" NOT NULL REFERENCES shop.variants,
    currency          text NOT NULL,
    amount_minor      bigint NOT NULL CHECK (amount_minor >= 0),
    sale_amount_minor bigint CHECK (sale_amount_minor >= 0),
    sale_starts_at    timestamptz,
    sale_ends_at      timestamptz,
    cost_minor        bigint CHECK (cost_minor >= 0),
    version           integer NOT NULL DEFAULT 1,
    UNIQUE (variant_id, currency)
);
SELECT log.fold('shop.prices');

-- The price that holds at an instant: the sale price while its dates hold, else the ordinary one.
CREATE FUNCTION shop.effective_amount(p shop.prices, at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p.sale_amount_minor IS NOT NULL
                 AND (p.sale_starts_at IS NULL OR p.sale_starts_at <= at)
                 AND (p.sale_ends_at IS NULL OR p.sale_ends_at > at)
                THEN p.sale_amount_minor ELSE p.amount_minor END
$$;
