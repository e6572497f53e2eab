use super::*;
use crate::delivery::SecurityChange;

fn brand() -> Brand {
    Brand { name: "Ward".into(), page: "https://app.example/".into(), domain: "app.example".into() }
}

fn content(template: &Template) -> Content {
    Content::new(template, &brand())
}

#[test]
fn a_code_says_what_it_is_for_and_how_long_it_holds_and_stays_out_of_the_subject() {
    let valid_for = Duration::from_mins(5);
    let code = content(&Template::Code { code: "042917".into(), purpose: CodePurpose::SignIn, valid_for });
    assert_eq!((code.template, code.code()), ("code", Some("042917")));
    assert_eq!(code.subject, "Your Ward code");
    assert_eq!(code.body[0], Block::Paragraph("Enter this code to sign in at Ward:".into()));
    assert_eq!(
        code.sms,
        "042917 is your Ward code to sign in. It holds for 5 minutes. Never pass it on.\n\n@app.example #042917"
    );
}

#[test]
fn links_and_times_are_told() {
    let link: Url = "https://app.example/#/recover?token=t".parse().unwrap();
    let recovery = content(&Template::Recovery { link, valid_for: Duration::from_hours(1) });
    assert_eq!(recovery.link(), Some("https://app.example/#/recover?token=t"));
    assert!(recovery.sms.ends_with("within 1 hour: https://app.example/#/recover?token=t"));
    let at = "2026-03-04T15:09:26Z".parse().unwrap();
    let notice = content(&Template::Notice { change: SecurityChange::PasskeyAdded, at });
    assert_eq!(notice.body[0], text("At Ward, a passkey was added: 4 March 2026 at 15:09 UTC."));
    assert_eq!(notice.link(), Some("https://app.example/"));
}

#[test]
fn a_deletion_says_until_when_it_can_be_taken_back() {
    let at: Timestamp = "2026-03-04T15:09:26Z".parse().unwrap();
    let due_at = at + jiff::SignedDuration::from_hours(7 * 24);
    let asked = content(&Template::DeletionRequested { due_at, at });
    assert_eq!((asked.template, asked.link()), ("deletion_requested", Some("https://app.example/")));
    assert!(asked.sms.contains("11 March 2026 at 15:09 UTC"), "{}", asked.sms);
    assert!(asked.body.contains(&text(
        "On 11 March 2026 at 15:09 UTC it is deleted with everything in it, and can't be brought back."
    )));
    let at_once = content(&Template::DeletionRequested { due_at: at, at });
    assert_eq!(at_once.link(), None, "there is nothing left to do");
}

#[test]
fn durations_are_said_in_the_largest_unit_that_tells_them_whole() {
    for (seconds, said) in
        [(1, "1 minute"), (300, "5 minutes"), (3_600, "1 hour"), (5_400, "90 minutes"), (604_800, "7 days")]
    {
        assert_eq!(lasting(Duration::from_secs(seconds)), said);
    }
}

#[test]
fn a_device_name_is_one_line_without_a_link() {
    assert_eq!(plain("Firefox 128.0 on macOS (Ada's)"), "Firefox 128.0 on macOS (Ada's)");
    assert_eq!(
        plain("Win https://evil.example/x\r\nBcc: eve@evil.example"),
        "Win https evil example x Bcc eve evil example"
    );
    assert_eq!(plain(&"x".repeat(100)).len(), LONGEST_NAME);
}
