use shared::described::one_of;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserStatus {
    Invited,
    Active,
    Disabled,
}

impl UserStatus {
    const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Disabled];

    /// The status of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Its name as the database holds it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl PartialSchema for UserStatus {
    fn schema() -> RefOr<Schema> {
        let about = "`invited` until the invitation is followed, then `active`; `disabled` where nobody may sign in.";
        one_of(about, Self::ALL.map(Self::name))
    }
}

impl ToSchema for UserStatus {}
