//! Bills held against what was charged.
//! Invariant: the rows of a table add up to its total; causes add up to the difference.

use std::collections::BTreeMap;

use purser_domain::money::Money;
use purser_domain::reconciliation::{Cause, Recorded, Row, Verdict};
use purser_domain::time::Calendar;

use super::amount::{self, Amount};
use super::when;

/// One bill of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it is shown.
    pub href: String,
    /// Whether it is the one shown.
    pub current: bool,
    /// What the bill is called.
    pub name: String,
    /// Whose form it has.
    pub kind: String,
    /// When it was compared.
    pub when: String,
    /// What was billed.
    pub billed: Amount,
    /// What was charged.
    pub rated: Amount,
    /// What nothing explains.
    pub unexplained: Amount,
    /// `agrees` or `differs`.
    pub verdict: &'static str,
}

/// One bill by model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    /// What the bill is called.
    pub name: String,
    /// The verdict in a sentence.
    pub verdict: String,
    /// Names of the causes that occur.
    pub causes: Vec<&'static str>,
    /// Provider, model and the figures: billed, rated, difference, each cause.
    pub rows: Vec<(String, String, Vec<Amount>)>,
    /// The figures of all rows.
    pub total: Vec<Amount>,
    /// What of the bill was left out, in words.
    pub left_out: Vec<String>,
}

impl Line {
    /// A line of the list.
    #[must_use]
    pub(crate) fn new(calendar: &Calendar, recorded: &Recorded, current: bool) -> Self {
        let reconciliation = &recorded.reconciliation;
        Self {
            href: format!("/reconciliations?id={}", recorded.id),
            current,
            name: recorded.name.clone(),
            kind: recorded.kind.clone(),
            when: when::minute(calendar, recorded.recorded_at),
            billed: amount::money(reconciliation.billed()),
            rated: amount::money(reconciliation.rated()),
            unexplained: amount::money(reconciliation.unexplained()),
            verdict: reconciliation.verdict(recorded.tolerance_millionths).name(),
        }
    }
}

impl Detail {
    /// A bill by provider and model.
    #[must_use]
    pub(crate) fn new(recorded: &Recorded) -> Self {
        let reconciliation = &recorded.reconciliation;
        let found = reconciliation.causes();
        let causes: Vec<Cause> = Cause::ALL.into_iter().filter(|cause| found.contains_key(cause)).collect();
        let mut sums: BTreeMap<(&str, &str), Vec<Money>> = BTreeMap::new();
        for row in &reconciliation.rows {
            add(sums.entry((&row.key.provider, &row.key.model)).or_default(), &figures(row, &causes));
        }
        let mut total = vec![Money::ZERO; causes.len() + 3];
        sums.values().for_each(|sum| add(&mut total, sum));
        let amounts = |sum: &[Money]| sum.iter().map(|money| amount::money(*money)).collect::<Vec<_>>();
        let verdict = match reconciliation.verdict(recorded.tolerance_millionths) {
            Verdict::Agrees => "The bill agrees: what is open is within the tolerance.",
            Verdict::Differs => "The bill differs: more is open than is tolerated.",
            Verdict::Nothing => "The bill is empty.",
        };
        Self {
            name: recorded.name.clone(),
            verdict: verdict.to_owned(),
            causes: causes.iter().map(|cause| title(*cause)).collect(),
            rows: sums
                .iter()
                .map(|((provider, model), sum)| ((*provider).to_owned(), (*model).to_owned(), amounts(sum)))
                .collect(),
            total: amounts(&total),
            left_out: recorded
                .left_out
                .iter()
                .map(|left| format!("{} rows of {}: {}", left.rows, left.name, amount::money(left.amount).text))
                .collect(),
        }
    }
}

fn figures(row: &Row, causes: &[Cause]) -> Vec<Money> {
    let difference = Money::from_pico(row.billed.pico() - row.rated.pico());
    let by_cause = causes.iter().map(|cause| row.causes.get(cause).copied().unwrap_or_default());
    [row.billed, row.rated, difference].into_iter().chain(by_cause).collect()
}

fn add(sum: &mut Vec<Money>, figures: &[Money]) {
    sum.resize(figures.len().max(sum.len()), Money::ZERO);
    for (place, figure) in sum.iter_mut().zip(figures) {
        *place = [*place, *figure].into_iter().sum();
    }
}

const fn title(cause: Cause) -> &'static str {
    match cause {
        Cause::MissingUsage => "Missing usage",
        Cause::NotBilled => "Not billed",
        Cause::CachedInput => "Cached input",
        Cause::Tier => "Tier",
        Cause::Discount => "Discount",
        Cause::Price => "Price",
        Cause::Tools => "Tools",
        Cause::Rounding => "Rounding",
        Cause::Unexplained => "Unexplained",
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::reconciliation::{Causes, Key, Reconciliation};
    use purser_domain::time::Timestamp;

    use super::*;

    #[test]
    fn days_of_a_model_are_one_row_and_add_up() {
        let row = |day, billed, unexplained| {
            let key = Key { day, provider: "openai".into(), model: "gpt-5".into(), service_tier: None };
            let causes = Causes::from([(Cause::Unexplained, Money::from_cents(unexplained))]);
            let (billed, rated) = (Money::from_cents(billed), Money::from_cents(billed - unexplained));
            Row { key, billed, rated, causes }
        };
        let recorded = Recorded {
            id: "rec_1".to_owned(),
            name: "november.csv".to_owned(),
            kind: "openai-costs".to_owned(),
            recorded_at: Timestamp::from_micros(0),
            tolerance_millionths: 10_000,
            reconciliation: Reconciliation { rows: vec![row(1, 100, 5), row(2, 200, 0)] },
            left_out: Vec::new(),
        };
        let detail = Detail::new(&recorded);
        let texts = |amounts: &[Amount]| amounts.iter().map(|amount| amount.text.clone()).collect::<Vec<_>>();
        assert_eq!(detail.rows.len(), 1);
        assert_eq!(texts(&detail.rows[0].2), ["$3.00", "$2.95", "$0.0500", "$0.0500"]);
        assert_eq!(detail.total, detail.rows[0].2);
        assert_eq!(Line::new(&Calendar::default(), &recorded, true).verdict, "differs");
    }
}
