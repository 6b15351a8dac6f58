//! Documents: drafted from records, issued once under numbers without gaps, read by who
//! may read the record, verified by who holds the sheet, withdrawn.

use crate::cases::{act, at, code, done, raise, signed, trucks, wrong};
use crate::house::House;
use buting::appeal::{self, Kind as AppealKind, NewAppeal};
use buting::document::desk::{self, DocumentsQuery};
use buting::document::{Asked, Issued, Kind, Numbering};
use buting::error::Error;
use buting::visit::{self, NewPromise, NewVisit};
use paper::document::{Block, Document, fact_rows};
use serde_json::{Value as Json, json};
use std::io::Read as _;
use uuid::Uuid;

/// What a document says, line by line: what its writers set.
fn lines(document: &Document) -> Vec<String> {
    let mut all = vec![format!("{} | {} | {}", document.office, document.title, document.day_text())];
    all.extend(document.number.clone());
    all.extend(document.earlier_text());
    for block in &document.blocks {
        match block {
            Block::To { names } => all.push(format!("{}：", names.join("、"))),
            Block::Heading { text } | Block::Text { text } | Block::Note { text } => all.push(text.clone()),
            Block::Facts { facts } => all.extend(fact_rows(facts).into_iter().map(|(one, two)| {
                let said = |fact: &paper::document::Fact| format!("{}={}", fact.label, fact.text.replace('\n', "/"));
                two.map_or_else(|| said(one), |two| format!("{} | {}", said(one), said(two)))
            })),
            Block::Table { columns, rows, .. } => {
                all.push(columns.iter().map(|column| column.head.as_str()).collect::<Vec<_>>().join(" | "));
                all.extend(rows.iter().map(|row| row.join(" | ")));
            }
            Block::Sign { labels } => all.push(format!("签：{}", labels.join("、"))),
            Block::Seal => all.push("（章）".into()),
        }
    }
    all
}

/// Handed to the department of `officer2`, with an instruction, and the agency assisting.
async fn handed(house: &House) -> Uuid {
    let id = raise(house).await;
    let dispatch = json!({
        "action": "dispatch", "department_id": house.other_department, "assist": [house.agency],
        "instruction": "三日内恢复货车通行。",
    });
    done(act(house, "dispatcher", id, dispatch).await);
    id
}

async fn issue(house: &House, who: &str, asked: Asked) -> Result<Uuid, Error> {
    desk::issue(&house.app, &house.who(who).await, &asked).await
}

async fn issued(house: &House, who: &str, id: Uuid) -> Issued {
    desk::issued(&house.app, &house.who(who).await, id).await.unwrap()
}

async fn numbers(house: &House, who: &str) -> Vec<String> {
    let all = desk::list(&house.app, &house.who(who).await, &DocumentsQuery::default()).await.unwrap();
    all.items.into_iter().map(|one| one.number).collect()
}

fn supervise(appeal_id: Uuid, demand: &str, day: Option<&str>, by: Option<&str>) -> Asked {
    Asked::Supervision {
        appeal_id,
        demand: demand.into(),
        reply_on: day.and_then(buting::time::Day::read),
        demanded_by: by.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_hand_over_sheet_says_who_does_what_by_when_and_why_then() {
    for house in House::both().await {
        let appeal_id = handed(&house).await;
        let who = house.who("dispatcher").await;
        let draft = desk::draft(&house.app, &who, &Asked::HandOver { appeal_id }).await.unwrap();
        assert_eq!(draft.document.number, None, "a draft has no number");
        let said = lines(&draft.document);
        let expected = [
            "测试区管委会 | 诉求交办单 | 2026年11月24日",
            "诉求编号=SQ-20261124-0001 | 工单编号=JB-20261124-0001",
            "主送单位=建设管理部 | 抄送单位=交警大队",
            "事项名称=货车进不了园区东门",
            "诉求主体=测试机电 | 问题类别=物流运输",
            "诉求来源=网页 | 紧急程度=紧急",
            "交办时间=2026-11-24 10:00 | 办理时限=2026-12-15 17:30",
            "诉求内容=限高杆改造后，高栏货车无法进入，原料只能在门外倒短。",
            "办理要求=三日内恢复货车通行。/请在时限内签收、核实、办理，并向企业和总协调室反馈。",
            "签发人=dispatcher某 | 联系电话=053112345678",
            "一、时限及计算",
            "时限 | 单位 | 到期时间 | 计算说明",
        ];
        assert_eq!(said[..expected.len()], expected, "{said:#?}");
        let finish =
            said.iter().find(|line| line.starts_with("办结 | 建设管理部 | 2026-12-15 17:30 | ")).expect("the limit");
        assert!(finish.contains("15 个工作日；11-24 起算当日，不计入；11-28 – 11-29 周末，不计入；"), "{finish}");
        let ends = said.iter().skip_while(|line| *line != "二、配合单位分工").cloned().collect::<Vec<_>>();
        assert_eq!(ends[1], "单位 | 职责 | 要求 | 办理时限");
        assert!(ends[2].starts_with("交警大队 | "), "{ends:?}");
        assert_eq!(
            ends[3..],
            [
                "（章）",
                "办理反馈（由主送单位填写）",
                "办理情况及结果=",
                "佐证材料=",
                "负责人签字= | 反馈日期=",
                "签：签收人"
            ]
        );
    }
}

#[tokio::test]
async fn numbers_leave_no_gap_and_what_has_not_changed_keeps_its_own() {
    for house in House::both().await {
        let (one, two) = (handed(&house).await, signed(&house).await);
        let sheet = |appeal_id| Asked::HandOver { appeal_id };
        let first = issue(&house, "dispatcher", sheet(one)).await.unwrap();
        assert_eq!(issued(&house, "dispatcher", first).await.number, "测试区管委会交〔2026〕1号");
        // Nothing has changed: whoever asks again is given the one that there is.
        assert_eq!(issue(&house, "dispatcher", sheet(one)).await.unwrap(), first);
        let second = issue(&house, "dispatcher", sheet(two)).await.unwrap();
        assert_eq!(issued(&house, "dispatcher", second).await.number, "测试区管委会交〔2026〕2号");

        // Refused, and asked for in vain: no number is lost.
        let raised = appeal::desk::open(&house.app, &house.who("enterprise").await, trucks()).await.unwrap();
        assert_eq!(code(issue(&house, "dispatcher", sheet(raised)).await), "document_no_order");
        done(act(&house, "dispatcher", raised, json!({"action": "dispatch", "department_id": house.department})).await);

        // The same post again is its own document, whatever became of the record since.
        let once = house.who_once("dispatcher", "k-1").await;
        let third = desk::issue(&house.app, &once, &sheet(raised)).await.unwrap();
        done(act(&house, "officer", raised, json!({"action": "sign"})).await);
        let again = desk::issue(&house.app, &once, &sheet(raised)).await;
        assert!(matches!(again, Err(Error::Replayed(id)) if id == third), "{again:?}");

        // The record changed: a number of its own that names the one before.
        let more = json!({"action": "dispatch", "assist": [house.department]});
        done(act(&house, "dispatcher", one, more).await);
        let fourth = issue(&house, "dispatcher", sheet(one)).await.unwrap();
        let (seen, said) = desk::opened(&house.app, &house.who("dispatcher").await, fourth).await.unwrap();
        assert_eq!((seen.n, seen.earlier_id), (4, Some(first)));
        assert_eq!(said.earlier.as_deref(), Some("测试区管委会交〔2026〕1号"));
        assert_eq!(issued(&house, "dispatcher", first).await.later_id, Some(fourth));
        let (_, before) = desk::opened(&house.app, &house.who("dispatcher").await, first).await.unwrap();
        assert_ne!(before.blocks, said.blocks, "what was issued stands as it was");

        // Two at once have two numbers, one after the other.
        let ask = supervise(one, "立即办理", Some("2026-11-30"), Some("王主任"));
        let other = supervise(two, "立即办理", Some("2026-11-30"), Some("王主任"));
        let (a, b) = tokio::join!(issue(&house, "dispatcher", ask), issue(&house, "oversight", other));
        let mut both = [issued(&house, "leader", a.unwrap()).await.n, issued(&house, "leader", b.unwrap()).await.n];
        both.sort_unstable();
        assert_eq!(both, [1, 2], "each kind has a series of its own");

        // The next year begins anew, and a new format is for what comes.
        house.clock.set(at(24 + 40, 10));
        let new = Numbering { office: "测试区办公室".into(), code: "测管办".into(), ..Numbering::default() };
        desk::set_numbering(&house.app, &house.who("dispatcher").await, &new).await.unwrap();
        let next = issue(&house, "dispatcher", sheet(two)).await.unwrap();
        let next = issued(&house, "dispatcher", next).await;
        assert_eq!((next.number.as_str(), next.earlier_id), ("测管办交〔2027〕1号", Some(second)));
        assert_eq!(issued(&house, "dispatcher", second).await.number, "测试区管委会交〔2026〕2号");
        let same = Numbering { format: "{office}〔{year}〕{n}号".into(), ..new };
        let refused = desk::set_numbering(&house.app, &house.who("dispatcher").await, &same).await;
        assert_eq!(wrong(refused), [("document_format".to_owned(), "number_format")]);
    }
}

#[tokio::test]
async fn a_supervision_order_demands_something_by_a_day_and_reaches_who_leads() {
    for house in House::both().await {
        let id = signed(&house).await;
        let missing = issue(&house, "dispatcher", supervise(id, " ", None, None)).await;
        let fields: Vec<_> = wrong(missing).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["demand", "reply_on", "demanded_by"], "everything at once");
        let past = issue(&house, "leader", supervise(id, "立即办理", Some("2026-11-23"), None)).await;
        assert_eq!(wrong(past), [("reply_on".to_owned(), "past")]);

        let order = issue(&house, "leader", supervise(id, "三日内恢复通行。", Some("2026-11-27"), None)).await.unwrap();
        let (seen, said) = desk::opened(&house.app, &house.who("leader").await, order).await.unwrap();
        assert_eq!((seen.number.as_str(), seen.appeal_id), ("测试区管委会督〔2026〕1号", Some(id)));
        let said = lines(&said);
        for line in [
            "建设管理部：",
            "督办事由=leader某要求督办",
            "督办要求=三日内恢复通行。",
            "反馈期限=2026年11月27日前书面反馈",
        ] {
            assert!(said.iter().any(|one| one == line), "{line} is not in {said:#?}");
        }
        let told = house.page("officer2", "/notices").await.expect(200).text();
        assert!(told.contains("测试区管委会督〔2026〕1号"), "{told}");
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(
            page.contains("测试区管委会督〔2026〕1号") && page.contains("2026-11-27"),
            "it stands on the appeal's page"
        );
        assert!(!page.contains("/documents/new/"), "an officer issues none");

        // Once it is late the limit itself is reason enough.
        house.clock.set(at(24 + 40, 10));
        let late = issue(&house, "oversight", supervise(id, "立即办结。", Some("2027-01-08"), None)).await.unwrap();
        let (_, said) = desk::opened(&house.app, &house.who("oversight").await, late).await.unwrap();
        assert!(lines(&said).iter().any(|line| line.starts_with("督办事由=已超过办理时限（应于2026-12-")), "{said:?}");
    }
}

#[tokio::test]
async fn who_issues_what() {
    let house = House::sqlite().await;
    let appeal = handed(&house).await;
    let leader = house.who("leader").await;
    let visit = NewVisit::to_enterprise(house.enterprise);
    let visit = visit::desk::save(&house.app, &leader, visit).await.unwrap();
    let asked = [
        json!({"kind": "hand_over", "appeal_id": appeal}),
        json!({
            "kind": "supervision", "appeal_id": appeal, "demand": "办", "reply_on": "2026-12-01", "demanded_by": "王主任",
        }),
        json!({"kind": "visit_record", "visit_id": visit}),
        json!({"kind": "ledger"}),
    ];
    for (who, answers) in [
        ("leader", [201, 201, 201, 201]),
        ("dispatcher", [201, 201, 201, 201]),
        ("oversight", [201, 201, 403, 201]),
        ("officer", [403, 403, 404, 409]),
        ("agency", [403; 4]),
        ("enterprise", [403; 4]),
        ("auditor", [403; 4]),
        ("leader@zone2", [404, 404, 404, 409]),
    ] {
        for (body, status) in asked.iter().zip(answers) {
            let answer = house.call(who, "POST", "/api/v1/documents", body.clone()).await;
            // What another issued from the same record is what there is, if it says the same.
            let status = if status == 201 && answer.status.as_u16() == 200 { 200 } else { status };
            assert_eq!(answer.status.as_u16(), status, "{who} {body}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn what_a_document_tells_stays_with_who_may_read_the_record() {
    for house in House::both().await {
        let complaint =
            NewAppeal { kind: AppealKind::Complaint, accused_department_id: Some(house.agency), ..trucks() };
        let id = appeal::desk::open(&house.app, &house.who("enterprise").await, complaint).await.unwrap();
        done(
            act(&house, "dispatcher", id, json!({"action": "dispatch", "department_id": house.other_department})).await,
        );
        let document = issue(&house, "dispatcher", Asked::HandOver { appeal_id: id }).await.unwrap();
        let seen = issued(&house, "dispatcher", document).await;
        assert_eq!(seen.title, "SQ-20261124-0001", "the register names no complaint");

        let path = format!("/documents/{document}");
        for (who, status) in [
            ("dispatcher", 200),
            ("leader", 200),
            ("officer2", 200),
            ("officer", 404),
            ("specialist", 404),
            ("agency", 403),
            ("enterprise", 403),
            ("sysadmin", 403),
            ("leader@zone2", 404),
            ("anonymous", 303),
        ] {
            for path in [path.clone(), format!("{path}/file?format=docx")] {
                assert_eq!(house.page(who, &path).await.status.as_u16(), status, "{who} {path}");
            }
        }
        assert!(numbers(&house, "officer").await.is_empty());
        assert_eq!(numbers(&house, "officer2").await, ["测试区管委会交〔2026〕1号"]);

        // A ledger that names who complains is its issuer's own; another's is for who sees all.
        let secret = issue(&house, "dispatcher", Asked::Ledger { query: String::new() }).await.unwrap();
        assert_eq!(house.page("dispatcher", &format!("/documents/{secret}")).await.status.as_u16(), 200);
        assert_eq!(house.page("leader", &format!("/documents/{secret}")).await.status.as_u16(), 404);
        let help = signed(&house).await;
        let query = "kind=help".to_owned();
        let open = issue(&house, "dispatcher", Asked::Ledger { query }).await.unwrap();
        let (_, said) = desk::opened(&house.app, &house.who("leader").await, open).await.unwrap();
        assert!(said.wide && lines(&said).iter().any(|line| line.contains("测试机电")), "{help} {said:?}");
        house.page("officer", &format!("/documents/{open}")).await.expect(404);
    }
}

#[tokio::test]
async fn a_ledger_is_the_list_as_its_reader_sees_it() {
    for house in House::both().await {
        let id = signed(&house).await;
        raise(&house).await;
        let who = house.who("officer2").await;
        let draft = desk::draft(&house.app, &who, &Asked::Ledger { query: String::new() }).await.unwrap();
        let said = lines(&draft.document);
        assert_eq!(said[1], "截至2026年11月24日，共1件。", "an officer's list holds his own");
        assert!(said[2].starts_with("序号 | 问题描述 | 编号 | 企业名称 | "), "{said:?}");
        assert!(said[3].starts_with("1 | 货车进不了园区东门 | SQ-20261124-0001 | 测试机电 | "), "{said:?}");
        let chosen = Asked::Ledger { query: "view=all&columns=number,status".into() };
        let draft = desk::draft(&house.app, &house.who("dispatcher").await, &chosen).await.unwrap();
        assert_eq!(lines(&draft.document)[2], "序号 | 问题描述 | 编号 | 状态");
        let none = Asked::Ledger { query: "status=closed".into() };
        assert_eq!(code(issue(&house, "dispatcher", none).await), "document_empty");
        let wide = "number,subject,uscc,channel,kind,category,urgency,body,leader,lead,assist,handler,answer";
        let wide = Asked::Ledger { query: format!("columns={wide}") };
        assert_eq!(code(issue(&house, "dispatcher", wide).await), "document_too_wide");
        assert!(!id.is_nil());
    }
}

#[tokio::test]
async fn a_visit_record_has_what_both_sides_sign() {
    for house in House::both().await {
        let who = house.who("leader").await;
        let promise = NewPromise {
            id: None,
            text: "一周内协调停车场地".into(),
            owner_id: None,
            due_at: house.app.now().plus(7 * buting::time::DAY_MS),
        };
        let visit = NewVisit {
            note: Some("内部：负责人情绪较大".into()),
            promises: vec![promise],
            ..NewVisit::to_enterprise(house.enterprise)
        };
        let visit_id = visit::desk::save(&house.app, &who, visit).await.unwrap();
        let id = issue(&house, "leader", Asked::VisitRecord { visit_id }).await.unwrap();
        let (seen, said) = desk::opened(&house.app, &who, id).await.unwrap();
        assert_eq!((seen.kind, seen.number.as_str()), (Kind::VisitRecord, "测试区管委会访〔2026〕1号"));
        let said = lines(&said);
        assert!(said.iter().any(|line| line.starts_with("一周内协调停车场地 | ")), "{said:#?}");
        assert!(said.iter().any(|line| line == "签：走访人员、对方代表"));
        assert!(!said.join("\n").contains("情绪"), "notes stay in the office");
        let page = house.page("leader", &format!("/visits/{visit_id}")).await.expect(200).text();
        assert!(page.contains("测试区管委会访〔2026〕1号"));
    }
}

#[tokio::test]
async fn who_holds_the_sheet_finds_out_whether_it_holds_and_nothing_else() {
    for house in House::both().await {
        let appeal_id = handed(&house).await;
        let id = issue(&house, "dispatcher", Asked::HandOver { appeal_id }).await.unwrap();
        let path = desk::verify_path(&house.app, house.zone, id);
        let page = house.page("anonymous", &path).await.expect(200).text();
        let seen = issued(&house, "dispatcher", id).await;
        let digits: String = page.split_whitespace().collect();
        assert!(
            page.contains("测试区管委会交〔2026〕1号") && page.contains("2026-11-24") && page.contains("有效"),
            "{page}"
        );
        assert!(digits.contains(&seen.sha256[..32]), "the check digits stand there");
        for secret in ["货车", "限高", "测试机电", "建设管理部", "SQ-2026"] {
            assert!(!page.contains(secret), "{secret} is nobody's business");
        }
        let altered = format!("{}{}", &path[..path.len() - 1], if path.ends_with('A') { 'Q' } else { 'A' });
        for wrong in [altered.as_str(), "/d/x", "/d/"] {
            house.page("anonymous", wrong).await.expect(404);
        }

        let withdraw = format!("/documents/{id}/withdraw");
        house.post("officer2", &withdraw, &[("reason", "误发")]).await.expect(403);
        house.post("dispatcher", &withdraw, &[("reason", " ")]).await.expect(422);
        house.post("dispatcher", &withdraw, &[("reason", "误发"), ("version", "7")]).await.expect(412);
        house.post("dispatcher", &withdraw, &[("reason", "误发"), ("version", "1")]).await.expect(303);
        house.post("dispatcher", &withdraw, &[("reason", "误发")]).await.expect(409);
        let page = house.page("anonymous", &path).await.expect(200).text();
        assert!(page.contains("已作废") && !page.contains("误发"), "{page}");
        // What was withdrawn is not what there is: the next has a number of its own.
        let next = issue(&house, "dispatcher", Asked::HandOver { appeal_id }).await.unwrap();
        let next = issued(&house, "dispatcher", next).await;
        assert_eq!((next.n, next.earlier_id), (2, None));
    }
}

#[tokio::test]
async fn the_same_document_is_handed_out_each_time_and_leaves_a_trace() {
    let house = House::sqlite().await;
    let appeal_id = handed(&house).await;
    let id = issue(&house, "dispatcher", Asked::HandOver { appeal_id }).await.unwrap();
    let path = format!("/api/v1/documents/{id}/file?format=docx");
    let bytes = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).bytes;
    house.clock.set(at(26, 10));
    done(act(&house, "officer2", appeal_id, json!({"action": "sign"})).await);
    assert_eq!(
        house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).bytes,
        bytes,
        "nothing has changed"
    );
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name("word/document.xml").unwrap().read_to_string(&mut text).unwrap();
    for words in ["测试区管委会交〔2026〕1号", "三日内恢复货车通行。", "/d/"] {
        assert!(text.contains(words), "{words}");
    }
    house.call("dispatcher", "GET", &format!("/api/v1/documents/{id}/file?format=odt"), Json::Null).await.expect(422);
    let mut tx = house.app.db.read().await.unwrap();
    let traces: i64 = tx.value("SELECT count(*) FROM access_log WHERE subject = 'document'").await.unwrap();
    assert_eq!(traces, 2);
}

#[cfg(feature = "pdf")]
#[tokio::test]
async fn a_document_is_a_pdf() {
    let house = House::sqlite().await;
    let appeal_id = handed(&house).await;
    let id = issue(&house, "dispatcher", Asked::HandOver { appeal_id }).await.unwrap();
    let answer = house.page("dispatcher", &format!("/documents/{id}/file")).await.expect(200);
    assert_eq!(answer.headers["content-type"], "application/pdf");
    assert!(answer.bytes.starts_with(b"%PDF-"));
    if let Ok(keep) = std::env::var("BUTING_SHEETS") {
        std::fs::write(format!("{keep}/hand-over.pdf"), &answer.bytes).unwrap();
    }
}

#[tokio::test]
async fn the_pages_of_documents() {
    for house in House::both().await {
        let appeal = handed(&house).await;
        let path = format!("/documents/new/supervision?appeal={appeal}");
        let page = house.page("leader", &path).await.expect(200).text();
        assert!(page.contains("name=\"demand\""), "{page}");
        let typed = [("demand", "三日内恢复通行。"), ("reply_on", ""), ("go", "preview")];
        let again = house.post("leader", &path, &typed).await.expect(422).text();
        assert!(again.contains("三日内恢复通行。") && again.contains("wrong-summary"), "what was typed is kept");
        let typed = [("demand", "三日内恢复通行。"), ("reply_on", "2026-11-27"), ("go", "preview")];
        let draft = house.post("leader", &path, &typed).await.expect(200).text();
        assert!(draft.contains("未编号") && draft.contains("督办事由"), "{draft}");
        assert!(numbers(&house, "leader").await.is_empty(), "a preview issues nothing");
        let typed = [("demand", "三日内恢复通行。"), ("reply_on", "2026-11-27"), ("go", "issue"), ("once", "k")];
        let made = house.post("leader", &path, &typed).await.expect(303).headers["location"].clone();
        let twice = house.post("leader", &path, &typed).await.expect(303).headers["location"].clone();
        assert_eq!(made, twice, "the same post again is the same document");
        let shown = house.page("leader", made.to_str().unwrap()).await.expect(200).text();
        assert!(shown.contains("测试区管委会督〔2026〕1号") && shown.contains("format=docx"), "{shown}");
        let register = house.page("leader", "/documents?kind=supervision&year=2026").await.expect(200).text();
        assert!(register.contains("测试区管委会督〔2026〕1号"));
        let none = house.page("leader", "/documents?kind=ledger").await.expect(200).text();
        assert!(!none.contains("测试区管委会督〔2026〕1号"));
        let csv = house.page("leader", "/documents/export?format=csv").await.expect(200).text();
        assert!(csv.contains("测试区管委会督〔2026〕1号"));
        for nowhere in ["/documents/new/nothing", "/documents/new/hand_over", "/documents/new/visit_record?visit=x"] {
            house.page("leader", nowhere).await.expect(404);
        }
        let set = [("document_office", "测试区办公室"), ("document_code", "测管办"), ("document_format", "x")];
        house.post("dispatcher", "/settings/documents", &set).await.expect(422);
        house.page("sysadmin", "/settings/documents").await.expect(200);
    }
}
