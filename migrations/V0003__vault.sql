-- The vault, complete: states of data keys, a second wrapped copy, tombstones of erased users, versions of blind indexes.

ALTER TABLE data_keys
    ALTER COLUMN wrapped DROP NOT NULL,
    ADD COLUMN second_keyring text,
    ADD COLUMN second_wrapped bytea,
    DROP CONSTRAINT data_keys_state_check,
    ADD CONSTRAINT data_keys_state_check CHECK (state IN ('active', 'retired', 'revoked', 'shredded')),
    ADD CONSTRAINT data_keys_shredded CHECK (
        CASE WHEN state = 'shredded' THEN wrapped IS NULL AND second_wrapped IS NULL ELSE wrapped IS NOT NULL END),
    ADD CONSTRAINT data_keys_second CHECK ((second_keyring IS NULL) = (second_wrapped IS NULL));
COMMENT ON COLUMN data_keys.state IS
    'active seals and opens, retired only opens, revoked does neither until it is reinstated, shredded never again';
COMMENT ON COLUMN data_keys.second_wrapped IS 'the same key wrapped by the second keyring, for when the first is away';

-- Who was erased. The rows outlive the user, so that a restored backup can forget them again.
CREATE TABLE tombstones (
    subject   uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
ALTER TABLE tombstones ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON tombstones USING (subject = current_user_id());
GRANT SELECT ON tombstones TO ward_app;

-- Which versions of the system's data key make blind indexes. While the indexes are made anew there are two: every
-- look-up asks for both, and what is written has the current one's.
CREATE TABLE blind_index_keys (
    version    smallint PRIMARY KEY CHECK (version BETWEEN 1 AND 255),
    state      text NOT NULL CHECK (state IN ('current', 'next', 'previous', 'retired')),
    changed_at timestamptz NOT NULL,
    -- One current at most, and one beside it; judged when a statement has ended.
    CONSTRAINT blind_index_keys_live EXCLUDE USING btree ((state = 'current') WITH =) WHERE (state <> 'retired')
        DEFERRABLE INITIALLY IMMEDIATE
);
INSERT INTO blind_index_keys (version, state, changed_at) VALUES (1, 'current', now());
GRANT SELECT ON blind_index_keys TO ward_app;

-- As find_account, which the code before this migration calls, for an index in each version that is live.
CREATE FUNCTION account_of(wanted_kind text, wanted_indexes bytea[]) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT id FROM users WHERE wanted_kind = 'username' AND username_index = ANY (wanted_indexes)
        UNION ALL
        SELECT user_id FROM user_contacts
            WHERE kind = wanted_kind AND address_index = ANY (wanted_indexes) AND verified_at IS NOT NULL
        UNION ALL
        SELECT user_id FROM oauth_connections WHERE provider = wanted_kind AND subject_index = ANY (wanted_indexes)
        LIMIT 1
    $$;
REVOKE ALL ON FUNCTION account_of(text, bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of(text, bytea[]) TO ward_app;

-- As list_users, which the code before calls. A page of users, and whether there are more behind it; each user shown gets an audit row. For whoever the transaction
-- serves where that user is an administrator in the table itself; for nobody where the login may act as the tables'
-- owner: that is the operator, at the `ward` command.
CREATE FUNCTION users_page(after_id uuid, page_size int, wanted_role text, wanted_status text, wanted_indexes bytea[],
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
                AND (wanted_indexes IS NULL OR users.username_index = ANY (wanted_indexes) OR EXISTS (
                    SELECT FROM user_contacts WHERE user_contacts.user_id = users.id
                        AND user_contacts.address_index = ANY (wanted_indexes)))
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

REVOKE ALL ON FUNCTION users_page(uuid, int, text, text, bytea[], uuid, uuid, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION users_page(uuid, int, text, text, bytea[], uuid, uuid, text, timestamptz) TO ward_app;

-- What the maintenance function works as, and no other: it may end what the others may not.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ward_maintenance') THEN
        CREATE ROLE ward_maintenance NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
EXCEPTION
    -- Roles belong to the whole cluster: another database's migration may have made it meanwhile.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
DO $$
BEGIN
    GRANT ward_app TO ward_maintenance;
EXCEPTION
    WHEN unique_violation THEN NULL;
END
$$;

-- A function makes a subject's first key and no other: newer versions are the operator's.
CREATE POLICY first_version ON data_keys AS RESTRICTIVE FOR INSERT WITH CHECK (version = 1 AND state = 'active');

-- The nil user is nobody, and its data key the system's.
ALTER TABLE users ADD CONSTRAINT users_somebody
    CHECK (id NOT IN ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001'));

-- The erasure of a user has begun: the data keys are shredded, so that nothing sealed opens, nobody signs in any more, and a
-- tombstone stays. For the operator, whose login may act as the tables' owner; for maintenance where the account's own deletion
-- is due. Done again, it changes nothing. Whether there is such a user.
CREATE FUNCTION begin_erasure(erased uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
DECLARE
    is_there boolean;
BEGIN
    IF erased IN ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001') THEN
        RAISE insufficient_privilege USING MESSAGE = 'the system is not erased';
    END IF;
    IF NOT pg_has_role(session_user, current_user, 'MEMBER') THEN
        -- Locked: who thinks better of it at this very moment has either cancelled before, or comes too late.
        PERFORM FROM account_deletions
            WHERE user_id = erased AND cancelled_at IS NULL AND due_at <= now() FOR UPDATE;
        IF NOT FOUND THEN
            RAISE insufficient_privilege USING MESSAGE = 'this account is not due to be erased';
        END IF;
    END IF;
    INSERT INTO tombstones (subject, erased_at) VALUES (erased, at) ON CONFLICT DO NOTHING;
    UPDATE data_keys SET state = 'shredded', wrapped = NULL, second_keyring = NULL, second_wrapped = NULL
        WHERE subject = erased AND state <> 'shredded';
    -- A key of whoever never had one, so that none is made any more.
    INSERT INTO data_keys (subject, version, state, keyring, created_at) VALUES (erased, 1, 'shredded', '', at)
        ON CONFLICT DO NOTHING;
    DELETE FROM sessions WHERE user_id = erased;
    DELETE FROM api_keys WHERE user_id = erased;
    DELETE FROM passkey_credentials WHERE user_id = erased;
    DELETE FROM passwords WHERE user_id = erased;
    DELETE FROM oauth_connections WHERE user_id = erased;
    DELETE FROM user_contacts WHERE user_id = erased;
    DELETE FROM account_recovery WHERE user_id = erased;
    DELETE FROM one_time_codes WHERE user_id = erased;
    UPDATE users SET status = 'disabled', security_version = security_version + 1
        WHERE id = erased AND status <> 'disabled';
    SELECT EXISTS (SELECT FROM users WHERE id = erased) INTO is_there;
    RETURN is_there;
END
    $$;

-- Deletes at most so many rows of a user whose erasure has begun; gives how many it deleted. Whoever has a great many rows is
-- erased all the same, a little at a time. The last call, which finds none, deletes the user and what is left by cascade.
CREATE FUNCTION go_on_erasing(erased uuid, most int) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
DECLARE
    long_table text;
    deleted bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM tombstones WHERE subject = erased)
        OR EXISTS (SELECT FROM data_keys WHERE subject = erased AND state <> 'shredded') THEN
        RAISE insufficient_privilege USING MESSAGE = 'the erasure of this account has not begun';
    END IF;
    FOREACH long_table IN ARRAY ARRAY['storage_versions', 'encrypted_storage', 'chat_messages', 'chat_sessions', 'usage_calls',
        'file_uploads', 'login_attempts', 'session_audits', 'email_delivery_log', 'sms_delivery_log', 'consents']
    LOOP
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE user_id = $1 LIMIT $2))',
            long_table, long_table) USING erased, most;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        IF deleted > 0 THEN
            RETURN deleted;
        END IF;
    END LOOP;
    UPDATE security_events SET address = NULL WHERE user_id = erased AND address IS NOT NULL;
    DELETE FROM users WHERE id = erased;
    RETURN 0;
END
    $$;
REVOKE ALL ON FUNCTION begin_erasure(uuid, timestamptz), go_on_erasing(uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_erasure(uuid, timestamptz), go_on_erasing(uuid, int) TO ward_maintenance;
