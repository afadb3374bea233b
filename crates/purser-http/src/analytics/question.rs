//! What a caller asks of the statistics: window, resolution, scope, as_of. Strict; all errors at once.

use purser_domain::time::{Grain, Timestamp, Window};
use purser_domain::usage_query::{Dimension, Filter};

use crate::failure::{Failure, Reply};
use crate::params::Params;

/// The longest window: 90 days, exactly 90 allowed.
const SPAN_MAX_MICROS: i64 = 90 * 86_400_000_000;

/// A checked question.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) window: Window,
    pub(crate) grain: Grain,
    pub(crate) resolution: &'static str,
    pub(crate) filters: Vec<Filter>,
    pub(crate) as_of: Option<Timestamp>,
}

impl Question {
    /// Reads a question; what is wrong is `INVALID_QUERY` with every field.
    pub(crate) fn read(params: Params) -> Reply<Self> {
        Self::parse(params).map_err(Failure::into_invalid_query)
    }

    fn parse(mut params: Params) -> Reply<Self> {
        let (from, to) = (params.required_time("from"), params.required_time("to"));
        let resolution = params.one_of("resolution", &["day", "hour"]);
        let scope = params.one_of("scope", &["org", "project", "env"]);
        let scope_id = params.text("scope_id");
        let as_of = params.parsed::<Timestamp>("as_of");
        let window = match (from, to) {
            (Some(from), Some(to)) if from >= to => {
                params.refuse("from", &from.to_string(), "must be before to");
                None
            }
            (Some(from), Some(to)) if to.micros() - from.micros() > SPAN_MAX_MICROS => {
                params.refuse("to", &to.to_string(), "must be at most 90 days after from");
                None
            }
            (Some(from), Some(to)) => Window::new(from, to),
            _ => None,
        };
        let filters = match (scope, scope_id) {
            ("org", None) => Vec::new(),
            ("org", Some(id)) => {
                params.refuse("scope_id", &id, "goes with scope project or env only");
                Vec::new()
            }
            (_, None) => {
                params.refuse("scope_id", "", format!("is required with scope {scope}"));
                Vec::new()
            }
            (scope, Some(id)) => {
                let dimension = if scope == "project" { Dimension::Project } else { Dimension::Environment };
                vec![Filter { dimension, values: vec![Some(id)] }]
            }
        };
        params.finish()?;
        let window = window.ok_or_else(|| Failure::malformed("the window is missing"))?;
        let grain = if resolution == "hour" { Grain::Hour } else { Grain::Day };
        Ok(Self { window, grain, resolution, filters, as_of })
    }

    /// `usage_20260101_20260131.csv`
    pub(crate) fn file_name(&self, what: &str, extension: &str) -> String {
        let day = |at: Timestamp| at.to_jiff().strftime("%Y%m%d").to_string();
        format!("{what}_{}_{}.{extension}", day(self.window.from), day(self.window.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(raw: &str) -> Vec<(String, String)> {
        let problem = Question::read(Params::parse(raw)).expect_err(raw).problem("r");
        assert_eq!((problem.status, problem.code.as_str()), (400, "INVALID_QUERY"), "{raw}");
        problem.field_errors.into_iter().map(|error| (error.field, error.reason)).collect()
    }

    #[test]
    fn exactly_ninety_days_are_allowed() {
        assert!(Question::read(Params::parse("from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z")).is_ok());
        let errors = refused("from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:01Z");
        assert_eq!(errors, [("to".to_owned(), "must be at most 90 days after from".to_owned())]);
    }

    #[test]
    fn all_errors_are_collected() {
        let errors = refused("from=2026-01-01T00:00:00&resolution=week&scope=team&scope_id=x&scope_id=y&bogus=1");
        let names: Vec<&str> = errors.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["from", "to", "resolution", "scope", "scope_id", "scope_id", "bogus"]);
    }

    #[test]
    fn a_project_scope_needs_its_id_and_filters() {
        let question =
            Question::read(Params::parse("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&scope=env&scope_id=prod"))
                .expect("a good question");
        assert_eq!(question.filters[0].dimension, Dimension::Environment);
        assert_eq!(question.file_name("usage", "csv"), "usage_20260101_20260102.csv");
        assert_eq!(refused("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&scope=project")[0].0, "scope_id");
    }
}
