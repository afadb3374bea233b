//! Strict query strings: unknown and repeated parameters are refused by name, all errors at once.
//! Invariant: a handler that has called [`Params::finish`] has looked at every parameter that was sent.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_event::FieldError;
use purser_domain::usage_query::{Dimension, Filter};
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Reply};

/// The longest accepted value, bytes.
const VALUE_MAX: usize = 1024;
/// The most parameters of one request.
const PARAMETERS_MAX: usize = 100;

/// The parameters of a request, taken one by one.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    taken: Vec<bool>,
    errors: Vec<FieldError>,
    unreadable: bool,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

/// A request that takes no parameters.
#[derive(Debug)]
pub(crate) struct NoParams;

impl<S: Sync> FromRequestParts<S> for NoParams {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Reply<Self> {
        Params::parse(parts.uri.query().unwrap_or_default()).finish()?;
        Ok(Self)
    }
}

/// The path's parameters; a path that is no text names nothing.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Reply<Self> {
        let nothing = |_| Failure::new(StatusCode::NOT_FOUND, "not-found", "the path is not UTF-8 text without NUL");
        if parts.uri.path().contains("%00") {
            return Err(nothing(()));
        }
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(value)| Self(value)).map_err(|_| nothing(()))
    }
}

impl Params {
    /// Reads a raw query string.
    pub(crate) fn parse(raw: &str) -> Self {
        let mut params = Self::default();
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            if params.pairs.len() == PARAMETERS_MAX {
                params.refuse(&name, &value, "at most 100 parameters");
                break;
            }
            if name.contains('\u{fffd}') || value.contains('\u{fffd}') || value.contains('\0') {
                params.unreadable = true;
            } else if value.len() > VALUE_MAX {
                params.refuse(&name, &value, "is longer than 1 KiB");
            }
            params.pairs.push((name.into_owned(), value.into_owned()));
        }
        params.taken = vec![false; params.pairs.len()];
        params
    }

    /// Notes a refused value.
    pub(crate) fn refuse(&mut self, name: &str, value: &str, reason: impl Into<String>) {
        self.errors.push(FieldError::new(name, value, reason));
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn many(&mut self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        for ((key, value), taken) in self.pairs.iter().zip(&mut self.taken) {
            if key == name {
                *taken = true;
                values.push(value.clone());
            }
        }
        values
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let values = self.many(name);
        if values.len() > 1 {
            self.refuse(name, &values.join(", "), "is given more than once");
        }
        values.into_iter().next()
    }

    /// The value of a parameter, read as `T`.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(name, &text, error.to_string());
                None
            }
        }
    }

    /// An instant that must be there.
    pub(crate) fn required_time(&mut self, name: &str) -> Option<Timestamp> {
        if self.pairs.iter().all(|(key, _)| key != name) {
            self.refuse(name, "", "is required: an RFC 3339 date and time with an offset");
        }
        self.parsed(name)
    }

    /// A whole number within bounds, or `default`.
    pub(crate) fn number(&mut self, name: &str, bounds: std::ops::RangeInclusive<usize>, default: usize) -> usize {
        self.optional_number(name, bounds).unwrap_or(default)
    }

    /// A whole number within bounds, if given.
    pub(crate) fn optional_number(&mut self, name: &str, bounds: std::ops::RangeInclusive<usize>) -> Option<usize> {
        let text = self.text(name)?;
        match text.parse::<usize>() {
            Ok(number) if bounds.contains(&number) => Some(number),
            _ => {
                self.refuse(name, &text, format!("must be a whole number, {} to {}", bounds.start(), bounds.end()));
                None
            }
        }
    }

    /// How many rows a page has: 1 to 1,000, or 100.
    pub(crate) fn page_limit(&mut self) -> usize {
        self.number("limit", 1..=1_000, 100)
    }

    /// Where the page before ended, as `read` knows it.
    pub(crate) fn cursor<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text("cursor")?;
        let cursor = read(&text);
        if cursor.is_none() {
            self.refuse("cursor", &text, "is not a cursor of this route");
        }
        cursor
    }

    /// `true` or `false`, or `default`.
    pub(crate) fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.text(name).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                self.refuse(name, other, "must be true or false");
                default
            }
        }
    }

    /// One of `names`, or the first.
    pub(crate) fn one_of(&mut self, name: &str, names: &[&'static str]) -> &'static str {
        let first = names.first().copied().unwrap_or_default();
        let Some(text) = self.text(name) else { return first };
        names.iter().copied().find(|known| *known == text).unwrap_or_else(|| {
            self.refuse(name, &text, format!("must be {}", names.join(", ")));
            first
        })
    }

    /// `from` and `to`, both or neither.
    pub(crate) fn window(&mut self) -> Option<Window> {
        let given = |params: &Self, name: &str| params.pairs.iter().any(|(key, _)| key == name);
        match (given(self, "from"), given(self, "to")) {
            (false, false) => None,
            (true, true) => {
                let (from, to) = (self.parsed::<Timestamp>("from"), self.parsed::<Timestamp>("to"));
                let (from, to) = (from?, to?);
                let window = Window::new(from, to);
                if window.is_none() {
                    self.refuse("from", &from.to_string(), "must be before to");
                }
                window
            }
            (true, false) => {
                self.parsed::<Timestamp>("from");
                self.refuse("to", "", "is required with from");
                None
            }
            (false, true) => {
                self.parsed::<Timestamp>("to");
                self.refuse("from", "", "is required with to");
                None
            }
        }
    }

    /// Every parameter named after a dimension: `model=…&tag:team=…`; an empty value means "has none".
    pub(crate) fn filters(&mut self) -> Vec<Filter> {
        let mut filters: Vec<Filter> = Vec::new();
        for ((name, value), taken) in self.pairs.iter().zip(&mut self.taken) {
            let Ok(dimension) = name.parse::<Dimension>() else { continue };
            *taken = true;
            let mut values = vec![Some(value.clone())];
            if value.is_empty() {
                values.push(None);
            }
            match filters.iter_mut().find(|filter| filter.dimension == dimension) {
                Some(filter) => filter.values.append(&mut values),
                None => filters.push(Filter { dimension, values }),
            }
        }
        filters
    }

    /// Refuses what nobody asked for, and reports every error.
    pub(crate) fn finish(mut self) -> Reply<()> {
        if self.unreadable {
            let detail = "the query string is not percent-encoded UTF-8 text";
            return Err(Failure::new(StatusCode::BAD_REQUEST, "malformed-query", detail));
        }
        for ((name, value), taken) in self.pairs.iter().zip(&self.taken) {
            if !taken && self.errors.iter().all(|error| error.field != *name) {
                self.errors.push(FieldError::new(name.as_str(), value, "is not a parameter of this route"));
            }
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::invalid(self.errors)) }
    }
}

#[cfg(test)]
mod tests;
