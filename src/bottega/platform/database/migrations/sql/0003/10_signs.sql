-- Everything that a product can be narrowed to as one array of numbers beside its card, under one index: conditions of all
-- kinds are combined inside that index, and looked at again without a second table.

-- A sign is the first half of an MD5, which the shop's own code computes alike (bottega.shop.catalogue.signs). It is no secret,
-- and no two texts of a catalogue share one but by a chance of one in millions of millions.
CREATE FUNCTION search.sign_of(text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ('x' || left(md5($1), 16))::bit(64)::bigint
$$;

-- The signs of a product: of its facets, its traits, and what any of its variants has; without traits nothing is told of it.
CREATE FUNCTION search.signs_of(facets text[], traits text[], of_variants text[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT ARRAY(
    SELECT search.sign_of('facet ' || f) FROM unnest(facets) AS f
    UNION SELECT search.sign_of('trait ' || t) FROM unnest(traits) AS t
    UNION SELECT search.sign_of('variant ' || v) FROM unnest(of_variants) AS v
    UNION SELECT search.sign_of('told') WHERE traits IS NOT NULL)
$$;

ALTER TABLE search.products ADD COLUMN signs bigint[] NOT NULL DEFAULT '{}';
UPDATE search.products p SET signs = search.signs_of(
    p.facets,
    (SELECT t.traits FROM search.traits t WHERE t.product_id = p.product_id),
    ARRAY(SELECT DISTINCT s FROM search.variant_traits v, unnest(v.traits) AS s WHERE v.product_id = p.product_id));
DROP INDEX search.products_facets;
CREATE INDEX products_signs ON search.products USING gin (signs) WITH (fastupdate = off);
