-- What is asked stays as quick when there are a million rows.

-- A settings page and a refused rotation look at the newest licenses that were in use.
CREATE INDEX license_history_by_revision ON license_history (revision, id);

-- The audit log is filtered by who and by what at the same time.
CREATE INDEX audit_by_actor_and_action ON audit (actor, action, id);

-- Each answer about the license asks which licenses do not stand well, of all that were ever in use.
CREATE INDEX phone_home_not_well ON phone_home (subject) WHERE first_failure_at IS NOT NULL OR revoked_at IS NOT NULL;

-- What is counted as it happens, because to count it anew takes longer with each.
CREATE TABLE totals (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
-- Licenses that were replaced by another one, reversions included.
INSERT INTO totals (name, value)
SELECT 'rotations', COUNT(*) FROM audit WHERE action IN ('license.rotated', 'license.reverted')
HAVING COUNT(*) > 0;
