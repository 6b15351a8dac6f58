use super::desk::{self, Example, Preview, Proposal, Standing};
use super::{Deed, Figure, LADDER, MOST_RULES, MOST_RUNGS, ONE, PROFILE, Profile, RULES, Reach, Rule, Rung, shipped};
use crate::actor::Role;
use crate::appeal::{self, Channel, Kind};
use crate::clock::limit_words;
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html_with};
use crate::http::routes::{Access, Routes};
use crate::settings::Version;
use crate::settings::desk::{KEEPERS, READERS, versions};
use crate::settings::pages::{TABS, profile_names};
use almanac::{Limit, Point};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers) = (Access::only(READERS), Access::only(KEEPERS));
    routes
        .get("/settings/limits", readers, limits)
        .post("/settings/limits", keepers, limit)
        .post("/settings/limits/rules", keepers, set_rules)
        .get("/settings/ladder", readers, ladder)
        .post("/settings/ladder", keepers, set_ladder);
}

type Options = Vec<(String, String)>;
type Tabs = &'static [(&'static str, &'static str)];

fn bad(again: bool) -> StatusCode {
    if again { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
}

// ---- profiles ----

#[derive(Template)]
#[template(path = "appeal/limits.html")]
struct LimitsPage {
    s: Shell,
    tabs: Tabs,
    form: Form,
    rules_form: Form,
    all: Vec<Standing>,
    usual: String,
    rules: Vec<Rule>,
    categories: Options,
    profiles: Options,
    rows: Vec<RuleRow>,
    editing: Option<(String, Profile)>,
    preview: Option<Preview>,
    versions: Vec<Version>,
    can_keep: bool,
}

/// The names of the fields of a rule.
struct RuleRow {
    channel: String,
    kind: String,
    category: String,
    profile: String,
}

impl LimitsPage {
    fn limit(&self, limit: &Limit) -> String {
        limit_words(self.s.lang, limit)
    }

    fn opt(&self, limit: &Option<Limit>) -> String {
        limit.as_ref().map_or_else(|| self.s.t("dash").into_owned(), |limit| self.limit(limit))
    }

    /// Marks what the source leaves open, while the program's own version holds.
    fn mark(&self, one: &Standing, field: &str) -> &'static str {
        if one.version > 0 || one.shipped.given.iter().any(|given| given == field) { "" } else { "＊" }
    }

    fn roles(&self, roles: &[Role]) -> String {
        let names: Vec<_> = roles.iter().map(|role| self.s.word("role", role).into_owned()).collect();
        names.join(&self.s.t("comma"))
    }

    /// The limits of a grade, in words.
    fn grade(&self, grade: &super::Grade) -> String {
        let s = &self.s;
        let mut parts = Vec::new();
        for (kind, limit) in [("verify", grade.verify), ("answer", grade.answer), ("finish", grade.finish)] {
            if let Some(limit) = limit {
                parts.push(format!("{} {}", s.word("clock", kind), self.limit(&limit)));
            }
        }
        let how = if grade.is_chosen() { s.t("limit-grade-by-hand") } else { s.t("limit-grade-by-rule") };
        format!("{}{}{} {how}", s.word("limit-grade", &grade.key), s.t("colon"), parts.join(&s.t("comma")))
    }

    fn category(&self, key: &str) -> String {
        self.categories.iter().find(|(known, _)| known == key).map_or_else(|| key.to_owned(), |(_, name)| name.clone())
    }

    /// A rule in words: what it asks for.
    fn rule(&self, rule: &Rule) -> String {
        let s = &self.s;
        let mut parts = Vec::new();
        parts.extend(rule.channel.map(|channel| s.word("channel", channel).into_owned()));
        parts.extend(rule.kind.map(|kind| s.word("appeal-kind", kind).into_owned()));
        parts.extend(rule.category.as_ref().map(|category| self.category(category)));
        parts.join(" + ")
    }

    /// Who takes a profile, in words.
    fn users(&self, key: &str) -> Vec<String> {
        let of_rules = self.rules.iter().filter(|rule| rule.profile == *key).map(|rule| self.rule(rule));
        let usual = (self.usual == *key).then(|| self.s.t("limit-usual").into_owned());
        of_rules.chain(usual).collect()
    }

    fn figure_name(&self, name: &str) -> String {
        let word = |name: &str| match name {
            "longest" | "extensions" | "silence" | "reopen" | "approvers" => self.s.t(&format!("settings-{name}")),
            "ask_before" => self.s.t("limit-ask-before"),
            _ => self.s.word("clock", name),
        };
        match name.split_once('/') {
            Some((grade, name)) => {
                format!("{}{}{}", self.s.word("limit-grade", grade), self.s.t("colon"), word(name))
            }
            None => word(name).into_owned(),
        }
    }

    fn figure(&self, figure: &Figure) -> String {
        match figure {
            Figure::Limit(limit) => self.opt(limit),
            Figure::Number(n) => n.to_string(),
            Figure::Roles(roles) => self.roles(roles),
        }
    }

    fn moment(&self, at: &Option<crate::time::Time>) -> String {
        at.as_ref().map_or_else(|| self.s.t("due-standing-still").into_owned(), |at| self.s.datetime(at))
    }

    fn grade_field(&self, key: &str, field: &str) -> String {
        grade_field(key, field)
    }

    fn grade_label(&self, key: &str, field: &str) -> String {
        self.figure_name(&format!("{key}/{field}"))
    }
}

/// The name of a field of a grade's form.
fn grade_field(key: &str, field: &str) -> String {
    format!("grade-{key}-{field}")
}

/// What the page shows anew after a post.
#[derive(Default)]
struct Again {
    form: Option<Form>,
    rules: Option<Form>,
    preview: Option<Preview>,
    wrong: bool,
}

async fn limits_shown(cx: &Cx, again: Again) -> Result<Response> {
    let query = Form::parse(cx.request.query.as_bytes());
    let s = Shell::of(cx).await?;
    let zone = cx.who.zone_id;
    let mut tx = cx.read().await?;
    let all = desk::standing(&mut tx, &cx.who, cx.now()).await?;
    let rules = desk::rules(&mut tx, zone).await?;
    let settings = crate::zone::Zone::get(&mut tx, zone).await?.settings;
    let categories = appeal::desk::categories(&mut tx, zone).await?;
    let asked = again.form.as_ref().map(|form| form.text("key")).or_else(|| query.opt_text("key"));
    let editing = asked.and_then(|key| all.iter().find(|one| one.shipped.key == key));
    let editing = editing.map(|one| (one.shipped.key.clone(), one.profile.clone()));
    let versions = match &editing {
        Some((key, _)) => versions(&mut tx, zone, PROFILE, key).await?,
        None => versions(&mut tx, zone, RULES, ONE).await?,
    };
    drop(tx);
    let form = again.form.unwrap_or_else(|| match &editing {
        None => Form::default(),
        Some((key, profile)) => profile_form(key, profile),
    });
    let n = (rules.len() + 2).min(MOST_RULES);
    let rules_form = again.rules.unwrap_or_else(|| rules_form(&rules));
    let usual = settings["limit_profile"].as_str().filter(|key| shipped(key).is_some());
    let page = LimitsPage {
        tabs: TABS,
        form,
        rules_form,
        all,
        usual: usual.unwrap_or(super::SHANDONG_ENTERPRISE).to_owned(),
        rules,
        categories: categories
            .into_iter()
            .map(|c| {
                let name = c.name.clone().unwrap_or_else(|| s.word("category", &c.key).into_owned());
                (c.key, name)
            })
            .collect(),
        profiles: profile_names(&s),
        rows: (0..n)
            .map(|n| RuleRow {
                channel: format!("channel-{n}"),
                kind: format!("kind-{n}"),
                category: format!("category-{n}"),
                profile: format!("profile-{n}"),
            })
            .collect(),
        editing,
        preview: again.preview,
        versions,
        can_keep: cx.who.is(KEEPERS),
        s,
    };
    html_with(bad(again.wrong), &page)
}

fn profile_form(key: &str, profile: &Profile) -> Form {
    let days = |limit: &Option<Limit>| limit.as_ref().map(|limit| limit.n.to_string()).unwrap_or_default();
    let mut values = vec![
        ("key".to_owned(), key.to_owned()),
        ("dispatch".to_owned(), days(&profile.dispatch)),
        ("verify".to_owned(), days(&profile.verify)),
        ("answer".to_owned(), days(&profile.answer)),
        ("finish".to_owned(), profile.finish.n.to_string()),
        ("longest".to_owned(), profile.longest.to_string()),
        ("extensions".to_owned(), profile.extensions.to_string()),
        ("ask_before".to_owned(), profile.ask_before.to_string()),
        ("sign".to_owned(), days(&profile.sign)),
        ("objection".to_owned(), profile.objection.n.to_string()),
        ("assist".to_owned(), profile.assist.n.to_string()),
        ("silence".to_owned(), profile.silence.to_string()),
        ("reopen".to_owned(), profile.reopen.to_string()),
    ];
    values.extend(profile.approvers.iter().map(|role| ("approvers".to_owned(), role.word().to_owned())));
    for grade in &profile.grades {
        for (field, limit) in [("verify", grade.verify), ("answer", grade.answer), ("finish", grade.finish)] {
            values.extend(limit.map(|limit| (grade_field(&grade.key, field), limit.n.to_string())));
        }
        values.extend(grade.longest.map(|n| (grade_field(&grade.key, "longest"), n.to_string())));
    }
    Form::of_pairs(values)
}

/// Reads what is typed over the profile in force, so that what the form does
/// not show stays as it is. Units stay too: a form sets numbers.
fn read_profile(form: &mut Form, old: Profile) -> Profile {
    let mut number = |name: &str, max: i64| -> Option<u32> {
        let n = form.number(name)?;
        if !(0..=max).contains(&n) {
            form.add(FieldError::new(name, "range").with("min", 0).with("max", max));
        }
        u32::try_from(n).ok()
    };
    let mut new = old.clone();
    let opt = |old: Option<Limit>, n: Option<u32>| n.map(|n| Limit { n, ..old.unwrap_or(Limit::working_days(n)) });
    new.dispatch = opt(old.dispatch, number("dispatch", 250));
    new.verify = opt(old.verify, number("verify", 250));
    new.answer = opt(old.answer, number("answer", 250));
    new.sign = opt(old.sign, number("sign", 250));
    new.finish = Limit { n: number("finish", 250).unwrap_or(old.finish.n), ..old.finish };
    new.longest = number("longest", 500).unwrap_or(old.longest);
    new.extensions = number("extensions", 20).map_or(old.extensions, i64::from);
    new.ask_before = number("ask_before", 20).unwrap_or(old.ask_before);
    new.objection = Limit { n: number("objection", 250).unwrap_or(old.objection.n), ..old.objection };
    new.assist = Limit { n: number("assist", 250).unwrap_or(old.assist.n), ..old.assist };
    new.silence = number("silence", 250).unwrap_or(old.silence);
    new.reopen = number("reopen", 250).unwrap_or(old.reopen);
    for grade in &mut new.grades {
        let key = grade.key.clone();
        for (field, limit) in
            [("verify", &mut grade.verify), ("answer", &mut grade.answer), ("finish", &mut grade.finish)]
        {
            if let Some(limit) = limit {
                limit.n = number(&grade_field(&key, field), 250).unwrap_or(limit.n);
            }
        }
        if let Some(longest) = &mut grade.longest {
            *longest = number(&grade_field(&key, "longest"), 500).unwrap_or(*longest);
        }
    }
    new.approvers = form.all("approvers").iter().filter_map(|word| Role::parse(word)).collect();
    new
}

async fn limits(cx: Cx) -> PageResult {
    page::show(cx.lang, limits_shown(&cx, Again::default())).await
}

/// A change of a profile: looked at first, then confirmed as it was looked at.
async fn limit(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let key = form.text("key");
        if shipped(&key).is_none() {
            return Err(Error::NotFound);
        }
        let (_, old) = desk::profile_at(&mut cx.read().await?, cx.who.zone_id, &key, cx.now()).await?;
        let profile = read_profile(&mut form, old);
        let time_zone = Shell::of(&cx).await?.time_zone;
        let from = form.time("from", &time_zone);
        let proposal = Proposal { key, profile, from, retime: form.on("retime") };
        if form.failed() {
            return limits_shown(&cx, Again { form: Some(form), wrong: true, ..Again::default() }).await;
        }
        if form.is("step", "save") {
            let (reason, seen) = (form.text("reason"), form.text("seen"));
            match desk::set_profile(&cx.app, &cx.who, &proposal, &reason, &seen).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/settings/limits", "flash-settings-kept")),
                Err(error) => form.refused(error)?,
            }
        }
        let wrong = form.failed();
        let preview = match desk::preview(&cx.app, &cx.who, &proposal).await {
            Ok(preview) => Some(preview),
            // What stands in the way of looking ahead stands in the way of saving too.
            Err(error) => {
                if !wrong {
                    form.refused(error)?;
                }
                None
            }
        };
        let wrong = form.failed();
        limits_shown(&cx, Again { form: Some(form), preview, wrong, ..Again::default() }).await
    })
    .await
}

// ---- which appeals take which ----

fn rules_form(rules: &[Rule]) -> Form {
    let mut values = Vec::new();
    for (n, rule) in rules.iter().enumerate() {
        values.extend(rule.channel.map(|word| (format!("channel-{n}"), word.to_string())));
        values.extend(rule.kind.map(|word| (format!("kind-{n}"), word.to_string())));
        values.extend(rule.category.clone().map(|word| (format!("category-{n}"), word)));
        values.push((format!("profile-{n}"), rule.profile.clone()));
    }
    Form::of_pairs(values)
}

async fn set_rules(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let mut rules = Vec::new();
        for n in 0..MOST_RULES {
            // A line without a profile is taken back.
            let Some(profile) = form.opt_text(&format!("profile-{n}")) else { continue };
            rules.push(Rule {
                channel: form.word(&format!("channel-{n}"), Channel::parse),
                kind: form.word(&format!("kind-{n}"), Kind::parse),
                category: form.opt_text(&format!("category-{n}")),
                profile,
            });
        }
        if !form.failed() {
            match desk::set_rules(&cx.app, &cx.who, &rules).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/settings/limits", "flash-settings-kept")),
                Err(error) => form.refused(error)?,
            }
        }
        limits_shown(&cx, Again { rules: Some(form), wrong: true, ..Again::default() }).await
    })
    .await
}

// ---- the ladder ----

/// Where a rung stands, as the form says it.
const POINTS: &[&str] = &["before", "end", "after", "share"];

#[derive(Template)]
#[template(path = "appeal/ladder.html")]
struct LadderPage {
    s: Shell,
    tabs: Tabs,
    form: Form,
    ladder: Vec<Rung>,
    rows: Vec<RungRow>,
    reaches: Options,
    points: Options,
    example: Option<(Example, Vec<Rung>)>,
    versions: Vec<Version>,
    can_keep: bool,
}

/// The names of the fields of a rung.
struct RungRow {
    place: usize,
    key: String,
    point: String,
    n: String,
    deed: String,
    reaches: String,
}

impl LadderPage {
    fn at(&self, rung: &Rung) -> String {
        point_words(&self.s, rung.at)
    }

    fn reached(&self, rung: &Rung) -> String {
        let names: Vec<_> = rung.reaches.iter().map(|r| self.s.word("ladder-reach", r).into_owned()).collect();
        names.join(&self.s.t("comma"))
    }

    fn when(&self, example: &Example, n: &usize) -> String {
        let at = example.reached.get(*n).copied().flatten();
        at.map_or_else(|| self.s.t("dash").into_owned(), |at| self.s.datetime(&at))
    }
}

fn point_words(s: &Shell, point: Point) -> String {
    match point {
        Point::Days(0) => s.t("ladder-at-end").into_owned(),
        Point::Days(before @ ..0) => s.with("ladder-at-before", "n", before.saturating_neg()),
        Point::Days(after) => s.with("ladder-at-after", "n", after),
        Point::Share(percent) => s.with("ladder-at-share", "n", i64::from(percent)),
    }
}

fn ladder_form(ladder: &[Rung]) -> Form {
    let mut values = Vec::new();
    for (n, rung) in ladder.iter().enumerate() {
        let (point, number) = match rung.at {
            Point::Days(0) => ("end", String::new()),
            Point::Days(before @ ..0) => ("before", before.saturating_neg().to_string()),
            Point::Days(after) => ("after", after.to_string()),
            Point::Share(percent) => ("share", percent.to_string()),
        };
        values.push((format!("key-{n}"), rung.key.clone()));
        values.push((format!("point-{n}"), point.to_owned()));
        values.push((format!("n-{n}"), number));
        values.push((format!("deed-{n}"), rung.deed.to_string()));
        values.extend(rung.reaches.iter().map(|reach| (format!("reaches-{n}"), reach.to_string())));
    }
    values.push(("days".to_owned(), "15".to_owned()));
    Form::of_pairs(values)
}

/// Reads the rungs of the form; a line without a place is taken back.
fn read_ladder(form: &mut Form) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    for n in 0..MOST_RUNGS {
        let Some(point) = form.opt_text(&format!("point-{n}")) else { continue };
        let field = format!("n-{n}");
        let number = match point.as_str() {
            "end" => 0,
            _ => {
                let number = form.number(&field);
                form.need(&field, number)
            }
        };
        let wrong = |min: i64, max: i64| FieldError::new(field.clone(), "range").with("min", min).with("max", max);
        let at = match point.as_str() {
            "end" => Point::Days(0),
            "before" | "after" if !(1..=60).contains(&number) => {
                if !form.has_error(&field) {
                    form.add(wrong(1, 60));
                }
                continue;
            }
            "before" => Point::Days(-number),
            "after" => Point::Days(number),
            _ => match u8::try_from(number).ok().filter(|percent| (1..=99).contains(percent)) {
                Some(percent) if point == "share" => Point::Share(percent),
                _ => {
                    if !form.has_error(&field) {
                        form.add(wrong(1, 99));
                    }
                    continue;
                }
            },
        };
        let deed_field = format!("deed-{n}");
        let deed = form.word(&deed_field, Deed::parse);
        if deed.is_none() && !form.has_error(&deed_field) {
            form.add(FieldError::new(deed_field, "required"));
        }
        let reaches = form.all(&format!("reaches-{n}")).iter().filter_map(|word| Reach::parse(word)).collect();
        // A rung that is new has a name that no other ever had.
        let key = form.opt_text(&format!("key-{n}")).filter(|key| rungs.iter().all(|known| known.key != *key));
        let key = key.unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
        rungs.push(Rung { key, at, deed: deed.unwrap_or(Deed::Remind), reaches });
    }
    rungs
}

async fn ladder_shown(
    cx: &Cx,
    form: Option<Form>,
    example: Option<(Example, Vec<Rung>)>,
    wrong: bool,
) -> Result<Response> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let ladder = desk::ladder(&mut tx, cx.who.zone_id).await?;
    let versions = versions(&mut tx, cx.who.zone_id, LADDER, ONE).await?;
    drop(tx);
    let mut form = form.unwrap_or_else(|| ladder_form(&ladder));
    form.fill("start", s.field_time(&s.now));
    let n = (ladder.len() + 3).min(MOST_RUNGS);
    let row = |n: usize| RungRow {
        place: n + 1,
        key: format!("key-{n}"),
        point: format!("point-{n}"),
        n: format!("n-{n}"),
        deed: format!("deed-{n}"),
        reaches: format!("reaches-{n}"),
    };
    let words = |family: &str, all: Vec<String>| -> Options {
        all.into_iter().map(|word| (word.clone(), s.word(family, word).into_owned())).collect()
    };
    let page = LadderPage {
        tabs: TABS,
        form,
        ladder,
        rows: (0..n).map(row).collect(),
        reaches: words("ladder-reach", Reach::ALL.iter().map(ToString::to_string).collect()),
        points: words("ladder-point", POINTS.iter().map(ToString::to_string).collect()),
        example,
        versions,
        can_keep: cx.who.is(KEEPERS),
        s,
    };
    html_with(bad(wrong), &page)
}

async fn ladder(cx: Cx) -> PageResult {
    page::show(cx.lang, ladder_shown(&cx, None, None, false)).await
}

/// A change of the ladder: looked at with an example, or saved.
async fn set_ladder(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let rungs = read_ladder(&mut form);
        let time_zone = Shell::of(&cx).await?.time_zone;
        let start = form.time("start", &time_zone).unwrap_or(cx.now());
        let days = form.number("days").unwrap_or(15);
        if form.failed() {
            return ladder_shown(&cx, Some(form), None, true).await;
        }
        if form.is("step", "save") {
            match desk::set_ladder(&cx.app, &cx.who, &rungs, &form.text("reason")).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/settings/ladder", "flash-settings-kept")),
                Err(error) => form.refused(error)?,
            }
            return ladder_shown(&cx, Some(form), None, true).await;
        }
        match desk::preview_ladder(&cx.app, &cx.who, &rungs, start, days).await {
            Ok(example) => {
                // In the order in which they are reached.
                let mut pairs: Vec<_> = example.reached.iter().copied().zip(rungs).collect();
                pairs.sort_by_key(|(at, _)| *at);
                let (reached, rungs) = pairs.into_iter().unzip();
                ladder_shown(&cx, Some(form), Some((Example { reached, ..example }, rungs)), false).await
            }
            Err(error) => {
                form.refused(error)?;
                ladder_shown(&cx, Some(form), None, true).await
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::super::SHIPPED;
    use super::*;

    #[test]
    fn a_ladder_comes_back_from_its_form_as_it_was() {
        let mut ladder = super::super::shipped_ladder();
        ladder.push(Rung { key: "half".into(), at: Point::Share(50), deed: Deed::Remind, reaches: vec![Reach::Desk] });
        let mut form = ladder_form(&ladder);
        assert_eq!(read_ladder(&mut form), ladder);
        assert!(!form.failed());
    }

    #[test]
    fn what_does_not_read_is_said_of_its_field() {
        for (point, n, deed, field) in [
            ("before", "", "remind", Some("n-0")),
            ("before", "0", "remind", Some("n-0")),
            ("share", "100", "remind", Some("n-0")),
            ("sideways", "3", "remind", Some("n-0")),
            ("after", "3", "", Some("deed-0")),
            ("after", "3", "shout", Some("deed-0")),
            ("end", "", "urge", None),
            ("", "7", "urge", None),
        ] {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let mut form = Form::of_pairs([pair("point-0", point), pair("n-0", n), pair("deed-0", deed)]);
            read_ladder(&mut form);
            let wrong = form.faults().first().map(|fault| fault.field.clone());
            assert_eq!(wrong.as_deref(), field, "{point} {n} {deed}");
        }
    }

    #[test]
    fn every_profile_comes_back_from_its_form_as_it_was() {
        for one in SHIPPED.iter() {
            let mut form = profile_form(&one.key, &one.profile);
            assert_eq!(read_profile(&mut form, one.profile.clone()), one.profile, "{}", one.key);
            assert!(!form.failed());
        }
    }
}
