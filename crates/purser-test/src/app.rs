//! A whole server on a temporary data directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use purser_domain::api_key::Role;
use purser_domain::tenant::{Tenant, TenantId};
use purser_domain::time::Timestamp;
use purser_ledger::Ledger;
use purser_service::Service;
use purser_service::clock::Clock;
use purser_store::Store;
use serde_json::Value;
use tower::ServiceExt;

use crate::reply::Reply;
use crate::request::Ask;

/// The tenant that tests write as.
pub const ACME: &str = "acme";
/// The tenant that must see nothing of it.
pub const GLOBEX: &str = "globex";
/// Where the clock stands.
pub const NOW: &str = "2026-11-20T12:00:00Z";

/// A server with two tenants and a key per role each.
pub struct TestApp {
    /// The use-cases.
    pub service: Service,
    /// The state database.
    pub store: Store,
    /// What the listeners share.
    pub app: purser_http::App,
    /// The main listener's routes.
    pub router: Router,
    /// The clock; it stands still until it is set.
    pub clock: Clock,
    keys: BTreeMap<(String, &'static str), String>,
    data_dir: tempfile::TempDir,
}

impl TestApp {
    /// Starts a server with the usual limits.
    ///
    /// # Panics
    /// If the stores do not open.
    pub async fn start() -> Self {
        Self::with(purser_http::Config::default()).await
    }

    /// Starts a server with other limits.
    ///
    /// # Panics
    /// If the stores do not open.
    pub async fn with(config: purser_http::Config) -> Self {
        let data_dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Clock::fixed(NOW.parse().expect("a literal"));
        let store_config =
            purser_store::Config { data_dir: data_dir.path().to_owned(), ..purser_store::Config::default() };
        let store = Store::open(&store_config).await.expect("a fresh state database");
        let ticking = clock.clone();
        let ledger_config = purser_ledger::Config {
            clock: Arc::new(move || ticking.now()),
            index_bytes: 4 << 20,
            background: false,
            ..purser_ledger::Config::local(data_dir.path())
        };
        let ledger = Ledger::open(ledger_config, store.clone()).await.expect("a fresh ledger");
        let service = Service::open(store.clone(), ledger, clock.clone()).await.expect("the shipped prices");
        let keys = tenants(&store, clock.now()).await;
        let app = purser_http::App::new(service.clone(), config);
        let router = purser_http::router(&app);
        Self { service, store, app, router, clock, keys, data_dir }
    }

    /// Where everything is stored.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The key of a tenant's role.
    ///
    /// # Panics
    /// If there is no such tenant.
    #[must_use]
    pub fn key(&self, tenant: &str, role: Role) -> &str {
        &self.keys[&(tenant.to_owned(), role.name())]
    }

    /// Sends a request as it is.
    ///
    /// # Panics
    /// If the reply's body breaks off.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the reply is whole").to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request as acme's admin.
    pub async fn ask(&self, ask: Ask) -> Reply {
        self.send(ask.key(self.key(ACME, Role::Admin)).build()).await
    }

    /// Sends a request with another key.
    pub async fn ask_as(&self, tenant: &str, role: Role, ask: Ask) -> Reply {
        self.send(ask.key(self.key(tenant, role)).build()).await
    }

    /// `GET path` as acme's admin.
    pub async fn get(&self, path: &str) -> Reply {
        self.ask(Ask::get(path)).await
    }

    /// `POST path` as acme's admin.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(Ask::post(path, body)).await
    }

    /// Stores events of acme's.
    ///
    /// # Panics
    /// If they are refused.
    pub async fn store_events(&self, events: &[Value]) {
        let reply = self.post("/api/v1/usage/events", &Value::from(events.to_vec())).await.expect(202);
        assert_eq!(reply.json()["accepted"], events.len(), "{}", reply.text());
    }

    /// How many ledger rows a tenant has.
    ///
    /// # Panics
    /// If there are over a thousand.
    pub async fn rows(&self, tenant: &str) -> usize {
        let reply = self.ask_as(tenant, Role::Read, Ask::get("/api/v1/usage/events?limit=1000")).await.expect(200);
        let body = reply.json();
        assert!(body["next_cursor"].is_null(), "over a thousand rows");
        body["events"].as_array().map_or(0, Vec::len)
    }
}

async fn tenants(store: &Store, now: Timestamp) -> BTreeMap<(String, &'static str), String> {
    let mut keys = BTreeMap::new();
    for name in [ACME, GLOBEX] {
        let id: TenantId = name.parse().expect("a literal");
        store.tenant().create(&Tenant::new(id.clone())).await.expect("a new tenant");
        for role in Role::ALL {
            let made = purser_service::api_key::create(store, &id, role, now).await.expect("a new key");
            keys.insert((name.to_owned(), role.name()), made.secret);
        }
    }
    keys
}
