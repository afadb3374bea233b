//! Holds a provider's bill against the ledger and names the causes of each difference.
//! Invariant: the causes of a row add up to billed less rated; a cause is named only where the figures show it.

mod causes;

use std::collections::BTreeMap;

use purser_domain::entry::Entry;
use purser_domain::money::Money;
use purser_domain::price::STANDARD;
use purser_domain::reconciliation::{BilledLine, Key, Meter, Reconciliation, Row};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;

use crate::price_book::TenantBook;
use causes::Sides;

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Both sides of a comparison, as they are read.
#[derive(Debug)]
pub struct Comparison {
    rows: BTreeMap<Key, Sides>,
    /// Whether any line of the bill names a tier: else tiers are added up.
    by_tier: bool,
    /// Providers on the bill: the ledger's usage of others is not compared.
    providers: Vec<String>,
    /// The days on the bill, first and last.
    days: Option<(i32, i32)>,
    /// The price book's models by provider and slug, where one alone has it: bills print names of their own.
    names: BTreeMap<(String, String), String>,
}

impl Comparison {
    /// Reads a bill. Names of models become those of the price book.
    #[must_use]
    pub fn new(lines: &[BilledLine], book: &TenantBook) -> Self {
        let by_tier = lines.iter().any(|line| line.key.service_tier.is_some());
        let names = names(book, lines);
        let mut comparison = Self { rows: BTreeMap::new(), by_tier, providers: Vec::new(), days: None, names };
        for line in lines {
            let Key { day, provider, model, service_tier } = &line.key;
            let (first, last) = comparison.days.unwrap_or((*day, *day));
            comparison.days = Some((first.min(*day), last.max(*day)));
            if !comparison.providers.contains(provider) {
                comparison.providers.push(provider.clone());
            }
            let key = comparison.key(book, *day, provider, model, service_tier.as_deref());
            comparison.rows.entry(key).or_default().bill(line);
        }
        comparison
    }

    /// The UTC days that the bill covers, first and last; `None` for an empty bill.
    #[must_use]
    pub const fn days(&self) -> Option<(i32, i32)> {
        self.days
    }

    /// Adds an entry of the ledger; one outside the bill's days and providers adds nothing.
    pub fn add(&mut self, entry: &Entry, book: &TenantBook) {
        let event = &entry.event;
        let day = event.occurred_at.utc_day();
        let within = self.days.is_some_and(|(first, last)| (first..=last).contains(&day));
        if entry.kind.sign() == 0 || !within || !self.providers.contains(&event.provider) {
            return;
        }
        let model = event.response_model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&event.model);
        let key = self.key(book, day, &event.provider, model, event.service_tier.as_deref());
        self.rows.entry(key).or_default().rate(entry);
    }

    /// The comparison, each row explained.
    #[must_use]
    pub fn finish(self, book: &TenantBook) -> Reconciliation {
        let rows = self.rows.into_iter().map(|(key, sides)| {
            let causes = causes::explain(&sides, |tier, leaf| rate(book, &key, tier, leaf));
            Row { billed: sides.billed(), rated: sides.rated(), key, causes }
        });
        Reconciliation { rows: rows.collect() }
    }

    fn key(&mut self, book: &TenantBook, day: i32, provider: &str, model: &str, tier: Option<&str>) -> Key {
        let model = match book.book().identity(provider, model) {
            Some((_, model)) => model,
            None => self.names.get(&(provider.to_owned(), slug(model))).map_or(model, String::as_str),
        };
        let tier = tier.and_then(purser_domain::price::service_tier).unwrap_or(STANDARD.into());
        let service_tier = self.by_tier.then(|| tier.into_owned());
        Key { day, provider: provider.to_owned(), model: model.to_owned(), service_tier }
    }
}

/// The unit price of a leaf on the day of `key`, for calls of the smallest context.
fn rate(book: &TenantBook, key: &Key, tier: Option<&str>, leaf: Leaf) -> Option<purser_domain::price::Rate> {
    let noon = i64::from(key.day) * DAY + DAY / 2;
    let event = UsageEvent {
        occurred_at: Timestamp::from_micros(noon),
        provider: key.provider.clone(),
        model: key.model.clone(),
        service_tier: tier.map(str::to_owned).or_else(|| key.service_tier.clone()),
        ..UsageEvent::default()
    };
    book.find(&event).ok()?.rates[leaf as usize]
}

impl Sides {
    fn bill(&mut self, line: &BilledLine) {
        self.lines += 1;
        self.rounding = sum(self.rounding, line.rounding);
        match &line.meter {
            Meter::Leaf(leaf) => {
                let place = *leaf as usize;
                self.billed[place] = sum(self.billed[place], line.amount);
            }
            Meter::Unit(_) => self.billed_tools = sum(self.billed_tools, line.amount),
            Meter::Whole => self.billed_whole = sum(self.billed_whole, line.amount),
        }
        for (leaf, quantity) in &line.quantities {
            let known = self.billed_quantities[*leaf as usize].unwrap_or(0);
            self.billed_quantities[*leaf as usize] = Some(known + i128::from(*quantity));
        }
    }

    fn rate(&mut self, entry: &Entry) {
        let sign = i128::from(entry.kind.sign());
        let signed = |money: Money| Money::from_pico(money.pico() * sign);
        for (place, leaf) in Leaf::ALL.into_iter().enumerate() {
            self.quantities[place] += sign * i128::from(entry.event.usage.get(leaf));
            if let Some(amount) = entry.charge.amounts[place] {
                self.amounts[place] = sum(self.amounts[place], signed(amount));
            }
        }
        for amount in entry.charge.unit_amounts.values() {
            self.tools = sum(self.tools, signed(*amount));
        }
        let split = entry.charge.amounts.iter().flatten().chain(entry.charge.unit_amounts.values()).copied().sum();
        if let Some((cost, _)) = entry.charge.cost() {
            let rest = Money::from_pico(cost.pico() - Money::pico(split));
            self.whole = sum(self.whole, signed(rest));
        }
    }
}

/// The models of the bill's providers by slug; a slug of several models names none.
fn names(book: &TenantBook, lines: &[BilledLine]) -> BTreeMap<(String, String), String> {
    let mut names: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    for (price, _) in book.book().iter() {
        if !lines.iter().any(|line| line.key.provider == price.provider) {
            continue;
        }
        for name in std::iter::once(&price.model).chain(&price.aliases) {
            let place = names.entry((price.provider.clone(), slug(name)));
            let known = place.or_insert_with(|| Some(price.model.clone()));
            if known.as_ref().is_some_and(|model| *model != price.model) {
                *known = None;
            }
        }
    }
    names.into_iter().filter_map(|(key, model)| Some((key, model?))).collect()
}

/// A model's name without maker, date, version, case and marks: `Claude Sonnet 4.5` and
/// `anthropic.claude-sonnet-4-5-20250929-v1:0` are `claudesonnet45`.
fn slug(model: &str) -> String {
    let lower = model.to_ascii_lowercase();
    let name =
        lower.split_once('.').filter(|(maker, _)| !maker.is_empty() && maker.bytes().all(|b| b.is_ascii_lowercase()));
    let name = name.map_or(lower.as_str(), |(_, rest)| rest);
    let name = name
        .split_once("-v")
        .filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
        .map_or(name, |(name, _)| name);
    let is_date = |word: &&str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit());
    let words = name.split(['-', '_', ' ', '.', '/', ':']).filter(|word| !is_date(word));
    words.collect::<Vec<_>>().concat()
}

fn sum(a: Money, b: Money) -> Money {
    [a, b].into_iter().sum()
}

#[cfg(test)]
mod tests;
