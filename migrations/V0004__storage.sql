-- The encrypted store, complete: versions, metadata, deleted keys, and counters of what a user keeps.
--
-- A version's number rises with each change of any of its user's values, so that it never comes back: not even for a key
-- that was deleted, forgotten and set anew.

ALTER TABLE encrypted_storage
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version >= 0),
    ADD COLUMN metadata text,
    ADD COLUMN deleted_at timestamptz;
ALTER TABLE encrypted_storage ALTER COLUMN version SET DEFAULT 0;
COMMENT ON COLUMN encrypted_storage.metadata IS 'a JSON object as it was written, NOT sealed: no PHI';
COMMENT ON COLUMN encrypted_storage.deleted_at IS 'a deleted key keeps its last value until its time is over';

-- Names are opened a page at a time, in the order of their indexes.
CREATE INDEX encrypted_storage_live ON encrypted_storage (user_id, key_index) WHERE deleted_at IS NULL;
CREATE INDEX encrypted_storage_deleted ON encrypted_storage (user_id, key_index) WHERE deleted_at IS NOT NULL;
CREATE INDEX encrypted_storage_deleted_at ON encrypted_storage (deleted_at) WHERE deleted_at IS NOT NULL;

-- What stood under a key before: sealed bytes as they were, for the row they are bound to is the key's index.
CREATE TABLE storage_versions (
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_index      bytea NOT NULL,
    version        bigint NOT NULL,
    key_name       bytea NOT NULL,
    encrypted_data bytea NOT NULL,
    metadata       text,
    updated_at     timestamptz NOT NULL,
    replaced_at    timestamptz NOT NULL,
    PRIMARY KEY (user_id, key_index, version)
);
CREATE INDEX storage_versions_replaced_at ON storage_versions (replaced_at);
COMMENT ON COLUMN storage_versions.updated_at IS 'when the version was stored';
COMMENT ON COLUMN storage_versions.replaced_at IS 'when it was the newest no more: its time runs from then';

-- Whoever changes a user's values takes the user's row here first, and so waits for whoever came before.
CREATE TABLE storage_counters (
    user_id      uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    keys         bigint NOT NULL DEFAULT 0,
    bytes        bigint NOT NULL DEFAULT 0,
    last_version bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN storage_counters.keys IS 'keys that are not deleted';
COMMENT ON COLUMN storage_counters.bytes IS 'sealed values, sealed names and metadata, with deleted keys and former versions';

INSERT INTO storage_counters (user_id, keys, bytes, last_version)
    SELECT user_id, count(*), sum(octet_length(encrypted_data) + octet_length(key_name)), 1
    FROM encrypted_storage GROUP BY user_id;

ALTER TABLE storage_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON storage_versions USING (user_id = current_user_id());
ALTER TABLE storage_counters ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON storage_counters USING (user_id = current_user_id());
GRANT SELECT, INSERT, DELETE ON storage_versions TO ward_app;
GRANT SELECT, INSERT, UPDATE ON storage_counters TO ward_app;

CREATE FUNCTION stored_size(name bytea, content bytea, note text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT octet_length(name)::bigint + octet_length(content) + coalesce(octet_length(note), 0) $$;

-- The counters follow the tables, whoever changes those. A user who is being erased has no counters any more.
CREATE FUNCTION count_values() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO storage_counters AS c (user_id, keys, bytes)
            SELECT user_id, count(*) FILTER (WHERE deleted_at IS NULL),
                sum(stored_size(key_name, encrypted_data, metadata))
            FROM added GROUP BY user_id
        ON CONFLICT (user_id) DO UPDATE SET keys = c.keys + excluded.keys, bytes = c.bytes + excluded.bytes;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE storage_counters c SET keys = c.keys - less.keys, bytes = c.bytes - less.bytes
        FROM (SELECT user_id, count(*) FILTER (WHERE deleted_at IS NULL) AS keys,
                sum(stored_size(key_name, encrypted_data, metadata)) AS bytes
            FROM gone GROUP BY user_id) less
        WHERE c.user_id = less.user_id;
    ELSE
        UPDATE storage_counters c SET keys = c.keys + change.keys, bytes = c.bytes + change.bytes
        FROM (SELECT user_id, sum(live) AS keys, sum(size) AS bytes FROM (
                SELECT user_id, (deleted_at IS NULL)::int AS live,
                    stored_size(key_name, encrypted_data, metadata) AS size FROM added
                UNION ALL
                SELECT user_id, -(deleted_at IS NULL)::int, -stored_size(key_name, encrypted_data, metadata) FROM gone) each
            GROUP BY user_id) change
        WHERE c.user_id = change.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_added AFTER INSERT ON encrypted_storage
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_values();
CREATE TRIGGER count_changed AFTER UPDATE ON encrypted_storage
    REFERENCING NEW TABLE AS added OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_values();
CREATE TRIGGER count_gone AFTER DELETE ON encrypted_storage
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_values();

-- The same for versions, which never change.
CREATE FUNCTION count_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE storage_counters c SET bytes = c.bytes + more.bytes
        FROM (SELECT user_id, sum(stored_size(key_name, encrypted_data, metadata)) AS bytes
            FROM added GROUP BY user_id) more
        WHERE c.user_id = more.user_id;
    ELSE
        UPDATE storage_counters c SET bytes = c.bytes - less.bytes
        FROM (SELECT user_id, sum(stored_size(key_name, encrypted_data, metadata)) AS bytes
            FROM gone GROUP BY user_id) less
        WHERE c.user_id = less.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_added AFTER INSERT ON storage_versions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_versions();
CREATE TRIGGER count_gone AFTER DELETE ON storage_versions
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_versions();

-- The code before this migration knows no versions: what it writes is numbered here, and a deleted key is there again.
CREATE FUNCTION number_value() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO storage_counters AS c (user_id, last_version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET last_version = c.last_version + 1
        RETURNING c.last_version INTO NEW.version;
    NEW.deleted_at := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER number_added BEFORE INSERT ON encrypted_storage
    FOR EACH ROW WHEN (NEW.version = 0) EXECUTE FUNCTION number_value();
CREATE TRIGGER number_changed BEFORE UPDATE OF encrypted_data ON encrypted_storage
    FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION number_value();

-- Whether a version, NULL where there is none, is as a condition wants it: {"match": [...], "none": [...]}, both lists of
-- versions in which 0 stands for any, either of them null where nothing is asked.
CREATE FUNCTION fulfils(current_version bigint, condition jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT (coalesce(condition -> 'match', 'null') = 'null' OR current_version IS NOT NULL
                AND (condition -> 'match' @> '0' OR condition -> 'match' @> to_jsonb(current_version)))
            AND (coalesce(condition -> 'none', 'null') = 'null' OR current_version IS NULL
                OR NOT (condition -> 'none' @> '0' OR condition -> 'none' @> to_jsonb(current_version)))
    $$;

-- The items, counted from 1, whose condition does not hold.
CREATE FUNCTION refused_items(owner uuid, indexes bytea[], conditions jsonb) RETURNS int[]
    LANGUAGE sql VOLATILE
    AS $$
        SELECT coalesce(array_agg(wanted.item::int ORDER BY wanted.item), '{}')
        FROM unnest(indexes) WITH ORDINALITY AS wanted (key_index, item)
        LEFT JOIN encrypted_storage s
            ON s.user_id = owner AND s.key_index = wanted.key_index AND s.deleted_at IS NULL
        WHERE NOT fulfils(s.version, conditions -> (wanted.item::int - 1))
    $$;

-- Waits for whoever changes the user's values. Without a row there is nothing to wait for, so it is made: a change that
-- held none would take the locks of another one the other way round.
CREATE FUNCTION lock_values(owner uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE
    AS $$
BEGIN
    PERFORM FROM storage_counters c WHERE c.user_id = owner FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO storage_counters (user_id) VALUES (owner) ON CONFLICT (user_id) DO NOTHING;
        PERFORM FROM storage_counters c WHERE c.user_id = owner FOR UPDATE;
    END IF;
END
$$;

-- Stores all values or none. Answers each item's verdict and version, or each item whose condition does not hold, or
-- one row that says which limit is reached. Each statement in here sees what was committed before the first one had the
-- counters' row: of two who set on one condition, one wins.
CREATE FUNCTION store_values(owner uuid, indexes bytea[], names bytea[], contents bytea[], notes text[],
        conditions jsonb, stored_at timestamptz, most_keys bigint, most_bytes bigint, most_versions int)
    RETURNS TABLE (verdict text, item int, number bigint)
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    amount bigint := cardinality(indexes);
    base bigint;
    kept_keys bigint;
    kept_bytes bigint;
    live bigint;
    there bigint;
    refused int[];
BEGIN
    INSERT INTO storage_counters AS c (user_id, last_version) VALUES (owner, amount)
        ON CONFLICT (user_id) DO UPDATE SET last_version = c.last_version + amount
        RETURNING c.last_version - amount, c.keys, c.bytes INTO base, kept_keys, kept_bytes;
    IF conditions IS NOT NULL THEN
        refused := refused_items(owner, indexes, conditions);
        IF cardinality(refused) > 0 THEN
            RETURN QUERY SELECT 'precondition_failed', r, NULL::bigint FROM unnest(refused) r;
            RETURN;
        END IF;
    END IF;
    SELECT count(*) FILTER (WHERE s.deleted_at IS NULL), count(*) INTO live, there
        FROM encrypted_storage s WHERE s.user_id = owner AND s.key_index = ANY (indexes);
    IF live < amount AND kept_keys + amount - live > most_keys THEN
        RETURN QUERY SELECT 'too_many_keys', 0, NULL::bigint;
        RETURN;
    END IF;
    IF kept_bytes + (SELECT sum(stored_size(n, c, m)) FROM unnest(names, contents, notes) AS new (n, c, m)) > most_bytes THEN
        RETURN QUERY SELECT 'storage_full', 0, NULL::bigint;
        RETURN;
    END IF;
    IF there > 0 THEN
        INSERT INTO storage_versions
            (user_id, key_index, version, key_name, encrypted_data, metadata, updated_at, replaced_at)
            SELECT s.user_id, s.key_index, s.version, s.key_name, s.encrypted_data, s.metadata, s.updated_at,
                coalesce(s.deleted_at, stored_at)
            FROM encrypted_storage s WHERE s.user_id = owner AND s.key_index = ANY (indexes);
    END IF;
    INSERT INTO encrypted_storage AS s
        (id, user_id, key_index, key_name, encrypted_data, metadata, version, created_at, updated_at)
        SELECT gen_random_uuid(), owner, i, n, c, m, base + position, stored_at, stored_at
        FROM unnest(indexes, names, contents, notes) WITH ORDINALITY AS new (i, n, c, m, position)
        ON CONFLICT (user_id, key_index) DO UPDATE SET
            key_name = excluded.key_name, encrypted_data = excluded.encrypted_data, metadata = excluded.metadata,
            version = excluded.version, updated_at = excluded.updated_at, deleted_at = NULL;
    IF there > 0 THEN
        PERFORM drop_oldest_versions(owner, indexes, most_versions);
    END IF;
    RETURN QUERY SELECT 'stored', i::int, base + i FROM generate_series(1, amount) i;
END
$$;

-- Keeps the newest versions of each key.
CREATE FUNCTION drop_oldest_versions(owner uuid, indexes bytea[], most int) RETURNS void
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    wanted bytea;
    newest_dropped bigint;
BEGIN
    FOREACH wanted IN ARRAY indexes LOOP
        SELECT v.version INTO newest_dropped FROM storage_versions v
            WHERE v.user_id = owner AND v.key_index = wanted ORDER BY v.version DESC OFFSET most LIMIT 1;
        IF FOUND THEN
            DELETE FROM storage_versions v
                WHERE v.user_id = owner AND v.key_index = wanted AND v.version <= newest_dropped;
        END IF;
    END LOOP;
END
$$;

-- Deletes all keys or none: each item that was there, or each whose condition does not hold.
CREATE FUNCTION remove_values(owner uuid, indexes bytea[], conditions jsonb, removed_at timestamptz)
    RETURNS TABLE (verdict text, item int, number bigint)
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    refused int[];
BEGIN
    PERFORM lock_values(owner);
    refused := CASE WHEN conditions IS NULL THEN '{}' ELSE refused_items(owner, indexes, conditions) END;
    IF cardinality(refused) > 0 THEN
        RETURN QUERY SELECT 'precondition_failed', r, NULL::bigint FROM unnest(refused) r;
        RETURN;
    END IF;
    RETURN QUERY
        WITH gone AS (
            UPDATE encrypted_storage s SET deleted_at = removed_at
            WHERE s.user_id = owner AND s.key_index = ANY (indexes) AND s.deleted_at IS NULL
            RETURNING s.key_index, s.version
        )
        SELECT 'deleted', wanted.position::int, gone.version
        FROM unnest(indexes) WITH ORDINALITY AS wanted (i, position) JOIN gone ON gone.key_index = wanted.i;
END
$$;

-- Deletes every key; gives how many there were.
CREATE FUNCTION clear_values(owner uuid, removed_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    cleared bigint;
BEGIN
    PERFORM lock_values(owner);
    UPDATE encrypted_storage s SET deleted_at = removed_at WHERE s.user_id = owner AND s.deleted_at IS NULL;
    GET DIAGNOSTICS cleared = ROW_COUNT;
    RETURN cleared;
END
$$;

-- Makes a former version the newest again, under a new number; its sealed bytes stay as they are.
CREATE FUNCTION restore_value(owner uuid, wanted_index bytea, wanted_version bigint, conditions jsonb,
        restored_at timestamptz, kept_since timestamptz, most_keys bigint, most_bytes bigint, most_versions int)
    RETURNS TABLE (verdict text, item int, number bigint)
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    former record;
BEGIN
    PERFORM lock_values(owner);
    SELECT v.key_name, v.encrypted_data, v.metadata INTO former FROM storage_versions v
        WHERE v.user_id = owner AND v.key_index = wanted_index AND v.version = wanted_version
            AND v.replaced_at > kept_since;
    IF NOT FOUND THEN
        SELECT s.key_name, s.encrypted_data, s.metadata INTO former FROM encrypted_storage s
            WHERE s.user_id = owner AND s.key_index = wanted_index AND s.version = wanted_version
                AND s.deleted_at > kept_since;
    END IF;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'not_found', 0, NULL::bigint;
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM store_values(owner, ARRAY[wanted_index], ARRAY[former.key_name],
        ARRAY[former.encrypted_data], ARRAY[former.metadata], conditions, restored_at, most_keys, most_bytes,
        most_versions);
END
$$;

-- Forgets at most `most` former versions and `most` deleted keys, of one key or, with NULL, of all; gives how many those
-- were.
CREATE FUNCTION forget_versions(owner uuid, wanted_index bytea, most int) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    versions bigint;
    deleted bigint;
BEGIN
    PERFORM lock_values(owner);
    DELETE FROM storage_versions v USING (
        SELECT o.key_index, o.version FROM storage_versions o
        WHERE o.user_id = owner AND (wanted_index IS NULL OR o.key_index = wanted_index)
        ORDER BY o.key_index, o.version LIMIT most) former
        WHERE v.user_id = owner AND v.key_index = former.key_index AND v.version = former.version;
    GET DIAGNOSTICS versions = ROW_COUNT;
    DELETE FROM encrypted_storage s USING (
        SELECT o.key_index FROM encrypted_storage o
        WHERE o.user_id = owner AND (wanted_index IS NULL OR o.key_index = wanted_index) AND o.deleted_at IS NOT NULL
        ORDER BY o.key_index LIMIT most) former
        WHERE s.user_id = owner AND s.key_index = former.key_index;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN versions + deleted;
END
$$;

-- Forgets at most `most` versions and `most` deleted keys, of all users, whose time was over at `before`, and gives how
-- many those were. It runs for nobody, so as the tables' owner; what was the newest a day ago it never touches. A user who
-- writes at this very moment is left for the next time.
CREATE FUNCTION sweep_storage_versions(before timestamptz, most int) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
DECLARE
    latest timestamptz := least(before, now() - interval '1 day');
    owners uuid[];
    versions bigint;
    deleted bigint;
BEGIN
    owners := ARRAY(SELECT c.user_id FROM storage_counters c
        WHERE c.user_id IN (
            SELECT user_id FROM (SELECT v.user_id FROM storage_versions v
                WHERE v.replaced_at <= latest ORDER BY v.replaced_at LIMIT most) oldest
            UNION
            SELECT user_id FROM (SELECT s.user_id FROM encrypted_storage s
                WHERE s.deleted_at <= latest ORDER BY s.deleted_at LIMIT most) oldest)
        ORDER BY c.user_id FOR UPDATE SKIP LOCKED);
    DELETE FROM storage_versions v USING (
        SELECT o.user_id, o.key_index, o.version FROM storage_versions o
        WHERE o.replaced_at <= latest AND o.user_id = ANY (owners) ORDER BY o.replaced_at LIMIT most) oldest
        WHERE v.user_id = oldest.user_id AND v.key_index = oldest.key_index AND v.version = oldest.version;
    GET DIAGNOSTICS versions = ROW_COUNT;
    DELETE FROM encrypted_storage s USING (
        SELECT o.id FROM encrypted_storage o
        WHERE o.deleted_at <= latest AND o.user_id = ANY (owners) ORDER BY o.deleted_at LIMIT most) oldest
        WHERE s.id = oldest.id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN versions + deleted;
END
$$;
REVOKE ALL ON FUNCTION sweep_storage_versions(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_storage_versions(timestamptz, int) TO ward_maintenance;

-- An export reads what is the user's in pages.
CREATE INDEX chat_messages_user ON chat_messages (user_id, id);
CREATE INDEX usage_calls_user ON usage_calls (user_id, id);
