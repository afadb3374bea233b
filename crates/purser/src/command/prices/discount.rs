//! `prices discount`: a percentage off the book's unit prices for one tenant.

use clap::Subcommand;
use purser_api::price::DiscountRecord;
use purser_domain::price::Discount;
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;
use serde_json::{Value, json};

use super::book;
use crate::config::Settings;
use crate::exit::Exit;
use crate::local::{self, Local};
use crate::output::{self, Column};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set a discount
    Set(Set),
    /// List the discounts in force
    List {
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a discount
    End {
        /// Its id, as `discount list` shows it
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
    /// Percent off, 0 to 100, at most three decimals
    #[arg(long, value_parser = parse_percent)]
    percent: u32,
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only this model
    #[arg(long)]
    model: Option<String>,
    /// First instant of validity; always, if absent
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First instant after validity
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Set it although no price of the book matches
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Thousandths of a percent.
fn parse_percent(text: &str) -> Result<u32, String> {
    Discount::percent_milli(text).ok_or_else(|| format!("{text:?} is not 0 to 100 with at most three decimals"))
}

pub(super) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    local::with(settings, async |local| perform(local, command).await).await?;
    Ok(Exit::Done)
}

async fn perform(local: &Local, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Set(args) => {
            let who = local.speak_for(&args.tenant).await?;
            let discount = Discount {
                id: String::new(),
                provider: args.provider.as_deref().map(purser_domain::provider::canonical),
                model: args.model.clone(),
                percent_milli: args.percent,
                effective_from: book::instant(args.from.as_deref())?,
                effective_to: book::instant(args.to.as_deref())?,
            };
            let set = local.service.discount_set(&who, discount, args.force).await?;
            if args.json {
                output::json(&record(set))?;
            } else {
                output::line(&set.id)?;
                output::talk("holds for usage from now on; `purser prices rerate` rates the past again");
            }
        }
        Command::List { tenant, json } => {
            let who = local.speak_for(&tenant).await?;
            let all = local.service.discounts(&who).await?;
            if json {
                let all: Vec<Value> = all.into_iter().map(record).collect();
                output::json(&json!({ "discounts": all }))?;
            } else {
                table(&all)?;
            }
        }
        Command::End { id, tenant, at } => {
            let who = local.speak_for(&tenant).await?;
            let at = book::instant(at.as_deref())?.unwrap_or_else(|| Clock::System.now());
            local.service.discount_end(&who, &id, at).await?;
            output::talk(format!("{id} ends at {at}"));
        }
    }
    Ok(())
}

/// As the server would write it.
fn record(discount: Discount) -> Value {
    json!(DiscountRecord::from(discount))
}

fn table(discounts: &[Discount]) -> anyhow::Result<()> {
    let columns = [
        Column::Text("Discount"),
        Column::Text("Provider"),
        Column::Text("Model"),
        Column::Number("Percent"),
        Column::Text("From"),
        Column::Text("To"),
    ];
    let rows = discounts.iter().map(|discount| {
        let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "(all)".to_owned());
        let at = |at: Option<purser_domain::time::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        vec![
            discount.id.clone(),
            all(&discount.provider),
            all(&discount.model),
            discount.percent(),
            at(discount.effective_from),
            at(discount.effective_to),
        ]
    });
    Ok(output::table(&columns, rows)?)
}
