//! Files as those meet them who bring, read, scan and remove them.

use crate::cases::{self, done, signed};
use crate::house::{Answer, House};
use buting::actor::{Actor, Scope};
use buting::app::Config;
use buting::appeal::{self, NewAppeal};
use buting::attachment::desk::{self, Incoming};
use buting::attachment::scan::Scanner;
use buting::attachment::{Limits, Owner};
use buting::error::{Error, Result};
use buting::text::Lang;
use buting::time::DAY_MS;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::sql;
use uuid::Uuid;

const API: &str = "/api/v1/attachments";
const PDF: &[u8] = b"%PDF-1.7\n%%EOF\n";

/// A photo of 600 × 400 points, turned, with a place and a serial number in it.
fn photo() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::new_rgb8(600, 400);
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    let plain = out.into_inner();
    let mut notes = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    notes.extend(b"GPS-36.6512 SERIAL-0042");
    let length = u16::try_from(notes.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], b"\xFF\xE1", &length, &notes, &plain[2..]].concat()
}

async fn act(house: &House, who: &str, id: Uuid, act: Json) {
    done(cases::act(house, who, id, act).await);
}

async fn add(house: &House, who: &str, appeal: Uuid, purpose: &str, order: Option<Uuid>) -> Answer {
    let (appeal, order) = (appeal.to_string(), order.map(|id| id.to_string()));
    let mut fields = vec![("owner", "appeal"), ("owner_id", appeal.as_str()), ("purpose", purpose)];
    fields.extend(order.as_deref().map(|id| ("work_order_id", id)));
    house.upload(who, API, &fields, &[(&format!("{purpose}-{who}.pdf"), PDF)]).await
}

fn id_of(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// The names of the files that somebody sees.
async fn names(house: &House, who: &str, appeal: Uuid) -> Vec<String> {
    let answer = house.call(who, "GET", &format!("{API}?owner=appeal&owner_id={appeal}"), Json::Null).await;
    if answer.status == 404 {
        return vec!["404".into()];
    }
    let items = answer.expect(200).json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["file_name"].as_str().unwrap().trim_end_matches(".pdf").to_owned()).collect()
}

#[tokio::test]
async fn who_sees_which_file_as_the_matter_goes_on() {
    for house in House::both().await {
        let id = signed(&house).await;
        add(&house, "enterprise", id, "report", None).await.expect(201);
        add(&house, "officer2", id, "message", None).await.expect(201);
        add(&house, "officer2", id, "note", None).await.expect(201);
        let evidence = id_of(&add(&house, "officer2", id, "evidence", None).await.expect(201));
        let pass = json!({"action": "pass_partner", "department_id": house.agency, "text": "能否设货车通道？", "obligatory": false});
        act(&house, "officer2", id, pass).await;
        let record = appeal::desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        let order = record.orders.last().unwrap().id;
        add(&house, "officer2", id, "order", Some(order)).await.expect(201);
        add(&house, "agency", id, "evidence", Some(order)).await.expect(201);

        let (own, said, note) = ("report-enterprise", "message-officer2", "note-officer2");
        let (ready, given, partners) = ("evidence-officer2", "order-officer2", "evidence-agency");
        let all = vec![own, said, note, ready, given, partners];
        for who in ["officer2", "dispatcher", "leader"] {
            assert_eq!(names(&house, who, id).await, all, "{who}");
        }
        assert_eq!(names(&house, "enterprise", id).await, [own, said]);
        assert_eq!(names(&house, "agency", id).await, [given, partners]);
        for who in ["enterprise2", "project", "officer@zone2"] {
            assert_eq!(names(&house, who, id).await, ["404"], "{who}");
            for tail in ["", "/content", "/thumbnail"] {
                house.call(who, "GET", &format!("{API}/{evidence}{tail}"), Json::Null).await.expect(404);
            }
        }
        // Outside, nobody adds what is not his to add.
        for (who, purpose, order, status) in [
            ("enterprise", "evidence", None, 422),
            ("enterprise", "note", None, 422),
            ("enterprise2", "report", None, 404),
            ("agency", "report", None, 422),
            ("agency", "evidence", None, 422),
            ("leader", "evidence", None, 422),
            ("officer2", "order", Some(Uuid::now_v7()), 422),
            ("sysadmin", "note", None, 403),
        ] {
            add(&house, who, id, purpose, order).await.expect(status);
        }

        // The answer's evidence is withheld until the answer is reviewed, exactly as its text.
        let content = format!("{API}/{evidence}/content");
        act(&house, "officer2", id, json!({"action": "resume"})).await;
        let solved =
            json!({"action": "answer", "result": "solved", "text": "已开南门。", "production_continued": "yes"});
        act(&house, "officer2", id, solved.clone()).await;
        assert_eq!(names(&house, "enterprise", id).await, [own, said]);
        house.call("enterprise", "GET", &content, Json::Null).await.expect(404);
        // Sent back: what was shown with it never gets out.
        act(&house, "dispatcher", id, json!({"action": "review", "ok": false, "reason": "照片看不清"})).await;
        house.clock.set(house.app.now().plus(60_000));
        act(&house, "officer2", id, solved).await;
        let late = id_of(&add(&house, "officer2", id, "evidence", None).await.expect(201));
        assert_eq!(names(&house, "enterprise", id).await, [own, said]);
        act(&house, "dispatcher", id, json!({"action": "review"})).await;
        assert_eq!(names(&house, "enterprise", id).await, [own, said, ready]);
        house.call("enterprise", "GET", &content, Json::Null).await.expect(404);
        let shown = house.call("enterprise", "GET", &format!("{API}/{late}"), Json::Null).await.expect(200).json();
        assert_eq!(shown["by"], Json::Null, "the committee speaks with one voice");
        add(&house, "officer2", id, "evidence", None).await.expect(422);
        act(&house, "enterprise", id, json!({"action": "confirm", "rating": 5})).await;
        act(&house, "dispatcher", id, json!({"action": "close"})).await;
        add(&house, "enterprise", id, "report", None).await.expect(409);
    }
}

#[tokio::test]
async fn a_complaint_gives_nobody_away_by_a_file() {
    for house in House::both().await {
        let new = json!({"title": "态度不好", "body": "推诿三次", "category": "other", "urgency": "normal",
            "kind": "complaint", "accused_department_id": house.other_department});
        let made = house.call("enterprise", "POST", "/api/v1/appeals", new).await.expect(201).json();
        let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
        let report = id_of(&add(&house, "enterprise", id, "report", None).await.expect(201));
        assert_eq!(names(&house, "oversight", id).await, ["report-enterprise"]);
        assert_eq!(names(&house, "officer2", id).await, ["404"]);
        // It is asked to assist all the same: it sees the matter, and no file that tells whose it is.
        let dispatch = json!({"action": "dispatch", "department_id": house.department});
        act(&house, "oversight", id, dispatch).await;
        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!(
            "UPDATE appeal SET accused_department_id = $1 WHERE zone_id = $2 AND id = $3",
            house.department,
            house.zone,
            id
        ))
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(names(&house, "officer", id).await, Vec::<String>::new());
        house.call("officer", "GET", &format!("{API}/{report}/content"), Json::Null).await.expect(404);
        let page = house.page("officer", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(!page.contains("report-enterprise"));
    }
}

#[tokio::test]
async fn a_file_is_what_stands_in_it_and_tells_nothing_else() {
    for house in House::both().await {
        let id = signed(&house).await.to_string();
        let fields = [("owner", "appeal"), ("owner_id", id.as_str())];
        let made = house.upload("enterprise", API, &fields, &[("东门 限高杆.exe", &photo())]).await.expect(201);
        let (view, key) = (made.json(), id_of(&made));
        assert_eq!((&view["media"], &view["file_name"]), (&json!("jpeg"), &json!("东门 限高杆_exe.jpg")));
        assert_eq!((&view["state"], &view["purpose"]), (&json!("clean"), &json!("report")));

        let content = house.call("officer2", "GET", &format!("{API}/{key}/content"), Json::Null).await.expect(200);
        let tells = |bytes: &[u8]| bytes.windows(3).any(|part| part == b"GPS" || part == b"SER");
        assert!(tells(&photo()) && !tells(&content.bytes), "place and serial number are gone");
        assert_eq!(vault::hash::hex(&vault::hash::sha256(&content.bytes)), view["sha256"].as_str().unwrap());
        for (name, value) in [
            ("content-type", "image/jpeg"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "private, no-cache"),
            (
                "content-disposition",
                "inline; filename=\"file.jpg\"; filename*=UTF-8''%E4%B8%9C%E9%97%A8%20%E9%99%90%E9%AB%98%E6%9D%86_exe.jpg",
            ),
        ] {
            assert_eq!(content.headers[name], value);
        }
        assert!(content.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox;"));
        let noted: i64 = house
            .app
            .read()
            .await
            .unwrap()
            .value(sql!("SELECT count(*) FROM access_log WHERE zone_id = $1 AND kind = 'file_open'", house.zone))
            .await
            .unwrap();
        assert_eq!(noted, 1, "another's file was opened");

        // The small picture is a job's work, and stands the right way up.
        let small = format!("/attachments/{key}/thumbnail");
        house.page("officer2", &small).await.expect(404);
        desk::make_thumbnail(&house.app, house.zone, &json!({ "id": key })).await.unwrap();
        let first = house.page("officer2", &small).await.expect(200);
        assert_eq!(first.headers["cache-control"], "private, no-cache", "who may see it can change");
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        let asked = async |who: &str, tag: &str| {
            let path = format!("{API}/{key}/thumbnail");
            house.call_with(who, "GET", &path, Json::Null, &[("if-none-match", tag)]).await
        };
        assert!(asked("officer2", &format!("\"x\", W/{tag}")).await.expect(304).bytes.is_empty());
        asked("officer2", "\"x\"").await.expect(200);
        asked("enterprise2", &tag).await.expect(404);
        let bytes = first.bytes;
        let size = image::load_from_memory(&bytes).unwrap();
        assert_eq!((size.width(), size.height()), (320, 480));
        house.page("enterprise2", &small).await.expect(404);

        let text = house.upload("enterprise", API, &fields, &[("说明.txt", "东门".as_bytes())]).await.expect(201);
        let text = house.page("enterprise", &format!("/attachments/{}", id_of(&text))).await.expect(200);
        assert!(text.headers["content-disposition"].to_str().unwrap().starts_with("attachment;"), "only saved");
        for (name, bytes) in [
            ("a.html", b"<html><script>1</script></html>".as_slice()),
            ("a.jpg", b"MZ\x90\0"),
            ("a.svg", b"<svg/>"),
            ("a.png", b""),
        ] {
            let refused = house.upload("enterprise", API, &fields, &[(name, bytes)]).await.expect(422);
            assert_eq!(refused.json()["errors"][0]["pointer"], "/file", "{name}");
            assert!(refused.text().contains(name), "the sentence names the file");
        }
        for (fields, status) in [
            (vec![("owner", "enterprise"), ("owner_id", id.as_str())], 422),
            (vec![("owner", "appeal")], 422),
            (vec![("owner", "appeal"), ("owner_id", id.as_str()), ("state", "clean")], 400),
        ] {
            house.upload("enterprise", API, &fields, &[("a.pdf", PDF)]).await.expect(status);
        }
    }
}

#[tokio::test]
async fn the_same_post_is_one_file_and_a_record_holds_so_many() {
    for house in House::both().await {
        let (id, key) = (signed(&house).await.to_string(), Uuid::now_v7().to_string());
        let fields = [("id", key.as_str()), ("owner", "appeal"), ("owner_id", id.as_str())];
        for _ in 0..2 {
            let made = house.upload("enterprise", API, &fields, &[("a.pdf", PDF)]).await.expect(201);
            assert_eq!(id_of(&made), key);
        }
        house.upload("enterprise", API, &fields, &[("a.pdf", b"%PDF-1.4 another")]).await.expect(409);
        let fields = &fields[1..];
        for n in 1..20 {
            house.upload("enterprise", API, fields, &[(&format!("{n}.pdf"), PDF)]).await.expect(201);
        }
        let refused = house.upload("enterprise", API, fields, &[("21.pdf", PDF)]).await.expect(422).json();
        assert_eq!(refused["errors"][0]["code"], "files_many");
    }
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let house = House::set_up(Config { files: limits, ..Config::default() }).await;
    let id = signed(&house).await.to_string();
    let fields = [("owner", "appeal"), ("owner_id", id.as_str())];
    house.upload("enterprise", API, &fields, &[("a.pdf", &PDF.repeat(100))]).await.expect(413);
}

#[tokio::test]
async fn a_form_that_comes_back_keeps_its_good_files() {
    for house in House::both().await {
        let key = Uuid::now_v7().to_string();
        let once = Uuid::now_v7().to_string();
        let page = house.page("enterprise", "/appeals/new").await.expect(200).text();
        assert!(page.contains("enctype=\"multipart/form-data\"") && page.contains("name=\"files\" multiple"));
        // The title lacks, and one of three files is not taken.
        let typed = [("uploads", key.as_str()), ("title", ""), ("body", "东门进不去"), ("category", "logistics")];
        let files: [(&str, &[u8]); 3] = [("现场.jpg", &photo()), ("病毒.exe", b"MZ\x90\0"), ("回函.pdf", PDF)];
        let again = house.upload("enterprise", "/appeals/new", &typed, &files).await.expect(422).text();
        assert!(again.contains("现场.jpg") && again.contains("回函.pdf") && again.contains("东门进不去"));
        assert!(again.contains(&*Lang::Zh.with("invalid-file_kind", &[("name", &"病毒.exe")])), "{again}");
        let kept = |who: Actor| {
            let (app, key) = (Arc::clone(&house.app), key.parse::<Uuid>().unwrap());
            async move { desk::kept(&app, &who, key).await.unwrap() }
        };
        let files = kept(house.who("enterprise").await).await;
        assert_eq!(files.len(), 2);
        assert!(kept(house.who("enterprise2").await).await.is_empty(), "a form's files are its sender's");

        // Corrected, one taken off, sent twice: one appeal with one file.
        let off = files.iter().find(|file| file.file_name == "回函.pdf").unwrap().id.to_string();
        let typed = [
            ("once", once.as_str()),
            ("uploads", key.as_str()),
            ("take_off", off.as_str()),
            ("title", "东门进不去"),
            ("body", "东门进不去"),
            ("category", "logistics"),
        ];
        let first = house.upload("enterprise", "/appeals/new", &typed, &[]).await.expect(303);
        let second = house.upload("enterprise", "/appeals/new", &typed, &[]).await.expect(303);
        let place = first.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(second.headers["location"].to_str().unwrap(), place);
        let id: Uuid = place.trim_start_matches("/appeals/").parse().unwrap();
        assert_eq!(names(&house, "enterprise", id).await, ["现场.jpg"]);
        assert!(kept(house.who("enterprise").await).await.is_empty());
        let shown = house.page("dispatcher", &place).await.expect(200).text();
        assert!(shown.contains("现场.jpg") && shown.contains("/attachments/"));
    }
}

#[tokio::test]
async fn a_form_without_success_leaves_nothing_for_long() {
    for house in House::both().await {
        let (who, form) = (house.who("enterprise").await, Uuid::now_v7());
        let file = || Incoming { name: "a.pdf".into(), bytes: Bytes::from_static(PDF) };
        let kept = desk::keep(&house.app, &who, form, file()).await.unwrap();
        assert_eq!(desk::keep(&house.app, &who, form, file()).await.unwrap(), kept, "the same file once");
        // What the desk refuses hands nothing in: the appeal and its files are one transaction.
        let new = NewAppeal {
            title: "x".into(),
            body: "x".into(),
            category: "no such".into(),
            files: Some(form),
            ..NewAppeal::default()
        };
        assert!(matches!(appeal::desk::open(&house.app, &who, new).await, Err(Error::Invalid(_))));
        assert_eq!(desk::kept(&house.app, &who, form).await.unwrap().len(), 1);
        let open: Result<_> = desk::content(&house.app, &who, kept, std::net::Ipv4Addr::LOCALHOST.into()).await;
        assert!(matches!(open, Err(Error::NotFound)), "it is no file of anything yet");
        assert_eq!(desk::purge(&house.app, house.zone).await.unwrap(), 0);
        house.clock.set(house.app.now().plus(DAY_MS + 1));
        assert_eq!(desk::purge(&house.app, house.zone).await.unwrap(), 1);
        let mut tx = house.app.read().await.unwrap();
        for table in ["SELECT count(*) FROM attachment", "SELECT count(*) FROM attachment_piece"] {
            assert_eq!(tx.value::<i64>(table).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn what_is_removed_is_gone_and_the_fact_stays() {
    for house in House::both().await {
        let id = signed(&house).await;
        let own = id_of(&add(&house, "enterprise", id, "report", None).await.expect(201));
        let path = format!("{API}/{own}");
        house.call("officer2", "DELETE", &path, Json::Null).await.expect(403);
        house.call("enterprise2", "DELETE", &path, Json::Null).await.expect(404);
        house.call("enterprise", "DELETE", &path, Json::Null).await.expect(204);
        house.call("enterprise", "GET", &path, Json::Null).await.expect(404);
        // An answer rests on it: the coordination office removes it, and says why.
        let evidence = id_of(&add(&house, "officer2", id, "evidence", None).await.expect(201));
        let solved =
            json!({"action": "answer", "result": "solved", "text": "已开南门。", "production_continued": "yes"});
        act(&house, "officer2", id, solved).await;
        let path = format!("{API}/{evidence}");
        house.call("officer2", "DELETE", &path, Json::Null).await.expect(409);
        house.call("dispatcher", "DELETE", &path, Json::Null).await.expect(422);
        let page = format!("/attachments/{evidence}/remove");
        house.post("dispatcher", &page, &[("reason", "")]).await.expect(422);
        house.post("dispatcher", &page, &[("reason", "误传他人证件")]).await.expect(303);
        house.call("officer2", "GET", &format!("{path}/content"), Json::Null).await.expect(404);
        let mut tx = house.app.read().await.unwrap();
        let pieces: i64 = tx.value("SELECT count(*) FROM attachment_piece").await.unwrap();
        let told: i64 = tx
            .value(sql!("SELECT count(*) FROM ledger WHERE zone_id = $1 AND action = 'attachment.remove'", house.zone))
            .await
            .unwrap();
        let named: i64 = tx.value("SELECT count(*) FROM attachment WHERE file_name <> ''").await.unwrap();
        assert_eq!((pieces, told, named), (0, 2, 0));
    }
}

#[tokio::test]
async fn a_partner_adds_to_his_answer_by_his_link() {
    for house in House::both().await {
        let id = signed(&house).await;
        add(&house, "enterprise", id, "report", None).await.expect(201);
        let path = format!("/appeals/{id}");
        let (agency, form) = (house.agency.to_string(), Uuid::now_v7().to_string());
        let given = [
            ("action", "pass_partner"),
            ("department_id", agency.as_str()),
            ("text", "请放行"),
            ("obligatory", "true"),
            ("uploads", form.as_str()),
        ];
        house.upload("officer2", &path, &given, &[("平面图.pdf", PDF)]).await.expect(303);
        let record = appeal::desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        let order = record.orders.last().unwrap();
        let link = format!("/w/{}", appeal::desk::link_of(&house.app, house.zone, order).unwrap());

        let page = house.page("anonymous", &link).await.expect(200).text();
        assert!(page.contains("平面图.pdf") && !page.contains("report-enterprise"), "his own order's alone");
        let file = page.split(&format!("{link}/attachments/")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let open = format!("{link}/attachments/{file}");
        assert_eq!(house.page("anonymous", &open).await.expect(200).bytes, PDF);
        house.page("anonymous", &format!("/attachments/{file}")).await.expect(303);
        let report = house.call("enterprise", "GET", &format!("{API}?owner=appeal&owner_id={id}"), Json::Null).await;
        let report = report.json()["items"][0]["id"].as_str().unwrap().to_owned();
        house.page("anonymous", &format!("{link}/attachments/{report}")).await.expect(404);

        // His answer is refused without a word; the photo is kept and goes with the next.
        let form = Uuid::now_v7().to_string();
        let empty = [("action", "answer"), ("text", ""), ("uploads", form.as_str())];
        let again = house.upload("anonymous", &link, &empty, &[("已放行.jpg", &photo())]).await.expect(422).text();
        assert!(again.contains("已放行.jpg"));
        let said = [("action", "answer"), ("text", "已放行"), ("uploads", form.as_str())];
        house.upload("anonymous", &link, &said, &[]).await.expect(303);
        assert!(house.page("anonymous", &link).await.expect(200).text().contains("已放行.jpg"));
        assert!(house.page("officer2", &path).await.expect(200).text().contains("已放行.jpg"));
        assert!(!house.page("enterprise", &path).await.expect(200).text().contains("已放行.jpg"));
    }
}

#[tokio::test]
async fn files_of_a_visit() {
    for house in House::both().await {
        let visit = json!({"enterprise_id": house.enterprise, "happened_at": "2026-11-24T01:00:00Z",
            "visitors": [house.person("officer")], "channel": "onsite"});
        let made = house.call("dispatcher", "POST", "/api/v1/visits", visit).await;
        let id = id_of(&made.expect(201));
        let path = format!("/visits/{id}/files");
        let forms: Vec<String> = (0..2).map(|_| Uuid::now_v7().to_string()).collect();
        let fields = [("uploads", forms[0].as_str())];
        house.upload("dispatcher", &path, &fields, &[("现场.jpg", &photo())]).await.expect(303);
        let fields = [("uploads", forms[1].as_str()), ("internal", "on")];
        house.upload("dispatcher", &path, &fields, &[("内部.pdf", PDF)]).await.expect(303);
        let page = async |who: &str| house.page(who, &format!("/visits/{id}")).await;
        let office = page("dispatcher").await.expect(200).text();
        assert!(office.contains("现场.jpg") && office.contains("内部.pdf"));
        let enterprise = page("enterprise").await.expect(200).text();
        assert!(enterprise.contains("现场.jpg") && !enterprise.contains("内部.pdf"));
        page("enterprise2").await.expect(404);
        house.upload("enterprise2", &path, &fields, &[("a.pdf", PDF)]).await.expect(404);
        let views = desk::views(&house.app, &house.who("enterprise").await, Owner::Visit, id.parse().unwrap()).await;
        assert_eq!(views.unwrap().len(), 1);
    }
}

/// A daemon that finds something in what holds the word, and answers nothing to the first asker.
async fn daemon(asked: Arc<AtomicUsize>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                continue;
            }
            let mut head = [0; 10];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(&head, b"zINSTREAM\0");
            let mut all = Vec::new();
            loop {
                let mut piece = vec![0; stream.read_u32().await.unwrap() as usize];
                if piece.is_empty() {
                    break;
                }
                stream.read_exact(&mut piece).await.unwrap();
                all.extend(piece);
            }
            let found = all.windows(5).any(|part| part == b"EICAR");
            let answer = if found { b"stream: Eicar-Test FOUND\0".as_slice() } else { b"stream: OK\0" };
            stream.write_all(answer).await.unwrap();
        }
    });
    place
}

#[tokio::test]
async fn nobody_opens_what_the_scanner_has_not_seen() {
    let asked = Arc::new(AtomicUsize::new(0));
    let scanner = Some(Scanner::Clamd(daemon(Arc::clone(&asked)).await));
    let house = House::set_up(Config { scanner, ..Config::default() }).await;
    let id = signed(&house).await;
    let field = id.to_string();
    let fields = [("owner", "appeal"), ("owner_id", field.as_str())];
    let made = house.upload("enterprise", API, &fields, &[("好.pdf", PDF)]).await.expect(201);
    let (good, bad) =
        (id_of(&made), house.upload("enterprise", API, &fields, &[("坏.pdf", b"%PDF-EICAR")]).await.expect(201));
    let bad = id_of(&bad);
    assert_eq!(made.json()["state"], "waiting");
    assert_eq!(names(&house, "enterprise", id).await.len(), 2, "whoever brought them sees that they wait");
    assert!(names(&house, "officer2", id).await.is_empty(), "nobody else sees their names");
    let refused = async |key: &str, why: &str| {
        let answer = house.call("enterprise", "GET", &format!("{API}/{key}/content"), Json::Null).await.expect(409);
        assert!(answer.text().contains(&*Lang::Zh.t(why)), "{}", answer.text());
    };
    refused(&good, "conflict-attachment_waiting").await;

    // The daemon hangs up at first: the file waits, and is asked about again.
    let scan = async |key: &str| desk::scan(&house.app, house.zone, &json!({ "id": key })).await;
    assert!(scan(&good).await.is_err());
    refused(&good, "conflict-attachment_waiting").await;
    for key in [&good, &bad, &good, &bad] {
        scan(key).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 3, "what is known is not asked about again");
    assert_eq!(names(&house, "officer2", id).await, ["好"]);
    house.call("officer2", "GET", &format!("{API}/{good}/content"), Json::Null).await.expect(200);
    refused(&bad, "conflict-attachment_quarantined").await;
    house.call("officer2", "GET", &format!("{API}/{bad}/content"), Json::Null).await.expect(404);
    for (who, word) in [("enterprise", "查出病毒"), ("secadmin", "Eicar-Test")] {
        let told = house.page(who, "/notices").await.expect(200).text();
        assert!(told.contains(word) && !told.contains("坏"), "{who} is told, and the name goes with the file");
    }
    house.call("enterprise", "DELETE", &format!("{API}/{bad}"), Json::Null).await.expect(204);
}

#[tokio::test]
async fn a_link_opens_the_files_of_its_own_order_only() {
    let house = House::sqlite().await;
    let who = Actor { scope: Scope::WorkOrder(Uuid::now_v7()), ..house.rule() };
    let who = Actor { via: buting::actor::Via::Link, ..who };
    let id = signed(&house).await;
    let seen = desk::views(&house.app, &who, Owner::Appeal, id).await;
    assert!(matches!(seen, Err(Error::NotFound)));
}

#[tokio::test]
async fn nothing_is_read_of_who_may_not_bring_it() {
    for house in House::both().await {
        let id = signed(&house).await;
        let visit = buting::visit::NewVisit::to_enterprise(house.enterprise);
        let visit = buting::visit::desk::save(&house.app, &house.who("leader").await, visit).await.unwrap();
        // No end of the body ever comes: whoever reads it finds that it is broken.
        let broken = |path: &str, cookie: Option<String>| {
            let body = "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"\r\n\r\n%PDF";
            let mut request = axum::http::Request::builder()
                .method("POST")
                .uri(path)
                .header("host", "127.0.0.1")
                .header("content-type", "multipart/form-data; boundary=x");
            if let Some(cookie) = cookie {
                request = request.header("cookie", cookie);
            }
            request.body(axum::body::Body::from(body)).unwrap()
        };
        for (account, path, status) in [
            ("anonymous", "/w/AAAA".to_owned(), 404),
            ("enterprise2", format!("/appeals/{id}"), 404),
            ("enterprise2", format!("/visits/{visit}/files"), 404),
            ("enterprise", format!("/appeals/{id}"), 400),
            ("enterprise", format!("/visits/{visit}/files"), 400),
        ] {
            let cookie = if account == "anonymous" { None } else { Some(house.cookie(account).await) };
            let answer = house.send(broken(&path, cookie)).await;
            assert_eq!(answer.status.as_u16(), status, "{account} {path}");
        }
        // By the API the record stands before the file.
        let fields = [("owner", "appeal"), ("owner_id", &*id.to_string())];
        house.upload("enterprise2", API, &fields, &[("a.exe", b"MZ\x90\0")]).await.expect(404);
        house.upload("enterprise", API, &fields, &[("a.exe", b"MZ\x90\0")]).await.expect(422);
    }
}

#[tokio::test]
async fn nobody_brings_more_within_a_day_than_is_taken() {
    let limits = Limits { bytes: 1000, day: 2000, ..Limits::default() };
    let house = House::set_up(Config { files: limits, ..Config::default() }).await;
    let (who, form) = (house.who("enterprise").await, Uuid::now_v7());
    let file = |n: u8| {
        let bytes = [PDF, &[b'0' + n; 700]].concat();
        Incoming { name: format!("{n}.pdf"), bytes: bytes.into() }
    };
    for n in 0..2 {
        desk::keep(&house.app, &who, form, file(n)).await.unwrap();
    }
    let refused = desk::keep(&house.app, &who, form, file(3)).await;
    assert!(matches!(&refused, Err(Error::Invalid(all)) if all[0].code == "files_day"), "{refused:?}");
    desk::keep(&house.app, &who, form, file(1)).await.expect("what is there already is no more");
    let fields = [("owner", "appeal"), ("owner_id", &*signed(&house).await.to_string())];
    let whole = file(4).bytes;
    let refused = house.upload("enterprise", API, &fields, &[("4.pdf", &whole)]).await.expect(422).json();
    assert_eq!(refused["errors"][0]["code"], "files_day");
    desk::keep(&house.app, &house.who("enterprise2").await, Uuid::now_v7(), file(3)).await.expect("each has his own");
    house.clock.set(house.app.now().plus(DAY_MS + 1));
    house.upload("enterprise", API, &fields, &[("4.pdf", &whole)]).await.expect(201);
}

#[tokio::test]
async fn the_same_file_that_comes_twice_at_once_is_kept_once() {
    for house in House::both().await {
        let (who, form) = (house.who("enterprise").await, Uuid::now_v7());
        let person =
            sql!("SELECT id FROM person WHERE zone_id = $1 AND id = $2", house.zone, house.person("enterprise"));
        let held = house.hold(person).await;
        let keep = || {
            let (app, who) = (Arc::clone(&house.app), who.clone());
            let file = Incoming { name: "a.pdf".into(), bytes: Bytes::from_static(PDF) };
            tokio::spawn(async move { desk::keep(&app, &who, form, file).await })
        };
        let both = [keep(), keep()];
        house.wait_for(2).await;
        drop(held);
        let mut ids = Vec::new();
        for task in both {
            ids.push(task.await.unwrap().unwrap());
        }
        assert_eq!(ids[0], ids[1]);
        assert_eq!(desk::kept(&house.app, &who, form).await.unwrap().len(), 1);
    }
}
