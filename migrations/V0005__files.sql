-- Files: what is known of each; their content is in an object store.
--
-- Objects outlive no row: whatever deletes one, also the deletion of its user, leaves the object's key in
-- file_objects_gone until the object is deleted, too.

CREATE TABLE file_uploads (
    id                uuid PRIMARY KEY,
    user_id           uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    filename          text NOT NULL UNIQUE CHECK (filename ~ '^(sealed|direct)/[0-9a-f]{32}$'),
    original_name     bytea NOT NULL,
    declared_type     text NOT NULL,
    mime_type         text NOT NULL,
    size              bigint NOT NULL CHECK (size >= 0),
    content_hash      bytea NOT NULL,
    content_head      bytea CHECK (length(content_head) = 72),
    state             text NOT NULL CHECK (state IN ('uploading', 'scanning', 'ready', 'quarantined')),
    version           bigint NOT NULL DEFAULT 1,
    upload_expires_at timestamptz,
    claimed_until     timestamptz,
    created_at        timestamptz NOT NULL,
    uploaded_at       timestamptz,
    updated_at        timestamptz NOT NULL,
    CHECK ((content_head IS NOT NULL) = (filename LIKE 'sealed/%')),
    CHECK ((uploaded_at IS NULL) = (state = 'uploading'))
);
CREATE INDEX file_uploads_user ON file_uploads (user_id, id);
CREATE INDEX file_uploads_open ON file_uploads (created_at) WHERE state IN ('uploading', 'scanning');
COMMENT ON COLUMN file_uploads.filename IS 'random key of the object: under sealed/ it is sealed by the vault, under direct/ encrypted by S3 alone';
COMMENT ON COLUMN file_uploads.original_name IS 'sealed';
COMMENT ON COLUMN file_uploads.content_hash IS 'sealed SHA-256: in clear it would tell who has a known file';
COMMENT ON COLUMN file_uploads.content_head IS 'first 72 bytes of the sealed object: by them the row says which object is its own';
COMMENT ON COLUMN file_uploads.upload_expires_at IS 'until then somebody may hold a URL that writes the object';

-- How much each user has, counted as it changes.
CREATE TABLE file_usage (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    files   bigint NOT NULL CHECK (files >= 0),
    bytes   bigint NOT NULL CHECK (bytes >= 0)
);

-- Objects without a row, to be deleted once nobody can write them any more. They are nobody's: a key says nothing.
CREATE TABLE file_objects_gone (
    filename      text PRIMARY KEY,
    due_at        timestamptz NOT NULL,
    claimed_until timestamptz
);
CREATE INDEX file_objects_gone_due ON file_objects_gone (due_at);

CREATE FUNCTION forget_file() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
    BEGIN
        INSERT INTO file_objects_gone (filename, due_at)
            -- As long as somebody may still be writing it: a request of ours, or who began before the URL was over.
            VALUES (OLD.filename, coalesce(OLD.upload_expires_at + interval '1 day', OLD.created_at + interval '15 minutes'))
            ON CONFLICT DO NOTHING;
        UPDATE file_usage SET files = files - 1, bytes = bytes - OLD.size WHERE user_id = OLD.user_id;
        RETURN NULL;
    END
    $$;
CREATE TRIGGER forget_file AFTER DELETE ON file_uploads FOR EACH ROW EXECUTE FUNCTION forget_file();

ALTER TABLE file_uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON file_uploads USING (user_id = current_user_id());
ALTER TABLE file_usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON file_usage USING (user_id = current_user_id());

GRANT SELECT, INSERT, UPDATE, DELETE ON file_uploads TO ward_app;
GRANT SELECT, INSERT, UPDATE ON file_usage TO ward_app;
GRANT SELECT, UPDATE, DELETE ON file_objects_gone TO ward_app;

-- Files that wait for something, whoever's they are: uploads nobody finished within a day, and files still to be scanned.
-- Each is claimed for a quarter of an hour, so that two sweepers don't meet at one and one that failed comes again.
CREATE FUNCTION claim_due_files(seen_at timestamptz, at_most int)
    RETURNS TABLE (id uuid, user_id uuid, filename text, state text)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        UPDATE file_uploads SET claimed_until = seen_at + interval '15 minutes'
        WHERE file_uploads.id IN (
            SELECT due.id FROM file_uploads due
            WHERE (due.state = 'scanning' OR due.state = 'uploading' AND due.created_at <= seen_at - interval '1 day')
                AND coalesce(due.claimed_until <= seen_at, true)
            ORDER BY due.created_at LIMIT at_most FOR UPDATE SKIP LOCKED)
        RETURNING file_uploads.id, file_uploads.user_id, file_uploads.filename, file_uploads.state
    $$;
REVOKE ALL ON FUNCTION forget_file(), claim_due_files(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_due_files(timestamptz, int) TO ward_maintenance;
