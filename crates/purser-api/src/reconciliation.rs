//! Bills held against the ledger.

use std::collections::BTreeMap;

use purser_domain::money::Money;
use purser_domain::reconciliation::{Causes, Recorded, Row};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A bill to hold against the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationRequest {
    /// The text of the CSV file: an export of costs, OpenRouter's activity, FOCUS or AWS CUR.
    pub bill: String,
    /// What the bill is called; `bill` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many percent of the bill may be open; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.5")]
    pub tolerance_percent: Option<String>,
}

/// A bill held against the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationRecord {
    /// Its id.
    pub id: String,
    /// What the bill is called.
    pub name: String,
    /// Whose form the bill has: `openai-costs`, `anthropic-costs`, `openrouter`, `focus`, `aws-cur`.
    pub kind: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// `agrees` or `differs`: whether what is open is within the tolerance.
    pub verdict: String,
    /// How many percent of the bill may be open.
    pub tolerance_percent: String,
    /// What was billed.
    #[schema(value_type = String)]
    pub billed_usd: Money,
    /// What the ledger charged.
    #[schema(value_type = String)]
    pub rated_usd: Money,
    /// Billed less rated: the sum of the causes.
    #[schema(value_type = String)]
    pub difference_usd: Money,
    /// The share of the bill that is not open, 0 to 1.
    pub reconciled_ratio: Option<f64>,
    /// Amounts by cause.
    #[schema(value_type = BTreeMap<String, String>)]
    pub causes: BTreeMap<String, Money>,
    /// By day, provider, model and tier; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<ReconciliationRow>>,
    /// Rows of the bill about other things.
    pub left_out: Vec<ReconciliationLeftOut>,
}

/// One day, model and tier of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationRow {
    /// The UTC date.
    #[schema(format = Date)]
    pub date: String,
    /// Canonical provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The service tier; null if the bill does not tell tiers apart.
    pub service_tier: Option<String>,
    /// What was billed.
    #[schema(value_type = String)]
    pub billed_usd: Money,
    /// What the ledger charged.
    #[schema(value_type = String)]
    pub rated_usd: Money,
    /// Billed less rated.
    #[schema(value_type = String)]
    pub difference_usd: Money,
    /// Amounts by cause: they add up to the difference.
    #[schema(value_type = BTreeMap<String, String>)]
    pub causes: BTreeMap<String, Money>,
}

/// Rows of a bill about something that is no model, or in another currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationLeftOut {
    /// What they are about.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// What they cost.
    #[schema(value_type = String)]
    pub amount_usd: Money,
}

/// A page of reconciliations, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationPage {
    /// The reconciliations, without their rows.
    pub reconciliations: Vec<ReconciliationRecord>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl ReconciliationRecord {
    /// The record without its rows, as lists have it.
    #[must_use]
    pub fn summary(recorded: &Recorded) -> Self {
        let reconciliation = &recorded.reconciliation;
        let (billed, rated) = (reconciliation.billed(), reconciliation.rated());
        Self {
            id: recorded.id.clone(),
            name: recorded.name.clone(),
            kind: recorded.kind.clone(),
            recorded_at: recorded.recorded_at,
            verdict: reconciliation.verdict(recorded.tolerance_millionths).name().to_owned(),
            tolerance_percent: percent(recorded.tolerance_millionths),
            billed_usd: billed,
            rated_usd: rated,
            difference_usd: difference(billed, rated),
            reconciled_ratio: reconciliation.reconciled_millionths().map(|share| f64::from(share) / 1e6),
            causes: named(&reconciliation.causes()),
            rows: None,
            left_out: recorded
                .left_out
                .iter()
                .map(|left| ReconciliationLeftOut { name: left.name.clone(), rows: left.rows, amount_usd: left.amount })
                .collect(),
        }
    }
}

impl From<&Recorded> for ReconciliationRecord {
    fn from(recorded: &Recorded) -> Self {
        Self { rows: Some(recorded.reconciliation.rows.iter().map(Into::into).collect()), ..Self::summary(recorded) }
    }
}

impl From<&Row> for ReconciliationRow {
    fn from(row: &Row) -> Self {
        Self {
            date: date(row.key.day),
            provider: row.key.provider.clone(),
            model: row.key.model.clone(),
            service_tier: row.key.service_tier.clone(),
            billed_usd: row.billed,
            rated_usd: row.rated,
            difference_usd: difference(row.billed, row.rated),
            causes: named(&row.causes),
        }
    }
}

fn named(causes: &Causes) -> BTreeMap<String, Money> {
    causes.iter().map(|(cause, amount)| (cause.name().to_owned(), *amount)).collect()
}

fn difference(billed: Money, rated: Money) -> Money {
    Money::from_pico(billed.pico() - rated.pico())
}

/// The UTC date of a day since the epoch.
fn date(day: i32) -> String {
    Timestamp::from_micros(i64::from(day) * 86_400_000_000).to_string().chars().take(10).collect()
}

/// Millionths as percent, without zeros at the end.
fn percent(millionths: u32) -> String {
    let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Percent as millionths, if the text is 0 to 100 with at most four decimals.
#[must_use]
pub fn tolerance_millionths(percent: &str) -> Option<u32> {
    let (digits, scale) = purser_domain::money::parse_decimal(percent).ok()?;
    let shift = 4 - scale;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    let millionths =
        if shift >= 0 { digits.checked_mul(power)? } else { (digits % power == 0).then_some(digits / power)? };
    u32::try_from(millionths).ok().filter(|millionths| *millionths <= 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_a_percentage() {
        for (text, expect) in [
            ("1", Some(10_000)),
            ("0.5", Some(5_000)),
            ("100", Some(1_000_000)),
            ("100.1", None),
            ("-1", None),
            ("x", None),
        ] {
            assert_eq!(tolerance_millionths(text), expect, "{text}");
        }
        assert_eq!((percent(5_000), percent(10_000), percent(0)), ("0.5".to_owned(), "1".to_owned(), "0".to_owned()));
    }

    #[test]
    fn a_day_is_a_date() {
        assert_eq!((date(0), date(20_422)), ("1970-01-01".to_owned(), "2025-11-30".to_owned()));
    }
}
