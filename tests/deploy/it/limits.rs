//! CloudFormation's quotas, from its user guide ("Understand CloudFormation quotas").

use deploy_tests::{Template, Templates, text};

use crate::environments::nothing_wrong;

const RESOURCES: usize = 500;
const PARAMETERS: usize = 200;
const OUTPUTS: usize = 200;
const MAPPINGS: usize = 200;
/// Bytes of a template in S3, where `sam deploy` and `sam package` put each of them.
const BYTES: usize = 1_000_000;
const DESCRIPTION: usize = 1024;
/// Characters of a parameter's or an output's description.
const NOTE: usize = 4000;
const NAME: usize = 255;

#[test]
fn every_template_stays_within_cloudformations_quotas() {
    let templates = Templates::get();
    let all = templates.nested().chain([templates.root("prod")]);
    nothing_wrong(all.flat_map(over).collect());
}

fn over(template: &Template) -> Vec<String> {
    let count = |section: &str| template.section(section).len();
    let mut counts = vec![
        ("resources".to_owned(), count("Resources"), RESOURCES),
        ("parameters".to_owned(), count("Parameters"), PARAMETERS),
        ("outputs".to_owned(), count("Outputs"), OUTPUTS),
        ("mappings".to_owned(), count("Mappings"), MAPPINGS),
        ("bytes".to_owned(), template.size, BYTES),
        ("characters of its description".to_owned(), text(&template.body["Description"]).len(), DESCRIPTION),
    ];
    for section in ["Parameters", "Resources", "Outputs"] {
        for (name, part) in template.section(section) {
            counts.push((format!("characters of the name {name}"), name.len(), NAME));
            counts.push((format!("characters of the description of {name}"), text(&part["Description"]).len(), NOTE));
        }
    }
    let over = counts.into_iter().filter(|(_, count, most)| count > most);
    over.map(|(what, count, most)| format!("{}: {count} {what}, {most} at most", template.path)).collect()
}

#[test]
fn a_template_over_a_quota_is_seen() {
    let outputs: Vec<_> = (0..=OUTPUTS).map(|index| format!(r#""O{index}": {{"Value": "1"}}"#)).collect();
    let template = Template::new("x", &format!(r#"{{"Outputs": {{{}}}}}"#, outputs.join(",")));
    assert_eq!(over(&template), ["x: 201 outputs, 200 at most"]);
}
