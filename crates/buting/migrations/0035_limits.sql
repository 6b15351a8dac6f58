-- The grade of an appeal's limits that somebody chose: simple, across departments,
-- difficult. None where the profile has no grades to choose, or nobody chose.
ALTER TABLE appeal ADD COLUMN grade text;
