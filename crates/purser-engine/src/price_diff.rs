//! Where two catalogues charge the same call differently.
//! Invariant: rates are compared after fallback, so two spellings of one price do not differ.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Price, Rate, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;

use crate::price_book::{PriceBook, rate_chain};

/// The outcome of comparing a left and a right catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Rates that differ, by provider, model and field.
    pub differences: Vec<Difference>,
    /// Models of both that agree in every rate that both have: (provider, left's own name).
    pub agreeing: Vec<(String, String)>,
    /// Models that only the left catalogue prices at that date: (provider, own name).
    pub only_left: Vec<(String, String)>,
    /// Models that only the right catalogue prices at that date.
    pub only_right: Vec<(String, String)>,
}

/// One rate, or a whole tier, that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Canonical provider.
    pub provider: String,
    /// The left catalogue's own name of the model.
    pub model: String,
    /// The right catalogue's own name of it.
    pub right_model: String,
    /// `standard.input`, `batch>200000.output`; `priority` alone for a tier that one side lacks.
    pub field: String,
    /// The left rate, fallback resolved; `None` if the left side would not price it.
    pub left: Option<Rate>,
    /// The right rate.
    pub right: Option<Rate>,
}

impl Difference {
    /// Whether both sides name a rate (else one of them merely says nothing).
    #[must_use]
    pub const fn is_contradiction(&self) -> bool {
        self.left.is_some() && self.right.is_some()
    }
}

/// Compares what both catalogues charge at `at`, model by model.
///
/// Two models are the same if one's own name is a name of the other at the same provider.
#[must_use]
pub fn diff(left: &[Price], right: &[Price], at: Timestamp) -> Diff {
    let (left_book, _) = PriceBook::compile(left.to_vec());
    let (right_book, _) = PriceBook::compile(right.to_vec());
    let mut diff = Diff::default();
    let mut compared = BTreeSet::new();
    for (provider, model) in own_names(left) {
        let Ok((here, _)) = left_book.find(&provider, &model, at) else { continue };
        match right_book.find(&provider, &model, at) {
            Ok((there, _)) => {
                compared.insert((there.provider.clone(), there.model.to_ascii_lowercase()));
                diff.compare(here, there);
            }
            Err(_) => diff.only_left.push((provider, here.model.clone())),
        }
    }
    for (provider, model) in own_names(right) {
        if compared.contains(&(provider.clone(), model.clone())) {
            continue;
        }
        let Ok((there, _)) = right_book.find(&provider, &model, at) else { continue };
        match left_book.find(&provider, &model, at) {
            Ok((here, _)) => diff.compare(here, there),
            Err(_) => diff.only_right.push((provider, there.model.clone())),
        }
    }
    diff.only_left.retain(|name| !diff.agreeing.contains(name));
    diff.finish();
    diff
}

impl Diff {
    fn compare(&mut self, here: &Price, there: &Price) {
        let found = differences(here, there);
        if !found.iter().any(Difference::is_contradiction) {
            self.agreeing.push((here.provider.clone(), here.model.clone()));
        }
        self.differences.extend(found);
    }

    fn finish(&mut self) {
        self.differences.sort_by(|a, b| {
            (&a.provider, &a.model, &a.right_model, &a.field).cmp(&(&b.provider, &b.model, &b.right_model, &b.field))
        });
        self.differences.dedup();
        for names in [&mut self.agreeing, &mut self.only_left, &mut self.only_right] {
            names.sort();
            names.dedup();
        }
        let differing: BTreeSet<(String, String)> = self
            .differences
            .iter()
            .filter(|difference| difference.is_contradiction())
            .map(|difference| (difference.provider.clone(), difference.model.clone()))
            .collect();
        self.agreeing.retain(|name| !differing.contains(name));
        let both: BTreeSet<&(String, String)> = self.agreeing.iter().chain(&differing).collect();
        self.only_left.retain(|name| !both.contains(name));
    }
}

/// Where two prices of one model differ.
#[must_use]
pub fn differences(left: &Price, right: &Price) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut push = |field: String, left_rate: Option<Rate>, right_rate: Option<Rate>| {
        found.push(Difference {
            provider: left.provider.clone(),
            model: left.model.clone(),
            right_model: right.model.clone(),
            field,
            left: left_rate,
            right: right_rate,
        });
    };
    let (here, there) = (by_key(left), by_key(right));
    let keys: BTreeSet<_> = here.keys().chain(there.keys()).copied().collect();
    for (name, over) in keys {
        let tier = if over == 0 { name.to_owned() } else { format!("{name}>{over}") };
        // A threshold that one side lacks means: its rates of smaller calls hold.
        let row = |side: &BTreeMap<(&str, u64), &Tier>| {
            side.range((name, 0)..=(name, over)).next_back().map(|(_, tier)| tier.rates)
        };
        let (own_here, own_there) = match (row(&here), row(&there)) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => {
                let input = |rates: Option<rate_chain::Rates>| rates.and_then(|rates| rates[Leaf::Input as usize]);
                if over == 0 {
                    push(tier, input(a), input(b));
                }
                continue;
            }
        };
        let (a, b) = (rate_chain::as_parts(&own_here), rate_chain::as_parts(&own_there));
        for leaf in Leaf::ALL {
            let named = own_here[leaf as usize].is_some() || own_there[leaf as usize].is_some();
            if named && a[leaf as usize] != b[leaf as usize] {
                push(format!("{tier}.{leaf}"), a[leaf as usize], b[leaf as usize]);
            }
        }
    }
    found
}

fn by_key(price: &Price) -> BTreeMap<(&str, u64), &Tier> {
    price.tiers.iter().map(|tier| ((tier.service_tier.as_str(), tier.over_input_tokens), tier)).collect()
}

/// (provider, own name in lower case), each once.
fn own_names(prices: &[Price]) -> BTreeSet<(String, String)> {
    prices.iter().map(|price| (price.provider.clone(), price.model.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests;
