//! The OpenAPI 3.1 document, made from the table of routes.

use super::routes::Access;
use axum::http::Method;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

    /// The schemas of what it takes and answers.
    fn schemas(&self) -> impl Iterator<Item = Schema> {
        let body = match self.input {
            Input::Json(body) => Some(body),
            Input::None | Input::Multipart(_) => None,
        };
        self.query.into_iter().chain(self.output).chain(body)
    }

    fn describe(&self, components: &mut Components) -> Json {
        let mut parameters: Vec<Json> = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let query = self.query.map(|query| components.lift(query())).unwrap_or_default();
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            parameters.push(json!({"name": name, "in": "query", "required": false, "schema": schema}));
        }
        let mut responses = Map::new();
        let body = self.output.map(|output| components.lift(output())).unwrap_or_default();
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
                    json!({"required": true, "content": {"application/json": {"schema": components.lift(body())}}});
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

/// The named parts of all schemas. Types of one name are told apart by what they are:
/// where several bear a name, each is called by the tag of the operation that has it
/// first, and that name.
#[derive(Default)]
struct Components {
    /// What bears a name in the sources: what it is, and the tag of its first operation.
    borne: BTreeMap<String, Vec<(String, String)>>,
    /// What it is called in the document, by its name and what it is.
    names: HashMap<(String, String), String>,
    schemas: Map<String, Json>,
}

impl Components {
    fn of(operations: &[Operation]) -> Self {
        let mut all = Self::default();
        for operation in operations {
            for schema in operation.schemas() {
                let definitions = definitions(&schema());
                for local in definitions.keys() {
                    let borne = all.borne.entry(base(local, &definitions).to_owned()).or_default();
                    let whole = whole(local, &definitions);
                    if !borne.iter().any(|(known, _)| *known == whole) {
                        borne.push((whole, operation.tag().to_owned()));
                    }
                }
            }
        }
        let mut taken: BTreeSet<String> = all.borne.keys().cloned().collect();
        for (base, borne) in &all.borne {
            for (whole, tag) in borne {
                let mut name = base.clone();
                if borne.len() > 1 {
                    let own = format!("{}{base}", camel(tag));
                    name.clone_from(&own);
                    for n in 2.. {
                        if taken.insert(name.clone()) {
                            break;
                        }
                        name = format!("{own}{n}");
                    }
                }
                all.names.insert((base.clone(), whole.clone()), name);
            }
        }
        all
    }

    /// Moves `$defs` of a schema to the components of the document.
    fn lift(&mut self, mut schema: Json) -> Json {
        let definitions = definitions(&schema);
        let called: HashMap<&str, &String> = definitions
            .keys()
            .filter_map(|local| {
                let key = (base(local, &definitions).to_owned(), whole(local, &definitions));
                Some((local.as_str(), self.names.get(&key)?))
            })
            .collect();
        for (local, definition) in &definitions {
            let mut definition = definition.clone();
            refer(&mut definition, &called);
            if let Some(name) = called.get(local.as_str()) {
                self.schemas.insert((*name).clone(), definition);
            }
        }
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("$defs");
        }
        refer(&mut schema, &called);
        schema
    }
}

fn definitions(schema: &Json) -> Map<String, Json> {
    schema["$defs"].as_object().cloned().unwrap_or_default()
}

/// The name of a type in the sources: within one schema the second of a name has a number.
fn base<'a>(local: &'a str, definitions: &Map<String, Json>) -> &'a str {
    let bare = local.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare != local && definitions.contains_key(bare) { bare } else { local }
}

/// What a part is, with everything that it refers to.
fn whole(local: &str, definitions: &Map<String, Json>) -> String {
    fn open(value: &Json, definitions: &Map<String, Json>, above: &mut Vec<String>) -> Json {
        match value {
            Json::Object(object) => match object.get("$ref").and_then(Json::as_str).and_then(local_of) {
                Some(local) if !above.iter().any(|one| one == local) => {
                    above.push(local.to_owned());
                    let within = definitions.get(local).map(|one| open(one, definitions, above));
                    above.pop();
                    json!([within, object.get("description")])
                }
                _ => object.iter().map(|(key, one)| (key.clone(), open(one, definitions, above))).collect(),
            },
            Json::Array(items) => items.iter().map(|one| open(one, definitions, above)).collect(),
            other => other.clone(),
        }
    }
    let mut above = vec![local.to_owned()];
    definitions.get(local).map(|one| open(one, definitions, &mut above)).unwrap_or_default().to_string()
}

fn local_of(target: &str) -> Option<&str> {
    target.strip_prefix("#/$defs/")
}

fn refer(value: &mut Json, called: &HashMap<&str, &String>) {
    match value {
        Json::Object(object) => {
            if let Some(Json::String(target)) = object.get_mut("$ref")
                && let Some(name) = local_of(target).and_then(|local| called.get(local))
            {
                *target = format!("#/components/schemas/{name}");
            }
            object.values_mut().for_each(|one| refer(one, called));
        }
        Json::Array(items) => items.iter_mut().for_each(|one| refer(one, called)),
        _ => {}
    }
}

/// `work_orders` as a part of a name: `WorkOrders`.
fn camel(tag: &str) -> String {
    tag.split(['_', '-'])
        .filter_map(|word| {
            let mut letters = word.chars();
            Some(letters.next()?.to_uppercase().chain(letters).collect::<String>())
        })
        .collect()
}

/// The document.
pub fn document(operations: &[Operation]) -> Json {
    let mut components = Components::of(operations);
    let mut paths: Map<String, Json> = Map::new();
    for operation in operations {
        let described = operation.describe(&mut components);
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
            "schemas": components.schemas,
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

#[cfg(test)]
mod tests {
    use super::*;

    mod pump {
        #[derive(schemars::JsonSchema, serde::Serialize)]
        pub struct State {
            pub running: bool,
        }
        #[derive(schemars::JsonSchema, serde::Serialize)]
        pub struct Line {
            pub state: State,
        }
    }

    mod order {
        #[derive(schemars::JsonSchema, serde::Serialize)]
        pub struct State {
            pub sent: i64,
        }
        #[derive(schemars::JsonSchema, serde::Serialize)]
        pub struct Line {
            pub state: State,
            pub of: super::pump::State,
        }
    }

    #[derive(JsonSchema, Serialize)]
    struct Pumps {
        lines: Vec<pump::Line>,
    }

    #[derive(JsonSchema, Serialize)]
    struct Orders {
        lines: Vec<order::Line>,
    }

    #[test]
    fn types_of_one_name_stay_apart() {
        let all = Access::everybody();
        let document = document(&[
            Operation::new("/api/v1/pumps", Method::GET, all).output::<Pumps>("200"),
            Operation::new("/api/v1/work_orders", Method::GET, all).output::<Orders>("200"),
        ]);
        let parts = &document["components"]["schemas"];
        let refers = |name: &str, field: &str| parts[name]["properties"][field]["$ref"].clone();
        assert_eq!(refers("PumpsLine", "state"), "#/components/schemas/PumpsState");
        assert_eq!(refers("WorkOrdersLine", "state"), "#/components/schemas/WorkOrdersState");
        assert_eq!(refers("WorkOrdersLine", "of"), "#/components/schemas/PumpsState");
        assert!(parts["PumpsState"]["properties"]["running"].is_object());
        assert!(parts["WorkOrdersState"]["properties"]["sent"].is_object());
        assert_eq!(parts.as_object().map(Map::len), Some(4));
    }
}
