//! `docs/settings.md` names every setting the code reads and no other, with the template's parameter and its default.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the page's tables.
struct Row {
    default: String,
    parameter: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether the text is formed like a setting's name: capitals with underscores between.
fn is_name(text: &str) -> bool {
    let formed = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    text.contains('_') && text.split('_').all(formed)
}

/// What stands between the first two of a sign, between the third and the fourth, and so on.
fn between(text: &str, sign: char) -> impl Iterator<Item = &str> {
    text.split(sign).skip(1).step_by(2)
}

/// The settings of the page, each of which stands in one row.
fn page() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect();
        let [name, what, default, parameter] = cells.try_into().unwrap_or_else(|_| panic!("four cells: {line}"));
        assert!(!what.is_empty() && !default.is_empty() && !parameter.is_empty(), "{line}");
        let twice = rows.insert(name.trim_matches('`').to_owned(), Row { default, parameter });
        assert!(twice.is_none(), "{name} stands twice");
    }
    rows
}

/// The names the code reads: whole string literals, comments and tests left out.
fn read_by_the_code() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(root().join("shared/src/config")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        names.extend(lines.flat_map(|line| between(line, '"')).filter(|text| is_name(text)).map(str::to_owned));
    }
    names
}

/// The settings the template gives a function, each with the parameter it takes the value from.
fn given_by_the_template(template: &str) -> Vec<(&str, &str)> {
    // A list is joined to one text: `NAME: !Join [",", !Ref Parameter]`.
    let pairs = template.lines().filter_map(|line| {
        // Also within an `!If`.
        let (name, value) = line.trim().split_once(": ")?;
        let (_, parameter) = value.split_once("!Ref ")?;
        Some((name, parameter.split([',', ']']).next()?))
    });
    pairs.filter(|(name, _)| is_name(name)).collect()
}

/// A parameter's default in the template; `None` where it has none or an empty one.
fn default_of<'a>(template: &'a str, parameter: &str) -> Option<&'a str> {
    let (_, after) = template.split_once(&format!("\n  {parameter}:\n")).expect("the parameter");
    let mut lines = after.lines().take_while(|line| line.starts_with("    "));
    lines.find_map(|line| line.trim().strip_prefix("Default: ")).filter(|default| *default != "\"\"")
}

#[test]
fn it_names_every_setting_and_no_other() {
    let code = read_by_the_code();
    assert!(code.len() > 50, "{code:?}");
    assert_eq!(page().into_keys().collect::<BTreeSet<_>>(), code);
}

#[test]
fn it_names_the_parameter_of_each_setting_and_no_other() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let mut given: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (setting, parameter) in given_by_the_template(&template) {
        given.entry(setting).or_default().insert(parameter);
    }
    assert!(given.len() > 25, "{given:?}");
    for (setting, row) in page() {
        let parameters = between(&row.parameter, '`').filter(|name| name.starts_with(char::is_uppercase)).collect();
        assert_eq!(given.remove(setting.as_str()).unwrap_or_default(), parameters, "{setting}");
    }
    assert!(given.is_empty(), "the template gives what nothing reads: {given:?}");
}

#[test]
fn it_says_where_the_templates_default_is_another() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let page = page();
    for (setting, parameter) in given_by_the_template(&template) {
        let Some(default) = default_of(&template, parameter) else { continue };
        let Row { default: code, parameter: cell } = &page[setting];
        let same = code == default || *code == format!("`{default}`");
        assert!(same || cell.contains(&format!("there `{default}`")), "{parameter} is {default} by default: {cell}");
    }
}
