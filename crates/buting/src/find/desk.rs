//! What can be asked of the search: everything at once.

use super::{Group, HITS, Hit, Kind, LIKE, likeness};
use crate::actor::{Actor, OFFICE};
use crate::app::App;
use crate::appeal::cause::desk::CausesQuery;
use crate::appeal::{self, cause};
use crate::continuity::desk::{self as continuity, MeasureFilter};
use crate::error::Result;
use crate::http::api::Page;
use crate::organisation::desk::{self as organisation, DepartmentsQuery, PeopleQuery};
use crate::project::desk as project;
use crate::registry::{CarrierQuery, EnterpriseQuery, desk as registry};
use crate::search;
use crate::subject::{self, SubjectKind};
use crate::visit::campaign;
use crate::visit::desk::{self as visit, PromiseFilter, VisitFilter};
use crate::zone::Zone;
use ::store::Tx;
use std::collections::HashMap;
use uuid::Uuid;

/// Records that are compared by name with what was typed, of each kind.
const COMPARED: i64 = 40;
/// Names that are nearly so, of each kind.
const NEAR: usize = 5;

/// Everything that `q` finds of what somebody may see, `limit` of each kind; nothing
/// when nothing is asked.
pub async fn find(app: &App, who: &Actor, q: &str, limit: i64) -> Result<Vec<Group>> {
    who.must(OFFICE)?;
    let q = q.trim();
    if q.is_empty() {
        return Ok(Vec::new());
    }
    let mut groups = called(app, who, q, limit).await?;
    let named = groups.iter().any(|group| !group.items.is_empty());
    if !named {
        groups = nearly(app, who, q).await?;
    }
    groups.extend(written(app, who, q, limit).await?);
    groups.retain(|group| !group.items.is_empty());
    Ok(groups)
}

fn group<T>(kind: Kind, page: Page<T>, hit: impl FnMut(T) -> Hit) -> Group {
    let (total, total_at_least) = (page.total, page.total_at_least);
    Group { kind, near: false, items: page.items.into_iter().map(hit).collect(), total, total_at_least }
}

/// What goes by a name: the register, the projects, the house itself.
async fn called(app: &App, who: &Actor, q: &str, limit: i64) -> Result<Vec<Group>> {
    let (asked, some) = (Some(q.to_owned()), Some(limit));
    let query = EnterpriseQuery { q: asked.clone(), limit: some, ..EnterpriseQuery::default() };
    let mut enterprises = group(Kind::Enterprise, registry::enterprises(app, who, &query).await?, |one| {
        enterprise(one.id, one.name, one.carrier)
    });
    if let Ok(phone) = identifiers::phone::parse(q) {
        let mut tx = app.read().await?;
        let callers = registry::with_telephone(&mut tx, who, &phone.to_string(), HITS).await?;
        let callers = callers.into_iter().filter(|one| enterprises.items.iter().all(|hit| hit.id != one.id));
        let callers: Vec<Hit> = callers.map(|one| enterprise(one.id, one.name, one.carrier)).collect();
        enterprises.total = enterprises.total.map(|total| total + callers.len() as i64);
        enterprises.items.extend(callers);
    }
    let query = CarrierQuery { q: asked.clone(), limit: some, ..CarrierQuery::default() };
    let carriers = group(Kind::Carrier, registry::carriers(app, who, &query).await?, |one| Hit {
        id: one.id,
        href: SubjectKind::Carrier.href(one.id),
        title: one.name,
        more: one.address.unwrap_or_default(),
    });
    let query = project::Asked { q: asked.clone(), ..project::Asked::default() };
    let projects = group(Kind::Project, project::projects(app, who, query, limit).await?, |one| Hit {
        id: one.id,
        href: SubjectKind::Project.href(one.id),
        title: one.name,
        more: one.owner_name.unwrap_or_default(),
    });
    let query = DepartmentsQuery { q: asked.clone(), limit: some, closed: Some(false), ..DepartmentsQuery::default() };
    let departments = group(Kind::Department, organisation::departments_by(app, who, &query).await?, |one| Hit {
        id: one.id,
        href: format!("/departments/{}", one.id),
        more: if one.short_name == one.name { String::new() } else { one.short_name },
        title: one.name,
    });
    Ok(vec![enterprises, carriers, projects, departments, people(app, who, asked, limit).await?])
}

fn enterprise(id: Uuid, name: String, carrier: Option<String>) -> Hit {
    Hit { id, href: SubjectKind::Enterprise.href(id), title: name, more: carrier.unwrap_or_default() }
}

async fn people(app: &App, who: &Actor, q: Option<String>, limit: i64) -> Result<Group> {
    let query = PeopleQuery { q, limit: Some(limit), ..PeopleQuery::default() };
    let page = organisation::people(app, who, &query).await?;
    let departments: HashMap<Uuid, String> = organisation::departments(&mut app.read().await?, who.zone_id)
        .await?
        .into_iter()
        .map(|one| (one.id, one.short_name))
        .collect();
    Ok(group(Kind::Person, page.map(|listed| listed.person), |one| {
        let department = one.department_id.and_then(|id| departments.get(&id).cloned());
        Hit {
            id: one.id,
            href: format!("/people/{}", one.id),
            title: one.name,
            more: department.into_iter().chain(one.title).collect::<Vec<_>>().join(" "),
        }
    }))
}

/// What is called nearly so. Register facts are open to the whole office.
async fn nearly(app: &App, who: &Actor, q: &str) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    {
        let mut tx = app.read().await?;
        for kind in [SubjectKind::Enterprise, SubjectKind::Carrier, SubjectKind::Project] {
            groups.push(nearly_of(&mut tx, who.zone_id, kind, q).await?);
        }
    }
    // Colleagues are few enough to be asked for by their sound.
    let sound = hanzi::pinyin::spellings(q).into_iter().next().filter(|_| q.chars().all(hanzi::is_han));
    if let Some(sound) = sound {
        let found = people(app, who, Some(sound), HITS).await?;
        groups.push(Group { near: true, total: None, total_at_least: None, ..found });
    }
    Ok(groups)
}

async fn nearly_of(tx: &mut Tx, zone: Uuid, kind: SubjectKind, q: &str) -> Result<Group> {
    let found = search::near(tx, zone, kind.word(), q, COMPARED).await?;
    let mut likely = Vec::new();
    if kind == SubjectKind::Enterprise {
        for one in registry::enterprises_of(tx, zone, &found).await? {
            let names = std::iter::once(&one.name).chain(&one.short_names).map(String::as_str);
            likely.push((likeness(q, names), enterprise(one.id, one.name.clone(), one.carrier.clone())));
        }
    } else {
        for id in found {
            let one = subject::named(tx, zone, kind, id).await?;
            let names = [one.name.as_str(), one.short_name.as_str()].into_iter();
            likely.push((likeness(q, names), Hit { id, href: kind.href(id), title: one.name, more: String::new() }));
        }
    }
    likely.retain(|(likeness, _)| *likeness >= LIKE);
    likely.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.title.cmp(&other.title)));
    likely.truncate(NEAR);
    let kind = match kind {
        SubjectKind::Enterprise => Kind::Enterprise,
        SubjectKind::Carrier => Kind::Carrier,
        SubjectKind::Project => Kind::Project,
    };
    let items = likely.into_iter().map(|(_, hit)| hit).collect();
    Ok(Group { kind, near: true, items, total: None, total_at_least: None })
}

/// What has the words in its text, the newest first.
async fn written(app: &App, who: &Actor, q: &str, limit: i64) -> Result<Vec<Group>> {
    let asked = Some(q.to_owned());
    let filter = appeal::desk::Filter {
        q: asked.clone(),
        limit,
        sort: Some("-created".into()),
        ..appeal::desk::Filter::default()
    };
    let appeals = group(Kind::Appeal, appeal::desk::list(app, who, &filter).await?, |line| Hit {
        id: line.id,
        href: format!("/appeals/{}", line.id),
        title: line.title,
        more: [Some(line.number), line.enterprise_name.or(line.project_name)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
    });
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    let filter = VisitFilter { q: asked.clone(), ..VisitFilter::default() };
    let visits = group(Kind::Visit, visit::visits(app, who, &filter, None, limit).await?, |row| Hit {
        id: row.id,
        href: format!("/visits/{}", row.id),
        title: row.subject_name,
        more: format!("{} {}", row.number, zone.day(row.happened_at)),
    });
    let filter = PromiseFilter { q: asked, ..PromiseFilter::default() };
    let promises = group(Kind::Promise, visit::promises(app, who, &filter, None, limit).await?, |one| Hit {
        id: one.id,
        href: format!("/promises/{}", one.id),
        title: one.text,
        more: one.subject_name,
    });
    let filter = MeasureFilter { q: Some(q.to_owned()), ..MeasureFilter::default() };
    let measures = group(Kind::Measure, continuity::measures(app, who, &filter, None, limit).await?, |one| Hit {
        id: one.id,
        href: format!("/measures/{}", one.id),
        title: one.text,
        more: one.subject_name,
    });
    let asked = CausesQuery { q: Some(q.to_owned()), limit: Some(limit), ..CausesQuery::default() };
    let causes = group(Kind::Cause, cause::desk::list(app, who, &asked).await?, |one| Hit {
        id: one.id,
        href: format!("/causes/{}", one.id),
        title: one.title,
        more: one.number,
    });
    let disruptions = group(Kind::Disruption, continuity::disruptions(app, who, Some(q), None, limit).await?, |one| {
        Hit { id: one.id, href: format!("/disruptions/{}", one.id), title: one.name, more: one.number }
    });
    let campaigns =
        group(Kind::Campaign, campaign::desk::campaigns(app, who, Some(q), None, limit).await?, |one| Hit {
            id: one.id,
            href: format!("/visits/campaigns/{}", one.id),
            title: one.name,
            more: format!("{} – {}", zone.day(one.starts_at), zone.day(one.ends_at)),
        });
    let forces = project::task_forces_called(app, who, Some(q)).await?;
    let counted = forces.len() as i64;
    let shown = forces.into_iter().take(usize::try_from(limit).unwrap_or_default()).collect();
    let forces = group(Kind::TaskForce, Page::new(shown, None, counted), |one| Hit {
        id: one.id,
        href: format!("/task-forces/{}", one.id),
        title: one.name,
        more: one.leader,
    });
    Ok(vec![appeals, causes, visits, promises, measures, disruptions, campaigns, forces])
}
