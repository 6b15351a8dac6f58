//! Sheets as offices send them, from upload to undo.

use crate::house::{House, MORNING};
use buting::registry::import::{self, Choice, Choices, Kind, Report, Sheet, State};
use buting::registry::{CarrierKind, NewCarrier, desk};
use buting::time::{DAY_MS, Time};
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use store::sql;
use uuid::Uuid;

const ENTERPRISES: &str = "/api/v1/enterprises";

async fn take(house: &House, who: &str, kind: Kind, text: impl Into<Vec<u8>>, dry_run: bool) -> Report {
    let who = house.who(who).await;
    import::run(&house.app, &who, kind, text.into(), "台账.csv", dry_run).await.unwrap()
}

fn counts(report: &Report) -> (i64, i64, i64, i64) {
    (report.created, report.updated, report.unchanged, report.rejected)
}

async fn carriers(house: &House) {
    for name in ["西岭产业园", "平川智造园"] {
        let new = NewCarrier {
            id: None,
            name: name.into(),
            short_name: None,
            kind: CarrierKind::Park,
            address: None,
            note: None,
        };
        desk::create_carrier(&house.app, &house.rule(), new).await.unwrap();
    }
}

async fn total(house: &House) -> Json {
    house.call("dispatcher", "GET", ENTERPRISES, Json::Null).await.expect(200).json()["total"].clone()
}

async fn found(house: &House, q: &str) -> Vec<Json> {
    let path = format!("{ENTERPRISES}?q={}", buting::http::page::encode(q));
    house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json()["items"].as_array().unwrap().clone()
}

/// Takes an import back and lets the queue do it.
async fn undo(house: &House, who: &str, id: Uuid) -> Report {
    let actor = house.who(who).await;
    import::undo(&house.app, &actor, id).await.unwrap();
    import::work_off(&house.app, house.zone, id).await.unwrap();
    import::report(&house.app, &actor, id, buting::text::Lang::Zh).await.unwrap()
}

fn later(house: &House, minutes: i64) {
    house.clock.set(Time::from_ms(MORNING.ms() + minutes * 60_000));
}

#[tokio::test]
async fn columns_are_set_right_and_remembered_for_the_department() {
    for house in House::both().await {
        let who = house.who("officer").await;
        let text = "商户,人头,法人\n瑞禾新源机械有限公司,12,李某\n";
        let first = take(&house, "officer", Kind::Enterprises, text, true).await;
        assert_eq!(first.state, State::Failed);
        assert!(first.failure.as_ref().unwrap().contains("没有找到必需的列"));
        let heads: Vec<_> = first.columns.iter().map(|c| (c.heading.as_str(), c.samples.join("/"))).collect();
        assert_eq!(heads, [("商户", "瑞禾新源机械有限公司".into()), ("人头", "12".into()), ("法人", "李某".into())]);
        let path = format!("/imports/{}", first.id);
        let page = house.page("officer", &path).await.expect(200).text();
        assert!(page.contains("瑞禾新源机械有限公司") && page.contains("name=\"field\""), "{page}");

        // Twice the same field, an unknown one, a heading that is not there.
        let say = |pairs: &[(&str, Option<&str>)]| {
            pairs.iter().map(|(h, f)| ((*h).to_owned(), f.map(str::to_owned))).collect::<BTreeMap<_, _>>()
        };
        for wrong in [
            &[("商户", Some("name")), ("法人", Some("name"))][..],
            &[("商户", Some("colour"))],
            &[("电话", Some("phone"))],
        ] {
            assert!(import::set_columns(&house.app, &who, first.id, say(wrong)).await.is_err());
        }
        let stranger = house.who("officer2").await;
        assert!(import::set_columns(&house.app, &stranger, first.id, say(&[])).await.is_err());

        let form = [
            ("once", "c1"),
            ("heading", "商户"),
            ("field", "name"),
            ("heading", "人头"),
            ("field", "headcount"),
            ("heading", "法人"),
            ("field", ""),
        ];
        house.post("officer", &format!("{path}/columns"), &form).await.expect(303);
        import::work_off(&house.app, house.zone, first.id).await.unwrap();
        let again = import::report(&house.app, &who, first.id, buting::text::Lang::Zh).await.unwrap();
        assert_eq!((again.state, counts(&again), again.failure), (State::Done, (1, 0, 0, 0), None));
        assert!(again.columns[0].said && !again.columns[2].said);

        // The next sheet of the department is understood at once; another's is not.
        let next = take(&house, "officer", Kind::Enterprises, "商户,人头\n卓衡仪表有限公司,7\n", false).await;
        assert_eq!(counts(&next), (1, 0, 0, 0));
        assert_eq!(found(&house, "卓衡").await[0]["headcount"], 7);
        let other = take(&house, "officer2", Kind::Enterprises, text, true).await;
        assert_eq!(other.state, State::Failed);
    }
}

#[tokio::test]
async fn what_came_back_is_the_same_sheet_with_a_remark() {
    for house in House::both().await {
        let text = "企业台账,,,\n企业名称,职工人数,法定代表人,联系电话\n甲机械有限公司,很多,李某,\n乙食品有限公司,12,王某,\n\
            丙软件有限公司,３,赵某,139\n";
        let report = take(&house, "officer", Kind::Enterprises, text, false).await;
        assert_eq!(counts(&report), (1, 0, 0, 2));
        let who = house.who("officer").await;
        let book = import::rejects(&house.app, &who, report.id, false).await.unwrap();
        let lines = import::rejects(&house.app, &who, report.id, true).await.unwrap();
        for bytes in [book, lines] {
            let sheet = paper::read(&bytes, paper::Limits::default()).unwrap().remove(0);
            let rows: Vec<Vec<String>> = sheet.rows.into_iter().map(|row| row.cells).collect();
            assert_eq!(rows[0], ["企业名称", "职工人数", "法定代表人", "联系电话", "问题"]);
            assert_eq!(rows[1][..4], ["甲机械有限公司", "很多", "李某", ""]);
            assert!(rows[1][4].starts_with("B列：") && rows[1][4].contains("很多"), "{:?}", rows[1]);
            assert_eq!(rows[2][..3], ["丙软件有限公司", "３", "赵某"]);
            assert_eq!(rows.len(), 3);
        }
        let path = format!("/imports/{}/rejects", report.id);
        assert_eq!(house.page("officer", &path).await.expect(200).bytes[..2], *b"PK");
        let csv = house.page("officer", &format!("{path}?format=csv")).await.expect(200);
        assert!(csv.text().starts_with("\u{feff}企业名称"));
        house.page("officer2", &path).await.expect(404);
    }
}

#[tokio::test]
async fn an_import_is_taken_back_as_a_whole() {
    for house in House::both().await {
        let first = "企业名称,信用代码,人数,地址\n甲机械有限公司,91370000588768482Y,10,一号路\n";
        take(&house, "officer", Kind::Enterprises, first, false).await;
        let before = total(&house).await;
        later(&house, 1);
        let second = "企业名称,简称,人数,地址,联系人,联系电话\n甲机械有限公司,甲机械,20,二号路,,\n乙食品有限公司,乙食,5,,林女士,13900000001\n";
        let report = take(&house, "officer", Kind::Enterprises, second, false).await;
        assert_eq!(counts(&report), (1, 1, 0, 0));
        assert!(report.may_undo);
        // The number of people is corrected by hand afterwards; that stays.
        later(&house, 2);
        let one = found(&house, "甲机械").await.remove(0);
        let path = format!("{ENTERPRISES}/{}", one["id"].as_str().unwrap());
        house.call("dispatcher", "PATCH", &path, json!({"headcount": 33})).await.expect(200);
        later(&house, 3);
        let page = house.page("officer", &format!("/imports/{}/undo", report.id)).await.expect(200).text();
        assert!(page.contains("移出新增的 2 条，恢复更新过的 1 条"), "{page}");
        house.page("officer2", &format!("/imports/{}/undo", report.id)).await.expect(404);

        let undone = undo(&house, "officer", report.id).await;
        assert_eq!((undone.state, undone.kept.len()), (State::Undone, 1), "{:?}", undone.kept);
        assert!(undone.kept[0].contains("甲机械有限公司") && undone.kept[0].contains("人数"), "{:?}", undone.kept);
        assert_eq!(total(&house).await, before);
        assert!(found(&house, "乙食品").await.is_empty());
        let one = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json();
        assert_eq!((&one["headcount"], &one["address"]), (&json!(33), &json!("一号路")));
        assert_eq!(one["short_names"], json!([]));
        let mut tx = house.app.read().await.unwrap();
        let people: i64 = tx
            .value(sql!("SELECT count(*) FROM person WHERE zone_id = $1 AND name = '林女士'", house.zone))
            .await
            .unwrap();
        assert_eq!(people, 0);
        // Once is enough, and a preview leaves nothing to take back.
        let who = house.who("officer").await;
        assert!(import::undo(&house.app, &who, report.id).await.is_err());
        let preview = take(&house, "officer", Kind::Enterprises, second, true).await;
        assert!(import::undo(&house.app, &who, preview.id).await.is_err());
    }
}

#[tokio::test]
async fn an_import_in_use_stays_and_says_what_rests_on_it() {
    for house in House::both().await {
        let sheet = "企业名称\n甲机械有限公司\n乙食品有限公司\n丙软件有限公司\n";
        let report = take(&house, "officer", Kind::Enterprises, sheet, false).await;
        later(&house, 1);
        let id = |items: Vec<Json>| items[0]["id"].as_str().unwrap().to_owned();
        let (used, changed) = (id(found(&house, "甲机械").await), id(found(&house, "乙食品").await));
        let new = json!({"subject_kind": "enterprise", "subject_id": used, "role": "officer",
            "person_id": house.person("officer")});
        house.call("dispatcher", "POST", "/api/v1/assignments", new).await.expect(201);
        house
            .call("dispatcher", "PATCH", &format!("{ENTERPRISES}/{changed}"), json!({"headcount": 3}))
            .await
            .expect(200);

        let path = format!("/api/v1/imports/{}/undo", report.id);
        let found = house.call("officer", "GET", &path, Json::Null).await.expect(200).json();
        let depends = found["depends"].as_array().unwrap();
        let named: BTreeMap<&str, &str> =
            depends.iter().map(|one| (one["name"].as_str().unwrap(), one["what"].as_str().unwrap())).collect();
        assert_eq!(named.len(), 2, "{named:?}");
        assert!(named["甲机械有限公司"].contains("责任关系"), "{named:?}");
        assert!(named["乙食品有限公司"].starts_with("导入后又有"), "{named:?}");
        assert_eq!(depends[0]["href"].as_str().unwrap().split('/').nth(1), Some("enterprises"));
        house.call("officer", "POST", &path, json!({})).await.expect(409);
        let page = house.page("officer", &format!("/imports/{}/undo", report.id)).await.expect(200).text();
        assert!(page.contains("甲机械有限公司") && !page.contains("丙软件有限公司"), "{page}");
    }
}

#[tokio::test]
async fn contacts_projects_people_and_assignments_are_taken_back_too() {
    for house in House::both().await {
        let contacts = "企业名称,联系人,职务,电话\n测试机电,赵敏,厂长,13900000033\n";
        take(&house, "dispatcher", Kind::Contacts, contacts, false).await;
        later(&house, 1);
        let again = "企业名称,联系人,职务,电话\n测试机电,赵敏,总经理,13900000044\n测试机电,孙立,,13900000055\n";
        let report = take(&house, "dispatcher", Kind::Contacts, again, false).await;
        assert_eq!(counts(&report), (1, 1, 0, 0), "{:?}", report.errors);
        later(&house, 2);
        assert_eq!(undo(&house, "dispatcher", report.id).await.state, State::Undone);
        let mut tx = house.app.read().await.unwrap();
        let known = sql!(
            "SELECT name, title, phone FROM person WHERE zone_id = $1 AND enterprise_id = $2 AND name IN ('赵敏', '孙立')",
            house.zone,
            house.enterprise
        );
        let known: Vec<(String, Option<String>, Option<String>)> = tx.list(known).await.unwrap();
        assert_eq!(known, [("赵敏".into(), Some("厂长".into()), Some("13900000033".into()))]);
        drop(tx);

        let departments = "部门名称,类别,上级部门,办公电话\n政策研究室,管委会部门,企业服务部,0531-88880099\n供电所,水电气热企业,,\n火星办,飞船,,\n";
        let report = take(&house, "dispatcher", Kind::Departments, departments, false).await;
        assert_eq!(counts(&report), (2, 0, 0, 1), "{:?}", report.errors);
        assert_eq!(counts(&take(&house, "dispatcher", Kind::Departments, departments, false).await), (0, 0, 2, 1));
        let staff =
            "姓名,部门,职务,电话\n方知远,政策研究室,主任,13900000066\n钱多多,企业服务,,\n方知远,政策研究室,主任,\n";
        let people = take(&house, "dispatcher", Kind::Staff, staff, false).await;
        assert_eq!(counts(&people), (1, 0, 0, 2), "{:?}", people.errors);
        assert!(people.errors[0].message.contains("企业服务部"), "{:?}", people.errors);
        later(&house, 3);
        let moved = "姓名,部门,职务\n方知远,企业服务部,主任\n方知远,政策研究室,副主任\n";
        let moved = take(&house, "dispatcher", Kind::Staff, moved, false).await;
        assert_eq!(counts(&moved), (0, 1, 0, 1), "{:?}", moved.errors);
        // A department with people in it stays.
        later(&house, 4);
        let path = format!("/api/v1/imports/{}/undo", report.id);
        let found = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json();
        assert_eq!(found["depends"][0]["name"], "政策研究室", "{found}");
        assert_eq!(undo(&house, "dispatcher", moved.id).await.state, State::Undone);
        let who = house.who("dispatcher").await;
        assert!(import::undo(&house.app, &who, people.id).await.is_err(), "changed by a later sheet");

        let projects = "项目名称,级别,阶段,建设单位,所在载体\n西岭二期项目,市重点,开工,西岭置业,\n测试产业园项目,,,新业主,\n无级别项目,,,,\n";
        let report = take(&house, "dispatcher", Kind::Projects, projects, false).await;
        assert_eq!(counts(&report), (1, 1, 0, 1), "{:?}", report.errors);
        let assignments =
            "包联对象,包联领导,责任部门,包联干部\n测试机电,leader某,企业服务部,officer某\n西岭二期项目,leader某,,\n";
        later(&house, 5);
        let places = take(&house, "dispatcher", Kind::Assignments, assignments, false).await;
        assert_eq!(counts(&places), (2, 0, 0, 0), "{:?}", places.errors);
        later(&house, 6);
        assert!(import::undo(&house.app, &who, report.id).await.is_err(), "somebody answers for the project");
        assert_eq!(undo(&house, "dispatcher", places.id).await.state, State::Undone);
        let mut tx = house.app.read().await.unwrap();
        let open = sql!(
            "SELECT count(*) FROM assignment WHERE zone_id = $1 AND valid_to IS NULL AND reason = '台账.csv'",
            house.zone
        );
        assert_eq!(tx.value::<i64>(open).await.unwrap(), 0);
        let officer = house.who("officer").await;
        for kind in [Kind::Departments, Kind::Staff, Kind::Projects, Kind::Assignments] {
            assert!(import::run(&house.app, &officer, kind, b"x".to_vec(), "x.csv", true).await.is_err(), "{kind}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_like_a_known_one_is_asked_about() {
    for house in House::both().await {
        let first = "企业名称,简称,统一社会信用代码\n北辰机电设备有限公司,北辰,91370000588768482Y\n";
        take(&house, "officer", Kind::Enterprises, first, false).await;
        let sheet =
            "企业名称,人数\n山东北辰机电设备有限公司,12\n北辰,13\n晨屿食品有限公司,14\n晨屿食品加工有限公司,15\n";
        let preview = take(&house, "officer", Kind::Enterprises, sheet, true).await;
        assert_eq!((counts(&preview), preview.doubtful), ((1, 0, 0, 3), 3), "{:?}", preview.errors);
        let doubt = &preview.doubts[0];
        assert_eq!((doubt.row, doubt.name.as_str()), (2, "山东北辰机电设备有限公司"));
        assert_eq!(doubt.candidate.name, "北辰机电设备有限公司");
        assert!(doubt.why.contains("名称互相包含"), "{}", doubt.why);
        assert_eq!((preview.doubts[2].candidate.id, preview.doubts[2].candidate.row), (None, Some(4)));
        let path = format!("/imports/{}", preview.id);
        let page = house.page("officer", &path).await.expect(200).text();
        assert!(page.contains("更新这一家") && page.contains("北辰机电设备有限公司"), "{page}");

        let n: Vec<String> = preview.doubts.iter().map(|doubt| doubt.n.to_string()).collect();
        let form = [
            ("once", "t1"),
            ("row", &n[0]),
            ("choice", "update"),
            ("row", &n[1]),
            ("choice", "skip"),
            ("row", &n[2]),
            ("choice", "new"),
        ];
        let answer = house.post("officer", &format!("{path}/accept"), &form).await.expect(303);
        let id = answer.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse::<Uuid>().unwrap();
        import::work_off(&house.app, house.zone, id).await.unwrap();
        let who = house.who("officer").await;
        let done = import::report(&house.app, &who, id, buting::text::Lang::Zh).await.unwrap();
        assert_eq!((counts(&done), done.skipped), ((2, 1, 0, 0), 1), "{:?}", done.errors);
        let one = found(&house, "北辰").await;
        assert_eq!((one.len(), &one[0]["headcount"]), (1, &json!(12)));
        assert_eq!(found(&house, "晨屿").await.len(), 2);

        // Nobody chose: it comes back, and is not entered twice.
        let sheet = "企业名称\n山东北辰机电设备股份有限公司\n";
        let back = take(&house, "officer", Kind::Enterprises, sheet, false).await;
        assert_eq!((counts(&back), back.doubtful), ((0, 0, 0, 1), 1));
        let choices = Choices { others: Some(Choice::New), ..Choices::default() };
        let all = Sheet { kind: Kind::Enterprises, bytes: sheet.into(), file_name: "x.csv", dry_run: false, choices };
        assert_eq!(counts(&import::run_with(&house.app, &who, all).await.unwrap()), (1, 0, 0, 0));
    }
}

#[tokio::test]
async fn an_officer_brings_contacts_only_within_his_reach() {
    for house in House::both().await {
        // `officer2` answers for no enterprise; `dispatcher` reaches all.
        let sheet = "企业名称,联系人,电话\n测试机电,赵敏,13900000033\n";
        let refused = take(&house, "officer2", Kind::Contacts, sheet, false).await;
        let reaches = desk::reaches(&house.app, &house.who("officer2").await, house.enterprise).await.unwrap();
        assert!(!reaches);
        assert_eq!(counts(&refused), (0, 0, 0, 1));
        assert!(refused.errors[0].message.contains("不是您包联的企业"), "{:?}", refused.errors);
        let beside = "企业名称,人数,联系人,电话\n测试机电设备有限公司,77,赵敏,13900000033\n";
        assert_eq!(counts(&take(&house, "officer2", Kind::Enterprises, beside, false).await), (0, 0, 0, 1));
        assert_eq!(counts(&take(&house, "dispatcher", Kind::Contacts, sheet, false).await), (1, 0, 0, 0));
    }
}

#[tokio::test]
async fn a_job_that_fails_again_and_again_leaves_a_reason() {
    for house in House::both().await {
        let who = house.who("officer").await;
        let sheet = Sheet {
            kind: Kind::Enterprises,
            bytes: "企业名称\n甲机械有限公司\n".into(),
            file_name: "名单.csv",
            dry_run: false,
            choices: Choices::default(),
        };
        let id = import::submit(&house.app, &who, sheet).await.unwrap();
        // A table that is away stands for anything that breaks.
        let rename = async |statement: &'static str| {
            let mut tx = house.app.db.write().await.unwrap();
            tx.run(statement).await.unwrap();
            tx.commit().await.unwrap();
        };
        rename("ALTER TABLE enterprise_short_name RENAME TO away").await;
        for _ in 0..4 {
            assert!(import::work_off(&house.app, house.zone, id).await.is_err());
        }
        import::work_off(&house.app, house.zone, id).await.unwrap();
        rename("ALTER TABLE away RENAME TO enterprise_short_name").await;
        let report = import::report(&house.app, &who, id, buting::text::Lang::Zh).await.unwrap();
        assert_eq!(report.state, State::Failed);
        assert!(report.failure.unwrap().contains("试了几次"));
    }
}

#[tokio::test]
async fn a_preview_is_taken_in_with_the_columns_that_it_showed() {
    for house in House::both().await {
        // Of another department, which has said nothing of such headings.
        let (maker, taker) = (house.who("officer2").await, house.who("dispatcher").await);
        let preview = take(&house, "officer2", Kind::Enterprises, "商户,人头\n瑞禾新源机械有限公司,12\n", true).await;
        assert_eq!(preview.state, State::Failed);
        let said = |field: &str| BTreeMap::from([("商户".to_owned(), Some(field.to_owned()))]);
        import::set_columns(&house.app, &maker, preview.id, said("name")).await.unwrap();
        import::work_off(&house.app, house.zone, preview.id).await.unwrap();
        // What the office says otherwise later is for later sheets.
        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!("UPDATE import_column SET field = 'address' WHERE zone_id = $1", house.zone)).await.unwrap();
        tx.commit().await.unwrap();
        let id = import::accept(&house.app, &taker, preview.id, Choices::default()).await.unwrap();
        import::work_off(&house.app, house.zone, id).await.unwrap();
        let done = import::report(&house.app, &taker, id, buting::text::Lang::Zh).await.unwrap();
        assert_eq!((done.state, counts(&done)), (State::Done, (1, 0, 0, 0)), "{:?}", done.failure);
        assert_eq!(found(&house, "瑞禾新源").await.len(), 1);

        // Who sets the columns of another's sheet right sees them so in its preview.
        let other = take(&house, "officer2", Kind::Enterprises, "店名,人头\n卓衡仪表有限公司,7\n", true).await;
        let said = BTreeMap::from([("店名".to_owned(), Some("name".to_owned()))]);
        import::set_columns(&house.app, &taker, other.id, said).await.unwrap();
        import::work_off(&house.app, house.zone, other.id).await.unwrap();
        let again = import::report(&house.app, &taker, other.id, buting::text::Lang::Zh).await.unwrap();
        assert_eq!((again.state, again.created), (State::Done, 1));
    }
}

#[tokio::test]
async fn a_code_that_is_taken_comes_back_and_the_other_rows_go_in() {
    for house in House::both().await {
        let first = "项目名称,项目代码,级别,阶段\n西岭一期项目,2020-370100-01-01-000001,市重点,开工\n\
            中岭项目,2020-370100-01-01-000003,市重点,开工\n";
        assert_eq!(counts(&take(&house, "dispatcher", Kind::Projects, first, false).await), (2, 0, 0, 0));
        // Two codes that others have, one of them written wide, and one that stands twice in the sheet.
        let sheet = "项目名称,项目代码,级别,阶段,在施内容\n东岭项目,２０２０-370100-01-01-000001,市重点,开工,\n\
            南岭项目,2020-370100-01-01-000002,市重点,开工,\n北岭项目,2020-370100-01-01-000002,市重点,开工,\n\
            西岭一期项目,,,,主体封顶\n测试产业园项目,2020-370100-01-01-000003,,,土方外运\n";
        for dry_run in [true, false] {
            let report = take(&house, "dispatcher", Kind::Projects, sheet, dry_run).await;
            assert_eq!(counts(&report), (1, 1, 0, 3), "{dry_run}: {:?}", report.errors);
            let wrong: Vec<_> = report.errors.iter().map(|one| (one.row, one.column.as_str())).collect();
            assert_eq!(wrong, [(2, "B"), (4, "B"), (6, "B")]);
        }
        let mut tx = house.app.read().await.unwrap();
        let works = sql!("SELECT name, works FROM project WHERE zone_id = $1 AND works IS NOT NULL", house.zone);
        let works: Vec<(String, String)> = tx.list(works).await.unwrap();
        assert_eq!(works, [("西岭一期项目".into(), "主体封顶".into())]);
    }
}

#[tokio::test]
async fn an_undo_is_all_or_nothing_and_the_ledger_names_who_took_it_back() {
    for house in House::both().await {
        carriers(&house).await;
        take(&house, "officer", Kind::Enterprises, "企业名称,所在园区\n甲机械有限公司,西岭产业园\n", false).await;
        later(&house, 1);
        let sheet = "企业名称,所在园区,人数\n甲机械有限公司,平川智造园,\n乙食品有限公司,,5\n测试机电设备有限公司,,77\n";
        let report = take(&house, "officer", Kind::Enterprises, sheet, false).await;
        assert_eq!(counts(&report), (1, 2, 0, 0), "{:?}", report.errors);
        later(&house, 2);
        let close = async |closed: bool| {
            let carriers = house.call("dispatcher", "GET", "/api/v1/carriers?q=%E8%A5%BF%E5%B2%AD", Json::Null).await;
            let closed_too = house.call("dispatcher", "GET", "/api/v1/carriers?closed=true", Json::Null).await;
            let one = |answer: crate::house::Answer| answer.json()["items"][0]["id"].as_str().map(str::to_owned);
            let id = one(carriers).or(one(closed_too)).unwrap();
            let change = json!({"closed": closed, "reason": "腾退"});
            house.call("dispatcher", "PATCH", &format!("/api/v1/carriers/{id}"), change).await.expect(200);
        };
        close(true).await;
        let stays = undo(&house, "dispatcher", report.id).await;
        assert_eq!((stays.state, stays.kept.len()), (State::Done, 1), "{:?}", stays.kept);
        assert!(stays.kept[0].contains("甲机械有限公司") && stays.kept[0].contains("载体"), "{:?}", stays.kept);
        assert!(stays.may_undo);
        let page = house.page("dispatcher", &format!("/imports/{}", report.id)).await.expect(200).text();
        assert!(page.contains("没有撤销，数据未作任何改动"), "{page}");
        assert_eq!(found(&house, "乙食品").await.len(), 1, "nothing at all was changed");
        assert_eq!(found(&house, "测试机电").await[0]["headcount"], 77);

        close(false).await;
        later(&house, 3);
        let undone = undo(&house, "dispatcher", report.id).await;
        assert_eq!((undone.state, undone.kept.len()), (State::Undone, 0), "{:?}", undone.kept);
        assert!(found(&house, "乙食品").await.is_empty());
        assert_eq!(found(&house, "甲机械").await[0]["carrier"], "西岭产业园");
        let mut tx = house.app.read().await.unwrap();
        let by = sql!(
            "SELECT DISTINCT actor_id FROM ledger WHERE zone_id = $1 AND (action IN ('import.undo', 'enterprise.undo')
               OR action = 'enterprise.change' AND note LIKE '撤销导入%')",
            house.zone
        );
        assert_eq!(tx.list::<(Option<Uuid>,)>(by).await.unwrap(), [(Some(house.person("dispatcher")),)]);
    }
}

#[tokio::test]
async fn what_an_import_that_broke_off_had_taken_in_can_be_taken_back() {
    for house in House::both().await {
        let report = take(&house, "officer", Kind::Enterprises, "企业名称\n甲机械有限公司\n", false).await;
        let mut tx = house.app.db.write().await.unwrap();
        let broke = "UPDATE import SET state = 'failed', failure = 'gave_up', total = 2 WHERE zone_id = $1 AND id = $2";
        tx.run(sql!(broke, house.zone, report.id)).await.unwrap();
        tx.commit().await.unwrap();
        let page = house.page("officer", &format!("/imports/{}", report.id)).await.expect(200).text();
        assert!(page.contains(&format!("/imports/{}/undo", report.id)), "{page}");
        later(&house, 1);
        let undone = undo(&house, "officer", report.id).await;
        assert_eq!((undone.state, undone.failure, undone.may_undo), (State::Undone, None, false));
        assert!(found(&house, "甲机械").await.is_empty());
        // One that took nothing in has nothing to take back.
        let failed = take(&house, "officer", Kind::Enterprises, "看不懂的表\n1\n", false).await;
        assert_eq!((failed.state, failed.may_undo), (State::Failed, false));
    }
}

#[tokio::test]
async fn what_quotes_a_sheet_goes_with_it_at_night() {
    for house in House::both().await {
        let night = buting::worker::kinds().into_iter().find(|kind| kind.name == "registry.forget_files").unwrap();
        let left = async |id: Uuid| {
            let mut tx = house.app.read().await.unwrap();
            let query = sql!(
                "SELECT sheets IS NOT NULL OR notices IS NOT NULL OR said IS NOT NULL, kept IS NOT NULL FROM import
                 WHERE zone_id = $1 AND id = $2",
                house.zone,
                id
            );
            tx.one::<(bool, bool)>(query).await.unwrap()
        };
        take(&house, "officer", Kind::Enterprises, "企业名称,人数\n甲机械有限公司,10\n", false).await;
        later(&house, 1);
        let report = take(&house, "officer", Kind::Enterprises, "企业名称,人数\n甲机械有限公司,20\n", false).await;
        later(&house, 2);
        let path = format!("{ENTERPRISES}/{}", found(&house, "甲机械").await[0]["id"].as_str().unwrap());
        house.call("dispatcher", "PATCH", &path, json!({"headcount": 33})).await.expect(200);
        let day = DAY_MS / 60_000;
        later(&house, day);
        assert_eq!(undo(&house, "officer", report.id).await.kept.len(), 1);
        later(&house, day + 5);
        (night.task)(house.app.clone(), house.zone, Json::Null).await.unwrap();
        assert_eq!(left(report.id).await, (false, true), "the sheet is a day old, the undo is not");
        later(&house, 2 * day + 5);
        (night.task)(house.app.clone(), house.zone, Json::Null).await.unwrap();
        assert_eq!(left(report.id).await, (false, false));
        let who = house.who("officer").await;
        let told = import::report(&house.app, &who, report.id, buting::text::Lang::Zh).await.unwrap();
        assert_eq!((told.created, told.updated, told.kept.len()), (0, 1, 0), "the numbers stay");
    }
}

// ---- the sheets of the demo ------------------------------------------------------

fn code(n: usize) -> String {
    identifiers::Uscc::complete(&format!("91370199MB{n:07}")).unwrap().to_string()
}

fn rows(sheet: &mut Worksheet, from: u32, rows: &[&[&str]]) {
    for (row, cells) in (from..).zip(rows) {
        for (column, cell) in (0..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
}

fn merge(sheet: &mut Worksheet, (top, left, bottom, right): (u32, u16, u32, u16), text: &str) {
    sheet.merge_range(top, left, bottom, right, text, &Format::new()).unwrap();
}

/// A title and a head of two rows, both merged; captions between the rows; a carrier
/// merged over its firms; sums and who filled it in below.
fn merged() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("企业台账").unwrap();
    merge(sheet, (0, 0, 0, 6), "大学城重点企业台账");
    merge(sheet, (1, 0, 1, 6), "（截至2026年11月）");
    for (column, title) in [(0, "序号"), (1, "企业名称"), (2, "统一社会信用代码"), (3, "所在园区"), (4, "人数")]
    {
        merge(sheet, (2, column, 3, column), title);
    }
    merge(sheet, (2, 5, 2, 6), "企业联系人");
    rows(sheet, 3, &[&["", "", "", "", "", "姓名", "电话"]]);
    merge(sheet, (4, 0, 4, 6), "一、西岭产业园");
    let firms: [&[&str]; 2] = [
        &["1", "瑞禾合页机械有限公司", &code(1), "", "202", "林女士", "13900000101"],
        &["2", "卓衡合页仪表有限公司", &code(2), "", "48", "", ""],
    ];
    rows(sheet, 5, &firms);
    merge(sheet, (5, 3, 6, 3), "西岭产业园");
    merge(sheet, (7, 0, 7, 6), "二、平川智造园");
    rows(
        sheet,
        8,
        &[
            &["3", "晨屿合页食品有限公司", &code(3), "平川智造园", "60", "", ""],
            &["合计", "", "", "", "310", "", ""],
            &["填表人：企业服务部", "", "", "", "", "", ""],
        ],
    );
    book.save_to_buffer().unwrap()
}

/// A sheet for each carrier, one that is hidden, one of explanations; hidden rows.
fn several() -> Vec<u8> {
    let mut book = Workbook::new();
    let head: &[&str] = &["企业名称", "所属园区", "从业人员", "是否重点监测"];
    let first = book.add_worksheet().set_name("西岭产业园").unwrap();
    rows(
        first,
        0,
        &[
            head,
            &["明砺多表铸造有限公司", "西岭产业园", "252", "是"],
            &["已迁出多表有限公司", "西岭产业园", "9", "否"],
            &["云岱多表供应链有限公司", "西岭产业园", "146", "否"],
        ],
    );
    first.set_row_hidden(2).unwrap();
    let second = book.add_worksheet().set_name("平川智造园").unwrap();
    rows(
        second,
        0,
        &[head, &["海岫多表包装有限公司", "平川智造", "29", "√"], head, &["东岳多表软件有限公司", "", "31", ""]],
    );
    let explained = book.add_worksheet().set_name("填表说明").unwrap();
    rows(explained, 0, &[&["填表说明"], &["一、本表由各园区填报"]]);
    let draft = book.add_worksheet().set_name("底稿").unwrap();
    rows(draft, 0, &[head, &["不该导入有限公司", "西岭产业园", "1", ""]]);
    draft.set_hidden(true);
    book.save_to_buffer().unwrap()
}

/// Days as dates of the spreadsheet, as bare numbers, and as texts of every kind.
fn days() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("核实情况").unwrap();
    rows(
        sheet,
        0,
        &[
            &["企业名称", "核实日期", "职工人数"],
            &["甲申日期机械有限公司", "", "10"],
            &["乙酉日期食品有限公司", "", "11"],
            &["丙戌日期软件有限公司", "2026年11月3日", "12"],
            &["丁亥日期包装有限公司", "2026.11.3", "13"],
            &["戊子日期物流有限公司", "20261103", "14"],
            &["己丑日期检测有限公司", "上周三", "15"],
        ],
    );
    let format = Format::new().set_num_format("yyyy/m/d");
    sheet.write_number_with_format(1, 1, 46_329, &format).unwrap();
    sheet.write_number(2, 1, 46_329).unwrap();
    book.save_to_buffer().unwrap()
}

fn plain(name: &str, cells: &[&[&str]]) -> Vec<u8> {
    let mut book = Workbook::new();
    rows(book.add_worksheet().set_name(name).unwrap(), 0, cells);
    book.save_to_buffer().unwrap()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

/// Every sheet of `demo/import` that is made here. Firms and people are invented.
fn sheets() -> Vec<(&'static str, Vec<u8>)> {
    let wide: String = code(11).chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let (known, wrong) = (code(21), code(22));
    // One letter of the code is written as the digit that it looks like.
    let misread = format!("{}O{}", &code(23)[..9], &code(23)[10..]);
    vec![
        ("企业台账-合并单元格.xlsx", merged()),
        ("企业台账-多表隐藏.xlsx", several()),
        ("企业核实-日期.xlsx", days()),
        (
            "企业名单-全角数字.csv",
            format!(
                "\u{feff}企业名称,信用代码,职工人数,旧注册号\r\n全角机械有限公司,{wide},１２０,\r\n\
                 全角食品有限公司,,\"1,200人\",３７０１００２０００１２３４５\r\n全角软件有限公司,,一百多人,\r\n"
            )
            .into_bytes(),
        ),
        (
            "企业名单-分号GBK.csv",
            gbk("企业名称;所属载体;联系人;联系方式;备注\r\n分号物流有限公司;西岭产业园;王经理;0531-88880123;\"门口左转\r\n二号楼\"\r\n\
                 分号检测有限公司;西岭产业园;;13900000102;有电话没有人\r\n"),
        ),
        ("企业名单-制表符.txt", gbk("单位名称\t社会信用代码\t经营状态\r\n制表新材料有限公司\t\t在区\r\n制表生物有限公司\t\t歇业\r\n")),
        (
            "企业名单-重复.csv",
            format!(
                "企业名称,简称,统一社会信用代码,所在园区\n首见重复机电有限公司,首见,{known},西岭产业园\n\
                 首见重复机电有限责任公司,,{known},\n另名重复食品有限公司,,{known},\n山东首见重复机电有限公司,,,西岭产业园\n\
                 误码重复软件有限公司,,{misread},\n邻近重复包装有限公司,,{wrong},西岭园\n"
            )
            .into_bytes(),
        ),
        ("商户登记-表头不同.csv", "商户,人头,法人\n表头百货有限公司,12,李某\n".into()),
        (
            "载体名单.xlsx",
            plain("载体", &[&["载体名称", "简称", "类别"], &["示范加速器", "示范", "加速器"], &["空中楼阁", "", "城堡"]]),
        ),
        (
            "部门名单.csv",
            gbk("单位名称,简称,性质,办公电话\n政务服务中心,政务中心,管委会部门,0531-88880200\n供电公司,供电,水电气热企业,0531-88880201\n"),
        ),
        (
            "人员名单.xlsx",
            plain(
                "人员",
                &[
                    &["序号", "姓名", "所在部门", "职务", "手机号码"],
                    &["1", "方知远", "政务服务中心", "科长", "13900000201"],
                    &["2", "柳听泉", "政务中心", "科员", "１３９０００００２０２"],
                    &["3", "许未央", "政务服务", "科员", "13900000203"],
                ],
            ),
        ),
        (
            "联系人.csv",
            "单位名称,姓名,职务,联系方式\n瑞禾合页机械有限公司,周先生,厂长,13900000103\n卓衡合页仪表,吴经理,,0531-88880124\n\
             查无此厂,郑某,,13900000104\n"
                .into(),
        ),
        (
            "重点项目.xlsx",
            plain(
                "项目",
                &[
                    &["项目名称", "级别", "阶段", "建设单位", "所在园区", "在施内容"],
                    &["合页二期厂房项目", "市重点", "主体施工", "瑞禾合页机械有限公司", "西岭产业园", "土方外运"],
                    &["无名项目", "特级", "开工", "", "", ""],
                ],
            ),
        ),
        (
            "包联分工-多类对象.csv",
            "包联对象,包联领导,牵头部门,服务专员\n瑞禾合页机械有限公司,方知远,政务服务中心,柳听泉\n西岭产业园,方知远,,\n\
             合页二期厂房项目,,政务中心,\n查无此人的厂,路人甲,,\n卓衡合页仪表有限公司,路人甲,,\n"
                .into(),
        ),
    ]
}

fn demo(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/import").join(name)
}

/// Writes the sheets anew. Run: `cargo nextest run -p buting --run-ignored all write_the_sheets`.
#[test]
#[ignore = "writes demo/import"]
fn write_the_sheets() {
    for (name, bytes) in sheets() {
        std::fs::write(demo(name), bytes).unwrap();
    }
}

/// The table of the book: file, kind, new, changed, returned, and what is passed over.
fn book() -> Vec<Vec<String>> {
    let text = include_str!("../../../../docs/src/office/import.md");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    text.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

#[tokio::test]
async fn the_sheets_of_the_demo_become_what_the_book_says() {
    for (name, bytes) in sheets() {
        let there = std::fs::read(demo(name)).unwrap_or_else(|e| panic!("{name}: {e}; see write_the_sheets"));
        let read = |bytes: &[u8]| paper::read(bytes, paper::Limits::default()).unwrap();
        assert_eq!(read(&there), read(&bytes), "{name} is no longer what is made here; see write_the_sheets");
    }
    let book = book();
    let mut files: Vec<String> = std::fs::read_dir(demo(""))
        .unwrap()
        .map(|file| format!("`{}`", file.unwrap().file_name().to_string_lossy()))
        .collect();
    let mut told: Vec<String> = book.iter().map(|row| row[0].clone()).collect();
    files.sort();
    told.sort();
    assert_eq!(files, told, "each sheet of demo/import has its row in docs/src/office/import.md");
    for house in House::both().await {
        carriers(&house).await;
        let who = house.who("dispatcher").await;
        for row in &book {
            let name = row[0].trim_matches('`');
            let kind = Kind::parse(&row[1]).unwrap_or_else(|| panic!("{name}: {}", row[1]));
            let bytes = std::fs::read(demo(name)).unwrap();
            let report = import::run(&house.app, &who, kind, bytes, name, false).await.unwrap();
            let done = [report.created, report.updated, report.rejected].map(|n| n.to_string());
            let passed = report.notices.len().to_string();
            let failed = if report.state == State::Failed { "—".to_owned() } else { passed };
            assert_eq!(
                [&done[0], &done[1], &done[2], &failed],
                [&row[2], &row[3], &row[4], &row[5]],
                "{name}: {:?} {:?}",
                report.errors,
                report.notices
            );
        }
        // What the cells became.
        let one = &found(&house, "瑞禾合页").await[0];
        assert_eq!((&one["headcount"], &one["carrier"]), (&json!(202), &json!("西岭产业园")));
        for name in ["甲申日期", "乙酉日期", "丙戌日期", "丁亥日期", "戊子日期"] {
            assert_eq!(found(&house, name).await[0]["confirmed_at"], "2026-11-02T16:00:00.000Z", "{name}");
        }
        let wide = &found(&house, "全角食品").await[0];
        assert_eq!((&wide["headcount"], &wide["legacy_reg_no"]), (&json!(1200), &json!("370100200012345")));
        assert_eq!(found(&house, "全角机械").await[0]["uscc"], code(11));
        assert!(found(&house, "不该导入").await.is_empty() && found(&house, "已迁出多表").await.is_empty());
    }
}

/// 100,000 rows. Run: `cargo nextest run --release -p buting --run-ignored all hundred_thousand`.
#[tokio::test]
#[ignore = "a measurement"]
async fn hundred_thousand_rows() {
    for house in House::both().await {
        let mut text = String::from("企业名称,简称,职工人数,是否重点,地址\n");
        for n in 0..100_000 {
            text.push_str(&format!("第{n}号机械制造有限公司,号{n},{},否,西岭路 {n} 号\n", n % 900));
        }
        let begun = std::time::Instant::now();
        let report = take(&house, "officer", Kind::Enterprises, text, false).await;
        println!("{:?}: 100,000 enterprises in {:?}", house.app.db.dialect(), begun.elapsed());
        assert_eq!(counts(&report), (100_000, 0, 0, 0), "{:?}", report.errors.first());
        let begun = std::time::Instant::now();
        assert_eq!(undo(&house, "officer", report.id).await.state, State::Undone);
        println!("{:?}: taken back in {:?}", house.app.db.dialect(), begun.elapsed());
    }
}
