//! The style sheet, the icon, our one script, and the chart library's, each served from here.
//! Invariant: an address carries its content's hash, so a cached copy is never out of date.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file that pages refer to.
pub(crate) struct Asset {
    name: &'static str,
    content_type: &'static str,
    source: fn() -> Cow<'static, str>,
    loaded: OnceLock<Loaded>,
    gzip: OnceLock<Bytes>,
}

struct Loaded {
    bytes: Bytes,
    hash: String,
}

/// How the pages look.
pub(crate) static STYLE: Asset =
    Asset::new("console.css", "text/css; charset=utf-8", || Cow::Borrowed(include_str!("../assets/console.css")));
/// Draws the charts: the only script of our own.
pub(crate) static SCRIPT: Asset =
    Asset::new("console.js", "text/javascript; charset=utf-8", || Cow::Borrowed(include_str!("../assets/console.js")));
/// The window's icon.
pub(crate) static ICON: Asset =
    Asset::new("icon.svg", "image/svg+xml", || Cow::Borrowed(include_str!("../assets/icon.svg")));
/// The chart library, from inside the `plotly` crate.
pub(crate) static CHARTS: Asset =
    Asset::new("plotly.js", "text/javascript; charset=utf-8", || Cow::Owned(chart_library()));

static ALL: [&Asset; 4] = [&STYLE, &SCRIPT, &ICON, &CHARTS];

/// The first script of the crate's embedded ones; the second sets formulas, which no chart of ours has.
fn chart_library() -> String {
    let scripts = plotly::Plot::offline_js_sources();
    let start = scripts.find('>').map_or(0, |end| end + 1);
    let end = scripts.find("</script>").unwrap_or(scripts.len());
    scripts[start..end].to_owned()
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, source: fn() -> Cow<'static, str>) -> Self {
        Self { name, content_type, source, loaded: OnceLock::new(), gzip: OnceLock::new() }
    }

    fn loaded(&self) -> &Loaded {
        self.loaded.get_or_init(|| {
            let bytes = match (self.source)() {
                Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
                Cow::Owned(text) => Bytes::from(text),
            };
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes);
            Loaded { hash: format!("{:016x}", hasher.finish()), bytes }
        })
    }

    /// Where pages find it.
    pub(crate) fn address(&self) -> String {
        format!("/assets/{}?v={}", self.name, self.loaded().hash)
    }

    /// The compressed form if it is ready; the first caller has it made for those who come later.
    fn compressed(&'static self) -> Option<Bytes> {
        if let Some(gzip) = self.gzip.get() {
            return Some(gzip.clone());
        }
        tokio::task::spawn_blocking(|| {
            self.gzip.get_or_init(|| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                let written = encoder.write_all(&self.loaded().bytes).and_then(|()| encoder.finish());
                Bytes::from(written.expect("writing to memory does not fail"))
            });
        });
        None
    }
}

/// `GET /assets/{name}`
pub(crate) async fn serve(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(asset) = ALL.into_iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let loaded = asset.loaded();
    let current = query.and_then(|query| query.strip_prefix("v=").map(|hash| hash == loaded.hash)).unwrap_or(false);
    let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, caching),
        (header::VARY, "accept-encoding"),
    ];
    let takes_gzip = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    match takes_gzip.filter(|value| value.contains("gzip")).and_then(|_| asset.compressed()) {
        Some(gzip) => (common, [(header::CONTENT_ENCODING, "gzip")], gzip).into_response(),
        None => (common, loaded.bytes.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_library_is_one_script_without_markup() {
        let script = chart_library();
        assert!(script.starts_with("/**\n* plotly.js v3"), "{}", &script[..40]);
        assert!(!script.contains("<script") || !script.contains("</script"), "no second script came along");
        assert!(script.len() > 1_000_000);
    }

    #[test]
    fn an_address_changes_with_the_content() {
        let other = Asset::new("console.css", "text/css", || Cow::Borrowed("other"));
        assert_ne!(other.address(), STYLE.address());
        assert_eq!(STYLE.address(), STYLE.address());
    }
}
