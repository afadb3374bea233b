//! `prices override`: prices that a tenant has agreed on, and prices of its tools; they beat the book and take no
//! discount.

use clap::Subcommand;
use purser_domain::price::{Price, Rate, STANDARD, Source, Tier};
use purser_domain::tenant::TenantId;
use purser_domain::unit;
use purser_domain::usage::Leaf;
use purser_engine::price_book::{MCP, TOOL};
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
    #[arg(long, required_unless_present_any = ["tool", "mcp"], requires = "model")]
    provider: Option<String>,
    /// The model's exact name; what its rates leave out costs as the book says
    #[arg(long, requires = "provider")]
    model: Option<String>,
    /// The name of a tool of the tenant's own, priced by the call: call=0.01
    #[arg(long, value_name = "NAME", conflicts_with_all = ["provider", "mcp"])]
    tool: Option<String>,
    /// An MCP server, or one of its tools, priced by the call
    #[arg(long, value_name = "SERVER[/TOOL]", conflicts_with = "provider")]
    mcp: Option<String>,
    /// A rate, such as input=2.50 or batch.input=1.25: USD for a million tokens, or each for requests, web_searches
    /// and units such as images or calls; may be repeated
    #[arg(long = "rate", value_name = "[TIER.]NAME=USD", required = true, value_parser = parse_rate)]
    rates: Vec<(String, Item, Rate)>,
    /// Replace the price that starts at the same instant, all its rates included
    #[arg(long)]
    replace: bool,
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

/// What a rate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Leaf(Leaf),
    Unit(String),
}

fn parse_rate(text: &str) -> Result<(String, Item, Rate), String> {
    let (name, usd) = text.split_once('=').ok_or_else(|| format!("{text:?} is not [TIER.]NAME=USD"))?;
    let (tier, name) = name.split_once('.').unwrap_or((STANDARD, name));
    let item = match (name.parse::<Leaf>(), name) {
        (Ok(leaf), _) => Item::Leaf(leaf),
        (Err(_), "call") => Item::Unit("calls".to_owned()),
        (Err(_), unit) if unit::is_name(unit) => Item::Unit(unit.to_owned()),
        (Err(_), other) => return Err(format!("{other:?} is neither a leaf nor the name of a unit")),
    };
    let units = if matches!(item, Item::Leaf(leaf) if leaf.is_token()) { 1_000_000 } else { 1 };
    Ok((tier.to_owned(), item, Rate::parse(usd, units).map_err(|error| error.to_string())?))
}

pub(super) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    local::with(settings, async |local| perform(local, command).await).await?;
    Ok(Exit::Done)
}

async fn perform(local: &Local, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Set(args) => {
            let who = local.speak_for(&args.tenant).await?;
            let set = local.service.price_override_set(&who, price(&args)?, args.replace).await?;
            if args.json {
                output::json(&json!({ "id": set.id, "price": shown::record(&set.price) }))?;
            } else {
                output::line(&set.id)?;
                let since = set.price.effective_from.map_or_else(|| "always".to_owned(), |from| from.to_string());
                let until = set.price.effective_to.map_or_else(String::new, |to| format!(" until {to}"));
                output::talk(format!(
                    "valid from {since}{until}; stored charges stay until `purser prices rerate` rates them again"
                ));
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
    for (name, item, rate) in &args.rates {
        let index = tiers.iter().position(|tier| tier.service_tier == *name).unwrap_or_else(|| {
            tiers.push(Tier::new(name.clone(), 0, [None; Leaf::COUNT]));
            tiers.len() - 1
        });
        let (before, item) = match item {
            Item::Leaf(leaf) => (tiers[index].rates[*leaf as usize].replace(*rate), leaf.name()),
            Item::Unit(unit) => (tiers[index].units.insert(unit.clone(), *rate), unit.as_str()),
        };
        if before.is_some() {
            return Err(Failure::usage(format!("rate: {name}.{item} is given twice")));
        }
    }
    let (provider, model) = match (&args.provider, &args.model, &args.tool, &args.mcp) {
        (Some(provider), Some(model), ..) => (purser_domain::provider::canonical(provider), model.clone()),
        (_, _, Some(tool), _) => (TOOL.to_owned(), tool.clone()),
        (_, _, _, Some(server)) => (MCP.to_owned(), server.clone()),
        _ => return Err(Failure::usage("give --provider and --model, --tool, or --mcp")),
    };
    Ok(Price {
        provider,
        model,
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
