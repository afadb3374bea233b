//! The files that pages refer to, and the headers of everything.

use purser_domain::api_key::Role;
use purser_test::ACME;
use purser_test::event::event;

use crate::browser::{Browser, app};

#[tokio::test]
async fn every_address_on_a_page_is_served_from_here_and_kept_for_good() {
    let app = app().await;
    app.store_events(&[event("a")]).await;
    let browser = Browser::of(&app, ACME, Role::Read).await;
    let page = browser.get("/overview").await.expect(200).text();
    let assets: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(assets.len(), 4, "{assets:?}");
    for asset in assets {
        let reply = browser.get(asset).await.expect(200);
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
        let unversioned = asset.split('?').next().unwrap_or_default();
        assert_eq!(browser.get(unversioned).await.expect(200).header("cache-control"), "no-cache");
    }
    assert!(!page.contains("http://") && !page.contains("https://"), "no address of another site");
    browser.get("/assets/..%2fCargo.toml").await.expect(404);
}

#[tokio::test]
async fn pages_carry_the_content_policy_and_are_not_kept() {
    let app = app().await;
    for path in ["/", "/login", "/overview", "/assets/console.css"] {
        let reply = Browser::new(&app).get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    let login = Browser::new(&app).get("/login").await;
    assert_eq!(login.header("cache-control"), "no-store");
}
