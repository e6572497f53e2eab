-- Sign-in, complete: addresses, passwords, second factors, GitHub, recovery, devices, bearer tokens, API keys,
-- preferences, deliveries, and what is watched.
--
-- The nil user stands for nobody: an attempt, a code or a message for an account that does not exist is written in
-- its name, so that known and unknown accounts cost the same.

ALTER TABLE users
    ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('invited', 'active', 'disabled')),
    ADD COLUMN security_version bigint NOT NULL DEFAULT 1;
COMMENT ON COLUMN users.security_version IS
    'rises with each change of role, status, password or factor: sessions cached before are looked up anew';

CREATE TABLE user_contacts (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('email', 'phone')),
    address       bytea NOT NULL,
    address_index bytea NOT NULL,
    verified_at   timestamptz,
    created_at    timestamptz NOT NULL,
    UNIQUE (user_id, kind, address_index)
);
-- An address that nobody has proved may stand with several users; a proved one belongs to one.
CREATE UNIQUE INDEX user_contacts_verified ON user_contacts (kind, address_index) WHERE verified_at IS NOT NULL;

CREATE TABLE passwords (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash       bytea NOT NULL,
    suffices   boolean NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN passwords.suffices IS 'whether it is long enough without a second factor';
COMMENT ON COLUMN passwords.hash IS 'PHC or bcrypt string, sealed under the system data key as with a pepper';

CREATE TABLE password_history (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX password_history_user ON password_history (user_id, created_at DESC);

ALTER TABLE passkey_credentials
    ADD COLUMN name bytea,
    ADD COLUMN backup_eligible boolean NOT NULL DEFAULT false,
    ADD COLUMN backup_state boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN passkey_credentials.name IS 'sealed; what the user calls it';
UPDATE passkey_credentials SET
    sign_count = greatest(sign_count, (public_key #>> '{cred,counter}')::bigint),
    backup_eligible = (public_key #>> '{cred,backup_eligible}')::boolean,
    backup_state = (public_key #>> '{cred,backup_state}')::boolean;

-- What is under way between two requests: kept here, bound to the browser by a secret, used once. Takes the place of
-- webauthn_ceremonies, which the code before this migration still uses.
CREATE TABLE ceremonies (
    secret_hash bytea PRIMARY KEY,
    kind        text NOT NULL,
    state       bytea NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at);
COMMENT ON COLUMN ceremonies.state IS 'sealed under the system data key';

CREATE TABLE one_time_codes (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL,
    purpose    text NOT NULL,
    code_mac   bytea NOT NULL,
    attempts   smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX one_time_codes_user ON one_time_codes (user_id, purpose);

CREATE TABLE two_factor_auth (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    method       text NOT NULL CHECK (method IN ('totp', 'email', 'sms')),
    secret       bytea,
    contact_id   uuid REFERENCES user_contacts (id) ON DELETE CASCADE,
    last_step    bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_used_at timestamptz,
    UNIQUE (user_id, method)
);
COMMENT ON COLUMN two_factor_auth.secret IS 'sealed; the TOTP secret';
COMMENT ON COLUMN two_factor_auth.last_step IS 'the last time step a TOTP code was taken for: a code works once';

CREATE TABLE backup_codes (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_mac   bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz,
    UNIQUE (user_id, code_mac)
);

CREATE TABLE oauth_connections (
    id                 uuid PRIMARY KEY,
    user_id            uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider           text NOT NULL CHECK (provider IN ('github')),
    subject_index      bytea NOT NULL,
    profile            bytea NOT NULL,
    access_token       bytea NOT NULL,
    refresh_token      bytea,
    scopes             text[] NOT NULL,
    access_expires_at  timestamptz,
    refresh_expires_at timestamptz,
    connected_at       timestamptz NOT NULL,
    last_used_at       timestamptz,
    refreshing_until   timestamptz,
    broken_at          timestamptz,
    UNIQUE (provider, subject_index),
    UNIQUE (user_id, provider)
);
COMMENT ON COLUMN oauth_connections.profile IS 'sealed JSON: the provider''s id of the user, and the name there';
COMMENT ON COLUMN oauth_connections.refreshing_until IS
    'one request at a time trades the refresh token, which works once, for new ones';
COMMENT ON COLUMN oauth_connections.broken_at IS 'the provider has refused the tokens: only connecting anew helps';

CREATE TABLE user_devices (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash   bytea NOT NULL,
    name          bytea NOT NULL,
    trusted_until timestamptz,
    known         boolean NOT NULL DEFAULT true,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    UNIQUE (user_id, secret_hash)
);
COMMENT ON COLUMN user_devices.known IS 'signed in on since what protects the account last changed: failures are counted apart';

ALTER TABLE sessions
    ADD COLUMN kind text NOT NULL DEFAULT 'cookie' CHECK (kind IN ('cookie', 'bearer')),
    ADD COLUMN methods text[] NOT NULL DEFAULT '{}',
    ADD COLUMN device_id uuid REFERENCES user_devices (id) ON DELETE SET NULL,
    ADD COLUMN idle_seconds bigint;
COMMENT ON COLUMN sessions.methods IS 'how the user was authenticated, by the names of RFC 8176 where it has one';

CREATE TABLE session_audits (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id uuid NOT NULL,
    event      text NOT NULL CHECK (event IN ('begun', 'refreshed', 'stepped_up', 'signed_out', 'revoked')),
    device_id  uuid,
    address    text,
    request_id uuid NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX session_audits_user ON session_audits (user_id, created_at);

CREATE TABLE refresh_tokens (
    session_id  uuid PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    counter     bigint NOT NULL CHECK (counter > 0),
    rotated_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
COMMENT ON TABLE refresh_tokens IS 'which refresh token of a session is the current one; a token is its number and a MAC';

-- Public halves of the keys that sign access tokens, for every function to check them by.
CREATE TABLE token_keys (
    kid        text PRIMARY KEY,
    jwk        jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         bytea NOT NULL,
    hint         text NOT NULL,
    token_hash   bytea NOT NULL UNIQUE,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id);
COMMENT ON COLUMN api_keys.hint IS 'the key''s first characters, to tell keys apart';

CREATE TABLE account_recovery (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL,
    secret_hash  bytea NOT NULL UNIQUE,
    contact_id   uuid REFERENCES user_contacts (id) ON DELETE SET NULL,
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    vouched      boolean NOT NULL,
    address      text
);
COMMENT ON COLUMN account_recovery.vouched IS 'made by the operator or an administrator, who know whom it is for';
COMMENT ON COLUMN account_recovery.contact_id IS 'the address the link was sent to, which its use proves';
CREATE INDEX account_recovery_user ON account_recovery (user_id, requested_at);

CREATE TABLE user_preferences (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    document   bytea NOT NULL,
    version    bigint NOT NULL CHECK (version > 0),
    updated_at timestamptz NOT NULL
);

CREATE TABLE email_delivery_log (
    id                  uuid PRIMARY KEY,
    user_id             uuid NOT NULL,
    to_address          bytea NOT NULL,
    to_index            bytea NOT NULL,
    template            text NOT NULL,
    status              text NOT NULL CHECK (status IN ('pending', 'sent', 'failed')),
    provider            text,
    provider_message_id text,
    attempts            smallint NOT NULL DEFAULT 0,
    error               text,
    cost_nano           bigint,
    currency            text,
    created_at          timestamptz NOT NULL,
    sent_at             timestamptz
);
CREATE INDEX email_delivery_log_user ON email_delivery_log (user_id, created_at);
COMMENT ON COLUMN email_delivery_log.error IS 'what went wrong, in our words: a provider''s could quote the address';
COMMENT ON COLUMN email_delivery_log.cost_nano IS 'billionths of a unit of the currency';

CREATE TABLE sms_delivery_log (LIKE email_delivery_log INCLUDING ALL);
COMMENT ON COLUMN sms_delivery_log.to_address IS 'the phone number in E.164, sealed';

CREATE TABLE login_attempts (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL,
    identifier_index bytea,
    method           text NOT NULL,
    result           text NOT NULL,
    address          text,
    device_id        uuid,
    request_id       uuid NOT NULL,
    created_at       timestamptz NOT NULL
);
CREATE INDEX login_attempts_user ON login_attempts (user_id, created_at);
CREATE INDEX login_attempts_time ON login_attempts (created_at);

CREATE TABLE security_events (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL,
    event_type text NOT NULL,
    severity   text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    address    text,
    request_id uuid NOT NULL,
    details    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);
CREATE INDEX security_events_user ON security_events (user_id, created_at);
CREATE INDEX security_events_time ON security_events (created_at);

-- Failures in a row, by whom and against what. Never in the cache alone: a flush must not open a limit.
CREATE TABLE sign_in_failures (
    bucket         bytea PRIMARY KEY,
    failures       bigint NOT NULL,
    window_hits    bigint NOT NULL,
    window_ends_at timestamptz NOT NULL,
    blocked_until  timestamptz,
    refused        boolean NOT NULL DEFAULT false
);
CREATE INDEX sign_in_failures_window ON sign_in_failures (window_ends_at);
COMMENT ON COLUMN sign_in_failures.bucket IS 'a blind index of account, factor and device or address';
COMMENT ON COLUMN sign_in_failures.refused IS 'whether the last attempt came while the bucket was blocked';

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['user_contacts', 'passwords', 'password_history', 'one_time_codes', 'two_factor_auth',
        'backup_codes', 'oauth_connections', 'user_devices', 'session_audits', 'refresh_tokens', 'api_keys',
        'account_recovery', 'user_preferences', 'email_delivery_log', 'sms_delivery_log', 'login_attempts',
        'security_events']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY owner ON %I USING (user_id = current_user_id())', owned);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON user_contacts, passwords, password_history, one_time_codes, two_factor_auth,
    backup_codes, oauth_connections, user_devices, refresh_tokens, account_recovery, user_preferences,
    ceremonies, sign_in_failures TO ward_app;
GRANT DELETE ON passkey_credentials TO ward_app;
GRANT SELECT, INSERT, UPDATE ON api_keys, token_keys, email_delivery_log, sms_delivery_log TO ward_app;
GRANT SELECT, INSERT ON session_audits, login_attempts, security_events TO ward_app;

-- The ways past row-level security: each answers one question that has to be asked before anyone is known. They run
-- as the tables' owner.

-- Whose username, verified address or GitHub account an index is.
CREATE FUNCTION find_account(wanted_kind text, wanted_index bytea) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT id FROM users WHERE wanted_kind = 'username' AND username_index = wanted_index
        UNION ALL
        SELECT user_id FROM user_contacts
            WHERE kind = wanted_kind AND address_index = wanted_index AND verified_at IS NOT NULL
        UNION ALL
        SELECT user_id FROM oauth_connections WHERE provider = wanted_kind AND subject_index = wanted_index
        LIMIT 1
    $$;

-- Whose recovery link a secret is, while it holds.
CREATE FUNCTION find_recovery(wanted_hash bytea, seen_at timestamptz) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT user_id FROM account_recovery
        WHERE secret_hash = wanted_hash AND used_at IS NULL AND expires_at > seen_at
    $$;

-- Marks a live session as seen and answers it; no row where it is unknown, revoked, idle or over, or where its user
-- may not sign in. As resume_session, with what sessions have gained.
CREATE FUNCTION find_session(wanted_hash bytea, seen_at timestamptz, default_idle_seconds bigint)
    RETURNS TABLE (id uuid, user_id uuid, role text, assurance smallint, authenticated_at timestamptz,
        created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz, kind text, methods text[],
        device_id uuid, idle_seconds bigint, security_version bigint)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        UPDATE sessions SET last_seen_at = greatest(sessions.last_seen_at, seen_at)
        FROM users
        WHERE sessions.token_hash = wanted_hash AND users.id = sessions.user_id AND users.status = 'active'
            AND sessions.revoked_at IS NULL AND sessions.expires_at > seen_at
            AND sessions.last_seen_at > seen_at
                - make_interval(secs => coalesce(sessions.idle_seconds, default_idle_seconds))
        RETURNING sessions.id, sessions.user_id, users.role, sessions.assurance, sessions.authenticated_at,
            sessions.created_at, sessions.last_seen_at, sessions.expires_at, sessions.kind, sessions.methods,
            sessions.device_id, sessions.idle_seconds, users.security_version
    $$;

-- The same for an API key.
CREATE FUNCTION find_api_key(wanted_hash bytea, seen_at timestamptz)
    RETURNS TABLE (id uuid, user_id uuid, role text, scopes text[], created_at timestamptz, expires_at timestamptz,
        security_version bigint)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        UPDATE api_keys SET last_used_at = greatest(api_keys.last_used_at, seen_at)
        FROM users
        WHERE api_keys.token_hash = wanted_hash AND users.id = api_keys.user_id AND users.status = 'active'
            AND api_keys.revoked_at IS NULL AND api_keys.expires_at > seen_at
        RETURNING api_keys.id, api_keys.user_id, users.role, api_keys.scopes, api_keys.created_at,
            api_keys.expires_at, users.security_version
    $$;

-- The code before this migration still calls it: where it named its parameter, the new column of that name would be
-- meant now.
CREATE OR REPLACE FUNCTION resume_session(wanted_hash bytea, seen_at timestamptz, idle_seconds bigint)
    RETURNS TABLE (id uuid, user_id uuid, role text, assurance smallint, authenticated_at timestamptz,
        created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        UPDATE sessions SET last_seen_at = greatest(sessions.last_seen_at, $2)
        FROM users
        WHERE sessions.token_hash = $1 AND users.id = sessions.user_id AND users.status = 'active'
            AND sessions.revoked_at IS NULL AND sessions.expires_at > $2
            AND sessions.last_seen_at > $2 - make_interval(secs => $3)
        RETURNING sessions.id, sessions.user_id, users.role, sessions.assurance, sessions.authenticated_at,
            sessions.created_at, sessions.last_seen_at, sessions.expires_at
    $$;

-- A page of users, and whether there are more behind it; each user shown gets an audit row. For whoever the transaction
-- serves where that user is an administrator in the table itself; for nobody where the login may act as the tables'
-- owner: that is the operator, at the `ward` command.
CREATE FUNCTION list_users(after_id uuid, page_size int, wanted_role text, wanted_status text, wanted_index bytea,
        acting_session uuid, acting_request uuid, acting_address text, seen_at timestamptz)
    RETURNS TABLE (id uuid, role text, status text, profile bytea, created_at timestamptz, updated_at timestamptz,
        more boolean)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        WITH found AS (
            SELECT users.* FROM users
            WHERE (EXISTS (SELECT FROM users actor WHERE actor.id = current_user_id()
                        AND actor.role = 'admin' AND actor.status = 'active')
                    OR current_user_id() = '00000000-0000-0000-0000-000000000000'
                        AND pg_has_role(session_user, current_user, 'MEMBER'))
                AND (after_id IS NULL OR users.id > after_id)
                AND (wanted_role IS NULL OR users.role = wanted_role)
                AND (wanted_status IS NULL OR users.status = wanted_status)
                AND (wanted_index IS NULL OR users.username_index = wanted_index OR EXISTS (
                    SELECT FROM user_contacts WHERE user_contacts.user_id = users.id
                        AND user_contacts.address_index = wanted_index))
            ORDER BY users.id LIMIT page_size + 1
        ), page AS (
            SELECT * FROM found ORDER BY id LIMIT page_size
        ), noted AS (
            INSERT INTO audit_log (id, user_id, actor_id, session_id, action, resource_type, resource_id, request_id,
                address, created_at)
            SELECT gen_random_uuid(), page.id, current_user_id(), acting_session, 'user.list', 'user', page.id::text,
                acting_request, acting_address, seen_at FROM page
        )
        SELECT page.id, page.role, page.status, page.profile, page.created_at, page.updated_at,
            (SELECT count(*) FROM found) > page_size
        FROM page ORDER BY page.id
    $$;

-- Whether a session is a live one of an active administrator, and how many of those there are beside another: asked
-- before the one changes the other. Locks until the end of the transaction: two who would demote each other come one
-- after the other.
CREATE FUNCTION administrators(acting_session uuid, target uuid) RETURNS TABLE (acts boolean, others bigint)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT pg_advisory_xact_lock(7246108);
        SELECT coalesce(bool_or(id = (SELECT s.user_id FROM sessions s
                WHERE s.id = acting_session AND s.revoked_at IS NULL)), false),
            count(*) FILTER (WHERE id <> target)
        FROM users WHERE role = 'admin' AND status = 'active'
    $$;
REVOKE ALL ON FUNCTION administrators(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION administrators(uuid, uuid) TO ward_app;

REVOKE ALL ON FUNCTION find_account(text, bytea), find_recovery(bytea, timestamptz),
    find_session(bytea, timestamptz, bigint), find_api_key(bytea, timestamptz),
    list_users(uuid, int, text, text, bytea, uuid, uuid, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_account(text, bytea), find_recovery(bytea, timestamptz),
    find_session(bytea, timestamptz, bigint), find_api_key(bytea, timestamptz),
    list_users(uuid, int, text, text, bytea, uuid, uuid, text, timestamptz) TO ward_app;
