//! `purser tenant`: who pays, and how they cut time.

use clap::Subcommand;
use purser_api::tenant::TenantRecord;
use purser_domain::tenant::{Tenant, TenantId};
use purser_service::Error;
use serde_json::json;

use crate::config::Settings;
use crate::exit::Exit;
use crate::local;
use crate::output::{self, Column};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a tenant
    Create {
        /// Its id: 1 to 64 of a-z A-Z 0-9 . _ -
        id: TenantId,
        #[command(flatten)]
        calendar: CalendarFlags,
        /// Print the tenant as JSON
        #[arg(long)]
        json: bool,
    },
    /// List all tenants
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change how a tenant cuts time
    Set {
        /// Its id
        id: TenantId,
        #[command(flatten)]
        calendar: CalendarFlags,
        /// Print the tenant as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct CalendarFlags {
    /// IANA zone of its days and months, such as Europe/Berlin
    #[arg(long)]
    zone: Option<String>,
    /// Day of the month, 1 to 28, on which a billing month starts
    #[arg(long, value_name = "DAY")]
    anchor: Option<i8>,
    /// First day of the week, monday … sunday
    #[arg(long, value_name = "WEEKDAY")]
    week_start: Option<String>,
}

impl CalendarFlags {
    fn apply(self, tenant: Tenant) -> Result<Tenant, Error> {
        let changed = Tenant {
            zone: self.zone.unwrap_or(tenant.zone),
            anchor_day: self.anchor.unwrap_or(tenant.anchor_day),
            week_start: self.week_start.map_or(tenant.week_start, |day| day.to_lowercase()),
            id: tenant.id,
        };
        changed.calendar().map_err(|field| Error::invalid(vec![field]))?;
        Ok(changed)
    }
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    let store = local::store(settings).await?;
    match command {
        Command::Create { id, calendar, json } => {
            let tenant = calendar.apply(Tenant::new(id))?;
            store.tenant().create(&tenant).await.map_err(Error::from)?;
            show(tenant, json)?;
        }
        Command::Set { id, calendar, json } => {
            let tenant = calendar.apply(local::require_tenant(&store, &id).await?)?;
            store.tenant().update(&tenant).await.map_err(Error::from)?;
            show(tenant, json)?;
        }
        Command::List { json } => {
            let tenants = store.tenant().list().await.map_err(Error::from)?;
            if json {
                let all: Vec<_> = tenants.into_iter().map(TenantRecord::from).collect();
                output::json(&json!({ "tenants": all }))?;
            } else {
                table(&tenants)?;
            }
        }
    }
    store.close().await.map_err(Error::from)?;
    Ok(Exit::Done)
}

fn show(tenant: Tenant, json: bool) -> anyhow::Result<()> {
    if json { output::json(&json!(TenantRecord::from(tenant))) } else { table(&[tenant]) }
}

fn table(tenants: &[Tenant]) -> anyhow::Result<()> {
    let columns =
        [Column::Text("Tenant"), Column::Text("Zone"), Column::Text("Week starts"), Column::Number("Month starts")];
    let rows = tenants.iter().map(|tenant| {
        vec![tenant.id.to_string(), tenant.zone.clone(), tenant.week_start.clone(), tenant.anchor_day.to_string()]
    });
    Ok(output::table(&columns, rows)?)
}
