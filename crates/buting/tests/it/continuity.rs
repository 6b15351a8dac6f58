//! Lights, measures and disruptions, as their users meet them.

use crate::house::House;
use buting::continuity::desk::{self, LightFilter};
use buting::continuity::{
    Cause, DisruptionKind, Effect, Line, MeasureEnd, MeasureKind, NewDisruption, NewLight, NewMeasure, State,
};
use buting::error::{Conflict, Error};
use buting::subject::SubjectKind::{Enterprise, Project};
use buting::time::{DAY_MS, Day};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

fn stopped() -> NewLight {
    NewLight::new(Line::Production, State::Stopped).because(Cause::Power, "变压器进水")
}

fn new_measure(house: &House) -> NewMeasure {
    NewMeasure {
        id: None,
        enterprise_id: None,
        project_id: Some(house.project),
        line: Line::Works,
        cause_kind: Some(Cause::ControlRule),
        disruption_id: None,
        appeal_id: None,
        kind: MeasureKind::OnSiteStockpile,
        text: "土方先放在厂区未施工位置".into(),
        owner_id: None,
        due_at: None,
        rule: Some("封闭施工要求不变".into()),
        place: None,
        later_duty: Some("解封后把土方运出".into()),
        later_due_at: Some(house.app.now().plus(30 * DAY_MS)),
    }
}

async fn rows(house: &House) -> i64 {
    let mut tx = house.app.db.read().await.unwrap();
    tx.value(sql!("SELECT count(*) FROM continuity WHERE zone_id = $1", house.zone)).await.unwrap()
}

#[tokio::test]
async fn words_are_appended_and_the_last_one_counts() {
    for house in House::both().await {
        let who = house.who("leader").await;
        let first = desk::say(&house.app, &who, Enterprise, house.enterprise, stopped()).await.unwrap();
        house.clock.set(house.app.now().plus(DAY_MS));
        let again = NewLight { expected_recovery_at: Some(house.app.now().plus(DAY_MS)), ..stopped() };
        let second = desk::say(&house.app, &who, Enterprise, house.enterprise, again).await.unwrap();
        let mut tx = house.app.read().await.unwrap();
        let subject = buting::subject::named(&mut tx, house.zone, Enterprise, house.enterprise).await.unwrap();
        let lights = desk::current(&mut tx, house.zone, &subject).await.unwrap();
        let states: Vec<_> = lights.iter().map(|l| (l.line, l.state, l.id)).collect();
        assert_eq!(
            states,
            [
                (Line::Production, State::Stopped, Some(second)),
                (Line::Works, State::NotApplicable, None),
                (Line::Transport, State::Unknown, None),
            ]
        );
        let before = desk::light(&mut tx, &who, first).await.unwrap();
        assert_eq!(lights[0].since, before.since, "the same state said again goes on since it began");
        let history = desk::history(&mut tx, &who, house.enterprise, 10).await.unwrap();
        assert_eq!(history.iter().map(|l| l.id).collect::<Vec<_>>(), [Some(second), Some(first)]);
    }
}

#[tokio::test]
async fn the_timeline_says_of_which_line_and_how_it_stands() {
    for house in House::both().await {
        desk::say(&house.app, &house.who("dispatcher").await, Enterprise, house.enterprise, stopped()).await.unwrap();
        let page = house.page("dispatcher", &Enterprise.href(house.enterprise)).await.expect(200).text();
        let told = page.split("class=\"timeline\"").nth(1).unwrap_or_default();
        assert!(told.contains("<span class=\"quiet\">生产</span> <del>未报</del> → 停产"), "{told}");
    }
}

#[tokio::test]
async fn no_change_is_a_new_word_that_repeats_the_last() {
    for house in House::both().await {
        let who = house.who("enterprise").await;
        let first = desk::say(&house.app, &who, Enterprise, house.enterprise, stopped()).await.unwrap();
        house.clock.set(house.app.now().plus(DAY_MS));
        let same = desk::same(&house.app, &who, first).await.unwrap();
        let mut tx = house.app.read().await.unwrap();
        let light = desk::light(&mut tx, &who, same).await.unwrap();
        assert_eq!((light.state, light.was, light.same_as), (State::Stopped, State::Stopped, Some(first)));
        assert_eq!((light.cause.as_deref(), light.at), (Some("变压器进水"), Some(house.app.now())));
        let stale = desk::same(&house.app, &who, first).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::State("not_the_last_word")))), "{stale:?}");
        let never =
            desk::same_all(&house.app, &house.who("enterprise2").await, Enterprise, house.other_enterprise).await;
        assert!(matches!(never, Err(Error::Conflict(Conflict::State("nothing_said_yet")))), "{never:?}");
    }
}

#[tokio::test]
async fn each_speaks_for_his_own() {
    for house in House::both().await {
        let say =
            async |account: &str, id| desk::say(&house.app, &house.who(account).await, Enterprise, id, stopped()).await;
        let enterprise = house.who("enterprise").await;
        say("enterprise", house.enterprise).await.unwrap();
        for (account, id) in [
            ("enterprise2", house.enterprise),
            ("enterprise", house.other_enterprise),
            ("officer", house.enterprise),
            ("leader@zone2", house.enterprise),
        ] {
            let said = say(account, id).await;
            assert!(matches!(said, Err(Error::NotFound)), "{account}: {said:?}");
        }
        for account in ["agency", "oversight", "sysadmin", "auditor"] {
            let said = say(account, house.enterprise).await;
            assert!(matches!(said, Err(Error::Forbidden)), "{account}: {said:?}");
        }
        assert_eq!(rows(&house).await, 1);
        let project = house.who("project").await;
        let works = NewLight::new(Line::Works, State::AtRisk).because(Cause::ControlRule, "封闭施工，车辆不能进出");
        desk::say(&house.app, &project, Project, house.project, works).await.unwrap();
        let seen = desk::lights(&house.app, &enterprise, &LightFilter::default(), None, 50).await.unwrap();
        assert_eq!(seen.items.len(), 1);
        assert_eq!(seen.items[0].subject_id, house.enterprise);
        let light = seen.items[0].id.unwrap();
        for account in ["enterprise2", "project", "officer@zone2"] {
            house.call(account, "GET", &format!("/api/v1/continuity/{light}"), Json::Null).await.expect(404);
        }
    }
}

#[tokio::test]
async fn the_board_of_a_past_day_shows_that_day() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let morning = house.app.now();
        let say = |new| desk::say(&house.app, &leader, Enterprise, house.enterprise, new);
        say(NewLight::new(Line::Production, State::Running)).await.unwrap();
        house.clock.set(morning.plus(DAY_MS));
        say(stopped()).await.unwrap();
        house.clock.set(morning.plus(2 * DAY_MS));
        say(NewLight::new(Line::Production, State::Running)).await.unwrap();

        let on = |day: &str| desk::board(&house.app, &leader, Day::read(day));
        for (day, state, changed) in [
            ("2026-11-24", State::Running, false),
            ("2026-11-25", State::Stopped, true),
            ("2026-11-26", State::Running, true),
        ] {
            let board = on(day).await.unwrap();
            let tile = board.tiles().find(|t| t.id == house.enterprise).unwrap();
            assert_eq!((tile.lights[0].state, tile.changed), (state, changed), "{day}");
            assert_eq!(board.today, day == "2026-11-26");
            assert_eq!(board.tally(Enterprise, Line::Production).stopped, i64::from(state == State::Stopped));
        }
        let before = on("2026-11-23").await.unwrap();
        assert_eq!(before.tiles().count(), 0, "nothing was there yet");
        let future = on("2027-01-01").await.unwrap();
        assert!(future.today, "the future shows today");
    }
}

#[tokio::test]
async fn counts_are_what_a_recount_gives() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let say = |kind, id, new| desk::say(&house.app, &leader, kind, id, new);
        let reduced = NewLight {
            reduced_to: Some(60),
            ..NewLight::new(Line::Production, State::Reduced).because(Cause::Staff, "缺人")
        };
        say(Enterprise, house.enterprise, stopped()).await.unwrap();
        say(Enterprise, house.other_enterprise, reduced).await.unwrap();
        say(Project, house.project, NewLight::new(Line::Works, State::AtRisk).because(Cause::Weather, "积水"))
            .await
            .unwrap();
        say(Enterprise, house.enterprise, NewLight::new(Line::Production, State::Running)).await.unwrap();
        let board = desk::board(&house.app, &leader, None).await.unwrap();
        let mut tx = house.app.read().await.unwrap();
        for counts in &board.counts {
            for state in State::ALL {
                let mut recount: i64 = tx
                    .value(sql!(
                        "SELECT count(*) FROM continuity WHERE zone_id = $1 AND subject_kind = $2 AND line = $3
                           AND state = $4 AND current",
                        house.zone,
                        counts.subject_kind,
                        counts.line,
                        state
                    ))
                    .await
                    .unwrap();
                if *state == counts.line.unsaid(counts.subject_kind) {
                    let subjects: i64 = if counts.subject_kind == Enterprise { 2 } else { 1 };
                    let said: i64 = tx
                        .value(sql!(
                            "SELECT count(*) FROM continuity WHERE zone_id = $1 AND subject_kind = $2 AND line = $3 AND current",
                            house.zone,
                            counts.subject_kind,
                            counts.line
                        ))
                        .await
                        .unwrap();
                    recount += subjects - said;
                }
                assert_eq!(counts.tally.of(*state), recount, "{} {} {state}", counts.subject_kind, counts.line);
            }
        }
        assert_eq!(board.tally(Enterprise, Line::Production).reduced, 1);
        assert_eq!(board.tally(Project, Line::Works).at_risk, 1);
    }
}

#[tokio::test]
async fn a_measure_turns_the_light_and_is_its_reason() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let at_risk = NewLight::new(Line::Works, State::AtRisk).because(Cause::ControlRule, "车辆不能进出");
        desk::say(&house.app, &leader, Project, house.project, at_risk).await.unwrap();
        let id = desk::add_measure(&house.app, &leader, new_measure(&house)).await.unwrap();
        let end = |light| MeasureEnd {
            effect: Effect::KeptGoing,
            effect_text: Some("留出作业面".into()),
            days_saved: Some(7),
            light: Some(light),
            dropped: false,
        };
        let wrong = desk::end_measure(&house.app, &leader, id, end(State::Stopped)).await;
        assert!(matches!(&wrong, Err(Error::Invalid(e)) if e[0].code == "measure_turns"), "{wrong:?}");
        desk::end_measure(&house.app, &leader, id, end(State::Running)).await.unwrap();
        let twice = desk::end_measure(&house.app, &leader, id, end(State::Running)).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::State("measure_ended")))), "{twice:?}");

        let board = desk::board(&house.app, &leader, None).await.unwrap();
        let works = &board.projects[0].lights[0];
        assert_eq!((works.state, works.was, works.measure_id), (State::Running, State::AtRisk, Some(id)));
        assert_eq!((works.measure_text.as_deref(), works.days_saved), (Some("土方先放在厂区未施工位置"), Some(7)));
        assert_eq!(board.tally(Project, Line::Works).kept_going, 1);
        let mut tx = house.app.read().await.unwrap();
        assert!(desk::measure(&mut tx, &leader, id).await.unwrap().duty_open(), "the soil must still leave");
        drop(tx);
        let open = desk::to_do(&house.app, &leader).await.unwrap();
        assert!(open.iter().any(|t| t.action == "todo-measure-later" && t.title == "解封后把土方运出"), "{open:?}");

        let other = NewMeasure {
            project_id: None,
            enterprise_id: Some(house.enterprise),
            line: Line::Production,
            ..new_measure(&house)
        };
        let elsewhere = desk::add_measure(&house.app, &leader, other).await.unwrap();
        let foreign = NewLight { measure_id: Some(elsewhere), ..NewLight::new(Line::Works, State::Running) };
        let said = desk::say(&house.app, &leader, Project, house.project, foreign).await;
        assert!(matches!(&said, Err(Error::Invalid(e)) if e[0].field == "measure_id"), "{said:?}");
    }
}

#[tokio::test]
async fn a_disruption_is_declared_changed_and_closed() {
    for house in House::both().await {
        let body = json!({"name": "北大沙河洪水", "kind": "flood", "grade": 3, "warning_colour": "orange", "response_level": 3,
            "clock_mode": "hours24", "source": "汛指〔2026〕3号"});
        house.call("officer", "POST", "/api/v1/disruptions", body.clone()).await.expect(403);
        let made = house.call("dispatcher", "POST", "/api/v1/disruptions", body).await.expect(201).json();
        assert_eq!(made["number"], "SJ-20261124-0001");
        assert_eq!((made["state"].as_str(), made["exercise"].as_bool()), (Some("responding"), Some(false)));
        let path = format!("/api/v1/disruptions/{}", made["id"].as_str().unwrap());
        house.call("leader@zone2", "GET", &path, Json::Null).await.expect(404);
        house.call("enterprise", "GET", &path, Json::Null).await.expect(200);
        let stale = [("if-match", "\"v9\"")];
        house.call_with("leader", "PATCH", &path, json!({"response_level": 2}), &stale).await.expect(412);
        let changed = house
            .call("leader", "PATCH", &path, json!({"response_level": 2, "warning_colour": null}))
            .await
            .expect(200)
            .json();
        assert_eq!((changed["response_level"].as_i64(), &changed["warning_colour"]), (Some(2), &Json::Null));
        house.call("leader", "PATCH", &path, json!({"response_level": 5})).await.expect(422);
        house.call("leader", "PATCH", &path, json!({"state": "closed"})).await.expect(422);

        let under = json!({"enterprise_id": house.enterprise, "line": "production", "state": "stopped", "cause": "车间进水",
            "disruption_id": made["id"]});
        house.call("enterprise", "POST", "/api/v1/continuity", under.clone()).await.expect(201);
        house.call("leader", "POST", &format!("{path}/close"), json!({"lessons": "先移走原料"})).await.expect(200);
        house.call("leader", "POST", &format!("{path}/close"), json!({})).await.expect(409);
        house.call("enterprise", "POST", "/api/v1/continuity", under).await.expect(422);
        let list = house.call("agency", "GET", "/api/v1/disruptions", Json::Null).await.expect(200).json();
        assert_eq!(list["items"][0]["state"], "closed");
    }
}

#[tokio::test]
async fn a_live_disruption_makes_lights_grow_old_faster_and_an_exercise_does_not() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let enterprise = house.who("enterprise").await;
        for line in [Line::Production, Line::Transport] {
            desk::say(&house.app, &enterprise, Enterprise, house.enterprise, NewLight::new(line, State::Running))
                .await
                .unwrap();
        }
        house.clock.set(house.app.now().plus(4 * DAY_MS));
        let asks =
            async || desk::to_do(&house.app, &enterprise).await.unwrap().iter().any(|t| t.action == "todo-lights-own");
        assert!(!asks().await);
        let open = |exercise| NewDisruption {
            id: None,
            name: "疫情".into(),
            kind: DisruptionKind::Epidemic,
            grade: None,
            response_level: None,
            warning_colour: None,
            exercise,
            clock_mode: None,
            area: None,
            source: None,
            state: None,
            started_at: None,
            expected_end_at: None,
        };
        desk::open(&house.app, &leader, open(true)).await.unwrap();
        assert!(!asks().await);
        desk::open(&house.app, &leader, open(false)).await.unwrap();
        assert!(asks().await);
    }
}

#[tokio::test]
async fn a_repeated_post_makes_one_word() {
    for house in House::both().await {
        let who = house.who_once("enterprise", "k1").await;
        let say = || desk::say(&house.app, &who, Enterprise, house.enterprise, stopped());
        let id = say().await.unwrap();
        assert!(matches!(say().await, Err(Error::Replayed(again)) if again == id));
        let own = NewLight { id: Some(Uuid::now_v7()), ..stopped() };
        let who = house.who("enterprise").await;
        let id = desk::say(&house.app, &who, Enterprise, house.enterprise, own.clone()).await.unwrap();
        let again = desk::say(&house.app, &who, Enterprise, house.enterprise, own).await;
        assert!(matches!(again, Err(Error::Replayed(same)) if same == id));
        assert_eq!(rows(&house).await, 2);
    }
}

#[tokio::test]
async fn the_api_says_what_is_wrong() {
    let house = House::sqlite().await;
    let post = |body| house.call("enterprise", "POST", "/api/v1/continuity", body);
    for (body, status, pointer) in [
        (json!({"enterprise_id": house.enterprise, "line": "production", "state": "stopped"}), 422, "/cause"),
        (json!({"line": "production", "state": "running"}), 422, "/enterprise_id"),
        (json!({"enterprise_id": house.enterprise, "line": "production", "state": "halted"}), 400, "/state"),
        (
            json!({"enterprise_id": house.enterprise, "line": "production", "state": "running", "colour": 1}),
            400,
            "/colour",
        ),
    ] {
        let answer = post(body.clone()).await.expect(status).json();
        assert_eq!(answer["errors"][0]["pointer"], pointer, "{body}");
    }
    let made = post(json!({"enterprise_id": house.enterprise, "line": "production", "state": "running"}))
        .await
        .expect(201)
        .json();
    assert_eq!((made["source"].as_str(), made["subject_name"].as_str()), (Some("enterprise"), Some("测试机电")));
    let list =
        house.call("leader", "GET", "/api/v1/continuity?current=true&limit=1", Json::Null).await.expect(200).json();
    assert_eq!((list["total"].as_i64(), &list["next_cursor"]), (Some(1), &Json::Null));
    let board = house.call("leader", "GET", "/api/v1/continuity/board", Json::Null).await.expect(200).json();
    assert_eq!(board["counts"][0]["tally"]["running"], 1);
    house.call("enterprise", "GET", "/api/v1/continuity/board", Json::Null).await.expect(403);
}

fn location(answer: &crate::house::Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

#[tokio::test]
async fn the_board_page_lists_what_its_counts_say_and_replays_days() {
    for house in House::both().await {
        let enterprise = house.who("enterprise").await;
        desk::say(&house.app, &enterprise, Enterprise, house.enterprise, stopped()).await.unwrap();
        house.clock.set(house.app.now().plus(DAY_MS));
        let board = house.page("leader", "/board").await.expect(200).text();
        assert!(board.contains("测试机电") && board.contains("另一家") && board.contains("测试产业园项目"));
        let href = "/board?day=2026-11-25&kind=enterprise&line=production&state=stopped";
        let links = board.replace("&#38;", "&").replace("&amp;", "&");
        assert!(links.contains(&format!("href=\"{href}\"")), "{board}");
        let list = house.page("leader", href).await.expect(200).text();
        assert!(list.contains("变压器进水"), "the list gives the cause");
        let before = house
            .page("leader", "/board?day=2026-11-24&kind=enterprise&line=production&state=stopped")
            .await
            .expect(200)
            .text();
        assert!(before.contains("变压器进水"), "the day on which it was said shows it");
        house.page("leader", "/board?wall=1").await.expect(200);
        house.page("leader", "/board?day=gestern").await.expect(200);
        let narrow = house.page("officer", "/board").await.expect(200).text();
        assert!(
            !narrow.contains("变压器进水") && !narrow.contains("测试机电"),
            "lights are for those who look after the subject"
        );
        house.page("enterprise", "/board").await.expect(403);
    }
}

#[tokio::test]
async fn an_enterprise_reports_on_its_own_page() {
    for house in House::both().await {
        let path = format!("/enterprises/{}/lights", house.enterprise);
        house.page("enterprise2", &path).await.expect(404);
        house.page("enterprise", "/enterprises/none/lights").await.expect(404);
        let page = house.page("enterprise", &path).await.expect(200).text();
        assert!(
            page.contains("一切正常") && !page.contains("没有变化"),
            "nothing was said yet, so nothing can stay as it is"
        );
        let wrong = house
            .post("enterprise", &path, &[("once", "a"), ("state-production", "reduced"), ("cause", "缺两班人")])
            .await
            .expect(422);
        assert!(wrong.text().contains("缺两班人") && wrong.text().contains("降到百分之几"), "{}", wrong.text());
        assert_eq!(rows(&house).await, 0);
        let nothing = house.post("enterprise", &path, &[("once", "b")]).await.expect(422);
        assert!(nothing.text().contains("请至少选一条线的状态"));
        let fields = [
            ("once", "c"),
            ("state-production", "reduced"),
            ("cause", "缺两班人"),
            ("reduced_to", "60"),
            ("state-transport", "running"),
        ];
        for _ in 0..2 {
            let done = house.post("enterprise", &path, &fields).await.expect(303);
            assert_eq!(location(&done), path);
        }
        assert_eq!(rows(&house).await, 2, "the same post again says nothing twice");
        let page = house.page("enterprise", &path).await.expect(200).text();
        assert!(
            page.contains("减产") && page.contains("60%") && page.contains("企业自报") && page.contains("没有变化")
        );
        let home = house.page("enterprise", "/").await.expect(200).text();
        assert_eq!(home.matches("状态有变化吗").count(), 1, "a page asks once");
        house.post("enterprise", &format!("{path}/same"), &[("once", "d")]).await.expect(303);
        house.post("enterprise", &path, &[("once", "e"), ("well", "yes")]).await.expect(303);
        let filter = LightFilter { current: true, ..LightFilter::default() };
        let lights = desk::lights(&house.app, &house.who("enterprise").await, &filter, None, 50).await.unwrap();
        assert!(lights.items.iter().all(|light| light.state == State::Running), "{lights:?}");
        assert_eq!(lights.items.len(), 2, "works that do not exist are not said to run");
        house.post("oversight", &path, &[("once", "f"), ("well", "yes")]).await.expect(403);
    }
}

#[tokio::test]
async fn disruptions_and_measures_have_their_pages() {
    for house in House::both().await {
        assert!(house.page("agency", "/disruptions").await.expect(200).text().contains("现在没有突发事件"));
        house.page("officer", "/disruptions/new").await.expect(403);
        house.page("leader", "/disruptions/new").await.expect(200);
        let wrong = house
            .post("leader", "/disruptions", &[("once", "a"), ("name", "供水管爆裂"), ("clock_mode", "office")])
            .await
            .expect(422);
        assert!(wrong.text().contains("供水管爆裂"));
        let made = house
            .post(
                "leader",
                "/disruptions",
                &[
                    ("once", "b"),
                    ("name", "供水管爆裂"),
                    ("kind", "water_gas_cut"),
                    ("clock_mode", "office"),
                    ("exercise", "true"),
                ],
            )
            .await
            .expect(303);
        let path = location(&made).to_owned();
        let page = house.page("leader", &path).await.expect(200).text();
        assert!(page.contains("供水管爆裂") && page.contains("复盘演练"));
        assert!(!house.page("agency", &path).await.expect(200).text().contains("结束事件"));

        let subject = format!("enterprise:{}", house.enterprise);
        let disruption = path.rsplit('/').next().unwrap();
        let fields = [
            ("once", "c"),
            ("subject", subject.as_str()),
            ("line", "production"),
            ("kind", "consume_stock_first"),
            ("text", "先用蓄水池"),
            ("later_duty", "补满蓄水池"),
            ("later_due_at", "2026-12-01"),
            ("disruption_id", disruption),
        ];
        house.page("leader", "/measures/new?cause=water_gas").await.expect(200);
        let measure = house.post("leader", "/measures", &fields).await.expect(303);
        let measure = location(&measure).to_owned();
        assert!(house.page("enterprise", &measure).await.expect(200).text().contains("先用蓄水池"));
        house.page("enterprise2", &measure).await.expect(404);
        house.post("enterprise", &format!("{measure}/close"), &[("effect", "better")]).await.expect(403);
        house.post("leader", &format!("{measure}/close"), &[("once", "d"), ("version", "1")]).await.expect(422);
        house
            .post(
                "leader",
                &format!("{measure}/close"),
                &[("once", "e"), ("version", "1"), ("effect", "kept_going"), ("running", "true"), ("days_saved", "2")],
            )
            .await
            .expect(303);
        house.post("leader", &format!("{measure}/duty"), &[("once", "f"), ("version", "1")]).await.expect(412);
        house.post("leader", &format!("{measure}/duty"), &[("once", "g"), ("version", "2")]).await.expect(303);
        let page = house.page("leader", &path).await.expect(200).text();
        assert!(page.contains("先用蓄水池") && page.contains("少停 2 天"), "the event shows what was done under it");
        house.page("leader", "/measures?show=all").await.expect(200);
        house
            .post("leader", &format!("{path}/close"), &[("once", "h"), ("version", "1"), ("lessons", "储水有用")])
            .await
            .expect(303);
        assert!(house.page("leader", &path).await.expect(200).text().contains("储水有用"));
    }
}

#[tokio::test]
async fn bad_news_reaches_those_who_look_after_the_enterprise() {
    for house in House::both().await {
        for (role, account) in [("lead_leader", "leader"), ("officer", "officer")] {
            let body = json!({"subject_kind": "enterprise", "subject_id": house.enterprise, "role": role, "person_id": house.person(account)});
            house.call("dispatcher", "POST", "/api/v1/assignments", body).await.expect(201);
        }
        let told = async |account: &str| -> i64 {
            let mut tx = house.app.read().await.unwrap();
            let person = house.person(account);
            tx.value(sql!(
                "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = 'continuity.worse'",
                house.zone,
                person
            ))
            .await
            .unwrap()
        };
        let who = house.who("enterprise").await;
        let say = |new| desk::say(&house.app, &who, Enterprise, house.enterprise, new);
        say(NewLight::new(Line::Production, State::Running)).await.unwrap();
        assert_eq!((told("leader").await, told("officer").await), (0, 0), "good news waits");
        say(NewLight::new(Line::Production, State::AtRisk).because(Cause::Power, "通知明天停电")).await.unwrap();
        assert_eq!((told("leader").await, told("officer").await, told("officer2").await), (1, 1, 0));
        say(stopped()).await.unwrap();
        assert_eq!((told("leader").await, told("officer").await), (2, 2));
        let asked = desk::to_do(&house.app, &house.who("officer").await).await.unwrap();
        assert!(
            asked.iter().all(|item| !item.action.starts_with("todo-lights") || item.title == "测试机电"),
            "{asked:?}"
        );
        let board = house.page("officer", "/board").await.expect(200).text();
        assert!(board.contains("测试机电") && !board.contains("另一家"));
    }
}
