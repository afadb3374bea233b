//! The overview as HTML, from hand-made figures.

use jiff::civil::date;
use purser_domain::usage_query::Dimension;

use super::*;
use crate::param::Params;
use crate::view::sample;
use crate::view::shell::{self, User};

fn page(query: &str, body: impl FnOnce(&Params) -> Body) -> String {
    noted(query, None, body)
}

fn noted(query: &str, note: Option<&str>, body: impl FnOnce(&Params) -> Body) -> String {
    let note = note.map(str::to_owned);
    let parsed = Parsed::read(query);
    let options = vec![(Dimension::Model, vec!["claude-sonnet-4-5".to_owned(), "<b>own & only</b>".to_owned()])];
    let known = Known { tenant_zone: "Europe/Berlin".to_owned(), today: date(2026, 11, 20), options };
    let user = User { tenant: "acme".to_owned(), role: "read", key_id: "key_1".to_owned() };
    let shell = Shell {
        title: "Overview",
        user: Some(user),
        pages: vec![shell::Page { title: "Overview", href: "/overview", current: true }],
        style: "/assets/console.css".into(),
        icon: "/assets/icon.svg".into(),
    };
    let (script, charts) = ("/assets/console.js".to_owned(), "/assets/plotly.js".to_owned());
    let body = body(&parsed.params);
    let form = Form::new(&parsed, &known);
    Page { shell, form, note, body, script, charts }.render().expect("the page is written out")
}

fn figures(params: &Params) -> Body {
    Body::Figures(Box::new(Overview::new(params, &sample::figures())))
}

/// Lines without their indentation and without empty ones: layout is not what the snapshots hold.
fn squeezed(html: &str) -> String {
    html.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_of_three_days() {
    insta::assert_snapshot!(squeezed(&page("", figures)));
}

#[test]
fn the_page_of_a_refused_question() {
    insta::assert_snapshot!(squeezed(&page("rang=7d&from=20.11.2026&model=%3Cb%3E&without=user", |_| Body::Refused)));
}

#[test]
fn the_page_before_the_first_event() {
    insta::assert_snapshot!(squeezed(&page("", |_| Body::Welcome("http://127.0.0.1:8000".to_owned()))));
}

#[test]
fn what_was_not_charged_is_noted_with_a_link() {
    assert!(!page("", figures).contains("/passed-over"), "nothing to say");
    let html = noted("", Some("2 items of <b>"), figures);
    assert!(html.contains("2 items of &#60;b&#62; <a href=\"/passed-over\">"), "{html}");
}

#[test]
fn names_from_outside_never_become_markup() {
    let html = page("model=%22%3E%3Cscript%3E", figures);
    assert!(!html.contains("<b>own"), "a model's name is text");
    assert!(!html.contains("\"><script>"), "a parameter is text");
}

#[test]
fn pages_need_nothing_inline_but_styles_of_the_chart_library() {
    let html = page("", figures);
    assert!(!html.contains(" style="), "no style attribute of our own");
    assert!(!html.contains("onclick"), "no handler in markup");
    let scripts = html.matches("<script").count();
    let known = html.matches("<script src=").count() + html.matches("<script type=\"application/json\"").count();
    assert_eq!(scripts, known, "scripts are files, or data");
}
