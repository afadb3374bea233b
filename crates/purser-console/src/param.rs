//! The overview's question as it stands in the URL: range, grain, zone and filters.
//! Invariant: a refused parameter is named, never dropped, and the form keeps what was typed.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use purser_domain::time::Grain;
use purser_domain::usage_event::FieldError;
use purser_domain::usage_query::{Dimension, Filter};
use url::form_urlencoded;

pub(crate) mod simulation;
pub(crate) mod span;
pub(crate) mod what_if;

/// The fields that the form filters by, in its order.
pub(crate) const FILTERS: [Dimension; 7] = [
    Dimension::Provider,
    Dimension::Model,
    Dimension::Feature,
    Dimension::User,
    Dimension::Agent,
    Dimension::Project,
    Dimension::Environment,
];

/// The most values that the filters may have together.
const VALUES_MAX: usize = 50;
/// The longest filter value, bytes: the longest text field of an event.
const VALUE_BYTES_MAX: usize = purser_domain::usage_event::TEXT_MAX;

/// Which days are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Range {
    /// The running hour and the 23 before it.
    Last24h,
    /// Today and the 6 days before.
    #[default]
    Last7d,
    /// Today and the 29 days before.
    Last30d,
    /// From the start of one day to the end of another, or until now.
    Custom {
        /// The first day.
        first: Date,
        /// The last day, itself included.
        last: Option<Date>,
    },
}

impl Range {
    /// The ranges that have a name of their own in the URL.
    pub(crate) const PRESETS: [Self; 3] = [Self::Last24h, Self::Last7d, Self::Last30d];

    /// The value of `range`; `custom` is written with `from` and `to` instead.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Last24h => "24h",
            Self::Last7d => "7d",
            Self::Last30d => "30d",
            Self::Custom { .. } => "custom",
        }
    }
}

/// A question that was understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Params {
    /// Which days.
    pub range: Range,
    /// The size of a bucket; chosen by the length of the range if absent.
    pub grain: Option<Grain>,
    /// The zone to cut time in; the tenant's own if absent.
    pub zone: Option<String>,
    /// The values asked for, per dimension; `None` stands for usage that has no value there.
    pub filters: Vec<(Dimension, Option<String>)>,
}

/// What a query string says: the question, what was typed, and every refused parameter.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Parsed {
    /// The question, without its refused parts.
    pub params: Params,
    /// `from` as typed.
    pub from: String,
    /// `to` as typed.
    pub to: String,
    /// `zone` as typed.
    pub zone: String,
    /// Everything that was refused.
    pub errors: Vec<FieldError>,
}

impl Parsed {
    /// Reads a query string. Empty values count as absent, as a form sends them.
    #[must_use]
    pub(crate) fn read(query: &str) -> Self {
        let mut parsed = Self::default();
        let mut seen: Vec<String> = Vec::new();
        let (mut range, mut custom) = (None, false);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if let Some(dimension) = FILTERS.into_iter().find(|dimension| dimension.name() == name) {
                parsed.filter(dimension, value);
                continue;
            }
            if name == "without" {
                parsed.without(value);
                continue;
            }
            if seen.iter().any(|other| *other == name) {
                parsed.refuse(&name, value, "is given twice");
                continue;
            }
            match name.as_ref() {
                "range" => (range, custom) = (parsed.range(value), value == "custom"),
                "grain" => parsed.grain(value),
                "zone" => parsed.zone(value),
                "from" => value.clone_into(&mut parsed.from),
                "to" => value.clone_into(&mut parsed.to),
                _ => parsed.refuse(&name, value, "is not a parameter of this page"),
            }
            seen.push(name.into_owned());
        }
        if custom && parsed.from.is_empty() {
            parsed.refuse("from", "", "is needed with a range of its own");
        } else {
            parsed.days(range);
        }
        parsed
    }

    fn refuse(&mut self, field: &str, value: &str, reason: impl Into<String>) {
        self.errors.push(FieldError::new(field, value, reason));
    }

    fn filter(&mut self, dimension: Dimension, value: &str) {
        let name = dimension.name();
        let filter = (dimension, Some(value.to_owned()));
        if value.len() > VALUE_BYTES_MAX {
            self.refuse(&name, value, format!("is longer than {VALUE_BYTES_MAX} bytes"));
        } else if value.chars().any(char::is_control) {
            self.refuse(&name, value, "has a control character");
        } else if self.params.filters.len() == VALUES_MAX {
            self.refuse(&name, value, format!("is filter value number {}; at most {VALUES_MAX}", VALUES_MAX + 1));
        } else if !self.params.filters.contains(&filter) {
            self.params.filters.push(filter);
        }
    }

    fn without(&mut self, value: &str) {
        match FILTERS.into_iter().find(|dimension| dimension.name() == value) {
            Some(dimension) if !self.params.filters.contains(&(dimension.clone(), None)) => {
                self.params.filters.push((dimension, None));
            }
            Some(_) => {}
            None => self.refuse("without", value, format!("must be one of {}", filter_names())),
        }
    }

    fn range(&mut self, value: &str) -> Option<Range> {
        let range = Range::PRESETS.into_iter().find(|range| range.name() == value);
        if range.is_none() && value != "custom" {
            self.refuse("range", value, "must be 24h, 7d, 30d or custom");
        }
        range
    }

    fn grain(&mut self, value: &str) {
        match value.parse() {
            Ok(grain) => self.params.grain = Some(grain),
            Err(_) => self.refuse("grain", value, "must be hour, day, week or month"),
        }
    }

    fn zone(&mut self, value: &str) {
        value.clone_into(&mut self.zone);
        match TimeZone::get(value) {
            Ok(zone) => self.params.zone = Some(zone.iana_name().unwrap_or(value).to_owned()),
            Err(_) => self.refuse("zone", value, "is not an IANA time zone such as Europe/Berlin"),
        }
    }

    /// `from` and `to` win over a named range, so that typing dates is enough.
    fn days(&mut self, named: Option<Range>) {
        let (from, to) = (self.from.clone(), self.to.clone());
        let first = self.date("from", &from);
        let last = self.date("to", &to);
        match (first, last) {
            (Some(first), Some(last)) if last < first => {
                self.refuse("to", &to, format!("lies before from, {first}"));
            }
            (Some(first), last) => self.params.range = Range::Custom { first, last },
            (None, Some(_)) if from.is_empty() => self.refuse("from", "", "is needed with to"),
            (None, _) => self.params.range = named.unwrap_or_default(),
        }
    }

    fn date(&mut self, field: &str, value: &str) -> Option<Date> {
        if value.is_empty() {
            return None;
        }
        // `Date` also reads date-times and drops their time: only the plain form is meant here.
        match value.parse::<Date>().ok().filter(|date| date.to_string() == value) {
            Some(date) if (2015..=2200).contains(&date.year()) => Some(date),
            Some(_) => {
                self.refuse(field, value, "must lie between 2015 and 2200");
                None
            }
            None => {
                self.refuse(field, value, "must be a date such as 2026-11-20");
                None
            }
        }
    }
}

fn filter_names() -> String {
    FILTERS.iter().map(Dimension::name).collect::<Vec<_>>().join(", ")
}

impl Params {
    /// The filters as a query takes them: any of the values of a dimension, all of the dimensions.
    #[must_use]
    pub(crate) fn domain_filters(&self) -> Vec<Filter> {
        let filter = |dimension: Dimension| {
            let values: Vec<_> = self.values(&dimension).cloned().collect();
            (!values.is_empty()).then_some(Filter { dimension, values })
        };
        FILTERS.into_iter().filter_map(filter).collect()
    }

    /// The values that `dimension` is filtered by.
    pub(crate) fn values(&self, dimension: &Dimension) -> impl Iterator<Item = &Option<String>> {
        self.filters.iter().filter(move |(other, _)| other == dimension).map(|(_, value)| value)
    }

    /// The same question over another range.
    #[must_use]
    pub(crate) fn with_range(&self, range: Range) -> Self {
        // A grain fits the length it was chosen for: another range chooses anew.
        Self { range, grain: None, ..self.clone() }
    }

    /// The same question narrowed to one value of `dimension`.
    #[must_use]
    pub(crate) fn narrowed(&self, dimension: &Dimension, value: Option<&str>) -> Self {
        let mut narrowed = self.clone();
        narrowed.filters.retain(|(other, _)| other != dimension);
        narrowed.filters.push((dimension.clone(), value.map(str::to_owned)));
        narrowed
    }

    /// The same question without one filter value.
    #[must_use]
    pub(crate) fn widened(&self, dimension: &Dimension, value: Option<&str>) -> Self {
        let mut widened = self.clone();
        widened.filters.retain(|(other, kept)| other != dimension || kept.as_deref() != value);
        widened
    }

    /// The same question without filters.
    #[must_use]
    pub(crate) fn unfiltered(&self) -> Self {
        Self { filters: Vec::new(), ..self.clone() }
    }
}

impl fmt::Display for Params {
    /// The address of the page that answers this question.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = form_urlencoded::Serializer::new(String::new());
        match self.range {
            Range::Custom { first, last } => {
                query.append_pair("from", &first.to_string());
                if let Some(last) = last {
                    query.append_pair("to", &last.to_string());
                }
            }
            preset => {
                query.append_pair("range", preset.name());
            }
        }
        if let Some(grain) = self.grain {
            query.append_pair("grain", grain_name(grain));
        }
        if let Some(zone) = &self.zone {
            query.append_pair("zone", zone);
        }
        for (dimension, value) in &self.filters {
            match value {
                Some(value) => query.append_pair(&dimension.name(), value),
                None => query.append_pair("without", &dimension.name()),
            };
        }
        write!(f, "/overview?{}", query.finish())
    }
}

/// The grain's value in the URL.
#[must_use]
pub(crate) const fn grain_name(grain: Grain) -> &'static str {
    match grain {
        Grain::Hour => "hour",
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
    }
}

#[cfg(test)]
mod tests;
