-- Import: what the office of whoever handed a sheet in had said of headings when it
-- was first read (heading and field; an empty field is not read), so that what was
-- previewed is what is taken in, by whomever. `undone_by`: who takes it back.
ALTER TABLE import ADD COLUMN said jsonb;
ALTER TABLE import ADD COLUMN undone_by uuid;
