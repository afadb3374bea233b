//! Which prices a catalogue has: by provider, by model, at a date.
//! Invariant: the answer keeps the catalogue's own prices, sorted by provider, model and start.

use purser_domain::price::{DailyWindow, Price};
use purser_domain::time::Timestamp;

use crate::price_book::PriceBook;

/// What to list; every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Canonical provider.
    pub provider: Option<String>,
    /// A part of the model's name or of an alias, in any case.
    pub contains: Option<String>,
    /// Only prices that are valid at this instant, at any time of its day.
    pub at: Option<Timestamp>,
}

/// The prices that the filter lets through.
#[must_use]
pub fn list<'a>(prices: &'a [Price], filter: &Filter) -> Vec<&'a Price> {
    let part = filter.contains.as_ref().map(|part| part.to_ascii_lowercase());
    let has = |name: &String, part: &str| name.to_ascii_lowercase().contains(part);
    let mut found: Vec<&Price> = prices
        .iter()
        .filter(|price| filter.provider.as_ref().is_none_or(|provider| price.provider == *provider))
        .filter(|price| {
            part.as_ref().is_none_or(|part| has(&price.model, part) || price.aliases.iter().any(|a| has(a, part)))
        })
        .filter(|price| filter.at.is_none_or(|at| is_valid(price, at)))
        .collect();
    found.sort_by_key(|price| {
        (&price.provider, &price.model, price.effective_from, price.daily.as_ref().map(DailyWindow::key))
    });
    found
}

/// Every price that a model's exact name leads to, `provider/name` to one provider's; at a date or all.
#[must_use]
pub fn show<'a>(book: &'a PriceBook, name: &str, at: Option<Timestamp>) -> Vec<&'a Price> {
    book.known_as(name).into_iter().filter(|price| at.is_none_or(|at| is_valid(price, at))).collect()
}

fn is_valid(price: &Price, at: Timestamp) -> bool {
    price.effective_from.is_none_or(|from| from <= at) && price.effective_to.is_none_or(|to| at < to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price_book::tests::{at, price};

    #[test]
    fn a_list_is_narrowed_by_every_condition() {
        let mut old = price("openai", "gpt-4o", &[("input", "5"), ("output", "15")]);
        old.effective_to = Some(at("2024-08-06T00:00:00Z"));
        let mut new = price("openai", "gpt-4o", &[("input", "2.5"), ("output", "10")]);
        new.effective_from = old.effective_to;
        new.aliases = vec!["chatgpt-4o".to_owned()];
        let other = price("x_ai", "grok-4", &[("input", "3"), ("output", "15")]);
        let prices = [other, new, old.clone()];
        let names = |filter: &Filter| {
            list(&prices, filter).iter().map(|p| (p.model.as_str(), p.effective_from.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(names(&Filter::default()), [("gpt-4o", false), ("gpt-4o", true), ("grok-4", false)]);
        let contains = Filter { contains: Some("CHATGPT".to_owned()), ..Filter::default() };
        assert_eq!(names(&contains), [("gpt-4o", true)]);
        let then = Filter { at: Some(at("2024-08-06T00:00:00Z")), ..Filter::default() };
        assert_eq!(names(&then), [("gpt-4o", true), ("grok-4", false)]);
        let provider = Filter { provider: Some("x_ai".to_owned()), ..Filter::default() };
        assert_eq!(names(&provider), [("grok-4", false)]);

        let (book, _) = PriceBook::compile(prices.to_vec());
        assert_eq!(show(&book, "chatgpt-4o", None).len(), 2, "both periods of the model");
        assert_eq!(show(&book, "openai/GPT-4o", Some(at("2020-01-01T00:00:00Z"))), [&old]);
        assert!(show(&book, "gpt-4", None).is_empty());
    }
}
