//! The console over a whole service with embedded stores and a clock that stands still.

mod asset;
mod browser;
mod login;
mod overview;
mod simulate;
mod what_if;
