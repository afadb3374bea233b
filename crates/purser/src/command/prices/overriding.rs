//! `prices override`: prices that a tenant has agreed on; they beat the book and take no discount.

use clap::Subcommand;
use purser_domain::price::{Price, Rate, STANDARD, Source, Tier};
use purser_domain::tenant::TenantId;
use purser_domain::usage::Leaf;
use purser_service::clock::Clock;
use serde_json::json;

use super::{book, shown};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local::{self, Local};
use crate::output::{self, Column};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set a price
    Set(Set),
    /// List the prices in force
    List {
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a price
    End {
        /// Its id, as `override list` shows it
        id: String,
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
        /// From when it no longer holds; now, if absent
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// The tenant
    #[arg(long)]
    tenant: TenantId,
    /// Provider
    #[arg(long)]
    provider: String,
    /// The model's exact name
    #[arg(long)]
    model: String,
    /// A rate, such as input=2.50 or batch.input=1.25: USD for a million tokens, or each for requests and
    /// web_searches; may be repeated
    #[arg(long = "rate", value_name = "[TIER.]LEAF=USD", required = true, value_parser = parse_rate)]
    rates: Vec<(String, Leaf, Rate)>,
    /// First instant of validity; always, if absent
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First instant after validity
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn parse_rate(text: &str) -> Result<(String, Leaf, Rate), String> {
    let (name, usd) = text.split_once('=').ok_or_else(|| format!("{text:?} is not [TIER.]LEAF=USD"))?;
    let (tier, leaf) = name.split_once('.').unwrap_or((STANDARD, name));
    let leaf: Leaf = leaf.parse()?;
    let units = if leaf.is_token() { 1_000_000 } else { 1 };
    Ok((tier.to_owned(), leaf, Rate::parse(usd, units).map_err(|error| error.to_string())?))
}

pub(super) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    local::with(settings, async |local| perform(local, command).await).await?;
    Ok(Exit::Done)
}

async fn perform(local: &Local, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Set(args) => {
            let who = local.speak_for(&args.tenant).await?;
            let set = local.service.price_override_set(&who, price(&args)?).await?;
            if args.json {
                output::json(&json!({ "id": set.id, "price": shown::record(&set.price) }))?;
            } else {
                output::line(&set.id)?;
                output::talk("holds for usage from now on; `purser prices rerate` rates the past again");
            }
        }
        Command::List { tenant, json } => {
            let who = local.speak_for(&tenant).await?;
            let all = local.service.price_overrides(&who).await?;
            if json {
                let all: Vec<_> =
                    all.iter().map(|set| json!({ "id": set.id, "price": shown::record(&set.price) })).collect();
                output::json(&json!({ "overrides": all }))?;
            } else {
                shown::table(all.iter().map(|set| &set.price))?;
                let ids =
                    all.iter().map(|set| vec![set.id.clone(), set.price.provider.clone(), set.price.model.clone()]);
                output::table(&["Override", "Provider", "Model"].map(Column::Text), ids)?;
            }
        }
        Command::End { id, tenant, at } => {
            let who = local.speak_for(&tenant).await?;
            let at = book::instant(at.as_deref())?.unwrap_or_else(|| Clock::System.now());
            local.service.price_override_end(&who, &id, at).await?;
            output::talk(format!("{id} ends at {at}"));
        }
    }
    Ok(())
}

fn price(args: &Set) -> anyhow::Result<Price> {
    let mut tiers: Vec<Tier> = Vec::new();
    for (name, leaf, rate) in &args.rates {
        let index = tiers.iter().position(|tier| tier.service_tier == *name).unwrap_or_else(|| {
            let rates = [None; Leaf::COUNT];
            tiers.push(Tier::new(name.clone(), 0, rates));
            tiers.len() - 1
        });
        if tiers[index].rates[*leaf as usize].replace(*rate).is_some() {
            return Err(Failure::usage(format!("rate: {name}.{leaf} is given twice")));
        }
    }
    if !tiers.iter().any(|tier| tier.service_tier == STANDARD) {
        return Err(Failure::usage("rate: none is of the standard tier, so standard calls would have no price"));
    }
    Ok(Price {
        provider: purser_domain::provider::canonical(&args.provider),
        model: args.model.clone(),
        aliases: Vec::new(),
        effective_from: book::instant(args.from.as_deref())?,
        effective_to: book::instant(args.to.as_deref())?,
        daily: None,
        factors: Vec::new(),
        tiers,
        source: Source {
            catalogue: "tenant".to_owned(),
            url: None,
            retrieved: Clock::System.now().to_jiff().strftime("%Y-%m-%d").to_string(),
        },
    })
}
