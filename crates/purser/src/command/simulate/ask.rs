//! Who simulates: this process with what ships, this process for a tenant, or a server.

use std::sync::Arc;

use purser_api::simulation::SimulationAnswer;
use purser_client::Client;
use purser_domain::simulation::ModelName;
use purser_domain::tenant::TenantId;
use purser_service::Principal;
use purser_service::simulation::Recorded;

use super::offline::Offline;
use super::plan_file::PlanFile;
use super::question::Question;
use crate::config::Settings;
use crate::local::Local;

/// Who answers.
pub(super) enum Simulator {
    /// What ships, and nothing else.
    Offline(Arc<Offline>),
    /// The data directory, for one of its tenants.
    Tenant(Box<Local>, Principal),
    /// A running server.
    Server(Client),
}

impl Simulator {
    /// The server if there is one, else the tenant's data directory if one is named, else what ships.
    pub(super) async fn open(
        server: Option<Client>,
        tenant: Option<&TenantId>,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        if let Some(server) = server {
            return Ok(Self::Server(server));
        }
        let Some(tenant) = tenant else {
            return Ok(Self::Offline(Arc::new(tokio::task::spawn_blocking(Offline::load).await??)));
        };
        let local = Local::open(settings, false).await?;
        match local.speak_for(tenant).await {
            Ok(who) => Ok(Self::Tenant(Box::new(local), who)),
            Err(error) => {
                local.close().await?;
                Err(error)
            }
        }
    }

    /// What the plan would cost.
    pub(super) async fn ask(&self, file: &PlanFile, question: &Question) -> anyhow::Result<SimulationAnswer> {
        let named = |error: anyhow::Error| error.context(file.name.clone());
        match self {
            Self::Offline(offline) => {
                let (offline, file, question) = (offline.clone(), file.clone(), question.clone());
                tokio::task::spawn_blocking(move || offline.ask(&file, &question)).await?
            }
            Self::Tenant(local, who) => for_tenant(local, who, file, question).await.map_err(named),
            Self::Server(client) => {
                let asked = client.simulate(&question.on_the_wire(file)).await;
                asked.map_err(|error| named(anyhow::Error::new(error)))
            }
        }
    }

    /// Writes what was recorded.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Tenant(local, _) => local.close().await,
            Self::Offline(_) | Self::Server(_) => Ok(()),
        }
    }
}

async fn for_tenant(
    local: &Local,
    who: &Principal,
    file: &PlanFile,
    question: &Question,
) -> anyhow::Result<SimulationAnswer> {
    let id = |id: Option<purser_domain::provenance::RecordId>| id.map(|id| id.to_string());
    Ok(match question.model {
        ModelName::V1 => {
            let Recorded { simulation, provenance_id } = local.service.simulate_v1(who, question.of_flat(file)).await?;
            SimulationAnswer::v1(simulation, id(provenance_id))
        }
        ModelName::V2 => {
            let Recorded { simulation, provenance_id } =
                local.service.simulate_v2(who, &question.of_flat(file)).await?;
            SimulationAnswer::v2(simulation, id(provenance_id))
        }
        ModelName::V3 => {
            let Recorded { simulation, provenance_id } =
                local.service.simulate_v3(who, question.of_graph(file)).await?;
            SimulationAnswer::v3(simulation, id(provenance_id))
        }
    })
}
