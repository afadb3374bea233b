//! A question about spend: which window, cut how, filtered by what; and its answer.
//! Invariant: the rows of an answer add up to its total, to the last digit.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::money::Money;
use crate::time::{Grain, Timestamp, Window};
use crate::usage::Leaf;

/// Input sizes, ascending, that sums of usage are kept by: where prices of the shipped book change.
pub const INPUT_SIZES: [u64; 9] = [32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288];

/// A field that usage can be grouped and filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Canonical provider.
    Provider,
    /// The model asked for.
    Model,
    /// The model that answered.
    ResponseModel,
    /// Feature tag.
    Feature,
    /// End user.
    User,
    /// Agent.
    Agent,
    /// Skill.
    Skill,
    /// Run id.
    Run,
    /// Session id.
    Session,
    /// Project.
    Project,
    /// Environment.
    Environment,
    /// Source.
    Source,
    /// Operation.
    Operation,
    /// Service tier.
    ServiceTier,
    /// `ok` or `error`.
    Status,
    /// Error type.
    ErrorType,
    /// Where the model ran, as its provider prices it.
    InferenceGeo,
    /// How fast the provider was asked to answer.
    Speed,
    /// The tool that was called.
    Tool,
    /// The MCP server that the tool belongs to.
    McpServer,
    /// `rated` or `reported`: which of them the cost is.
    CostSource,
    /// The value of one tag.
    Tag(String),
    /// How many of these input sizes (ascending) the call's input tokens, cached ones included, are above. Prices ask
    /// for it; no request names it.
    InputSize(Vec<u64>),
}

impl Dimension {
    /// Every dimension that has a column of its own.
    pub const COLUMNS: [Self; 21] = [
        Self::Provider,
        Self::Model,
        Self::ResponseModel,
        Self::Feature,
        Self::User,
        Self::Agent,
        Self::Skill,
        Self::Run,
        Self::Session,
        Self::Project,
        Self::Environment,
        Self::Source,
        Self::Operation,
        Self::ServiceTier,
        Self::Status,
        Self::ErrorType,
        Self::InferenceGeo,
        Self::Speed,
        Self::Tool,
        Self::McpServer,
        Self::CostSource,
    ];

    /// The wire name: `model`, `tag:team`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Feature => "feature".to_owned(),
            Self::User => "user".to_owned(),
            Self::Run => "run".to_owned(),
            Self::Session => "session".to_owned(),
            Self::Tag(key) => format!("tag:{key}"),
            Self::InputSize(_) => "input_size".to_owned(),
            other => other.column().unwrap_or_default().to_owned(),
        }
    }

    /// The lake's column, unless it is a tag.
    #[must_use]
    pub const fn column(&self) -> Option<&'static str> {
        Some(match self {
            Self::Provider => "provider",
            Self::Model => "model",
            Self::ResponseModel => "response_model",
            Self::Feature => "feature_tag",
            Self::User => "user_id",
            Self::Agent => "agent",
            Self::Skill => "skill",
            Self::Run => "run_id",
            Self::Session => "session_id",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Source => "source",
            Self::Operation => "operation",
            Self::ServiceTier => "service_tier",
            Self::Status => "status",
            Self::ErrorType => "error_type",
            Self::InferenceGeo => "inference_geo",
            Self::Speed => "speed",
            Self::Tool => "tool",
            Self::McpServer => "mcp_server",
            Self::CostSource => "cost_source",
            Self::Tag(_) | Self::InputSize(_) => return None,
        })
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(key) = text.strip_prefix("tag:").filter(|key| !key.is_empty()) {
            return Ok(Self::Tag(key.to_owned()));
        }
        Self::COLUMNS.into_iter().find(|d| d.name() == text || d.column() == Some(text)).ok_or_else(|| {
            let names: Vec<String> = Self::COLUMNS.iter().map(Self::name).collect();
            format!("{text:?} is none of {}, tag:KEY", names.join(", "))
        })
    }
}

/// What to measure. Cost and its coverage are always measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Calls.
    Requests,
    /// One leaf's quantity.
    Leaf(Leaf),
    /// Failed calls.
    Errors,
    /// Wall time of calls.
    Latency,
    /// What the price book makes of the calls that it can rate whole.
    RatedUsd,
    /// What the sources say that their calls cost.
    ReportedUsd,
    /// Rated − reported, over the calls that have both.
    RatedMinusReportedUsd,
    /// Quantities that are not tokens, by name.
    Units,
}

impl Metric {
    /// Every metric but [`Metric::Units`], which is read from rows.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Leaf::ALL.into_iter().filter(|leaf| *leaf != Leaf::Requests).map(Self::Leaf).collect();
        all.extend([Self::Requests, Self::Errors, Self::Latency]);
        all.extend([Self::RatedUsd, Self::ReportedUsd, Self::RatedMinusReportedUsd]);
        all
    }

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Leaf(leaf) => leaf.quantity_name(),
            Self::Errors => "errors",
            Self::Latency => "latency",
            Self::RatedUsd => "rated_usd",
            Self::ReportedUsd => "reported_usd",
            Self::RatedMinusReportedUsd => "rated_minus_reported_usd",
            Self::Units => "units",
        }
    }
}

impl FromStr for Metric {
    type Err = String;

    /// Reads a wire name; `latency_ms`, the short names of leaves and `units.NAME` are understood too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let leaf = Leaf::ALL.into_iter().find(|leaf| leaf.name() == text).filter(|leaf| *leaf != Leaf::Requests);
        let alias = match text {
            "latency_ms" => Some(Self::Latency),
            _ if text.starts_with("units.") => Some(Self::Units),
            _ => leaf.map(Self::Leaf),
        };
        let named = || Self::all().into_iter().chain([Self::Units]);
        alias.or_else(|| named().find(|metric| metric.name() == text)).ok_or_else(|| {
            let names: Vec<&str> = named().map(Self::name).collect();
            format!("{text:?} is none of cost, {}", names.join(", "))
        })
    }
}

/// Keeps the rows whose `dimension` has one of `values` (`None` = absent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is compared.
    pub dimension: Dimension,
    /// With what; any of them.
    pub values: Vec<Option<String>>,
}

/// A question about one tenant's usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// When it occurred; unbounded if absent.
    pub window: Option<Window>,
    /// Only what was received until then, inclusive.
    pub as_of: Option<Timestamp>,
    /// Cut time into buckets of the tenant's calendar.
    pub grain: Option<Grain>,
    /// Cut by these fields.
    pub by: Vec<Dimension>,
    /// Keep only rows that pass all filters.
    pub filters: Vec<Filter>,
    /// What to measure besides cost.
    pub metrics: Vec<Metric>,
    /// Keep the groups with the largest cost over the window, fold the rest into one "other" per bucket.
    pub top: Option<usize>,
    /// Show empty buckets.
    pub zero_fill: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            window: None,
            as_of: None,
            grain: None,
            by: Vec::new(),
            filters: Vec::new(),
            metrics: Metric::all(),
            top: None,
            zero_fill: false,
        }
    }
}

/// Sums over ledger rows, each with its sign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Cost of the priced charges.
    pub cost: Money,
    /// Charged events.
    pub charged: i64,
    /// Charged events with a cost.
    pub priced: i64,
    /// Quantity per leaf, in the order of [`Leaf::ALL`].
    pub quantities: [i64; Leaf::COUNT],
    /// Charged events that failed.
    pub errors: i64,
    /// Sum of the known latencies, milliseconds.
    pub latency_ms_sum: i64,
    /// Charged events with a known latency.
    pub latency_count: i64,
    /// What the price book makes of the charges that it rates whole.
    pub rated: Money,
    /// What sources reported.
    pub reported: Money,
    /// Rated − reported, over the charges that have both.
    pub difference: Money,
    /// Charged events that have both.
    pub compared: i64,
    /// Millionths of each unit that is not a token, by its name; no unit whose sum is zero.
    pub units: BTreeMap<String, i128>,
}

impl Totals {
    /// Adds `other` to itself.
    pub fn add(&mut self, other: &Self) {
        self.cost = [self.cost, other.cost].into_iter().sum();
        self.charged += other.charged;
        self.priced += other.priced;
        for (sum, quantity) in self.quantities.iter_mut().zip(other.quantities) {
            *sum += quantity;
        }
        self.errors += other.errors;
        self.latency_ms_sum += other.latency_ms_sum;
        self.latency_count += other.latency_count;
        self.rated = [self.rated, other.rated].into_iter().sum();
        self.reported = [self.reported, other.reported].into_iter().sum();
        self.difference = [self.difference, other.difference].into_iter().sum();
        self.compared += other.compared;
        for (unit, micros) in &other.units {
            self.add_unit(unit, *micros);
        }
    }

    /// Adds millionths of `unit`.
    pub fn add_unit(&mut self, unit: &str, micros: i128) {
        let sum = self.units.get(unit).copied().unwrap_or_default() + micros;
        if sum == 0 {
            self.units.remove(unit);
        } else {
            self.units.insert(unit.to_owned(), sum);
        }
    }

    /// The quantity of `leaf`.
    #[must_use]
    pub const fn get(&self, leaf: Leaf) -> i64 {
        self.quantities[leaf as usize]
    }

    /// All tokens.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        Leaf::ALL.into_iter().filter(|leaf| leaf.is_token()).map(|leaf| self.get(leaf)).sum()
    }

    /// Charged events with a cost ÷ charged events; `None` if there are none.
    #[must_use]
    pub fn priced_fraction(&self) -> Option<f64> {
        (self.charged > 0).then(|| self.priced as f64 / self.charged as f64)
    }

    /// Mean latency, milliseconds.
    #[must_use]
    pub fn latency_ms_mean(&self) -> Option<f64> {
        (self.latency_count > 0).then(|| self.latency_ms_sum as f64 / self.latency_count as f64)
    }
}

/// One group of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Start of the bucket, if the query has a grain.
    pub bucket: Option<Timestamp>,
    /// The group's values in the order of the query's `by`; empty on the folded rest.
    pub keys: Vec<Option<String>>,
    /// Whether this is the folded rest of a top-N query.
    pub other: bool,
    /// Its sums.
    pub totals: Totals,
}

/// What a query found. Rows come by bucket, then cost descending, then keys; the rest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The groups.
    pub rows: Vec<Row>,
    /// The sum of all groups.
    pub total: Totals,
    /// The `received_at` up to which the answer holds.
    pub as_of: Timestamp,
    /// The latest `occurred_at` among the rows.
    pub newest: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_reads_its_own_name_and_its_short_ones() {
        for metric in Metric::all().into_iter().chain([Metric::Units]) {
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        assert_eq!("units.images".parse(), Ok(Metric::Units));
        assert_eq!("cache_read".parse(), Ok(Metric::Leaf(Leaf::CacheRead)));
        let error = "love".parse::<Metric>().expect_err("no metric");
        assert!(error.contains("cache_write_12h_tokens") && error.contains("rated_minus_reported_usd"), "{error}");
    }

    #[test]
    fn a_dimension_reads_its_own_name() {
        for dimension in Dimension::COLUMNS {
            assert_eq!(dimension.name().parse(), Ok(dimension));
        }
        assert!("colour".parse::<Dimension>().is_err());
    }

    #[test]
    fn units_add_up_and_vanish_at_zero() {
        let mut totals = Totals::default();
        totals.add_unit("images", 3_000_000);
        let mut other = Totals::default();
        other.add_unit("images", -1_000_000);
        other.add_unit("pages", 500_000);
        totals.add(&other);
        // 3 − 1 images, half a page.
        assert_eq!(totals.units, [("images".to_owned(), 2_000_000), ("pages".to_owned(), 500_000)].into());
        totals.add_unit("images", -2_000_000);
        assert!(!totals.units.contains_key("images"));
    }
}
