//! The description of the API as a page, made from the OpenAPI document on the
//! server: it works offline and fetches nothing from anywhere.

use crate::app::App;
use crate::http::openapi;
use serde_json::Value as Json;
use std::sync::{Arc, OnceLock};

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// GET, POST …
    pub method: String,
    /// The path template.
    pub path: String,
    /// One line that says what it does.
    pub summary: String,
    /// Who may call it.
    pub roles: String,
    /// Whether others' records are 404.
    pub owner_scoped: bool,
    /// Parameters of path and query: name, type, what it means.
    pub parameters: Vec<(String, String, String)>,
    /// Fields of the body.
    pub body: Vec<FieldDoc>,
    /// Whether a file is sent.
    pub upload: bool,
    /// Fields of the answer.
    pub answer: Vec<FieldDoc>,
}

/// A field of a body or an answer.
#[derive(Clone, Debug)]
pub struct FieldDoc {
    /// Its name, `items[].` before those of a list's records.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it must be sent.
    pub required: bool,
    /// What it means.
    pub text: String,
}

/// Operations of one collection.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// Its operations.
    pub operations: Vec<Operation>,
}

static COLLECTIONS: OnceLock<Vec<Collection>> = OnceLock::new();

/// The whole API, by collection. Made once: the routes never change while the
/// program runs.
pub fn collections(app: &Arc<App>) -> &'static [Collection] {
    COLLECTIONS.get_or_init(|| {
        let (_, _, operations) = crate::routes(app).finish();
        read(&openapi::document(&operations))
    })
}

fn read(document: &Json) -> Vec<Collection> {
    let mut all: Vec<Collection> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, about) in item.as_object().into_iter().flatten() {
            let name = about["tags"][0].as_str().unwrap_or_default().to_owned();
            let operation = operation(document, path, method, about);
            match all.iter_mut().find(|collection| collection.name == name) {
                Some(collection) => collection.operations.push(operation),
                None => all.push(Collection { name, operations: vec![operation] }),
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn operation(document: &Json, path: &str, method: &str, about: &Json) -> Operation {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let roles: Vec<&str> = about["x-roles"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let parameters = about["parameters"].as_array().into_iter().flatten();
    let content = &about["requestBody"]["content"];
    let responses = about["responses"].as_object().into_iter().flatten();
    let answer = responses.filter(|(status, _)| *status != "default").map(|(_, response)| response).next();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&about["summary"]),
        roles: roles.join(", "),
        owner_scoped: about["x-owner-scoped"] == true,
        parameters: parameters
            .map(|p| (text(&p["name"]), kind_of(document, &p["schema"]), text(&p["schema"]["description"])))
            .collect(),
        body: fields(document, &content["application/json"]["schema"], ""),
        upload: content["multipart/form-data"].is_object(),
        answer: answer.map(|a| fields(document, &a["content"]["application/json"]["schema"], "")).unwrap_or_default(),
    }
}

/// The schema behind a reference.
fn resolved<'d>(document: &'d Json, schema: &'d Json) -> &'d Json {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/")) {
        Some(name) => &document["components"]["schemas"][name],
        None => schema,
    }
}

fn fields(document: &Json, schema: &Json, before: &str) -> Vec<FieldDoc> {
    let schema = resolved(document, schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let mut all = Vec::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let description = field["description"].as_str().or_else(|| resolved(document, field)["description"].as_str());
        all.push(FieldDoc {
            name: format!("{before}{name}"),
            kind: kind_of(document, field),
            required: required.contains(&name.as_str()),
            text: description.unwrap_or_default().to_owned(),
        });
        // A list's records are told too; deeper than that nobody reads in a table.
        if before.is_empty() && name == "items" {
            all.extend(fields(document, &field["items"], "items[]."));
        }
    }
    all
}

fn kind_of(document: &Json, schema: &Json) -> String {
    let found = resolved(document, schema);
    let words = |value: &Json| -> Option<String> {
        let words: Vec<&str> = value["enum"].as_array()?.iter().filter_map(Json::as_str).collect();
        Some(words.join(" | "))
    };
    if let Some(words) = words(found) {
        return words;
    }
    if let Some(options) = found["anyOf"].as_array().or_else(|| found["oneOf"].as_array()) {
        let kinds: Vec<String> = options
            .iter()
            .map(|option| option["const"].as_str().map_or_else(|| kind_of(document, option), str::to_owned))
            .collect();
        return kinds.join(" | ");
    }
    let name = match &found["type"] {
        Json::String(name) => name.clone(),
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" | "),
        _ => "any".to_owned(),
    };
    match (name.as_str(), found["format"].as_str()) {
        ("array", _) => format!("[{}]", kind_of(document, &found["items"])),
        (_, Some(format)) => format!("{name} ({format})"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_becomes_tables() {
        let document = json!({
            "paths": {"/api/v1/things": {"post": {
                "tags": ["things"], "summary": "Make a thing", "x-roles": ["officer", "leader"], "x-owner-scoped": true,
                "parameters": [{"name": "q", "schema": {"type": ["string", "null"], "description": "Words"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"201": {"content": {"application/json": {"schema": {"type": "object", "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/New"}}}}}}}, "default": {}},
            }}},
            "components": {"schemas": {"New": {"type": "object", "required": ["kind"], "properties": {
                "kind": {"$ref": "#/components/schemas/Kind"}, "id": {"type": "string", "format": "uuid", "description": "Key"}}},
                "Kind": {"type": "string", "enum": ["a", "b"]}}},
        });
        let all = read(&document);
        let operation = &all[0].operations[0];
        assert_eq!(
            (operation.method.as_str(), operation.roles.as_str(), operation.owner_scoped),
            ("POST", "officer, leader", true)
        );
        assert_eq!(operation.parameters, [("q".into(), "string | null".into(), "Words".into())]);
        let body: Vec<(&str, &str, bool)> =
            operation.body.iter().map(|f| (f.name.as_str(), f.kind.as_str(), f.required)).collect();
        assert_eq!(body, [("id", "string (uuid)", false), ("kind", "a | b", true)]);
        assert_eq!(
            operation.answer.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["items", "items[].id", "items[].kind"]
        );
    }
}
