//! What each template says: once, for email and SMS.

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use shared::config::Settings;
use url::Url;

use super::message::{CodePurpose, Template};

/// Longest device name a message shows.
const LONGEST_NAME: usize = 60;

const NOTHING_CHANGED: &str = "If it was not you, there is nothing to do: nothing was changed.";

/// Who the messages speak for.
#[derive(Clone, Debug)]
pub(crate) struct Brand {
    /// The application's name.
    pub(crate) name: String,
    /// Its page.
    pub(crate) page: String,
    /// The domain codes belong to.
    pub(crate) domain: String,
}

impl Brand {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            name: settings.relying_party.name.clone(),
            page: settings.origins.first().map(ToString::to_string).unwrap_or_default(),
            domain: settings.relying_party.id.clone(),
        }
    }
}

/// A message in words.
#[derive(Clone)]
pub(crate) struct Content {
    /// The template's name.
    pub(crate) template: &'static str,
    /// Subject of the email. Never holds a code: subjects are shown on locked screens and kept in servers' logs.
    pub(crate) subject: String,
    /// Body of the email.
    pub(crate) body: Vec<Block>,
    /// The SMS.
    pub(crate) sms: String,
}

/// A part of an email's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(String),
    Code(String),
    Link(String),
}

impl Content {
    /// The code in it, if it is a message about one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.body.iter().find_map(|block| match block {
            Block::Code(code) => Some(code.as_str()),
            _ => None,
        })
    }

    /// The link in it.
    pub(crate) fn link(&self) -> Option<&str> {
        self.body.iter().find_map(|block| match block {
            Block::Link(link) => Some(link.as_str()),
            _ => None,
        })
    }

    /// Puts a template into words.
    pub(crate) fn new(template: &Template, brand: &Brand) -> Self {
        let (subject, body, sms) = match template {
            Template::Code { code, purpose, valid_for } => one_time_code(brand, code, *purpose, *valid_for),
            Template::RegistrationKnown => registration_known(brand),
            Template::Recovery { link, valid_for } => recovery(brand, link, *valid_for),
            Template::RecoveryUnknown => recovery_unknown(brand),
            Template::Invitation { link, valid_for } => invitation(brand, link, *valid_for),
            Template::NewDevice { device, at } => warning(
                brand,
                format!("New sign-in to your {} account", brand.name),
                &format!("your account was signed in to on a new device, {}", plain(device)),
                *at,
            ),
            Template::DeletionRequested { due_at, at } => deletion_requested(brand, *due_at, *at),
            Template::Notice { change, at } if change.is_by_administrator() => {
                decision(brand, format!("Your {} account: {}", brand.name, change.text()), change.text(), *at)
            }
            Template::Notice { change, at } => {
                warning(brand, format!("Your {} account: {}", brand.name, change.text()), change.text(), *at)
            }
        };
        Self { template: template.name(), subject, body, sms }
    }
}

/// Subject and body of the email, and the SMS.
type Words = (String, Vec<Block>, String);

fn one_time_code(brand: &Brand, code: &str, purpose: CodePurpose, valid_for: Duration) -> Words {
    let Brand { name, domain, .. } = brand;
    let (purpose, holds) = (purpose.text(), lasting(valid_for));
    let body = vec![
        text(format!("Enter this code {purpose} at {name}:")),
        Block::Code(code.to_owned()),
        text(format!("It holds for {holds} and works once. Nobody at {name} will ever ask you for it.")),
        text("If you did not ask for a code, ignore this message: without the code nothing happens."),
    ];
    // The last line ties the code to its domain, so that a phone fills it in there and nowhere else:
    // https://wicg.github.io/sms-one-time-codes/
    let sms =
        format!("{code} is your {name} code {purpose}. It holds for {holds}. Never pass it on.\n\n@{domain} #{code}");
    (format!("Your {name} code"), body, sms)
}

fn registration_known(Brand { name, page, .. }: &Brand) -> Words {
    let body = vec![
        text(format!("Somebody, probably you, tried to register at {name} with this address.")),
        text("An account has it already. Sign in, or recover the account if you can't:"),
        Block::Link(page.clone()),
        text(NOTHING_CHANGED),
    ];
    let sms = format!("You already have a {name} account with this number. Sign in: {page}");
    (format!("You already have a {name} account"), body, sms)
}

fn recovery(Brand { name, .. }: &Brand, link: &Url, valid_for: Duration) -> Words {
    let holds = lasting(valid_for);
    let body = vec![
        text(format!("Somebody, probably you, asked to recover your {name} account. Go on here:")),
        Block::Link(link.to_string()),
        text(format!("The link holds for {holds} and works once.")),
        text(NOTHING_CHANGED),
    ];
    (format!("Recover your {name} account"), body, format!("Recover your {name} account within {holds}: {link}"))
}

fn recovery_unknown(Brand { name, .. }: &Brand) -> Words {
    let body = vec![
        text(format!("Somebody, probably you, asked to recover a {name} account with this address.")),
        text("No account has it. If you have one, you gave it another address: try that one."),
        text(NOTHING_CHANGED),
    ];
    let sms = format!("Nobody has a {name} account with this number. If you have one, you gave it another.");
    (format!("Nobody has a {name} account with this address"), body, sms)
}

fn invitation(Brand { name, .. }: &Brand, link: &Url, valid_for: Duration) -> Words {
    let holds = lasting(valid_for);
    let body = vec![
        text(format!("An account at {name} was made for you. Choose how you want to sign in:")),
        Block::Link(link.to_string()),
        text(format!("The link holds for {holds} and works once.")),
        text("If you don't expect an invitation, ignore this message."),
    ];
    let sms = format!("An account at {name} was made for you. Set it up within {holds}: {link}");
    (format!("Your invitation to {name}"), body, sms)
}

fn deletion_requested(Brand { name, page, .. }: &Brand, due_at: Timestamp, at: Timestamp) -> Words {
    let asked = moment(at);
    let subject = format!("Your {name} account will be deleted");
    if due_at <= at {
        let body = vec![
            text(format!("At {name}, the deletion of your account was asked for: {asked}. It is being deleted now.")),
            text("Everything in it is gone for good. If it was not you, tell whoever runs the service."),
        ];
        return (subject, body, format!("{name}: your account is being deleted, as was asked for {asked}."));
    }
    let due = moment(due_at);
    let body = vec![
        text(format!("At {name}, the deletion of your account was asked for: {asked}.")),
        text(format!("On {due} it is deleted with everything in it, and can't be brought back.")),
        text("To keep it, sign in before then and choose to keep your account:"),
        Block::Link(page.clone()),
        text("If it was not you who asked, do that now, and change what opens your account."),
    ];
    (subject, body, format!("{name}: your account will be deleted on {due}. To keep it, sign in before then: {page}"))
}

/// A moment as a message says it.
fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y at %H:%M UTC").to_string()
}

/// Something happened that its owner should know of.
fn warning(brand: &Brand, subject: String, happened: &str, at: Timestamp) -> Words {
    let Brand { name, page, .. } = brand;
    let when = moment(at);
    let body = vec![
        text(format!("At {name}, {happened}: {when}.")),
        text(
            "If it was you, there is nothing to do. If not, sign in now, end the other sessions and change your password:",
        ),
        Block::Link(page.clone()),
    ];
    (subject, body, format!("{name}: {happened}, {when}. Not you? Sign in and end the other sessions: {page}"))
}

/// An administrator did something that its user should know of.
fn decision(Brand { name, .. }: &Brand, subject: String, happened: &str, at: Timestamp) -> Words {
    let when = moment(at);
    let body = vec![
        text(format!("At {name}, {happened}: {when}.")),
        text("If you did not expect this, ask whoever looks after your account."),
    ];
    (subject, body, format!("{name}: {happened}, {when}. Not expected? Ask whoever looks after your account."))
}

fn text(text: impl Into<String>) -> Block {
    Block::Paragraph(text.into())
}

/// A duration as people say it, in the largest unit that tells it whole.
fn lasting(duration: Duration) -> String {
    let minutes = duration.as_secs().div_ceil(60).max(1);
    let (count, unit) = match minutes {
        days if days % (24 * 60) == 0 => (days / (24 * 60), "day"),
        hours if hours % 60 == 0 => (hours / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A name that can't pass for anything else: one line, and no address that a mail program would make a link of.
fn plain(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    let kept = chars.iter().enumerate().map(|(at, c)| match c {
        '.' if digit(at.checked_sub(1)) && digit(Some(at + 1)) => '.',
        c if c.is_alphanumeric() || " -_()+,'&".contains(*c) => *c,
        _ => ' ',
    });
    let kept: String = kept.take(LONGEST_NAME).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}
