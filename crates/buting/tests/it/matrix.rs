//! Every operation of the OpenAPI document as every account: who gets in where.
//! A new route is walked as soon as it is in the table.

use crate::house::House;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use store::sql;
use uuid::Uuid;

/// Everybody who may knock, and the name that `x-roles` has for him.
const ACCOUNTS: &[(&str, &str)] = &[
    ("anonymous", "anonymous"),
    ("leader", "leader"),
    ("dispatcher", "dispatcher"),
    ("officer", "officer"),
    ("officer2", "officer"),
    ("specialist", "specialist"),
    ("oversight", "oversight"),
    ("agency", "agency"),
    ("enterprise", "enterprise"),
    ("enterprise2", "enterprise"),
    ("project", "project"),
    ("sysadmin", "sysadmin"),
    ("secadmin", "secadmin"),
    ("auditor", "auditor"),
    ("leader@zone2", "leader"),
    ("officer@zone2", "officer"),
];

/// Signing in is tested apart: everybody may try, and most tries are refused.
const APART: &[(&str, &str)] = &[("post", "/api/v1/session")];

/// A name that stands in the first zone alone.
const CANARY: &str = "金丝雀七号";

/// One operation of the document.
struct Operation {
    method: String,
    path: String,
    roles: Vec<String>,
    body: Option<Json>,
}

impl Operation {
    fn allows(&self, role: &str) -> bool {
        self.roles.iter().any(|allowed| allowed == role || allowed == "anonymous")
    }

    fn url(&self, id: &str) -> String {
        self.path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
    }

    fn has_id(&self) -> bool {
        self.path.contains('{')
    }
}

/// Knocks with tokens that are made once.
struct Walker {
    house: House,
    tokens: BTreeMap<&'static str, String>,
    operations: Vec<Operation>,
    document: Json,
}

impl Walker {
    async fn new(house: House) -> Self {
        let document = house.call("anonymous", "GET", "/api/openapi.json", Json::Null).await.expect(200).json();
        let mut tokens = BTreeMap::new();
        for (account, _) in ACCOUNTS.iter().filter(|(account, _)| *account != "anonymous") {
            tokens.insert(*account, house.token(account).await);
        }
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if APART.contains(&(method.as_str(), path.as_str())) {
                    continue;
                }
                let roles = operation["x-roles"].as_array().unwrap_or_else(|| panic!("{method} {path} names no roles"));
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    roles: roles.iter().map(|role| role.as_str().unwrap().to_owned()).collect(),
                    body: schema.is_object().then(|| sample(schema, &document, 0)),
                });
            }
        }
        Self { house, tokens, operations, document }
    }

    async fn knock(&self, account: &str, method: &str, url: &str, body: Option<&Json>) -> (StatusCode, String) {
        let token = self.tokens.get(account).map(|token| format!("Bearer {token}"));
        self.knock_with(token.as_deref(), method, url, body).await
    }

    async fn knock_with(
        &self,
        credential: Option<&str>,
        method: &str,
        url: &str,
        body: Option<&Json>,
    ) -> (StatusCode, String) {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(url);
        if let Some(credential) = credential {
            request = request.header(header::AUTHORIZATION, credential);
        }
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
        };
        let answer = self.house.send(request.unwrap()).await;
        (answer.status, answer.text())
    }
}

/// The least that a schema asks for.
fn sample(schema: &Json, document: &Json, depth: usize) -> Json {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return sample(&document["components"]["schemas"][name], document, depth);
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        if let Some(first) = schema[key].as_array().and_then(|all| all.first()) {
            return sample(first, document, depth);
        }
    }
    for key in ["example", "const"] {
        if !schema[key].is_null() {
            return schema[key].clone();
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "object" => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let mut object = Map::new();
            for name in required.iter().filter_map(Json::as_str).filter(|_| depth < 5) {
                object.insert(name.to_owned(), sample(&schema["properties"][name], document, depth + 1));
            }
            Json::Object(object)
        }
        "integer" => schema["minimum"].as_i64().unwrap_or(1).into(),
        "number" => json!(1.5),
        "boolean" => json!(true),
        "array" => json!([]),
        _ if schema["format"] == "uuid" => json!(Uuid::now_v7()),
        _ => json!(format!("x{}", Uuid::now_v7().simple())),
    }
}

fn refused(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 404)
}

#[tokio::test]
async fn every_role_gets_in_where_the_table_says_and_nowhere_else() {
    for house in House::both().await {
        let walker = Walker::new(house).await;
        assert!(walker.operations.len() > 5);
        let mut wrong = Vec::new();
        for operation in &walker.operations {
            let nobodys = Uuid::now_v7().to_string();
            for (account, role) in ACCOUNTS {
                let url = operation.url(&nobodys);
                let (status, text) = walker.knock(account, &operation.method, &url, operation.body.as_ref()).await;
                let cell = format!(
                    "{} {} as {account}: {status} {}",
                    operation.method,
                    operation.path,
                    text.chars().take(160).collect::<String>()
                );
                if status.is_server_error() {
                    wrong.push(format!("breaks: {cell}"));
                } else if !operation.allows(role) && !refused(status) {
                    wrong.push(format!("gets in: {cell}"));
                } else if operation.allows(role)
                    && !operation.has_id()
                    && (status == StatusCode::UNAUTHORIZED
                        || operation.method == "GET" && status == StatusCode::FORBIDDEN)
                {
                    wrong.push(format!("is kept out: {cell}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Who may call what, as a table in `roles.tsv` that a reviewer reads: a change of
/// it is a change of that file.
#[tokio::test]
async fn who_may_call_what_is_what_was_reviewed() {
    let house = House::sqlite().await;
    let document = house.call("anonymous", "GET", "/api/openapi.json", Json::Null).await.expect(200).json();
    let mut roles: Vec<&str> = Vec::new();
    for (_, role) in ACCOUNTS {
        if !roles.contains(role) {
            roles.push(role);
        }
    }
    let mut rows = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named: Vec<&str> = operation["x-roles"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
            assert!(named.iter().all(|role| roles.contains(role)), "{method} {path}: {named:?}");
            let mut cells: Vec<&str> =
                roles.iter().map(|role| if named.contains(role) { "yes" } else { "-" }).collect();
            cells.push(if operation["x-owner-scoped"] == true { "yes" } else { "-" });
            rows.push(format!("{path} {}\t{}\n", method.to_uppercase(), cells.join("\t")));
        }
    }
    rows.sort();
    let table = format!("operation\t{}\towner-scoped\n{}", roles.join("\t"), rows.concat());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/roles.tsv");
    if std::env::var_os("BUTING_ROLES").is_some() {
        std::fs::write(file, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(file).unwrap();
    let (is, was): (Vec<&str>, Vec<&str>) = (table.lines().collect(), reviewed.lines().collect());
    let more: Vec<String> = is.iter().filter(|row| !was.contains(row)).map(|row| format!("+ {row}")).collect();
    let less: Vec<String> = was.iter().filter(|row| !is.contains(row)).map(|row| format!("- {row}")).collect();
    assert!(
        is == was,
        "who may call what has changed; if it is meant, run this test with BUTING_ROLES=1 and commit roles.tsv\n{}\n{}",
        less.join("\n"),
        more.join("\n")
    );
}

#[tokio::test]
async fn a_false_credential_opens_nothing() {
    let walker = Walker::new(House::sqlite().await).await;
    let long = format!("Bearer {}", "A".repeat(4000));
    let unsigned = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.";
    let forged = format!("Bearer bt_{}", "0".repeat(46));
    for operation in walker.operations.iter().filter(|operation| !operation.allows("anonymous")) {
        for credential in ["Bearer x", "Bearer ", "Bearer null", &long, "Basic YWRtaW46YWRtaW4=", unsigned, &forged] {
            let url = operation.url(&Uuid::now_v7().to_string());
            let (status, text) =
                walker.knock_with(Some(credential), &operation.method, &url, operation.body.as_ref()).await;
            assert_eq!(status, 401, "{} {} with {credential:.20}: {text}", operation.method, operation.path);
        }
    }
}

#[tokio::test]
async fn what_is_not_declared_is_not_there() {
    let walker = Walker::new(House::sqlite().await).await;
    for (path, item) in walker.document["paths"].as_object().unwrap() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            if item.get(method.to_lowercase()).is_some() {
                continue;
            }
            let url = path
                .split('/')
                .map(|part| if part.starts_with('{') { "7" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let (status, _) = walker.knock("sysadmin", method, &url, None).await;
            assert!(matches!(status.as_u16(), 404 | 405), "{method} {path}: {status}");
        }
    }
}

/// Records of the first zone, whose names hold the canary: where they are and their keys.
async fn plant(walker: &Walker) -> Vec<(&'static str, String)> {
    let house = &walker.house;
    let department = json!({"name": format!("{CANARY}部"), "kind": "department"});
    let made = house.call("dispatcher", "POST", "/api/v1/departments", department).await.expect(201).json();
    let person = json!({"name": CANARY, "department_id": house.department});
    let someone = house.call("dispatcher", "POST", "/api/v1/people", person).await.expect(201).json();
    let mut tx = house.app.db.write().await.unwrap();
    let name = format!("{CANARY}公司");
    for rename in [
        sql!("UPDATE enterprise SET name = $1 WHERE zone_id = $2 AND id = $3", name, house.zone, house.enterprise),
        sql!("UPDATE project SET name = $1 WHERE zone_id = $2 AND id = $3", name, house.zone, house.project),
    ] {
        tx.run(rename).await.unwrap();
    }
    tx.commit().await.unwrap();
    vec![
        ("/api/v1/departments", made["id"].as_str().unwrap().to_owned()),
        ("/api/v1/people", someone["id"].as_str().unwrap().to_owned()),
        ("/api/v1/enterprises", house.enterprise.to_string()),
        ("/api/v1/projects", house.project.to_string()),
    ]
}

#[tokio::test]
async fn another_zone_never_learns_that_a_record_is_there() {
    for house in House::both().await {
        let walker = Walker::new(house).await;
        let planted = plant(&walker).await;
        let mut wrong = Vec::new();
        for stranger in ["leader@zone2", "officer@zone2"] {
            for operation in &walker.operations {
                if !operation.has_id() {
                    if operation.method == "GET" {
                        for query in ["", "?q=金丝雀七号", "?limit=200"] {
                            let url = format!(
                                "{}{}",
                                operation.path,
                                query.replace("金丝雀七号", "%E9%87%91%E4%B8%9D%E9%9B%80")
                            );
                            let (_, text) = walker.knock(stranger, "GET", &url, None).await;
                            if text.contains(CANARY) {
                                wrong.push(format!("{url} tells {stranger}"));
                            }
                        }
                    }
                    continue;
                }
                for (collection, id) in planted.iter().filter(|(collection, _)| operation.path.starts_with(collection))
                {
                    let foreign =
                        walker.knock(stranger, &operation.method, &operation.url(id), operation.body.as_ref()).await;
                    let nobodys = Uuid::now_v7().to_string();
                    let missing = walker
                        .knock(stranger, &operation.method, &operation.url(&nobodys), operation.body.as_ref())
                        .await;
                    if foreign.0.is_success() || foreign.0 != missing.0 || foreign.1.contains(CANARY) {
                        wrong.push(format!(
                            "{} {} of {collection} as {stranger}: foreign {}, missing {}",
                            operation.method, operation.path, foreign.0, missing.0
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        // Nothing of what the strangers tried has changed the records.
        for (collection, id) in &planted {
            let declared =
                walker.operations.iter().any(|o| o.method == "GET" && o.path == format!("{collection}/{{id}}"));
            if declared {
                let (status, text) = walker.knock("leader", "GET", &format!("{collection}/{id}"), None).await;
                assert_eq!(status, 200, "{collection} {text}");
                assert!(text.contains(CANARY) && text.contains("\"version\":1"), "{collection} {text}");
            }
        }
    }
}

#[tokio::test]
async fn another_enterprise_never_learns_that_a_record_is_there() {
    for house in House::both().await {
        let walker = Walker::new(house).await;
        let own = walker.house.enterprise.to_string();
        plant(&walker).await;
        let mut wrong = Vec::new();
        for stranger in ["enterprise2", "project"] {
            for operation in &walker.operations {
                if operation.has_id() && operation.path.starts_with("/api/v1/enterprises/{id}") {
                    let (status, text) =
                        walker.knock(stranger, &operation.method, &operation.url(&own), operation.body.as_ref()).await;
                    if status.is_success() || text.contains(CANARY) {
                        wrong.push(format!("{} {} as {stranger}: {status}", operation.method, operation.path));
                    }
                } else if operation.method == "GET" && !operation.has_id() {
                    let (_, text) = walker.knock(stranger, "GET", &operation.path, None).await;
                    if text.contains(&format!("{CANARY}公司")) && stranger == "enterprise2" {
                        wrong.push(format!("{} tells {stranger}", operation.path));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// What the document says that a field of a body may be.
fn words_of(document: &Json, method: &str, path: &str, field: &str) -> Vec<String> {
    fn words(document: &Json, schema: &Json, into: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|target| target.strip_prefix("#/components/schemas/")) {
            return words(document, &document["components"]["schemas"][name], into);
        }
        into.extend(schema["const"].as_str().map(str::to_owned));
        for list in ["enum", "oneOf", "anyOf"] {
            for one in schema[list].as_array().into_iter().flatten() {
                match one.as_str() {
                    Some(word) => into.push(word.to_owned()),
                    None => words(document, one, into),
                }
            }
        }
    }
    let body = &document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
    let mut found = Vec::new();
    words(document, &body["properties"][field], &mut found);
    found
}

/// Types of one name in several rooms: the document tells each by its own words.
#[tokio::test]
async fn the_document_gives_each_field_the_words_of_its_own_type() {
    let house = House::sqlite().await;
    let document = house.call("anonymous", "GET", "/api/openapi.json", Json::Null).await.expect(200).json();
    let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let continuity: Vec<&str> = buting::continuity::State::ALL.iter().map(|state| state.word()).collect();
    assert_eq!(words_of(&document, "post", "/api/v1/continuity", "state"), all(&continuity));
    let channels: Vec<&str> = buting::appeal::Channel::ALL.iter().map(|channel| channel.word()).collect();
    assert_eq!(words_of(&document, "post", "/api/v1/appeals", "channel"), all(&channels));
    let channels: Vec<&str> = buting::visit::Channel::ALL.iter().map(|channel| channel.word()).collect();
    assert_eq!(words_of(&document, "post", "/api/v1/visits", "channel"), all(&channels));
}
