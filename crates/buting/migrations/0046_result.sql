-- 结果: the link by which an enterprise confirms without account, return calls, ratings
-- with what follows a bad one, and what is left out of the rates (剔除).

-- Raising the serial makes old links and codes worthless.
ALTER TABLE appeal ADD COLUMN link_serial bigint NOT NULL DEFAULT 1;
-- How satisfied who was called said he is, 1 to 5.
ALTER TABLE appeal ADD COLUMN visited_level bigint;
CREATE INDEX appeal_visited ON appeal (zone_id, visited_at) WHERE visited_at IS NOT NULL;
CREATE INDEX appeal_closed ON appeal (zone_id, closed_at) WHERE closed_at IS NOT NULL;

-- 回访. state: open, reached, unreached (three tries on two days), refused, dropped.
-- reasons are words with commas; none where somebody called of his own accord. call_on is
-- the day on which to try next, days how many days it was tried on.
CREATE TABLE return_call (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  reasons text NOT NULL,
  state text NOT NULL,
  made_at bigint NOT NULL,
  call_on text NOT NULL,
  tries bigint NOT NULL,
  days bigint NOT NULL,
  tried_on text,
  verdict text,
  level bigint,
  note text,
  ended_at bigint,
  ended_by uuid,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX return_call_open ON return_call (zone_id, call_on, id) WHERE state = 'open';
CREATE INDEX return_call_appeal ON return_call (zone_id, appeal_id, made_at);

-- Every rating, one for each time that an answer was accepted. A bad one (1 or 2) has a
-- state: contact (to be called and verified), fix (to be put right by a day), call (a
-- return call is due), done. found: valid, mistaken, malicious.
CREATE TABLE appeal_rating (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  level bigint NOT NULL,
  text text,
  how text NOT NULL,
  by_name text,
  by_id uuid,
  at bigint NOT NULL,
  state text,
  contact_due_at bigint,
  contacted_at bigint,
  contacted_by uuid,
  found text,
  reason text,
  rectification text,
  fix_on text,
  fix_due_at bigint,
  fixed_at bigint,
  fixed_by uuid,
  fixed_note text,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX appeal_rating_at ON appeal_rating (zone_id, at);
CREATE INDEX appeal_rating_appeal ON appeal_rating (zone_id, appeal_id, at);
CREATE INDEX appeal_rating_open ON appeal_rating (zone_id, at) WHERE state IS NOT NULL AND state <> 'done';

-- What was rated before. Nobody says any more how, but who had an account did.
INSERT INTO appeal_rating (zone_id, id, appeal_id, level, text, how, by_id, at, state, contacted_at, contacted_by, version)
  SELECT zone_id, id, id, rating, rating_text, CASE WHEN confirmation = 'phone' THEN 'phone' ELSE 'account' END,
    confirmed_by, confirmed_at,
    CASE WHEN rating <= 2 AND open THEN 'contact' WHEN rating <= 2 THEN 'done' END,
    CASE WHEN rating <= 2 THEN visited_at END, CASE WHEN rating <= 2 THEN visited_by END, 1
  FROM appeal WHERE rating IS NOT NULL AND confirmed_at IS NOT NULL;

-- 剔除: asked for by one unit, decided by another. state: asked, granted, refused.
CREATE TABLE exclusion (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  ground text NOT NULL,
  proof text NOT NULL,
  asked_by uuid,
  asked_unit uuid,
  asked_at bigint NOT NULL,
  state text NOT NULL,
  decided_by uuid,
  decided_unit uuid,
  decided_at bigint,
  decision text,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX exclusion_appeal ON exclusion (zone_id, appeal_id, asked_at);
CREATE INDEX exclusion_state ON exclusion (zone_id, state, asked_at);
