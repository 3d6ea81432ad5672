-- Knowledge: the shop's documents, each version with its passages. Old versions stay, so that what was cited can be shown.

CREATE TABLE runtime.documents (
    id               text COLLATE "C" PRIMARY KEY,
    source           text COLLATE "C" NOT NULL,          -- which folder of documents
    path             text COLLATE "C" NOT NULL,          -- within it, with forward slashes
    version_id       text COLLATE "C",                   -- the newest that could be read
    state            text NOT NULL DEFAULT 'current' CHECK (state IN ('current', 'withdrawn', 'missing', 'unreadable')),
    reason           text NOT NULL DEFAULT '',           -- why it is withdrawn or unreadable
    checked_at       timestamptz NOT NULL,               -- when the file was last seen to be what is stored here
    created_at       timestamptz NOT NULL,
    UNIQUE (source, path)
);
CREATE TABLE runtime.document_versions (
    id             text COLLATE "C" PRIMARY KEY,
    document_id    text COLLATE "C" NOT NULL REFERENCES runtime.documents ON DELETE CASCADE,
    number         integer NOT NULL,                     -- 1, 2, 3 as they came
    label          text NOT NULL DEFAULT '',             -- the version that the document itself states
    title          text NOT NULL,
    language       text NOT NULL DEFAULT '',
    media_type     text NOT NULL,
    trust          text NOT NULL CHECK (trust IN ('shop', 'third_party')),
    digest         bytea NOT NULL,                       -- sha256 of the file
    size_bytes     integer NOT NULL,
    valid_from     date,
    valid_until    date,
    ingested_at    timestamptz NOT NULL,
    UNIQUE (document_id, number)
);
ALTER TABLE runtime.documents ADD FOREIGN KEY (version_id) REFERENCES runtime.document_versions;
CREATE TABLE runtime.passages (
    id         text COLLATE "C" PRIMARY KEY,
    version_id text COLLATE "C" NOT NULL REFERENCES runtime.document_versions ON DELETE CASCADE,
    position   integer NOT NULL,
    section    text[] NOT NULL,                          -- the headings above it, the outermost first
    text       text NOT NULL,
    UNIQUE (version_id, position)
);
-- What was found and quoted, without who asked: how often a document helps, and questions that none answers.
CREATE TABLE runtime.citations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id text COLLATE "C" REFERENCES runtime.document_versions ON DELETE CASCADE,   -- NULL: nothing fitted
    passage_id text COLLATE "C",
    run_id     text COLLATE "C",
    cited_at   timestamptz NOT NULL
);
CREATE INDEX citations_version ON runtime.citations (version_id, cited_at);
CREATE INDEX citations_at ON runtime.citations (cited_at);
SELECT search.ensure_corpus('passages');
