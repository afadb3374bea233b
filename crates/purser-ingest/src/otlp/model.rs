//! Which model was called, and who served it.
//! Invariant: a provider that a span names stands, unless the host that was called is another's.

use purser_domain::usage_event::UsageEvent;

use super::hint::Hints;
use crate::attribute::{Attributes, Text};
use crate::emitter::{self, Emitter};
use crate::normalise::{self, ProviderMemo};

/// Sets the provider, the model that was asked for and the one that answered.
pub(super) fn fill(
    event: &mut UsageEvent,
    emitter: &Emitter,
    attributes: &Attributes<'_>,
    hints: &Hints<'_>,
    memo: &mut Memo,
) {
    let llm_name = attributes.text(Text::LlmModelName);
    let asked = attributes.text(Text::RequestModel).or(hints.request_model.as_deref());
    let answered = attributes.text(Text::ResponseModel).or(llm_name.filter(|_| asked.is_some()));
    let answered = answered.or(hints.response_model.as_deref());
    let model = asked.or(llm_name).or(answered).unwrap_or_default();
    let named = attributes.text(Text::Provider).map_or(emitter.provider, |name| memo.providers.get(name));
    let named = attributes.text(Text::Host).and_then(|host| memo.hosts.served_elsewhere(named, host)).unwrap_or(named);
    let named = memo.makers.made_elsewhere(named, model).unwrap_or(named);
    let routed = attributes.text(Text::ProviderModel).map(|name| normalise::split_model("", name));
    let (mut provider, model) = normalise::split_model(named, model);
    let mut answered = answered;
    if let Some((router, real)) = &routed {
        if provider.is_empty() {
            provider.clone_from(router);
        }
        // The name that was asked for may be an alias of the gateway's own.
        if *real != model && answered.is_none_or(|name| name == model) {
            answered = Some(real);
        }
    }
    if provider.is_empty() {
        let names = [Some(model), answered];
        provider = names.into_iter().flatten().find_map(emitter::of_model).unwrap_or_default().to_owned();
    }
    event.model = model.to_owned();
    event.response_model = answered.map(|name| normalise::split_model(&provider, name).1.to_owned());
    event.provider = provider;
}

/// Remembers what the names of the last call lead to: the calls of a request mostly share them.
#[derive(Debug, Default)]
pub(super) struct Memo {
    providers: ProviderMemo,
    makers: Last,
    hosts: Last,
}

/// The last name that was looked up, and the provider that it led to.
#[derive(Debug, Default)]
struct Last {
    name: String,
    provider: Option<&'static str>,
}

/// Whether a provider is named by an API that gateways and other hosts speak too.
fn is_api(named: &str) -> bool {
    matches!(named, "openai" | "anthropic")
}

impl Last {
    fn get(&mut self, name: &str, look_up: fn(&str) -> Option<&'static str>) -> Option<&'static str> {
        if self.name != name {
            name.clone_into(&mut self.name);
            self.provider = look_up(name);
        }
        self.provider
    }

    /// Who answers at `host`, where the span names no provider or only the API that was spoken.
    fn served_elsewhere(&mut self, named: &str, host: &str) -> Option<&'static str> {
        if named.is_empty() || is_api(named) { self.get(host, emitter::of_host) } else { None }
    }

    /// Whose model is asked for by the API of another: the API is a gateway's, and the model's maker or host serves it.
    fn made_elsewhere(&mut self, named: &str, model: &str) -> Option<&'static str> {
        if !is_api(named) {
            return None;
        }
        self.get(model, emitter::of_model).filter(|provider| *provider != named)
    }
}
