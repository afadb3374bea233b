//! What the handlers' descriptions cannot say: every error is a problem document, and flattened parts are open.

use serde_json::{Map, Value, json};

/// Finishes the document.
pub(super) fn polish(document: &mut Value) {
    for item in objects(&mut document["paths"]) {
        for operation in objects(item) {
            let is_otlp = operation["tags"][0] == "otlp";
            if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
                finish_responses(responses);
                if is_otlp {
                    add_rpc_status(responses);
                }
            }
        }
    }
    let schemas = &mut document["components"]["schemas"];
    let mut flattened = Vec::new();
    for schema in objects(schemas) {
        open_parts(schema, &mut flattened);
    }
    for name in flattened {
        if let Some(schema) = schemas.get_mut(&name).and_then(Value::as_object_mut) {
            schema.remove("additionalProperties");
        }
    }
}

fn objects(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut).filter(|value| value.is_object())
}

/// Errors are `application/problem+json`, and any route may answer one that it does not list.
fn finish_responses(responses: &mut Map<String, Value>) {
    for (status, response) in responses.iter_mut() {
        let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { continue };
        if status.as_str() >= "400"
            && let Some(body) = content.remove("application/json")
        {
            let is_problem = body["schema"]["$ref"] == "#/components/schemas/Problem";
            let kind = if is_problem { "application/problem+json" } else { "application/json" };
            content.insert(kind.to_owned(), body);
        }
    }
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let any = json!({ "description": "An error", "content": { "application/problem+json": problem } });
    responses.insert("default".to_owned(), any);
}

/// OTLP's errors are a `google.rpc.Status` in the request's encoding; a request in neither gets a problem document.
fn add_rpc_status(responses: &mut Map<String, Value>) {
    let status = json!({ "type": "object", "required": ["code", "message"], "properties": {
        "code": { "type": "integer", "description": "A gRPC code" }, "message": { "type": "string" }
    }});
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.as_str() >= "400") {
        let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { continue };
        content.insert("application/json".to_owned(), json!({ "schema": status }));
        content.insert("application/x-protobuf".to_owned(), json!({ "schema": { "type": "string" } }));
    }
}

/// A part of an `allOf` must not close the whole.
fn open_parts(schema: &mut Value, flattened: &mut Vec<String>) {
    let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) else { return };
    let mut closed = false;
    for part in parts.iter_mut().filter_map(Value::as_object_mut) {
        closed |= part.remove("additionalProperties") == Some(Value::Bool(false));
        let name = part.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        flattened.extend(name.map(str::to_owned));
    }
    if closed {
        schema["unevaluatedProperties"] = Value::Bool(false);
    }
}
