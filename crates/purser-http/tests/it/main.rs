//! The HTTP interface, tested from outside: requests in, replies out, on real stores.

mod analytics;
mod api_key;
mod bad_input;
mod client;
mod cloud_event;
mod cost;
mod cost_record;
mod feature_tag;
mod health;
mod isolation;
mod limit;
mod litellm;
mod openapi;
mod otlp;
mod price;
mod prompt;
mod role;
mod tenant;
mod usage_event;
mod usage_query;
mod what_if;
