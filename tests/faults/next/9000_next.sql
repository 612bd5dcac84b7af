-- What a step of the next release may do: a new table, and a new column that may be empty. It is part of no release.
CREATE TABLE next_things (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
ALTER TABLE users ADD COLUMN next_name TEXT;
INSERT INTO next_things (id, at) VALUES ('made by the next release', 1);
