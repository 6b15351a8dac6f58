//! Notices that leave the house, against servers that stand in for the others: one that
//! takes posts, one that takes mail.

use crate::house::{House, MORNING};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use buting::actor::Actor;
use buting::app::Config;
use buting::appeal::act::Act;
use buting::appeal::{self, NewAppeal};
use buting::delivery::address::Networks;
use buting::delivery::desk::{self, Asked, ChannelChange};
use buting::delivery::group::{self, About};
use buting::delivery::{Delivery, Family, Kind, Preference, Quiet, Rhythm, Security, Setup, State as Stand, Why, sign};
use buting::error::{Conflict, Error};
use buting::organisation::desk as people;
use buting::text::Lang;
use buting::time::{DAY_MS, HOUR_MS};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use store::{Queue, sql};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use uuid::Uuid;

/// Something that was posted.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: Json,
    raw: Vec<u8>,
}

/// Statuses and bodies that are answered, in order.
type Answers = VecDeque<(u16, &'static str)>;

/// A server that takes posts: robots, a webhook, a gateway. It answers as it is told, and
/// takes everything once it is told nothing.
#[derive(Clone, Default)]
struct Other(Arc<Mutex<(Vec<Got>, Answers)>>);

impl Other {
    async fn listen() -> (Self, String) {
        let other = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(other.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (other, base)
    }

    fn got(&self) -> Vec<Got> {
        self.0.lock().unwrap().0.clone()
    }

    fn at(&self, path: &str) -> Vec<Got> {
        self.got().into_iter().filter(|got| got.path.starts_with(path)).collect()
    }

    fn will_say(&self, answers: &[(u16, &'static str)]) {
        self.0.lock().unwrap().1.extend(answers);
    }
}

async fn take(State(other): State<Other>, uri: Uri, headers: HeaderMap, raw: Bytes) -> (StatusCode, &'static str) {
    let mut held = other.0.lock().unwrap();
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    held.0.push(Got { path: uri.to_string(), headers, body, raw: raw.to_vec() });
    let (status, text) = held.1.pop_front().unwrap_or((200, r#"{"errcode":0,"code":0,"ok":"yes"}"#));
    (StatusCode::from_u16(status).unwrap(), text)
}

/// A mail server: what it took, and the receivers that it does not know.
#[derive(Clone, Default)]
struct Post(Arc<Mutex<(Vec<String>, Vec<String>)>>);

impl Post {
    async fn listen() -> (Self, u16) {
        let post = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let post = shared.clone();
                tokio::spawn(async move { post.talk(stream).await });
            }
        });
        (post, port)
    }

    /// Enough of RFC 5321 for one mail after the other.
    async fn talk(&self, stream: tokio::net::TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 post.example\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            // A server may well repeat the address that it does not know.
            let unknown = self.0.lock().unwrap().1.iter().find(|gone| line.contains(&**gone)).cloned();
            let no_such = unknown.map(|address| format!("550 5.1.1 no such user: {address}"));
            let answer = match verb.as_str() {
                "EHLO" => "250 post.example",
                "RCPT" => no_such.as_deref().unwrap_or("250 ok"),
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let mut mail = String::new();
                    while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                        mail.push_str(&line);
                        mail.push('\n');
                    }
                    self.0.lock().unwrap().0.push(mail);
                    "250 taken"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
        Some(())
    }

    /// The mails, their texts decoded.
    fn mails(&self) -> Vec<String> {
        self.0.lock().unwrap().0.iter().map(|mail| plain(mail)).collect()
    }

    fn knows_nobody_called(&self, address: &str) {
        self.0.lock().unwrap().1.push(address.to_owned());
    }
}

/// Head and text of a mail as people read them.
fn plain(mail: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let (head, body) = mail.split_once("\n\n").unwrap_or((mail, ""));
    let mut text = String::new();
    for piece in head.replace("\n ", " ").split("=?utf-8?b?") {
        match piece.split_once("?=") {
            Some((coded, rest)) => {
                text.push_str(&String::from_utf8_lossy(&STANDARD.decode(coded).unwrap_or_default()));
                text.push_str(rest.trim_start_matches(' '));
            }
            None => text.push_str(piece),
        }
    }
    let bytes = if head.contains("base64") {
        STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap_or_default()
    } else if head.contains("quoted-printable") {
        // `=E4` is a byte, `=` at the end of a line goes on.
        let mut bytes = Vec::new();
        let mut pieces = body.split('=');
        bytes.extend(pieces.next().unwrap_or_default().bytes());
        for piece in pieces {
            match piece.strip_prefix('\n') {
                Some(rest) => bytes.extend(rest.bytes()),
                None => {
                    bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
                    bytes.extend(piece[2..].bytes());
                }
            }
        }
        bytes
    } else {
        body.as_bytes().to_vec()
    };
    let body = String::from_utf8_lossy(&bytes);
    format!("{text}\n\n{body}")
}

/// What the tests' servers are reached by.
fn open() -> Config {
    Config { outgoing: Networks::read(["127.0.0.1"]).unwrap(), ..Config::default() }
}

/// Carries out what is due, as the worker does; answers the arguments of the jobs.
async fn work_off(house: &House) -> Vec<Json> {
    let queue = Queue::new(house.app.db.clone(), "test".into());
    let mut done = Vec::new();
    loop {
        let jobs = queue.claim(8, house.app.now().ms(), 60_000).await.unwrap();
        if jobs.is_empty() {
            return done;
        }
        for job in jobs {
            let kind = buting::worker::kinds().into_iter().find(|kind| kind.name == job.kind).unwrap();
            (kind.task)(house.app.clone(), job.zone_id, job.args.clone()).await.unwrap();
            queue.finish(&job, house.app.now().ms()).await.unwrap();
            done.push(job.args);
        }
    }
}

async fn group(house: &House, kind: Kind, url: String, secret: &str) -> Uuid {
    let change = ChannelChange {
        title: format!("{kind} 群"),
        is_on: true,
        url,
        secret: secret.into(),
        setup: Setup { rhythm: Rhythm::default(), ..desk::usual(kind) },
    };
    desk::put_channel(&house.app, &house.who("sysadmin").await, None, kind, change).await.unwrap()
}

async fn mail_channel(house: &House, port: u16) -> Uuid {
    let setup = Setup {
        host: "127.0.0.1".into(),
        port,
        security: Some(Security::Plain),
        sender: "测试区管委会 <office@example.com>".into(),
        ..desk::usual(Kind::Email)
    };
    let change = ChannelChange { title: "邮件".into(), is_on: true, setup, ..ChannelChange::default() };
    desk::put_channel(&house.app, &house.who("sysadmin").await, None, Kind::Email, change).await.unwrap()
}

/// Somebody enters an address and confirms it by the code that came.
async fn confirms(house: &House, post: &Post, who: &str, address: &str) {
    let actor = house.who(who).await;
    people::change_own_numbers(&house.app, &actor, Some("13800000000"), Some(address)).await.unwrap();
    desk::ask_code(&house.app, &actor, Lang::Zh, Kind::Email).await.unwrap().unwrap();
    let code = code_of(&post.mails());
    desk::confirm(&house.app, &actor, Kind::Email, &code).await.unwrap();
}

fn code_of(mails: &[String]) -> String {
    let last = mails.last().unwrap();
    last.split("验证码 ").nth(1).unwrap().chars().take(9).collect()
}

async fn report(house: &House, title: &str, urgency: &str) -> Uuid {
    let new = NewAppeal {
        title: title.into(),
        body: "限高杆改造后，高栏货车无法进入，联系人李女士。".into(),
        category: "logistics".into(),
        urgency: serde_json::from_value(json!(urgency)).unwrap(),
        ..NewAppeal::default()
    };
    appeal::desk::open(&house.app, &house.who("enterprise").await, new).await.unwrap()
}

async fn dispatch(house: &House, id: Uuid) {
    let act: Act =
        serde_json::from_value(json!({"action": "dispatch", "department_id": house.other_department})).unwrap();
    appeal::desk::act(&house.app, &house.who("dispatcher").await, id, act).await.unwrap();
}

async fn all(house: &House) -> Vec<Delivery> {
    let asked = Asked { sort: Some("created".into()), limit: 200, ..Asked::default() };
    desk::deliveries(&house.app, &house.who("sysadmin").await, &asked).await.unwrap().items
}

async fn houses() -> Vec<House> {
    House::both_with(open()).await
}

#[tokio::test]
async fn title_and_link_go_out_once_and_no_more() {
    for house in houses().await {
        let (post, port) = Post::listen().await;
        let (other, base) = Other::listen().await;
        desk::set_site(&house.app, &house.who("sysadmin").await, "https://b.example/").await.unwrap();
        mail_channel(&house, port).await;
        let robot = group(&house, Kind::Wecom, format!("{base}/wecom?key=quiet-token"), "").await;
        group(&house, Kind::Dingtalk, format!("{base}/ding?access_token=t"), "SEC1").await;
        group(&house, Kind::Feishu, format!("{base}/feishu/t"), "key2").await;
        let hook = group(&house, Kind::Webhook, format!("{base}/hook"), "").await;
        confirms(&house, &post, "dispatcher", "dispatcher@example.com").await;

        let id = report(&house, "货车进不了园区东门", "normal").await;
        dispatch(&house, id).await;
        let jobs = work_off(&house).await;
        let mails = post.mails();
        assert_eq!(mails.len(), 2, "the code and the notice: {mails:?}");
        let mail = &mails[1];
        for part in [
            "新诉求待交办",
            "货车进不了园区东门",
            &format!("https://b.example/appeals/{id}"),
            "To: dispatcher@example.com",
        ] {
            assert!(mail.contains(part), "{part} in {mail}");
        }
        // One for the desk, one for the department, however many people are in them.
        let robots = other.at("/wecom");
        assert_eq!(robots.len(), 2, "{robots:?}");
        let text = robots[1].body["text"]["content"].as_str().unwrap();
        assert!(
            text.starts_with(
                "【建设管理部】交办给您部门，请签收：SQ-20261124-0001 货车进不了园区东门\nhttps://b.example/"
            ),
            "{text}"
        );
        for got in other.got() {
            let text = got.body.to_string();
            assert!(!text.contains("李女士") && !text.contains("限高杆"), "the text of an appeal stays: {text}");
        }
        assert!(!mail.contains("李女士") && !mail.contains("限高杆"), "{mail}");

        // Signed as the makers say.
        let ding = other.at("/ding").remove(0);
        let ms = MORNING.ms();
        let sign_ding = buting::http::page::encode(&sign::dingtalk("SEC1", ms).unwrap()).replace('/', "%2F");
        assert_eq!(ding.path, format!("/ding?access_token=t&timestamp={ms}&sign={sign_ding}"));
        let feishu = other.at("/feishu").remove(0).body;
        assert_eq!(feishu["sign"].as_str(), sign::feishu("key2", ms / 1000).as_deref());
        let key = desk::key(&house.app, &house.who("sysadmin").await, hook).await.unwrap().unwrap();
        let hooks = other.at("/hook");
        assert_eq!(hooks.len(), 2);
        let of = |name: &str| hooks[0].headers[name].to_str().unwrap().to_owned();
        let signed = sign::webhook(&[&key], &of("webhook-id"), of("webhook-timestamp").parse().unwrap(), &hooks[0].raw);
        assert_eq!(Some(of("webhook-signature")), signed);
        assert_eq!(
            (&hooks[0].body["type"], &hooks[0].body["data"]["subject_id"]),
            (&json!("appeal.registered"), &json!(id))
        );

        // Everything is noted; a job that comes again sends nothing.
        let rows = all(&house).await;
        assert!(rows.iter().all(|row| row.state == Stand::Sent && row.attempts == 1), "{rows:?}");
        let before = (other.got().len(), post.mails().len());
        for args in jobs {
            desk::run(&house.app, house.zone, &args).await.unwrap();
        }
        assert_eq!((other.got().len(), post.mails().len()), before);

        // The administrator sends one again, which is another one.
        let row = rows.iter().find(|row| row.channel_id == hook).unwrap();
        let again = desk::resend(&house.app, &house.who("sysadmin").await, row.id).await.unwrap();
        assert_ne!(again, row.id);
        work_off(&house).await;
        let hooks = other.at("/hook");
        assert_eq!((hooks.len(), hooks[2].headers["webhook-id"].to_str().unwrap()), (3, again.to_string().as_str()));

        // Nothing of it is a secret in the ledger or on a page.
        let page = house.page("sysadmin", &format!("/admin/channels/{robot}")).await.expect(200).text();
        assert!(!page.contains("quiet-token"), "the address of a robot is not shown");
        let mut tx = house.app.read().await.unwrap();
        for column in [
            "SELECT count(*) FROM ledger WHERE after LIKE '%quiet-token%'",
            "SELECT count(*) FROM delivery_channel WHERE CAST(sealed AS text) LIKE '%quiet-token%' OR CAST(settings AS text) LIKE '%quiet-token%'",
        ] {
            assert_eq!(tx.value::<i64>(column).await.unwrap(), 0, "{column}");
        }
    }
}

#[tokio::test]
async fn a_key_is_changed_with_both_valid_for_a_day() {
    for house in houses().await {
        let (other, base) = Other::listen().await;
        let admin = house.who("sysadmin").await;
        let hook = group(&house, Kind::Webhook, format!("{base}/hook"), "").await;
        let former = desk::key(&house.app, &admin, hook).await.unwrap().unwrap();
        desk::rotate(&house.app, &admin, hook).await.unwrap();
        let key = desk::key(&house.app, &admin, hook).await.unwrap().unwrap();
        assert_ne!(key, former);
        let signatures = |got: &Got, keys: &[&str]| {
            let of = |name: &str| got.headers[name].to_str().unwrap().to_owned();
            let made = sign::webhook(keys, &of("webhook-id"), of("webhook-timestamp").parse().unwrap(), &got.raw);
            assert_eq!(Some(of("webhook-signature")), made);
        };
        desk::try_out(&house.app, &admin, Lang::Zh, hook).await.unwrap().unwrap();
        signatures(&other.got()[0], &[&key, &former]);
        house.clock.set(MORNING.plus(desk::BOTH_KEYS_MS));
        desk::try_out(&house.app, &admin, Lang::Zh, hook).await.unwrap().unwrap();
        signatures(&other.got()[1], &[&key]);
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_and_given_up_in_the_end() {
    for house in houses().await {
        let (other, base) = Other::listen().await;
        let admin = house.who("sysadmin").await;
        group(&house, Kind::Webhook, format!("{base}/hook"), "").await;
        other.will_say(&[(500, "later"), (200, "ok")]);
        report(&house, "第一件", "normal").await;
        work_off(&house).await;
        let row = all(&house).await.remove(0);
        assert_eq!((row.state, row.attempts, row.fault), (Stand::Failed, 1, Some(Why::Refused)));
        assert_eq!(row.detail.as_deref(), Some("HTTP 500 later"));
        assert!(row.due_at > house.app.now());
        work_off(&house).await;
        assert_eq!(other.got().len(), 1, "not before its time");
        house.clock.set(row.due_at);
        work_off(&house).await;
        let row = all(&house).await.remove(0);
        assert_eq!((row.state, row.attempts, row.fault), (Stand::Sent, 2, None));
        let ids: Vec<_> = other.got().iter().map(|got| got.headers["webhook-id"].clone()).collect();
        assert_eq!(ids[0], ids[1], "the receiver knows it again");

        // 410 says that nothing is wanted any more; otherwise it ends after nine tries.
        other.will_say(&[(410, "gone")]);
        report(&house, "第二件", "normal").await;
        work_off(&house).await;
        assert_eq!(all(&house).await[1].state, Stand::GivenUp);
        other.will_say(&[(503, "no"); 9]);
        report(&house, "第三件", "normal").await;
        for _ in 0..20 {
            work_off(&house).await;
            house.clock.set(house.app.now().plus(3 * HOUR_MS));
        }
        let row = all(&house).await.remove(2);
        assert_eq!((row.state, row.attempts), (Stand::GivenUp, desk::MAX_TRIES));
        let todo = desk::to_do(&house.app, &admin).await.unwrap();
        assert_eq!((todo[0].action, todo[0].title.as_str()), ("todo-delivery-given_up", "2"));
        let page = house.page("sysadmin", "/admin/deliveries?state=given_up").await.expect(200).text();
        assert_eq!(page.matches("/resend\"").count(), 2, "the count opens its list");

        // Sent again by hand, as it is; not over what somebody else saw.
        let mut stale = admin.clone();
        stale.seen_version = Some(1);
        let refused = desk::resend(&house.app, &stale, row.id).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(_)))));
        assert_eq!(desk::resend(&house.app, &admin, row.id).await.unwrap(), row.id);
        work_off(&house).await;
        assert_eq!(all(&house).await[2].state, Stand::Sent);

        // What is turned off is not sent.
        let hook = row.channel_id;
        let off = ChannelChange {
            title: "停用".into(),
            is_on: false,
            setup: desk::usual(Kind::Webhook),
            ..ChannelChange::default()
        };
        desk::resend(&house.app, &admin, row.id).await.unwrap();
        desk::put_channel(&house.app, &admin, Some(hook), Kind::Webhook, off).await.unwrap();
        let before = other.got().len();
        work_off(&house).await;
        let last = all(&house).await.pop().unwrap();
        assert_eq!((last.state, last.fault, other.got().len()), (Stand::GivenUp, Some(Why::Off), before));
        report(&house, "第四件", "normal").await;
        assert_eq!(all(&house).await.len(), 4, "and nothing new is put out");
    }
}

#[tokio::test]
async fn the_digest_and_the_quiet_wait_and_what_is_urgent_does_not() {
    for house in houses().await {
        let (post, port) = Post::listen().await;
        mail_channel(&house, port).await;
        confirms(&house, &post, "dispatcher", "dispatcher@example.com").await;
        let who = house.who("dispatcher").await;
        let rhythm = Rhythm { digest_at: Some(17 * 60), quiet: Some(Quiet { from: 21 * 60, to: 7 * 60 }) };
        let wanted = Preference { rhythm, ..desk::preference(&house.app, &who).await.unwrap() };
        desk::prefer(&house.app, &who, wanted).await.unwrap();
        report(&house, "第一件", "normal").await;
        report(&house, "第二件", "urgent").await;
        report(&house, "停电", "critical").await;
        work_off(&house).await;
        let mails = post.mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        assert!(mails[1].contains("停电"), "{}", mails[1]);
        let stands: Vec<Stand> = all(&house).await.iter().map(|row| row.state).collect();
        assert_eq!(stands, [Stand::Held, Stand::Held, Stand::Sent]);
        house.clock.set(MORNING.plus(7 * HOUR_MS));
        work_off(&house).await;
        let mails = post.mails();
        assert_eq!(mails.len(), 3, "one mail for both: {mails:?}");
        assert!(
            mails[2].contains("您有 2 条新通知") && mails[2].contains("第一件") && mails[2].contains("第二件"),
            "{}",
            mails[2]
        );
        assert!(all(&house).await.iter().all(|row| row.state == Stand::Sent));

        // At night, without a digest: in the morning.
        house.clock.set(MORNING.plus(12 * HOUR_MS));
        let wanted = desk::preference(&house.app, &who).await.unwrap();
        let rhythm = Rhythm { digest_at: None, ..wanted.rhythm };
        desk::prefer(&house.app, &who, Preference { rhythm, ..wanted.clone() }).await.unwrap();
        report(&house, "夜里的事", "normal").await;
        work_off(&house).await;
        assert_eq!(post.mails().len(), 3);
        house.clock.set(MORNING.plus(21 * HOUR_MS));
        work_off(&house).await;
        assert_eq!(post.mails().len(), 4);

        // Who wants none of a family gets none, but for what is urgent.
        let mut stale = who.clone();
        stale.seen_version = Some(1);
        let refused = desk::prefer(&house.app, &stale, wanted.clone()).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(_)))));
        desk::prefer(&house.app, &who, Preference { email: vec![Family::Visit], rhythm, ..wanted }).await.unwrap();
        report(&house, "不要的", "normal").await;
        report(&house, "断水", "critical").await;
        work_off(&house).await;
        let mails = post.mails();
        assert_eq!(mails.len(), 5);
        assert!(mails[4].contains("断水"));
    }
}

#[tokio::test]
async fn an_address_is_used_once_it_is_confirmed_and_until_it_fails() {
    for house in houses().await {
        let (post, port) = Post::listen().await;
        let who = house.who("enterprise").await;
        let ask = || desk::ask_code(&house.app, &who, Lang::Zh, Kind::Email);
        let state = |error: Error, code: &str| {
            assert!(matches!(error, Error::Conflict(Conflict::State(c)) if c == code), "{error}")
        };
        state(ask().await.unwrap_err(), "no_own_email");
        people::change_own_numbers(&house.app, &who, Some("13800000000"), Some("li@example.com")).await.unwrap();
        state(ask().await.unwrap_err(), "channel_off");
        mail_channel(&house, port).await;
        state(desk::confirm(&house.app, &who, Kind::Email, "AAAA-AAAA").await.unwrap_err(), "code_over");
        ask().await.unwrap().unwrap();
        assert!(matches!(ask().await, Err(Error::TooMany(_))), "one code a minute");
        let code = code_of(&post.mails());
        for _ in 0..4 {
            assert!(matches!(desk::confirm(&house.app, &who, Kind::Email, "AAAA-AAAA").await, Err(Error::Invalid(_))));
        }
        // Nothing goes to an address that is not confirmed.
        let id = report(&house, "东门", "critical").await;
        dispatch(&house, id).await;
        assert!(all(&house).await.is_empty());
        desk::confirm(&house.app, &who, Kind::Email, &code).await.unwrap();
        let own = desk::own(&house.app, &who).await.unwrap();
        assert!(own[0].confirmed && own[0].address.as_deref() == Some("l***@example.com"));
        // Five wrong guesses end a code, and so does half an hour.
        people::change_own_numbers(&house.app, &who, Some("13800000000"), Some("wang@example.com")).await.unwrap();
        assert!(!desk::own(&house.app, &who).await.unwrap()[0].confirmed, "another address is another one");
        house.clock.set(MORNING.plus(HOUR_MS));
        ask().await.unwrap().unwrap();
        let code = code_of(&post.mails());
        for _ in 0..5 {
            assert!(matches!(desk::confirm(&house.app, &who, Kind::Email, "AAAA-AAAA").await, Err(Error::Invalid(_))));
        }
        state(desk::confirm(&house.app, &who, Kind::Email, &code).await.unwrap_err(), "code_over");
        house.clock.set(MORNING.plus(2 * HOUR_MS));
        ask().await.unwrap().unwrap();
        let code = code_of(&post.mails());
        desk::confirm(&house.app, &who, Kind::Email, &code).await.unwrap();

        // It does not exist any more: given up at once, marked here and in the register.
        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!(
            "INSERT INTO contact (zone_id, person_id, enterprise_id, is_primary) VALUES ($1, $2, $3, TRUE)",
            house.zone,
            house.person("enterprise"),
            house.enterprise
        ))
        .await
        .unwrap();
        tx.commit().await.unwrap();
        post.knows_nobody_called("wang@example.com");
        let ask = json!({"action": "sign"});
        let act: Act = serde_json::from_value(ask).unwrap();
        appeal::desk::act(&house.app, &house.who("officer2").await, id, act).await.unwrap();
        work_off(&house).await;
        let row = all(&house).await.remove(0);
        assert_eq!((row.state, row.attempts, row.fault), (Stand::GivenUp, 1, Some(Why::Recipient)));
        assert!(!row.detail.unwrap().contains("wang@example.com"), "what was said names no address");
        let own = desk::own(&house.app, &who).await.unwrap();
        assert!(!own[0].confirmed && own[0].failed_at.is_some());
        let mut tx = house.app.read().await.unwrap();
        let marked: String = tx
            .value(sql!("SELECT destination FROM contact_failure WHERE zone_id = $1 AND channel = 'email'", house.zone))
            .await
            .unwrap();
        assert_eq!(marked, "wang@example.com");
        drop(tx);

        desk::stop(&house.app, &who, Kind::Email).await.unwrap();
        assert!(desk::own(&house.app, &who).await.unwrap()[0].failed_at.is_none());
    }
}

#[tokio::test]
async fn a_gateway_for_messages_says_yes_in_its_own_way() {
    for house in houses().await {
        let (other, base) = Other::listen().await;
        let admin = house.who("sysadmin").await;
        let setup = Setup {
            header: Some("Authorization".into()),
            body: r#"{"mobile": "{phone}", "params": ["{text}"], "ref": "{id}"}"#.into(),
            accepted: Some("/ok=yes".into()),
            ..desk::usual(Kind::Sms)
        };
        let url = format!("{base}/sms");
        let change = ChannelChange { title: "短信".into(), is_on: true, url, secret: "Bearer s3cret".into(), setup };
        let id = desk::put_channel(&house.app, &admin, None, Kind::Sms, change.clone()).await.unwrap();
        desk::try_out(&house.app, &admin, Lang::Zh, id).await.unwrap().unwrap();
        let got = other.got().remove(0);
        assert_eq!(got.headers["authorization"], "Bearer s3cret");
        assert_eq!(got.body["mobile"], "13800000000");
        assert!(got.body["params"][0].as_str().unwrap().contains("测试消息"));
        other.will_say(&[(200, r#"{"ok":"no","why":"balance s3cret 13800000000"}"#)]);
        let refused = desk::try_out(&house.app, &admin, Lang::Zh, id).await.unwrap().unwrap_err();
        assert_eq!(refused.why, Why::Refused);
        assert!(!refused.detail.contains("13800000000"), "{}", refused.detail);
        let shown = desk::channel(&house.app, &admin, id).await.unwrap();
        assert_eq!((shown.fault, shown.tested_at), (Some(Why::Refused), Some(MORNING)));

        // A secret is not sent to another host than the one that it was agreed with.
        let (_, elsewhere) = Other::listen().await;
        let elsewhere = elsewhere.replace("127.0.0.1", "localhost");
        let moved = ChannelChange { url: elsewhere, secret: String::new(), ..change };
        desk::put_channel(&house.app, &admin, Some(id), Kind::Sms, moved).await.unwrap();
        assert!(!desk::channel(&house.app, &admin, id).await.unwrap().sealed.contains_key("secret"));
    }
}

#[tokio::test]
async fn nothing_is_sent_into_the_house() {
    for house in House::both().await {
        let (other, base) = Other::listen().await;
        let (post, port) = Post::listen().await;
        let admin = house.who("sysadmin").await;
        people::change_own_numbers(&house.app, &admin, None, Some("admin@example.com")).await.unwrap();
        let hook = group(&house, Kind::Webhook, format!("{base}/hook"), "").await;
        let named = group(&house, Kind::Wecom, base.replace("127.0.0.1", "localhost"), "").await;
        let mail = mail_channel(&house, port).await;
        for id in [hook, named, mail] {
            let refused = desk::try_out(&house.app, &admin, Lang::Zh, id).await.unwrap().unwrap_err();
            assert_eq!(refused.why, Why::Internal);
        }
        report(&house, "第一件", "normal").await;
        work_off(&house).await;
        assert!(all(&house).await.iter().all(|row| row.state == Stand::GivenUp && row.attempts == 1));
        assert!(other.got().is_empty() && post.mails().is_empty());
    }
}

#[tokio::test]
async fn who_may_look_after_deliveries() {
    for house in houses().await {
        let (_, base) = Other::listen().await;
        let hook = group(&house, Kind::Webhook, format!("{base}/hook"), "").await;
        report(&house, "第一件", "normal").await;
        let row = all(&house).await.remove(0);
        for who in ["leader", "dispatcher", "officer", "secadmin", "auditor", "enterprise", "agency"] {
            let actor = house.who(who).await;
            assert!(matches!(desk::channel(&house.app, &actor, hook).await, Err(Error::Forbidden)), "{who}");
            assert!(matches!(desk::resend(&house.app, &actor, row.id).await, Err(Error::Forbidden)), "{who}");
            assert!(matches!(desk::key(&house.app, &actor, hook).await, Err(Error::Forbidden)), "{who}");
        }
        let stranger = Actor::rule(house.who("leader@zone2").await.zone_id);
        assert!(matches!(desk::delivery(&house.app, &stranger, row.id).await, Err(Error::NotFound)));
        assert!(matches!(desk::channel(&house.app, &stranger, hook).await, Err(Error::NotFound)));
        assert!(matches!(desk::resend(&house.app, &stranger, row.id).await, Err(Error::NotFound)));
        assert!(matches!(
            group::text(&house.app, &house.who("enterprise").await, Lang::Zh, About::Overdue).await,
            Err(Error::Forbidden)
        ));

        // The same post twice is one.
        let once = house.who_once("sysadmin", "resend-1").await;
        desk::resend(&house.app, &once, row.id).await.unwrap();
        let again = desk::resend(&house.app, &once, row.id).await;
        assert!(matches!(again, Err(Error::Replayed(id)) if id == row.id));
    }
}

#[tokio::test]
async fn a_group_is_told_what_it_should_do_and_of_nobody() {
    for house in houses().await {
        let admin = house.who("sysadmin").await;
        desk::set_site(&house.app, &admin, "https://b.example").await.unwrap();
        let id = report(&house, "货车进不了园区东门", "critical").await;
        dispatch(&house, id).await;
        let officer = house.who("officer2").await;
        let text = group::text(&house.app, &officer, Lang::Zh, About::Urgent).await.unwrap().text;
        assert!(
            text.contains("【紧急诉求】截至 11-24 10:00，共 1 件在办") && text.contains("建设管理部（1 件）"),
            "{text}"
        );
        assert!(text.contains("【特急】SQ-20261124-0001 货车进不了园区东门"), "{text}");
        assert!(text.contains(&format!("https://b.example/appeals/{id}")), "{text}");
        assert!(!text.contains("李女士") && !text.contains("138"), "{text}");
        house.clock.set(MORNING.plus(60 * DAY_MS));
        let text = group::text(&house.app, &officer, Lang::Zh, About::Overdue).await.unwrap();
        assert_eq!(text.named, 1);
        assert!(text.text.contains("已超期"), "{}", text.text);
        let page = house.page("officer2", &format!("/group-text?appeal={id}")).await.expect(200).text();
        assert!(page.contains("【特急】SQ-20261124-0001"));
        house.page("enterprise", "/group-text").await.expect(403);
    }
}

/// Numbers that look like chance and come again the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Over workers that die at any moment, no notice is lost, and none is sent again once it
/// was noted that it was taken. Between the answer of the receiver and that note it may be
/// sent again under the same id, by which the receiver knows it.
#[tokio::test]
async fn no_notice_is_lost_or_sent_twice_over_crashes() {
    for house in houses().await {
        let (other, base) = Other::listen().await;
        group(&house, Kind::Webhook, format!("{base}/hook"), "").await;
        for n in 0..12 {
            report(&house, &format!("第 {n} 件"), "normal").await;
        }
        let queue = Queue::new(house.app.db.clone(), "mortal".into());
        let kind = buting::worker::kinds().into_iter().find(|kind| kind.name == desk::JOB).unwrap();
        let mut chance = Chance(20_261_124);
        let mut crashes = 0;
        for turn in 0..400 {
            let jobs = queue.claim(3, house.app.now().ms(), 300_000).await.unwrap();
            if jobs.is_empty() {
                if !all(&house).await.iter().any(|row| row.state.is_open()) {
                    break;
                }
                // A job that died too often rests; what it was to send is found all the same.
                desk::sweep(&house.app, house.zone).await.unwrap();
                house.clock.set(house.app.now().plus(301_000));
                continue;
            }
            for job in jobs {
                if chance.below(4) == 0 {
                    other.will_say(&[(500, "no")]);
                }
                let mut task = tokio::spawn((kind.task)(house.app.clone(), job.zone_id, job.args.clone()));
                let patience = std::time::Duration::from_micros(chance.below(12_000));
                // For most of the time somebody dies at some moment; in the end everybody lives.
                if turn < 60 && chance.below(3) > 0 {
                    match tokio::time::timeout(patience, &mut task).await {
                        Ok(done) => done.unwrap().unwrap(),
                        Err(_) => {
                            task.abort();
                            crashes += 1;
                            continue;
                        }
                    }
                } else {
                    task.await.unwrap().unwrap();
                }
                if chance.below(4) > 0 {
                    queue.finish(&job, house.app.now().ms()).await.unwrap();
                }
            }
        }
        assert!(crashes > 5, "somebody died: {crashes}");
        // Who died or failed too often was given up, which the administrator sees and sends again.
        let tired = all(&house).await;
        assert!(!tired.iter().any(|row| row.state.is_open()), "{tired:?}");
        other.0.lock().unwrap().1.clear();
        for row in tired.iter().filter(|row| row.state == Stand::GivenUp) {
            desk::resend(&house.app, &house.who("sysadmin").await, row.id).await.unwrap();
        }
        work_off(&house).await;
        let rows = all(&house).await;
        assert!(rows.iter().all(|row| row.state == Stand::Sent), "{rows:?}");
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for got in other.got() {
            *taken.entry(got.headers["webhook-id"].to_str().unwrap().to_owned()).or_default() += 1;
        }
        let mut ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        ids.sort();
        assert_eq!(taken.keys().cloned().collect::<Vec<_>>(), ids, "every one arrived, and nothing else did");
        for row in tired.iter().filter(|row| row.state == Stand::Sent) {
            let times = taken[&row.id.to_string()] as i64;
            assert!(times <= row.attempts, "{} was posted {times} times in {} tries", row.id, row.attempts);
        }
        // Every job comes again, long after: nothing is sent.
        let before = other.got().len();
        for row in &rows {
            desk::run(&house.app, house.zone, &json!({"id": row.id})).await.unwrap();
        }
        house.clock.set(house.app.now().plus(DAY_MS));
        work_off(&house).await;
        assert_eq!(other.got().len(), before);
    }
}

#[tokio::test]
async fn the_pages_of_the_administrator_and_of_everybody() {
    let house = House::set_up(open()).await;
    let (other, base) = Other::listen().await;
    house.page("sysadmin", "/admin/channels").await.expect(200);
    for kind in Kind::ALL {
        house.page("sysadmin", &format!("/admin/channels/new?kind={kind}")).await.expect(200);
    }
    house.page("sysadmin", "/admin/channels/new?kind=pigeon").await.expect(404);
    let wrong = house
        .post("sysadmin", "/admin/channels/new", &[("kind", "wecom"), ("channel_title", "群"), ("url", "x")])
        .await
        .expect(422)
        .text();
    assert!(wrong.contains("请填写完整的网址") && wrong.contains("value=\"群\""), "what was typed stays");
    let url = format!("{base}/wecom?key=k");
    let fields = [
        ("kind", "wecom"),
        ("channel_title", "值班群"),
        ("url", &*url),
        ("families", "appeal"),
        ("is_on", "on"),
        ("digest_at", ""),
        ("quiet_from", "21:00"),
        ("quiet_to", "07:00"),
    ];
    let made = house.post("sysadmin", "/admin/channels/new", &fields).await.expect(303);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let shown = house.page("sysadmin", &path).await.expect(200).text();
    assert!(shown.contains("值班群") && shown.contains("value=\"21:00\"") && !shown.contains("key=k"));
    let tried = house.post("sysadmin", &format!("{path}/test"), &[]).await.expect(200).text();
    assert!(tried.contains("对方已接收测试消息"));
    other.will_say(&[(200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#)]);
    let tried = house.post("sysadmin", &format!("{path}/test"), &[]).await.expect(200).text();
    assert!(tried.contains("对方不认账号、口令或密钥") && tried.contains("请重新填写口令或密钥并保存"));
    let one = house.post("sysadmin", "/admin/channels/site", &[("site", "ftp://x")]).await.expect(422).text();
    assert!(one.contains("请填写完整的网址"));
    house.post("officer", "/admin/channels/site", &[("site", "")]).await.expect(403);

    let own = house.page("officer", "/account/notices").await.expect(200).text();
    assert!(own.contains("未登记，去填写") && own.contains("value=\"21:00\""));
    let half = house
        .post("officer", "/account/notices", &[("email", "appeal"), ("quiet_from", "21:00")])
        .await
        .expect(422)
        .text();
    assert!(half.contains("免打扰的起止时间要都填"));
    house.post("officer", "/account/notices", &[("email", "appeal"), ("digest_at", "08:30")]).await.expect(303);
    let said = house.call("officer", "GET", "/api/v1/notice-preferences", Json::Null).await.expect(200).json();
    assert_eq!((&said["email"], &said["rhythm"]), (&json!(["appeal"]), &json!({"digest_at": 510, "quiet": null})));
    let new = json!({"email": [], "sms": ["appeal"], "rhythm": {"digest_at": 2000, "quiet": null}});
    house.call("officer", "POST", "/api/v1/notice-preferences", new).await.expect(422);

    report(&house, "第一件", "normal").await;
    let list =
        house.call("sysadmin", "GET", "/api/v1/notice-deliveries?state=waiting", Json::Null).await.expect(200).json();
    assert_eq!((&list["total"], &list["items"][0]["channel"]), (&json!(1), &json!("值班群")));
    assert_eq!((&list["items"][0]["number"], &list["items"][0]["args"]), (&json!("SQ-20261124-0001"), &Json::Null));
    let id = list["items"][0]["id"].as_str().unwrap();
    house.call("sysadmin", "POST", &format!("/api/v1/notice-deliveries/{id}/resend"), json!({})).await.expect(200);
    house.call("officer", "GET", "/api/v1/notice-deliveries", Json::Null).await.expect(403);
    let page = house.page("sysadmin", "/admin/deliveries").await.expect(200).text();
    assert!(
        page.contains("诉求有新通知：SQ-20261124-0001") && !page.contains("第一件") && page.contains("待发 1"),
        "{page}"
    );
}
