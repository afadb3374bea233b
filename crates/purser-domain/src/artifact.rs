//! What a computed dataset was made from, so that it can be made again.

use serde::Serialize;

use crate::time::Timestamp;
use crate::usage_event::FieldError;

/// The longest text of an artifact, characters.
pub const TEXT_MAX: usize = 64;

/// What one version of a computed dataset was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Its id: `art_` and 16 hex digits; stays when the version is saved again.
    pub id: String,
    /// Which dataset and version, and what it was made from.
    #[serde(flatten)]
    pub made: Made,
    /// When it was saved last.
    pub recorded_at: Timestamp,
}

/// One version of a computed dataset and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// The dataset.
    pub dataset_id: String,
    /// Its version.
    pub dataset_version: String,
    /// Hash of the window of inputs that was read.
    pub input_window_hash: String,
    /// The instant as of which the inputs were read.
    pub as_of: Timestamp,
    /// Version of the code that computed it.
    pub compute_code_version: String,
}

impl Made {
    /// Checks that each text has 1 to [`TEXT_MAX`] characters, none of them a control character.
    ///
    /// # Errors
    /// Names each field, its value and the rule.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let texts = [
            ("dataset_id", &self.dataset_id),
            ("dataset_version", &self.dataset_version),
            ("input_window_hash", &self.input_window_hash),
            ("compute_code_version", &self.compute_code_version),
        ];
        let wrong: Vec<FieldError> = texts
            .into_iter()
            .filter(|(_, text)| !(1..=TEXT_MAX).contains(&text.chars().count()) || text.chars().any(char::is_control))
            .map(|(field, text)| {
                FieldError::new(field, text, format!("must be 1 to {TEXT_MAX} characters, none of them a control"))
            })
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Made {
        Made {
            dataset_id: "daily_cost".to_owned(),
            dataset_version: "3".to_owned(),
            input_window_hash: "é".repeat(64),
            as_of: Timestamp::from_micros(1),
            compute_code_version: "1.4.0".to_owned(),
        }
    }

    #[test]
    fn texts_of_one_to_64_characters_pass() {
        assert_eq!(made().check(), Ok(()));
    }

    #[test]
    fn each_text_that_does_not_fit_is_named() {
        let wrong = Made {
            dataset_id: String::new(),
            dataset_version: "a\nb".to_owned(),
            input_window_hash: "0".repeat(65),
            ..made()
        };
        let errors = wrong.check().expect_err("three do not fit");
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["dataset_id", "dataset_version", "input_window_hash"]);
    }
}
