//! What can be done with appeals. Each function is one transaction with one
//! entry in the ledger; the actions themselves stand in [`super::step`].

use super::act::Act;
use super::checklist::{self, CheckStanding};
use super::contact::{self, Contact, Told};
use super::limits::{self, Deed, Profile, Reach, Rung};
use super::policy::{self, Category};
use super::record::{Appeal, Count, FAR, HistoryView, Item, Line, OrderView, Spoken, View, WorkOrder};
use super::step::{self, Said, Seen, Step};
use super::{
    Action, Channel, Facts, Hat, Hats, Kind, MessageKind, NewAppeal, OrderKind, OrderStatus, Status, Turn, Urgency,
    outer, result, solution, store,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Once, Role, Roles, Scope, Via};
use crate::app::{App, Change, Subject, Work};
use crate::attachment::{self, Eyes, Owner, Purpose};
use crate::clock::{self, Clock, ClockKind, ClockMode, Explanation, HeldBar, Holder};
use crate::error::{Check, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::link::{self, Opens};
use crate::list::Walk;
use crate::organisation::post;
use crate::search;
use crate::subject::{SubjectKind, held};
use crate::time::{DAY_MS, Time};
use crate::todo::ToDo;
use crate::trace::{self, Trace};
use crate::zone::Zone;
use ::store::{Sql, Tx, sql};
use almanac::Calendar;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// Who writes appeals down.
pub const WRITERS: Roles = OFFICE.and(OUTSIDE);
/// The kind under which appeals are found by words.
const KIND: &str = "appeal";
/// Who keeps categories, limits and the calendar.
const KEEPERS: Roles = Roles::of(&[Role::Sysadmin, Role::Dispatcher]);

// ---- making ----

/// Writes an appeal down. It is registered at once, unless it is a draft.
pub async fn open(app: &App, who: &Actor, new: NewAppeal) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let id = open_in(&mut work, new).await?;
    work.commit(id).await
}

/// Writes an appeal down within a piece of work, such as the save of a visit.
pub async fn open_in(work: &mut Work, new: NewAppeal) -> Result<Uuid> {
    let who = work.who.clone();
    who.must(WRITERS)?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::appeal(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let (enterprise_id, project_id) = subject_of_new(&who, &new)?;
    let mut check = Check::new();
    let title = check.text("title", &new.title, 100);
    let body = check.text("body", &new.body, 5000);
    let outer_number = check.opt_text("outer_number", new.outer_number.as_deref(), 60);
    let category = new.category.trim().to_owned();
    let categories = store::categories(work, zone).await?;
    check.that(
        categories.iter().any(|c| c.key == category && !c.retired),
        "category",
        if category.is_empty() { "required" } else { "unknown" },
    );
    let about_office = matches!(new.kind, Kind::Complaint | Kind::Report);
    check.that(new.accused_department_id.is_none() || about_office, "accused_department_id", "only_complaints");
    if let Some(accused) = new.accused_department_id {
        check.that(store::department(work, zone, accused).await?.is_some(), "accused_department_id", "unknown");
    }
    let mut names = Vec::new();
    for (field, kind, subject) in
        [("enterprise_id", SubjectKind::Enterprise, enterprise_id), ("project_id", SubjectKind::Project, project_id)]
    {
        let Some(subject) = subject else { continue };
        match held(work, zone, kind, subject).await {
            Ok(found) => names.push(found.name),
            Err(Error::NotFound) => drop(check.add(FieldError::new(field, "unknown"))),
            Err(error) => return Err(error),
        }
    }
    if let (Scope::Enterprise(own), Some(project), false) = (&who.scope, project_id, who.is(OFFICE)) {
        // An enterprise speaks for its own projects.
        let owner = crate::project::desk::enterprise_of(work, zone, project).await?;
        check.that(owner == Some(*own), "project_id", "unknown");
    }
    check.that(enterprise_id.is_some() || project_id.is_some(), "enterprise_id", "required");
    if !who.is(OFFICE) && !who.is_rule() {
        // The channel decides on the limits, a disruption on the hours: neither is the writer's to choose.
        let own = matches!(new.channel, Channel::Web | Channel::Wechat | Channel::Phone | Channel::Email);
        check.that(own, "channel", "unknown");
        check.that(new.disruption_id.is_none(), "disruption_id", "unknown");
    }
    check.done()?;
    let mut clock_mode = ClockMode::Office;
    if let Some(disruption) = new.disruption_id {
        let found =
            crate::continuity::desk::open_disruption(work, zone, disruption).await.map_err(|error| match error {
                Error::NotFound => Error::field("disruption_id", "unknown"),
                other => other,
            })?;
        clock_mode = found.hours();
    }
    let of_zone = Zone::get(work, zone).await?;
    let now = work.now;
    // What is only written down chooses again when it is registered.
    let case =
        limits::Case { channel: new.channel, kind: new.kind, category: &category, urgency: new.urgency, grade: None };
    let (profile, profile_version) = limits::desk::choice(work, zone, &case, now).await?;
    let appeal = Appeal {
        zone_id: zone,
        id,
        number: work.next_number("SQ", &of_zone.day(now).compact()).await?,
        enterprise_id,
        project_id,
        title,
        body,
        kind: new.kind,
        category,
        urgency: new.urgency,
        channel: new.channel,
        outer_number,
        accused_department_id: new.accused_department_id,
        visit_id: new.visit_id,
        disruption_id: new.disruption_id,
        created_by: who.person_id,
        created_at: now,
        registered_at: None,
        profile,
        profile_version,
        clock_mode,
        ..blank(now)
    };
    store::insert(work, &appeal).await?;
    outer::desk::keep(work, &appeal, new.outer, now).await?;
    // The name of who complains about a department is no way to find the complaint.
    let names = names.iter().filter(|_| appeal.accused_department_id.is_none());
    let text = search_text([&appeal.number, &appeal.title, &appeal.body], appeal.outer_number.iter().chain(names));
    search::put(work, KIND, id, appeal.about(), now, &text).await?;
    let made = json!({
        "number": appeal.number, "title": appeal.title, "category": appeal.category, "urgency": appeal.urgency,
        "kind": appeal.kind, "channel": appeal.channel,
        "enterprise_id": appeal.enterprise_id, "project_id": appeal.project_id,
    });
    // What is registered in the same breath is on the timeline from its first step on.
    let subject = Subject { about: appeal.about().filter(|_| !new.draft), ..step::subject_of(&appeal) };
    work.log("appeal.create", subject, Change::made(made)).await?;
    if !new.draft {
        let seen = Seen { appeal, orders: Vec::new(), hats: Hats::of(&[Hat::Author]), masked: false };
        let mut step = Step::on(work, seen).await?;
        step.register(Turn::To(Status::Registered)).await?;
        step.finish().await?;
    }
    if let Some(form) = new.files {
        let to = attachment::desk::Bound {
            owner: Owner::Appeal,
            owner_id: id,
            purpose: Purpose::Report,
            message_id: None,
            work_order_id: None,
            own: is_outside(&who),
            subject,
        };
        attachment::desk::bind(work, form, &to).await?;
    }
    Ok(id)
}

/// What the search box finds an appeal by.
fn search_text<'a>(own: [&'a String; 3], more: impl Iterator<Item = &'a String>) -> String {
    own.into_iter().chain(more).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The words that appeals after `after` are found by, held until the end of the
/// transaction.
pub async fn texts(work: &mut Work, after: Uuid, limit: usize) -> Result<(&'static str, Vec<search::Text>)> {
    let zone = work.zone();
    let some = store::words(work, zone, after, limit).await?;
    Ok((KIND, some.iter().map(text_of).collect()))
}

fn text_of(one: &store::Words) -> search::Text {
    let names = one.enterprise_name.iter().chain(&one.project_name).filter(|_| one.accused_department_id.is_none());
    let more = one.answer.iter().chain(&one.outer_number).chain(names);
    let text = search_text([&one.number, &one.title, &one.body], more);
    let about = one.about_id.filter(|_| one.accused_department_id.is_none());
    search::Text { id: one.id, about, at: one.created_at, text }
}

/// Puts an appeal into the index again, after its answer went out.
pub(super) async fn index_again(work: &mut Work, id: Uuid) -> Result<()> {
    let zone = work.zone();
    match store::words_of(work, zone, id).await? {
        Some(words) => search::put_all(work, KIND, &[text_of(&words)]).await,
        None => Ok(()),
    }
}

/// What a new appeal has of its life: nothing yet.
fn blank(now: Time) -> Appeal {
    Appeal {
        zone_id: Uuid::nil(),
        id: Uuid::nil(),
        number: String::new(),
        enterprise_id: None,
        project_id: None,
        title: String::new(),
        body: String::new(),
        kind: Kind::Help,
        category: String::new(),
        urgency: Urgency::Normal,
        channel: Channel::Web,
        outer_number: None,
        accused_department_id: None,
        visit_id: None,
        disruption_id: None,
        created_by: None,
        created_at: now,
        registered_at: None,
        profile: String::new(),
        profile_version: 0,
        grade: None,
        clock_mode: ClockMode::Office,
        status: Status::Draft,
        open: false,
        back_to: None,
        lead_department_id: None,
        handler_id: None,
        holder: Holder::Enterprise,
        holder_id: None,
        due_at: None,
        due_key: FAR,
        objected_by: None,
        objection_final: false,
        extension_days: None,
        extension_by: None,
        extensions: 0,
        extended_days: 0,
        planned_for: None,
        suspend_until: None,
        merged_into: None,
        result: None,
        answer: None,
        production_continued: None,
        review_on: None,
        stopped_hours: None,
        remind_on: None,
        answered_by: None,
        answered_at: None,
        reviewed_by: None,
        reviewed_at: None,
        sent_back: 0,
        reopened: 0,
        confirmation: None,
        rating: None,
        rating_text: None,
        confirmed_by: None,
        confirmed_at: None,
        verdict: None,
        visited_by: None,
        visited_at: None,
        visited_level: None,
        link_serial: 1,
        closed_at: None,
        changed_at: now,
        version: 1,
    }
}

/// Whose a new appeal is: an enterprise's or owner's account speaks for itself
/// alone, the office for whom it names.
fn subject_of_new(who: &Actor, new: &NewAppeal) -> Result<(Option<Uuid>, Option<Uuid>)> {
    match who.scope {
        _ if who.is(OFFICE) => Ok((new.enterprise_id, new.project_id)),
        Scope::Enterprise(own) if new.enterprise_id.is_none_or(|id| id == own) => Ok((Some(own), new.project_id)),
        Scope::Project(own) if new.project_id.is_none_or(|id| id == own) && new.enterprise_id.is_none() => {
            Ok((None, Some(own)))
        }
        Scope::Project(own) if new.project_id.is_none_or(|id| id == own) => {
            Err(Error::field("enterprise_id", "unknown"))
        }
        Scope::Enterprise(_) => Err(Error::field("enterprise_id", "unknown")),
        Scope::Project(_) => Err(Error::field("project_id", "unknown")),
        _ => Err(Error::Forbidden),
    }
}

/// Whether somebody with these hats puts an appeal under another category: whose it is
/// and who sends it on its way, until a department has it.
pub fn recategorises(status: Status, hats: Hats) -> bool {
    matches!(status, Status::Draft | Status::Registered) && hats.any(&[Hat::Owner, Hat::Author, Hat::Desk])
}

/// Puts an appeal under another category. The limits that it began with stay.
pub async fn recategorise(app: &App, who: &Actor, id: Uuid, category: &str) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let seen = step::see(&mut work, who, id, true).await?;
    who.saw(seen.appeal.version)?;
    if !recategorises(seen.appeal.status, seen.hats) {
        return Err(Error::state("appeal_status"));
    }
    if store::categories(&mut work, zone).await?.iter().all(|one| one.key != category || one.retired) {
        return Err(Error::field("category", "unknown"));
    }
    let (subject, before) = (step::subject_of(&seen.appeal), seen.appeal.category.clone());
    if before != category {
        let appeal = Appeal { category: category.to_owned(), changed_at: work.now, ..seen.appeal };
        if !store::set_category(&mut work, &appeal).await? {
            return Err(Error::Conflict(crate::error::Conflict::Stale(appeal.version)));
        }
        let change = Change::from_to(json!({"category": before}), json!({"category": category}));
        work.log("appeal.recategorise", subject, change).await?;
    }
    work.commit(id).await
}

// ---- acting ----

/// Carries out an action.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: Act) -> Result<Uuid> {
    act_with(app, who, id, act, None).await
}

/// Carries out an action, and hands in the uploads that its form kept.
pub async fn act_with(app: &App, who: &Actor, id: Uuid, act: Act, form: Option<Uuid>) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let said = act_in(&mut work, id, act).await?;
    if let Some(form) = form {
        bind(&mut work, id, said, form).await?;
    }
    work.commit(id).await
}

/// The files of a form belong to what was said with it: evidence with an answer, what
/// is given along with a work order, and otherwise what goes to and fro. Without a word
/// to go with, they are the office's own or what the enterprise has to say.
async fn bind(work: &mut Work, id: Uuid, said: Option<Said>, form: Uuid) -> Result<()> {
    let zone = work.zone();
    let appeal = store::appeal(work, zone, id).await?.ok_or(Error::NotFound)?;
    let outside = is_outside(&work.who);
    let purpose = match said.map(|said| said.kind) {
        Some(MessageKind::Answer | MessageKind::OrderAnswer) => Purpose::Evidence,
        Some(MessageKind::Instruction) => Purpose::Order,
        Some(MessageKind::Note) => Purpose::Note,
        Some(MessageKind::Question | MessageKind::Reply | MessageKind::Told) => Purpose::Message,
        None if outside => Purpose::Message,
        None => Purpose::Note,
    };
    let to = attachment::desk::Bound {
        owner: Owner::Appeal,
        owner_id: id,
        purpose,
        message_id: said.map(|said| said.message_id),
        work_order_id: said.and_then(|said| said.work_order_id),
        own: outside && matches!(work.who.scope, Scope::Enterprise(_) | Scope::Project(_)),
        subject: step::subject_of(&appeal),
    };
    attachment::desk::bind(work, form, &to).await.map(drop)
}

/// What somebody is towards the files of an appeal, where the ledger writes of them,
/// and the answer that evidence belongs to which comes now.
pub async fn eyes(tx: &mut Tx, who: &Actor, id: Uuid, to_change: bool) -> Result<(Eyes, Subject, Option<Uuid>)> {
    let Seen { appeal, orders, hats, masked } = step::see(tx, who, id, to_change).await?;
    let messages = store::messages(tx, who.zone_id, id).await?;
    let live = |w: &&WorkOrder| w.status != OrderStatus::Cancelled;
    let own = orders.iter().filter(live).filter(|w| step::is_order_of(who, w));
    let eyes = Eyes {
        office: !is_outside(who),
        owner: hats.any(&[Hat::Owner, Hat::Author]),
        keeper: hats.has(Hat::Keeper),
        lead: hats.has(Hat::Lead),
        desk: hats.has(Hat::Desk),
        masked,
        orders: own.map(|w| (w.id, w.open && appeal.open)).collect(),
        open_orders: orders.iter().filter(|w| w.open && w.kind != OrderKind::Lead).map(|w| w.id).collect(),
        answer_out: appeal.answer_is_out(),
        inside: messages.iter().filter(|m| m.internal).map(|m| m.id).collect(),
        open: appeal.open || appeal.status == Status::Draft,
        answering: matches!(
            appeal.status,
            Status::Signed
                | Status::Working
                | Status::WaitingEnterprise
                | Status::WithPartner
                | Status::Planned
                | Status::LongTerm
                | Status::Answered
        ),
        me: who.poster(),
    };
    let answer = messages.iter().rfind(|m| m.kind == MessageKind::Answer && appeal.status == Status::Answered);
    Ok((eyes, step::subject_of(&appeal), answer.map(|m| m.id)))
}

/// Carries out an action within a piece of work. Answers what was said.
pub async fn act_in(work: &mut Work, id: Uuid, act: Act) -> Result<Option<Said>> {
    if let Act::Merge { into } = &act {
        // Both are held in the order of their keys: two merges that cross never wait for each other.
        let zone = work.zone();
        store::appeal_to_change(work, zone, id.min(*into)).await?;
    }
    let mut step = Step::begin(work, id).await?;
    step.take(act).await?;
    let said = step.finish().await?;
    if let Some(said) = said.filter(|said| said.kind == MessageKind::Answer) {
        attachment::desk::give_to_answer(work, id, said.message_id).await?;
    }
    Ok(said)
}

/// What a task of an appeal has to know of it.
pub struct Matter {
    /// Its number.
    pub number: String,
    /// Whether something is still to be done about it.
    pub open: bool,
    /// On whose timeline its tasks show; none for a complaint about a department.
    pub subject: Option<(SubjectKind, Uuid)>,
    /// The department complained about.
    pub accused: Option<Uuid>,
    /// Everybody of that department.
    pub recused: Vec<Uuid>,
    /// Whether the reader leads it, or is of the coordination office or supervises.
    pub leads: bool,
    /// The departments that assist.
    pub assisting: Vec<Uuid>,
}

/// The matter of an appeal, for somebody who may see it.
pub async fn matter(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Matter> {
    let Seen { appeal, orders, hats, .. } = step::see(tx, who, id, false).await?;
    let subject = match (appeal.enterprise_id, appeal.project_id) {
        _ if appeal.accused_department_id.is_some() => None,
        (Some(enterprise), _) => Some((SubjectKind::Enterprise, enterprise)),
        (None, project) => project.map(|project| (SubjectKind::Project, project)),
    };
    let recused = match appeal.accused_department_id {
        Some(accused) => store::everybody_of(tx, who.zone_id, accused).await?,
        None => Vec::new(),
    };
    let assists = |w: &&WorkOrder| w.kind == OrderKind::Assist && w.status != OrderStatus::Cancelled;
    Ok(Matter {
        open: appeal.open,
        subject,
        accused: appeal.accused_department_id,
        recused,
        leads: hats.any(&[Hat::Lead, Hat::Desk, Hat::Overseer]),
        assisting: orders.iter().filter(assists).map(|w| w.department_id).collect(),
        number: appeal.number,
    })
}

/// The people of a department who deal with its orders.
pub async fn officers_of(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Vec<Uuid>> {
    Ok(store::of_department(tx, zone, department).await?)
}

/// Adds a note that stays in the office, with the uploads that its form kept.
pub async fn note(app: &App, who: &Actor, id: Uuid, text: &str, form: Option<Uuid>) -> Result<Uuid> {
    who.must(OFFICE)?;
    let mut check = Check::new();
    let text = check.text("text", text, 5000);
    check.done()?;
    let mut work = app.work(who).await?;
    let seen = step::see(&mut work, who, id, false).await?;
    let message = super::record::Message {
        id: Uuid::now_v7(),
        work_order_id: None,
        kind: MessageKind::Note,
        internal: true,
        author_id: who.person_id,
        author: who.name.clone(),
        text,
        at: work.now,
    };
    store::insert_message(&mut work, who.zone_id, id, &message).await?;
    let made = json!({"message_id": message.id});
    work.log("appeal.note", step::subject_of(&seen.appeal), Change::made(made)).await?;
    if let Some(form) = form {
        let said = Said { message_id: message.id, kind: MessageKind::Note, work_order_id: None };
        bind(&mut work, id, Some(said), form).await?;
    }
    work.commit(id).await
}

// ---- reading ----

/// What the guards look at, for somebody who reads an appeal.
pub(super) async fn facts_of(tx: &mut Tx, who: &Actor, seen: &Seen, now: Time) -> Result<Facts> {
    let zone = who.zone_id;
    let owners: Vec<Uuid> = std::iter::once(seen.appeal.id).chain(seen.orders.iter().map(|w| w.id)).collect();
    let clocks = clock::of(tx, zone, &owners).await?;
    let profile = limits::desk::profile_of(tx, &seen.appeal).await?;
    let calendar = clock::calendar(tx, zone).await?;
    Ok(step::facts(&seen.appeal, &seen.orders, &clocks, &profile, who, now, &calendar))
}

/// Everything about one appeal, as somebody may see it.
pub struct Record {
    /// The list's line.
    pub line: Line,
    /// The appeal.
    pub appeal: Appeal,
    /// Its work orders, as far as the reader may see them.
    pub orders: Vec<WorkOrder>,
    /// What the reader is towards it.
    pub hats: Hats,
    /// Whether it is hidden from the reader whose it is.
    pub masked: bool,
    /// What the reader can do now; and what not yet, with the reason's code.
    pub possible: Vec<(Action, Option<&'static str>)>,
    /// What the reader can do with each work order now.
    pub order_possible: Vec<(Uuid, Vec<Action>)>,
    /// Whom of the enterprise to talk to, for the office.
    pub contact: Option<Contact>,
    /// Whom the agency of a work order may call: for the agency itself, and by name for the office.
    pub told: BTreeMap<Uuid, Told>,
    /// What has to be looked at before it is answered or closed, for the office.
    pub checks: Vec<CheckStanding>,
    /// What happened, oldest first.
    pub history: Vec<HistoryView>,
    /// Its deadlines.
    pub clocks: Vec<Clock>,
    /// The same with their explanations, where they were asked for.
    pub dues: Vec<Explanation>,
    /// Who held it for how long, where that was asked for.
    pub held: Vec<HeldBar>,
    /// The zone's calendar.
    pub calendar: Arc<Calendar>,
    /// The limits it began with.
    pub profile: Profile,
    /// When this was read.
    pub now: Time,
}

/// Whether a reader is of the outside: the enterprise, the owner, a partner.
fn is_outside(who: &Actor) -> bool {
    !who.is(OFFICE) && !who.is_rule()
}

/// One appeal with everything about it, its deadlines explained.
pub async fn record(app: &App, who: &Actor, id: Uuid) -> Result<Record> {
    let mut tx = app.db.snapshot().await?;
    let mut record = gather(&mut tx, who, id, app.now()).await?;
    record.dues = Explanation::of(&mut tx, who.zone_id, record.clocks.clone(), &record.calendar).await?;
    let until = if record.appeal.open { record.now } else { record.appeal.closed_at.unwrap_or(record.now) };
    record.held = HeldBar::of(&mut tx, who.zone_id, id, until, &record.calendar).await?;
    tx.commit().await?;
    Ok(record)
}

/// One appeal with everything about it but explanations.
async fn gather(tx: &mut Tx, who: &Actor, id: Uuid, now: Time) -> Result<Record> {
    let zone = who.zone_id;
    let Seen { appeal, orders, hats, masked } = step::see(tx, who, id, false).await?;
    let mut line = store::line(tx, zone, id).await?.ok_or(Error::NotFound)?;
    if masked {
        line.mask();
    }
    let calendar = clock::calendar(tx, zone).await?;
    let profile = limits::desk::profile_of(tx, &appeal).await?;
    let owners: Vec<Uuid> = std::iter::once(id).chain(orders.iter().map(|w| w.id)).collect();
    let clocks = clock::of(tx, zone, &owners).await?;
    let facts = step::facts(&appeal, &orders, &clocks, &profile, who, now, &calendar);
    let checks = if is_outside(who) { Vec::new() } else { checklist::desk::of_appeal(tx, &appeal).await? };
    let unchecked = |action| (!checklist::open_for(&checks, action).is_empty()).then_some("checks_open");
    let possible = super::possible(appeal.status, hats)
        .into_iter()
        .filter(|action| *action != Action::Grant || appeal.extension_days.is_some() && profile.approves(who.roles))
        .map(|action| (action, super::guard(action, &facts).err().or_else(|| unchecked(action))))
        .collect();
    let history = history(tx, who, &appeal, &orders, hats, masked).await?;
    let order_possible = orders.iter().map(|w| (w.id, step::order_actions(who, hats, &appeal, w))).collect();
    let orders = visible_orders(who, orders, hats);
    let contact = if is_outside(who) || masked { None } else { contact::of(tx, &appeal).await? };
    let mut told = BTreeMap::new();
    for order in orders.iter().filter(|_| !is_outside(who) || hats.has(Hat::Partner)) {
        if let Some(mut one) = contact::told(tx, zone, order).await? {
            // The office looks numbers up on the person's page, where that is noted.
            one.phone = one.phone.filter(|_| is_outside(who));
            told.insert(order.id, one);
        }
    }
    let shown: BTreeSet<Uuid> = orders.iter().map(|w| w.id).chain([id]).collect();
    let partner_only = hats.has(Hat::Partner) && is_outside(who);
    let mut clocks = clocks;
    clocks.retain(|clock| {
        let for_outside = matches!(clock.kind, ClockKind::Answer | ClockKind::Finish) && clock.owner_id == id;
        let wanted = if !is_outside(who) {
            true
        } else if partner_only {
            clock.owner_id != id
        } else {
            for_outside
        };
        wanted && shown.contains(&clock.owner_id)
    });
    Ok(Record {
        line,
        appeal,
        orders,
        hats,
        masked,
        possible,
        order_possible,
        contact,
        told,
        checks,
        history,
        clocks,
        dues: Vec::new(),
        held: Vec::new(),
        calendar,
        profile,
        now,
    })
}

/// The office sees every work order, a partner his own, an enterprise only who
/// works for it.
fn visible_orders(who: &Actor, orders: Vec<WorkOrder>, hats: Hats) -> Vec<WorkOrder> {
    if !is_outside(who) {
        return orders;
    }
    let own = store::departments_of(who);
    orders
        .into_iter()
        .filter(|w| w.status != OrderStatus::Cancelled)
        .filter_map(|mut w| {
            if hats.any(&[Hat::Owner, Hat::Author]) {
                w.instruction.clear();
                w.answer = None;
                (w.asked_days, w.asked_reason) = (None, None);
                return Some(w);
            }
            own.contains(&w.department_id).then_some(w)
        })
        .collect()
}

/// What of an appeal's ledger the enterprise reads; `appeal.review` once the answer is out.
pub const PUBLIC: &[&str] = &[
    "appeal.create",
    "appeal.register",
    "appeal.dispatch",
    "appeal.add_assist",
    "appeal.reject",
    "appeal.merge",
    "appeal.take_in",
    "appeal.sign",
    "appeal.ask",
    "appeal.reply",
    "appeal.tell",
    "appeal.pass_partner",
    "appeal.plan",
    "appeal.grant",
    "appeal.suspend",
    "appeal.resume",
    "appeal.review",
    "appeal.confirm",
    "appeal.dispute",
    "appeal.close",
    "appeal.close_silent",
    "appeal.list_long_term",
    "appeal.reopen",
    "appeal.withdraw",
    "appeal.retime",
    "appeal.recategorise",
    "appeal.hours24",
    "appeal.office_hours",
];
/// What a partner reads of it, when it is of his own order.
const OF_ORDER: &[&str] = &[
    "appeal.pass_partner",
    "appeal.dispatch",
    "appeal.order_sign",
    "appeal.order_answer",
    "appeal.order_extend",
    "appeal.order_grant",
    "appeal.order_refuse",
    "appeal.order_back",
    "appeal.order_accept",
];

async fn history(
    tx: &mut Tx,
    who: &Actor,
    appeal: &Appeal,
    orders: &[WorkOrder],
    hats: Hats,
    masked: bool,
) -> Result<Vec<HistoryView>> {
    let messages = store::messages(tx, who.zone_id, appeal.id).await?;
    let outside = is_outside(who);
    let owner = hats.any(&[Hat::Owner, Hat::Author]);
    let own = store::departments_of(who);
    let mine: Vec<Uuid> = orders.iter().filter(|w| own.contains(&w.department_id)).map(|w| w.id).collect();
    let mut all = Vec::new();
    for past in store::past(tx, who.zone_id, appeal.id).await? {
        let after: Json = past.after.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let id_at = |key: &str| after[key].as_str().and_then(|text| Uuid::parse_str(text).ok());
        let message = id_at("message_id").and_then(|id| messages.iter().find(|m| m.id == id));
        let of_order = id_at("work_order_id").or(message.and_then(|m| m.work_order_id));
        let public =
            PUBLIC.contains(&past.action.as_str()) && (past.action != "appeal.review" || appeal.answer_is_out());
        if outside && owner && !public {
            continue;
        }
        if outside
            && !owner
            && !(OF_ORDER.contains(&past.action.as_str()) && of_order.is_some_and(|id| mine.contains(&id)))
        {
            continue;
        }
        let said = message.filter(|m| !(outside && owner && m.internal)).map(|m| m.text.clone());
        // What was reviewed is told with the step that lets it out.
        let answer = (past.action == "appeal.review" && outside).then(|| appeal.answer.clone()).flatten();
        let of_subject = past.of_enterprise.is_some() || past.of_project.is_some();
        let hidden = masked && (of_subject || past.actor_id == appeal.created_by);
        all.push(HistoryView {
            at: past.at,
            by: past.name.filter(|_| !hidden),
            department: after["department"].as_str().map(str::to_owned),
            status: after["status"].as_str().map(str::to_owned),
            text: said.or(answer).or(past.note),
            internal: message.is_some_and(|m| m.internal) || !PUBLIC.contains(&past.action.as_str()),
            action: past.action,
        });
    }
    Ok(all)
}

/// One appeal as the API shows it.
pub async fn view(app: &App, who: &Actor, id: Uuid) -> Result<View> {
    let mut tx = app.db.snapshot().await?;
    let record = gather(&mut tx, who, id, app.now()).await?;
    tx.commit().await?;
    let (a, now) = (&record.appeal, record.now);
    let outside = is_outside(who);
    let partner_only = outside && !record.hats.any(&[Hat::Owner, Hat::Author]);
    let answer = a.answer.clone().filter(|_| !outside || !partner_only && a.answer_is_out());
    let in_office = |days: Option<i64>| days.filter(|_| !outside);
    let mut line = record.line;
    if outside {
        line.withhold();
    }
    Ok(View {
        body: a.body.clone(),
        outer_number: a.outer_number.clone(),
        visit_id: a.visit_id.filter(|_| !record.masked),
        disruption_id: a.disruption_id,
        profile: a.profile.clone(),
        planned_for: a.planned_for,
        suspend_until: a.suspend_until,
        review_on: a.review_on.filter(|_| !outside || a.answer_is_out()),
        merged_into: a.merged_into,
        answer,
        production_continued: a.production_continued.filter(|_| !outside || a.answer_is_out()),
        stopped_hours: a.stopped_hours.filter(|_| !outside || a.answer_is_out()),
        confirmation: a.confirmation,
        rating_text: a.rating_text.clone().filter(|_| !partner_only),
        verdict: a.verdict.filter(|_| !outside),
        extension_asked: in_office(a.extension_days),
        extended_days: a.extended_days,
        sent_back: a.sent_back,
        reopened: a.reopened,
        possible: record.possible.iter().filter(|(_, why_not)| why_not.is_none()).map(|(action, _)| *action).collect(),
        history: record.history,
        checks: record.checks,
        work_orders: record
            .orders
            .into_iter()
            .map(|order| OrderView {
                contact: record.told.get(&order.id).filter(|_| outside).cloned(),
                ..OrderView::from(order)
            })
            .collect(),
        contact: record.contact,
        clocks: record.clocks.iter().map(|clock| clock.view(now, &record.calendar)).collect(),
        item: Item::of(line, now, &record.calendar),
    })
}

/// Whether the list has that order.
pub fn is_order(sort: &str) -> bool {
    matches!(sort, "due" | "-due" | "created" | "-created")
}

/// What a list is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Any of these; all when empty.
    pub status: Vec<Status>,
    /// Only those that something is still to be done about.
    pub open: bool,
    /// The leading department.
    pub department_id: Option<Uuid>,
    /// Who handles it.
    pub handler_id: Option<Uuid>,
    /// Kind of difficulty.
    pub category: Option<String>,
    /// Kind of matter.
    pub kind: Option<Kind>,
    /// Urgency.
    pub urgency: Option<Urgency>,
    /// Past their due time now.
    pub overdue: bool,
    /// None of these kinds of difficulty.
    pub without: &'static [&'static str],
    /// Of this enterprise.
    pub enterprise_id: Option<Uuid>,
    /// Of this project.
    pub project_id: Option<Uuid>,
    /// With a request for more time that waits.
    pub extension_asked: bool,
    /// For which this entry of the library of solutions was chosen, and what came of it.
    pub remedy: Option<(Uuid, Option<solution::Ended>)>,
    /// Whether production went on meanwhile.
    pub went_on: Option<super::WentOn>,
    /// Words to look for.
    pub q: Option<String>,
    /// The order: `due` when nothing is said (what stands still or is done comes last),
    /// `created`; with `-` the latest first.
    pub sort: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many.
    pub limit: i64,
}

impl Filter {
    /// Whether nothing but words narrows the list.
    fn asks_for_words_alone(&self) -> bool {
        let words_alone = Self {
            q: self.q.clone(),
            sort: self.sort.clone(),
            cursor: self.cursor.clone(),
            limit: self.limit,
            ..Self::default()
        };
        *self == words_alone
    }
}

/// A page of the appeals that somebody may see.
pub async fn list(app: &App, who: &Actor, filter: &Filter) -> Result<Page<Line>> {
    let mut tx = app.read().await?;
    let mut condition = condition(who, filter, app.now());
    let words = match filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => search::look(&mut tx, who.zone_id, KIND, "a.id", q).await?,
        None => None,
    };
    if let Some(words) = &words {
        condition.push(" AND ").append(words.condition.clone());
    } else if filter.q.as_deref().is_some_and(|q| !q.trim().is_empty()) {
        condition.push(" AND FALSE");
    }
    let few = words.as_ref().is_some_and(|words| words.rare);
    let keys = if few { store::KEYS_OF_FEW } else { store::KEYS };
    let walk = Walk::read(keys, "due", filter.sort.as_deref(), filter.cursor.as_deref(), filter.limit)?;
    let (mut lines, next) = store::page(&mut tx, who.zone_id, condition.clone(), &walk).await?;
    let counted = match &words {
        // More have the words than are counted out, whatever is hidden from this reader.
        Some(words)
            if words.at_least > TOTAL_CAP
                && filter.asks_for_words_alone()
                && who.scope == Scope::All
                && who.is(OFFICE)
                && words.at_least - store::hidden(&mut tx, who).await? > TOTAL_CAP =>
        {
            TOTAL_CAP + 1
        }
        _ => store::total(&mut tx, who.zone_id, condition).await?,
    };
    for line in &mut lines {
        hide(who, line);
    }
    Ok(Page::new(lines, next, counted))
}

/// Hides the complainant from the department complained about, and from partners;
/// and from everybody outside what was answered but not reviewed.
pub(super) fn hide(who: &Actor, line: &mut Line) {
    if is_outside(who) {
        line.withhold();
    }
    let accused = line.accused_department_id.is_some();
    let own = line.created_by.is_some() && line.created_by == who.person_id
        || matches!(who.scope, Scope::Enterprise(_) | Scope::Project(_));
    let of_unit = line.accused_department_id.is_some_and(|accused| store::units_of(who).contains(&accused));
    if accused && !own && (of_unit || who.has(Role::Agency)) {
        line.mask();
    }
}

/// The departments that must not learn from somebody whose a complaint about them is.
pub fn units_of(who: &Actor) -> Vec<Uuid> {
    store::units_of(who)
}

fn condition(who: &Actor, filter: &Filter, now: Time) -> Sql {
    let mut condition = store::visible(who);
    if !filter.status.is_empty() {
        condition.push(" AND a.status IN ").list(filter.status.iter().copied());
    }
    if filter.open || !filter.status.is_empty() && filter.status.iter().all(|status| status.is_open()) {
        // The bare column opens the index over what is open; compared, it opens the one by handler.
        condition.push(" AND a.open AND a.open = TRUE");
    }
    if let Some(department) = filter.department_id {
        condition.push(" AND a.lead_department_id = ").arg(department);
    }
    if let Some(handler) = filter.handler_id {
        condition.push(" AND a.handler_id = ").arg(handler);
    }
    if let Some(category) = &filter.category {
        condition.push(" AND a.category = ").arg(category.as_str());
    }
    if let Some(kind) = filter.kind {
        condition.push(" AND a.kind = ").arg(kind);
    }
    if let Some(urgency) = filter.urgency {
        condition.push(" AND a.urgency = ").arg(urgency);
    }
    if !filter.without.is_empty() {
        condition.push(" AND a.category NOT IN ").list(filter.without.iter().copied());
    }
    if filter.overdue {
        condition.push(" AND a.open AND a.due_key < ").arg(now);
    }
    for (column, id) in [(" AND a.enterprise_id = ", filter.enterprise_id), (" AND a.project_id = ", filter.project_id)]
    {
        if let Some(id) = id {
            condition.push(column).arg(id);
        }
    }
    if filter.enterprise_id.is_some() || filter.project_id.is_some() {
        // Who is not told whose complaint it is must not find out by asking for each in turn.
        condition.append(fair(who));
    }
    if filter.extension_asked {
        condition.append(store::asked_for_time());
    }
    if let Some((remedy, end)) = filter.remedy {
        condition.append(solution::desk::chosen_for(remedy, end));
    }
    if let Some(went_on) = filter.went_on {
        condition.push(" AND a.production_continued = ").arg(went_on);
    }
    condition
}

/// How many appeals stand where, from the kept counters: everything for those
/// who see everything, their own departments for the others.
pub async fn counts(app: &App, who: &Actor) -> Result<Vec<Count>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let mut rows = store::counts(&mut tx, who.zone_id).await?;
    if who.scope != Scope::All {
        let own = store::departments_of(who);
        rows.retain(|row| own.contains(&row.department_id));
    }
    if !store::units_of(who).is_empty() {
        // No number may count what its list does not show.
        for (department, status, n) in store::hidden_counts(&mut tx, who).await? {
            for row in
                rows.iter_mut().filter(|r| r.department_id == department.unwrap_or_default() && r.status == status)
            {
                row.n -= n;
            }
        }
    }
    Ok(rows
        .into_iter()
        .filter(|row| row.n > 0)
        .map(|row| Count {
            department_id: Some(row.department_id).filter(|id| !id.is_nil()),
            department_name: row.department_name,
            status: row.status,
            count: row.n,
        })
        .collect())
}

/// The counters counted out, to check the kept ones (`buting check`).
pub async fn recount(tx: &mut Tx, zone: Uuid) -> Result<bool> {
    let kept: BTreeMap<_, _> =
        store::counts(tx, zone).await?.into_iter().map(|row| ((row.department_id, row.status), row.n)).collect();
    let counted: BTreeMap<_, _> = store::recount(tx, zone)
        .await?
        .into_iter()
        .map(|(id, status, n)| ((id.unwrap_or_default(), status), n))
        .collect();
    Ok(kept == counted)
}

/// The open appeals of an enterprise or a project, soonest due first, for its page.
pub async fn open_for(tx: &mut Tx, who: &Actor, subject_id: Uuid) -> Result<Vec<Line>> {
    let mut condition = store::visible(who);
    condition.push(" AND a.open AND (a.enterprise_id = ").arg(subject_id);
    condition.push(" OR a.project_id = ").arg(subject_id).push(")");
    let mut lines = store::lines(tx, who.zone_id, condition, Sql::from(" ORDER BY a.due_key, a.id LIMIT 50")).await?;
    for line in &mut lines {
        hide(who, line);
    }
    Ok(lines)
}

/// Something of an enterprise's own with who answers for it.
#[derive(Clone, Debug)]
pub struct Mine {
    /// The appeal.
    pub line: Line,
    /// Whom to call about it: the telephone of the department that leads.
    pub phone: Option<String>,
    /// How its finish stands.
    pub light: almanac::Light,
}

/// The open appeals of an enterprise or a project with who answers for each, soonest due first.
pub async fn mine(tx: &mut Tx, who: &Actor, subject_id: Uuid, now: Time) -> Result<Vec<Mine>> {
    let calendar = clock::calendar(tx, who.zone_id).await?;
    let phones = store::phones(tx, who.zone_id).await?;
    let of =
        |line: &Line| phones.iter().find(|(id, _)| Some(*id) == line.lead_department_id).and_then(|one| one.1.clone());
    let lines = open_for(tx, who, subject_id).await?;
    Ok(lines.into_iter().map(|line| Mine { phone: of(&line), light: line.light(now, &calendar), line }).collect())
}

/// Everything that was said to and by an enterprise or project about its appeals, newest first.
pub async fn messages(app: &App, who: &Actor, cursor: Option<&str>, limit: i64) -> Result<Page<Spoken>> {
    who.must(OUTSIDE)?;
    let walk = Walk::read(store::MESSAGE_KEYS, "-at", None, cursor, limit)?;
    let mut tx = app.read().await?;
    let (items, next) = store::spoken(&mut tx, who, &walk).await?;
    let counted = store::count_spoken(&mut tx, who).await?;
    Ok(Page::new(items, next, counted))
}

/// The open appeals under a disruption, soonest due first, for its page.
pub async fn open_under(tx: &mut Tx, who: &Actor, disruption: Uuid) -> Result<Vec<Line>> {
    let mut condition = store::visible(who);
    condition.push(" AND a.open AND a.disruption_id = ").arg(disruption);
    let mut lines = store::lines(tx, who.zone_id, condition, Sql::from(" ORDER BY a.due_key, a.id LIMIT 200")).await?;
    for line in &mut lines {
        hide(who, line);
    }
    Ok(lines)
}

/// The categories of a zone that are offered.
pub async fn categories(tx: &mut Tx, zone: Uuid) -> Result<Vec<Category>> {
    Ok(store::categories(tx, zone).await?.into_iter().filter(|category| !category.retired).collect())
}

/// The condition, with its ` AND`, of appeals `a` that somebody may know of.
pub fn visible(who: &Actor) -> Sql {
    store::visible(who)
}

/// The condition, with its ` AND`, of appeals `a` whose enterprise somebody may learn: none
/// about a department of his own, to a partner agency none about any, unless he wrote it down.
pub fn fair(who: &Actor) -> Sql {
    let mut condition = Sql::from("");
    let units = store::units_of(who);
    if !units.is_empty() {
        condition
            .push(" AND (a.accused_department_id IS NULL OR a.created_by = ")
            .arg(who.person_id.unwrap_or_default());
        if who.is(OFFICE) {
            condition.push(" OR a.accused_department_id NOT IN ").list(units);
        }
        condition.push(")");
    }
    condition
}

/// On whose timeline an appeal shows.
pub async fn about(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Uuid>> {
    Ok(store::appeal(tx, zone, id).await?.and_then(|appeal| appeal.about()))
}

/// Whom a supervision order of an appeal reaches, where their notice leads, and what it
/// says: those who work on it and the chief of the department that leads.
pub async fn supervised(work: &mut Work, id: Uuid) -> Result<(BTreeSet<Uuid>, Subject, Json)> {
    let zone = work.zone();
    let appeal = store::appeal(work, zone, id).await?.ok_or(Error::NotFound)?;
    let mut people = step::workers_of(work, &appeal).await?;
    if let Some(department) = appeal.lead_department_id {
        people.extend(post::desk::chief_of(work, zone, department).await?);
    }
    let people = step::not_accused(work, &appeal, people).await?;
    Ok((people, step::subject_of(&appeal), step::told_of(&appeal)))
}

/// The columns of the problem ledger that a list does not show.
pub async fn extras(app: &App, who: &Actor, ids: &[Uuid]) -> Result<BTreeMap<Uuid, store::Extra>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    Ok(store::extras(&mut tx, who.zone_id, ids).await?.into_iter().map(|extra| (extra.id, extra)).collect())
}

// ---- what needs me now ----

/// At most so many of a kind on the first page.
const TO_DO: i64 = 20;

/// What waits for somebody, of every kind.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let now = app.now();
    let mut tx = app.read().await?;
    let calendar = clock::calendar(&mut tx, who.zone_id).await?;
    let today = now.day(calendar.time_zone());
    let mut waits: Vec<(&'static str, Sql)> = Vec::new();
    let of = |statuses: &[Status]| {
        let mut condition = Sql::from(" AND a.status IN ");
        condition.list(statuses.iter().copied());
        condition
    };
    if who.has(Role::Dispatcher) {
        waits.push(("todo-appeal-dispatch", of(&[Status::Registered])));
        waits.push(("todo-appeal-rule", of(&[Status::Objected])));
        waits.push(("todo-appeal-review", of(&[Status::Answered])));
        waits.push(("todo-appeal-close", of(&[Status::ReturnVisit])));
    }
    if who.is(Roles::of(&[Role::Leader, Role::Oversight])) {
        waits.push(("todo-appeal-grant", store::asked_for_time()));
        if !who.has(Role::Dispatcher) {
            let mut complaints = of(&[Status::Registered]);
            complaints.push(" AND a.accused_department_id IS NOT NULL");
            waits.push(("todo-appeal-dispatch", complaints));
        }
    }
    if who.is(Roles::of(&[Role::Officer, Role::Specialist])) {
        let mut sign = of(&[Status::Dispatched]);
        sign.push(" AND a.lead_department_id IN ").list(store::departments_of(who));
        waits.push(("todo-appeal-sign", sign));
        let mut work = of(&[Status::Signed, Status::Working, Status::Planned]);
        work.push(" AND (a.handler_id = ").arg(who.person_id.unwrap_or_default());
        // What its handler has left behind is the department's.
        work.push(" OR a.handler_id IS NULL AND a.lead_department_id IN ").list(store::departments_of(who)).push(")");
        waits.push(("todo-appeal-work", work));
        let mut again = Sql::from(" AND (a.status = 'long_term' AND a.review_on <= ");
        again.arg(today).push(" OR a.status = 'suspended' AND a.suspend_until <= ").arg(today);
        again.push(") AND a.handler_id = ").arg(who.person_id.unwrap_or_default());
        waits.push(("todo-appeal-look-again", again));
    }
    if !who.is(OFFICE) && matches!(who.scope, Scope::Enterprise(_) | Scope::Project(_)) {
        waits.push(("todo-appeal-reply", of(&[Status::WaitingEnterprise])));
        waits.push(("todo-appeal-confirm", of(&[Status::Reviewed])));
        waits.push(("todo-appeal-draft", of(&[Status::Draft])));
    }
    let mut all = Vec::new();
    for (action, condition) in waits {
        let mut with_scope = store::visible(who);
        with_scope.append(condition);
        let mut tail = Sql::from(" ORDER BY a.due_key, a.id LIMIT ");
        tail.arg(TO_DO);
        for mut line in store::lines(&mut tx, who.zone_id, with_scope, tail).await? {
            hide(who, &mut line);
            all.push(ToDo {
                action,
                about: line.subject_name().map(str::to_owned),
                href: format!("/appeals/{}", line.id),
                due_at: line.due_at.filter(|_| line.due_key != FAR),
                light: line.light(now, &calendar),
                title: line.title,
            });
        }
    }
    if who.is(Roles::of(&[Role::Officer, Role::Specialist, Role::Agency])) && !who.is_rule() {
        for order in store::waiting_orders(&mut tx, who.zone_id, &store::departments_of(who), TO_DO).await? {
            let masked = order.accused_department_id.is_some_and(|accused| store::units_of(who).contains(&accused))
                || order.accused_department_id.is_some() && who.has(Role::Agency);
            all.push(ToDo {
                action: if order.status == OrderStatus::Sent { "todo-order-sign" } else { "todo-order-answer" },
                title: order.title,
                about: order.about.filter(|_| !masked),
                href: format!("/appeals/{}", order.appeal_id),
                due_at: order.due_at,
                light: clock::light_of(order.sent_at, order.due_at, None, now, &calendar),
            });
        }
    }
    crate::todo::sort(&mut all);
    Ok(all)
}

// ---- the partner's link ----

/// A work order as the partner sees it who has only its link.
pub struct PartnerOrder {
    /// The order.
    pub order: WorkOrder,
    /// The appeal's number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// In the enterprise's words.
    pub body: String,
    /// Whose it is; none when that is hidden.
    pub subject: Option<String>,
    /// The department that asks, by name.
    pub asked_by: Option<String>,
    /// Whom of the enterprise to call, where he agreed to that.
    pub contact: Option<Told>,
    /// The appeal's version.
    pub version: i64,
    /// The order's deadline, explained.
    pub due: Option<Explanation>,
    /// The zone.
    pub zone: Zone,
}

/// The token of a work order's link, for those who lead.
pub fn link_of(app: &App, zone: Uuid, order: &WorkOrder) -> Option<String> {
    let fits = order.kind == OrderKind::Partner && order.status != OrderStatus::Cancelled;
    fits.then(|| link::token(app.db.keyring(), Opens::WorkOrder, zone, order.id, order.link_serial))
}

/// Who comes by a link, and his order. A link that is altered, withdrawn or
/// whose appeal has ended leads nowhere.
pub async fn by_link(app: &App, token: &str) -> Result<(Actor, PartnerOrder)> {
    let (zone_id, order_id) = link::read(token).ok_or(Error::NotFound)?;
    let mut tx = app.read().await?;
    let order = store::order(&mut tx, zone_id, order_id).await?.ok_or(Error::NotFound)?;
    if !link::genuine(app.db.keyring(), Opens::WorkOrder, token, zone_id, order_id, order.link_serial) {
        return Err(Error::NotFound);
    }
    let mut who = Actor::rule(zone_id);
    who.name = order.department_name.clone();
    who.department_id = Some(order.department_id);
    who.scope = Scope::WorkOrder(order.id);
    who.via = Via::Link;
    let seen = step::see(&mut tx, &who, order.appeal_id, false).await?;
    if !seen.appeal.open || order.status == OrderStatus::Cancelled {
        return Err(Error::NotFound);
    }
    let line = store::line(&mut tx, zone_id, seen.appeal.id).await?.ok_or(Error::NotFound)?;
    let calendar = clock::calendar(&mut tx, zone_id).await?;
    let clock = clock::find(&mut tx, zone_id, order.id, ClockKind::Assist).await?;
    let due = Explanation::of(&mut tx, zone_id, clock.into_iter().collect(), &calendar).await?.pop();
    let zone = Zone::get(&mut tx, zone_id).await?;
    let contact = contact::told(&mut tx, zone_id, &order).await?;
    let shown = PartnerOrder {
        contact,
        number: seen.appeal.number,
        title: seen.appeal.title,
        body: seen.appeal.body,
        subject: line.subject_name().filter(|_| !seen.masked).map(str::to_owned),
        asked_by: line.lead_department_name.clone(),
        version: seen.appeal.version,
        order,
        due,
        zone,
    };
    Ok((who, shown))
}

/// A partner signs, answers or asks for time by his link. Nothing else. `once` is
/// the one-time key of his form.
pub async fn act_by_link(app: &App, token: &str, act: Act, once: Option<Once>, form: Option<Uuid>) -> Result<Uuid> {
    let (mut who, shown) = by_link(app, token).await?;
    who.once = once;
    if !matches!(act, Act::Sign { .. } | Act::Answer { .. } | Act::Extend { .. })
        || act.work_order() != Some(shown.order.id)
    {
        return Err(Error::Forbidden);
    }
    act_with(app, &who, shown.order.appeal_id, act, form).await
}

// ---- what happens by itself ----

/// Closes reviewed answers on which the enterprise said nothing within its time.
/// Each is a transaction of its own; answers how many.
pub async fn close_silent(app: &App, zone: Uuid) -> Result<usize> {
    let now = app.now();
    let candidates = {
        let mut tx = app.read().await?;
        store::silent_since(&mut tx, zone, now.plus(-DAY_MS)).await?
    };
    let mut closed = 0;
    for id in candidates {
        let mut work = app.work(&Actor::rule(zone)).await?;
        let Some(appeal) = store::appeal_to_change(&mut work, zone, id).await? else { continue };
        let Some(reviewed) = appeal.reviewed_at.filter(|_| appeal.status == Status::Reviewed) else { continue };
        let calendar = clock::calendar(&mut work, zone).await?;
        let profile = limits::desk::profile_of(&mut work, &appeal).await?;
        let last = calendar.add_working_days(calendar.local_day(reviewed.stamp()), profile.silence);
        if now.stamp() <= calendar.close(last) {
            continue;
        }
        act_in(&mut work, id, Act::Close { reason: None, production_continued: None, stopped_hours: None }).await?;
        work.commit(id).await?;
        closed += 1;
    }
    Ok(closed)
}

/// Brings back to mind what only waits, on its day and once: a long-term matter to
/// look at again, a legal ground that should be over, a day that was planned, a
/// question that the enterprise has not answered. Answers how many.
pub async fn remind(app: &App, zone: Uuid) -> Result<usize> {
    let (today, due) = {
        let mut tx = app.read().await?;
        let today = Zone::get(&mut tx, zone).await?.day(app.now());
        (today, store::to_remind(&mut tx, zone, today).await?)
    };
    let mut told = 0;
    for id in due {
        let mut work = app.work(&Actor::rule(zone)).await?;
        let Some(appeal) = store::appeal_to_change(&mut work, zone, id).await? else { continue };
        let Some(day) = appeal.remind_on.filter(|day| *day <= today) else { continue };
        store::reminded(&mut work, zone, id).await?;
        let kind = match appeal.status {
            Status::LongTerm => "appeal.look_again",
            Status::Suspended => "appeal.suspend_over",
            Status::Planned => "appeal.plan_due",
            Status::WaitingEnterprise => "appeal.asked_again",
            _ => continue,
        };
        let made = json!({"day": day, "status": appeal.status});
        work.log("appeal.remind", step::subject_of(&appeal), Change::made(made)).await?;
        let handler = store::still_there(&mut work, zone, appeal.handler_id).await?;
        let mut people: Vec<Uuid> = handler.into_iter().collect();
        match (appeal.status, handler, appeal.lead_department_id) {
            (Status::WaitingEnterprise, ..) => people.extend(step::owners(&mut work, &appeal).await?),
            (_, None, Some(department)) => people.extend(store::of_department(&mut work, zone, department).await?),
            (_, None, None) => {
                people.extend(store::with_role(&mut work, zone, Roles::of(&[Role::Dispatcher])).await?);
            }
            _ => {}
        }
        let args = step::told_of(&appeal);
        for person in step::not_accused(&mut work, &appeal, people).await? {
            work.notify(person, kind, step::subject_of(&appeal), args.clone()).await?;
        }
        work.commit(id).await?;
        told += 1;
    }
    Ok(told)
}

/// Climbs the ladder of every deadline that came near or passed, and tells whom each
/// rung reaches. Each rung once.
pub async fn escalate(app: &App, zone: Uuid) -> Result<usize> {
    let mut work = app.work(&Actor::rule(zone)).await?;
    let ladder = limits::desk::ladder(&mut work, zone).await?;
    let rules: Vec<almanac::Rule> = ladder.iter().map(Rung::rule).collect();
    let mut reached = clock::escalate(&mut work, "appeal", &rules).await?;
    reached.extend(clock::escalate(&mut work, "work_order", &rules).await?);
    reached.extend(clock::escalate(&mut work, "appeal_rating", &rules).await?);
    // The end of the time for an objection is no neglect.
    reached.retain(|rung| rung.clock.kind != ClockKind::Objection);
    if reached.is_empty() {
        // The rungs of objections are noted all the same.
        work.commit(zone).await?;
        return Ok(0);
    }
    let mut told = 0;
    for one in reached {
        let Some(rung) = ladder.iter().find(|rung| rung.key == one.key) else { continue };
        let order = match one.clock.owner.as_str() {
            "work_order" => store::order(&mut work, zone, one.clock.owner_id).await?,
            _ => None,
        };
        // What was rated badly is put right though the appeal was closed.
        let of_rating = match one.clock.owner.as_str() {
            "appeal_rating" => result::desk::appeal_of_rating(&mut work, zone, one.clock.owner_id).await?,
            _ => None,
        };
        let appeal_id = of_rating.or(order.as_ref().map(|order| order.appeal_id)).unwrap_or(one.clock.owner_id);
        let found = store::appeal(&mut work, zone, appeal_id).await?;
        let Some(appeal) = found.filter(|appeal| appeal.open || of_rating.is_some()) else { continue };
        // What the coordination office does itself is no department's neglect.
        let of_desk = matches!(one.clock.kind, ClockKind::Ruling | ClockKind::Contact | ClockKind::Dispatch);
        let department = order.as_ref().map(|order| order.department_id).or(appeal.lead_department_id);
        let department = department.filter(|_| !of_desk);
        let handler = order.as_ref().map_or(appeal.handler_id, |order| order.handler_id);
        let people = reach(&mut work, rung, department, handler).await?;
        let word = match rung.deed {
            Deed::Remind => "appeal.remind",
            Deed::Urge => "appeal.urge",
            Deed::Supervise => "appeal.supervise",
        };
        let subject = step::subject_of(&appeal);
        let name = order.map(|order| order.department_name);
        let made = json!({"clock": one.clock.kind, "due_at": one.clock.due_at, "department": name, "rung": rung.key});
        work.log(word, subject, Change::made(made)).await?;
        let mut args = step::told_of(&appeal);
        args["clock"] = json!(one.clock.kind);
        for person in step::not_accused(&mut work, &appeal, people).await? {
            work.notify(person, word, subject, args.clone()).await?;
        }
        told += 1;
    }
    work.commit(zone).await?;
    Ok(told)
}

/// The people whom a rung reaches. What no department has is the coordination office's.
async fn reach(work: &mut Work, rung: &Rung, department: Option<Uuid>, handler: Option<Uuid>) -> Result<Vec<Uuid>> {
    let zone = work.zone();
    let role = |role| Roles::of(&[role]);
    let mut people = Vec::new();
    for reach in &rung.reaches {
        let some = match (reach, department) {
            (Reach::Handler, Some(department)) => match store::still_there(work, zone, handler).await? {
                Some(handler) => vec![handler],
                None => store::of_department(work, zone, department).await?,
            },
            (Reach::Chief, Some(department)) => {
                post::desk::chief_of(work, zone, department).await?.into_iter().collect()
            }
            (Reach::Desk, _) | (Reach::Handler | Reach::Chief, None) => {
                store::with_role(work, zone, role(Role::Dispatcher)).await?
            }
            (Reach::Oversight, _) => store::with_role(work, zone, role(Role::Oversight)).await?,
            (Reach::Leader, _) => store::with_role(work, zone, role(Role::Leader)).await?,
        };
        people.extend(some);
    }
    // A rung is climbed once: where its post is vacant, the coordination office hears of it.
    if people.is_empty() {
        people = store::with_role(work, zone, role(Role::Dispatcher)).await?;
    }
    Ok(people)
}

// ---- policy ----

/// Loads the official days of a year and reckons every open deadline again.
/// What an enterprise was told is never shortened. Answers the years.
pub async fn load_official_days(app: &App, who: &Actor, text: &str) -> Result<Vec<i16>> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let years = clock::load_days(&mut work, text).await?;
    reckon_again(&mut work).await?;
    work.commit(zone).await?;
    Ok(years)
}

/// Reckons every open deadline again after the calendar changed, and takes over
/// what lists keep of them. Answers how many moved.
pub async fn reckon_again(work: &mut Work) -> Result<usize> {
    let zone = work.zone();
    store::hold_open(work, zone).await?;
    let moved = clock::recompute_open(work).await?;
    take_over(work, &moved).await?;
    Ok(moved.len())
}

/// Takes over what lists keep of deadlines that moved.
pub async fn take_over(work: &mut Work, moved: &[Clock]) -> Result<()> {
    let zone = work.zone();
    for clock in moved {
        match (clock.owner.as_str(), clock.kind) {
            ("appeal", ClockKind::Finish) => store::set_due(work, zone, clock.owner_id, clock.due_at).await?,
            ("work_order", ClockKind::Assist) => store::set_order_due(work, zone, clock.owner_id, clock.due_at).await?,
            (owner, _) => result::desk::take_over(work, owner, clock).await?,
        }
    }
    Ok(())
}

/// Sets a category: its name, whom it goes to, whether it is still offered.
pub async fn set_category(app: &App, who: &Actor, key: &str, category: &Category) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let fits = !key.is_empty()
        && key.len() <= 40
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let mut check = Check::new();
    check.that(fits, "key", "handle");
    let shipped = policy::CATEGORIES.contains(&key);
    check.that(shipped || category.name.as_deref().is_some_and(|name| !name.trim().is_empty()), "name", "required");
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    for department in category.lead_department_id.iter().chain(&category.assist) {
        if store::department(&mut work, zone, *department).await?.is_none() {
            return Err(Error::field("lead_department_id", "unknown"));
        }
    }
    let body = serde_json::to_value(category).map_err(|e| Error::Internal(e.to_string()))?;
    crate::settings::desk::put(&mut work, "category", key, body).await?;
    work.commit(zone).await
}

/// Enterprises by a part of their name or by their credit code, for the choice
/// of whom an officer writes for: key, full name, short name.
pub async fn find_enterprises(app: &App, who: &Actor, q: &str) -> Result<Vec<(Uuid, String, String)>> {
    who.must(OFFICE)?;
    let q = q.trim();
    if q.is_empty() || q.chars().count() > 100 {
        return Ok(Vec::new());
    }
    let mut tx = app.read().await?;
    Ok(store::find_enterprises(&mut tx, who.zone_id, q).await?)
}

/// Notes that somebody took a copy of the problem ledger out.
pub async fn note_export(app: &App, who: &Actor, address: std::net::IpAddr, rows: usize) -> Result<()> {
    trace::note(app, who, address, Trace::many(trace::Kind::Export, "appeal", rows)).await
}

/// The name and kind of partner agencies and departments, for choices on pages.
pub async fn departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<crate::organisation::Department>> {
    let all = crate::organisation::desk::departments(tx, zone).await?;
    Ok(all.into_iter().filter(|department| department.valid_to.is_none()).collect())
}

/// Open appeals of the same enterprise or project that one may be merged into.
pub async fn merge_targets(tx: &mut Tx, who: &Actor, appeal: &Appeal) -> Result<Vec<Line>> {
    let mut condition = store::visible(who);
    condition.append(sql!(" AND a.open AND a.id <> $1", appeal.id));
    for (column, none, id) in [
        (" AND a.enterprise_id = ", " AND a.enterprise_id IS NULL", appeal.enterprise_id),
        (" AND a.project_id = ", " AND a.project_id IS NULL", appeal.project_id),
        (" AND a.accused_department_id = ", " AND a.accused_department_id IS NULL", appeal.accused_department_id),
    ] {
        match id {
            Some(id) => condition.push(column).arg(id),
            None => condition.push(none),
        };
    }
    Ok(store::lines(tx, who.zone_id, condition, Sql::from(" ORDER BY a.created_at DESC, a.id LIMIT 50")).await?)
}
