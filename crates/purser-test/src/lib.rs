//! What tests share: a whole server in memory-speed on a temporary data directory, with a clock that stands still,
//! two tenants and a key per role; builders of events and requests.

pub mod app;
pub mod event;
pub mod reply;
pub mod request;

pub use app::{ACME, GLOBEX, NOW, TestApp};
pub use event::event;
pub use reply::Reply;
pub use request::Ask;
