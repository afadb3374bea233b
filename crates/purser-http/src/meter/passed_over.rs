//! The counter of what was read and not charged.
//! Invariant: its labels are words of code, never values of data, and there are at most [`SERIES_MAX`] of their sets.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use metrics::counter;
use purser_domain::passed_over::{PassedOver, Reason};

/// The most label sets; beyond them the rest of a reason shares one.
const SERIES_MAX: usize = 200;
/// The counter's name.
pub(super) const NAME: &str = "purser_passed_over_total";

static SERIES: LazyLock<Mutex<HashSet<PassedOver>>> = LazyLock::new(Mutex::default);

/// Counts `count` of `kind`, which `receiver` read.
pub(super) fn count(receiver: &'static str, kind: &PassedOver, count: u64) {
    let kind = bounded(labels(receiver, kind));
    let PassedOver { emitter, operation, reason } = kind;
    counter!(NAME, "emitter" => emitter, "operation" => operation, "reason" => reason.name()).increment(count);
}

/// The kind as labels may show it: a name with other characters than a word of code has is left out, as are the source
/// and model of counts that contradict each other.
fn labels(receiver: &str, kind: &PassedOver) -> PassedOver {
    if kind.reason == Reason::CountsContradict {
        return PassedOver::new(receiver, "", kind.reason);
    }
    let word = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '/');
        if text.chars().all(fits) { text.to_owned() } else { "other".to_owned() }
    };
    PassedOver::new(&word(&kind.emitter), &word(&kind.operation), kind.reason)
}

fn bounded(kind: PassedOver) -> PassedOver {
    let mut series = SERIES.lock().unwrap_or_else(PoisonError::into_inner);
    if series.contains(&kind) {
        return kind;
    }
    if series.len() < SERIES_MAX {
        series.insert(kind.clone());
        return kind;
    }
    PassedOver::new("others", "", kind.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_code_are_labels() {
        let shown =
            |emitter: &str, operation: &str, reason| labels("otlp_http", &PassedOver::new(emitter, operation, reason));
        let kind = PassedOver::new("ai-sdk", "decide", Reason::UnknownOperation);
        assert_eq!(shown("ai-sdk", "decide", Reason::UnknownOperation), kind);
        let kind = PassedOver::new("ai-sdk", "other", Reason::UnknownOperation);
        assert_eq!(shown("ai-sdk", "what Ann asked?", Reason::UnknownOperation), kind);
        let kind = PassedOver::new("otlp_http", "", Reason::CountsContradict);
        assert_eq!(shown("a source", "a-model", Reason::CountsContradict), kind);
    }

    #[test]
    fn series_are_bounded() {
        let kind = |n: usize| PassedOver::new("test", &n.to_string(), Reason::Metric);
        for n in 0..SERIES_MAX {
            bounded(kind(n));
        }
        assert_eq!(bounded(kind(SERIES_MAX)), PassedOver::new("others", "", Reason::Metric));
        assert_eq!(bounded(kind(0)), kind(0), "a known one stays");
    }
}
