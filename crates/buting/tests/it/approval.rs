//! 不见面审批: matters, applications, contacts and the licence on its way, with the clock
//! moved. The tests are named after the rules of the law that they hold.

use crate::cases::{at, code, done, due, told, wrong};
use crate::house::House;
use buting::approval::courier::{self, DeliveryAct, NewDelivery};
use buting::approval::matter::{self, MatterAct, NewMatter};
use buting::approval::{Act, Full, NewApplication, State, desk, rate};
use buting::clock::ClockKind;
use buting::error::{Error, Result};
use buting::time::Day;
use serde_json::{Value as Json, json};
use uuid::Uuid;

fn content() -> Json {
    json!({
        "basis": "《食品安全法》第三十五条", "conditions": "有与经营规模相适应的场所",
        "statutory_days": 20, "promised_days": 5, "channels": ["web", "post"],
        "materials": [
            {"name": "申请书", "source": "own", "need": "required"},
            {"name": "检测报告", "source": "intermediary", "need": "tolerable", "days": 10},
        ],
        "questions": [
            {"key": "name", "label": "企业名称", "asks": "text", "required": true, "known": "name"},
            {"key": "area", "label": "经营面积", "asks": "number", "required": true},
            {"key": "way", "label": "经营方式", "asks": "choice", "options": ["自营", "委托"]},
        ],
    })
}

fn a_matter(house: &House) -> Json {
    json!({
        "code": "XK-001", "title": "食品经营许可", "kind": "licence", "level": "full", "green": true,
        "department_id": house.other_department, "owner_id": house.person("specialist"),
        "deputy_id": house.person("officer2"), "content": content(),
    })
}

async fn make(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewMatter = serde_json::from_value(new).expect("a matter");
    matter::desk::make(&house.app, &house.who(who).await, new).await
}

async fn apply(house: &House, who: &str, matter: Uuid, more: Json) -> Result<Uuid> {
    let mut new = json!({"matter_id": matter, "answers": {"area": "120"}, "papers": [0, 1]});
    for (key, value) in more.as_object().expect("fields") {
        new[key] = value.clone();
    }
    let new: NewApplication = serde_json::from_value(new).expect("an application");
    desk::apply(&house.app, &house.who(who).await, new).await
}

async fn act(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: Act = serde_json::from_value(act).expect("an act");
    desk::act(&house.app, &house.who(who).await, id, act, None).await
}

async fn full(house: &House, who: &str, id: Uuid) -> Full {
    desk::full(&house.app, &house.who(who).await, id).await.unwrap()
}

async fn send(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: DeliveryAct = serde_json::from_value(act).expect("an act");
    courier::desk::act(&house.app, &house.who(who).await, id, act).await
}

async fn address(house: &House, who: &str, application: Uuid) -> Result<Uuid> {
    let new = NewDelivery {
        id: None,
        application_id: application,
        recipient: "王某".into(),
        phone: "13900000001".into(),
        address: "测试路 1 号".into(),
        consent: true,
    };
    courier::desk::address(&house.app, &house.who(who).await, new).await
}

async fn notices(house: &House, who: &str, kind: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let query = store::sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = $2", house.person(who), kind);
    tx.value(query).await.unwrap()
}

async fn waits(house: &House, who: &str) -> Vec<&'static str> {
    let all = desk::to_do(&house.app, &house.who(who).await).await.unwrap();
    all.into_iter().map(|item| item.action).collect()
}

#[tokio::test]
async fn an_application_goes_from_the_form_to_the_licence_without_a_meeting() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        // What the register knows is not asked; what is missing is told at once.
        assert_eq!(
            wrong(
                apply(&house, "enterprise", matter, json!({"answers": {"way": "租赁", "else": "x"}, "papers": []}))
                    .await
            ),
            [
                ("answers/else".to_owned(), "unknown"),
                ("answers/area".to_owned(), "required"),
                ("answers/way".to_owned(), "unreadable"),
                ("papers".to_owned(), "papers_missing"),
                ("promise".to_owned(), "tolerate_promise"),
            ]
        );
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        let shown = full(&house, "enterprise", id).await;
        assert_eq!(shown.application.state, State::Submitted);
        assert!(shown.application.number.starts_with("BJ-20261124-"));
        let known = shown.application.known();
        assert_eq!((known.len(), known[0].value.as_str()), (1, "测试机电设备有限公司"));
        assert_eq!(due(&house, id, ClockKind::Accept).await.as_deref(), Some("12-01 17:30"), "five working days");
        assert_eq!(
            (notices(&house, "specialist", "application.submitted").await, waits(&house, "specialist").await),
            (1, vec!["todo-application-answer"])
        );
        assert!(matches!(act(&house, "enterprise", id, json!({"action": "accept"})).await, Err(Error::Forbidden)));
        assert!(
            matches!(act(&house, "officer2", id, json!({"action": "accept"})).await, Err(Error::Forbidden)),
            "the deputy only stands in"
        );

        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
        done(act(&house, "specialist", id, json!({"action": "review"})).await);
        assert_eq!(due(&house, id, ClockKind::Promised).await.as_deref(), Some("12-01 17:30"));
        assert_eq!(due(&house, id, ClockKind::Statutory).await.as_deref(), Some("12-22 17:30"));
        done(act(&house, "enterprise", id, json!({"action": "message", "text": "请问何时办好"})).await);
        assert_eq!(notices(&house, "specialist", "application.message").await, 1);
        house.clock.set(at(25, 10));
        done(act(&house, "specialist", id, json!({"action": "grant"})).await);
        assert_eq!(due(&house, id, ClockKind::Deliver).await.as_deref(), Some("12-09 17:30"), "ten working days");

        let parcel = address(&house, "enterprise", id).await.unwrap();
        assert_eq!(code(address(&house, "enterprise", id).await), "delivery_state", "one at a time");
        let dispatch =
            |no: &str| json!({"action": "dispatch", "carrier": "EMS", "parcel_no": no, "licences": "食品经营许可证"});
        assert!(matches!(send(&house, "enterprise", parcel, dispatch("EA473124829CN")).await, Err(Error::Forbidden)));
        for (no, wrong_code) in [("EA473124828CN", "parcel_check_digit"), ("12", "parcel_number")] {
            assert_eq!(
                wrong(send(&house, "specialist", parcel, dispatch(no)).await),
                [("parcel_no".to_owned(), wrong_code)]
            );
        }
        done(send(&house, "specialist", parcel, dispatch("ea473124829cn")).await);
        assert_eq!(notices(&house, "enterprise", "application.sent").await, 1);
        house.clock.set(at(26, 15));
        done(send(&house, "specialist", parcel, json!({"action": "arrive", "proof": "本人签收"})).await);
        let over = full(&house, "enterprise", id).await;
        assert_eq!((over.application.state, over.trips), (State::Delivered, 0));
        assert_eq!(over.deliveries[0].parcel_no.as_deref(), Some("EA473124829CN"));
        assert_eq!(over.deliveries[0].days(), Some(2));
        assert!(over.touches.iter().all(|touch| !touch.face), "nobody had to meet");
        let hidden = full(&house, "leader", id).await;
        assert!(hidden.deliveries[0].address.is_empty(), "where it goes is for those who send it");
    }
}

#[tokio::test]
async fn rule_2_what_nobody_answers_in_five_working_days_stands_accepted_by_itself() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        let deem = || async { desk::deem(&house.app, house.zone).await.unwrap() };
        house.clock.set(at(31, 17));
        assert_eq!(deem().await, 0, "the fifth working day is not over");
        house.clock.set(at(32, 9));
        for late in ["accept", "ask_correction"] {
            let late = json!({"action": late, "text": "缺"});
            let late = if late["action"] == "accept" { json!({"action": "accept"}) } else { late };
            assert_eq!(code(act(&house, "specialist", id, late).await), "application_deemed");
        }
        assert_eq!((deem().await, deem().await), (1, 0));
        let shown = full(&house, "enterprise", id).await;
        assert_eq!(shown.application.state, State::DeemedAccepted);
        assert_eq!(told(shown.application.accepted_at), "11-24 10:00", "from the day on which the papers came in");
        assert_eq!(due(&house, id, ClockKind::Statutory).await.as_deref(), Some("12-22 17:30"));
        assert_eq!(notices(&house, "enterprise", "application.deemed").await, 1);
        let rows =
            store::sql!("SELECT count(*) FROM ledger WHERE action = 'application.deem' AND zone_id = $1", house.zone);
        assert_eq!(house.app.read().await.unwrap().value::<i64>(rows).await.unwrap(), 1, "the ledger says so");
        done(act(&house, "specialist", id, json!({"action": "grant"})).await);
    }
}

#[tokio::test]
async fn rule_2_a_correction_is_asked_for_once_and_stops_the_clock() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        assert_eq!(
            wrong(act(&house, "specialist", id, json!({"action": "ask_correction", "text": " "})).await),
            [("text".to_owned(), "required")]
        );
        done(act(&house, "specialist", id, json!({"action": "ask_correction", "text": "面积与图纸不符"})).await);
        assert_eq!(due(&house, id, ClockKind::Accept).await.as_deref(), Some("standing still"));
        assert_eq!(waits(&house, "enterprise").await, ["todo-application-correct"]);
        house.clock.set(at(40, 9));
        assert_eq!(desk::deem(&house.app, house.zone).await.unwrap(), 0, "the applicant is waited for");
        let again = json!({"action": "resubmit", "answers": {"area": "118"}, "papers": [0, 1]});
        done(act(&house, "enterprise", id, again).await);
        assert_eq!(full(&house, "specialist", id).await.application.answers()["area"], "118");
        let second = json!({"action": "ask_correction", "text": "还缺"});
        assert_eq!(code(act(&house, "specialist", id, second).await), "application_corrected");
        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
    }
}

#[tokio::test]
async fn rule_3_special_procedures_do_not_count_and_the_head_extends_once() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
        done(act(&house, "specialist", id, json!({"action": "review"})).await);
        done(
            act(&house, "specialist", id, json!({"action": "special", "procedure": "hearing", "expected_days": 10}))
                .await,
        );
        for kind in [ClockKind::Promised, ClockKind::Statutory] {
            assert_eq!(due(&house, id, kind).await.as_deref(), Some("standing still"));
        }
        assert_eq!(notices(&house, "enterprise", "application.special").await, 1, "told in writing");
        assert!(full(&house, "enterprise", id).await.events.iter().any(|event| event.text.contains("10")));
        house.clock.set(at(38, 10));
        done(act(&house, "specialist", id, json!({"action": "resume", "result": "听证完毕"})).await);
        let extend = |days: i64| json!({"action": "extend", "days": days, "reason": "需外省核查"});
        assert!(matches!(act(&house, "specialist", id, extend(5)).await, Err(Error::Forbidden)));
        assert_eq!(wrong(act(&house, "leader", id, extend(11)).await), [("days".to_owned(), "range")]);
        let before = due(&house, id, ClockKind::Statutory).await;
        done(act(&house, "leader", id, extend(5)).await);
        assert_ne!(due(&house, id, ClockKind::Statutory).await, before);
        assert_eq!(code(act(&house, "leader", id, extend(5)).await), "application_extended");
        assert_eq!(notices(&house, "enterprise", "application.extended").await, 1);
    }
}

#[tokio::test]
async fn rule_5_a_refusal_gives_reasons_and_remedies() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
        let refuse = |reason: &str, remedies: &str| json!({"action": "refuse", "reason": reason, "remedies": remedies});
        assert_eq!(
            wrong(act(&house, "specialist", id, refuse("", "")).await),
            [("reason".to_owned(), "required"), ("remedies".to_owned(), "required")]
        );
        done(act(&house, "specialist", id, refuse("场所不符合要求", "六十日内可申请行政复议")).await);
        let shown = full(&house, "enterprise", id).await;
        assert_eq!(shown.application.remedies.as_deref(), Some("六十日内可申请行政复议"));
        let other = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        assert_eq!(
            wrong(
                act(
                    &house,
                    "specialist",
                    other,
                    json!({"action": "not_accept", "reason": "不归本区管", "right_channel": ""})
                )
                .await
            ),
            [("right_channel".to_owned(), "required")]
        );
    }
}

#[tokio::test]
async fn rule_23_what_may_come_later_is_owed_until_it_is_there() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({"papers": [0], "promise": true})).await.unwrap();
        assert_eq!(full(&house, "enterprise", id).await.application.debts(), ["检测报告"]);
        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
        assert_eq!(due(&house, id, ClockKind::Debt).await.as_deref(), Some("12-08 17:30"));
        assert_eq!(code(act(&house, "specialist", id, json!({"action": "grant"})).await), "application_debts");
        done(act(&house, "specialist", id, json!({"action": "settle", "material": "检测报告"})).await);
        done(act(&house, "specialist", id, json!({"action": "grant", "conditions": "三个月内复查"})).await);
        assert_eq!(full(&house, "enterprise", id).await.application.state, State::GrantedConditional);
    }
}

#[tokio::test]
async fn a_running_case_keeps_its_edition_and_the_deputy_stands_in() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        assert_eq!(wrong(make(&house, "dispatcher", a_matter(&house)).await), [("code".to_owned(), "taken")]);
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        let mut new = a_matter(&house);
        new["content"]["promised_days"] = json!(3);
        new["content"]["questions"] = json!([]);
        let revise = MatterAct::Revise { matter: Box::new(serde_json::from_value(new.clone()).unwrap()) };
        done(matter::desk::act(&house.app, &house.who("dispatcher").await, matter, revise).await);
        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
        let shown = full(&house, "enterprise", id).await;
        assert_eq!((shown.application.edition, shown.matter.questions.len()), (1, 3));
        assert_eq!(due(&house, id, ClockKind::Promised).await.as_deref(), Some("12-01 17:30"), "as it was promised");

        new["content"]["promised_days"] = json!(21);
        new["deputy_id"] = new["owner_id"].clone();
        let bad = MatterAct::Revise { matter: Box::new(serde_json::from_value(new).unwrap()) };
        assert_eq!(
            wrong(matter::desk::act(&house.app, &house.who("dispatcher").await, matter, bad).await),
            [("promised_days".to_owned(), "promised_longer"), ("deputy_id".to_owned(), "deputy_same")]
        );

        let away = MatterAct::Away { until: Day::read("2026-11-27") };
        let officer = house.who("officer").await;
        assert!(matches!(matter::desk::act(&house.app, &officer, matter, away.clone()).await, Err(Error::Forbidden)));
        done(matter::desk::act(&house.app, &house.who("specialist").await, matter, away).await);
        assert_eq!(waits(&house, "officer2").await, ["todo-application-decide"]);
        assert!(waits(&house, "specialist").await.is_empty());
        let own = house.page("enterprise", &format!("/applications/{id}")).await.expect(200).text();
        assert!(own.contains("officer2某"), "the applicant sees who acts");
        done(act(&house, "officer2", id, json!({"action": "review"})).await);
        house.clock.set(at(28, 9));
        assert!(matches!(act(&house, "officer2", id, json!({"action": "grant"})).await, Err(Error::Forbidden)));
    }
}

#[tokio::test]
async fn who_must_not_know_of_a_case_does_not() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({"draft": true, "papers": []})).await.unwrap();
        let path = format!("/api/v1/applications/{id}");
        for who in ["enterprise2", "specialist", "dispatcher", "leader@zone2"] {
            house.call(who, "GET", &path, Json::Null).await.expect(404);
        }
        let submit = json!({"action": "submit", "answers": {"area": "10"}, "papers": [0, 1]});
        house.call("enterprise2", "POST", &format!("{path}/actions"), submit.clone()).await.expect(404);
        house.call("enterprise", "POST", &format!("{path}/actions"), submit).await.expect(200);
        for (who, status) in [
            ("enterprise", 200),
            ("specialist", 200),
            ("dispatcher", 200),
            ("officer2", 200),
            ("enterprise2", 404),
            ("agency", 403),
        ] {
            house.call(who, "GET", &path, Json::Null).await.expect(status);
        }
        house.page("leader@zone2", &format!("/matters/{matter}")).await.expect(404);
        // The same key again is the same application; a stale form is refused.
        let key = Uuid::now_v7();
        for status in [201, 200] {
            let new = json!({"id": key, "matter_id": matter, "answers": {"area": "1"}, "papers": [0, 1]});
            house.call("enterprise", "POST", "/api/v1/applications", new).await.expect(status);
        }
        let stale = [("if-match", "\"1\"")];
        let accept = json!({"action": "accept"});
        house.call_with("specialist", "POST", &format!("{path}/actions"), accept, &stale).await.expect(412);
    }
}

#[tokio::test]
async fn the_office_fills_in_for_an_enterprise_and_contacts_are_counted() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        assert_eq!(
            wrong(apply(&house, "officer", matter, json!({"enterprise_id": house.enterprise})).await),
            [("channel".to_owned(), "required")]
        );
        let mut decided = Vec::new();
        for channel in ["phone", "window"] {
            let new = json!({"enterprise_id": house.enterprise, "channel": channel});
            let id = apply(&house, "officer", matter, new).await.unwrap();
            done(act(&house, "specialist", id, json!({"action": "accept"})).await);
            done(act(&house, "specialist", id, json!({"action": "grant"})).await);
            decided.push(id);
        }
        let site =
            |met: bool| json!({"action": "touch", "channel": "site", "met": met, "minutes": 40, "note": "看现场"});
        done(act(&house, "specialist", decided[0], site(false)).await);
        let rates = || async { rate::desk::rates(&house.app, &house.who("leader").await, None, None).await.unwrap() };
        let now = rates().await;
        assert_eq!((now.by_case.numerator, now.by_case.denominator), (1, 2));
        assert_eq!((now.by_matter.numerator, now.by_matter.denominator, now.trips), (0, 1, 1));
        done(act(&house, "specialist", decided[0], site(true)).await);
        assert_eq!(rates().await.by_case.numerator, 0, "who was met on site was met");
        let page = house.page("leader", "/applications/rate?face=met").await.expect(200).text();
        assert!(page.contains(&format!("/applications/{}", decided[1])));
        let listed = house.call("leader", "GET", "/api/v1/applications?face=true", Json::Null).await.expect(200).json();
        assert_eq!(listed["total"], 2);
    }
}

#[tokio::test]
async fn a_parcel_that_comes_back_is_sent_again() {
    for house in House::both().await {
        let matter = make(&house, "dispatcher", a_matter(&house)).await.unwrap();
        let id = apply(&house, "enterprise", matter, json!({})).await.unwrap();
        let first = address(&house, "enterprise", id).await.unwrap();
        let dispatch =
            json!({"action": "dispatch", "carrier": "EMS", "parcel_no": "1234567890123", "licences": "许可证"});
        assert_eq!(
            code(send(&house, "dispatcher", first, dispatch.clone()).await),
            "delivery_state",
            "not decided yet"
        );
        done(act(&house, "specialist", id, json!({"action": "accept"})).await);
        done(act(&house, "specialist", id, json!({"action": "grant"})).await);
        let sheet = house.page("dispatcher", "/deliveries/sheet").await.expect(200).text();
        assert!(sheet.contains("测试路 1 号"));
        done(send(&house, "dispatcher", first, dispatch.clone()).await);
        done(send(&house, "dispatcher", first, json!({"action": "returned", "proof": "无人接收"})).await);
        assert_eq!(full(&house, "enterprise", id).await.application.state, State::Granted);
        assert_eq!(notices(&house, "enterprise", "application.not_arrived").await, 1);
        let second = address(&house, "enterprise", id).await.unwrap();
        done(send(&house, "dispatcher", second, dispatch).await);
        done(send(&house, "dispatcher", second, json!({"action": "arrive", "proof": "前台签收"})).await);
        assert_eq!(full(&house, "enterprise", id).await.application.state, State::Delivered);
        let all = house.call("enterprise", "GET", "/api/v1/deliveries", Json::Null).await.expect(200).json();
        assert_eq!((all["total"].as_i64(), all["items"][0]["address"].as_str()), (Some(2), Some("测试路 1 号")));
        let none = house.call("enterprise2", "GET", "/api/v1/deliveries", Json::Null).await.expect(200).json();
        assert_eq!(none["total"], 0);
    }
}

#[tokio::test]
async fn pages_of_matters_and_applications_open_and_take_forms() {
    for house in House::both().await {
        let (department, owner, deputy) = (
            house.other_department.to_string(),
            house.person("specialist").to_string(),
            house.person("officer2").to_string(),
        );
        let fields = [
            ("code", "XK-009"),
            ("title", "户外广告设置"),
            ("kind", "licence"),
            ("level", "full"),
            ("department_id", &department),
            ("owner_id", &owner),
            ("deputy_id", &deputy),
            ("statutory_days", "20"),
            ("promised_days", "3"),
            ("channels", "web"),
            ("conditions", "位置合规"),
            ("basis", "《城市市容和环境卫生管理条例》第十一条"),
            ("material", "效果图"),
            ("material_need", "required"),
            ("material_source", "own"),
            ("material_days", ""),
            ("question", "设置位置"),
            ("question_key", ""),
            ("question_asks", "text"),
            ("question_must", "yes"),
            ("question_options", ""),
            ("question_known", ""),
        ];
        let to = house.post("dispatcher", "/matters/new", &fields).await.expect(303);
        let matter = to.headers["location"].to_str().unwrap().to_owned();
        let id = matter.rsplit('/').next().unwrap().to_owned();
        for (who, path) in [
            ("dispatcher", "/matters"),
            ("dispatcher", &format!("{matter}/edit")),
            ("enterprise", "/matters"),
            ("enterprise", matter.as_str()),
            ("enterprise", &format!("/applications/new?matter={id}")),
            ("officer", &format!("/applications/new?matter={id}")),
            ("leader", "/applications"),
            ("leader", "/applications/export?format=csv"),
            ("leader", "/applications/rate"),
            ("leader", "/deliveries"),
        ] {
            house.page(who, path).await.expect(200);
        }
        let typed = [("matter_id", id.as_str()), ("answers/q1", "东门 3 号"), ("as", "")];
        let refused = house.post("enterprise", "/applications/new", &typed).await.expect(422).text();
        assert!(refused.contains("东门 3 号") && refused.contains("效果图"), "what was typed is kept");
        let typed = [("matter_id", id.as_str()), ("answers/q1", "东门 3 号"), ("papers", "0")];
        let to = house.post("enterprise", "/applications/new", &typed).await.expect(303);
        let case = to.headers["location"].to_str().unwrap().to_owned();
        let case = case.split('?').next().unwrap().to_owned();
        assert!(house.page("specialist", &case).await.expect(200).text().contains("东门 3 号"));
        house.post("specialist", &case, &[("action", "refuse"), ("reason", "")]).await.expect(409);
        house.post("specialist", &case, &[("action", "accept")]).await.expect(303);
        house.post("specialist", &case, &[("action", "refuse"), ("reason", "")]).await.expect(422);
    }
}
