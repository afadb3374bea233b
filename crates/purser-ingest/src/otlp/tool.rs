//! Calls of tools: charged where their span tells a cost, else where the tenant has a price for the tool.
//! Invariant: a tool's call is never taken for a call of a model, nor joined with one inside it.

use purser_domain::passed_over::{PassedOver, Reason};
use purser_domain::unit::Quantity;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;

use super::assemble::{Assembler, MISSING, Sighting, place};
use crate::attribute::Text;
use crate::decoded::{Decoded, EVENTS_MAX, Place, ToolCall, Unreadable};
use crate::emitter;

/// The operation of a tool that was called.
const TOOL: &str = "execute_tool";

/// What clients call the operation; `retrieval` and the like may have a price of their own as well.
const OPERATIONS: [&str; 7] =
    [TOOL, "tool", "retrieval", "call_mcp_tool", "mcp_tool_call", "tool.execute", "ai.toolCall"];

/// Whether a span is of one call of a tool.
pub(super) fn is_tool(sighting: &Sighting<'_, '_>) -> bool {
    let operation = emitter::operation(sighting.attributes);
    operation.is_some_and(|name| OPERATIONS.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

impl Assembler {
    /// Takes a tool's span: an event if it tells a cost, else a call that only a tenant's own price charges.
    pub(super) fn tool(&mut self, sighting: &Sighting<'_, '_>) -> Result<(), Unreadable> {
        let mut errors = Vec::new();
        let mut event = self.event(sighting, &mut errors);
        place(&mut event, sighting.item, &mut errors);
        make(&mut event, sighting);
        self.note_context(sighting, true);
        if event.reported_usd.is_some() || event.foreign_cost.is_some() {
            if self.keep(event, errors)? {
                self.nesting.tool(sighting.item, true, self.decoded.events.len() - 1);
            }
            return Ok(());
        }
        let operation = emitter::operation(sighting.attributes).unwrap_or_default();
        self.decoded.pass_over(sighting.emitter.name, operation, Reason::NotACall);
        if self.decoded.tool_calls.len() < EVENTS_MAX {
            let mut checked = Decoded::default();
            checked.settle(event, errors, Place::Item(self.index), self.now);
            let kind = PassedOver::new(sighting.emitter.name, operation, Reason::NotACall);
            if let Some(mut incoming) = checked.events.pop() {
                incoming.emitter = self.witness();
                self.nesting.tool(sighting.item, false, self.decoded.tool_calls.len());
                self.decoded.tool_calls.push(ToolCall { kind, incoming });
            }
        }
        self.index += 1;
        Ok(())
    }
}

/// Makes the event of a tool's call: no model was asked.
fn make(event: &mut UsageEvent, sighting: &Sighting<'_, '_>) {
    let name = event.tool.get_or_insert_with(|| match &*sighting.item.name {
        "" => emitter::operation(sighting.attributes).unwrap_or(TOOL).to_owned(),
        name => name.to_owned(),
    });
    event.model.clone_from(name);
    event.response_model = None;
    if sighting.attributes.text(Text::Provider).is_none() {
        event.provider.clear();
    }
    event.operation = Some(TOOL.to_owned());
    event.usage = Usage::default().with(Leaf::Requests, 0);
    event.units.entry("calls".to_owned()).or_insert(Quantity::whole(1).unwrap_or_default());
    event.tags.remove(MISSING);
    // The calls of models inside it are calls of their own.
    event.span_id = None;
}
