//! What an event asks for.

use serde_json::Value;

const MOST: usize = 64;
const LONGEST_BYTES: usize = 4 * 1024;
const LONGEST_TOGETHER_BYTES: usize = 32 * 1024;

/// An event that is not of the form. The error never holds any of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the event is not {{\"args\": [\"user\", \"list\"]}}: an object with args alone, a list of 1 to {MOST} texts without NUL, \
     each of at most {LONGEST_BYTES} bytes and all of at most {LONGEST_TOGETHER_BYTES}"
)]
pub struct NoArguments;

/// The arguments of a command, its name among them: at least one.
#[derive(Debug)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// Takes them out of an event.
    pub fn parse(event: &Value) -> Result<Self, NoArguments> {
        let event = event.as_object().filter(|event| event.len() == 1).ok_or(NoArguments)?;
        let list = event.get("args").and_then(Value::as_array).ok_or(NoArguments)?;
        let texts = list.iter().map(|argument| argument.as_str().map(str::to_owned));
        let texts: Vec<String> = texts.collect::<Option<_>>().ok_or(NoArguments)?;
        let fits = |text: &String| text.len() <= LONGEST_BYTES && !text.contains('\0');
        let together: usize = texts.iter().map(String::len).sum();
        let few = (1..=MOST).contains(&texts.len()) && together <= LONGEST_TOGETHER_BYTES;
        if few && texts.iter().all(fits) { Ok(Self(texts)) } else { Err(NoArguments) }
    }

    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The names of the command and the subcommand, which may be logged: whatever follows may be a person's name. `?` is a
    /// word that names none.
    pub fn command(&self, cli: &clap::Command) -> String {
        let Some(command) = cli.find_subcommand(&self.0[0]) else { return "?".to_owned() };
        match self.0.get(1).filter(|_| command.has_subcommands()) {
            None => command.get_name().to_owned(),
            Some(word) => {
                let subcommand = command.find_subcommand(word).map_or("?", clap::Command::get_name);
                format!("{} {subcommand}", command.get_name())
            }
        }
    }

    /// Why the command is of no use here, where it is of none.
    pub fn refusal(&self, cli: &clap::Command) -> Option<&'static str> {
        if self.0.iter().any(|argument| argument == "-") {
            return Some(
                "an argument - stands for the standard input, and there is none here: run this on your own machine",
            );
        }
        let command = self.0.iter().find_map(|word| cli.find_subcommand(word))?;
        match command.get_name() {
            "dev" => Some("`ward dev` runs the product on a developer's machine: here the functions are the product"),
            "secrets" => Some(
                "`ward secrets` asks for secrets at a terminal, and this function may not write any: run it on your own machine",
            ),
            "token-key" => Some(
                "`ward token-key` prints a private key, which must not travel in an answer: run it on your own machine, or \
                 let `ward secrets init` store one",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cli() -> clap::Command {
        let user = clap::Command::new("user").subcommand(clap::Command::new("create"));
        clap::Command::new("ward")
            .subcommand(user)
            .subcommands(["dev", "secrets", "token-key", "migrate"].map(clap::Command::new))
    }

    fn parse(words: &[&str]) -> Arguments {
        Arguments::parse(&json!({ "args": words })).unwrap()
    }

    #[test]
    fn what_is_no_list_of_a_few_short_texts_is_refused_without_showing_it() {
        for wrong in [
            json!(null),
            json!([]),
            json!({}),
            json!({"args": []}),
            json!({"args": "user list"}),
            json!({"args": ["user", 7]}),
            json!({"args": ["user"], "marker-7f": 1}),
            json!({"args": ["marker-7f\0"]}),
            json!({"args": vec!["a"; 65]}),
            json!({"args": ["a".repeat(4097)]}),
            json!({"args": vec!["a".repeat(4096); 9]}),
        ] {
            let error = Arguments::parse(&wrong).unwrap_err().to_string();
            assert!(error.contains(r#"{"args": ["user", "list"]}"#) && !error.contains("marker"), "{error}");
        }
        assert_eq!(parse(&["user", "create", ""]).as_slice(), ["user", "create", ""]);
    }

    #[test]
    fn only_names_of_commands_are_told() {
        let told = |words: &[&str]| parse(words).command(&cli());
        assert_eq!(told(&["user", "create", "--admin", "grace"]), "user create");
        assert_eq!(told(&["user"]), "user");
        assert_eq!(told(&["user", "grace"]), "user ?");
        assert_eq!(told(&["migrate", "grace"]), "migrate");
        assert_eq!(told(&["grace", "create"]), "?");
    }

    #[test]
    fn what_needs_a_terminal_or_would_show_a_key_is_refused() {
        for words in [&["dev"][..], &["--", "dev"], &["secrets", "init"], &["token-key"], &["user", "-"]] {
            assert!(parse(words).refusal(&cli()).is_some(), "{words:?}");
        }
        for words in [&["user", "create", "dev"][..], &["migrate"], &["--help"]] {
            assert!(parse(words).refusal(&cli()).is_none(), "{words:?}");
        }
    }
}
