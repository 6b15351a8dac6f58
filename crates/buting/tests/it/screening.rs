//! Points, certificates, lists, tubes: who may do what, what is refused, who is told names.

use crate::cases::{at, code, done, wrong};
use crate::house::House;
use buting::error::{Error, Result};
use buting::screening::desk::{self, CandidateFilter};
use buting::screening::{
    NewCandidate, NewPoint, NewRoster, NewRound, NewSamples, NewTraining, PointAct, PointState, RoundAct, Standing,
    Taken, TrainingAct,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

async fn nominate(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewCandidate = serde_json::from_value(new).unwrap();
    desk::nominate(&house.app, &house.who(who).await, new).await
}

async fn ask(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewTraining = serde_json::from_value(new).unwrap();
    desk::ask(&house.app, &house.who(who).await, new).await
}

async fn train(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: TrainingAct = serde_json::from_value(act).unwrap();
    desk::act_training(&house.app, &house.who(who).await, id, act).await
}

async fn suggest(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewPoint = serde_json::from_value(new).unwrap();
    desk::suggest(&house.app, &house.who(who).await, new).await
}

async fn point(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: PointAct = serde_json::from_value(act).unwrap();
    desk::act_point(&house.app, &house.who(who).await, id, act).await
}

async fn begin(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewRound = serde_json::from_value(new).unwrap();
    desk::begin(&house.app, &house.who(who).await, new).await
}

async fn act(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: RoundAct = serde_json::from_value(act).unwrap();
    desk::act_round(&house.app, &house.who(who).await, id, act).await
}

async fn people(house: &House, who: &str, new: Json) -> Result<Taken> {
    let new: NewRoster = serde_json::from_value(new).unwrap();
    desk::add_people(&house.app, &house.who(who).await, &new).await
}

async fn fill(house: &House, who: &str, new: Json) -> Result<Taken> {
    let new: NewSamples = serde_json::from_value(new).unwrap();
    desk::fill(&house.app, &house.who(who).await, new).await
}

/// What is wrong with rows of which none was taken.
fn refused(result: Result<Taken>) -> Vec<(String, &'static str)> {
    wrong(result.map(|_| Uuid::nil()))
}

fn faults(taken: &Taken) -> Vec<(i64, &'static str)> {
    taken.faults.iter().map(|fault| (fault.row, fault.code)).collect()
}

async fn notices(house: &House, who: &str, kind: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let query = store::sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = $2", house.person(who), kind);
    tx.value(query).await.unwrap()
}

/// Somebody of the enterprise whose certificate holds for so many months from 24 November.
async fn sampler(house: &House, name: &str, no: &str, months: i64) -> Uuid {
    let new = json!({"name": name, "background": "nurse", "consent": true});
    let id = nominate(house, "enterprise", new).await.unwrap();
    let new = json!({"topic": "采样培训", "department_id": house.agency, "candidates": [id]});
    let training = ask(house, "dispatcher", new).await.unwrap();
    let plan = json!({"action": "plan", "held_at": at(24, 9), "place": "卫生院"});
    done(train(house, "agency", training, plan).await);
    let result = json!({"action": "result", "candidate_id": id, "attended": true, "passed": true, "certificate_no": no, "months": months});
    done(train(house, "agency", training, result).await);
    id
}

const EVIDENCE: [&str; 7] = ["register", "wait", "sample", "buffer", "support", "waste", "transport"];

/// An open point of the enterprise.
async fn opened(house: &House) -> Uuid {
    let new = json!({"name": "自建采样点", "place": "一号门", "people": 700, "teams": 1, "opens": "07:30", "closes": "11:30"});
    let id = suggest(house, "enterprise", new).await.unwrap();
    for kind in EVIDENCE {
        done(point(house, "enterprise", id, json!({"action": "show", "kind": kind, "text": "已布置"})).await);
    }
    done(point(house, "enterprise", id, json!({"action": "apply"})).await);
    done(point(house, "dispatcher", id, json!({"action": "approve"})).await);
    done(point(house, "enterprise", id, json!({"action": "open"})).await);
    id
}

async fn round(house: &House, kind: &str) -> Uuid {
    let new = json!({"kind": kind, "title": "第一轮", "ends_at": at(27, 18)});
    begin(house, "dispatcher", new).await.unwrap()
}

#[tokio::test]
async fn who_agreed_is_trained_and_gets_a_certificate() {
    for house in House::both().await {
        let new = json!({"name": "李女士", "background": "studied", "consent": false});
        assert_eq!(wrong(nominate(&house, "enterprise", new).await), [("consent".into(), "screening_consent")]);
        let new = |id: Uuid| json!({"id": id, "name": "李女士", "background": "studied", "consent": true});
        let one = Uuid::now_v7();
        assert_eq!(nominate(&house, "enterprise", new(one)).await.unwrap(), one);
        assert!(matches!(nominate(&house, "enterprise", new(one)).await, Err(Error::Replayed(id)) if id == one));
        let other =
            json!({"enterprise_id": house.other_enterprise, "name": "某", "background": "nurse", "consent": true});
        assert!(matches!(nominate(&house, "enterprise", other).await, Err(Error::NotFound)));

        let new = json!({"topic": "采样培训", "department_id": house.agency, "candidates": [one]});
        assert!(matches!(ask(&house, "enterprise", new.clone()).await, Err(Error::Forbidden)));
        let training = ask(&house, "dispatcher", new.clone()).await.unwrap();
        assert_eq!(notices(&house, "agency", "screening.training_asked").await, 1);
        let todo = desk::to_do(&house.app, &house.who("agency").await).await.unwrap();
        assert_eq!(todo.iter().map(|item| item.action).collect::<Vec<_>>(), ["todo-screening-training"]);
        assert_eq!(wrong(ask(&house, "dispatcher", new).await), [("candidates".into(), "screening_enrolled")]);
        let abroad = desk::training(&house.app, &house.who("leader@zone2").await, training).await;
        assert!(matches!(abroad, Err(Error::NotFound)));

        let result = json!({"action": "result", "candidate_id": one, "attended": true, "passed": true, "certificate_no": "PA-1"});
        let early = train(&house, "agency", training, result.clone()).await;
        assert_eq!(code(early), "screening_training_not_yet");
        done(
            train(&house, "agency", training, json!({"action": "plan", "held_at": at(24, 9), "place": "卫生院"})).await,
        );
        let absent = json!({"action": "result", "candidate_id": one, "attended": false, "passed": true, "certificate_no": "PA-1"});
        assert_eq!(wrong(train(&house, "agency", training, absent).await), [("passed".into(), "screening_absent")]);
        done(train(&house, "agency", training, result.clone()).await);
        assert_eq!(code(train(&house, "agency", training, result).await), "screening_result_given");

        let full = desk::training(&house.app, &house.who("enterprise").await, training).await.unwrap();
        let sampler = &full.candidates[0];
        let day = |text| buting::time::Day::read(text).unwrap();
        assert_eq!(sampler.valid_to, Some(day("2027-11-23")));
        assert_eq!(sampler.standing(day("2026-11-24")), Standing::Valid);
        assert!(matches!(
            desk::training(&house.app, &house.who("enterprise2").await, training).await,
            Err(Error::NotFound)
        ));
        let seen = |who: &'static str| {
            let house = &house;
            async move {
                let who = house.who(who).await;
                desk::candidates(&house.app, &who, &CandidateFilter::default(), None, 20).await.unwrap().items.len()
            }
        };
        assert_eq!((seen("enterprise").await, seen("agency").await, seen("enterprise2").await), (1, 1, 0));
    }
}

#[tokio::test]
async fn a_point_is_approved_on_evidence_and_falls_when_it_changes() {
    for house in House::both().await {
        let new = json!({"name": "采样点", "place": "", "people": 0, "teams": 1, "opens": "八点", "closes": "07:00"});
        let refused = wrong(suggest(&house, "enterprise", new).await);
        assert_eq!(
            refused,
            [("place".into(), "required"), ("people".into(), "screening_number"), ("opens".into(), "screening_clock")]
        );
        let new = json!({"name": "采样点", "place": "一号门", "people": 700, "teams": 1, "opens": "07:30", "closes": "11:30"});
        let id = suggest(&house, "enterprise", new).await.unwrap();
        assert!(matches!(point(&house, "enterprise2", id, json!({"action": "apply"})).await, Err(Error::NotFound)));
        done(point(&house, "enterprise", id, json!({"action": "apply"})).await);
        assert!(matches!(point(&house, "enterprise", id, json!({"action": "approve"})).await, Err(Error::Forbidden)));
        assert_eq!(code(point(&house, "dispatcher", id, json!({"action": "approve"})).await), "screening_evidence");
        for kind in EVIDENCE {
            done(point(&house, "enterprise", id, json!({"action": "show", "kind": kind, "text": "已布置"})).await);
        }
        done(point(&house, "dispatcher", id, json!({"action": "approve"})).await);
        assert_eq!(code(point(&house, "enterprise", id, json!({"action": "open"})).await), "screening_no_sampler");
        sampler(&house, "张护士", "PA-1", 12).await;
        done(point(&house, "enterprise", id, json!({"action": "open"})).await);
        assert_eq!(notices(&house, "enterprise", "screening.point_moved").await, 1, "one's own moves are no news");
        let full = desk::point(&house.app, &house.who("officer").await, id).await;
        assert!(matches!(full, Err(Error::NotFound)), "the officer does not reach this enterprise");
        let full = desk::point(&house.app, &house.who("dispatcher").await, id).await.unwrap();
        assert_eq!((full.capacity, full.needs.samplers, full.point.state), (300, 2, PointState::Open));

        let change = |place: &str| json!({"action": "change", "place": place, "people": 700, "teams": 1, "opens": "07:30", "closes": "11:30"});
        done(point(&house, "dispatcher", id, change("二号门")).await);
        let full = desk::point(&house.app, &house.who("dispatcher").await, id).await.unwrap();
        assert_eq!(full.point.state, PointState::Open, "what the committee changes stays approved");
        done(point(&house, "enterprise", id, change("三号门")).await);
        let full = desk::point(&house.app, &house.who("dispatcher").await, id).await.unwrap();
        assert_eq!((full.point.state, full.point.approved_at), (PointState::Applied, None));
    }
}

#[tokio::test]
async fn a_silent_point_is_warned_once_and_then_paused() {
    for house in House::both().await {
        sampler(&house, "张护士", "PA-1", 12).await;
        let id = opened(&house).await;
        let rule = || async { desk::silence(&house.app, house.zone).await.unwrap() };
        let state = || async { desk::point(&house.app, &house.rule(), id).await.unwrap().point.state };
        house.clock.set(at(26, 9));
        assert_eq!(rule().await, 0);
        house.clock.set(at(27, 9));
        assert_eq!((rule().await, rule().await), (1, 0));
        assert_eq!(notices(&house, "enterprise", "screening.point_silent").await, 1);
        done(point(&house, "enterprise", id, json!({"action": "report"})).await);
        house.clock.set(at(31, 9));
        assert_eq!((rule().await, state().await), (1, PointState::Open), "warned again after its word");
        house.clock.set(at(34, 9));
        assert_eq!((rule().await, state().await), (1, PointState::Paused));
        assert_eq!(rule().await, 0);
        assert!(matches!(point(&house, "enterprise", id, json!({"action": "resume"})).await, Err(Error::Forbidden)));
        done(point(&house, "dispatcher", id, json!({"action": "resume"})).await);
    }
}

#[tokio::test]
async fn good_rows_are_kept_and_nobody_stands_on_a_list_twice() {
    for house in House::both().await {
        let round = round(&house, "screening").await;
        let text = "姓名,工号,分包单位\n张立,A1,\n,A2,安装队\n王敏,A3,安装队\n";
        let taken = people(&house, "enterprise", json!({"round_id": round, "text": text})).await.unwrap();
        assert_eq!((taken.kept, faults(&taken)), (2, vec![(3, "no_name")]));
        assert_eq!(taken.faults[0].column, "A");
        let again = people(&house, "enterprise", json!({"round_id": round, "text": text})).await.unwrap();
        assert_eq!((again.kept, faults(&again)), (0, vec![(2, "known"), (3, "no_name"), (4, "known")]));
        let new = json!({"round_id": round, "enterprise_id": house.enterprise, "text": "赵六"});
        assert!(matches!(people(&house, "enterprise2", new).await, Err(Error::NotFound)));
        let empty = json!({"round_id": round, "text": "  "});
        assert_eq!(refused(people(&house, "enterprise", empty).await), [("text".into(), "screening_nobody")]);

        let full = desk::round(&house.app, &house.who("dispatcher").await, round).await.unwrap();
        let parts: Vec<_> = full.parts.iter().map(|part| (part.unit.as_deref(), part.people)).collect();
        assert_eq!(parts, [(None, 1), (Some("安装队"), 1)]);
        let other = desk::round(&house.app, &house.who("enterprise2").await, round).await.unwrap();
        assert_eq!((other.round.people, other.parts.len()), (0, 0), "nobody else's people are counted");

        // No name and no number stands anywhere in the clear.
        let mut tx = house.app.read().await.unwrap();
        let rows: Vec<(Vec<u8>, String)> = tx
            .list(store::sql!("SELECT sealed_name, name_digest FROM screening_person WHERE zone_id = $1", house.zone))
            .await
            .unwrap();
        let clear = |bytes: &[u8]| bytes.windows(6).any(|w| w == "张立".as_bytes());
        assert!(rows.len() == 2 && rows.iter().all(|(sealed, digest)| !clear(sealed) && !clear(digest.as_bytes())));
        let ledger: i64 = tx
            .value(store::sql!(
                "SELECT count(*) FROM ledger WHERE zone_id = $1 AND (after LIKE '%张立%' OR note LIKE '%张立%')",
                house.zone
            ))
            .await
            .unwrap();
        assert_eq!(ledger, 0);
    }
}

#[tokio::test]
async fn a_tube_is_filled_handed_over_and_answered() {
    for house in House::both().await {
        let valid = sampler(&house, "张护士", "PA-1", 12).await;
        let short = sampler(&house, "王护士", "PA-2", 1).await;
        let site = opened(&house).await;
        let round = round(&house, "screening").await;
        let text = "姓名,工号\n甲一,1\n乙二,2\n丙三,3\n丁四,4\n戊五,5\n己六,6\n庚七,7\n";
        people(&house, "enterprise", json!({"round_id": round, "text": text})).await.unwrap();
        let sample = |who: Uuid, code: &str, lines: &str| json!({"round_id": round, "point_id": site, "sampler_id": who, "pool_size": 5, "code": code, "lines": lines});

        // A certificate of a month has ended in January; an hour later the other still holds.
        let now = at(24, 10);
        house.clock.set(now.plus(60 * buting::time::DAY_MS));
        let expired = refused(fill(&house, "enterprise", sample(short, "G1", "1")).await);
        assert_eq!(expired, [("sampler_id".into(), "screening_expired")]);
        house.clock.set(now);
        let untrained = nominate(&house, "enterprise", json!({"name": "新人", "background": "other", "consent": true}))
            .await
            .unwrap();
        let untaught = refused(fill(&house, "enterprise", sample(untrained, "G1", "1")).await);
        assert_eq!(untaught, [("sampler_id".into(), "screening_untrained")]);
        assert_eq!(
            refused(fill(&house, "enterprise2", sample(valid, "G1", "1")).await),
            [("point_id".into(), "unknown")]
        );

        let taken = fill(&house, "enterprise", sample(valid, "G1", "1\n乙二\n1\n没有的人\n3\n4\n5\n6")).await.unwrap();
        assert_eq!((taken.kept, faults(&taken)), (5, vec![(3, "done"), (4, "not_on_list"), (8, "full")]));
        let full = desk::round(&house.app, &house.who("enterprise").await, round).await.unwrap();
        assert_eq!((full.tubes[0].filled, full.round.done, full.round.missing()), (5, 5, 2));
        assert_eq!((full.on_site, full.days.len(), full.days[0].share.of), (5, 1, 7));

        done(act(&house, "enterprise", round, json!({"action": "hand_over", "code": "G1", "to": "实验室"})).await);
        let closed = fill(&house, "enterprise", sample(valid, "G1", "6")).await.unwrap();
        assert_eq!(faults(&closed), [(1, "tube_closed")]);
        assert!(matches!(
            act(&house, "enterprise", round, json!({"action": "result", "code": "G1", "result": "negative"})).await,
            Err(Error::Forbidden)
        ));
        done(act(&house, "dispatcher", round, json!({"action": "result", "code": "G1", "result": "positive"})).await);
        assert_eq!(
            code(
                act(&house, "dispatcher", round, json!({"action": "result", "code": "G1", "result": "negative"})).await
            ),
            "screening_tube_state"
        );
        assert_eq!(notices(&house, "enterprise", "screening.recheck").await, 1);

        // Each of them is called for a tube of his own.
        let missing = desk::missing(&house.app, &house.who("enterprise").await, round).await.unwrap();
        assert_eq!(missing.iter().filter(|one| one.recheck).count(), 5);
        assert_eq!(missing.len(), 7);
        assert!(desk::missing(&house.app, &house.who("dispatcher").await, round).await.unwrap().is_empty());
        let mixed = fill(&house, "enterprise", sample(valid, "G2", "6\n1")).await.unwrap();
        assert_eq!(faults(&mixed), [(2, "needs_single")]);
        let alone = fill(&house, "enterprise", sample(valid, "G3", "1")).await.unwrap();
        assert_eq!((alone.kept, alone.faults.len()), (1, 0));
        let twice = fill(&house, "enterprise", sample(valid, "G4", "1")).await.unwrap();
        assert_eq!(faults(&twice), [(1, "done")]);
        done(act(&house, "enterprise", round, json!({"action": "hand_over", "code": "G3", "to": "实验室"})).await);
        done(act(&house, "dispatcher", round, json!({"action": "result", "code": "G3", "result": "positive"})).await);

        let names = |who: &'static str, reason: &'static str| {
            let house = &house;
            async move { desk::names(&house.app, &house.who(who).await, round, house.enterprise, reason).await }
        };
        assert!(matches!(names("dispatcher", "核对").await, Err(Error::NotFound)));
        assert!(matches!(names("enterprise2", "核对").await, Err(Error::NotFound)));
        assert!(matches!(names("enterprise", " ").await, Err(Error::Invalid(_))));
        let all = names("enterprise", "安排单采").await.unwrap();
        let outcomes: Vec<_> = all.iter().map(|one| one.outcome.map(|o| o.word())).collect();
        assert_eq!(outcomes[..3], [Some("positive"), Some("recheck"), Some("recheck")]);
        let mut tx = house.app.read().await.unwrap();
        let looks: i64 = tx
            .value(store::sql!(
                "SELECT count(*) FROM ledger WHERE zone_id = $1 AND action = 'screening.names' AND note = '安排单采'",
                house.zone
            ))
            .await
            .unwrap();
        assert_eq!(looks, 1, "the look stands in the ledger with its reason");
        drop(tx);

        let close = json!({"action": "close"});
        assert_eq!(wrong(act(&house, "dispatcher", round, close).await), [("reason".into(), "screening_missing")]);
        done(act(&house, "dispatcher", round, json!({"action": "close", "reason": "出差"})).await);
        assert_eq!(
            code(fill(&house, "enterprise", sample(valid, "G9", "7")).await.map(|_| Uuid::nil())),
            "screening_round_closed"
        );
    }
}

#[tokio::test]
async fn whoever_fills_one_tube_at_the_same_time_never_overfills_it() {
    for house in House::both().await {
        let valid = sampler(&house, "张护士", "PA-1", 12).await;
        let site = opened(&house).await;
        let round = round(&house, "screening").await;
        let text: String = (0..12).map(|n| format!("人员{n}甲,N{n}\n")).collect();
        people(&house, "enterprise", json!({"round_id": round, "text": format!("姓名,工号\n{text}")})).await.unwrap();
        let sample = |n: usize| json!({"round_id": round, "point_id": site, "sampler_id": valid, "pool_size": 5, "code": "G1", "lines": format!("N{n}")});
        fill(&house, "enterprise", sample(0)).await.unwrap();
        let all = (1..12).map(|n| fill(&house, "enterprise", sample(n)));
        let kept: i64 = futures(all).await.into_iter().filter_map(Result::ok).map(|taken| taken.kept).sum();
        assert_eq!(kept, 4);
        let full = desk::round(&house.app, &house.who("enterprise").await, round).await.unwrap();
        assert_eq!((full.tubes.len(), full.tubes[0].filled, full.round.done), (1, 5, 5));
    }
}

/// All of them at once.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut out: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, out) in all.iter_mut().zip(&mut out) {
            if out.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(cx)
            {
                *out = Some(done);
            }
        }
        if out.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    out.into_iter().flatten().collect()
}

#[tokio::test]
async fn the_same_list_serves_what_needs_no_tube() {
    for house in House::both().await {
        let round = round(&house, "safety_training").await;
        people(
            &house,
            "enterprise",
            json!({"round_id": round, "text": "姓名,工号,免检原因\n甲一,1,\n乙二,2,\n丙三,3,产假\n甲一,4,\n"}),
        )
        .await
        .unwrap();
        assert_eq!(notices(&house, "enterprise", "screening.recheck").await, 0);
        let book = json!({"action": "book", "first_at": at(25, 8), "minutes": 30, "teams": 1});
        done(act(&house, "enterprise", round, book).await);
        let taken =
            fill(&house, "enterprise", json!({"round_id": round, "lines": "1\n乙二\n丙三\n甲一\n2"})).await.unwrap();
        assert_eq!((taken.kept, faults(&taken)), (2, vec![(3, "exempt"), (4, "several"), (5, "done")]));
        let full = desk::round(&house.app, &house.who("dispatcher").await, round).await.unwrap();
        assert_eq!((full.round.share().done, full.round.share().of, full.round.missing()), (2, 3, 1));
        let todo = desk::to_do(&house.app, &house.who("enterprise").await).await.unwrap();
        assert_eq!(todo.iter().map(|item| item.action).collect::<Vec<_>>(), ["todo-screening-missing"]);
        let exempt = json!({"action": "exempt", "person": "4", "reason": "出国"});
        done(act(&house, "enterprise", round, exempt.clone()).await);
        assert_eq!(wrong(act(&house, "enterprise", round, exempt).await), [("person".into(), "screening_done")]);
        done(act(&house, "dispatcher", round, json!({"action": "close"})).await);
    }
}

#[tokio::test]
async fn pages_and_api_go_the_same_way() {
    let house = House::sqlite().await;
    let new = json!({"kind": "health_check", "title": "体检", "ends_at": at(27, 18)});
    let made = house.call("dispatcher", "POST", "/api/v1/screening/rounds", new).await.expect(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    let text = "姓名,工号\n甲一,1\n,2\n";
    let posted = house
        .upload("enterprise", &format!("/screening/rounds/{id}/people"), &[("text", text)], &[])
        .await
        .expect(200)
        .text();
    assert!(posted.contains("第 3 行 A 列") && posted.contains("没有姓名"), "{posted}");
    let page = house.page("enterprise", &format!("/screening/rounds/{id}")).await.expect(200).text();
    assert!(page.contains("甲一"), "its own missing people are named");
    let page = house.page("dispatcher", &format!("/screening/rounds/{id}")).await.expect(200).text();
    assert!(!page.contains("甲一") && page.contains("未检 1 人"), "others see counts");
    let own = house.page("enterprise", "/").await.expect(200).text();
    assert!(own.contains("体检") && own.contains("甲一"));
    let names = house
        .post(
            "enterprise",
            &format!("/screening/rounds/{id}/names"),
            &[("subject_id", &house.enterprise.to_string()), ("reason", "核对")],
        )
        .await
        .expect(200)
        .text();
    assert!(names.contains("甲一") && names.contains("核对"));
    let body = json!({"round_id": id, "lines": "1"});
    let taken = house.call("enterprise", "POST", "/api/v1/screening/samples", body).await.expect(200).json();
    assert_eq!(taken["kept"], 1);
    house.page("leader@zone2", &format!("/screening/rounds/{id}")).await.expect(404);
}
