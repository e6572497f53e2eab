//! The account and what signs in to it: no hash, no token, no secret.

use super::{Kind, json, small, text};

pub(super) const KINDS: [Kind; 17] = [
    small(
        "account",
        "users",
        "SELECT id::text, json_build_object('id', id, 'role', role, 'status', status, 'created_at', created_at, 'updated_at',
                 updated_at)::text, id::text,
                 ARRAY[profile]
             FROM users
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[json("users", "profile")],
    ),
    small(
        "contacts",
        "user_contacts",
        "SELECT id::text, json_build_object('id', id, 'kind', kind, 'verified_at', verified_at, 'created_at', created_at)::text, id::text,
                 ARRAY[address]
             FROM user_contacts
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[text("user_contacts", "address")],
    ),
    small(
        "preferences",
        "user_preferences",
        "SELECT user_id::text, json_build_object('version', version, 'updated_at', updated_at)::text,
                 concat(user_id, ' ', version), ARRAY[document]
             FROM user_preferences
             WHERE user_id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY user_id LIMIT 500",
        &[json("user_preferences", "document")],
    ),
    small(
        "passkeys",
        "passkey_credentials",
        "SELECT id::text, json_build_object('id', id, 'sign_count', sign_count, 'backup_eligible', backup_eligible,
                 'backup_state', backup_state, 'created_at', created_at, 'last_used_at', last_used_at)::text, id::text,
                 ARRAY[name]
             FROM passkey_credentials
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[text("passkey_credentials", "name")],
    ),
    small(
        "second_factors",
        "two_factor_auth",
        "SELECT id::text, json_build_object('id', id, 'method', method, 'contact_id', contact_id, 'created_at', created_at,
                 'confirmed_at', confirmed_at, 'last_used_at', last_used_at)::text, id::text,
                 '{}'::bytea[]
             FROM two_factor_auth
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "backup_codes",
        "backup_codes",
        "SELECT id::text, json_build_object('id', id, 'created_at', created_at, 'used_at', used_at)::text, id::text,
                 '{}'::bytea[]
             FROM backup_codes
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "passwords",
        "passwords",
        "SELECT user_id::text, json_build_object('suffices', suffices, 'changed_at', changed_at)::text, user_id::text,
                 '{}'::bytea[]
             FROM passwords
             WHERE user_id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY user_id LIMIT 500",
        &[],
    ),
    small(
        "password_history",
        "password_history",
        "SELECT id::text, json_build_object('id', id, 'created_at', created_at)::text, id::text,
                 '{}'::bytea[]
             FROM password_history
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "connections",
        "oauth_connections",
        "SELECT id::text, json_build_object('id', id, 'provider', provider, 'scopes', scopes, 'access_expires_at',
                 access_expires_at, 'refresh_expires_at', refresh_expires_at, 'connected_at', connected_at,
                 'last_used_at', last_used_at, 'broken_at', broken_at)::text, id::text,
                 ARRAY[profile]
             FROM oauth_connections
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[json("oauth_connections", "profile")],
    ),
    small(
        "devices",
        "user_devices",
        "SELECT id::text, json_build_object('id', id, 'trusted_until', trusted_until, 'known', known, 'first_seen_at',
                 first_seen_at, 'last_seen_at', last_seen_at)::text, id::text,
                 ARRAY[name]
             FROM user_devices
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[text("user_devices", "name")],
    ),
    small(
        "api_keys",
        "api_keys",
        "SELECT id::text, json_build_object('id', id, 'hint', hint, 'scopes', scopes, 'created_at', created_at, 'expires_at',
                 expires_at, 'last_used_at', last_used_at, 'revoked_at', revoked_at)::text, id::text,
                 ARRAY[name]
             FROM api_keys
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[text("api_keys", "name")],
    ),
    small(
        "sessions",
        "sessions",
        "SELECT id::text, json_build_object('id', id, 'kind', kind, 'assurance', assurance, 'methods', methods, 'device_id',
                 device_id, 'authenticated_at', authenticated_at, 'created_at', created_at, 'last_seen_at',
                 last_seen_at, 'expires_at', expires_at, 'revoked_at', revoked_at, 'idle_seconds', idle_seconds)::text, id::text,
                 '{}'::bytea[]
             FROM sessions
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "refresh_tokens",
        "refresh_tokens",
        "SELECT session_id::text, json_build_object('session_id', session_id, 'rotated_at', rotated_at, 'expires_at', expires_at)::text, session_id::text,
                 '{}'::bytea[]
             FROM refresh_tokens
             WHERE session_id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY session_id LIMIT 500",
        &[],
    ),
    small(
        "one_time_codes",
        "one_time_codes",
        "SELECT id::text, json_build_object('id', id, 'purpose', purpose, 'attempts', attempts, 'created_at', created_at,
                 'expires_at', expires_at, 'used_at', used_at)::text, id::text,
                 '{}'::bytea[]
             FROM one_time_codes
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "recoveries",
        "account_recovery",
        "SELECT id::text, json_build_object('id', id, 'contact_id', contact_id, 'vouched', vouched, 'address', address,
                 'requested_at', requested_at, 'expires_at', expires_at, 'used_at', used_at)::text, id::text,
                 '{}'::bytea[]
             FROM account_recovery
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "consents",
        "consents",
        "SELECT ordinal::text, json_build_object('ordinal', ordinal, 'id', id, 'purpose', purpose, 'version', version, 'text_sha256',
                 encode(text_hash, 'hex'), 'locale', locale, 'event', event, 'session_id', session_id, 'request_id',
                 request_id, 'created_at', created_at)::text, id::text,
                 '{}'::bytea[]
             FROM consents
             WHERE ordinal > coalesce(nullif($1::text, '')::bigint, 0) ORDER BY ordinal LIMIT 500",
        &[],
    ),
    small(
        "account_deletions",
        "account_deletions",
        "SELECT id::text, json_build_object('id', id, 'request_id', request_id, 'requested_at', requested_at, 'due_at', due_at,
                 'cancelled_at', cancelled_at)::text, id::text,
                 '{}'::bytea[]
             FROM account_deletions
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
];
