//! `prices list` and `prices show`: what the price book in force says.

use purser_domain::price::Price;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_engine::price_book::PriceBook;
use purser_engine::price_list::{self, Filter};
use purser_service::Error;
use purser_service::clock::Clock;
use serde_json::json;

use super::shown;
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::{local, output, time};

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only models whose name or alias has this part
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// Only prices valid then: a date or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The model's exact name or alias, or provider/name
    model: String,
    /// Only this provider's
    #[arg(long)]
    provider: Option<String>,
    /// Only the price valid then: a date or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// With this tenant's own prices
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn instant(at: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    at.map(|text| time::instant("at", text, &jiff::tz::TimeZone::UTC, Clock::System.now())).transpose()
}

pub(super) async fn list(args: List, settings: &Settings) -> anyhow::Result<Exit> {
    let prices = local::prices(settings).await?;
    let filter = Filter {
        provider: args.provider.as_deref().map(purser_domain::provider::canonical),
        contains: args.contains,
        at: instant(args.at.as_deref())?,
    };
    print(&price_list::list(&prices, &filter), args.json)?;
    Ok(Exit::Done)
}

pub(super) async fn show(args: Show, settings: &Settings) -> anyhow::Result<Exit> {
    let at = instant(args.at.as_deref())?;
    let mut found: Vec<Price> = Vec::new();
    if let Some(tenant) = &args.tenant {
        let store = local::store(settings).await?;
        local::require_tenant(&store, tenant).await?;
        let own = store.price_override(tenant).list().await.map_err(Error::from)?;
        let (own, _) = PriceBook::compile(own.into_iter().map(|own| own.price).collect());
        found.extend(named(&own, &args.model, at));
        store.close().await.map_err(Error::from)?;
    }
    let (book, _) = PriceBook::compile(local::prices(settings).await?);
    found.extend(named(&book, &args.model, at));
    if let Some(provider) = args.provider.as_deref().map(purser_domain::provider::canonical) {
        found.retain(|price| price.provider == provider);
    }
    if found.is_empty() {
        return Err(Failure::with(
            Exit::NotFound,
            format!("no price of model {:?}; `purser prices list --contains …` finds names", args.model),
        ));
    }
    print(&found.iter().collect::<Vec<_>>(), args.json)?;
    Ok(Exit::Done)
}

/// The prices behind a name; `openai/gpt-4o` is OpenAI's own first, then those of routers that call it so.
fn named(book: &PriceBook, name: &str, at: Option<Timestamp>) -> Vec<Price> {
    let mut found: Vec<Price> = Vec::new();
    if let Some((prefix, rest)) = name.split_once('/') {
        let provider = purser_domain::provider::canonical(prefix);
        found.extend(price_list::show(book, rest, at).into_iter().filter(|price| price.provider == provider).cloned());
    }
    for price in price_list::show(book, name, at) {
        if !found.contains(price) {
            found.push(price.clone());
        }
    }
    found
}

fn print(prices: &[&Price], json: bool) -> anyhow::Result<()> {
    if json {
        let all: Vec<_> = prices.iter().map(|price| shown::record(price)).collect();
        output::json(&json!({ "prices": all }))
    } else {
        shown::table(prices.iter().copied())?;
        output::talk(format!("{} prices", prices.len()));
        Ok(())
    }
}
