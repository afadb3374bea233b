//! Fills in what LiteLLM leaves to its fallbacks, so that every row stands for itself.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Rate, STANDARD, Tier};
use purser_domain::usage::Leaf;

/// A rate per leaf, where there is one.
type Row = [Option<Rate>; Leaf::COUNT];

/// The rates of an entry by service tier (empty: standard) and context size, as the fields name them.
#[derive(Debug, Default)]
pub(super) struct FieldRates(BTreeMap<(&'static str, u64), Row>);

impl FieldRates {
    pub(super) fn insert(&mut self, service_tier: &'static str, over: u64, leaf: Leaf, rate: Rate) {
        self.0.entry((service_tier, over)).or_insert([None; Leaf::COUNT])[leaf as usize] = Some(rate);
    }

    pub(super) fn get(&self, service_tier: &'static str, over: u64, leaf: Leaf) -> Option<Rate> {
        self.0.get(&(service_tier, over)).and_then(|row| row[leaf as usize])
    }

    /// Every tier with complete rows.
    ///
    /// A reasoning rate that equals the output rate is none of its own: it follows the output rate into
    /// other contexts and tiers, as every provider bills it; so does one that a tier with an output
    /// rate of its own does not repeat. Standard rows inherit from the next smaller context. A tier's row is the standard one with
    /// the tier's own rates of the same context on it. A batch row inherits nothing but the rates
    /// per call: a token without a batch rate of its own is charged at its parent's.
    pub(super) fn tiers(&self) -> Vec<Tier> {
        let sizes = |name: &'static str| self.0.keys().filter(move |(tier, _)| *tier == name).map(|(_, over)| *over);
        let mut tiers = Vec::new();
        let names: BTreeSet<&'static str> = self.0.keys().map(|(tier, _)| *tier).collect();
        for name in names {
            let overs: BTreeSet<u64> = [0].into_iter().chain(sizes("")).chain(sizes(name)).collect();
            let mut row = [None; Leaf::COUNT];
            let of_base = |name: &'static str, leaf| self.get(name, 0, leaf);
            let follows_output = of_base("", Leaf::Reasoning) == of_base("", Leaf::Output)
                || (of_base(name, Leaf::Output).is_some() && of_base(name, Leaf::Reasoning).is_none());
            for over in overs {
                if name == "batch" {
                    lay_calls(&mut row, self.0.get(&("", over)));
                } else {
                    lay(&mut row, self.0.get(&("", over)));
                }
                if !name.is_empty() {
                    lay(&mut row, self.0.get(&(name, over)));
                }
                if follows_output {
                    row[Leaf::Reasoning as usize] = None;
                }
                push(&mut tiers, name, over, row);
            }
        }
        tiers
    }
}

fn push(tiers: &mut Vec<Tier>, name: &str, over: u64, rates: Row) {
    let service_tier = if name.is_empty() { STANDARD } else { name };
    // A larger context with the same rates says nothing new.
    let same = tiers.last().is_some_and(|last| last.service_tier == service_tier && last.rates == rates);
    if rates.iter().any(Option::is_some) && !same {
        tiers.push(Tier::new(service_tier, over, rates));
    }
}

fn lay(row: &mut Row, own: Option<&Row>) {
    for (rate, own) in row.iter_mut().zip(own.into_iter().flatten()) {
        if own.is_some() {
            *rate = *own;
        }
    }
}

fn lay_calls(row: &mut Row, own: Option<&Row>) {
    for leaf in Leaf::ALL.into_iter().filter(|leaf| !leaf.is_token()) {
        if let Some(rate) = own.and_then(|own| own[leaf as usize]) {
            row[leaf as usize] = Some(rate);
        }
    }
}
