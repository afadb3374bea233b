//! Which failed calls were refused before the model ran, so that nothing is billed for them.
//! Invariant: an error that may come after the model began, such as a timeout or a broken stream, is not in the table.

/// HTTP status codes of requests that were not served: malformed, without access or credit, too many, too large, no
/// capacity. Not 408 and 499: the model may have run by then.
const STATUSES: [&str; 12] = ["400", "401", "402", "403", "404", "405", "413", "415", "422", "429", "503", "529"];

/// Names of the same, in lower case, without separators, without `error` or `exception` at their end.
///
/// Sources: exceptions of the SDKs of OpenAI, Anthropic, Google (`google.api_core.exceptions`, gRPC codes), AWS
/// (`ThrottlingException`, `AccessDeniedException`, …) and LiteLLM, and the `error.type` of their APIs' answers. A
/// content policy is not here: Azure bills the prompts that it filters.
const NAMES: [&str; 46] = [
    "accessdenied",
    "apikeyinvalid",
    "authentication",
    "badrequest",
    "billing",
    "billingnotactive",
    "budgetexceeded",
    "contextlengthexceeded",
    "contextwindowexceeded",
    "failedprecondition",
    "forbidden",
    "insufficientquota",
    "invalidapikey",
    "invalidargument",
    "invalidrequest",
    "modelnotfound",
    "modelnotready",
    "notfound",
    "overloaded",
    "paymentrequired",
    "permission",
    "permissiondenied",
    "quotaexceeded",
    "ratelimit",
    "ratelimited",
    "ratelimitexceeded",
    "ratelimitreached",
    "requesttoolarge",
    "resourceexhausted",
    "resourcenotfound",
    "servicequotaexceeded",
    "serviceunavailable",
    "throttled",
    "throttling",
    "tokenlimitexceeded",
    "toomanyrequests",
    "unauthenticated",
    "unauthorized",
    "unknownmodel",
    "unprocessableentity",
    "unrecognizedclient",
    "unsupportedcountryregionterritory",
    "unsupportedmediatype",
    "unsupportedmodel",
    "unsupportedparams",
    "validation",
];

/// Whether `error_type` says that the provider or a gateway refused the request before a model ran.
///
/// Reads a status code, the name of an exception with or without its module, and the code of an API's answer:
/// `429`, `openai.RateLimitError`, `rate_limit_exceeded`.
pub(super) fn is_refusal(error_type: &str) -> bool {
    let last = error_type.trim().rsplit(['.', ':', '/']).next().unwrap_or_default();
    if STATUSES.contains(&last) {
        return true;
    }
    let name: String = last.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let name = ["error", "exception"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn a_request_that_was_not_served_is_a_refusal() {
        for name in [
            "429",
            "401",
            "RateLimitError",
            "openai.RateLimitError",
            "rate_limit_exceeded",
            "rate_limit_error",
            "overloaded_error",
            "google.api_core.exceptions.ResourceExhausted",
            "RESOURCE_EXHAUSTED",
            "ThrottlingException",
            "AuthenticationError",
            "PermissionDeniedError",
            "invalid_request_error",
            "insufficient_quota",
            "litellm.exceptions.BadRequestError",
            "anthropic::NotFoundError",
        ] {
            assert!(is_refusal(name), "{name}");
        }
    }

    #[test]
    fn what_may_have_begun_is_no_refusal() {
        for name in [
            "",
            "CancelledError",
            "asyncio.exceptions.CancelledError",
            "GeneratorExit",
            "timeout",
            "APITimeoutError",
            "408",
            "499",
            "500",
            "InternalServerError",
            "APIConnectionError",
            "ContentPolicyViolationError",
            "_OTHER",
            "Error",
            "4290",
        ] {
            assert!(!is_refusal(name), "{name}");
        }
    }
}
