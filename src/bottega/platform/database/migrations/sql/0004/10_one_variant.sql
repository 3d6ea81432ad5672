-- Of a product with a single variant its own row tells all that constraints ask of one variant: it has a sign for that, and
-- its other signs are of variants that are active, as offers are.

-- What was lost of these tables is made again by the shop itself, which must be able to start for that.
SELECT search.ensure_constraints();

-- Beside the one with three arguments, which a process of the version before may still be calling: without the sign a
-- product is only found in a longer way.
CREATE FUNCTION search.signs_of(facets text[], traits text[], of_variants text[], has_one_variant boolean) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT ARRAY(
    SELECT search.sign_of('facet ' || f) FROM unnest(facets) AS f
    UNION SELECT search.sign_of('trait ' || t) FROM unnest(traits) AS t
    UNION SELECT search.sign_of('variant ' || v) FROM unnest(of_variants) AS v
    UNION SELECT search.sign_of('told') WHERE traits IS NOT NULL
    UNION SELECT search.sign_of('one variant') WHERE has_one_variant)
$$;

-- The active variants of a product: the traits that any of them has, and whether there is but one.
CREATE FUNCTION search.variants_told(product text, OUT traits text[], OUT is_one boolean) LANGUAGE sql STABLE AS $$
SELECT array_agg(DISTINCT s) FILTER (WHERE s IS NOT NULL), count(DISTINCT v.id) = 1
FROM shop.variants v
LEFT JOIN search.variant_traits t ON t.variant_id = v.id
LEFT JOIN LATERAL unnest(t.traits) AS s ON true
WHERE v.product_id = product AND v.active
$$;

UPDATE search.products p SET signs = search.signs_of(
    p.facets, (SELECT t.traits FROM search.traits t WHERE t.product_id = p.product_id), v.traits, v.is_one)
FROM search.products q CROSS JOIN LATERAL search.variants_told(q.product_id) AS v
WHERE q.product_id = p.product_id AND q.currency = p.currency;
