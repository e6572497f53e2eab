//! Counters for whoever watches: held in the cache, so that all instances add to one sum, and counted in a round trip
//! that is made anyway. Where the cache loses them they begin at zero again, which collectors understand.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What is counted. A new counter is a variant, its place in [`Counter::ALL`], and its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A list of operators came from the cache.
    OperatorsListHit,
    /// A list of operators had to be read from the database.
    OperatorsListMiss,
}

/// Counters that differ in their labels only.
struct Family {
    /// Without the ending `_total`.
    name: &'static str,
    help: &'static str,
}

const CACHE_REQUESTS: Family =
    Family { name: "ward_cache_requests", help: "Look-ups of a value in the cache, by whether it was there." };

impl Counter {
    /// All there are; those of one family stand together.
    pub const ALL: [Self; 2] = [Self::OperatorsListHit, Self::OperatorsListMiss];

    fn family(self) -> &'static Family {
        match self {
            Self::OperatorsListHit | Self::OperatorsListMiss => &CACHE_REQUESTS,
        }
    }

    fn labels(self) -> &'static str {
        match self {
            Self::OperatorsListHit => r#"cache="operators",result="hit""#,
            Self::OperatorsListMiss => r#"cache="operators",result="miss""#,
        }
    }

    /// Its name with its labels, as it is told and as the cache has it.
    pub fn series(self) -> String {
        format!("{}_total{{{}}}", self.family().name, self.labels())
    }
}

/// How counters are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Prometheus,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl Format {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// All counters, with zero for what was not counted yet.
pub fn written(counts: &BTreeMap<String, u64>, format: Format) -> String {
    let mut text = String::new();
    let mut last = "";
    for counter in Counter::ALL {
        let Family { name, help } = counter.family();
        if *name != last {
            // OpenMetrics names the family without the ending, Prometheus with it.
            let ending = if format == Format::Prometheus { "_total" } else { "" };
            let _infallible = write!(text, "# HELP {name}{ending} {help}\n# TYPE {name}{ending} counter\n");
            last = name;
        }
        let series = counter.series();
        let count = counts.get(&series).copied().unwrap_or_default();
        let _infallible = writeln!(text, "{series} {count}");
    }
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_told_in_both_formats() {
        let counts = BTreeMap::from([(Counter::OperatorsListHit.series(), 3), ("other".into(), 9)]);
        let help = "Look-ups of a value in the cache, by whether it was there.";
        let series = "ward_cache_requests_total{cache=\"operators\",result=\"hit\"} 3\n\
                      ward_cache_requests_total{cache=\"operators\",result=\"miss\"} 0\n";
        let prometheus =
            format!("# HELP ward_cache_requests_total {help}\n# TYPE ward_cache_requests_total counter\n{series}");
        assert_eq!(written(&counts, Format::Prometheus), prometheus);
        let open = format!("# HELP ward_cache_requests {help}\n# TYPE ward_cache_requests counter\n{series}# EOF\n");
        assert_eq!(written(&counts, Format::OpenMetrics), open);
    }
}
