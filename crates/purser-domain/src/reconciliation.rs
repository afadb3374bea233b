//! A provider's bill held against what was rated: by day, model and tier, each difference with its causes.
//! Invariant: the causes of a row add up to billed less rated, to the last digit; what has no name is `unexplained`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::time::Timestamp;
use crate::usage::Leaf;

/// What a line of a bill is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meter {
    /// Tokens, requests or searches of one leaf.
    Leaf(Leaf),
    /// A unit or a service of another kind, by its name: `file_searches`, `code_interpreter_sessions`.
    Unit(String),
    /// All that the model did.
    Whole,
}

/// What a bill and the ledger are compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Days since the epoch of the UTC date.
    pub day: i32,
    /// Canonical provider.
    pub provider: String,
    /// The model by the price book's own name where it knows it, else as billed; empty for what has no model.
    pub model: String,
    /// The service tier; `None` if the bill does not tell tiers apart.
    pub service_tier: Option<String>,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledLine {
    /// What it belongs to.
    pub key: Key,
    /// What it is for.
    pub meter: Meter,
    /// How much was used, by leaf, where the bill says so.
    pub quantities: Vec<(Leaf, u64)>,
    /// What it costs.
    pub amount: Money,
    /// Half of the last digit that the bill shows: by so much the amount may be rounded.
    pub rounding: Money,
}

/// Why billed and rated differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Usage on the bill that the ledger does not have.
    MissingUsage,
    /// Usage in the ledger that is not on the bill.
    NotBilled,
    /// Tokens that one side counts as cached and the other does not.
    CachedInput,
    /// Another service tier was billed than rated.
    Tier,
    /// The bill takes the same percentage off each unit price.
    Discount,
    /// Unit prices differ, or the ledger has usage without a price.
    Price,
    /// Searches, sessions and other things that are not tokens.
    Tools,
    /// The bill is rounded.
    Rounding,
    /// Nothing that is known explains it.
    Unexplained,
}

impl Cause {
    /// Every cause, in the order of tables.
    pub const ALL: [Self; 9] = [
        Self::MissingUsage,
        Self::NotBilled,
        Self::CachedInput,
        Self::Tier,
        Self::Discount,
        Self::Price,
        Self::Tools,
        Self::Rounding,
        Self::Unexplained,
    ];

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingUsage => "missing_usage",
            Self::NotBilled => "not_billed",
            Self::CachedInput => "cached_input",
            Self::Tier => "tier",
            Self::Discount => "discount",
            Self::Price => "price",
            Self::Tools => "tools",
            Self::Rounding => "rounding",
            Self::Unexplained => "unexplained",
        }
    }
}

/// Amounts by cause; a cause without an amount is absent.
pub type Causes = BTreeMap<Cause, Money>;

/// One row of a reconciliation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it compares.
    pub key: Key,
    /// What the bill says.
    pub billed: Money,
    /// What the ledger says.
    pub rated: Money,
    /// Why they differ.
    pub causes: Causes,
}

/// A bill held against the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reconciliation {
    /// By day, provider, model and tier.
    pub rows: Vec<Row>,
}

/// Rows of a bill that are about no model, or in another currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What they are about, in the bill's words.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// What they cost, USD.
    pub amount: Money,
}

/// A bill as it is sent: read, but not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// What it is called: mostly the file's name.
    pub name: String,
    /// Whose form it has: `openai-costs`, `focus`, `aws-cur`, ….
    pub kind: String,
    /// The lines about models.
    pub lines: Vec<BilledLine>,
    /// What is left out.
    pub left_out: Vec<LeftOut>,
}

/// A reconciliation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id: `rec_…`.
    pub id: String,
    /// What the bill is called.
    pub name: String,
    /// Whose form the bill has.
    pub kind: String,
    /// When it was made.
    pub recorded_at: Timestamp,
    /// What may be unexplained, millionths of the bill.
    pub tolerance_millionths: u32,
    /// The comparison.
    pub reconciliation: Reconciliation,
    /// What of the bill was left out.
    pub left_out: Vec<LeftOut>,
}

/// What is wrong with a bill as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What is open is within the tolerance.
    Agrees,
    /// More is open than is tolerated.
    Differs,
    /// The bill is empty: nothing was compared.
    Nothing,
}

impl Verdict {
    /// `agrees`, `differs` or `nothing`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Nothing => "nothing",
        }
    }
}

impl Reconciliation {
    /// What was billed in all.
    #[must_use]
    pub fn billed(&self) -> Money {
        self.rows.iter().map(|row| row.billed).sum()
    }

    /// What was rated in all.
    #[must_use]
    pub fn rated(&self) -> Money {
        self.rows.iter().map(|row| row.rated).sum()
    }

    /// The causes of all rows.
    #[must_use]
    pub fn causes(&self) -> Causes {
        let mut causes = Causes::new();
        for (cause, amount) in self.rows.iter().flat_map(|row| &row.causes) {
            let sum = causes.entry(*cause).or_default();
            *sum = [*sum, *amount].into_iter().sum();
        }
        causes
    }

    /// What nothing explains, without regard to its sign: a surplus of one row does not hide a lack of another.
    #[must_use]
    pub fn unexplained(&self) -> Money {
        let of_row = |row: &Row| row.causes.get(&Cause::Unexplained).map_or(0, |amount| amount.pico().abs());
        Money::from_pico(self.rows.iter().map(of_row).sum())
    }

    /// What keeps the bill from being reconciled: what nothing explains, and usage that only one side has. Without
    /// regard to its sign, row by row.
    #[must_use]
    pub fn open(&self) -> Money {
        let causes = [Cause::MissingUsage, Cause::NotBilled, Cause::Unexplained];
        let of_row =
            |row: &Row| causes.iter().filter_map(|cause| row.causes.get(cause)).map(|a| a.pico().abs()).sum::<i128>();
        Money::from_pico(self.rows.iter().map(of_row).sum())
    }

    /// The share of the bill that is rated or explained by a difference of price, tier, cache, tools or rounding, in
    /// millionths; `None` for an empty bill.
    #[must_use]
    pub fn reconciled_millionths(&self) -> Option<u32> {
        let billed: i128 = self.rows.iter().map(|row| row.billed.pico().abs()).sum();
        let open = self.open().pico();
        (billed > 0).then(|| u32::try_from((billed - open).max(0) * 1_000_000 / billed).unwrap_or(1_000_000))
    }

    /// The verdict at a tolerance in millionths of the bill.
    #[must_use]
    pub fn verdict(&self, tolerance_millionths: u32) -> Verdict {
        let billed: i128 = self.rows.iter().map(|row| row.billed.pico().abs()).sum();
        if self.rows.is_empty() {
            Verdict::Nothing
        } else if self.open().pico() * 1_000_000 <= billed * i128::from(tolerance_millionths) {
            Verdict::Agrees
        } else {
            Verdict::Differs
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(billed: i64, unexplained: i64) -> Row {
        let key = Key { day: 20_000, provider: "openai".into(), model: "gpt-5".into(), service_tier: None };
        let causes = Causes::from([(Cause::Unexplained, Money::from_cents(unexplained))]);
        Row { key, billed: Money::from_cents(billed), rated: Money::from_cents(billed - unexplained), causes }
    }

    #[test]
    fn a_surplus_does_not_hide_a_lack() {
        let both = Reconciliation { rows: vec![row(100, 10), row(100, -10)] };
        assert_eq!((both.unexplained(), both.causes()[&Cause::Unexplained]), (Money::from_cents(20), Money::ZERO));
        assert_eq!(both.reconciled_millionths(), Some(900_000));
        assert_eq!(both.verdict(100_000), Verdict::Agrees);
        assert_eq!(both.verdict(99_999), Verdict::Differs);
    }

    #[test]
    fn usage_that_one_side_lacks_is_explained_but_does_not_agree() {
        let missing = |cause| {
            let mut row = row(100, 0);
            row.causes = Causes::from([(cause, Money::from_cents(50))]);
            Reconciliation { rows: vec![row] }
        };
        assert_eq!(missing(Cause::MissingUsage).verdict(400_000), Verdict::Differs);
        assert_eq!(missing(Cause::MissingUsage).reconciled_millionths(), Some(500_000));
        assert_eq!(missing(Cause::Discount).verdict(0), Verdict::Agrees);
    }

    #[test]
    fn nothing_is_no_agreement() {
        assert_eq!(Reconciliation::default().verdict(1_000_000), Verdict::Nothing);
        assert_eq!(Reconciliation::default().reconciled_millionths(), None);
    }
}
