//! Fills in what LiteLLM leaves to its fallbacks, so that every row stands for itself.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Rate, STANDARD, Tier};
use purser_domain::usage::Leaf;

/// What a rate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Leaf(Leaf),
    Unit(String),
}

/// Rates of one tier and context, where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) rates: [Option<Rate>; Leaf::COUNT],
    pub(super) units: BTreeMap<String, Rate>,
}

impl Default for Row {
    fn default() -> Self {
        Self { rates: [None; Leaf::COUNT], units: BTreeMap::new() }
    }
}

/// The rates of an entry by service tier (empty: standard) and context size, as the fields name them.
#[derive(Debug, Default)]
pub(super) struct FieldRates(pub(super) BTreeMap<(&'static str, u64), Row>);

impl FieldRates {
    pub(super) fn insert(&mut self, service_tier: &'static str, over: u64, item: Item, rate: Rate) {
        let row = self.0.entry((service_tier, over)).or_default();
        match item {
            Item::Leaf(leaf) => row.rates[leaf as usize] = Some(rate),
            Item::Unit(unit) => drop(row.units.insert(unit, rate)),
        }
    }

    /// The standard rate of a leaf for small calls.
    pub(super) fn standard(&self, leaf: Leaf) -> Option<Rate> {
        self.of(("", 0), leaf)
    }

    fn of(&self, place: (&'static str, u64), leaf: Leaf) -> Option<Rate> {
        self.0.get(&place).and_then(|row| row.rates[leaf as usize])
    }

    /// Every tier with complete rows.
    ///
    /// A reasoning rate that equals the output rate is none of its own: it follows the output rate into
    /// other contexts and tiers, as every provider bills it; so does one that a tier with an output
    /// rate of its own does not repeat. Standard rows inherit from the next smaller context. A tier's row is the
    /// standard one with the tier's own rates of the same context on it. A batch row inherits nothing but the rates
    /// of calls and tools: a token without a batch rate of its own has none.
    pub(super) fn tiers(&self) -> Vec<Tier> {
        let sizes = |name: &'static str| self.0.keys().filter(move |(tier, _)| *tier == name).map(|(_, over)| *over);
        let mut tiers = Vec::new();
        let names: BTreeSet<&'static str> = self.0.keys().map(|(tier, _)| *tier).collect();
        for name in names {
            let overs: BTreeSet<u64> = [0].into_iter().chain(sizes("")).chain(sizes(name)).collect();
            let mut row = Row::default();
            let of_base = |name: &'static str, leaf| self.of((name, 0), leaf);
            let follows_output = of_base("", Leaf::Reasoning) == of_base("", Leaf::Output)
                || (of_base(name, Leaf::Output).is_some() && of_base(name, Leaf::Reasoning).is_none());
            for over in overs {
                let standard = self.0.get(&("", over));
                lay(&mut row, standard, if name == "batch" { is_call } else { |_| true }, name != "batch");
                if !name.is_empty() {
                    lay(&mut row, self.0.get(&(name, over)), |_| true, true);
                }
                if follows_output {
                    row.rates[Leaf::Reasoning as usize] = None;
                }
                push(&mut tiers, name, over, &row);
            }
        }
        tiers
    }
}

fn push(tiers: &mut Vec<Tier>, name: &str, over: u64, row: &Row) {
    let service_tier = if name.is_empty() { STANDARD } else { name };
    let tier = Tier { units: row.units.clone(), ..Tier::new(service_tier, over, row.rates) };
    // A larger context with the same rates says nothing new.
    let same = tiers
        .last()
        .is_some_and(|last| last.service_tier == service_tier && last.rates == tier.rates && last.units == tier.units);
    if !tier.is_empty() && !same {
        tiers.push(tier);
    }
}

fn lay(row: &mut Row, own: Option<&Row>, leaves: fn(Leaf) -> bool, every_unit: bool) {
    let Some(own) = own else { return };
    for leaf in Leaf::ALL.into_iter().filter(|leaf| leaves(*leaf)) {
        if own.rates[leaf as usize].is_some() {
            row.rates[leaf as usize] = own.rates[leaf as usize];
        }
    }
    let units = own.units.iter().filter(|(unit, _)| every_unit || is_tool(unit));
    row.units.extend(units.map(|(unit, rate)| (unit.clone(), *rate)));
}

const fn is_call(leaf: Leaf) -> bool {
    !leaf.is_token()
}

/// Units of tools, which cost the same in every tier.
fn is_tool(unit: &str) -> bool {
    const TOOLS: [&str; 6] =
        ["web_searches", "requests", "maps_", "grounded_prompts", "code_interpreter_sessions", "file_searches"];
    TOOLS.iter().any(|tool| unit.starts_with(tool))
}
