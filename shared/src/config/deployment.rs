//! Settings of a deployment: who may log in to the database, and which new versions are tried before they get traffic.

use super::ConfigError;

/// The role a login works as: the functions', or the one of the maintenance function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRole {
    /// What the functions that answer requests work as.
    App,
    /// What the maintenance function works as.
    Maintenance,
}

impl LoginRole {
    /// Every role a login may be given.
    pub const ALL: [Self; 2] = [Self::App, Self::Maintenance];

    /// The role's name in PostgreSQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "ward_app",
            Self::Maintenance => "ward_maintenance",
        }
    }
}

/// The name of a login: letters, digits and underscores, at most 63, and none that PostgreSQL, RDS or Ward has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginName(String);

impl LoginName {
    fn parse(text: &str) -> Option<Self> {
        let formed = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        // `none` and `public` mean nobody and everybody, quoted or not.
        let taken = ["pg_", "rds"].iter().any(|prefix| text.starts_with(prefix))
            || ["none", "public"].contains(&text)
            || LoginRole::ALL.iter().any(|role| role.name() == text);
        (formed && begins && text.len() <= 63 && !taken).then(|| Self(text.to_owned()))
    }

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a statement holds it: a key word may be one, too. Nothing in it needs escaping.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// A login of the database and the role it works as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseLogin {
    /// Its name.
    pub name: LoginName,
    /// What it works as.
    pub role: LoginRole,
}

/// A version of a function, named by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The function, as Ward calls it: `health`.
    pub function: String,
    /// `arn:aws:lambda:<region>:<account>:function:<name>:<version>`.
    pub arn: String,
}

/// Settings of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The logins the database is to have (`DATABASE_LOGINS`).
    pub logins: Vec<DatabaseLogin>,
    /// The versions that are to get traffic (`WARD_NEW_VERSIONS`).
    pub versions: Vec<NewVersion>,
}

impl Deployment {
    /// Reads settings from any source of names and values.
    ///
    /// # Errors
    /// [`ConfigError`] that says which setting to mend.
    pub fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        const LOGINS: ConfigError =
            ConfigError::Invalid("DATABASE_LOGINS", "a list of login:role, the role ward_app or ward_maintenance");
        const VERSIONS: ConfigError =
            ConfigError::Invalid("WARD_NEW_VERSIONS", "a list of function=arn, each the ARN of a numbered version");
        let logins: Vec<DatabaseLogin> = items(lookup("DATABASE_LOGINS"), login).ok_or(LOGINS)?;
        let twice = |at: usize| logins[..at].iter().any(|other| other.name == logins[at].name);
        if (0..logins.len()).any(twice) {
            return Err(ConfigError::Invalid("DATABASE_LOGINS", "a list in which each login stands once"));
        }
        Ok(Self { logins, versions: items(lookup("WARD_NEW_VERSIONS"), version).ok_or(VERSIONS)? })
    }
}

/// The items of a list; nothing where one is not of its form.
fn items<T>(list: Option<String>, parse: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let list = list.unwrap_or_default();
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse).collect()
}

fn login(item: &str) -> Option<DatabaseLogin> {
    let (name, role) = item.split_once(':')?;
    let role = LoginRole::ALL.into_iter().find(|known| known.name() == role)?;
    Some(DatabaseLogin { name: LoginName::parse(name)?, role })
}

fn version(item: &str) -> Option<NewVersion> {
    let (function, arn) = item.split_once('=')?;
    let parts: Vec<&str> = arn.split(':').collect();
    // An alias or $LATEST would be what has the traffic already.
    let ["arn", partition, "lambda", region, account, "function", name, number] = parts[..] else { return None };
    let formed =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let right = numbered && [function, partition, region, account, name].into_iter().all(formed);
    right.then(|| NewVersion { function: function.to_owned(), arn: arn.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<Deployment, ConfigError> {
        Deployment::from_lookup(&|asked| (asked == name).then(|| value.to_owned()))
    }

    fn logins(list: &str) -> Result<Vec<(String, LoginRole)>, ConfigError> {
        let logins = of("DATABASE_LOGINS", list)?.logins.into_iter();
        Ok(logins.map(|login| (login.name.as_str().to_owned(), login.role)).collect())
    }

    #[test]
    fn a_login_has_one_of_the_two_roles() {
        let (auth, maintenance) = (("ward_auth".into(), LoginRole::App), ("_m0".into(), LoginRole::Maintenance));
        assert_eq!(logins(" ward_auth:ward_app, _m0:ward_maintenance,").unwrap(), [auth, maintenance]);
        assert!(logins("").unwrap().is_empty());
        for wrong in ["a", "a:", ":ward_app", "a:postgres", "a:rds_superuser", "a:ward_app:b", "a:ward_app;b:ward_app"]
        {
            assert!(logins(wrong).is_err(), "{wrong}");
        }
        assert!(logins("a:ward_app,a:ward_maintenance").is_err(), "one login works as one role");
    }

    #[test]
    fn a_login_is_an_identifier_that_nobody_has_taken() {
        let long = "a".repeat(63);
        for right in ["user", "ward_auth", "_", long.as_str()] {
            assert!(logins(&format!("{right}:ward_app")).is_ok(), "{right}");
        }
        let too_long = "a".repeat(64);
        let taken = ["pg_monitor", "rdsadmin", "rds_iam", "none", "public", "ward_app", "ward_maintenance"];
        let unformed = ["Ward", "1a", "a-b", "a\"b", "a b", "ä", "a;drop", &too_long];
        for wrong in taken.iter().chain(&unformed) {
            assert!(logins(&format!("{wrong}:ward_app")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_new_version_is_named_by_its_number() {
        let arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:ward-prod-health";
        let versions = of("WARD_NEW_VERSIONS", &format!("health={arn}:3, auth={arn}:14")).unwrap().versions;
        assert_eq!(versions[0], NewVersion { function: "health".into(), arn: format!("{arn}:3") });
        assert_eq!((versions.len(), versions[1].function.as_str()), (2, "auth"));
        for wrong in ["health", "=x", "health=x", &format!("health={arn}"), &format!("health={arn}:$LATEST")] {
            assert!(of("WARD_NEW_VERSIONS", wrong).is_err(), "{wrong}");
        }
        assert!(of("WARD_NEW_VERSIONS", &format!("health={arn}:live")).is_err(), "an alias is no version");
        assert!(of("WARD_NEW_VERSIONS", &format!("health={arn}/../x:3")).is_err(), "it becomes part of a path");
    }
}
