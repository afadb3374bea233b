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

impl Shell {
    /// The frame of `title` for `who`.
    #[must_use]
    pub(crate) fn new(title: &'static str, who: Option<&Principal>) -> Self {
        let user = who.map(|who| User {
            tenant: who.tenant().to_string(),
            role: who.role().name(),
            key_id: who.key_id().to_owned(),
        });
        Self { title, user, style: asset::STYLE.address(), icon: asset::ICON.address() }
    }
}
