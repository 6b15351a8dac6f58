//! Several solutions, one chosen, kept in the library and offered next time; checklists
//! before a step; text modules.

use crate::cases::{act, at, code, done, raise, signed, trucks, wrong};
use crate::house::House;
use buting::appeal::checklist::Need;
use buting::appeal::solution::{self, Act};
use buting::appeal::{WentOn, desk};
use buting::error::{Error, Result};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Something done with the solutions of an appeal.
async fn solve(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: Act = serde_json::from_value(act).expect("an act");
    solution::desk::act(&house.app, &house.who(who).await, id, act).await
}

fn night() -> Json {
    json!({"action": "propose", "method": "夜间错峰进厂", "measures": "二十二时后开东门，交警引导。", "bearer": "office",
        "limits": "不适合危化品车辆", "basis": "园区交通管理规定"})
}

fn gate() -> Json {
    json!({"action": "propose", "method": "南门增设货车通道", "measures": "拆隔离墩，设通道。", "bearer": "shared"})
}

/// How the solutions of an appeal stand, in the order of its page.
async fn standing(house: &House, who: &str, id: Uuid) -> Vec<(String, &'static str)> {
    let sight = solution::desk::of_appeal(&house.app, &house.who(who).await, id).await.unwrap();
    sight.all.into_iter().map(|(x, _)| (x.method, x.state.word())).collect()
}

/// Answered, reviewed, confirmed and closed.
async fn closed(house: &House, id: Uuid, close: Json) {
    let answer = json!({"action": "answer", "result": "solved", "text": "已通车。", "production_continued": "yes"});
    done(act(house, "officer2", id, answer).await);
    done(act(house, "dispatcher", id, json!({"action": "review"})).await);
    done(act(house, "enterprise", id, json!({"action": "confirm", "rating": 5})).await);
    done(act(house, "dispatcher", id, close).await);
}

#[tokio::test]
async fn two_are_proposed_one_is_chosen_and_kept_for_the_next() {
    for house in House::both().await {
        let id = signed(&house).await;
        let first = solve(&house, "officer2", id, night()).await.unwrap();
        let second = solve(&house, "dispatcher", id, gate()).await.unwrap();
        assert!(standing(&house, "enterprise", id).await.is_empty(), "nobody asked the enterprise yet");
        let prefer = json!({"action": "prefer", "solution_id": second});
        assert!(matches!(solve(&house, "enterprise", id, prefer.clone()).await, Err(Error::NotFound)));
        done(solve(&house, "officer2", id, json!({"action": "offer", "solution_id": second})).await);
        assert_eq!(
            code(solve(&house, "officer2", id, json!({"action": "offer", "solution_id": second})).await),
            "solution_offered"
        );
        assert_eq!(standing(&house, "enterprise", id).await, [("南门增设货车通道".to_owned(), "proposed")]);
        done(solve(&house, "enterprise", id, prefer).await);

        let choose = |which: Uuid| json!({"action": "choose", "solution_id": which, "reason": "企业愿意，见效快"});
        assert!(matches!(solve(&house, "enterprise", id, choose(second)).await, Err(Error::Forbidden)));
        assert_eq!(
            wrong(
                solve(&house, "officer2", id, json!({"action": "choose", "solution_id": second, "reason": " "})).await
            ),
            [("reason".to_owned(), "required")]
        );
        done(solve(&house, "officer2", id, choose(first)).await);
        done(solve(&house, "officer2", id, choose(second)).await);
        let both = [("南门增设货车通道".to_owned(), "chosen"), ("夜间错峰进厂".to_owned(), "proposed")];
        assert_eq!(standing(&house, "officer2", id).await, both, "one at a time");
        done(
            solve(&house, "officer2", id, json!({"action": "drop", "solution_id": first, "reason": "夜间装卸扰民"}))
                .await,
        );

        let keep = |measures: &str| json!({"action": "keep", "solution_id": second, "method": "增设货车通道", "measures": measures});
        assert_eq!(
            code(solve(&house, "officer2", id, keep("设通道")).await),
            "solution_state",
            "not before it is solved"
        );
        closed(&house, id, json!({"action": "close", "production_continued": "no", "stopped_hours": 36})).await;
        let view = desk::view(&house.app, &house.who("enterprise").await, id).await.unwrap();
        assert_eq!((view.production_continued, view.stopped_hours), (Some(WentOn::No), Some(36)));

        let names = keep("为历下测试机电有限公司拆隔离墩");
        assert_eq!(wrong(solve(&house, "officer2", id, names).await), [("measures".to_owned(), "names_somebody")]);
        let number = keep("联系 138 0000 0000");
        assert_eq!(wrong(solve(&house, "officer2", id, number).await), [("measures".to_owned(), "holds_number")]);
        let waiting = solution::desk::to_keep(&house.app, &house.who("dispatcher").await).await.unwrap();
        assert_eq!(waiting.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [id]);
        done(solve(&house, "officer2", id, keep("拆除隔离墩，设货车专用通道")).await);
        assert_eq!(code(solve(&house, "officer2", id, keep("再来一次")).await), "solution_kept");
        assert!(solution::desk::to_keep(&house.app, &house.who("dispatcher").await).await.unwrap().is_empty());

        // The next appeal of the category is offered it, and adopts it with one click.
        let next = signed(&house).await;
        let sight = solution::desk::of_appeal(&house.app, &house.who("officer2").await, next).await.unwrap();
        let [offered] = &sight.offered[..] else { panic!("one is offered") };
        assert_eq!((offered.method.as_str(), offered.used, offered.solved), ("增设货车通道", 1, 1));
        let adopt = json!({"action": "adopt", "remedy_id": offered.id});
        let adopted = solve(&house, "officer2", next, adopt.clone()).await.unwrap();
        assert_eq!(code(solve(&house, "officer2", next, adopt).await), "solution_adopted");
        done(solve(&house, "officer2", next, choose(adopted)).await);
        let library = house.call("officer2", "GET", "/api/v1/solutions", Json::Null).await.expect(200).json();
        let entry = &library["items"][0];
        assert_eq!([&entry["used"], &entry["solved"], &entry["at_work"]], [&json!(2), &json!(1), &json!(1)]);
        // Every number opens its list.
        for (ended, n) in [("", 2), ("&ended=solved", 1), ("&ended=at_work", 1), ("&ended=unsolved", 0)] {
            let path = format!("/appeals?view=all&remedy={}{ended}", entry["id"].as_str().unwrap());
            let page = house.page("officer2", &path).await.expect(200).text();
            assert_eq!(page.matches("<th scope=\"row\"").count(), n, "{ended}");
        }
        let went = house.call("dispatcher", "GET", "/api/v1/solutions/production", Json::Null).await.expect(200).json();
        assert_eq!(went["items"], json!([{"production_continued": "no", "count": 1}]));
    }
}

#[tokio::test]
async fn solutions_are_for_those_who_may_see_the_appeal() {
    for house in House::both().await {
        let id = raise(&house).await;
        let path = format!("/api/v1/appeals/{id}/solutions");
        house.call("enterprise", "POST", &path, night()).await.expect(403);
        for stranger in ["enterprise2", "officer@zone2"] {
            house.call(stranger, "GET", &path, Json::Null).await.expect(404);
            house.call(stranger, "POST", &path, night()).await.expect(404);
        }
        house.call("sysadmin", "GET", &path, Json::Null).await.expect(403);
        let made = house.call("dispatcher", "POST", &path, night()).await.expect(200).json();
        // A stale form is refused, and what was typed twice is said.
        let choose = json!({"action": "choose", "solution_id": made["id"], "reason": "快"});
        house.call_with("dispatcher", "POST", &path, choose.clone(), &[("If-Match", "\"v9\"")]).await.expect(412);
        house.call("dispatcher", "POST", &path, choose).await.expect(200);
        house
            .call(
                "dispatcher",
                "POST",
                &path,
                json!({"action": "propose", "method": "", "measures": "x", "bearer": "office"}),
            )
            .await
            .expect(422);
        // The same post twice is one proposal.
        let twice = [("Idempotency-Key", "one-and-the-same")];
        for _ in 0..2 {
            house.call_with("dispatcher", "POST", &path, gate(), &twice).await.expect(200);
        }
        assert_eq!(standing(&house, "dispatcher", id).await.len(), 2);
    }
}

#[tokio::test]
async fn the_page_of_an_appeal_takes_solutions_and_keeps_what_was_typed() {
    for house in House::both().await {
        let id = signed(&house).await;
        let path = format!("/appeals/{id}/solutions");
        let half = [("action", "propose"), ("method", "夜间错峰进厂"), ("measures", ""), ("bearer", "")];
        let page = house.post("officer2", &path, &half).await.expect(422).text();
        assert!(page.contains("value=\"夜间错峰进厂\""), "what was typed is kept");
        let whole = [("action", "propose"), ("method", "夜间错峰进厂"), ("measures", "开东门"), ("bearer", "office")];
        house.post("officer2", &path, &whole).await.expect(303);
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(page.contains("夜间错峰进厂") && page.contains("id=\"solutions\""));
        assert!(!house.page("enterprise", &format!("/appeals/{id}")).await.expect(200).text().contains("夜间错峰进厂"));
        for path in ["/solutions", "/solutions/export?format=csv"] {
            house.page("officer", path).await.expect(200);
            house.page("enterprise", path).await.expect(403);
        }
    }
}

#[tokio::test]
async fn closing_asks_whether_production_went_on() {
    for house in House::both().await {
        for (close, wrongs) in [
            (json!({"action": "close", "production_continued": "no"}), vec![("stopped_hours", "required")]),
            (
                json!({"action": "close", "production_continued": "yes", "stopped_hours": 3}),
                vec![("stopped_hours", "not_stopped")],
            ),
            (
                json!({"action": "close", "production_continued": "partly", "stopped_hours": 0}),
                vec![("stopped_hours", "range")],
            ),
        ] {
            let id = signed(&house).await;
            let answer =
                json!({"action": "answer", "result": "solved", "text": "已通车。", "production_continued": "yes"});
            done(act(&house, "officer2", id, answer).await);
            done(act(&house, "dispatcher", id, json!({"action": "review"})).await);
            done(act(&house, "enterprise", id, json!({"action": "confirm", "rating": 5})).await);
            let expected: Vec<_> = wrongs.into_iter().map(|(field, code)| (field.to_owned(), code)).collect();
            assert_eq!(wrong(act(&house, "dispatcher", id, close).await), expected);
            // Nothing said: what the answer said holds.
            done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
            let view = desk::view(&house.app, &house.who("dispatcher").await, id).await.unwrap();
            assert_eq!((view.production_continued, view.stopped_hours), (Some(WentOn::Yes), None));
        }
    }
}

/// Sets a checklist.
async fn list(house: &House, body: Json) {
    house.call("dispatcher", "POST", "/api/v1/checklists", body).await.expect(200);
}

#[tokio::test]
async fn a_checklist_guards_its_action_until_everything_is_ticked() {
    for house in House::both().await {
        house.clock.set(at(24, 9));
        let before = signed(&house).await;
        house.clock.set(at(24, 10));
        list(&house, json!({"category": "logistics", "action": "answer", "required": "已到现场\n已告知企业", "if_applicable": "已征求交警意见"})).await;
        list(&house, json!({"action": "close", "required": "回访已记录"})).await;
        list(&house, json!({"category": "finance", "action": "answer", "required": "已问银行"})).await;
        house.clock.set(at(24, 11));
        let id = signed(&house).await;
        let answer = json!({"action": "answer", "result": "solved", "text": "已通车。", "production_continued": "yes"});
        done(act(&house, "officer2", before, answer.clone()).await);

        let open = match act(&house, "officer2", id, answer.clone()).await {
            Err(Error::Invalid(errors)) => errors,
            other => panic!("not refused: {other:?}"),
        };
        let texts: Vec<&str> = open.iter().map(|error| error.args[0].1.as_str()).collect();
        assert_eq!(texts, ["已到现场", "已告知企业", "已征求交警意见"], "the list of what is open");
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(page.contains("核对清单还有未核对的事项：已到现场"), "the page says why not yet");

        let path = format!("/api/v1/appeals/{id}/checks");
        let tick = |item: i64, state: Json| json!({"list": "logistics.answer", "item": item, "state": state});
        house.call("officer2", "POST", &path, tick(0, json!("not_applicable"))).await.expect(422);
        house.call("officer2", "POST", &path, tick(7, json!("done"))).await.expect(422);
        house.call("officer", "POST", &path, tick(0, json!("done"))).await.expect(404);
        house.call("enterprise", "POST", &path, tick(0, json!("done"))).await.expect(403);
        for (item, state) in [(0, "done"), (1, "done"), (2, "not_applicable")] {
            house.call("officer2", "POST", &path, tick(item, json!(state))).await.expect(200);
        }
        house.call("officer2", "POST", &path, tick(1, Json::Null)).await.expect(200);
        assert_eq!(wrong(act(&house, "officer2", id, answer.clone()).await), [("checklist".to_owned(), "unchecked")]);
        let shown = house.call("officer2", "POST", &path, tick(1, json!("done"))).await.expect(200).json();
        assert_eq!(shown["checks"][1]["items"][0]["by"], json!(house.who("officer2").await.name), "who ticked is kept");

        // The list changes: what is at work keeps the one that it began with.
        house.clock.set(at(24, 12));
        list(&house, json!({"category": "logistics", "action": "answer", "required": "另有一项"})).await;
        done(act(&house, "officer2", id, answer.clone()).await);
        let later = signed(&house).await;
        assert_eq!(wrong(act(&house, "officer2", later, answer).await).len(), 1);
        assert_eq!(Need::ALL.len(), 2);

        house.call("officer2", "POST", "/api/v1/checklists", json!({"action": "answer"})).await.expect(403);
        house.call("dispatcher", "POST", "/api/v1/checklists", json!({"action": "sign"})).await.expect(422);
        house
            .call("dispatcher", "POST", "/api/v1/checklists", json!({"action": "answer", "category": "moon"}))
            .await
            .expect(422);
        let page = house.page("dispatcher", "/settings/checklists?category=logistics&action=answer").await.expect(200);
        assert!(page.text().contains("另有一项"));
    }
}

#[tokio::test]
async fn a_text_module_fills_the_field_of_an_action() {
    for house in House::both().await {
        let id = signed(&house).await;
        let zone = [
            ("heading", "已办结"),
            ("text", "{企业}：您反映的{编号}已由{经办}办结。"),
            ("action", "answer"),
            ("own", "false"),
        ];
        house.post("officer2", "/phrases", &zone).await.expect(403);
        house.post("dispatcher", "/phrases", &zone).await.expect(303);
        let own = [("heading", "别的"), ("text", "我自己的话"), ("own", "true")];
        house.post("officer2", "/phrases", &own).await.expect(303);
        let all = house.call("officer2", "GET", "/api/v1/phrases", Json::Null).await.expect(200).json();
        let ids: Vec<&str> = all["items"].as_array().unwrap().iter().map(|h| h["id"].as_str().unwrap()).collect();
        let others = house.call("officer", "GET", "/api/v1/phrases", Json::Null).await.expect(200).json();
        assert_eq!((ids.len(), others["items"].as_array().unwrap().len()), (2, 1), "one's own is nobody else's");

        let insert =
            [("action", "answer"), ("text", "先说一句"), ("phrase", ids[0]), ("insert", "true"), ("result", "solved")];
        let page = house.post("officer2", &format!("/appeals/{id}"), &insert).await.expect(200).text();
        let number = desk::view(&house.app, &house.who("officer2").await, id).await.unwrap().item.number;
        assert!(page.contains(&format!("先说一句\n测试机电：您反映的{number}已由")), "{page}");
        assert!(page.contains("value=\"solved\" selected"), "what was chosen is kept");

        // Only its owner or a keeper changes it; a stale form is refused.
        let change = json!({"heading": "已办结", "text": "{企业}已办结", "action": "answer", "category": null});
        let path = format!("/api/v1/phrases/{}", ids[0]);
        house.call("officer2", "PATCH", &path, change.clone()).await.expect(403);
        house.call_with("dispatcher", "PATCH", &path, change.clone(), &[("If-Match", "\"v7\"")]).await.expect(412);
        house.call("dispatcher", "PATCH", &path, change).await.expect(200);
        house
            .call("officer", "PATCH", &format!("/api/v1/phrases/{}", ids[1]), json!({"heading": "x", "text": "y"}))
            .await
            .expect(404);
        house.call("officer2", "POST", &format!("/api/v1/phrases/{}/retire", ids[1]), json!({})).await.expect(200);
        house.call("officer@zone2", "GET", "/api/v1/phrases", Json::Null).await.expect(200);
        house.page("enterprise", "/phrases").await.expect(403);
        house.page("sysadmin", "/phrases").await.expect(200);
    }
}

#[tokio::test]
async fn a_draft_has_no_checklist_and_no_solutions() {
    let house = House::sqlite().await;
    list(&house, json!({"action": "answer", "required": "已到现场"})).await;
    let new = buting::appeal::NewAppeal { draft: true, ..trucks() };
    let id = desk::open(&house.app, &house.who("enterprise").await, new).await.unwrap();
    let view = desk::view(&house.app, &house.who("enterprise").await, id).await.unwrap();
    assert!(view.checks.is_empty());
    let sight = solution::desk::of_appeal(&house.app, &house.who("enterprise").await, id).await.unwrap();
    assert!(sight.all.is_empty() && !sight.proposes);
}
