//! What may be demanded of a property.

use deploy_tests::{Resource, find, text};
use serde_json::Value;

/// All environments.
pub const EVERYWHERE: &[&str] = &["dev", "staging", "prod"];

/// What a property has to be.
#[derive(Clone, Copy, Debug)]
pub enum Demand {
    /// This value, wherever the path leads.
    Is(&'static str),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A number that is at least this.
    AtLeast(i64),
    /// A text that begins so.
    Begins(&'static str),
    /// A value in which this text stands.
    Holds(&'static str),
    /// Anything.
    Set,
    /// Not there.
    Unset,
    /// Not this, which is what it is when nobody says anything.
    Not(&'static str),
    /// Nothing is demanded of the type, for this reason.
    Nothing,
}

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    /// The type.
    pub kind: &'static str,
    /// Where in the resource, as `Properties.StorageEncrypted`; of a row that demands nothing, why not.
    pub path: &'static str,
    /// What stands there.
    pub demand: Demand,
    /// The provision of 45 CFR that asks for it.
    pub provision: &'static str,
    /// Where it is demanded.
    pub environments: &'static [&'static str],
    /// Whether it may be missing.
    pub optional: bool,
}

/// A demand in every environment.
pub const fn row(kind: &'static str, path: &'static str, demand: Demand, provision: &'static str) -> Row {
    Row { kind, path, demand, provision, environments: EVERYWHERE, optional: false }
}

/// A type that is asked nothing.
pub const fn none(kind: &'static str, reason: &'static str) -> Row {
    Row { kind, path: reason, demand: Demand::Nothing, provision: "", environments: EVERYWHERE, optional: false }
}

impl Row {
    /// The same only in production, where there is PHI.
    pub const fn in_prod(mut self) -> Self {
        self.environments = &["prod"];
        self
    }

    /// The same only in one environment.
    pub const fn here(mut self, environment: &'static str) -> Self {
        self.environments = match environment.as_bytes()[0] {
            b's' => &["staging"],
            b'd' => &["dev"],
            _ => &["prod"],
        };
        self
    }

    /// The same only where the property is there; its default is as it should be.
    pub const fn when_set(mut self) -> Self {
        self.optional = true;
        self
    }

    /// What is wrong with a resource of the type; nothing if the demand is met.
    pub fn complaint(&self, resource: &Resource) -> Option<String> {
        let found = find(&resource.body, self.path);
        let shown = || found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let met = match self.demand {
            Demand::Nothing => true,
            Demand::Unset => found.is_empty(),
            Demand::Not(value) => found.iter().all(|found| text(found) != value),
            _ if self.optional && found.is_empty() => true,
            _ => !found.is_empty() && found.iter().all(|value| self.meets(value)),
        };
        (!met).then(|| format!("{} is {:?}, not {:?} ({})", self.path, shown(), self.demand, self.provision))
    }

    fn meets(&self, value: &Value) -> bool {
        let value = text(value);
        match self.demand {
            Demand::Is(expected) => value == expected,
            Demand::OneOf(values) => values.contains(&value.as_str()),
            Demand::AtLeast(least) => value.parse::<i64>().is_ok_and(|number| number >= least),
            Demand::Begins(start) => value.starts_with(start),
            Demand::Holds(part) => value.contains(part),
            Demand::Set => !value.is_empty(),
            Demand::Unset | Demand::Not(_) | Demand::Nothing => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_demand_is_met_or_says_why_not() {
        let body = json!({"Properties": {"Days": 30, "Rules": [{"On": true}, {"On": false}]}});
        let bucket = Resource { id: "B".into(), kind: "T".into(), body };
        let met = |path, demand| row("T", path, demand, "164.312(a)(1)").complaint(&bucket).is_none();
        assert!(met("Properties.Days", Demand::AtLeast(30)) && !met("Properties.Days", Demand::AtLeast(31)));
        assert!(met("Properties.Days", Demand::Is("30")) && !met("Properties.Days", Demand::Is("3")));
        assert!(!met("Properties.Rules[].On", Demand::Is("true")), "every one has to be");
        assert!(met("Properties.Rules[].On", Demand::OneOf(&["true", "false"])));
        assert!(met("Properties.None", Demand::Unset) && !met("Properties.None", Demand::Set));
        assert!(met("Properties.None", Demand::Not("true")) && !met("Properties.Days", Demand::Not("30")));
        assert!(!met("Properties.None", Demand::Begins("a")) && met("Properties.Days", Demand::Holds("3")));
    }
}
