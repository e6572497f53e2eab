-- Users, sessions, passkeys, the encrypted store, chats, usage and the audit log.
--
-- The functions work as the role ward_app: it owns nothing, row-level security binds it, and it can neither
-- change nor delete an audit row. `ward.user_id` is set for each transaction to the user it serves.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ward_app') THEN
        CREATE ROLE ward_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
EXCEPTION
    -- Roles belong to the whole cluster: another database's migration may have made it meanwhile.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ward_app;

-- The user the current transaction serves; NULL where none is set, so that no row matches.
CREATE FUNCTION current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('ward.user_id', true), '')::uuid $$;

CREATE TABLE users (
    id             uuid PRIMARY KEY,
    username_index bytea NOT NULL UNIQUE,
    profile        bytea NOT NULL,
    role           text NOT NULL DEFAULT 'user'
        CHECK (role IN ('user', 'radiologist', 'verifier', 'accounting', 'teaching', 'auditor', 'admin')),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
COMMENT ON COLUMN users.profile IS 'sealed JSON: username, display_name';

CREATE TABLE data_keys (
    subject    uuid NOT NULL,
    version    int NOT NULL CHECK (version > 0),
    state      text NOT NULL CHECK (state IN ('active', 'retired')),
    keyring    text NOT NULL,
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (subject, version)
);
COMMENT ON TABLE data_keys IS 'wrapped data keys; the nil subject holds the key of the blind indexes';

CREATE TABLE passkey_credentials (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE,
    public_key    jsonb NOT NULL,
    sign_count    bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz
);
CREATE INDEX passkey_credentials_user ON passkey_credentials (user_id);

CREATE TABLE webauthn_ceremonies (
    secret_hash bytea PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('registration', 'authentication')),
    state       bytea NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX webauthn_ceremonies_expiry ON webauthn_ceremonies (expires_at);
COMMENT ON COLUMN webauthn_ceremonies.state IS 'sealed under the system data key: it holds the name being registered';

CREATE TABLE sessions (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash       bytea NOT NULL UNIQUE,
    assurance        smallint NOT NULL CHECK (assurance IN (1, 2)),
    authenticated_at timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    revoked_at       timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE encrypted_storage (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_index      bytea NOT NULL,
    key_name       bytea NOT NULL,
    encrypted_data bytea NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    UNIQUE (user_id, key_index)
);
COMMENT ON COLUMN encrypted_storage.key_name IS 'sealed: a key can name a patient';

CREATE TABLE chat_sessions (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title         bytea NOT NULL,
    patient_id    bytea,
    patient_index bytea,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (id, user_id)
);
CREATE INDEX chat_sessions_user ON chat_sessions (user_id, updated_at DESC);
CREATE INDEX chat_sessions_patient ON chat_sessions (user_id, patient_index) WHERE patient_index IS NOT NULL;

CREATE TABLE chat_messages (
    id         uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    user_id    uuid NOT NULL,
    role       text NOT NULL CHECK (role IN ('user', 'assistant')),
    content    bytea NOT NULL,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (session_id, user_id) REFERENCES chat_sessions (id, user_id) ON DELETE CASCADE
);
CREATE INDEX chat_messages_session ON chat_messages (session_id, id);

CREATE TABLE usage_days (
    user_id           uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day               date NOT NULL,
    calls             bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    tokens            bigint NOT NULL DEFAULT 0 CHECK (tokens >= 0),
    reserved_tokens   bigint NOT NULL DEFAULT 0 CHECK (reserved_tokens >= 0),
    cost_nano_dollars bigint NOT NULL DEFAULT 0 CHECK (cost_nano_dollars >= 0),
    PRIMARY KEY (user_id, day)
);

CREATE TABLE usage_calls (
    id                uuid PRIMARY KEY,
    user_id           uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day               date NOT NULL,
    model             text NOT NULL,
    state             text NOT NULL CHECK (state IN ('reserved', 'settled', 'expired')),
    reserved_tokens   bigint NOT NULL CHECK (reserved_tokens >= 0),
    prompt_tokens     bigint,
    completion_tokens bigint,
    estimated         boolean NOT NULL DEFAULT false,
    cost_nano_dollars bigint,
    created_at        timestamptz NOT NULL,
    lease_expires_at  timestamptz NOT NULL,
    settled_at        timestamptz
);
CREATE INDEX usage_calls_open ON usage_calls (user_id, lease_expires_at) WHERE state = 'reserved';

CREATE TABLE audit_log (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL,
    actor_id      uuid NOT NULL,
    session_id    uuid,
    action        text NOT NULL,
    resource_type text NOT NULL,
    resource_id   text,
    request_id    uuid NOT NULL,
    address       text,
    created_at    timestamptz NOT NULL
);
CREATE INDEX audit_log_user ON audit_log (user_id, created_at);
COMMENT ON COLUMN audit_log.user_id IS 'whose data; no foreign key, for the row outlives the user';

-- Counters of the rate limits for as long as the cache can't be reached.
CREATE UNLOGGED TABLE rate_counters (
    bucket     text PRIMARY KEY,
    hits       bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX rate_counters_expiry ON rate_counters (expires_at);

-- Row-level security: a transaction sees the rows of the user it serves, and no others.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON users USING (id = current_user_id());

ALTER TABLE data_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON data_keys USING (subject = current_user_id());

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['passkey_credentials', 'sessions', 'encrypted_storage', 'chat_sessions',
        'chat_messages', 'usage_days', 'usage_calls', 'audit_log']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY owner ON %I USING (user_id = current_user_id())', owned);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON users, sessions, passkey_credentials, chat_sessions, usage_days, usage_calls TO ward_app;
GRANT SELECT, INSERT ON data_keys, chat_messages, audit_log TO ward_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON encrypted_storage, rate_counters TO ward_app;
GRANT SELECT, INSERT, DELETE ON webauthn_ceremonies TO ward_app;

-- Before anyone is known, a session has to be found by its token's hash. This function runs as the tables' owner,
-- is the only way past row-level security, and answers at most one row.
-- Marks a live session as seen and answers it; no row where it is unknown, revoked, idle or over.
CREATE FUNCTION resume_session(wanted_hash bytea, seen_at timestamptz, idle_seconds bigint)
    RETURNS TABLE (id uuid, user_id uuid, role text, assurance smallint, authenticated_at timestamptz,
        created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        UPDATE sessions SET last_seen_at = greatest(sessions.last_seen_at, seen_at)
        FROM users
        WHERE sessions.token_hash = wanted_hash AND users.id = sessions.user_id
            AND sessions.revoked_at IS NULL AND sessions.expires_at > seen_at
            AND sessions.last_seen_at > seen_at - make_interval(secs => idle_seconds)
        RETURNING sessions.id, sessions.user_id, users.role, sessions.assurance, sessions.authenticated_at,
            sessions.created_at, sessions.last_seen_at, sessions.expires_at
    $$;

REVOKE ALL ON FUNCTION resume_session(bytea, timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resume_session(bytea, timestamptz, bigint), current_user_id()
    TO ward_app;
