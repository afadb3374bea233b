//! Asks what past usage would have cost under other models or prices. Nothing is written.

use std::collections::HashSet;
use std::sync::Arc;

use purser_domain::price::{Discount, Price};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Dimension, Metric, Query, Row};
use purser_domain::what_if::{Answer, Question};
use purser_engine::price_book::{PriceBook, TenantBook};
use purser_engine::what_if::{Group, Scenario};
use purser_ingest::price_file;

use crate::error::Error;
use crate::price_book::lay_over;
use crate::principal::Principal;
use crate::service::Service;

/// The most switches of a question.
pub const SWITCHES_MAX: usize = 100;
/// The most discounts of a question.
pub const DISCOUNTS_MAX: usize = 100;

impl Service {
    /// What the usage of a window would have cost; `prices` is a price file laid over the book, if any.
    ///
    /// # Errors
    /// Forbidden; invalid if a model or a discount names nothing that has a price, or the file does not read;
    /// unavailable.
    pub async fn what_if(&self, who: &Principal, question: &Question, prices: Option<&[u8]>) -> Result<Answer, Error> {
        who.may_read()?;
        if question.switches.is_empty() && !question.reprice_all {
            return Err(Error::invalid_field("switch", "", "name a switch, a discount or a price file"));
        }
        refuse_repeats(question)?;
        let book = self.what_if_book(who, &question.discounts, prices).await?;
        let scenario = Scenario::new(book, &question.switches, question.reprice_all, question.price_at);
        let scenario = scenario.map_err(|bad| {
            let switch = &question.switches[bad.index];
            let field = format!("switch[{}]", bad.index);
            Error::invalid_field(&field, &format!("{}={}", switch.from, switch.to), &bad.reason)
        })?;
        let query = query(question, scenario.input_sizes());
        let answer = self.usage_query(who, &query).await?;
        let groups: Vec<Group> = answer.rows.into_iter().map(|row| group(row, question.by.len())).collect();
        Ok(scenario.answer(&groups, answer.as_of))
    }

    /// The tenant's prices, with `prices` over the book and `discounts` in place of the tenant's.
    async fn what_if_book(
        &self,
        who: &Principal,
        discounts: &[Discount],
        prices: Option<&[u8]>,
    ) -> Result<TenantBook, Error> {
        let mut book = self.book().await?;
        if let Some(bytes) = prices {
            let mut all: Vec<Price> = book.iter().map(|(price, _)| price.clone()).collect();
            lay_over(&mut all, read(bytes)?);
            book = Arc::new(PriceBook::compile(all).0);
        }
        for (index, discount) in discounts.iter().enumerate() {
            let model = discount.model.as_deref();
            let provider = discount.provider.as_deref();
            let has_price = match (model, provider) {
                (Some(model), _) => !book.known_as(model).is_empty(),
                (None, Some(provider)) => book.iter().any(|(price, _)| price.provider == provider),
                (None, None) => true,
            };
            if !has_price {
                let field = format!("discount[{index}]");
                return Err(Error::invalid_field(&field, model.or(provider).unwrap_or_default(), "has no price"));
            }
        }
        let overrides = self.price_overrides(who).await?.into_iter().map(|own| own.price).collect();
        let own: Vec<Discount> = match discounts {
            [] => self.discounts(who).await?,
            given => given.to_vec(),
        };
        Ok(PriceBook::for_tenant(book, overrides, own))
    }
}

/// Of two answers to one question the first would hold in silence.
fn refuse_repeats(question: &Question) -> Result<(), Error> {
    let repeated = |field: &str, values: Vec<String>| {
        let mut seen = HashSet::new();
        let again = values.iter().enumerate().find(|(_, value)| !seen.insert(*value));
        again.map_or(Ok(()), |(index, value)| {
            Err(Error::invalid_field(&format!("{field}[{index}]"), value, "is named twice"))
        })
    };
    repeated("switch", question.switches.iter().map(|switch| switch.from.clone()).collect())?;
    let subject = |discount: &Discount| {
        let subject = [discount.provider.as_deref().map(|name| format!("{name}/*")), discount.model.clone()];
        subject.into_iter().flatten().next().unwrap_or_else(|| "all".to_owned())
    };
    repeated("discount", question.discounts.iter().map(subject).collect())?;
    repeated("by", question.by.iter().map(Dimension::name).collect())
}

fn read(bytes: &[u8]) -> Result<Vec<Price>, Error> {
    price_file::parse(bytes).map_err(|findings| {
        let first = findings.first();
        let (line, reason) = first.map_or(("", ""), |finding| (&*finding.subject, &*finding.message));
        Error::invalid_field("prices", line, reason)
    })
}

/// Groups usage by all that prices depend on.
fn query(question: &Question, sizes: &[u64]) -> Query {
    let mut by = question.by.clone();
    by.extend([Dimension::Provider, Dimension::Model, Dimension::ResponseModel, Dimension::ServiceTier]);
    if !sizes.is_empty() {
        by.push(Dimension::InputSize(sizes.to_vec()));
    }
    let leaves = Leaf::ALL.into_iter().filter(|leaf| *leaf != Leaf::Requests).map(Metric::Leaf);
    let metrics = leaves.chain([Metric::Requests]).collect();
    Query { window: Some(question.window), by, metrics, ..Query::default() }
}

fn group(row: Row, keys: usize) -> Group {
    let mut rest = row.keys;
    let cut = rest.drain(..keys.min(rest.len())).collect();
    let mut rest = rest.into_iter();
    let mut next = || rest.next().flatten();
    let (provider, model, response_model, service_tier) = (next(), next(), next(), next());
    Group {
        keys: cut,
        provider: provider.unwrap_or_default(),
        model: model.unwrap_or_default(),
        response_model,
        service_tier,
        size: next().and_then(|size| size.parse().ok()).unwrap_or(0),
        totals: row.totals,
    }
}
