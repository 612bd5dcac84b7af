-- What is known from the license server, for each license that was ever in use. `subject` is the SHA-256 of license id and key.
CREATE TABLE phone_home (
    subject TEXT PRIMARY KEY,
    -- When it is to be asked next.
    next_at BIGINT NOT NULL,
    -- Counts the questions. Whoever counts on is the one that asks; only what came of the newest question is noted.
    turn BIGINT NOT NULL DEFAULT 0,
    last_success_at BIGINT,
    first_failure_at BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    revoked_at BIGINT,
    -- What the vendor says about the revocation.
    reason TEXT NOT NULL DEFAULT '',
    seen_at BIGINT NOT NULL DEFAULT 0
);

-- When an administrator last had the license server asked: one row.
CREATE TABLE checked (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL
);

-- Mails about the license: each notice once for each license and administrator. `subject` as above; empty for what is not genuine.
CREATE TABLE notices (
    subject TEXT NOT NULL,
    notice TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- When it is tried again, unless it was sent. Whoever counts a try is the one that sends.
    next_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    sent_at BIGINT,
    PRIMARY KEY (subject, notice, user_id)
);

-- Banners that somebody put away.
CREATE TABLE dismissed (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    notice TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, subject, notice)
);

-- The state that the audit log knows: one row. Whoever changes it writes the audit row.
CREATE TABLE known_state (
    id BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- What services last said that they use.
CREATE TABLE usage_reports (
    service TEXT PRIMARY KEY,
    cpu_cores BIGINT NOT NULL,
    ram_gb BIGINT NOT NULL,
    vram_gb BIGINT NOT NULL,
    reported_at BIGINT NOT NULL
);

-- The most that was in use at once, for each day (days since 1970-01-01 UTC).
CREATE TABLE usage_days (
    day BIGINT PRIMARY KEY,
    cpu_cores BIGINT NOT NULL,
    ram_gb BIGINT NOT NULL,
    vram_gb BIGINT NOT NULL,
    users BIGINT NOT NULL
);
