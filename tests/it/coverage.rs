//! Every endpoint has a happy, an unauthenticated, a foreign-owner and a malformed case.
//!
//! The unauthenticated case of all is `guard::nobody_gets_past_a_route_without_a_session`, which walks the description.
//! For the others, this table names the tests; one that does not exist, or a route without a line, fails.

use std::collections::BTreeSet;
use std::path::Path;

use tests::product_routes;

/// Routes for everyone: to sign in, one has to be signed out.
pub const PUBLIC: &[&str] = &[
    "/api/auth/passkeys/registration/options",
    "/api/auth/passkeys/registration/verify",
    "/api/auth/passkeys/authentication/options",
    "/api/auth/passkeys/authentication/verify",
    "/api/auth/methods",
    "/api/auth/register",
    "/api/auth/register/verify",
    "/api/auth/login",
    "/api/auth/second-factor",
    "/api/auth/second-factor/send",
    "/api/auth/refresh",
    "/api/auth/validate",
    "/api/auth/recovery",
    "/api/auth/recovery/options",
    "/api/auth/recovery/send",
    "/api/auth/recovery/complete",
    "/.well-known/jwks.json",
    "/.well-known/webauthn",
    "/api/auth/github",
    "/api/auth/github/callback",
    "/api/files/direct/{name}",
    "/health",
    "/openapi.json",
    "/docs",
    "/docs/style.css",
];

/// Why a route has no such case.
const NO_OWNER: &str = "-: it belongs to no user";
const NO_INPUT: &str = "-: it takes no input";

struct Cases {
    route: &'static str,
    happy: &'static str,
    foreign: &'static str,
    malformed: &'static str,
}

const fn cases(route: &'static str, happy: &'static str, foreign: &'static str, malformed: &'static str) -> Cases {
    Cases { route, happy, foreign, malformed }
}

const REGISTER: &str = "registration_stores_a_user_and_signs_in";
const SIGN_IN: &str = "sign_in_with_a_discoverable_passkey";
const OWN_PASSKEYS: &str = "each_users_passkeys_are_their_own";
const OWN_SESSIONS: &str = "another_users_session_is_not_there";
const OWN_KEYS: &str = "another_users_key_is_not_there";
const OWN_LINK: &str = "a_link_leads_into_its_own_account";
const RECOVERY_BODIES: &str = "recovery_refuses_a_malformed_body";
const OWN_DEVICES: &str = "another_users_device_is_not_there";
const OWN_FACTORS: &str = "factors_are_each_users_own";
const OWN_ADDRESSES: &str = "another_users_address_is_not_there";
const ADMINISTRATORS: &str = "only_an_administrator_sees_or_changes_users";
const NO_USER: &str = "who_is_no_user_is_not_there";
const TWO_USERS: &str = "another_users_value_is_not_there";
const BATCH: &str = "a_batch_is_stored_read_and_deleted";
const OWN_BATCH: &str = "a_batch_reaches_ones_own_keys_only";
const BATCH_BODIES: &str = "a_batch_that_is_not_sound_changes_nothing";
const OWN_VERSIONS: &str = "only_a_former_version_of_the_key_is_restored";
const VERSION_BODIES: &str = "malformed_bodies_about_versions_are_refused";
const FILES: &str = "another_users_file_is_not_there";
const TWO_CHATTERS: &str = "another_users_chat_is_not_there";

const ONE_WRITES: &str = "everybody_reads_the_directory_and_administrators_write_it";
const NO_OPERATOR: &str = "what_is_no_operator_is_refused_and_never_quoted";
const OWN_CONSENTS: &str = "consents_are_each_users_own";
const OWN_DELETION: &str = "a_deletion_is_each_users_own";

const CONNECTION: &str = "the_connection_is_each_users_own";
const OWN_CONNECTION: &str = "a_call_is_made_with_ones_own_connection_only";
const NOT_LISTED: &str = "what_is_not_on_the_list_never_reaches_github";

const TABLE: &[Cases] = &[
    cases(
        "POST /api/auth/passkeys/registration/options",
        "registration_options_ask_for_a_verified_discoverable_passkey",
        NO_OWNER,
        "registration_options_refuse_a_malformed_name",
    ),
    cases(
        "POST /api/auth/passkeys/registration/verify",
        REGISTER,
        "a_challenge_is_used_once_by_its_browser_within_five_minutes",
        "registration_verify_refuses_what_does_not_fit",
    ),
    cases("POST /api/auth/passkeys/authentication/options", "authentication_options_name_no_user", NO_OWNER, NO_INPUT),
    cases(
        "POST /api/auth/passkeys/authentication/verify",
        SIGN_IN,
        "authentication_verify_says_the_same_of_every_wrong_passkey",
        "authentication_verify_says_the_same_of_every_wrong_passkey",
    ),
    cases(
        "GET /api/auth/passkeys",
        "the_list_tells_names_flags_and_what_the_password_manager_needs",
        OWN_PASSKEYS,
        NO_INPUT,
    ),
    cases(
        "POST /api/auth/passkeys/options",
        "a_passkey_is_added_beside_the_first",
        "a_creation_challenge_is_its_sessions_own",
        NO_INPUT,
    ),
    cases(
        "POST /api/auth/passkeys",
        "a_passkey_is_added_beside_the_first",
        "a_creation_challenge_is_its_sessions_own",
        "adding_refuses_what_does_not_fit",
    ),
    cases(
        "PATCH /api/auth/passkeys/{id}",
        "a_passkey_takes_another_name",
        OWN_PASSKEYS,
        "renaming_refuses_a_malformed_name",
    ),
    cases("DELETE /api/auth/passkeys/{id}", "a_removed_passkey_signs_nobody_in", OWN_PASSKEYS, OWN_PASSKEYS),
    cases("GET /.well-known/webauthn", "related_origins_are_those_of_the_settings", NO_OWNER, NO_INPUT),
    cases(
        "POST /api/auth/step-up/options",
        "options_name_the_accounts_passkeys",
        "options_name_the_accounts_passkeys",
        NO_INPUT,
    ),
    cases(
        "POST /api/auth/step-up",
        "a_passkey_shown_again_opens_sensitive_routes_for_15_minutes",
        "another_users_passkey_is_no_factor",
        "step_up_refuses_a_malformed_body",
    ),
    cases(
        "POST /api/auth/step-up/send",
        "each_method_opens_sensitive_routes_for_15_minutes",
        "another_users_code_is_no_factor",
        "sending_a_code_refuses_a_malformed_body",
    ),
    cases("GET /api/auth/methods", "methods_tell_what_a_page_can_offer", NO_OWNER, NO_INPUT),
    cases(
        "POST /api/auth/register",
        "a_username_and_a_password_are_enough",
        "a_taken_username_is_refused",
        "registration_refuses_a_malformed_body",
    ),
    cases(
        "POST /api/auth/register/verify",
        "an_email_address_is_proved_by_a_code",
        "a_code_is_its_challenges_own_and_holds_for_five_minutes",
        "registration_refuses_a_malformed_body",
    ),
    cases(
        "POST /api/auth/login",
        "a_name_an_email_address_and_a_phone_number_sign_in",
        "one_users_password_is_none_of_anothers",
        "login_refuses_a_malformed_body",
    ),
    cases(
        "PUT /api/auth/password",
        "a_change_needs_the_current_password",
        "one_users_password_is_none_of_anothers",
        "a_change_refuses_a_malformed_body",
    ),
    cases(
        "DELETE /api/auth/password",
        "the_last_way_to_sign_in_stays",
        "one_users_password_is_none_of_anothers",
        NO_INPUT,
    ),
    cases(
        "POST /api/auth/second-factor",
        "a_password_and_a_code_of_the_app_sign_in",
        "a_right_code_needs_the_right_challenge",
        "a_second_factor_refuses_a_malformed_body",
    ),
    cases(
        "POST /api/auth/second-factor/send",
        "a_code_by_sms_reaches_level_2_and_one_by_email_does_not",
        "a_sent_code_is_its_own_sign_ins_for_five_minutes",
        "a_second_factor_refuses_a_malformed_body",
    ),
    cases("GET /api/auth/factors", "the_list_tells_what_the_account_has", OWN_FACTORS, NO_INPUT),
    cases("POST /api/auth/factors/totp", "an_app_is_enrolled_by_a_code_of_it", OWN_FACTORS, NO_INPUT),
    cases(
        "POST /api/auth/factors/totp/confirm",
        "an_app_is_enrolled_by_a_code_of_it",
        OWN_FACTORS,
        "factors_refuse_a_malformed_body",
    ),
    cases(
        "POST /api/auth/factors/codes",
        "codes_by_message_need_a_proved_address",
        OWN_FACTORS,
        "factors_refuse_a_malformed_body",
    ),
    cases("POST /api/auth/factors/backup-codes", "renewed_backup_codes_void_the_old", OWN_FACTORS, NO_INPUT),
    cases(
        "DELETE /api/auth/factors/{method}",
        "a_removed_factor_is_asked_for_no_more",
        "a_removed_factor_is_asked_for_no_more",
        "a_removed_factor_is_asked_for_no_more",
    ),
    cases("GET /api/auth/contacts", "an_address_is_proved_by_the_code_sent_to_it", OWN_ADDRESSES, NO_INPUT),
    cases(
        "POST /api/auth/contacts",
        "an_address_is_proved_by_the_code_sent_to_it",
        "an_address_of_another_account_is_told_after_proof_only",
        "what_is_no_address_is_refused",
    ),
    cases(
        "POST /api/auth/contacts/{id}/send",
        "another_code_is_sent_on_demand_and_the_first_is_void",
        OWN_ADDRESSES,
        OWN_ADDRESSES,
    ),
    cases(
        "POST /api/auth/contacts/{id}/verify",
        "an_address_is_proved_by_the_code_sent_to_it",
        OWN_ADDRESSES,
        "what_is_no_address_is_refused",
    ),
    cases(
        "DELETE /api/auth/contacts/{id}",
        "a_removed_address_hears_of_it_and_takes_its_factor_along",
        OWN_ADDRESSES,
        OWN_ADDRESSES,
    ),
    cases("GET /api/auth/sessions", "the_list_shows_each_live_session", OWN_SESSIONS, NO_INPUT),
    cases(
        "DELETE /api/auth/sessions/{id}",
        "one_session_is_ended_at_once",
        OWN_SESSIONS,
        "what_is_no_session_is_not_there",
    ),
    cases("DELETE /api/auth/sessions", "all_other_sessions_are_ended_at_once", OWN_SESSIONS, NO_INPUT),
    cases("GET /api/auth/devices", "the_list_shows_where_the_user_has_signed_in", OWN_DEVICES, NO_INPUT),
    cases(
        "PATCH /api/auth/devices/{id}",
        "a_device_takes_another_name",
        OWN_DEVICES,
        "renaming_a_device_refuses_a_malformed_name",
    ),
    cases("DELETE /api/auth/devices/{id}", "a_forgotten_device_is_signed_out_and_new_again", OWN_DEVICES, OWN_DEVICES),
    cases(
        "GET /api/auth/me",
        "me_tells_the_user_and_the_session",
        "me_is_each_users_own",
        "a_cookie_that_is_no_session_is_nobody",
    ),
    cases(
        "GET /api/auth/csrf",
        "csrf_gives_the_sessions_token",
        "csrf_gives_the_sessions_token",
        "a_cookie_that_is_no_session_is_nobody",
    ),
    cases(
        "POST /api/auth/logout",
        "logout_ends_the_session_at_once",
        "logout_of_one_user_leaves_the_other",
        "logout_without_the_csrf_token_is_refused",
    ),
    cases(
        "POST /api/auth/refresh",
        "each_refresh_gives_the_next_token",
        "a_forged_token_is_refused_and_ends_nothing",
        "refresh_and_validate_refuse_a_malformed_body",
    ),
    cases(
        "POST /api/auth/validate",
        "validate_tells_what_a_live_token_says",
        NO_OWNER,
        "refresh_and_validate_refuse_a_malformed_body",
    ),
    cases(
        "POST /api/auth/recovery",
        "recovery_says_and_writes_the_same_for_known_and_unknown_addresses",
        NO_OWNER,
        RECOVERY_BODIES,
    ),
    cases(
        "POST /api/auth/recovery/options",
        "a_passkey_made_by_a_link_signs_in_beside_the_others",
        OWN_LINK,
        RECOVERY_BODIES,
    ),
    cases(
        "POST /api/auth/recovery/send",
        "a_code_by_sms_is_asked_for_and_one_by_email_is_not",
        "a_code_by_sms_is_asked_for_and_one_by_email_is_not",
        RECOVERY_BODIES,
    ),
    cases(
        "POST /api/auth/recovery/complete",
        "a_new_password_ends_every_session_and_tells_every_proved_address",
        OWN_LINK,
        RECOVERY_BODIES,
    ),
    cases("GET /.well-known/jwks.json", "the_key_set_shows_public_members_and_may_be_kept", NO_OWNER, NO_INPUT),
    cases(
        "GET /api/auth/github",
        "a_sign_in_leaves_for_github_with_state_and_pkce",
        NO_OWNER,
        "a_return_never_leads_to_another_site",
    ),
    cases(
        "GET /api/auth/github/callback",
        "a_new_github_user_gets_an_account",
        "a_visit_comes_back_once_to_its_own_browser_within_five_minutes",
        "what_goes_wrong_comes_back_in_the_fragment",
    ),
    cases(
        "POST /api/auth/github/connect",
        "a_signed_in_user_connects_github",
        "a_github_account_belongs_to_one_user_and_a_user_has_one",
        "connecting_needs_the_pages_own_request_and_a_recent_factor",
    ),
    cases("GET /api/auth/github/connection", CONNECTION, CONNECTION, NO_INPUT),
    cases("DELETE /api/auth/github/connection", "disconnecting_takes_back_the_grant", CONNECTION, NO_INPUT),
    cases(
        "GET /api/github/{path}",
        "a_call_is_forwarded_with_the_users_token_and_nothing_of_the_clients",
        OWN_CONNECTION,
        NOT_LISTED,
    ),
    cases("POST /api/github/{path}", "an_action_is_forwarded_with_its_body", OWN_CONNECTION, NOT_LISTED),
    cases(
        "POST /api/auth/api-keys",
        "a_key_is_shown_once_and_opens_what_its_scopes_say",
        OWN_KEYS,
        "making_a_key_refuses_what_has_no_meaning",
    ),
    cases("GET /api/auth/api-keys", "a_key_is_shown_once_and_opens_what_its_scopes_say", OWN_KEYS, NO_INPUT),
    cases("DELETE /api/auth/api-keys/{id}", "a_revoked_key_is_over_at_the_next_request", OWN_KEYS, OWN_KEYS),
    cases(
        "GET /api/preferences",
        "preferences_begin_with_their_defaults_and_change_by_merge_patch",
        "preferences_are_each_users_own",
        NO_INPUT,
    ),
    cases(
        "PATCH /api/preferences",
        "preferences_begin_with_their_defaults_and_change_by_merge_patch",
        "preferences_are_each_users_own",
        "what_is_no_preference_is_refused_and_never_quoted",
    ),
    cases("GET /api/users", "users_are_listed_a_page_at_a_time", ADMINISTRATORS, "a_malformed_list_is_refused"),
    cases(
        "POST /api/users/search",
        "users_are_found_by_role_status_name_and_address",
        ADMINISTRATORS,
        "a_malformed_search_is_refused",
    ),
    cases(
        "POST /api/users",
        "an_invited_user_opens_the_account_by_the_link_that_was_sent",
        ADMINISTRATORS,
        "an_invitation_refuses_what_is_taken_or_malformed",
    ),
    cases("GET /api/users/{id}", "a_user_is_read_in_detail", ADMINISTRATORS, NO_USER),
    cases(
        "PATCH /api/users/{id}",
        "a_new_role_is_seen_by_the_next_request",
        ADMINISTRATORS,
        "a_change_refuses_what_has_no_meaning",
    ),
    cases(
        "POST /api/users/{id}/invitation",
        "another_invitation_takes_the_place_of_the_first",
        ADMINISTRATORS,
        NO_USER,
    ),
    cases(
        "DELETE /api/users/{id}/sessions",
        "ending_a_users_sessions_ends_all_of_them_at_once",
        ADMINISTRATORS,
        NO_USER,
    ),
    cases(
        "GET /api/account",
        "an_account_is_deleted_after_a_grace_and_kept_when_that_is_taken_back",
        OWN_DELETION,
        NO_INPUT,
    ),
    cases(
        "DELETE /api/account",
        "an_account_is_deleted_after_a_grace_and_kept_when_that_is_taken_back",
        OWN_DELETION,
        "a_deletion_needs_the_accounts_own_name",
    ),
    cases(
        "POST /api/account/deletion/cancel",
        "an_account_is_deleted_after_a_grace_and_kept_when_that_is_taken_back",
        OWN_DELETION,
        NO_INPUT,
    ),
    cases(
        "GET /api/account/access-log",
        "the_access_log_tells_who_did_what_and_no_name",
        "the_access_log_is_each_users_own",
        "a_malformed_access_log_is_refused",
    ),
    cases(
        "GET /api/account/consents",
        "a_consent_is_given_renewed_and_withdrawn_and_all_of_it_is_kept",
        OWN_CONSENTS,
        "what_is_no_consent_is_refused",
    ),
    cases(
        "POST /api/account/consents",
        "a_consent_is_given_renewed_and_withdrawn_and_all_of_it_is_kept",
        OWN_CONSENTS,
        "what_is_no_consent_is_refused",
    ),
    cases(
        "DELETE /api/account/consents/{purpose}",
        "a_consent_is_given_renewed_and_withdrawn_and_all_of_it_is_kept",
        OWN_CONSENTS,
        "what_is_no_consent_is_refused",
    ),
    cases(
        "GET /api/operators",
        "operators_are_listed_a_page_at_a_time_in_any_order",
        NO_OWNER,
        "a_malformed_list_of_operators_is_refused",
    ),
    cases(
        "POST /api/operators/search",
        "contacts_are_sealed_and_found_by_their_address",
        NO_OWNER,
        "a_malformed_contact_search_is_refused",
    ),
    cases("POST /api/operators", "an_operator_is_kept_with_its_contacts_and_services", ONE_WRITES, NO_OPERATOR),
    cases("GET /api/operators/{id}", "an_operator_is_kept_with_its_contacts_and_services", NO_OWNER, NO_OPERATOR),
    cases("PUT /api/operators/{id}", "a_replaced_operator_has_what_was_sent_and_nothing_else", ONE_WRITES, NO_OPERATOR),
    cases("PATCH /api/operators/{id}", "a_patch_changes_what_it_names", ONE_WRITES, NO_OPERATOR),
    cases(
        "DELETE /api/operators/{id}",
        "a_removed_operator_is_gone_with_what_belonged_to_it",
        ONE_WRITES,
        "an_operator_that_has_changed_meanwhile_is_not_changed",
    ),
    cases("POST /api/storage/set", "set_and_get_any_json", TWO_USERS, "set_refuses_a_malformed_key"),
    cases("GET /api/storage/get", "set_and_get_any_json", TWO_USERS, "get_refuses_a_malformed_query"),
    cases("DELETE /api/storage/delete", "delete_forgets_a_key_once", TWO_USERS, "delete_refuses_a_malformed_query"),
    cases(
        "POST /api/storage/clear",
        "clear_forgets_everything",
        TWO_USERS,
        "logout_and_clear_need_no_body_and_refuse_none",
    ),
    cases("GET /api/storage/keys", "clear_forgets_everything", TWO_USERS, "a_malformed_list_of_keys_is_refused"),
    cases(
        "POST /api/storage/keys/search",
        "keys_come_a_page_at_a_time_each_once",
        "another_users_cursor_shows_nothing_of_theirs",
        "a_malformed_list_of_keys_is_refused",
    ),
    cases("POST /api/storage/batch/set", BATCH, OWN_BATCH, BATCH_BODIES),
    cases("POST /api/storage/batch/get", BATCH, OWN_BATCH, BATCH_BODIES),
    cases("POST /api/storage/batch/delete", BATCH, OWN_BATCH, BATCH_BODIES),
    cases(
        "POST /api/storage/versions/search",
        "what_was_overwritten_is_listed_read_and_restored",
        OWN_VERSIONS,
        VERSION_BODIES,
    ),
    cases(
        "POST /api/storage/versions/restore",
        "what_was_deleted_or_cleared_can_be_restored",
        OWN_VERSIONS,
        VERSION_BODIES,
    ),
    cases(
        "POST /api/storage/versions/forget",
        "forgetting_is_final_and_leaves_what_there_is",
        OWN_VERSIONS,
        VERSION_BODIES,
    ),
    cases(
        "GET /api/account/export",
        "an_export_holds_what_is_held_on_the_user",
        "an_export_holds_nothing_of_anybody_else",
        NO_INPUT,
    ),
    cases("POST /api/files", "a_small_file_is_kept_sealed_and_comes_back", FILES, "what_names_no_file_is_refused"),
    cases("GET /api/files", "files_are_listed_a_page_at_a_time", FILES, "a_malformed_list_of_files_is_refused"),
    cases("GET /api/files/{id}", "a_small_file_is_kept_sealed_and_comes_back", FILES, FILES),
    cases("PATCH /api/files/{id}", "a_file_takes_another_name", FILES, "what_names_no_file_is_refused"),
    cases("DELETE /api/files/{id}", "a_deleted_file_takes_its_object_along", FILES, FILES),
    cases(
        "GET /api/files/{id}/content",
        "a_small_file_is_kept_sealed_and_comes_back",
        FILES,
        "a_range_that_is_not_there_is_refused",
    ),
    cases(
        "POST /api/files/uploads",
        "a_large_file_goes_past_the_api_and_comes_back",
        FILES,
        "a_malformed_upload_is_refused",
    ),
    cases(
        "POST /api/files/uploads/{id}/complete",
        "a_large_file_goes_past_the_api_and_comes_back",
        FILES,
        "what_is_not_there_completes_nothing",
    ),
    cases(
        "PUT /api/files/direct/{name}",
        "a_large_file_goes_past_the_api_and_comes_back",
        NO_OWNER,
        "an_uploads_url_takes_what_it_was_made_for_and_nothing_else",
    ),
    cases("POST /api/chats", "create_list_and_read_a_chat", TWO_CHATTERS, "create_refuses_a_malformed_chat"),
    cases("GET /api/chats", "create_list_and_read_a_chat", TWO_CHATTERS, NO_INPUT),
    cases(
        "POST /api/chats/search",
        "search_finds_a_patients_chats_and_no_others",
        TWO_CHATTERS,
        "search_refuses_a_malformed_patient_id",
    ),
    cases("GET /api/chats/{id}", "create_list_and_read_a_chat", TWO_CHATTERS, "read_refuses_a_malformed_id"),
    cases(
        "POST /api/chats/{id}/messages",
        "a_message_is_answered_token_by_token_and_kept",
        TWO_CHATTERS,
        "a_malformed_message_is_refused",
    ),
    cases(
        "GET /api/usage",
        "usage_begins_at_nothing_and_counts_each_answer",
        "usage_is_each_users_own_and_each_days",
        "usage_takes_no_other_method",
    ),
    cases("GET /health", "health_says_ok_with_version_and_commit", NO_OWNER, NO_INPUT),
    cases("GET /metrics", "metrics_are_told_to_whoever_has_the_token", NO_OWNER, "metrics_are_told_to_nobody_else"),
    cases("GET /openapi.json", "the_description_and_its_page_are_served", NO_OWNER, NO_INPUT),
];

/// The page's two routes are one case with the description.
const WITH_DESCRIPTION: [&str; 2] = ["GET /docs", "GET /docs/style.css"];

#[test]
fn every_route_has_its_cases() {
    let routes: BTreeSet<String> = product_routes().iter().map(|(method, path)| format!("{method} {path}")).collect();
    let covered: BTreeSet<String> =
        TABLE.iter().map(|cases| cases.route).chain(WITH_DESCRIPTION).map(str::to_owned).collect();
    assert_eq!(routes, covered, "each route of the description has a line in the table, and each line a route");

    let tests = test_names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("it"));
    for cases in TABLE {
        for case in [cases.happy, cases.foreign, cases.malformed] {
            assert!(case == NO_OWNER || case == NO_INPUT || tests.contains(case), "{}: no test {case}", cases.route);
        }
    }
}

/// The names of the functions marked as tests below a folder.
fn test_names(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(test_names(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path).unwrap();
            let marked = text.split("test]\n").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
            names.extend(marked.map(|(name, _)| name.to_owned()));
        }
    }
    names
}
