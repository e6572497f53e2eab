//! The description checked in is the code's.

use std::path::Path;

#[test]
fn the_checked_in_description_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/ward.json");
    let checked_in = std::fs::read_to_string(path).unwrap();
    let made = ward::openapi::json().unwrap();
    assert!(checked_in.trim_end() == made, "openapi/ward.json is not what the code says: run `cargo xtask openapi`");
}
