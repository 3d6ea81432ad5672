-- The read model of published products, kept by a reader of the log: cards to list, and words to find them by.

-- One row per product and currency it has a price in. `card` is the JSON that lists and search results show.
CREATE TABLE search.products (
    product_id  text COLLATE "C" NOT NULL,
    currency    text COLLATE "C" NOT NULL,
    handle      text COLLATE "C" NOT NULL,
    title_key   text COLLATE "C" NOT NULL,
    price_minor bigint NOT NULL,                         -- the lowest of its variants' prices
    facets      text[] COLLATE "C" NOT NULL,             -- 'in_stock', 'brand:…', 'category:…', 'tag:…'; ASCII in lower case
    card        text NOT NULL,
    changes_at  timestamptz,                             -- when a sale begins or ends next, if one does
    PRIMARY KEY (currency, product_id)
);
CREATE INDEX products_price ON search.products (currency, price_minor, product_id);
CREATE INDEX products_title ON search.products (currency, title_key, product_id);
CREATE INDEX products_product ON search.products (product_id);
CREATE INDEX products_handle ON search.products (handle, currency);
CREATE INDEX products_due ON search.products (changes_at) WHERE changes_at IS NOT NULL;
CREATE INDEX products_facets ON search.products USING gin (facets) WITH (fastupdate = off);

-- Words by which a product is found: `title` small and with weights, to rank by; `body` everything, to match by.
CREATE TABLE search.texts (
    product_id text COLLATE "C" PRIMARY KEY,
    title      tsvector NOT NULL,
    body       tsvector NOT NULL
);
CREATE INDEX texts_title ON search.texts USING gin (title) WITH (fastupdate = off);
CREATE INDEX texts_body ON search.texts USING gin (body) WITH (fastupdate = off);

-- The rows of search.products for these products, as they stand at an instant.
CREATE FUNCTION search.cards(product_ids text[], at timestamptz)
RETURNS TABLE (
    product_id text, currency text, handle text, title_key text, price_minor bigint, facets text[], card text,
    changes_at timestamptz)
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
       o.changes_at
FROM shop.products p
JOIN priced o ON o.product_id = p.id
LEFT JOIN stocked s ON s.product_id = p.id
LEFT JOIN rated w ON w.product_id = p.id
LEFT JOIN pictured i ON i.product_id = p.id
LEFT JOIN collected x ON x.product_id = p.id
LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE p.id = ANY (product_ids) AND p.status = 'published'
$$;

-- One card as it stands at an instant; in a language that is not inlined, so that lists stay cheap to plan.
CREATE FUNCTION search.card_at(product text, in_currency text, at timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT c.card FROM search.cards(ARRAY[product], at) AS c WHERE c.currency = in_currency);
END $$;
