//! Sign-in at a provider, against one that stands in for it: it describes itself,
//! keeps codes, checks client and PKCE, and signs identities with a key of its own.

use crate::house::{Answer, House, MORNING, PASSWORD};
use crate::organisation::{code_now, turn_on};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use buting::http::form::Form;
use buting::http::page::encode;
use buting::http::server;
use buting::organisation::accounts;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use store::sql;
use uuid::Uuid;

const CLIENT: &str = "buting";
const SECRET: &str = "agreed between two";

/// What the provider knows of a code that it gave out.
#[derive(Clone)]
struct Code {
    challenge: String,
    /// What stands in the identity.
    claims: Json,
    /// Signed with a key that the provider does not publish.
    foreign_key: bool,
}

struct Provider {
    issuer: String,
    key: CoreEdDsaPrivateSigningKey,
    other: CoreEdDsaPrivateSigningKey,
    codes: Mutex<HashMap<String, Code>>,
}

fn new_key() -> CoreEdDsaPrivateSigningKey {
    // PKCS#8 of an Ed25519 seed (RFC 8410).
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend_from_slice(&vault::hash::sha256(Uuid::now_v7().as_bytes()));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new("one".into()))).unwrap()
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Arc::new(Self { issuer, key: new_key(), other: new_key(), codes: Mutex::new(HashMap::new()) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&provider));
        tokio::spawn(server::serve(listener, router, std::future::pending()));
        provider
    }

    /// A person signs in at the provider's page: the address that our site sent him
    /// to becomes a code, with the identity as `alter` leaves it.
    fn signs_in(&self, address: &str, subject: &str, alter: impl Fn(&mut Code)) -> String {
        let query = Form::parse(address.split_once('?').unwrap().1.as_bytes());
        assert!(address.starts_with(&format!("{}/authorize?", self.issuer)), "{address}");
        assert_eq!((query.value("client_id"), query.value("response_type")), (CLIENT, "code"));
        assert_eq!(query.value("code_challenge_method"), "S256");
        assert!(query.value("scope").split(' ').any(|scope| scope == "openid"));
        assert_eq!(query.value("redirect_uri"), "http://127.0.0.1/sign-in/provider/back");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": subject, "nonce": query.value("nonce"),
            "iat": now, "exp": now + 300,
        });
        let mut kept = Code { challenge: query.value("code_challenge").to_owned(), claims, foreign_key: false };
        alter(&mut kept);
        let code = Uuid::now_v7().to_string();
        self.codes.lock().unwrap().insert(code.clone(), kept);
        code
    }
}

async fn describe(State(provider): State<Arc<Provider>>) -> axum::response::Response {
    let issuer = &provider.issuer;
    let document = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    });
    ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

async fn keys(State(provider): State<Arc<Provider>>) -> axum::response::Response {
    let keys = json!({"keys": [provider.key.as_verification_key()]});
    ([(header::CONTENT_TYPE, "application/json")], keys.to_string()).into_response()
}

async fn token(State(provider): State<Arc<Provider>>, request: Request<Body>) -> axum::response::Response {
    let client = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace(' ', "+"))));
    let known = request.headers().get(header::AUTHORIZATION).is_some_and(|value| *value == client);
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
    let form = Form::parse(&body);
    let code = provider.codes.lock().unwrap().remove(form.value("code"));
    let proof = URL_SAFE_NO_PAD.encode(vault::hash::sha256(form.value("code_verifier").as_bytes()));
    let refuse = |why: &str| {
        let body = json!({"error": why}).to_string();
        (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let Some(code) = code.filter(|code| code.challenge == proof) else { return refuse("invalid_grant") };
    if !known {
        return refuse("invalid_client");
    }
    let part = |value: &Json| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": "one"})), part(&code.claims));
    let key = if code.foreign_key { &provider.other } else { &provider.key };
    let signature = key.sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap();
    let identity = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    let answer = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": identity});
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

async fn open(house: &House, path: &str, cookies: &str) -> Answer {
    let request = Request::builder().uri(path).header(header::HOST, "127.0.0.1").header(header::COOKIE, cookies);
    house.send(request.body(Body::empty()).unwrap()).await
}

fn location(answer: &Answer) -> String {
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

fn cookie(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.get_all(header::SET_COOKIE).iter().find_map(|value| {
        let pair = value.to_str().ok()?.split(';').next()?;
        pair.starts_with(&format!("{name}=")).then(|| pair.to_owned())
    })
}

/// The way to the provider and back, as a browser with these cookies goes it.
async fn journey(
    house: &House,
    provider: &Provider,
    from: &str,
    cookies: &str,
    subject: &str,
    alter: impl Fn(&mut Code),
) -> Answer {
    let away = open(house, from, cookies).await.expect(303);
    let address = location(&away);
    let code = provider.signs_in(&address, subject, alter);
    let state = Form::parse(address.split_once('?').unwrap().1.as_bytes()).value("state").to_owned();
    let kept = cookie(&away, "provider").unwrap();
    let back = format!("/sign-in/provider/back?code={}&state={}", encode(&code), encode(&state));
    open(house, &back, &format!("{cookies}; {kept}")).await
}

/// The owner of an account links it, with his password and, if need be, a code.
async fn links(house: &House, provider: &Provider, account: &str, fields: &[(&str, &str)], subject: &str) -> Answer {
    let page = house.post(account, "/account/provider", fields).await.expect(200);
    let text = page.text();
    let address = text.split_once(&format!("href=\"{}/authorize", provider.issuer)).expect("the way to the provider").1;
    let address = format!("{}/authorize{}", provider.issuer, address.split_once('"').unwrap().0);
    let address = address.replace("&#38;", "&").replace("&amp;", "&");
    let code = provider.signs_in(&address, subject, |_| {});
    let state = Form::parse(address.split_once('?').unwrap().1.as_bytes()).value("state").to_owned();
    let back = format!("/sign-in/provider/back?code={}&state={}", encode(&code), encode(&state));
    let (own, kept) = (house.cookie(account).await, cookie(&page, "provider").unwrap());
    open(house, &back, &format!("{own}; {kept}")).await
}

const KNOWN: &[(&str, &str)] = &[("password", PASSWORD)];

async fn configured() -> (House, Arc<Provider>) {
    let (house, provider) = (House::sqlite().await, Provider::start().await);
    let fields = [("issuer", provider.issuer.as_str()), ("client_id", CLIENT), ("client_password", SECRET)];
    house.post("secadmin", "/settings/sign-in", &fields).await.expect(303);
    (house, provider)
}

#[tokio::test]
async fn the_security_administrator_sets_the_provider_and_nobody_reads_its_secret() {
    let (house, provider) = (House::sqlite().await, Provider::start().await);
    house.page("anonymous", "/sign-in/provider").await.expect(409);
    let issuer = provider.issuer.as_str();
    let good = [("issuer", issuer), ("client_id", CLIENT), ("client_password", SECRET)];
    house.post("sysadmin", "/settings/sign-in", &good).await.expect(403);
    for (issuer, client) in [("http://sso.example.org", CLIENT), ("nonsense", CLIENT), (issuer, "")] {
        let fields = [("issuer", issuer), ("client_id", client)];
        house.post("secadmin", "/settings/sign-in", &fields).await.expect(422);
    }
    assert!(house.page("secadmin", "/settings").await.expect(200).text().contains("/settings/sign-in"));
    house.post("secadmin", "/settings/sign-in", &good).await.expect(303);
    let page = house.page("secadmin", "/settings/sign-in").await.expect(200).text();
    assert!(page.contains(issuer) && page.contains("/sign-in/provider/back") && !page.contains(SECRET));
    let tried = house.post("secadmin", "/settings/sign-in/try", &[]).await.expect(200).text();
    assert!(tried.contains(&format!("{issuer}/authorize")), "{tried}");
    assert!(house.page("anonymous", "/sign-in").await.expect(200).text().contains("/sign-in/provider"));

    let kept = async |statement: store::Sql| {
        let found: Json = house.app.db.read().await.unwrap().value(statement).await.unwrap();
        found
    };
    let settings = async || kept(sql!("SELECT settings FROM zone WHERE zone_id = $1", house.zone)).await;
    let secret = settings().await["oidc"]["secret"].clone();
    assert!(secret["sealed"].is_string() && !settings().await.to_string().contains(SECRET));
    let told = kept(sql!("SELECT after FROM ledger WHERE zone_id = $1 AND action = 'settings.zone'", house.zone)).await;
    assert_eq!(told["oidc"]["secret"], true, "the ledger says that there is one: {told}");

    // Left empty it stays; for another client it does not.
    house.post("secadmin", "/settings/sign-in", &[("issuer", issuer), ("client_id", CLIENT)]).await.expect(303);
    assert_eq!(settings().await["oidc"]["secret"], secret);
    house.post("secadmin", "/settings/sign-in", &[("issuer", issuer), ("client_id", "other")]).await.expect(303);
    assert_eq!(settings().await["oidc"]["secret"], Json::Null);

    let nobody = [("issuer", "http://127.0.0.1:9"), ("client_id", CLIENT)];
    house.post("secadmin", "/settings/sign-in", &nobody).await.expect(303);
    let tried = house.post("secadmin", "/settings/sign-in/try", &[]).await.expect(200).text();
    assert!(tried.contains("连接不上认证方"), "{tried}");
    house.post("secadmin", "/settings/sign-in", &[("issuer", "")]).await.expect(303);
    house.page("anonymous", "/sign-in/provider").await.expect(409);
}

#[tokio::test]
async fn an_account_is_linked_by_its_owner_and_then_signs_in_by_its_subject() {
    let (house, provider) = configured().await;
    let as_is = |_: &mut Code| {};
    let stranger = journey(&house, &provider, "/sign-in/provider", "", "s-1", as_is).await.expect(409);
    assert!(stranger.text().contains("还没有关联账号"), "nobody gets an account this way");
    assert_eq!(cookie(&stranger, "sid"), None);

    house.give_password("officer").await;
    let linked = links(&house, &provider, "officer", KNOWN, "s-1").await.expect(303);
    assert_eq!(location(&linked), "/account/security");
    let back = journey(&house, &provider, "/sign-in/provider?next=/people", "", "s-1", as_is).await.expect(303);
    assert_eq!(location(&back), "/people");
    let sid = cookie(&back, "sid").unwrap();
    open(&house, "/account", &sid).await.expect(200);
    journey(&house, &provider, "/sign-in/provider", "", "s-2", as_is).await.expect(409);
    // The same identity is not linked to a second account.
    house.give_password("leader").await;
    links(&house, &provider, "leader", KNOWN, "s-1").await.expect(409);
}

#[tokio::test]
async fn what_was_not_meant_for_this_sign_in_is_refused() {
    let (house, provider) = configured().await;
    house.give_password("officer").await;
    links(&house, &provider, "officer", KNOWN, "s-1").await.expect(303);
    type Alter = fn(&mut Code);
    let altered: [(&str, Alter); 6] = [
        ("another nonce", |code| code.claims["nonce"] = json!("x")),
        ("another audience", |code| code.claims["aud"] = json!("another site")),
        ("another issuer", |code| code.claims["iss"] = json!("https://sso.example.org")),
        ("past its time", |code| code.claims["exp"] = json!(1)),
        ("a key that is not published", |code| code.foreign_key = true),
        ("a code of another verifier", |code| code.challenge = "x".into()),
    ];
    for (what, alter) in altered {
        let refused = journey(&house, &provider, "/sign-in/provider", "", "s-1", alter).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{what}");
        assert_eq!(cookie(&refused, "sid"), None, "{what}");
    }
    // The state belongs to one browser and works once.
    let away = open(&house, "/sign-in/provider", "").await.expect(303);
    let (address, kept) = (location(&away), cookie(&away, "provider").unwrap());
    let state = Form::parse(address.split_once('?').unwrap().1.as_bytes()).value("state").to_owned();
    let back = |code: String| format!("/sign-in/provider/back?code={code}&state={}", encode(&state));
    let code = provider.signs_in(&address, "s-1", |_| {});
    open(&house, &back(code.clone()), "").await.expect(409);
    open(&house, &back(code.clone()), "provider=another").await.expect(409);
    open(&house, &back(code), &kept).await.expect(303);
    let again = provider.signs_in(&address, "s-1", |_| {});
    open(&house, &back(again), &kept).await.expect(409);
    // With a secret that the provider does not know, it gives nothing out.
    let wrong = [("issuer", provider.issuer.as_str()), ("client_id", CLIENT), ("client_password", "guessed")];
    house.post("secadmin", "/settings/sign-in", &wrong).await.expect(303);
    journey(&house, &provider, "/sign-in/provider", "", "s-1", |_| {}).await.expect(409);
}

#[tokio::test]
async fn an_open_browser_is_not_enough_to_link() {
    let (house, provider) = configured().await;
    house.give_password("officer").await;
    let linked = async || -> i64 {
        house.app.db.read().await.unwrap().value("SELECT count(*) FROM account_oidc").await.unwrap()
    };
    for wrong in [&[][..], &[("password", "")], &[("password", "not it at all")]] {
        let refused = house.post("officer", "/account/provider", wrong).await.expect(422);
        assert_eq!(cookie(&refused, "provider"), None, "nobody is sent on his way");
        assert!(!refused.text().contains("/authorize"));
    }
    let own = house.cookie("officer").await;
    open(&house, "/account/provider", &own).await.expect(405);

    // Who has a second factor gives it too; a code that was used is none.
    let (secret, _) = turn_on(&house, "officer").await;
    house.post("officer", "/account/provider", KNOWN).await.expect(422);
    let used = code_now(&house, &secret);
    let with = |code: &str| [("password", PASSWORD.to_owned()), ("code", code.to_owned())];
    let post = async |code: &str| {
        let fields = with(code);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        house.post("officer", "/account/provider", &fields).await
    };
    post(&used).await.expect(422);
    assert_eq!(linked().await, 0);
    house.clock.set(MORNING.plus(60_000));
    let code = code_now(&house, &secret);
    links(&house, &provider, "officer", &[("password", PASSWORD), ("code", &code)], "s-1").await.expect(303);
    assert_eq!(linked().await, 1);
    let page = house.page("officer", "/account/security").await.expect(200).text();
    assert!(page.contains(&provider.issuer) && page.contains("取消关联"), "{page}");
    house.post("officer", "/account/provider/remove", &[]).await.expect(303);
    assert_eq!(linked().await, 0);
    journey(&house, &provider, "/sign-in/provider", "", "s-1", |_| {}).await.expect(409);
}

#[tokio::test]
async fn a_link_ends_with_the_password_that_it_was_made_with() {
    let (house, provider) = configured().await;
    let ended = async || -> i64 {
        let query = "SELECT count(*) FROM ledger WHERE zone_id = $1 AND action = 'account.unlink_provider'";
        house.app.db.read().await.unwrap().value(sql!(query, house.zone)).await.unwrap()
    };
    house.give_password("officer").await;
    assert_eq!(ended().await, 0, "where there is none, none is taken off");
    links(&house, &provider, "officer", KNOWN, "s-1").await.expect(303);
    // The administrator gives a new one: whoever had the old one is out, by every way.
    house.give_password("officer").await;
    assert_eq!(ended().await, 1);
    journey(&house, &provider, "/sign-in/provider", "", "s-1", |_| {}).await.expect(409);
    links(&house, &provider, "officer", KNOWN, "s-1").await.expect(303);
    let sysadmin = house.who("sysadmin").await;
    accounts::disable(&house.app, &sysadmin, house.person("officer"), "离任").await.unwrap();
    assert_eq!(ended().await, 2);
}
