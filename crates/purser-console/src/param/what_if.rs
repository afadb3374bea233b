//! The what-if page's question as it stands in the URL.
//! Invariant: a refused parameter is named, never dropped, and the form keeps what was typed.

use purser_domain::price::Discount;
use purser_domain::usage_event::FieldError;
use purser_domain::what_if::{Switch, parse_discount};
use url::form_urlencoded;

use super::Range;

/// What a query string says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    /// Which days.
    pub range: Range,
    /// The model that was used, as typed.
    pub model: String,
    /// The model in its place, as typed.
    pub with: String,
    /// The discount, as typed.
    pub discount: String,
    /// Everything that was refused.
    pub errors: Vec<FieldError>,
}

impl Parsed {
    /// Reads a query string. Empty values count as absent, as a form sends them.
    #[must_use]
    pub(crate) fn read(query: &str) -> Self {
        let mut parsed = Self {
            range: Range::Last30d,
            model: String::new(),
            with: String::new(),
            discount: String::new(),
            errors: Vec::new(),
        };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if seen.iter().any(|other| *other == name) {
                parsed.refuse(&name, value, "is given twice");
                continue;
            }
            match name.as_ref() {
                "range" => match Range::PRESETS.into_iter().find(|range| range.name() == value) {
                    Some(range) => parsed.range = range,
                    None => parsed.refuse("range", value, "must be 24h, 7d or 30d"),
                },
                "model" => value.clone_into(&mut parsed.model),
                "with" => value.clone_into(&mut parsed.with),
                "discount" => value.clone_into(&mut parsed.discount),
                _ => parsed.refuse(&name, value, "is not a parameter of this page"),
            }
            seen.push(name.into_owned());
        }
        if !parsed.with.is_empty() && parsed.model.is_empty() {
            parsed.refuse("model", "", "is needed with another model in its place");
        }
        parsed
    }

    fn refuse(&mut self, field: &str, value: &str, reason: &str) {
        self.errors.push(FieldError::new(field, value, reason));
    }

    /// The switch, if both models are named.
    pub(crate) fn switches(&self) -> Vec<Switch> {
        let asked = !self.model.is_empty() && !self.with.is_empty();
        asked.then(|| Switch { from: self.model.clone(), to: self.with.clone() }).into_iter().collect()
    }

    /// The discount, if one is given; a refused one is among the errors after.
    pub(crate) fn discounts(&mut self) -> Vec<Discount> {
        if self.discount.is_empty() {
            return Vec::new();
        }
        match parse_discount(&self.discount) {
            Ok(discount) => vec![discount],
            Err(_) => {
                let typed = self.discount.clone();
                self.refuse("discount", &typed, "must be a percentage such as 10, or MODEL=10, or PROVIDER/*=10");
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_from_the_address() {
        let mut parsed = Parsed::read("range=7d&model=gpt-4o&with=openai%2Fgpt-4o-mini&discount=12.5");
        assert_eq!(parsed.errors, []);
        assert_eq!(parsed.range, Range::Last7d);
        assert_eq!(parsed.switches(), [Switch { from: "gpt-4o".to_owned(), to: "openai/gpt-4o-mini".to_owned() }]);
        assert_eq!(parsed.discounts()[0].percent_milli, 12_500);
        let mut empty = Parsed::read("model=&with=&discount=");
        assert_eq!((empty.errors.len(), empty.switches().len(), empty.discounts().len()), (0, 0, 0));
        assert_eq!(Parsed::read("model=a").switches(), [], "a model alone is no switch");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (query, field) in [
            ("range=1y", "range"),
            ("with=gpt-4o-mini", "model"),
            ("modell=x", "modell"),
            ("model=a&model=b", "model"),
            ("discount=101", "discount"),
            ("discount=ten", "discount"),
        ] {
            let mut parsed = Parsed::read(query);
            parsed.discounts();
            let fields: Vec<&str> = parsed.errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, [field], "{query}");
        }
    }
}
