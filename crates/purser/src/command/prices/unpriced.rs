//! `prices unpriced`: models that were used and have no price.

use purser_api::price::UnpricedModel;
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;
use serde_json::json;

use crate::config::Settings;
use crate::exit::Exit;
use crate::local::Local;
use crate::output::{self, Column, grouped};
use crate::time;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant
    #[arg(long)]
    tenant: TenantId,
    /// First instant: a UTC date, RFC 3339, or an age such as 30d
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First instant after
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let utc = jiff::tz::TimeZone::UTC;
    let window = time::window(args.from.as_deref(), args.to.as_deref(), &utc, Clock::System.now())?;
    let local = Local::open(settings, false).await?;
    let found = async {
        let who = local.speak_for(&args.tenant).await?;
        anyhow::Ok(local.service.prices_unpriced(&who, window).await?)
    }
    .await;
    local.close().await?;
    let all: Vec<UnpricedModel> = found?
        .into_iter()
        .map(|model| UnpricedModel {
            provider: model.provider,
            model: model.model,
            reason: model.matched.name().to_owned(),
            events: model.count,
            first_at: model.first,
            last_at: model.last,
        })
        .collect();
    if args.json {
        output::json(&json!({ "unpriced": all }))?;
        return Ok(Exit::Done);
    }
    let columns = [
        Column::Text("Provider"),
        Column::Text("Model"),
        Column::Text("Why"),
        Column::Number("Events"),
        Column::Text("First"),
        Column::Text("Last"),
    ];
    let rows = all.iter().map(|model| {
        vec![
            model.provider.clone(),
            model.model.clone(),
            model.reason.replace('_', " "),
            grouped(model.events.into()),
            model.first_at.to_string(),
            model.last_at.to_string(),
        ]
    });
    output::table(&columns, rows)?;
    Ok(Exit::Done)
}
