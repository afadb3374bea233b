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
    let named = attributes.text(Text::Host).and_then(|host| served_elsewhere(named, host)).unwrap_or(named);
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

/// Who answers at `host`, where the span names no provider or only the API that was spoken.
fn served_elsewhere(named: &str, host: &str) -> Option<&'static str> {
    if matches!(named, "" | "openai" | "anthropic") { emitter::of_host(host) } else { None }
}

/// Remembers what the names of the last call lead to: the calls of a request mostly share them.
#[derive(Debug, Default)]
pub(super) struct Memo {
    providers: ProviderMemo,
    makers: Makers,
}

#[derive(Debug, Default)]
struct Makers {
    model: String,
    provider: Option<&'static str>,
}

impl Makers {
    /// Whose model is asked for by the API of another: the API is a gateway's, and the model's maker or host serves it.
    fn made_elsewhere(&mut self, named: &str, model: &str) -> Option<&'static str> {
        if !matches!(named, "openai" | "anthropic") {
            return None;
        }
        if self.model != model {
            model.clone_into(&mut self.model);
            self.provider = emitter::of_model(model);
        }
        self.provider.filter(|provider| *provider != named)
    }
}
