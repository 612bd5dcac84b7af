-- Types that SQLite and PostgreSQL both know: TEXT and BIGINT. Instants are seconds since 1970-01-01 UTC.
-- Hashes are SHA-256 in hex; what is sealed is text.

-- Operators read and set these rows: license_jwt, license_public_key, setup_completed, organization_name.
CREATE TABLE platform_config (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL DEFAULT 0
);

-- Bundles that were in use. A row is written when its license is replaced.
CREATE TABLE license_history (
    id TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    jwt TEXT NOT NULL,
    public_key TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL,
    replaced_by TEXT
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id_hash TEXT PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    agent TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    code_hash TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    inviter_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The tokens that open the wizard. `installer` is set by the first use.
CREATE TABLE setup_tokens (
    token_hash TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    installer TEXT
);

-- What the wizard's first step holds until the first administrator is made: at most one row.
CREATE TABLE setup_draft (
    id BIGINT PRIMARY KEY,
    jwt TEXT NOT NULL,
    public_key TEXT NOT NULL,
    installer TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What a form brought back, shown once. Sealed: it holds what people typed.
CREATE TABLE returned (
    id_hash TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    is_stranger BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX returned_by_end ON returned (is_stranger, expires_at);

-- Tries of the last minute: to sign in, by account and by address. `subject` is a hash.
CREATE TABLE attempts (
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id, subject)
);
CREATE INDEX attempts_by_subject ON attempts (subject, at);
CREATE INDEX attempts_by_time ON attempts (at);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_by_actor ON audit (actor, id);
