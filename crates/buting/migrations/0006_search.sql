-- Words in texts. One row per text, its words in an index: FTS5 without a copy
-- of the text (`plain` is the folded text, for walks row by row), or a tsvector.

CREATE TABLE search_text (
  zone_id uuid NOT NULL,
  kind text NOT NULL,
  id uuid NOT NULL,
  about_id uuid,
  at bigint NOT NULL,
-- sqlite
  n INTEGER PRIMARY KEY,
  plain TEXT NOT NULL,
  UNIQUE (zone_id, kind, id)
-- postgres
  tokens tsvector NOT NULL,
  PRIMARY KEY (zone_id, kind, id)
-- both
);
CREATE INDEX search_text_at ON search_text (zone_id, kind, at);
-- sqlite
CREATE TABLE search_room (
  zone_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  room INTEGER NOT NULL UNIQUE,
  last INTEGER NOT NULL,
  PRIMARY KEY (zone_id, kind)
) STRICT;
CREATE VIRTUAL TABLE search_index USING fts5(tokens, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0');
-- postgres
CREATE INDEX search_text_tokens ON search_text USING gin (tokens) WITH (fastupdate = off);
-- both
