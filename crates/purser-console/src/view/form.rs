//! The controls of the overview: range links, the filter form and the filters in force.
//! Invariant: every control works without a script, and a refused value stays where it was typed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use purser_domain::usage_event::FieldError;
use purser_domain::usage_query::Dimension;

use crate::param::{FILTERS, Parsed, Range, grain_name};

/// Zones offered while typing; any IANA name is accepted.
const ZONES: [&str; 24] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Paris",
    "Pacific/Auckland",
];

/// A link to the same page in another state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is the state shown.
    pub current: bool,
}

/// One text field of the form, with one input per value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The parameter.
    pub name: String,
    /// What the label says.
    pub label: &'static str,
    /// The values in force; one empty one if there is none.
    pub values: Vec<String>,
    /// Offered while typing.
    pub options: Vec<String>,
    /// Why a value was refused.
    pub error: Option<String>,
}

/// One entry of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What is sent.
    pub value: &'static str,
    /// What it says.
    pub label: &'static str,
    /// Whether it is in force.
    pub selected: bool,
}

/// Everything that changes the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// Links to the named ranges.
    pub ranges: Vec<Link>,
    /// The named range in force, sent along; empty under dates.
    pub range: &'static str,
    /// The first and the last day.
    pub days: [Field; 2],
    /// The latest day that can be chosen.
    pub today: String,
    /// The sizes of a bucket.
    pub grains: Vec<Choice>,
    /// Why the grain was refused.
    pub grain_error: Option<String>,
    /// The zone.
    pub zone: Field,
    /// The tenant's own zone.
    pub tenant_zone: String,
    /// The filter fields.
    pub filters: Vec<Field>,
    /// Dimensions asked to be absent, sent along.
    pub without: Vec<String>,
    /// The filters in force, each a link that lifts it.
    pub chips: Vec<Link>,
    /// The page without filters.
    pub clear: String,
    /// Everything refused: where in the form it stands (empty if nowhere), and the words.
    pub errors: Vec<(String, String)>,
    /// Whether the form is shown unfolded.
    pub open: bool,
}

/// What the form needs to know beside the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// The tenant's own zone.
    pub tenant_zone: String,
    /// The date there.
    pub today: Date,
    /// The values of each dimension that the window has, the costliest first.
    pub options: Vec<(Dimension, Vec<String>)>,
}

impl Form {
    /// The form in the state of `parsed`.
    #[must_use]
    pub(crate) fn new(parsed: &Parsed, known: &Known) -> Self {
        let params = &parsed.params;
        let custom = matches!(params.range, Range::Custom { .. });
        let dated = !parsed.from.is_empty() || !parsed.to.is_empty();
        let chips: Vec<Link> = params.filters.iter().map(|(dimension, value)| chip(parsed, dimension, value)).collect();
        Self {
            ranges: Range::PRESETS.into_iter().map(|range| range_link(parsed, range, custom)).collect(),
            range: if custom { "" } else { params.range.name() },
            days: [
                plain("from", "First day", &parsed.from, &parsed.errors),
                plain("to", "Last day", &parsed.to, &parsed.errors),
            ],
            today: known.today.to_string(),
            grains: grains(parsed),
            grain_error: reason("grain", &parsed.errors),
            zone: Field {
                options: zones(&known.tenant_zone),
                ..plain("zone", "Time zone", &parsed.zone, &parsed.errors)
            },
            tenant_zone: known.tenant_zone.clone(),
            filters: FILTERS.into_iter().map(|dimension| filter_field(parsed, known, &dimension)).collect(),
            without: FILTERS
                .iter()
                .filter(|dimension| params.values(dimension).any(Option::is_none))
                .map(Dimension::name)
                .collect(),
            open: !parsed.errors.is_empty()
                || dated
                || !chips.is_empty()
                || params.grain.is_some()
                || params.zone.is_some(),
            chips,
            clear: params.unfiltered().to_string(),
            errors: parsed.errors.iter().map(|error| (anchor(&error.field), error.to_string())).collect(),
        }
    }
}

/// The id of the control that `field` stands in, if the form has one.
fn anchor(field: &str) -> String {
    let known =
        matches!(field, "from" | "to" | "grain" | "zone") || FILTERS.iter().any(|dimension| dimension.name() == field);
    if known { format!("f-{field}") } else { String::new() }
}

fn reason(name: &str, errors: &[FieldError]) -> Option<String> {
    errors.iter().find(|error| error.field == name).map(|error| error.reason.clone())
}

fn plain(name: &str, label: &'static str, value: &str, errors: &[FieldError]) -> Field {
    Field {
        name: name.to_owned(),
        label,
        values: vec![value.to_owned()],
        options: Vec::new(),
        error: reason(name, errors),
    }
}

fn filter_field(parsed: &Parsed, known: &Known, dimension: &Dimension) -> Field {
    let mut values: Vec<String> = parsed.params.values(dimension).flatten().cloned().collect();
    if values.is_empty() {
        values.push(String::new());
    }
    let name = dimension.name();
    let options = known.options.iter().find(|(other, _)| other == dimension).map(|(_, options)| options.clone());
    Field {
        label: label(dimension),
        values,
        options: options.unwrap_or_default(),
        error: reason(&name, &parsed.errors),
        name,
    }
}

fn range_link(parsed: &Parsed, range: Range, custom: bool) -> Link {
    let label = match range {
        Range::Last24h => "24 hours",
        Range::Last7d => "7 days",
        Range::Last30d | Range::Custom { .. } => "30 days",
    };
    let current = !custom && parsed.params.range == range;
    Link { label: label.to_owned(), href: parsed.params.with_range(range).to_string(), current }
}

fn chip(parsed: &Parsed, dimension: &Dimension, value: &Option<String>) -> Link {
    let label = match value {
        Some(value) => format!("{}: {value}", label(dimension)),
        None => format!("no {}", dimension.name()),
    };
    Link { label, href: parsed.params.widened(dimension, value.as_deref()).to_string(), current: false }
}

fn grains(parsed: &Parsed) -> Vec<Choice> {
    let grain = parsed.params.grain.map_or("", grain_name);
    [("", "Automatic"), ("hour", "Hour"), ("day", "Day"), ("week", "Week"), ("month", "Month")]
        .into_iter()
        .map(|(value, label)| Choice { value, label, selected: value == grain })
        .collect()
}

fn zones(tenant: &str) -> Vec<String> {
    let mut zones: Vec<String> =
        ZONES.iter().filter(|zone| TimeZone::get(zone).is_ok()).map(|zone| (*zone).to_owned()).collect();
    if !zones.iter().any(|zone| zone == tenant) {
        zones.insert(0, tenant.to_owned());
    }
    zones
}

/// What a dimension is called on the page.
#[must_use]
pub(crate) const fn label(dimension: &Dimension) -> &'static str {
    match dimension {
        Dimension::Provider => "Provider",
        Dimension::Model => "Model",
        Dimension::Feature => "Feature",
        Dimension::User => "User",
        Dimension::Agent => "Agent",
        Dimension::Project => "Project",
        Dimension::Environment => "Environment",
        _ => "Field",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(query: &str) -> Form {
        let known = Known {
            tenant_zone: "Asia/Tbilisi".to_owned(),
            today: jiff::civil::date(2026, 11, 20),
            options: vec![(Dimension::Model, vec!["gpt-5".to_owned()])],
        };
        Form::new(&Parsed::read(query), &known)
    }

    #[test]
    fn a_plain_page_keeps_its_form_folded() {
        let form = form("");
        assert!(!form.open);
        assert_eq!(
            form.ranges.iter().filter(|link| link.current).map(|link| link.label.as_str()).collect::<Vec<_>>(),
            ["7 days"]
        );
        assert_eq!(form.zone.options[0], "Asia/Tbilisi", "the tenant's own zone is offered first");
        assert_eq!(form.filters[1].options, ["gpt-5"]);
    }

    #[test]
    fn a_refused_value_stays_in_its_field_with_its_reason() {
        let form = form("from=20.11.2026&model=a&model=b&rang=7d");
        assert!(form.open);
        assert_eq!(form.days[0].values, ["20.11.2026"]);
        assert_eq!(form.days[0].error.as_deref(), Some("must be a date such as 2026-11-20"));
        assert_eq!(form.filters[1].values, ["a", "b"]);
        let anchors: Vec<&str> = form.errors.iter().map(|(anchor, _)| anchor.as_str()).collect();
        assert_eq!(anchors, ["", "f-from"], "an unknown parameter has no control to jump to");
    }

    #[test]
    fn each_filter_in_force_can_be_lifted_alone() {
        let form = form("range=30d&model=gpt-5&without=user");
        let chips: Vec<(&str, &str)> =
            form.chips.iter().map(|chip| (chip.label.as_str(), chip.href.as_str())).collect();
        assert_eq!(
            chips,
            [("Model: gpt-5", "/overview?range=30d&without=user"), ("no user", "/overview?range=30d&model=gpt-5"),]
        );
        assert_eq!(form.without, ["user"]);
        assert_eq!(form.clear, "/overview?range=30d");
    }
}
