//! What was read and not charged, as a note and as rows of a table.

use purser_domain::time::Calendar;
use purser_service::passed_over::Record;

use super::amount::{self, Amount};
use super::when;

/// A kind of input that was not charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Whose data it was.
    pub emitter: String,
    /// What it was.
    pub operation: String,
    /// Why it was not charged.
    pub why: String,
    /// How often it came.
    pub count: Amount,
    /// When it came last.
    pub last: String,
}

impl Row {
    /// The row of `record`.
    #[must_use]
    pub(crate) fn new(calendar: &Calendar, record: &Record) -> Self {
        Self {
            emitter: record.kind.emitter.clone(),
            operation: record.kind.operation.clone(),
            why: record.kind.reason.name().replace('_', " "),
            count: amount::count(i64::try_from(record.count).unwrap_or(i64::MAX)),
            last: when::minute(calendar, record.last_at),
        }
    }
}

/// What the overview says of `records`: nothing, unless some are doubtful or nothing at all was charged so far.
#[must_use]
pub(crate) fn note(records: &[Record], nothing_charged: bool) -> Option<String> {
    let count = |doubtful: bool| -> u64 {
        records.iter().filter(|record| !doubtful || record.kind.reason.is_doubtful()).map(|record| record.count).sum()
    };
    match (count(true), count(false)) {
        (0, 0) => None,
        (0, all) if nothing_charged => {
            Some(format!("{all} items arrived in the last 7 days, and none of them is a call that could be charged."))
        }
        (0, _) => None,
        (doubtful, _) => Some(format!(
            "{doubtful} items of the last 7 days were not charged, or not in full, although they may cost money."
        )),
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::passed_over::{PassedOver, Reason};
    use purser_domain::time::Timestamp;

    use super::*;

    fn record(reason: Reason, count: u64) -> Record {
        let at = Timestamp::from_micros(0);
        Record { kind: PassedOver::new("ai-sdk", "decide", reason), count, first_at: at, last_at: at }
    }

    #[test]
    fn the_note_speaks_of_doubtful_items_only_unless_nothing_was_charged() {
        let (agent, decide) = (record(Reason::NotACall, 5), record(Reason::UnknownOperation, 2));
        assert_eq!(note(&[], true), None);
        assert_eq!(note(std::slice::from_ref(&agent), false), None);
        assert!(note(std::slice::from_ref(&agent), true).is_some_and(|text| text.starts_with("5 items arrived")));
        assert!(note(&[agent, decide], false).is_some_and(|text| text.starts_with("2 items")));
    }
}
