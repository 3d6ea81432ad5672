-- What constraints of a sentence are held against: ratings, traits and numbers of products, and the offers of their variants.

ALTER TABLE search.products ADD COLUMN rating real, ADD COLUMN reviews integer NOT NULL DEFAULT 0;
CREATE INDEX products_rating ON search.products (currency, rating DESC NULLS LAST, product_id);

-- Makes what constraints are held against, and again whichever of it was lost.
CREATE FUNCTION search.ensure_constraints() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('client_min_messages', 'warning', true);
    -- One row per product. A trait is a text such as 'is:waterproof', 'v:shape=mummy', 'material:wool', 'end:jacket';
    -- `fields` names the attributes it has, so that a wish is only enforced where things of its kind tell about it.
    CREATE TABLE IF NOT EXISTS search.traits (
        product_id text COLLATE "C" PRIMARY KEY,
        brand      text NOT NULL,
        category   text COLLATE "C",
        traits     text[] COLLATE "C" NOT NULL,
        fields     text[] COLLATE "C" NOT NULL
    );
    CREATE INDEX IF NOT EXISTS traits_traits ON search.traits USING gin (traits) WITH (fastupdate = off);

    -- What tells the variants of one product apart ('colour:blue', 'size:m', 'o:length=180cm'), before prices and stock.
    CREATE TABLE IF NOT EXISTS search.variant_traits (
        variant_id text COLLATE "C" PRIMARY KEY,
        product_id text COLLATE "C" NOT NULL,
        traits     text[] COLLATE "C" NOT NULL
    );
    CREATE INDEX IF NOT EXISTS variant_traits_product ON search.variant_traits (product_id);

    -- Numeric attributes as they stand in the catalogue; `unit` is the one that the product's own text gives with the value.
    -- `variant_id` is empty for what holds for all variants.
    CREATE TABLE IF NOT EXISTS search.numbers (
        product_id text COLLATE "C" NOT NULL,
        variant_id text COLLATE "C" NOT NULL DEFAULT '',
        name       text COLLATE "C" NOT NULL,
        value      double precision NOT NULL,
        unit       text COLLATE "C",
        PRIMARY KEY (product_id, name, variant_id)
    );
    CREATE INDEX IF NOT EXISTS numbers_value ON search.numbers (name, value) INCLUDE (product_id, variant_id, unit);

    -- One row per active variant and currency it has a price in: what one purchase would be.
    CREATE TABLE IF NOT EXISTS search.offers (
        product_id  text COLLATE "C" NOT NULL,
        variant_id  text COLLATE "C" NOT NULL,
        currency    text COLLATE "C" NOT NULL,
        price_minor bigint NOT NULL,
        on_sale     boolean NOT NULL,
        in_stock    boolean NOT NULL,
        traits      text[] COLLATE "C" NOT NULL,
        PRIMARY KEY (product_id, currency, variant_id)
    );
    CREATE INDEX IF NOT EXISTS offers_price ON search.offers (currency, price_minor) INCLUDE (product_id, in_stock);
    CREATE INDEX IF NOT EXISTS offers_traits ON search.offers USING gin (traits) WITH (fastupdate = off);

    -- The vocabulary of the catalogue as it was last learnt, and how many products have got other words since.
    CREATE TABLE IF NOT EXISTS search.vocabulary (
        only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        version   text COLLATE "C" NOT NULL DEFAULT '',      -- digest of the content: equal words, equal version
        content   bytea NOT NULL DEFAULT '',                 -- JSON, deflated
        changed   bigint NOT NULL DEFAULT 0,                 -- products whose words were written, ever
        learnt    bigint NOT NULL DEFAULT 0,                 -- the value of `changed` that `content` knows of
        learnt_at timestamptz
    );
    INSERT INTO search.vocabulary DEFAULT VALUES ON CONFLICT DO NOTHING;
END $$;
SELECT search.ensure_constraints();

-- The offers of these products, as they stand at an instant.
CREATE FUNCTION search.offers_of(product_ids text[], at timestamptz)
RETURNS TABLE (
    product_id text, variant_id text, currency text, price_minor bigint, on_sale boolean, in_stock boolean, traits text[])
LANGUAGE sql STABLE AS $$
SELECT v.product_id, v.id, r.currency, shop.effective_amount(r, at), shop.effective_amount(r, at) < r.amount_minor,
       EXISTS (
           SELECT FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id
           WHERE s.variant_id = v.id AND l.active AND greatest(s.on_hand, 0) + s.backorder_limit > s.reserved),
       coalesce(t.traits, '{}')
FROM shop.products p
JOIN shop.variants v ON v.product_id = p.id AND v.active
JOIN shop.prices r ON r.variant_id = v.id
LEFT JOIN search.variant_traits t ON t.variant_id = v.id
WHERE p.id = ANY (product_ids) AND p.status = 'published'
$$;

-- As in the first revision, and with the rating.
DROP FUNCTION search.cards(text[], timestamptz);
CREATE FUNCTION search.cards(product_ids text[], at timestamptz)
RETURNS TABLE (
    product_id text, currency text, handle text, title_key text, price_minor bigint, facets text[], card text,
    changes_at timestamptz, rating real, reviews integer)
LANGUAGE sql STABLE AS $$
WITH amounts AS (
    SELECT v.product_id, r.currency, shop.effective_amount(r, at) AS price_minor, r.amount_minor AS regular_minor,
           CASE WHEN r.sale_starts_at > at THEN r.sale_starts_at
                WHEN r.sale_ends_at > at THEN r.sale_ends_at END AS changes_at
    FROM shop.variants v JOIN shop.prices r ON r.variant_id = v.id
    WHERE v.product_id = ANY (product_ids) AND v.active),
priced AS (
    SELECT a.product_id, a.currency, min(a.price_minor) AS price_minor, max(a.price_minor) AS highest_minor,
           min(a.regular_minor) AS regular_minor, bool_or(a.price_minor < a.regular_minor) AS on_sale,
           min(a.changes_at) AS changes_at
    FROM amounts a GROUP BY 1, 2),
stocked AS (
    SELECT v.product_id
    FROM shop.variants v JOIN shop.stock_levels s ON s.variant_id = v.id JOIN shop.locations l ON l.id = s.location_id
    WHERE v.product_id = ANY (product_ids) AND v.active AND l.active
      AND greatest(s.on_hand, 0) + s.backorder_limit > s.reserved
    GROUP BY 1),
rated AS (
    SELECT w.product_id, round(avg(w.rating), 2) AS average, count(*) AS number
    FROM shop.reviews w WHERE w.product_id = ANY (product_ids) AND w.state = 'published' GROUP BY 1),
pictured AS (
    SELECT DISTINCT ON (m.product_id) m.product_id, jsonb_build_object('url', m.url, 'alt', m.alt) AS image
    FROM shop.media m WHERE m.product_id = ANY (product_ids) ORDER BY m.product_id, m.position, m.id),
collected AS (
    SELECT x.product_id, array_agg(c.handle ORDER BY c.handle) AS handles
    FROM shop.collection_products x JOIN shop.collections c ON c.id = x.collection_id
    WHERE x.product_id = ANY (product_ids) AND c.published GROUP BY 1)
SELECT p.id, o.currency, p.handle, lower(p.title COLLATE "C"), o.price_minor,
       array_remove(
           ARRAY[CASE WHEN s.product_id IS NOT NULL THEN 'in_stock' END, CASE WHEN o.on_sale THEN 'on_sale' END,
                 'brand:' || lower(p.brand COLLATE "C")]
           || ARRAY(SELECT 'category:' || array_to_string((string_to_array(c.path, '/'))[:n], '/')
                    FROM generate_series(1, 1 + length(c.path) - length(replace(c.path, '/', ''))) AS n)
           || ARRAY(SELECT 'tag:' || lower(t COLLATE "C") FROM unnest(p.tags) AS t)
           || ARRAY(SELECT 'collection:' || h FROM unnest(x.handles) AS h), NULL),
       jsonb_build_object(
           'id', p.id, 'handle', p.handle, 'title', p.title, 'brand', p.brand, 'category', c.path, 'tags', p.tags,
           'image', i.image, 'currency', o.currency, 'price_minor', o.price_minor, 'highest_minor', o.highest_minor,
           'regular_minor', o.regular_minor, 'on_sale', o.on_sale, 'in_stock', s.product_id IS NOT NULL,
           'rating', w.average, 'reviews', coalesce(w.number, 0))::text,
       o.changes_at, w.average::real, coalesce(w.number, 0)::integer
FROM shop.products p
JOIN priced o ON o.product_id = p.id
LEFT JOIN stocked s ON s.product_id = p.id
LEFT JOIN rated w ON w.product_id = p.id
LEFT JOIN pictured i ON i.product_id = p.id
LEFT JOIN collected x ON x.product_id = p.id
LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE p.id = ANY (product_ids) AND p.status = 'published'
$$;
