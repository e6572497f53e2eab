//! Every endpoint has a happy, an unauthenticated, a foreign-owner and a malformed case.
//!
//! The unauthenticated case of all is `guard::nobody_gets_past_a_route_without_a_session`, which walks the description.
//! For the others, this table names the tests; one that does not exist, or a route without a line, fails.

use std::collections::BTreeSet;
use std::path::Path;

use tests::product_routes;

/// Routes for everyone: to sign in, one has to be signed out.
pub const PUBLIC: [&str; 8] = [
    "/api/auth/passkeys/registration/options",
    "/api/auth/passkeys/registration/verify",
    "/api/auth/passkeys/authentication/options",
    "/api/auth/passkeys/authentication/verify",
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
const TWO_USERS: &str = "another_users_value_is_not_there";
const TWO_CHATTERS: &str = "another_users_chat_is_not_there";

const TABLE: [Cases; 20] = [
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
    cases("POST /api/storage/set", "set_and_get_any_json", TWO_USERS, "set_refuses_a_malformed_key"),
    cases("GET /api/storage/get", "set_and_get_any_json", TWO_USERS, "get_refuses_a_malformed_query"),
    cases("DELETE /api/storage/delete", "delete_forgets_a_key_once", TWO_USERS, "delete_refuses_a_malformed_query"),
    cases(
        "POST /api/storage/clear",
        "clear_forgets_everything",
        TWO_USERS,
        "logout_and_clear_need_no_body_and_refuse_none",
    ),
    cases("GET /api/storage/keys", "clear_forgets_everything", TWO_USERS, NO_INPUT),
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
