//! The secrets as people read them: names and dates, never a value.

use super::store::{Held, State};

/// A line for each secret.
pub fn of(states: &[State]) -> String {
    let width = states.iter().map(|state| state.name.len()).max().unwrap_or_default();
    let line = |state: &State| format!("{:<width$}  {:<29}  {}\n", state.name, held(state), state.secret.what);
    states.iter().map(line).collect::<Vec<_>>().concat()
}

fn held(state: &State) -> String {
    match state.held {
        Held::Absent if state.secret.always => "not there".to_owned(),
        Held::Absent => "not used by this stack".to_owned(),
        Held::Deleted => "to be deleted".to_owned(),
        Held::Empty => "no value yet".to_owned(),
        Held::Since(None) => "has a value".to_owned(),
        Held::Since(Some(stored)) => format!("value of {}", stored.strftime("%Y-%m-%d %H:%M UTC")),
    }
}
