//! Orders of outer platforms: taken in once, known again by their number, answered back.

use crate::house::House;
use buting::appeal::{Channel, desk as appeals};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const ORDERS: &str = "/api/v1/outer_orders";

fn order(number: &str, subject: &str) -> Json {
    json!({
        "outer_number": number, "body": "园区停电两小时。请协调供电。", "subject": subject, "category": "用电",
        "caller": "赵某某", "caller_phone": "13900000001", "due_on": "2026-12-01",
    })
}

async fn take(house: &House, orders: Json) -> Json {
    let body = json!({"channel": "hotline12345", "orders": orders});
    house.call("dispatcher", "POST", ORDERS, body).await.expect(200).json()["items"].clone()
}

fn id_of(told: &Json) -> Uuid {
    let known = told["outcome"]["taken"].as_object().or(told["outcome"]["known"].as_object()).expect("an appeal");
    known["id"].as_str().unwrap().parse().unwrap()
}

async fn numbers(house: &House, stage: &str) -> Vec<String> {
    let page = house.call("dispatcher", "GET", &format!("{ORDERS}?stage={stage}"), Json::Null).await.expect(200).json();
    page["items"].as_array().unwrap().iter().map(|one| one["outer_number"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_order_is_taken_in_once_and_what_is_refused_keeps_no_other_out() {
    for house in House::both().await {
        let told = take(&house, json!([order("JN1", "测试机电"), order("JN2", "没有这家"), order("JN3", "")])).await;
        let id = id_of(&told[0]);
        assert_eq!(told[1]["errors"][0]["pointer"], "/orders/1/subject");
        assert_eq!(told[1]["errors"][0]["code"], "no_enterprise");
        assert_eq!(told[2]["errors"][0]["code"], "required");

        let seen = appeals::record(&house.app, &house.who("dispatcher").await, id).await.unwrap().appeal;
        assert_eq!((seen.channel, seen.outer_number.as_deref()), (Channel::Hotline12345, Some("JN1")));
        assert_eq!((seen.title.as_str(), seen.profile.as_str()), ("园区停电两小时", "jinan_12345"));
        assert_eq!(seen.enterprise_id, Some(house.enterprise));

        let again = take(&house, json!([order("JN1", "测试机电")])).await;
        assert!(again[0]["outcome"]["known"].is_object(), "{again}");
        assert_eq!(id_of(&again[0]), id);

        // By hand it is refused too, whoever writes it down.
        let by_hand = json!({
            "enterprise_id": house.enterprise, "title": "停电", "body": "停电", "category": "other",
            "channel": "hotline12345", "outer_number": "JN1",
        });
        let refused = house.call("officer", "POST", "/api/v1/appeals", by_hand).await.expect(422).json();
        assert_eq!(refused["errors"][0]["code"], "taken_in");
        house.call("officer", "POST", ORDERS, json!({"channel": "upper", "orders": []})).await.expect(403);
    }
}

#[tokio::test]
async fn two_who_take_the_same_order_at_once_make_one_appeal() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let one: buting::appeal::outer::Order = serde_json::from_value(order("JN7", "测试机电")).unwrap();
        let take = || buting::appeal::outer::desk::take(&house.app, &who, Channel::Hotline12345, &one);
        let (a, b) = tokio::join!(take(), take());
        assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
        for one in [a, b] {
            // Who comes second is told so, by what it is or by its number.
            let told = one.is_ok() || matches!(&one, Err(buting::error::Error::Invalid(e)) if e[0].code == "taken_in");
            assert!(told, "{one:?}");
        }
        assert_eq!(numbers(&house, "working").await, ["JN7"]);
    }
}

#[tokio::test]
async fn an_answer_goes_back_to_the_platform_once() {
    for house in House::both().await {
        let told = take(&house, json!([order("JN1", "测试机电"), order("JN2", "另一家")])).await;
        let (one, other) = (id_of(&told[0]), id_of(&told[1]));
        assert_eq!(numbers(&house, "working").await, ["JN1", "JN2"]);
        assert!(numbers(&house, "ready").await.is_empty());

        let act = json!({"action": "reject", "reason": "不属于企业诉求。", "right_channel": "请拨打供电服务热线"});
        house.call("dispatcher", "POST", &format!("/api/v1/appeals/{one}/actions"), act).await.expect(200);
        let page =
            house.call("dispatcher", "GET", &format!("{ORDERS}?stage=ready"), Json::Null).await.expect(200).json();
        assert_eq!(page["items"][0]["answer"], "不属于企业诉求。\n请拨打供电服务热线");
        let csv = house.page("dispatcher", "/appeals/outer/export?format=csv").await.expect(200).text();
        assert!(csv.contains("JN1") && csv.contains("请拨打供电服务热线") && !csv.contains("JN2"), "{csv}");

        let both = json!({"items": [one, other]});
        let done =
            house.call("dispatcher", "POST", &format!("{ORDERS}/reported"), both.clone()).await.expect(200).json();
        assert_eq!(done["reported"], 1, "the other has no answer yet");
        assert!(numbers(&house, "ready").await.is_empty());
        assert_eq!(numbers(&house, "reported").await, ["JN1"]);
        let again = house.call("dispatcher", "POST", &format!("{ORDERS}/reported"), both).await.expect(200).json();
        assert_eq!(again["reported"], 0);
    }
}

#[tokio::test]
async fn who_called_is_masked_until_whom_the_case_is_with_asks() {
    let house = House::sqlite().await;
    let told = take(&house, json!([order("JN1", "测试机电")])).await;
    let path = format!("/appeals/{}", id_of(&told[0]));
    let masked = house.page("dispatcher", &path).await.expect(200).text();
    assert!(masked.contains("赵某某") && !masked.contains("13900000001"));
    assert!(house.page("dispatcher", &format!("{path}?caller=true")).await.expect(200).text().contains("13900000001"));
    assert!(!house.page("oversight", &format!("{path}?caller=true")).await.text().contains("13900000001"));
    assert!(!house.page("enterprise", &path).await.expect(200).text().contains("赵某某"));
    let traces: i64 = house
        .app
        .db
        .read()
        .await
        .unwrap()
        .value("SELECT count(*) FROM access_log WHERE kind = 'contact_show'")
        .await
        .unwrap();
    assert_eq!(traces, 1);
}

#[tokio::test]
async fn a_pasted_order_is_looked_at_before_it_is_kept() {
    let house = House::sqlite().await;
    let pasted = "工单编号：JN9\n企业名称：测试机\n诉求内容：夜间停水\n联系电话：13900000001";
    let form = [("channel", "hotline12345"), ("pasted", pasted)];
    let shown = house.upload("dispatcher", "/appeals/outer/read", &form, &[]).await.expect(200).text();
    assert!(shown.contains("测试机电设备有限公司"), "what may be meant is offered");
    assert!(numbers(&house, "working").await.is_empty(), "nothing is kept yet");

    let row = |subject| {
        [
            ("channel", "hotline12345"),
            ("take", "0"),
            ("outer_number", "JN9"),
            ("subject", subject),
            ("title", "夜间停水"),
            ("body", "夜间停水"),
            ("category", "other"),
            ("urgency", "normal"),
            ("due_on", ""),
            ("caller", ""),
            ("caller_phone", ""),
        ]
    };
    let back = house.post("dispatcher", "/appeals/outer/take", &row("测试机")).await.expect(422).text();
    assert!(back.contains("夜间停水") && back.contains("企业库中没有这家企业"), "typed words come back with why");
    house.post("dispatcher", "/appeals/outer/take", &row("测试机电设备有限公司")).await.expect(303);
    assert_eq!(numbers(&house, "working").await, ["JN9"]);

    let form = [("channel", "hotline12345"), ("pasted", "你好")];
    let none = house.upload("dispatcher", "/appeals/outer/read", &form, &[]).await.expect(422).text();
    assert!(none.contains("没有读到工单"));
}
