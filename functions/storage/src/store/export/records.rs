//! What the user stored, and what was recorded about them.

use super::{Kind, bytes, json, large, small, text};

pub(super) const KINDS: [Kind; 13] = [
    large(
        "storage",
        "encrypted_storage",
        "SELECT encode(key_index, 'hex'), json_build_object('version', version, 'metadata', metadata::json, 'created_at', created_at, 'updated_at', updated_at,
                     'deleted_at', deleted_at)::text, encode(key_index, 'hex'),
                 ARRAY[key_name, encrypted_data]
             FROM (
                 SELECT *, sum(octet_length(encrypted_data)) OVER (ORDER BY key_index) - octet_length(encrypted_data) AS before FROM (
                     SELECT * FROM encrypted_storage WHERE key_index > decode($1::text, 'hex')
                     ORDER BY key_index LIMIT 200) next
             ) page WHERE before < 2097152 ORDER BY key_index",
        &[text("encrypted_storage", "key_name").told("key"), json("encrypted_storage", "encrypted_data").told("value")],
    ),
    large(
        "storage_versions",
        "storage_versions",
        "SELECT concat(encode(key_index, 'hex'), '|', version), json_build_object('version', version, 'metadata', metadata::json, 'updated_at', updated_at, 'replaced_at', replaced_at)::text, encode(key_index, 'hex'),
                 ARRAY[key_name, encrypted_data]
             FROM (
                 SELECT *, sum(octet_length(encrypted_data)) OVER (ORDER BY key_index, version) - octet_length(encrypted_data) AS before FROM (
                     SELECT * FROM storage_versions WHERE (key_index, version) > (decode(split_part($1::text, '|', 1), 'hex'),
                         coalesce(nullif(split_part($1, '|', 2), ''), '0')::bigint)
                     ORDER BY key_index, version LIMIT 200) next
             ) page WHERE before < 2097152 ORDER BY key_index, version",
        &[text("encrypted_storage", "key_name").told("key"), json("encrypted_storage", "encrypted_data").told("value")],
    ),
    small(
        "file_uploads",
        "file_uploads",
        "SELECT id::text, json_build_object('id', id, 'declared_type', declared_type, 'mime_type', mime_type, 'size', size, 'state',
                 state, 'version', version, 'upload_expires_at', upload_expires_at, 'created_at', created_at,
                 'uploaded_at', uploaded_at, 'updated_at', updated_at)::text, id::text,
                 ARRAY[original_name, content_hash]
             FROM file_uploads
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[text("file_uploads", "original_name"), bytes("file_uploads", "content_hash").told("content_sha256")],
    ),
    small(
        "chats",
        "chat_sessions",
        "SELECT id::text, json_build_object('id', id, 'created_at', created_at, 'updated_at', updated_at)::text, id::text,
                 ARRAY[title, patient_id]
             FROM chat_sessions
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[text("chat_sessions", "title"), text("chat_sessions", "patient_id")],
    ),
    large(
        "chat_messages",
        "chat_messages",
        "SELECT id::text, json_build_object('id', id, 'session_id', session_id, 'role', role, 'created_at', created_at)::text, id::text,
                 ARRAY[content]
             FROM (
                 SELECT *, sum(octet_length(content)) OVER (ORDER BY id) - octet_length(content) AS before FROM (
                     SELECT * FROM chat_messages WHERE id > coalesce(nullif($1::text, '')::uuid,
                         '00000000-0000-0000-0000-000000000000')
                     ORDER BY id LIMIT 200) next
             ) page WHERE before < 2097152 ORDER BY id",
        &[text("chat_messages", "content")],
    ),
    small(
        "usage_days",
        "usage_days",
        "SELECT day::text, json_build_object('day', day, 'calls', calls, 'tokens', tokens, 'reserved_tokens', reserved_tokens,
                 'cost_nano_dollars', cost_nano_dollars)::text, day::text,
                 '{}'::bytea[]
             FROM usage_days
             WHERE day > coalesce(nullif($1::text, '')::date, '-infinity') ORDER BY day LIMIT 500",
        &[],
    ),
    small(
        "usage_calls",
        "usage_calls",
        "SELECT id::text, json_build_object('id', id, 'day', day, 'model', model, 'state', state, 'reserved_tokens',
                 reserved_tokens, 'prompt_tokens', prompt_tokens, 'completion_tokens', completion_tokens,
                 'estimated', estimated, 'cost_nano_dollars', cost_nano_dollars, 'created_at', created_at,
                 'settled_at', settled_at)::text, id::text,
                 '{}'::bytea[]
             FROM usage_calls
             WHERE id > coalesce(nullif($1::text, '')::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT 500",
        &[],
    ),
    small(
        "email_deliveries",
        "email_delivery_log",
        "SELECT concat(created_at, '|', id), json_build_object('id', id, 'template', template, 'status', status, 'provider', provider,
                 'provider_message_id', provider_message_id, 'attempts', attempts, 'error', error, 'cost_nano',
                 cost_nano, 'currency', currency, 'created_at', created_at, 'sent_at', sent_at)::text, id::text,
                 ARRAY[to_address]
             FROM email_delivery_log
             WHERE (created_at, id) > (coalesce(nullif(split_part($1::text, '|', 1), '')::timestamptz, '-infinity'),
                 coalesce(nullif(split_part($1, '|', 2), '')::uuid, '00000000-0000-0000-0000-000000000000'))
             ORDER BY created_at, id LIMIT 500",
        &[text("email_delivery_log", "to_address")],
    ),
    small(
        "sms_deliveries",
        "sms_delivery_log",
        "SELECT concat(created_at, '|', id), json_build_object('id', id, 'template', template, 'status', status, 'provider', provider,
                 'provider_message_id', provider_message_id, 'attempts', attempts, 'error', error, 'cost_nano',
                 cost_nano, 'currency', currency, 'created_at', created_at, 'sent_at', sent_at)::text, id::text,
                 ARRAY[to_address]
             FROM sms_delivery_log
             WHERE (created_at, id) > (coalesce(nullif(split_part($1::text, '|', 1), '')::timestamptz, '-infinity'),
                 coalesce(nullif(split_part($1, '|', 2), '')::uuid, '00000000-0000-0000-0000-000000000000'))
             ORDER BY created_at, id LIMIT 500",
        &[text("sms_delivery_log", "to_address")],
    ),
    small(
        "session_events",
        "session_audits",
        "SELECT concat(created_at, '|', id), json_build_object('id', id, 'session_id', session_id, 'event', event, 'device_id', device_id,
                 'address', address, 'request_id', request_id, 'created_at', created_at)::text, id::text,
                 '{}'::bytea[]
             FROM session_audits
             WHERE (created_at, id) > (coalesce(nullif(split_part($1::text, '|', 1), '')::timestamptz, '-infinity'),
                 coalesce(nullif(split_part($1, '|', 2), '')::uuid, '00000000-0000-0000-0000-000000000000'))
             ORDER BY created_at, id LIMIT 500",
        &[],
    ),
    small(
        "login_attempts",
        "login_attempts",
        "SELECT concat(created_at, '|', id), json_build_object('id', id, 'method', method, 'result', result, 'address', address, 'device_id',
                 device_id, 'request_id', request_id, 'created_at', created_at)::text, id::text,
                 '{}'::bytea[]
             FROM login_attempts
             WHERE (created_at, id) > (coalesce(nullif(split_part($1::text, '|', 1), '')::timestamptz, '-infinity'),
                 coalesce(nullif(split_part($1, '|', 2), '')::uuid, '00000000-0000-0000-0000-000000000000'))
             ORDER BY created_at, id LIMIT 500",
        &[],
    ),
    small(
        "security_events",
        "security_events",
        "SELECT concat(created_at, '|', id), json_build_object('id', id, 'event_type', event_type, 'severity', severity, 'address', address,
                 'request_id', request_id, 'details', details, 'created_at', created_at)::text, id::text,
                 '{}'::bytea[]
             FROM security_events
             WHERE (created_at, id) > (coalesce(nullif(split_part($1::text, '|', 1), '')::timestamptz, '-infinity'),
                 coalesce(nullif(split_part($1, '|', 2), '')::uuid, '00000000-0000-0000-0000-000000000000'))
             ORDER BY created_at, id LIMIT 500",
        &[],
    ),
    small(
        "access_log",
        "audit_log",
        "SELECT concat(created_at, '|', id), json_build_object('id', id, 'actor', CASE WHEN actor_id = user_id THEN 'me' ELSE 'others' END,
                 'session_id', CASE WHEN actor_id = user_id THEN session_id END, 'action', action,
                 'resource_type', resource_type, 'resource_id', resource_id, 'request_id', request_id,
                 'address', CASE WHEN actor_id = user_id THEN address END, 'created_at', created_at)::text, id::text,
                 '{}'::bytea[]
             FROM audit_log
             WHERE (created_at, id) > (coalesce(nullif(split_part($1::text, '|', 1), '')::timestamptz, '-infinity'),
                 coalesce(nullif(split_part($1, '|', 2), '')::uuid, '00000000-0000-0000-0000-000000000000'))
             ORDER BY created_at, id LIMIT 500",
        &[],
    ),
];
