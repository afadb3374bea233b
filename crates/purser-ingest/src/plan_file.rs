//! Reads a plan from text: JSON, or YAML of the same shape.
//! Invariant: two equal keys, and what YAML can say and JSON cannot (tags, infinities), are refused; aliases are bounded.

use purser_domain::plan::Plan;
use purser_domain::unique_json::Unique;
use purser_domain::usage_event::FieldError;
use serde_json::Value;

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML 1.2.
    Yaml,
}

impl Format {
    /// By the ending of the file's name; without one that tells, JSON starts with a bracket.
    #[must_use]
    pub fn of(ending: Option<&str>, text: &str) -> Self {
        match ending {
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            _ if text.trim_start().starts_with(['{', '[']) => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// The plan, and the same as JSON.
///
/// # Errors
/// The syntax, by line and column, or every fault of the plan, by path.
pub fn parse(text: &str, format: Format) -> Result<(Plan, Value), Vec<FieldError>> {
    let sent = match format {
        Format::Json => serde_json::from_str(text).map(|Unique(sent)| sent).map_err(|error| error.to_string()),
        Format::Yaml => yaml(text).map_err(|error| error.to_string()),
    };
    let sent = sent.map_err(|error| vec![FieldError::new("plan", "", format!("is unreadable: {error}"))])?;
    Ok((Plan::parse(&sent, "plan")?, sent))
}

/// YAML as JSON has it: only `true` and `false` are booleans.
fn yaml(text: &str) -> Result<Value, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_reads_as_the_json_of_the_same_shape() {
        let text = "\
- skill: http_call
  params: {url: 'https://example.com', n: 5}
  iterations: 2
- {id: no, skill: kv_get, on_error: continue}
";
        let expected = serde_json::json!([
            {"skill": "http_call", "params": {"url": "https://example.com", "n": 5}, "iterations": 2},
            {"id": "no", "skill": "kv_get", "on_error": "continue"},
        ]);
        let (plan, sent) = parse(text, Format::Yaml).expect("a plan");
        assert_eq!(sent, expected);
        assert_eq!(parse(&expected.to_string(), Format::Json), Ok((plan, sent)));
        for (text, number) in [("1.5", "1.5"), ("1e3", "1000.0"), ("-2", "-2"), ("'2'", "\"2\""), ("0.9", "0.9")] {
            assert_eq!(yaml(text).expect("YAML").to_string(), number, "{text}");
        }
    }

    #[test]
    fn yaml_that_json_cannot_say_is_refused() {
        for text in ["a: 1\na: 2\n", "a: .inf", "a: .nan", "a: !include b", "a: [", "a: 1\n---\nb: 2\n"] {
            assert!(yaml(text).is_err(), "{text}: {:?}", yaml(text));
        }
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (last, name) in "abcdefghijk".chars().zip("bcdefghijkl".chars()) {
            bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{last}"); 9].join(", ")));
        }
        assert!(yaml(&bomb).is_err(), "aliases that explode");
    }

    #[test]
    fn faults_of_syntax_say_where() {
        for (text, format, place) in [
            ("[{\"skill\": \"x\"", Format::Json, "line 1"),
            ("steps: []\nsteps: []\n", Format::Yaml, "line 2"),
            ("- skill: [\n", Format::Yaml, "line 1, column 10"),
        ] {
            let faults = parse(text, format).expect_err("unreadable");
            assert_eq!(faults.len(), 1);
            assert_eq!(faults[0].field, "plan");
            assert!(faults[0].reason.contains(place), "{text}: {}", faults[0].reason);
        }
    }

    #[test]
    fn faults_of_the_plan_are_all_there() {
        let faults = parse("- {skill: http_call, iterations: 0}\n- {skil: x}\n", Format::Yaml).expect_err("two");
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["plan[0].iterations", "plan[1]"]);
    }

    #[test]
    fn without_an_ending_json_starts_with_a_bracket() {
        for (ending, text, expected) in [
            (None, " [{}]", Format::Json),
            (None, "- skill: x", Format::Yaml),
            (Some("yml"), "[]", Format::Yaml),
            (Some("json"), "- x", Format::Json),
            (Some("txt"), "steps: []", Format::Yaml),
        ] {
            assert_eq!(Format::of(ending, text), expected, "{ending:?} {text}");
        }
    }
}
