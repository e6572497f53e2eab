-- The blind indexes of the key-value store's keys, made anew. A value is sealed for its key's index, so that it has to be
-- sealed anew for the new one; the functions here put what was sealed in the old one's place.

-- Gives the indexes, where nothing of the same keys stands under the others; NULLs among them stand for none. Whoever
-- changes values asks this first, as an argument of the change: what is refused here has changed nothing. The lock lasts,
-- so that nothing moves between the answer and the change.
CREATE FUNCTION keys_here(owner uuid, indexes bytea[], others bytea[]) RETURNS bytea[]
    LANGUAGE plpgsql VOLATILE
    AS $$
BEGIN
    IF cardinality(others) = 0 THEN
        RETURN indexes;
    END IF;
    PERFORM lock_values(owner);
    IF EXISTS (SELECT FROM encrypted_storage s WHERE s.user_id = owner AND s.key_index = ANY (others))
        OR EXISTS (SELECT FROM storage_versions v WHERE v.user_id = owner AND v.key_index = ANY (others)) THEN
        RAISE EXCEPTION 'a key stands under another index' USING ERRCODE = 'WD001';
    END IF;
    RETURN indexes;
END
$$;

-- Puts one version in its place under another index of the same key, sealed for that; with the same number and times.
-- False where it stands there no more. Where the key has a newest version under both indexes, the higher number is it.
CREATE FUNCTION move_version(owner uuid, from_index bytea, to_index bytea, moved bigint, name bytea, content bytea)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    former storage_versions;
    newest encrypted_storage;
    there encrypted_storage;
BEGIN
    PERFORM lock_values(owner);
    DELETE FROM storage_versions v
        WHERE v.user_id = owner AND v.key_index = from_index AND v.version = moved RETURNING * INTO former;
    IF FOUND THEN
        INSERT INTO storage_versions
            (user_id, key_index, version, key_name, encrypted_data, metadata, updated_at, replaced_at)
            VALUES (owner, to_index, moved, name, content, former.metadata, former.updated_at, former.replaced_at);
        RETURN true;
    END IF;
    DELETE FROM encrypted_storage s
        WHERE s.user_id = owner AND s.key_index = from_index AND s.version = moved RETURNING * INTO newest;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT * INTO there FROM encrypted_storage s WHERE s.user_id = owner AND s.key_index = to_index;
    IF FOUND AND there.version > moved THEN
        INSERT INTO storage_versions
            (user_id, key_index, version, key_name, encrypted_data, metadata, updated_at, replaced_at)
            VALUES (owner, to_index, moved, name, content, newest.metadata, newest.updated_at,
                coalesce(newest.deleted_at, there.updated_at));
        RETURN true;
    ELSIF FOUND THEN
        INSERT INTO storage_versions
            (user_id, key_index, version, key_name, encrypted_data, metadata, updated_at, replaced_at)
            VALUES (owner, to_index, there.version, there.key_name, there.encrypted_data, there.metadata,
                there.updated_at, coalesce(there.deleted_at, newest.updated_at));
        DELETE FROM encrypted_storage s WHERE s.id = there.id;
    END IF;
    -- Not by an update: a trigger would give what is written without a number of its own a new one.
    INSERT INTO encrypted_storage
        (id, user_id, key_index, key_name, encrypted_data, metadata, version, created_at, updated_at, deleted_at)
        VALUES (newest.id, owner, to_index, name, content, newest.metadata, moved, newest.created_at, newest.updated_at,
            newest.deleted_at);
    RETURN true;
END
$$;
