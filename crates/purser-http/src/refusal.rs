//! What routes refuse, for the OpenAPI document: each set under one name.

use std::collections::BTreeMap;

use purser_api::problem::Problem;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

type Responses = BTreeMap<String, RefOr<Response>>;

/// No key, or one that may not.
pub(crate) struct KeyRefusals;

/// The key's refusals, and a parameter that breaks a rule.
pub(crate) struct QueryRefusals;

/// The key's refusals, and a body that is malformed, of another type, or breaks a rule.
pub(crate) struct BodyRefusals;

impl IntoResponses for KeyRefusals {
    fn responses() -> Responses {
        problems(&["401", "403"])
    }
}

impl IntoResponses for QueryRefusals {
    fn responses() -> Responses {
        problems(&["401", "403", "422"])
    }
}

impl IntoResponses for BodyRefusals {
    fn responses() -> Responses {
        problems(&["400", "401", "403", "415", "422"])
    }
}

fn problems(statuses: &[&str]) -> Responses {
    let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    let problem = ResponseBuilder::new().content("application/json", content).build();
    statuses.iter().map(|status| ((*status).to_owned(), problem.clone().into())).collect()
}
