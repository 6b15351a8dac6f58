use super::desk::{self, MAKERS};
use super::{Campaign, NewCampaign, Reached, Target, TargetFilter};
use crate::actor::OFFICE;
use crate::error::{Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::seek::{ENTERPRISES, Seek};
use crate::registry;
use crate::settings;
use crate::visit::desk::RECORDERS;
use crate::visit::pages::block_name;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (office, makers) = (Access::only(OFFICE), Access::only(MAKERS));
    routes
        .get("/visits/campaigns", office, campaigns)
        .get("/visits/campaigns/new", makers, new_campaign)
        .post("/visits/campaigns", makers, start)
        .get("/visits/campaigns/{id}", office, campaign)
        .post("/visits/campaigns/{id}/add", makers, add)
        .post("/visits/campaigns/{id}/end", makers, end);
}

#[derive(Template)]
#[template(path = "visit/campaign/list.html")]
struct CampaignsPage {
    s: Shell,
    page: Page<Campaign>,
    maker: bool,
}

impl CampaignsPage {
    fn runs(&self, campaign: &Campaign) -> bool {
        campaign.runs(self.s.now)
    }
}

async fn campaigns(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let page = desk::campaigns(&cx.app, &cx.who, query.opt("q"), query.opt("cursor"), 20).await?;
        html(&CampaignsPage { s: Shell::of(&cx).await?, page, maker: cx.who.is(MAKERS) })
    })
    .await
}

// A new one

#[derive(Template)]
#[template(path = "visit/campaign/new.html")]
struct NewCampaignPage {
    s: Shell,
    form: Form,
    carriers: Vec<(String, String)>,
    blocks: Vec<(String, String)>,
    /// How many enterprises the filter finds, once it was asked.
    found: Option<i64>,
}

async fn new_page(cx: &Cx, form: Form, found: Option<i64>) -> Result<NewCampaignPage> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let blocks = settings::desk::visit_blocks(&mut tx, cx.who.zone_id, false).await?;
    let carriers = registry::desk::carrier_names(&mut tx, cx.who.zone_id).await?;
    Ok(NewCampaignPage {
        carriers: carriers.into_iter().map(|(id, name, _)| (id.to_string(), name)).collect(),
        blocks: blocks.iter().map(|block| (block.key.clone(), block_name(&s, block))).collect(),
        s,
        form,
        found,
    })
}

async fn new_campaign(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let today = cx.now().day(&Shell::of(&cx).await?.time_zone);
        let form = Form::filled([("starts_on", today.to_string()), ("rounds", "1".to_owned())]);
        html(&new_page(&cx, form, None).await?)
    })
    .await
}

async fn start(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let zone = Shell::of(&cx).await?.time_zone;
        let filter = TargetFilter {
            key: form.on("key"),
            carrier_id: form.id("carrier_id"),
            industry: form.opt_text("industry"),
            headcount_min: form.number("headcount_min"),
            silent_days: form.number("silent_days"),
        };
        if form.opt("count").is_some() && !form.failed() {
            // Only asked how many: everything stays, nothing is started.
            let found = desk::matching(&cx.app, &cx.who, &filter).await?;
            return html(&new_page(&cx, form, Some(found)).await?);
        }
        let (starts, ends) = (form.day("starts_on"), form.day("ends_on"));
        for (name, day) in [("starts_on", starts), ("ends_on", ends)] {
            if day.is_none() && !form.has_error(name) {
                form.add(FieldError::new(name, "required"));
            }
        }
        if let (Some(starts), Some(ends), false) = (starts, ends, form.failed()) {
            let new = NewCampaign {
                id: None,
                name: form.text("name"),
                purpose: form.text("purpose"),
                starts_at: starts.start(&zone),
                ends_at: ends.last(&zone),
                rounds: form.number("rounds"),
                blocks: form.all("blocks").to_vec(),
                filter,
            };
            match desk::start(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/visits/campaigns/{id}"), "flash-campaign-started"));
                }
                Err(Error::Invalid(errors)) => {
                    for error in errors {
                        let field = match error.field.as_str() {
                            "ends_at" => "ends_on".to_owned(),
                            "filter" => "key".to_owned(),
                            other => other.split('/').next().unwrap_or(other).to_owned(),
                        };
                        form.add(FieldError { field, ..error });
                    }
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_page(&cx, form, None).await?)
    })
    .await
}

// One

#[derive(Template)]
#[template(path = "visit/campaign/campaign.html")]
struct CampaignPage {
    s: Shell,
    c: Campaign,
    sentence: String,
    blocks: Vec<String>,
    targets: Page<Target>,
    subject: Seek,
    maker: bool,
    recorder: bool,
    adding: Form,
    ending: Form,
}

/// `adding` is the form that adds an enterprise, with what was typed of it.
async fn campaign_page(cx: &Cx, id: Uuid, adding: Option<(Form, Seek)>, ending: Form) -> Result<CampaignPage> {
    let s = Shell::of(cx).await?;
    let query = Form::parse(cx.request.query.as_bytes());
    let c = desk::campaign(&cx.app, &cx.who, id).await?;
    let reached = query.opt("show").and_then(Reached::parse);
    let targets = desk::targets(&cx.app, &cx.who, id, reached, query.opt("cursor"), 20).await?;
    let all = settings::desk::visit_blocks(&mut cx.read().await?, cx.who.zone_id, true).await?;
    let blocks = all.iter().filter(|block| c.blocks.contains(&block.key)).map(|block| block_name(&s, block)).collect();
    let maker = cx.who.is(MAKERS) && c.ended_at.is_none();
    let (adding, subject) = match adding {
        Some(adding) => adding,
        None => {
            let mut empty = Form::default();
            let subject = Seek::of(cx, &mut empty, "enterprise_id", ENTERPRISES).await?;
            (empty, subject)
        }
    };
    let sentence = match c.ended_at {
        Some(at) => s.with("campaign-ended", "day", s.date(&at)),
        None => s.with2("campaign-until", "from", s.date(&c.starts_at), "to", s.date(&c.ends_at)),
    };
    Ok(CampaignPage { s, c, sentence, blocks, targets, subject, maker, recorder: cx.who.is(RECORDERS), adding, ending })
}

async fn campaign(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&campaign_page(&cx, id_of(&id)?, None, Form::default()).await?) }).await
}

async fn add(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let subject = Seek::of(&cx, &mut form, "enterprise_id", ENTERPRISES).await?;
        let reason = form.text("reason");
        if let Some((_, enterprise)) = subject.need(&mut form)
            && made(desk::add(&cx.app, &cx.who, id, enterprise, &reason).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/visits/campaigns/{id}"), "flash-campaign-added"));
        }
        let page = campaign_page(&cx, id, Some((form, subject)), Form::default()).await?;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })
    .await
}

async fn end(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let note = form.opt_text("note");
        if made(desk::end(&cx.app, &cx.who, id, note.as_deref()).await, &mut form)?.is_some() {
            return Ok(go(&format!("/visits/campaigns/{id}"), "flash-campaign-ended"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &campaign_page(&cx, id, None, form).await?)
    })
    .await
}
