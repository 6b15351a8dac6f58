//! 时限: how much time there is for what, and who is told when it runs out. All of
//! it is data with a period of validity (`policy_data` of the kinds `limit_profile`,
//! `limit_rule` and `ladder`); what the program ships stands behind it as version 0.
//! An appeal keeps the version that was in force when it was registered.

pub mod desk;
mod pages;
mod store;

use super::{Channel, Kind, Urgency};
use crate::actor::{Role, Roles};
use crate::clock::ClockKind;
use crate::http::routes::Routes;
use crate::words;
use almanac::{Limit, Point};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::sync::LazyLock;

/// The kind of `policy_data` that holds profiles.
pub const PROFILE: &str = "limit_profile";
/// The kind that holds which appeals take which profile.
pub const RULES: &str = "limit_rule";
/// The kind that holds the escalation ladder.
pub const LADDER: &str = "ladder";
/// The key of what there is one of.
pub const ONE: &str = "appeal";

/// The profile of enterprises' appeals unless the zone says otherwise.
pub const SHANDONG_ENTERPRISE: &str = "shandong_enterprise";
/// The profile of what comes from the 12345 hotline.
pub const JINAN_12345: &str = "jinan_12345";

/// The limits of an appeal (manual 3.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Give it to a department, from registration.
    #[serde(default)]
    pub dispatch: Option<Limit>,
    /// Start verifying, from registration.
    pub verify: Option<Limit>,
    /// Answer the enterprise for the first time, from registration.
    pub answer: Option<Limit>,
    /// Solve it, or have the service confirmed, from registration.
    pub finish: Limit,
    /// With extensions, at most so many units in all.
    pub longest: u32,
    /// How often it may be extended.
    pub extensions: i64,
    /// Who grants an extension.
    pub approvers: Vec<Role>,
    /// An extension is asked for at least so many working days before the end.
    #[serde(default)]
    pub ask_before: u32,
    /// Sign, from dispatch.
    pub sign: Option<Limit>,
    /// Object, from dispatch.
    pub objection: Limit,
    /// Rule on an objection; nothing means the same day.
    pub ruling: Limit,
    /// Answer as an assisting department or partner, from dispatch.
    pub assist: Limit,
    /// Working days of silence after which a reviewed answer counts as accepted.
    pub silence: u32,
    /// Working days after closing in which it may be opened again.
    pub reopen: u32,
    /// Limits of some of the appeals, over those above.
    #[serde(default)]
    pub grades: Vec<Grade>,
}

/// Limits of some of the appeals of a profile. What a grade leaves out is the
/// profile's. One that names no kind, category or urgency is chosen by whoever
/// dispatches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grade {
    /// Its stable word.
    pub key: String,
    /// Of these kinds; any when empty.
    pub kinds: Vec<Kind>,
    /// Of these categories; any when empty.
    pub categories: Vec<String>,
    /// Of these urgencies; any when empty.
    pub urgencies: Vec<Urgency>,
    /// See [`Profile::verify`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Limit>,
    /// See [`Profile::answer`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Limit>,
    /// See [`Profile::finish`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<Limit>,
    /// See [`Profile::longest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<u32>,
}

/// What limits are chosen by.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The way it came.
    pub channel: Channel,
    /// Kind of matter.
    pub kind: Kind,
    /// Kind of difficulty.
    pub category: &'a str,
    /// Urgency.
    pub urgency: Urgency,
    /// The grade that somebody chose.
    pub grade: Option<&'a str>,
}

impl Grade {
    /// Whether somebody chooses it, and no rule.
    pub fn is_chosen(&self) -> bool {
        self.kinds.is_empty() && self.categories.is_empty() && self.urgencies.is_empty()
    }

    fn fits(&self, case: &Case<'_>) -> bool {
        if self.is_chosen() {
            return case.grade == Some(self.key.as_str());
        }
        (self.kinds.is_empty() || self.kinds.contains(&case.kind))
            && (self.categories.is_empty() || self.categories.iter().any(|category| category == case.category))
            && (self.urgencies.is_empty() || self.urgencies.contains(&case.urgency))
    }
}

impl Profile {
    /// What holds where neither law nor the zone says anything (contract).
    fn usual() -> Self {
        let days = Limit::working_days;
        Self {
            dispatch: None,
            verify: Some(days(1)),
            answer: Some(days(3)),
            finish: days(15),
            longest: 30,
            extensions: 2,
            approvers: vec![Role::Leader, Role::Oversight],
            ask_before: 0,
            sign: Some(days(1)),
            objection: days(1),
            ruling: days(0),
            assist: days(3),
            silence: 5,
            reopen: 10,
            grades: Vec::new(),
        }
    }

    /// Whether somebody with these roles may grant an extension.
    pub fn approves(&self, roles: Roles) -> bool {
        roles.meets(Roles::of(&self.approvers))
    }

    /// Days or other units that may still be granted.
    pub fn days_left(&self, extended: i64) -> i64 {
        i64::from(self.longest) - i64::from(self.finish.n) - extended
    }

    /// The limits of a case: those of the profile, and over them those of every
    /// grade that fits, in their order.
    pub fn of_case(mut self, case: &Case<'_>) -> Self {
        for grade in std::mem::take(&mut self.grades) {
            if grade.fits(case) {
                self.verify = grade.verify.or(self.verify);
                self.answer = grade.answer.or(self.answer);
                self.finish = grade.finish.unwrap_or(self.finish);
                self.longest = grade.longest.unwrap_or(self.longest);
            }
            self.grades.push(grade);
        }
        self
    }

    /// The grades that somebody chooses.
    pub fn choices(&self) -> impl Iterator<Item = &Grade> {
        self.grades.iter().filter(|grade| grade.is_chosen())
    }

    /// The limit of a clock, if the profile has one.
    pub fn limit_of(&self, kind: ClockKind) -> Option<Limit> {
        match kind {
            ClockKind::Dispatch => self.dispatch,
            ClockKind::Verify => self.verify,
            ClockKind::Answer => self.answer,
            ClockKind::Finish => Some(self.finish),
            ClockKind::Sign => self.sign,
            ClockKind::Objection => Some(self.objection),
            ClockKind::Ruling => Some(self.ruling),
            ClockKind::Assist => Some(self.assist),
            ClockKind::Review
            | ClockKind::Contact
            | ClockKind::Fix
            | ClockKind::Promise
            | ClockKind::Accept
            | ClockKind::Promised
            | ClockKind::Statutory
            | ClockKind::Deliver
            | ClockKind::Debt => None,
        }
    }
}

/// A profile of the program, and where it comes from.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// Its stable word.
    pub key: String,
    /// The law or rule that it follows.
    pub source: String,
    /// What that rule says; the rest is the program's own.
    pub given: Vec<String>,
    /// The limits.
    pub profile: Profile,
}

/// The profiles of manual 3.4 in their order. The file says only what each has of
/// its own; its limits are spelled `{"days": 5}` (working days), `{"hours": 24}`
/// (on the wall) and `{"months": 1}`.
pub static SHIPPED: LazyLock<Vec<Shipped>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Entry {
        key: String,
        source: String,
        given: Vec<String>,
        body: Map<String, Json>,
    }
    let entries: Vec<Entry> = serde_json::from_str(include_str!("profiles.json")).unwrap_or_default();
    let usual = serde_json::to_value(Profile::usual()).unwrap_or_default();
    let made = entries.into_iter().filter_map(|entry| {
        let mut body = usual.as_object().cloned().unwrap_or_default();
        body.extend(entry.body.into_iter().map(|(name, value)| (name, spelled_out(value))));
        let profile = serde_json::from_value(Json::Object(body)).ok()?;
        Some(Shipped { key: entry.key, source: entry.source, given: entry.given, profile })
    });
    made.collect()
});

fn spelled_out(value: Json) -> Json {
    let limit = |n: &Json, unit: &str, count: &str| json!({"n": n, "unit": unit, "count": count});
    match value {
        Json::Array(all) => all.into_iter().map(spelled_out).collect(),
        Json::Object(all) if all.len() == 1 => match all.iter().next() {
            Some((unit, n)) if unit == "days" => limit(n, "day", "working"),
            Some((unit, n)) if unit == "hours" => limit(n, "hour", "calendar"),
            Some((unit, n)) if unit == "months" => limit(n, "month", "calendar"),
            _ => Json::Object(all),
        },
        Json::Object(all) => Json::Object(all.into_iter().map(|(name, value)| (name, spelled_out(value))).collect()),
        other => other,
    }
}

/// A profile of the program, by name.
pub fn shipped(key: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|one| one.key == key)
}

// Which appeals take which

/// Which appeals take a profile. What it does not name is all the same to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Only what came this way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Only of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Only of this category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The profile that they take.
    pub profile: String,
}

impl Rule {
    fn fits(&self, case: &Case<'_>) -> bool {
        self.channel.is_none_or(|channel| channel == case.channel)
            && self.kind.is_none_or(|kind| kind == case.kind)
            && self.category.as_deref().is_none_or(|category| category == case.category)
    }
}

/// The rules of the program: what comes from the hotline has the hotline's limits.
pub fn shipped_rules() -> Vec<Rule> {
    vec![Rule { channel: Some(Channel::Hotline12345), profile: JINAN_12345.into(), ..Rule::default() }]
}

/// The profile of a case: that of the first rule that fits, otherwise the usual one.
pub fn choose<'a>(rules: &'a [Rule], usual: &'a str, case: &Case<'_>) -> &'a str {
    let rule = rules.iter().find(|rule| rule.fits(case) && shipped(&rule.profile).is_some());
    rule.map_or(usual, |rule| rule.profile.as_str())
}

// What is another

/// A figure of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure {
    /// A limit, or none.
    Limit(Option<Limit>),
    /// A number.
    Number(i64),
    /// Who.
    Roles(Vec<Role>),
}

/// The figures of a profile by their names; those of a grade as `<grade>/<name>`.
fn figures(profile: &Profile) -> Vec<(String, Figure)> {
    let limit = |name: &str, limit| (name.to_owned(), Figure::Limit(limit));
    let number = |name: &str, n: i64| (name.to_owned(), Figure::Number(n));
    let mut all = vec![
        limit("dispatch", profile.dispatch),
        limit("verify", profile.verify),
        limit("answer", profile.answer),
        limit("finish", Some(profile.finish)),
        number("longest", i64::from(profile.longest)),
        number("extensions", profile.extensions),
        ("approvers".to_owned(), Figure::Roles(profile.approvers.clone())),
        number("ask_before", i64::from(profile.ask_before)),
        limit("sign", profile.sign),
        limit("objection", Some(profile.objection)),
        limit("ruling", Some(profile.ruling)),
        limit("assist", Some(profile.assist)),
        number("silence", i64::from(profile.silence)),
        number("reopen", i64::from(profile.reopen)),
    ];
    for grade in &profile.grades {
        let name = |figure: &str| format!("{}/{figure}", grade.key);
        for (figure, own) in [("verify", grade.verify), ("answer", grade.answer), ("finish", grade.finish)] {
            all.extend(own.map(|own| (name(figure), Figure::Limit(Some(own)))));
        }
        all.extend(grade.longest.map(|n| (name("longest"), Figure::Number(i64::from(n)))));
    }
    all
}

/// What another profile says otherwise: the figure, before, after.
pub fn differences(before: &Profile, after: &Profile) -> Vec<(String, Figure, Figure)> {
    let old = figures(before);
    figures(after)
        .into_iter()
        .filter_map(|(name, new)| {
            let was = old.iter().find(|(known, _)| *known == name).map_or(Figure::Limit(None), |(_, was)| was.clone());
            (was != new).then_some((name, was, new))
        })
        .collect()
}

// The ladder

words! {
    /// What a rung does (manual 1.6).
    pub enum Deed {
        /// 提醒
        Remind = "remind",
        /// 催办
        Urge = "urge",
        /// 督办
        Supervise = "supervise",
    }
}

words! {
    /// Whom a rung reaches.
    pub enum Reach {
        /// 承办人；尚无承办人的，承办部门全体
        Handler = "handler",
        /// 承办部门负责人
        Chief = "chief",
        /// 总协调室
        Desk = "desk",
        /// 督查室
        Oversight = "oversight",
        /// 委领导
        Leader = "leader",
    }
}

/// A rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Its stable word: a deadline that has climbed it does not climb it again,
    /// wherever it is put later.
    pub key: String,
    /// Where it stands.
    pub at: Point,
    /// What it does.
    pub deed: Deed,
    /// Whom it reaches.
    pub reaches: Vec<Reach>,
}

impl Rung {
    /// As the engine takes it.
    pub fn rule(&self) -> almanac::Rule {
        almanac::Rule { key: self.key.clone(), at: self.at, action: self.deed.word().to_owned() }
    }
}

/// The ladder of the program (manual 1.6): a reminder one working day before the
/// end, a word to the chief and the coordination office after it, and to the
/// oversight office when three more days have gone.
pub fn shipped_ladder() -> Vec<Rung> {
    let rung = |key: &str, days, deed, reaches: &[Reach]| Rung {
        key: key.into(),
        at: Point::Days(days),
        deed,
        reaches: reaches.to_vec(),
    };
    vec![
        rung("near", -1, Deed::Remind, &[Reach::Handler]),
        rung("over", 0, Deed::Urge, &[Reach::Handler, Reach::Chief, Reach::Desk]),
        rung("long", 3, Deed::Supervise, &[Reach::Oversight, Reach::Leader]),
    ]
}

/// At most so many rungs.
pub const MOST_RUNGS: usize = 12;
/// At most so many rules.
pub const MOST_RULES: usize = 20;

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use almanac::{Calendar, Clock};

    fn profile(key: &str) -> Profile {
        shipped(key).unwrap_or_else(|| panic!("{key} is shipped")).profile.clone()
    }

    fn case(kind: Kind, category: &'static str, urgency: Urgency) -> Case<'static> {
        Case { channel: Channel::Web, kind, category, urgency, grade: None }
    }

    fn usual_case() -> Case<'static> {
        case(Kind::Help, "power_water_gas", Urgency::Normal)
    }

    fn end(limit: Limit, start: &str) -> String {
        let calendar = Calendar::built_in();
        let start = format!("{start}+08:00").parse().expect("a time");
        let due = almanac::due(&Clock::new(limit, start), &[], &calendar).due_at.expect("it runs");
        calendar.time_zone().to_datetime(due).strftime("%m-%d %H:%M").to_string()
    }

    #[test]
    fn the_twelve_profiles_are_there_with_their_sources() {
        let keys: Vec<&str> = SHIPPED.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "shandong_enterprise",
                "jinan_12345",
                "jinan_biz_env",
                "shandong_12345",
                "zaozhuang_enterprise",
                "shanghai_sme",
                "shenzhen_2020",
                "quanzhou_2022",
                "xuchang_2025",
                "xuchang_2011",
                "anyang_12345",
                "bureau_example"
            ]
        );
        let fields = serde_json::to_value(Profile::usual()).expect("json");
        for one in SHIPPED.iter() {
            assert!(!one.source.is_empty() && !one.given.is_empty(), "{}", one.key);
            for field in &one.given {
                assert!(fields.get(field).is_some(), "{} has no limit {field}", one.key);
            }
            for lang in [crate::text::Lang::Zh, crate::text::Lang::En] {
                assert!(lang.has(&format!("profile-{}", one.key)), "{}", one.key);
                for grade in &one.profile.grades {
                    assert!(lang.has(&format!("limit-grade-{}", grade.key)), "{}", grade.key);
                }
            }
        }
    }

    /// The table of manual 3.4, with when each limit ends for what is registered on
    /// Monday 2026-11-02 at 10:00.
    #[test]
    fn every_profile_has_the_figures_of_the_manual() {
        let (consult, help) = (Kind::Consult, Kind::Help);
        let of = |key: &str, kind, category, urgency, grade: Option<&'static str>| {
            profile(key).of_case(&Case { grade, ..case(kind, category, urgency) })
        };
        let plain = |key: &str| of(key, help, "power_water_gas", Urgency::Normal, None);
        let policy = of("shenzhen_2020", consult, "policy", Urgency::Normal, None);
        let complaint = of("bureau_example", Kind::Complaint, "approval", Urgency::Normal, None);
        let emergency = of("bureau_example", Kind::Complaint, "approval", Urgency::Critical, None);
        let graded = |key: &str, grade| of(key, help, "land", Urgency::Normal, Some(grade));
        for (what, limit, expected) in [
            ("shandong_enterprise, verify", plain("shandong_enterprise").verify, "11-03 17:30"),
            ("shandong_enterprise, answer", plain("shandong_enterprise").answer, "11-05 17:30"),
            ("shandong_enterprise, finish in 15", Some(plain("shandong_enterprise").finish), "11-23 17:30"),
            ("jinan_12345, finish in 5", Some(plain("jinan_12345").finish), "11-09 17:30"),
            ("jinan_biz_env, finish in 5", Some(plain("jinan_biz_env").finish), "11-09 17:30"),
            ("shandong_12345, return in 2", Some(plain("shandong_12345").objection), "11-04 17:30"),
            ("shandong_12345, finish in 5", Some(plain("shandong_12345").finish), "11-09 17:30"),
            ("zaozhuang_enterprise, verify", plain("zaozhuang_enterprise").verify, "11-03 17:30"),
            ("zaozhuang_enterprise, answer", plain("zaozhuang_enterprise").answer, "11-04 17:30"),
            ("zaozhuang_enterprise, finish in 10", Some(plain("zaozhuang_enterprise").finish), "11-16 17:30"),
            ("shanghai_sme, ordinary in 5", Some(plain("shanghai_sme").finish), "11-09 17:30"),
            ("shanghai_sme, difficult in 15", Some(graded("shanghai_sme", "difficult").finish), "11-23 17:30"),
            ("shenzhen_2020, a policy question in 24 hours on the wall", policy.answer, "11-03 10:00"),
            ("shenzhen_2020, everything else in 3", plain("shenzhen_2020").answer, "11-05 17:30"),
            ("quanzhou_2022, objection in 1", Some(plain("quanzhou_2022").objection), "11-03 17:30"),
            ("quanzhou_2022, ruling the same day", Some(plain("quanzhou_2022").ruling), "11-02 17:30"),
            ("quanzhou_2022, lead in 7", Some(plain("quanzhou_2022").finish), "11-11 17:30"),
            ("quanzhou_2022, assist in 3", Some(plain("quanzhou_2022").assist), "11-05 17:30"),
            ("xuchang_2025, C in 5", Some(plain("xuchang_2025").finish), "11-09 17:30"),
            ("xuchang_2025, B in 15", Some(graded("xuchang_2025", "cross_department").finish), "11-23 17:30"),
            ("xuchang_2025, A in a month", Some(graded("xuchang_2025", "historic").finish), "12-02 17:30"),
            ("xuchang_2011, dispatch in 3", plain("xuchang_2011").dispatch, "11-05 17:30"),
            ("xuchang_2011, finish in 15", Some(plain("xuchang_2011").finish), "11-23 17:30"),
            ("anyang_12345, finish in 5", Some(plain("anyang_12345").finish), "11-09 17:30"),
            ("bureau_example, help in 3", Some(plain("bureau_example").finish), "11-05 17:30"),
            ("bureau_example, a complaint in 13 from the day after", Some(complaint.finish), "11-19 17:30"),
            ("bureau_example, an emergency the same day", emergency.answer, "11-02 17:30"),
            ("bureau_example, an emergency that is a complaint", Some(emergency.finish), "11-19 17:30"),
        ] {
            let limit = limit.unwrap_or_else(|| panic!("{what}: there is no limit"));
            assert_eq!(end(limit, "2026-11-02T10:00"), expected, "{what}");
        }
        // In all, how often, who, and how long before the end it is asked for.
        let leader = vec![Role::Leader];
        for (key, longest, extensions, ask_before) in [
            ("shandong_enterprise", 30, 2, 0),
            ("jinan_12345", 5, 0, 0),
            ("jinan_biz_env", 15, 1, 0),
            ("shandong_12345", 15, 1, 0),
            ("zaozhuang_enterprise", 25, 2, 0),
            ("shanghai_sme", 5, 0, 0),
            ("quanzhou_2022", 14, 1, 1),
            ("xuchang_2025", 5, 0, 0),
            ("xuchang_2011", 30, 2, 0),
            ("anyang_12345", 10, 1, 0),
        ] {
            let profile = plain(key);
            assert_eq!(
                (profile.longest, profile.extensions, profile.ask_before),
                (longest, extensions, ask_before),
                "{key}"
            );
            assert!(profile.longest >= profile.finish.n, "{key}");
        }
        for head in ["jinan_biz_env", "anyang_12345"] {
            assert_eq!(profile(head).approvers, leader, "{head}: the head of the agency agrees");
        }
    }

    #[test]
    fn a_month_ends_on_its_day_or_on_the_last() {
        let month = Limit { n: 1, unit: almanac::Unit::Month, count: almanac::Count::Calendar };
        for (start, expected) in [
            ("2026-11-02T10:00", "12-02 17:30"),
            // The 30th of September has its day in October; it is a working Friday.
            ("2026-09-30T10:00", "10-30 17:30"),
            // January has no 31st to go to in February; the 28th is worked on a Saturday.
            ("2026-01-31T10:00", "02-28 17:30"),
            // The 1st of November is a Sunday.
            ("2026-10-01T10:00", "11-02 17:30"),
        ] {
            assert_eq!(end(month, start), expected, "{start}");
        }
    }

    #[test]
    fn the_default_limits_are_those_of_the_contract() {
        let profile = profile(SHANDONG_ENTERPRISE);
        let days = |limit: Option<Limit>| limit.map(|l| (l.n, l == Limit::working_days(l.n)));
        assert_eq!(days(profile.verify), Some((1, true)));
        assert_eq!(days(profile.answer), Some((3, true)));
        assert_eq!((profile.finish, profile.longest), (Limit::working_days(15), 30));
        assert_eq!(days(profile.sign), Some((1, true)));
        assert_eq!((profile.objection, profile.ruling), (Limit::working_days(1), Limit::working_days(0)));
        assert_eq!(profile.assist, Limit::working_days(3));
        assert_eq!((profile.days_left(0), profile.days_left(10), profile.days_left(15)), (15, 5, 0));
    }

    #[test]
    fn a_grade_that_is_chosen_waits_for_the_choice() {
        let profile = profile("shanghai_sme");
        assert_eq!(profile.choices().map(|grade| grade.key.as_str()).collect::<Vec<_>>(), ["difficult"]);
        assert_eq!(profile.clone().of_case(&usual_case()).finish.n, 5);
        let unknown = Case { grade: Some("no_such"), ..usual_case() };
        assert_eq!(profile.of_case(&unknown).finish.n, 5);
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let hotline = Case { channel: Channel::Hotline12345, ..usual_case() };
        let rules = shipped_rules();
        assert_eq!(choose(&rules, SHANDONG_ENTERPRISE, &hotline), JINAN_12345);
        assert_eq!(choose(&rules, "zaozhuang_enterprise", &usual_case()), "zaozhuang_enterprise");
        let rule = |kind, category: Option<&str>, profile: &str| Rule {
            kind,
            category: category.map(str::to_owned),
            profile: profile.into(),
            ..Rule::default()
        };
        let rules = [
            rule(Some(Kind::Consult), Some("policy"), "shenzhen_2020"),
            rule(Some(Kind::Consult), None, "bureau_example"),
            rule(None, Some("land"), "no_such_profile"),
        ];
        for (case, expected, why) in [
            (case(Kind::Consult, "policy", Urgency::Normal), "shenzhen_2020", "both fit, the first decides"),
            (case(Kind::Consult, "land", Urgency::Normal), "bureau_example", "the kind alone"),
            (case(Kind::Help, "policy", Urgency::Normal), SHANDONG_ENTERPRISE, "the kind does not fit"),
            (case(Kind::Help, "land", Urgency::Normal), SHANDONG_ENTERPRISE, "a profile that is gone decides nothing"),
        ] {
            assert_eq!(choose(&rules, SHANDONG_ENTERPRISE, &case), expected, "{why}");
        }
    }

    #[test]
    fn a_preview_names_what_is_another_and_nothing_else() {
        let before = profile("shanghai_sme");
        let mut after = before.clone();
        after.finish = Limit::working_days(7);
        after.approvers = vec![Role::Leader];
        after.grades[0].longest = Some(20);
        let names: Vec<String> = differences(&before, &after).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["finish", "approvers", "difficult/longest"]);
        assert!(differences(&before, &before).is_empty());
    }

    #[test]
    fn versions_that_were_stored_before_there_were_grades_still_read() {
        let old = json!({
            "verify": null, "answer": {"n": 3, "unit": "day", "count": "working"},
            "finish": {"n": 15, "unit": "day", "count": "working"}, "longest": 30, "extensions": 2,
            "approvers": ["leader"], "sign": null, "objection": {"n": 1, "unit": "day", "count": "working"},
            "ruling": {"n": 0, "unit": "day", "count": "working"},
            "assist": {"n": 3, "unit": "day", "count": "working"}, "silence": 5, "reopen": 10,
        });
        let profile: Profile = serde_json::from_value(old).expect("it reads");
        assert_eq!((profile.dispatch, profile.ask_before, profile.grades.len()), (None, 0, 0));
    }

    #[test]
    fn every_word_has_its_label() {
        for lang in [crate::text::Lang::Zh, crate::text::Lang::En] {
            for deed in Deed::ALL {
                assert!(lang.has(&format!("deed-{deed}")), "{deed}");
            }
            for reach in Reach::ALL {
                assert!(lang.has(&format!("ladder-reach-{reach}")), "{reach}");
            }
        }
    }
}
