use shared::http::Problem;

/// Most names opened for one request: what a page costs, however many keys there are and however few fit.
const MOST_NAMES: i64 = 2_000;
/// The same with details, whose metadata can be 8 KB each.
const MOST_DETAILS: i64 = 200;

/// How much of a list one request gives, and looks through.
#[derive(Clone, Copy)]
pub(crate) struct PageSize {
    /// Keys given at most.
    pub(crate) limit: usize,
    /// Keys looked at at most, where not each is given.
    scanned: i64,
}

impl PageSize {
    /// # Errors
    /// 400 `invalid_limit`.
    pub(crate) fn parse(limit: Option<i64>, details: bool) -> Result<Self, Problem> {
        let scanned = if details { MOST_DETAILS } else { MOST_NAMES };
        let limit = limit.unwrap_or(scanned);
        if !(1..=scanned).contains(&limit) {
            return Err(Problem::bad_request("invalid_limit", "A page has 1 to 2000 keys, with details 1 to 200"));
        }
        Ok(Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), scanned })
    }

    /// How many keys one request looks at for those that begin so: no more than it gives, where all do.
    pub(crate) fn looked_at(self, prefix: &str) -> i64 {
        let limit = i64::try_from(self.limit).unwrap_or(self.scanned);
        if prefix.is_empty() { limit } else { self.scanned }
    }
}
