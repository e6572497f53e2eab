use axum::http::StatusCode;
use shared::http::Problem;

use super::Key;

/// Most items of a batch.
const MOST_ITEMS: usize = 100;

/// Parses a batch's items, in which each key stands once: what a second item of the same key should see or leave would
/// be anybody's guess.
///
/// # Errors
/// 422 `invalid_batch` or `duplicate_key`, and whatever `parse` answers, with the item it is about.
pub(crate) fn items<Body, Item>(
    bodies: Vec<Body>,
    parse: impl Fn(Body) -> Result<Item, Problem>,
    key: impl Fn(&Item) -> &Key,
) -> Result<Vec<Item>, Problem> {
    if !(1..=MOST_ITEMS).contains(&bodies.len()) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_batch", "A batch has 1 to 100 items"));
    }
    let parsed = bodies.into_iter().enumerate().map(|(at, body)| {
        parse(body).map_err(|problem| problem.detail(format!("It is about item {at}, counted from 0.")))
    });
    let items: Vec<Item> = parsed.collect::<Result<_, _>>()?;
    let mut keys: Vec<&str> = items.iter().map(|item| key(item).as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "duplicate_key", "A key stands twice in the batch"));
    }
    Ok(items)
}
