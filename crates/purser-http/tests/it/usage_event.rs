//! `/api/v1/usage/events`, `/usage/conflicts` and `/usage/void`.

mod ingest;
mod read;
mod void;
