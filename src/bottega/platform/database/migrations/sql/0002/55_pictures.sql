-- Uploaded pictures, each once; the log keeps their addresses, which are their digests.
CREATE TABLE platform.pictures (
    digest     text COLLATE "C" PRIMARY KEY,
    media_type text NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
    width      integer NOT NULL,
    height     integer NOT NULL,
    content    bytea NOT NULL,
    kept_at    timestamptz NOT NULL
);
-- What is compressed already is not tried again.
ALTER TABLE platform.pictures ALTER COLUMN content SET STORAGE EXTERNAL;
