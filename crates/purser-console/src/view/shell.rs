//! What stands around every page: who is signed in, and the addresses of the assets.

use purser_service::Principal;

use crate::asset;

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// The page's name, for the window's title.
    pub title: &'static str,
    /// Who is signed in.
    pub user: Option<User>,
    /// The pages, for whoever is signed in.
    pub pages: Vec<Page>,
    /// The style sheet's address.
    pub style: String,
    /// The icon's address.
    pub icon: String,
}

/// Whose data the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// The tenant.
    pub tenant: String,
    /// The role of the key.
    pub role: &'static str,
    /// The public id of the key.
    pub key_id: String,
}

/// A link to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its name.
    pub title: &'static str,
    /// Where it is.
    pub href: &'static str,
    /// Whether it is the page shown.
    pub current: bool,
}

/// Every page that can be gone to, by title and address.
pub(crate) const PAGES: [(&str, &str); 5] = [
    ("Overview", "/overview"),
    ("Simulation", "/simulate"),
    ("What-if", "/what-if"),
    ("Reconciliation", "/reconciliations"),
    ("Not charged", "/passed-over"),
];

impl Shell {
    /// The frame of `title` for `who`.
    #[must_use]
    pub(crate) fn new(title: &'static str, who: Option<&Principal>) -> Self {
        let user = who.map(|who| User {
            tenant: who.tenant().to_string(),
            role: who.role().name(),
            key_id: who.key_id().to_owned(),
        });
        let pages = PAGES.iter().filter(|_| user.is_some());
        let pages = pages.map(|(name, href)| Page { title: name, href, current: *name == title }).collect();
        Self { title, user, pages, style: asset::STYLE.address(), icon: asset::ICON.address() }
    }
}
