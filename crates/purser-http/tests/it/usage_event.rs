//! `/api/v1/usage/events`, `/usage/conflicts` `/usage/imports` and `/usage/void`.

mod import;
mod ingest;
mod read;
mod void;
