//! Signing in and out.

use purser_domain::api_key::Role;
use purser_domain::time::Timestamp;
use purser_service::Service;
use purser_test::{ACME, NOW, TestApp};

use crate::browser::{Browser, ORIGIN, app};

#[tokio::test]
async fn the_first_page_is_the_sign_in_until_one_is_signed_in() {
    let app = app().await;
    assert_eq!(Browser::new(&app).get("/").await.expect(303).header("location"), "/login");
    let browser = Browser::of(&app, ACME, Role::Read).await;
    assert_eq!(browser.get("/").await.expect(303).header("location"), "/overview");
    assert_eq!(browser.get("/login").await.expect(303).header("location"), "/overview");
}

#[tokio::test]
async fn whoever_is_sent_to_the_sign_in_comes_back_to_the_same_question() {
    let app = app().await;
    let mut browser = Browser::new(&app);
    let reply = browser.get("/overview?range=30d&model=gpt-4o").await.expect(303);
    let login = reply.header("location").to_owned();
    assert_eq!(login, "/login?next=%2Foverview%3Frange%3D30d%26model%3Dgpt-4o");
    let page = browser.get(&login).await.expect(200).text();
    assert!(page.contains(r#"name="next" value="/overview?range=30d&#38;model=gpt-4o""#), "{page}");
    let form = format!("next=%2Foverview%3Frange%3D30d%26model%3Dgpt-4o&key=+{}%0A", app.key(ACME, Role::Read));
    let reply = browser.post("/login", &form).await.expect(303);
    assert_eq!(reply.header("location"), "/overview?range=30d&model=gpt-4o");
}

#[tokio::test]
async fn the_cookie_is_a_random_session_not_the_key() {
    let app = app().await;
    let key = app.key(ACME, Role::Read);
    let reply = Browser::new(&app).login(key).await.expect(303);
    let cookie = reply.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(key));
    let other = Browser::new(&app).login(key).await.expect(303);
    assert_ne!(other.header("set-cookie"), cookie);
}

#[tokio::test]
async fn keys_that_may_not_read_or_are_not_known_open_no_session() {
    let app = app().await;
    let mut browser = Browser::new(&app);
    for (key, status, words) in [
        (app.key(ACME, Role::Ingest), 403, "may send usage but not read it"),
        ("purser_unknown", 401, "That key is not known, or was revoked."),
        ("", 422, "Enter an API key."),
    ] {
        let reply = browser.login(key).await.expect(status);
        assert!(reply.text().contains(words), "{}", reply.text());
        assert_eq!(reply.header("set-cookie"), "");
        assert!(key.is_empty() || !reply.text().contains(key), "the key is not echoed");
    }
}

#[tokio::test]
async fn a_session_ends_with_sign_out_on_the_server_too() {
    let app = app().await;
    let mut browser = Browser::of(&app, ACME, Role::Read).await;
    let cookie = browser.cookie.clone();
    assert_eq!(browser.post("/logout", "").await.expect(303).header("location"), "/login");
    assert_eq!(browser.cookie, None, "the browser forgets it");
    browser.cookie = cookie;
    browser.get("/overview").await.expect(303);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_and_with_its_key() {
    let app = app().await;
    let later = |micros: i64| NOW.parse::<Timestamp>().expect("a literal").plus_micros(micros);
    let browser = Browser::of(&app, ACME, Role::Read).await;
    app.clock.set(later(12 * 3_600_000_000 - 1));
    browser.get("/overview").await.expect(200);
    app.clock.set(later(12 * 3_600_000_000));
    browser.get("/overview").await.expect(303);

    let browser = Browser::of(&app, ACME, Role::Read).await;
    browser.get("/overview").await.expect(200);
    revoke(&app.service, &app, Role::Read).await;
    browser.get("/overview").await.expect(303);
}

async fn revoke(service: &Service, app: &TestApp, role: Role) {
    let admin = service.authenticate(app.key(ACME, Role::Admin)).await.expect("a known key");
    let key = service.authenticate(app.key(ACME, role)).await.expect("a known key");
    service.key_revoke(&admin, key.key_id()).await.expect("the key exists");
}

#[tokio::test]
async fn only_pages_of_the_console_may_sign_in_or_out() {
    let app = app().await;
    let form = format!("key={}", app.key(ACME, Role::Read));
    let mut browser = Browser::new(&app);
    for origin in
        [None, Some("null"), Some("http://evil.example"), Some("http://localhost:9000"), Some("https://evil.example")]
    {
        let reply = browser.post_from(origin, "/login", &form).await.expect(403);
        assert_eq!(reply.header("set-cookie"), "", "{origin:?}");
    }
    let mut browser = Browser::of(&app, ACME, Role::Read).await;
    browser.post_from(Some("http://evil.example"), "/logout", "").await.expect(403);
    browser.get("/overview").await.expect(200);
    browser.post_from(Some(ORIGIN), "/logout", "").await.expect(303);
    browser.get("/overview").await.expect(303);
}

#[tokio::test]
async fn a_form_of_megabytes_is_refused() {
    let app = app().await;
    let form = format!("key={}", "a".repeat(10_000_000));
    Browser::new(&app).post("/login", &form).await.expect(413);
}
