//! Closed loops: who is inside, counted from intervals; shifts that lack somebody; names for
//! the enterprise and its officer alone.

use crate::cases::{at, code, done, wrong};
use crate::house::House;
use buting::error::{Error, Result};
use buting::readiness::stay::{LoopAct, NewLoop, Roster, desk};
use serde_json::{Value as Json, json};
use uuid::Uuid;

async fn begin(house: &House, who: &str) -> Result<Uuid> {
    let new: NewLoop = serde_json::from_value(json!({"reason": "按防疫要求闭环", "enterprise_id": house.enterprise,
        "supplies": {"areas": "生产区\n生活区", "beds": 2, "meals": 30}}))
    .expect("a loop");
    desk::begin(&house.app, &house.who(who).await, new).await
}

async fn act(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: LoopAct = serde_json::from_value(act).expect("an act");
    desk::act(&house.app, &house.who(who).await, id, act).await
}

async fn roster(house: &House, who: &str, id: Uuid) -> Roster {
    desk::roster(&house.app, &house.who(who).await, id, None).await.unwrap()
}

async fn notices(house: &House, who: &str, kind: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let query = store::sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = $2", house.person(who), kind);
    tx.value(query).await.unwrap()
}

async fn assigned(house: &House) {
    let body = json!({"subject_kind": "enterprise", "subject_id": house.enterprise, "role": "officer",
        "person_id": house.person("officer")});
    house.call("dispatcher", "POST", "/api/v1/assignments", body).await.expect(201);
}

/// With two named ones and two unnamed of a kind.
async fn enlisted(house: &House) -> (Uuid, [Uuid; 3]) {
    let id = begin(house, "enterprise").await.unwrap();
    let members = json!({"action": "enlist", "members": [
        {"job": "副总", "crew": "management", "number": 2, "responsible": true, "planned_on": "2026-11-25"},
        {"name": "江远", "job": "电工", "crew": "technician", "phone": "13800001234"},
        {"name": "白露", "job": "钳工"}]});
    done(act(house, "enterprise", id, members).await);
    let all = roster(house, "enterprise", id).await.members;
    let of = |job: &str| all.iter().find(|member| member.job == job).expect("a member").id;
    (id, [of("副总"), of("电工"), of("钳工")])
}

#[tokio::test]
async fn nobody_is_inside_twice_and_every_instant_is_counted() {
    for house in House::both().await {
        assigned(&house).await;
        let (id, [deputies, electrician, fitter]) = enlisted(&house).await;
        assert_eq!(notices(&house, "officer", "loop.began").await, 1);
        assert_eq!(code(begin(&house, "enterprise").await), "loop_there");
        let enter =
            |who: &[Uuid], when: &str| json!({"action": "enter", "member_ids": who, "area": "生产区", "at": when});
        done(act(&house, "enterprise", id, enter(&[deputies, electrician], "2026-11-24T00:30:00Z")).await);
        let shown = roster(&house, "enterprise", id).await;
        assert_eq!((shown.now_inside.total, shown.now_inside.management, shown.closed.inside), (3, 2, 3));
        assert_eq!(shown.now_inside.short_of(shown.closed.beds), Some(1), "two beds for three");
        for (act_, field, code) in [
            (enter(&[electrician, fitter], "2026-11-24T01:00:00Z"), "member_ids", "loop_inside"),
            (enter(&[fitter], "2026-11-25T01:00:00Z"), "at", "future"),
            (json!({"action": "enter", "member_ids": [fitter], "area": "仓库"}), "area", "unknown"),
            (json!({"action": "enter", "member_ids": []}), "member_ids", "required"),
            (json!({"action": "leave", "member_ids": [fitter]}), "member_ids", "loop_outside"),
            (
                json!({"action": "leave", "member_ids": [electrician], "at": "2026-11-24T00:10:00Z"}),
                "at",
                "loop_before",
            ),
        ] {
            assert_eq!(wrong(act(&house, "enterprise", id, act_).await), [(field.to_owned(), code)]);
        }
        assert_eq!(roster(&house, "enterprise", id).await.now_inside.total, 3, "what was refused wrote nothing");
        done(act(&house, "enterprise", id, json!({"action": "close"})).await);
        assert_eq!(code(act(&house, "enterprise", id, json!({"action": "close"})).await), "loop_state");
        done(
            act(
                &house,
                "enterprise",
                id,
                json!({"action": "leave", "member_ids": [electrician], "at": "2026-11-24T01:30:00Z", "reason": "就医"}),
            )
            .await,
        );
        done(act(&house, "enterprise", id, enter(&[fitter], "2026-11-24T01:45:00Z")).await);

        // A correction is a row of its own; the register keeps the one before.
        let stays = roster(&house, "enterprise", id).await.stays;
        let first = stays.iter().find(|stay| stay.member_id == electrician).unwrap().id;
        let correct = |from: &str, to: &str| json!({"action": "correct", "stay_id": first, "in_at": from, "out_at": to, "reason": "门岗抄错"});
        assert_eq!(
            wrong(act(&house, "enterprise", id, correct("2026-11-24T01:00:00Z", "2026-11-24T00:40:00Z")).await),
            [("out_at".into(), "loop_before")]
        );
        done(act(&house, "enterprise", id, correct("2026-11-24T01:00:00Z", "2026-11-24T01:40:00Z")).await);
        let after = roster(&house, "enterprise", id).await;
        assert_eq!((after.stays.len(), after.stays.iter().filter(|stay| stay.holds()).count()), (4, 3));
        let count = |minute: i64| {
            let when = at(24, 8).plus(minute * 60_000);
            buting::readiness::stay::head_count(&after.stays, &after.members, when).total
        };
        assert_eq!([29, 30, 59, 60, 99, 100, 105].map(count), [0, 2, 2, 3, 3, 2, 3]);

        assert_eq!(
            code(act(&house, "enterprise", id, json!({"action": "strike", "member_id": fitter})).await),
            "loop_was_inside"
        );
        done(act(&house, "enterprise", id, json!({"action": "end", "reason": "风险解除"})).await);
        let ended = roster(&house, "enterprise", id).await;
        assert_eq!((ended.now_inside.total, ended.closed.inside), (0, 0), "who was inside went out with it");
        assert_eq!(notices(&house, "officer", "loop.ended").await, 1);
        begin(&house, "enterprise").await.unwrap();
    }
}

#[tokio::test]
async fn names_are_for_the_enterprise_and_its_officer() {
    for house in House::both().await {
        assigned(&house).await;
        let (id, _) = enlisted(&house).await;
        for (who, named) in [("enterprise", 2), ("officer", 2), ("leader", 0), ("dispatcher", 0), ("oversight", 0)] {
            let shown = roster(&house, who, id).await;
            assert_eq!(shown.members.iter().filter(|member| member.name.is_some()).count(), named, "{who}");
            assert_eq!(shown.planned.total, 4, "{who} reads how many");
            let page = house.page(who, &format!("/closed-loops/{id}")).await.expect(200).text();
            assert_eq!(page.contains("江远"), named > 0, "{who}");
        }
        for (who, status) in [("enterprise2", 404), ("officer@zone2", 404), ("agency", 403), ("project", 404)] {
            house.call(who, "GET", &format!("/api/v1/rosters/{id}"), Json::Null).await.expect(status);
        }
        assert_eq!(code(act(&house, "leader", id, json!({"action": "close"})).await), "loop_not_keeper");
        assert!(matches!(act(&house, "oversight", id, json!({"action": "close"})).await, Err(Error::Forbidden)));
        let stale = [("If-Match", "\"v9\"")];
        house
            .call_with("officer", "POST", &format!("/api/v1/rosters/{id}/actions"), json!({"action": "close"}), &stale)
            .await
            .expect(412);
        // The ledger says how many, never who.
        let mut tx = house.app.read().await.unwrap();
        let told: i64 =
            tx.value("SELECT count(*) FROM ledger WHERE \"after\" LIKE '%江远%' OR note LIKE '%江远%'").await.unwrap();
        assert_eq!(told, 0);
    }
}

#[tokio::test]
async fn a_shift_below_its_crew_is_told_once() {
    for house in House::both().await {
        assigned(&house).await;
        let (id, [deputies, electrician, fitter]) = enlisted(&house).await;
        let shift = |label: &str, day: &str, least: i64, who: &[Uuid]| json!({"action": "shift", "label": label, "starts_at": format!("{day}T00:00:00Z"), "ends_at": format!("{day}T12:00:00Z"), "least": least, "member_ids": who});
        done(act(&house, "enterprise", id, shift("白班", "2026-11-25", 3, &[electrician, fitter])).await);
        done(act(&house, "enterprise", id, shift("二班", "2026-11-25", 3, &[deputies, fitter])).await);
        done(act(&house, "enterprise", id, shift("下周", "2026-12-02", 9, &[fitter])).await);
        assert_eq!(
            wrong(act(&house, "enterprise", id, shift("昨天", "2026-11-22", 3, &[fitter])).await),
            [("ends_at".into(), "past")]
        );
        let watch = || async { desk::watch(&house.app, house.zone).await.unwrap() };
        assert_eq!((watch().await, watch().await), (1, 0));
        assert_eq!(
            (notices(&house, "enterprise", "loop.short").await, notices(&house, "officer", "loop.short").await),
            (1, 1)
        );
        let lacks: Vec<_> = roster(&house, "enterprise", id).await.shifts.iter().map(|one| one.lacks.len()).collect();
        assert_eq!(lacks.iter().filter(|n| **n == 2).count(), 2, "the first and the far one lack people and who leads");
        let waits = desk::to_do(&house.app, &house.who("enterprise").await).await.unwrap();
        assert_eq!(waits.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["白班"]);
        assert_eq!(desk::to_do(&house.app, &house.who("officer").await).await.unwrap().len(), 1);
        let first = roster(&house, "officer", id).await.shifts[0].shift.id;
        done(act(&house, "officer", id, json!({"action": "unshift", "shift_id": first})).await);
    }
}

#[tokio::test]
async fn pasted_rows_come_in_and_the_pages_stand() {
    for house in House::both().await {
        assigned(&house).await;
        let begun = [("reason", "汛期留守"), ("beds", "40"), ("areas", "生产区")];
        house.post("enterprise", "/closed-loops/new", &[("reason", ""), ("beds", "40")]).await.expect(422);
        house.post("enterprise", "/closed-loops/new", &begun).await.expect(303);
        let listed =
            house.call("officer", "GET", "/api/v1/rosters?open=true&q=测试机电", Json::Null).await.expect(200).json();
        let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
        let rows = "姓名\t岗位\t人员类别\n江远\t电工\t技术骨干\n白露\t\t职工\n江远\t电工\t技术骨干";
        let page = house
            .upload("enterprise", &format!("/closed-loops/{id}/rows"), &[("rows", rows)], &[])
            .await
            .expect(200)
            .text();
        assert!(
            page.contains("收进 1 行，2 处有误")
                && page.contains("第 3 行“岗位”：未填写")
                && page.contains("第 4 行“姓名”：名册里已有此人"),
            "{page}"
        );
        // Who does not keep the roster is not told by its faults who is on it.
        let probe = house.upload("leader", &format!("/closed-loops/{id}/rows"), &[("rows", rows)], &[]).await;
        assert!(!probe.text().contains("名册里已有此人"), "{}", probe.text());
        // One name twice in one request is one too many.
        let twin = json!({"name": "穆林", "job": "电工"});
        let twice = json!({"action": "enlist", "members": [twin, twin]});
        let refused = house.call("enterprise", "POST", &format!("/api/v1/rosters/{id}/actions"), twice).await;
        assert_eq!(refused.expect(422).json()["errors"][0]["code"], "loop_twice");
        let page = house
            .post("enterprise", &format!("/closed-loops/{id}"), &[("action", "enlist"), ("job", ""), ("name", "秦朗")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("value=\"秦朗\""));
        for path in ["/closed-loops", "/closed-loops?show=all&sort=name", "/closed-loops/export?format=csv"] {
            house.page("officer", path).await.expect(200);
        }
        house.page("enterprise", "/closed-loops").await.expect(200);
        house.page("enterprise", "/closed-loops/new").await.expect(200);
        house.page("officer", &format!("/closed-loops/{id}?at=2026-11-24T09:00")).await.expect(200);
        house.page("leader", &format!("/history/closed_loop/{id}")).await.expect(200);
        let page = house.page("officer", &format!("/enterprises/{}", house.enterprise)).await.expect(200).text();
        assert!(page.contains(&format!("/closed-loops/{id}")));
        house.page("officer", &format!("/closed-loops/new?enterprise={}", house.enterprise)).await.expect(200);
        house.page("officer", &format!("/closed-loops/new?enterprise={}", house.other_enterprise)).await.expect(404);
    }
}
