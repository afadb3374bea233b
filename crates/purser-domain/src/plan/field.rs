//! Reads the fields of one object, keeping every fault with its path.

use serde_json::{Map, Value};

use super::COUNT_MAX;
use crate::driver::Driver;
use crate::step::ERRORS_MAX;
use crate::usage_event::{FieldError, TEXT_MAX};

/// Every fault so far.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    pub(super) fn refuse(&mut self, path: &str, value: &Value, reason: impl Into<String>) {
        if !self.is_full() {
            self.0.push(FieldError::new(path, value, reason));
        }
    }

    /// Whether nothing more will be kept.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= ERRORS_MAX
    }
}

/// An object and where it stands.
pub(super) struct Fields<'a, 'p> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) path: &'p str,
}

impl<'a, 'p> Fields<'a, 'p> {
    /// `value` as an object whose fields are all among `known`; unknown ones are faults.
    pub(super) fn of(value: &'a Value, path: &'p str, known: &[&str], faults: &mut Faults) -> Option<Self> {
        let Value::Object(object) = value else {
            faults.refuse(path, value, format!("must be an object with {}", known.join(", ")));
            return None;
        };
        let fields = Self { object, path };
        fields.check_known(known, faults);
        Some(fields)
    }

    pub(super) fn check_known(&self, known: &[&str], faults: &mut Faults) {
        for (name, value) in self.object {
            if !known.contains(&name.as_str()) {
                let rule = format!("is unknown; known are {}", known.join(", "));
                faults.refuse(&self.at(name), value, rule);
            }
        }
    }

    pub(super) fn at(&self, name: &str) -> String {
        format!("{}.{}", self.path, name.chars().take(64).collect::<String>())
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(super) fn required(&self, name: &str, faults: &mut Faults) -> Option<&'a Value> {
        let found = self.get(name);
        if found.is_none() {
            faults.refuse(&self.at(name), &Value::Null, "is required");
        }
        found
    }

    /// Text of 1 to 1024 bytes without control characters.
    pub(super) fn name(&self, name: &str, faults: &mut Faults) -> Option<&'a str> {
        let value = self.get(name)?;
        let text = value
            .as_str()
            .filter(|text| !text.trim().is_empty() && text.len() <= TEXT_MAX && !text.chars().any(char::is_control));
        if text.is_none() {
            faults.refuse(&self.at(name), value, "must be text of 1 to 1024 bytes without control characters");
        }
        text
    }

    /// Any text.
    pub(super) fn text(&self, name: &str, faults: &mut Faults) -> Option<&'a str> {
        let value = self.get(name)?;
        if !value.is_string() {
            faults.refuse(&self.at(name), value, "must be text");
        }
        value.as_str()
    }

    pub(super) fn whole(&self, name: &str, min: u64, max: u64, faults: &mut Faults) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_u64().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            faults.refuse(&self.at(name), value, format!("must be a whole number from {min} to {max}"));
        }
        number
    }

    pub(super) fn number(&self, name: &str, min: f64, max: f64, faults: &mut Faults) -> Option<f64> {
        let value = self.get(name)?;
        let number = value.as_f64().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            faults.refuse(&self.at(name), value, format!("must be a number from {min} to {max}"));
        }
        number
    }

    pub(super) fn flag(&self, name: &str, faults: &mut Faults) -> Option<bool> {
        let value = self.get(name)?;
        if !value.is_boolean() {
            faults.refuse(&self.at(name), value, "must be true or false");
        }
        value.as_bool()
    }

    pub(super) fn driver(&self, name: &str, max: f64, faults: &mut Faults) -> Option<Driver> {
        let value = self.get(name)?;
        if faults.is_full() {
            return None;
        }
        Driver::parse(value, &self.at(name), max, &mut faults.0)
    }

    /// How often something is done: a driver, of which what is certain is whole.
    pub(super) fn count(&self, name: &str, faults: &mut Faults) -> Option<Driver> {
        let count = self.driver(name, f64::from(COUNT_MAX), faults)?;
        let is_whole = match &count {
            Driver::Constant(times) => times.fract() == 0.0,
            Driver::Quantiles(points) => points.iter().all(|(_, times)| times.fract() == 0.0),
            _ => true,
        };
        if !is_whole {
            let value = self.get(name)?;
            faults.refuse(&self.at(name), value, "must be whole: a mean between is that of a distribution");
            return None;
        }
        Some(count)
    }

    /// One of `choices`, by name.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let value = self.get(name)?;
        let found = value.as_str().and_then(|text| choices.iter().find(|(choice, _)| *choice == text));
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            faults.refuse(&self.at(name), value, format!("must be one of {}", names.join(", ")));
        }
        found.map(|(_, choice)| *choice)
    }
}
