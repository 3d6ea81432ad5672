-- Catalogue: what is sold. Prices, stock and reviews stand beside it.
CREATE TABLE shop.categories (
    id        text COLLATE "C" PRIMARY KEY,
    path      text COLLATE "C" NOT NULL UNIQUE,          -- 'clothing/jackets/down'
    title     text NOT NULL,
    parent_id text COLLATE "C" REFERENCES shop.categories
);
CREATE TABLE shop.products (
    id           text COLLATE "C" PRIMARY KEY,
    handle       text COLLATE "C" NOT NULL UNIQUE,
    title        text NOT NULL,
    description  text NOT NULL DEFAULT '',
    brand        text NOT NULL DEFAULT '',
    category_id  text COLLATE "C" REFERENCES shop.categories,
    status       text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
    tax_class    text NOT NULL DEFAULT 'standard' CHECK (tax_class IN ('standard', 'reduced', 'zero')),
    attributes   jsonb NOT NULL DEFAULT '{}',
    option_names text[] NOT NULL DEFAULT '{}',
    tags         text[] NOT NULL DEFAULT '{}',
    related      text[] NOT NULL DEFAULT '{}',           -- handles of products that go with it
    source       text NOT NULL DEFAULT '',               -- importer that owns it, with its own identifier
    source_id    text NOT NULL DEFAULT '',
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX products_source ON shop.products (source, source_id) WHERE source <> '';
CREATE INDEX products_category ON shop.products (category_id);
CREATE INDEX products_published ON shop.products (id) WHERE status = 'published';
CREATE TABLE shop.variants (
    id            text COLLATE "C" PRIMARY KEY,
    product_id    text COLLATE "C" NOT NULL REFERENCES shop.products,
    sku           text COLLATE "C" NOT NULL UNIQUE,
    option_values jsonb NOT NULL DEFAULT '{}',
    barcode       text NOT NULL DEFAULT '',
    weight_grams  integer NOT NULL DEFAULT 0 CHECK (weight_grams >= 0),
    position      integer NOT NULL DEFAULT 0,
    active        boolean NOT NULL DEFAULT true,
    source_id     text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL
);
CREATE INDEX variants_product ON shop.variants (product_id, position);
CREATE TABLE shop.media (
    id         text COLLATE "C" PRIMARY KEY,
    product_id text COLLATE "C" NOT NULL REFERENCES shop.products,
    url        text NOT NULL,
    alt        text NOT NULL DEFAULT '',
    position   integer NOT NULL DEFAULT 0
);
CREATE INDEX media_product ON shop.media (product_id, position);
CREATE TABLE shop.collections (
    id          text COLLATE "C" PRIMARY KEY,
    handle      text COLLATE "C" NOT NULL UNIQUE,
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    published   boolean NOT NULL DEFAULT true
);
CREATE TABLE shop.collection_products (
    collection_id text COLLATE "C" NOT NULL REFERENCES shop.collections,
    product_id    text COLLATE "C" NOT NULL REFERENCES shop.products,
    position      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (collection_id, product_id)
);
CREATE INDEX collection_products_product ON shop.collection_products (product_id);
SELECT log.fold('shop.categories');
SELECT log.fold('shop.products');
SELECT log.fold('shop.variants');
SELECT log.fold('shop.media');
SELECT log.fold('shop.collections');
SELECT log.fold('shop.collection_products');
