//! What can go wrong with the database, without a row's values: tokio-postgres's own errors can print them.

use tokio_postgres::error::SqlState;

/// A failed database call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// The database could not be reached, or no connection was free in time.
    #[error("database unavailable while {0}")]
    Unavailable(&'static str),
    /// A constraint refused the row.
    #[error("constraint {constraint} refused the row")]
    Constraint {
        /// The constraint's name.
        constraint: String,
    },
    /// The statement failed.
    #[error("statement failed with SQLSTATE {sqlstate}")]
    Statement {
        /// The five-character SQLSTATE.
        sqlstate: String,
    },
    /// A column did not have the expected type or value.
    #[error("unexpected value in column {0}")]
    Column(&'static str),
}

impl DbError {
    /// Whether this is the violation of the named constraint.
    pub fn violates(&self, name: &str) -> bool {
        matches!(self, Self::Constraint { constraint } if constraint == name)
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            return if error.is_closed()
                || std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                Self::Unavailable("talking to it")
            } else {
                Self::Statement { sqlstate: "client".into() }
            };
        };
        let constraint = error.as_db_error().and_then(|error| error.constraint());
        match (constraint, state) {
            (Some(constraint), _) => Self::Constraint { constraint: constraint.to_owned() },
            (None, state) if goes_away(state) => Self::Unavailable("it shuts down or starts"),
            (None, state) => Self::Statement { sqlstate: state.code().to_owned() },
        }
    }
}

fn goes_away(state: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::CONNECTION_EXCEPTION,
    ]
    .contains(state)
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Timeout(_) => Self::Unavailable("waiting for a connection"),
            _ => Self::Unavailable("connecting"),
        }
    }
}
