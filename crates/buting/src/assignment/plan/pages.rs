use super::super::Duty;
use super::super::desk::DECIDERS;
use super::{Choice, Plan, Question, Steadiness, desk};
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, made};
use crate::http::page::{self, PageResult, Shell, encode, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::registry;
use askama::Template;
use axum::http::StatusCode;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let deciders = Access::only(DECIDERS);
    routes.get("/assignments/plan", deciders, plan_page).post("/assignments/plan", deciders, accept);
}

/// So many moves are shown; the others are carried out with them.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "assignment/plan.html")]
struct PlanPage {
    s: Shell,
    form: Form,
    plan: Option<Plan>,
    roles: [Duty; 3],
    steadiness: &'static [Steadiness],
    carriers: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    /// Choices by hand, as the form sends them again.
    kept: Vec<(&'static str, String)>,
}

impl PlanPage {
    fn shown(&self, plan: &Plan) -> Vec<super::Move> {
        plan.moves.iter().take(SHOWN).cloned().collect()
    }

    /// Whether that is somebody else than who has it today.
    fn is_another(&self, one: &super::Move, other: &super::Other) -> bool {
        one.before_id != Some(other.unit_id)
    }

    fn more(&self, plan: &Plan) -> usize {
        plan.moves.len().saturating_sub(SHOWN)
    }

    /// Everything asked, to be sent along when the plan is accepted.
    fn asked(&self) -> Vec<(&'static str, String)> {
        let fields = ["role", "steadiness", "carrier_id", "department_id", "capacity"];
        let given = fields.into_iter().filter_map(|name| Some((name, self.form.opt_text(name)?)));
        given.chain(self.kept.iter().cloned()).collect()
    }
}

/// `subject:unit`, as an option of a select carries it.
fn read_choice(text: &str) -> Option<Choice> {
    let (subject, unit) = text.split_once(':')?;
    Some(Choice { subject_id: Uuid::parse_str(subject).ok()?, unit_id: Uuid::parse_str(unit).ok()? })
}

fn write_choice(choice: &Choice) -> String {
    format!("{}:{}", choice.subject_id, choice.unit_id)
}

/// Reads the question; what was chosen later for a subject counts.
fn question_of(form: &mut Form) -> Option<Question> {
    let role = form.word("role", Duty::parse).filter(|role| Duty::NEEDED.contains(role))?;
    let choices = |form: &Form, name: &str| -> Vec<Choice> {
        let mut all: Vec<Choice> = Vec::new();
        for choice in form.all(name).iter().filter_map(|text| read_choice(text)) {
            all.retain(|other| other.subject_id != choice.subject_id || name == "not");
            all.push(choice);
        }
        all
    };
    Some(Question {
        role,
        carrier_id: form.id("carrier_id"),
        department_id: form.id("department_id"),
        steadiness: form.word("steadiness", Steadiness::parse),
        capacity: form.number("capacity").and_then(|n| u32::try_from(n).ok()),
        pinned: choices(form, "pin"),
        excluded: choices(form, "not"),
    })
}

async fn page_of(cx: &Cx, mut form: Form) -> Result<PlanPage> {
    let question = question_of(&mut form);
    let plan = match &question {
        Some(question) => match desk::plan(&cx.app, &cx.who, question, cx.lang).await {
            Ok(plan) => Some(plan),
            Err(error) => {
                form.refused(error)?;
                None
            }
        },
        None => None,
    };
    let kept = question.iter().flat_map(|question| {
        let pins = question.pinned.iter().map(|choice| ("pin", write_choice(choice)));
        pins.chain(question.excluded.iter().map(|choice| ("not", write_choice(choice)))).collect::<Vec<_>>()
    });
    let kept = kept.collect();
    let mut tx = cx.read().await?;
    let carriers = registry::desk::carrier_names(&mut tx, cx.who.zone_id).await?;
    let departments = crate::organisation::desk::departments(&mut tx, cx.who.zone_id).await?;
    drop(tx);
    Ok(PlanPage {
        s: Shell::of(cx).await?,
        form,
        plan,
        roles: Duty::NEEDED,
        steadiness: Steadiness::ALL,
        carriers: carriers.into_iter().map(|(id, name, _)| (id.to_string(), name)).collect(),
        departments: departments
            .into_iter()
            .filter(|one| one.kind.is_own() && one.valid_to.is_none())
            .map(|one| (one.id.to_string(), one.short_name))
            .collect(),
        kept,
    })
}

async fn plan_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::parse(cx.request.query.as_bytes());
        html(&page_of(&cx, form).await?)
    })
    .await
}

async fn accept(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let question = question_of(&mut form).ok_or_else(|| Error::field("role", "required"))?;
        let (basis, reason) = (form.opt_text("basis"), form.opt_text("reason"));
        let accepted = desk::accept(&cx.app, &cx.who, &question, form.value("mark"), basis, reason).await;
        if made(accepted, &mut form)?.is_some() {
            let to = format!("/assignments/plan?role={}", encode(question.role.word()));
            return Ok(go(&to, "flash-plan-accepted"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page_of(&cx, form).await?)
    })
    .await
}
