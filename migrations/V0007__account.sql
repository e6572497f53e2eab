-- What a user decides about the account itself: consents, and its deletion; and who has looked at its data.

-- A row for each time a consent was given or withdrawn; what holds now is the newest row of its purpose. The application's
-- role adds rows and does nothing else with them.
CREATE TABLE consents (
    ordinal    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    text NOT NULL,
    version    text NOT NULL,
    text_hash  bytea NOT NULL CHECK (octet_length(text_hash) = 32),
    locale     text,
    event      text NOT NULL CHECK (event IN ('given', 'withdrawn')),
    session_id uuid NOT NULL,
    request_id uuid NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX consents_user ON consents (user_id, ordinal DESC);
CREATE INDEX consents_purpose ON consents (user_id, purpose, ordinal DESC);
COMMENT ON COLUMN consents.text_hash IS 'SHA-256 of the text that was shown';

CREATE TABLE account_deletions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request_id   uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at       timestamptz NOT NULL CHECK (due_at >= requested_at),
    cancelled_at timestamptz
);
CREATE UNIQUE INDEX account_deletions_open ON account_deletions (user_id) WHERE cancelled_at IS NULL;
CREATE INDEX account_deletions_due ON account_deletions (due_at) WHERE cancelled_at IS NULL;

ALTER TABLE consents ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON consents USING (user_id = current_user_id());
ALTER TABLE account_deletions ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON account_deletions USING (user_id = current_user_id());
GRANT SELECT, INSERT ON consents, account_deletions TO ward_app;
GRANT UPDATE (cancelled_at) ON account_deletions TO ward_app;

-- What others did is found among any number of a user's own accesses.
CREATE INDEX audit_log_others ON audit_log (user_id, created_at) WHERE actor_id <> user_id;

-- The role of somebody who has accessed the data of the user the transaction serves; of nobody else.
CREATE FUNCTION actor_role(wanted uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT role FROM users
        WHERE id = wanted AND EXISTS (SELECT FROM audit_log
            WHERE audit_log.user_id = current_user_id() AND actor_id <> audit_log.user_id AND actor_id = wanted)
    $$;

-- Users whose deletion is due, the longest due first.
CREATE FUNCTION due_account_deletions(now timestamptz, most int) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT user_id FROM account_deletions WHERE cancelled_at IS NULL AND due_at <= $1
        ORDER BY due_at, id LIMIT greatest($2, 0)
    $$;

-- As before, but an administrator whose account is about to be deleted is none that others could rely on.
CREATE OR REPLACE FUNCTION administrators(acting_session uuid, target uuid) RETURNS TABLE (acts boolean, others bigint)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT pg_advisory_xact_lock(7246108);
        SELECT coalesce(bool_or(id = (SELECT s.user_id FROM sessions s
                WHERE s.id = acting_session AND s.revoked_at IS NULL)), false),
            count(*) FILTER (WHERE id <> target AND NOT EXISTS (SELECT FROM account_deletions d
                WHERE d.user_id = users.id AND d.cancelled_at IS NULL))
        FROM users WHERE role = 'admin' AND status = 'active'
    $$;

REVOKE ALL ON FUNCTION actor_role(uuid), due_account_deletions(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION actor_role(uuid) TO ward_app;
GRANT EXECUTE ON FUNCTION due_account_deletions(timestamptz, int) TO ward_maintenance;
