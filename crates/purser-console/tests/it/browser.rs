//! As much of a browser as the pages need: it keeps the session's cookie and names its origin.

use axum::http::{HeaderName, Method, header};
use purser_console::Config;
use purser_domain::api_key::Role;
use purser_test::{Ask, Reply, TestApp};

const HOST: &str = "localhost:8000";
pub(crate) const ORIGIN: &str = "http://localhost:8000";

/// A browser of one person.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    pub(crate) cookie: Option<String>,
}

/// A server with the console beside the API.
pub(crate) async fn app() -> TestApp {
    let mut app = TestApp::start().await;
    app.router = purser_console::router(app.service.clone(), Config::default()).merge(app.router);
    app
}

impl<'a> Browser<'a> {
    pub(crate) const fn new(app: &'a TestApp) -> Self {
        Self { app, cookie: None }
    }

    /// A browser that is signed in with a tenant's key.
    pub(crate) async fn of(app: &'a TestApp, tenant: &str, role: Role) -> Self {
        let mut browser = Self::new(app);
        let reply = browser.login(app.key(tenant, role)).await.expect(303);
        assert_eq!(reply.header("location"), "/overview");
        browser
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Ask::get(path)).await
    }

    /// Sends a form from a page of the console.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Reply {
        self.post_from(Some(ORIGIN), path, form).await
    }

    /// Sends a form from some page.
    pub(crate) async fn post_from(&mut self, origin: Option<&str>, path: &str, form: &str) -> Reply {
        let mut ask = Ask::new(Method::POST, path).bytes("application/x-www-form-urlencoded", form);
        if let Some(origin) = origin {
            ask = ask.header(header::ORIGIN, origin);
        }
        let reply = self.send(ask).await;
        if let Some((cookie, _)) = reply.header("set-cookie").split_once(';') {
            self.cookie = Some(cookie.to_owned()).filter(|cookie| !cookie.ends_with('='));
        }
        reply
    }

    pub(crate) async fn login(&mut self, key: &str) -> Reply {
        self.post("/login", &format!("key={key}")).await
    }

    async fn send(&self, ask: Ask) -> Reply {
        let mut ask = ask.header(header::HOST, HOST).header(HeaderName::from_static("accept-encoding"), "gzip");
        if let Some(cookie) = &self.cookie {
            ask = ask.header(header::COOKIE, cookie);
        }
        self.app.send(ask.build()).await
    }
}
