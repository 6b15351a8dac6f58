//! The OpenAPI 3.1 document, made from the table of routes.

use super::routes::Access;
use axum::http::Method;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

/// What an operation takes besides its path.
#[derive(Clone, Debug, Default)]
pub enum Input {
    /// Nothing, or a query.
    #[default]
    None,
    /// A JSON body of this schema.
    Json(Schema),
    /// An upload with these fields beside the file.
    Multipart(Schema),
}

/// A schema that is made when somebody asks for the document, not at each start.
pub type Schema = fn() -> Json;

/// One operation as the document tells it.
#[derive(Clone, Debug)]
pub struct Operation {
    path: &'static str,
    method: Method,
    access: Access,
    summary: &'static str,
    owner_scoped: bool,
    query: Option<Schema>,
    input: Input,
    output: Option<Schema>,
    status: String,
}

/// The JSON Schema of a type, its parts under `$defs`.
pub fn schema<T: JsonSchema>() -> Json {
    SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<T>().to_value()
}

/// The schema of an answer, in which every field is always there.
fn output_schema<T: JsonSchema + Serialize>() -> Json {
    SchemaGenerator::new(SchemaSettings::draft2020_12().for_serialize()).into_root_schema_for::<T>().to_value()
}

impl Operation {
    /// An operation without input or description.
    pub fn new(path: &'static str, method: Method, access: Access) -> Self {
        Self {
            path,
            method,
            access,
            summary: "",
            owner_scoped: false,
            query: None,
            input: Input::None,
            output: None,
            status: "200".into(),
        }
    }

    /// One line that says what it does.
    pub fn summary(&mut self, summary: &'static str) -> &mut Self {
        self.summary = summary;
        self
    }

    /// The records belong to an enterprise or a work order: others get 404.
    pub fn owner_scoped(&mut self) -> &mut Self {
        self.owner_scoped = true;
        self
    }

    /// The schema of the query.
    pub fn query(mut self, query: Schema) -> Self {
        self.query = Some(query);
        self
    }

    /// The schema of the body.
    pub fn body(mut self, body: Schema) -> Self {
        self.input = Input::Json(body);
        self
    }

    /// An upload: field `file`, and the fields that stand beside it.
    pub fn upload(mut self, fields: Schema) -> Self {
        self.input = Input::Multipart(fields);
        self
    }

    /// The answer and its status.
    pub fn output<O: JsonSchema + Serialize>(mut self, status: &str) -> Self {
        self.output = Some(output_schema::<O>);
        self.status = status.to_owned();
        self
    }

    /// Who may call it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Its method and path.
    pub fn route(&self) -> (&Method, &'static str) {
        (&self.method, self.path)
    }

    fn describe(&self, definitions: &mut Map<String, Json>) -> Json {
        let mut parameters: Vec<Json> = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let query = self.query.map(|query| lift(query(), definitions)).unwrap_or_default();
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            parameters.push(json!({"name": name, "in": "query", "required": false, "schema": schema}));
        }
        let mut responses = Map::new();
        let body = self.output.map(|output| lift(output(), definitions)).unwrap_or_default();
        let content = if body.is_null() { json!({}) } else { json!({"application/json": {"schema": body}}) };
        responses.insert(self.status.clone(), json!({"description": "OK", "content": content}));
        responses.insert("default".into(), json!({"$ref": "#/components/responses/Problem"}));
        let mut operation = json!({
            "operationId": self.id(),
            "tags": [self.tag()],
            "summary": self.summary,
            "parameters": parameters,
            "responses": responses,
            "x-roles": self.access.names(),
        });
        match &self.input {
            Input::None => {}
            Input::Json(body) => {
                operation["requestBody"] =
                    json!({"required": true, "content": {"application/json": {"schema": lift(body(), definitions)}}});
            }
            Input::Multipart(fields) => {
                let mut properties = fields();
                properties["file"] = json!({"type": "string", "format": "binary"});
                operation["requestBody"] = json!({"required": true, "content": {"multipart/form-data": {"schema": {
                    "type": "object", "required": ["file"], "properties": properties}}}});
            }
        }
        if self.owner_scoped {
            operation["x-owner-scoped"] = json!(true);
        }
        if !self.access.anonymous {
            operation["security"] = json!([{"token": []}, {"session": []}]);
        }
        operation
    }

    fn tag(&self) -> &str {
        self.path.trim_start_matches("/api/v1/").split('/').next().unwrap_or("api")
    }

    fn id(&self) -> String {
        let words = self.path.trim_start_matches("/api/v1/").replace(['/', '{', '}'], "_").replace("__", "_");
        format!("{}_{}", self.method.as_str().to_lowercase(), words.trim_end_matches('_'))
    }
}

/// Moves `$defs` of a schema to the components of the document.
fn lift(mut schema: Json, definitions: &mut Map<String, Json>) -> Json {
    if let Some(Json::Object(own)) = schema.as_object_mut().and_then(|o| o.remove("$defs")) {
        for (name, mut definition) in own {
            refer(&mut definition);
            definitions.insert(name, definition);
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    refer(&mut schema);
    schema
}

fn refer(value: &mut Json) {
    match value {
        Json::Object(object) => {
            if let Some(Json::String(target)) = object.get_mut("$ref") {
                *target = target.replace("#/$defs/", "#/components/schemas/");
            }
            object.values_mut().for_each(refer);
        }
        Json::Array(items) => items.iter_mut().for_each(refer),
        _ => {}
    }
}

/// The document.
pub fn document(operations: &[Operation]) -> Json {
    let mut definitions = Map::new();
    let mut paths: Map<String, Json> = Map::new();
    for operation in operations {
        let described = operation.describe(&mut definitions);
        let item = paths.entry(operation.path.to_owned()).or_insert_with(|| json!({}));
        item[operation.method.as_str().to_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Buting 不停",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0"},
            "description": "Times are UTC milliseconds since 1970 unless a field says otherwise. Lists answer {items, next_cursor, total}. Errors are problem+json (RFC 9457) with a stable code. POST takes Idempotency-Key; changes take If-Match with the ETag that was read.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sid"},
            },
            "responses": {"Problem": {
                "description": "Why not",
                "content": {"application/problem+json": {"schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "code"],
                    "properties": {
                        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                        "code": {"type": "string"}, "detail": {"type": "string"},
                        "errors": {"type": "array", "items": {"type": "object", "properties": {
                            "pointer": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}}}},
                        "held": {"type": "array", "items": {"type": "object", "properties": {
                            "kind": {"type": "string"}, "title": {"type": "string"},
                            "href": {"type": ["string", "null"]}}}},
                        "hand_over": {"type": "string"},
                    }}}},
            }},
        },
    })
}
