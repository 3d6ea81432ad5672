-- What lies between two prices is counted from the index alone: it knows the documents, too.
DROP INDEX IF EXISTS search.products_price;
CREATE INDEX products_price ON search.products (currency, price_minor, product_id) INCLUDE (document);

-- The order of what is listed without any words: what sells first, then what people thought of it. The number is the sign
-- of what is in stock, `search.sign_of('facet in_stock')`, written as the queries write it.
CREATE INDEX products_standing ON search.products (
    currency, (6984828773991389882 = ANY (signs)) DESC, reviews DESC, rating DESC NULLS LAST, product_id DESC);
