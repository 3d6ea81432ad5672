-- The five schemas, and the one extension.
-- shop: folded tables, changed by actions alone. log: what happened. vault: personal values.
-- platform: jobs, sessions, keys, progress. search: the product index.

CREATE SCHEMA IF NOT EXISTS shop;
CREATE SCHEMA IF NOT EXISTS log;
CREATE SCHEMA IF NOT EXISTS vault;
CREATE SCHEMA IF NOT EXISTS platform;
CREATE SCHEMA IF NOT EXISTS search;

CREATE EXTENSION IF NOT EXISTS vector;
