-- The directory of operators: organisations with their contacts and services, shared by the whole application.
--
-- It belongs to no user. Whoever is signed in reads it; only an administrator writes it, and the policies look the role
-- up in the table itself, whatever the functions say.

CREATE TABLE operators (
    id          uuid PRIMARY KEY,
    external_id text UNIQUE,
    name        text NOT NULL,
    name_key    text COLLATE "C" NOT NULL UNIQUE,
    search_text text NOT NULL,
    description text,
    website     text,
    status      text NOT NULL CHECK (status IN ('active', 'pending', 'inactive')),
    version     bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
COMMENT ON COLUMN operators.name_key IS 'the name without case and accents: two that read alike are one';
COMMENT ON COLUMN operators.search_text IS 'name and services, without case and accents';
COMMENT ON COLUMN operators.external_id IS 'what another system calls it: an import finds it by this';

CREATE TABLE operator_contacts (
    id          uuid PRIMARY KEY,
    operator_id uuid NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    position    int NOT NULL,
    details     bytea NOT NULL,
    email_index bytea
);
CREATE INDEX operator_contacts_operator ON operator_contacts (operator_id, position);
CREATE INDEX operator_contacts_email ON operator_contacts (email_index) WHERE email_index IS NOT NULL;
COMMENT ON COLUMN operator_contacts.details IS 'sealed JSON under the system data key: name, role, email, phone';

CREATE TABLE operator_services (
    id          uuid PRIMARY KEY,
    operator_id uuid NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    position    int NOT NULL,
    name        text NOT NULL,
    name_key    text NOT NULL,
    description text,
    status      text NOT NULL CHECK (status IN ('active', 'pending', 'inactive'))
);
CREATE INDEX operator_services_operator ON operator_services (operator_id, position);

-- Rises with each change of the directory, in the change's transaction: what was cached before is old.
CREATE TABLE operators_generation (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    value    bigint NOT NULL
);
INSERT INTO operators_generation (value) VALUES (1);

-- Both look at the transaction's user alone: row-level security shows them no other.
CREATE FUNCTION reads_directory() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT EXISTS (SELECT FROM users WHERE id = current_user_id() AND status = 'active') $$;
CREATE FUNCTION writes_directory() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT EXISTS (SELECT FROM users WHERE id = current_user_id() AND status = 'active' AND role = 'admin')
    $$;
REVOKE ALL ON FUNCTION reads_directory(), writes_directory() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reads_directory(), writes_directory() TO ward_app;

DO $$
DECLARE
    shared text;
BEGIN
    FOREACH shared IN ARRAY ARRAY['operators', 'operator_contacts', 'operator_services', 'operators_generation']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', shared);
        -- Each in a sub-select of its own, so that it is asked once for a statement and not for each row.
        EXECUTE format('CREATE POLICY readers ON %I FOR SELECT USING ((SELECT reads_directory()))', shared);
        EXECUTE format('CREATE POLICY makers ON %I FOR INSERT WITH CHECK ((SELECT writes_directory()))', shared);
        EXECUTE format('CREATE POLICY changers ON %I FOR UPDATE USING ((SELECT writes_directory()))', shared);
        EXECUTE format('CREATE POLICY removers ON %I FOR DELETE USING ((SELECT writes_directory()))', shared);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON operators, operator_contacts, operator_services TO ward_app;
GRANT SELECT, UPDATE ON operators_generation TO ward_app;
