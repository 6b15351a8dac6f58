//! What rows are compared with: the register as it stood when the run began, and
//! what the run has added since.

use super::store::{self, Known};
use super::{Candidate, Kind};
use crate::app::App;
use crate::error::{FieldError, Result};
use crate::organisation::{Department, desk as organisation};
use crate::registry::NewEnterprise;
use crate::words;
use hanzi::pinyin::spellings;
use hanzi::{NameIndex, name_key, short_name_match, similarity};
use identifiers::Uscc;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Names this much alike may be meant for each other.
const NEAR: f64 = 0.45;
/// Names this much alike are asked about before there are two.
const ALIKE: f64 = 0.75;
/// The same, of two that sit in one carrier.
const ALIKE_THERE: f64 = 0.6;

words! {
    /// Why two names may be one enterprise.
    pub enum Reason {
        /// They share a short name, or one is the other's.
        ShortName = "short_name",
        /// One name stands within the other.
        Within = "within",
        /// They sound alike.
        Sound = "sound",
        /// Most of their characters are the same.
        Alike = "alike",
        /// They sit in one carrier.
        Carrier = "carrier",
    }
}

/// What of an enterprise is looked at when names are compared.
#[derive(Clone, Copy, Debug)]
pub struct Sketch<'a> {
    /// Full name.
    pub name: &'a str,
    /// Where it sits.
    pub carrier: Option<Uuid>,
}

/// Numbers in a name tell two firms apart however alike the rest is.
fn ordinals(key: &str) -> String {
    key.chars().filter(|c| c.is_numeric() || "一二三四五六七八九十甲乙丙丁".contains(*c)).collect()
}

/// Why two names may be one enterprise; nothing when they hardly are. `score` is
/// how like they are, `short` whether they share a short name.
pub fn reasons(a: Sketch<'_>, b: Sketch<'_>, score: f64, short: bool) -> Vec<Reason> {
    let (one, other) = (name_key(a.name), name_key(b.name));
    let there = a.carrier.is_some() && a.carrier == b.carrier;
    let mut found = Vec::new();
    if short {
        found.push(Reason::ShortName);
    }
    if ordinals(&one) != ordinals(&other) {
        return found;
    }
    let within = |long: &str, part: &str| part.chars().count() >= 3 && long.contains(part);
    if within(&one, &other) || within(&other, &one) {
        found.push(Reason::Within);
    }
    let sounds = spellings(&one);
    if one != other && spellings(&other).iter().any(|sound| sounds.contains(sound)) {
        found.push(Reason::Sound);
    }
    if score >= ALIKE || (there && score >= ALIKE_THERE) {
        found.push(Reason::Alike);
    }
    if there && !found.is_empty() {
        found.push(Reason::Carrier);
    }
    found
}

/// A body with a full and a short name.
#[derive(Clone, Debug)]
pub struct Body {
    pub id: Uuid,
    pub name: String,
    pub short_name: String,
}

/// Bodies that cells name.
#[derive(Default)]
pub struct Bodies {
    all: Vec<Body>,
    names: NameIndex,
}

impl Bodies {
    pub fn of(all: Vec<(Uuid, String, String)>) -> Self {
        let mut bodies = Self::default();
        for (id, name, short_name) in all {
            bodies.add(id, name, short_name);
        }
        bodies
    }

    pub fn add(&mut self, id: Uuid, name: String, short_name: String) {
        self.names.add(&name);
        self.all.push(Body { id, name, short_name });
    }

    /// The body of that full or short name.
    pub fn find(&self, name: &str) -> Option<Uuid> {
        let name = name.trim();
        let by = |field: fn(&Body) -> &str| self.all.iter().find(|body| field(body) == name);
        by(|body| &body.name).or_else(|| by(|body| &body.short_name)).map(|body| body.id)
    }

    /// What is wrong with a name that no body has: with the nearest where one is near.
    pub fn unknown(&self, column: &str, name: &str, near: &'static str, none: &'static str) -> FieldError {
        let like = self.names.near(name, NEAR, 1).first().map(|near| near.name.to_owned());
        let like = like.or_else(|| {
            let full = |body: &&Body| short_name_match(&body.short_name, name).is_some_and(|score| score > 0.9);
            self.all.iter().find(full).map(|body| body.name.clone())
        });
        match like {
            Some(name) => FieldError::new(column, near).with("name", name),
            None => FieldError::new(column, none),
        }
    }
}

/// An enterprise as rows are compared with it.
struct One {
    name: String,
    uscc: Option<String>,
    carrier: Option<Uuid>,
    /// The row of this file that makes it, when it is not in the register yet.
    row: Option<usize>,
}

/// Names with the enterprises that bear them.
#[derive(Default)]
struct Names {
    index: NameIndex,
    ids: Vec<Uuid>,
}

impl Names {
    fn add(&mut self, name: &str, id: Uuid) {
        self.index.add(name);
        self.ids.push(id);
    }
}

/// See the head of this file.
pub struct Register {
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<String, Vec<Uuid>>,
    by_short: HashMap<String, BTreeSet<Uuid>>,
    ones: HashMap<Uuid, One>,
    all: Names,
    /// Those without a credit code: only they can be one with a row that has one.
    bare: Names,
    pub carriers: Bodies,
    pub departments: Bodies,
    pub projects: Bodies,
    /// Departments as they stand, for sheets of departments.
    pub offices: Vec<Department>,
    /// Staff by name: id and department.
    pub staff: HashMap<String, Vec<(Uuid, Uuid)>>,
}

impl Register {
    /// Reads what sheets of that kind are compared with.
    pub async fn read(app: &App, zone: Uuid, kind: Kind) -> Result<Self> {
        let mut tx = app.db.snapshot().await?;
        let mut known = Self {
            by_uscc: HashMap::new(),
            by_name: HashMap::new(),
            by_short: HashMap::new(),
            ones: HashMap::new(),
            all: Names::default(),
            bare: Names::default(),
            carriers: Bodies::of(store::carriers(&mut tx, zone).await?),
            departments: Bodies::of(store::departments(&mut tx, zone).await?),
            projects: Bodies::default(),
            offices: Vec::new(),
            staff: HashMap::new(),
        };
        if kind == Kind::Departments {
            let offices = organisation::departments(&mut tx, zone).await?;
            known.offices = offices.into_iter().filter(|office| office.valid_to.is_none()).collect();
        }
        if matches!(kind, Kind::Staff | Kind::Assignments) {
            for (id, name, department) in store::staff(&mut tx, zone).await? {
                known.staff.entry(name).or_default().push((id, department));
            }
        }
        if matches!(kind, Kind::Projects | Kind::Assignments) {
            known.projects = Bodies::of(store::projects(&mut tx, zone).await?);
        }
        if matches!(kind, Kind::Enterprises | Kind::Contacts | Kind::Assignments | Kind::Projects) {
            for Known { id, name, name_key, uscc, carrier_id, merged_into } in store::enterprises(&mut tx, zone).await?
            {
                if let Some(into) = merged_into {
                    known.also(into, uscc, name_key);
                    continue;
                }
                known.add(id, One { name, uscc, carrier: carrier_id, row: None }, name_key, &[]);
            }
            for (id, name) in store::short_names(&mut tx, zone).await? {
                if known.ones.contains_key(&id) {
                    known.by_short.entry(name).or_default().insert(id);
                }
            }
        }
        tx.commit().await?;
        Ok(known)
    }

    fn add(&mut self, id: Uuid, one: One, name_key: String, short_names: &[String]) {
        match &one.uscc {
            Some(uscc) => {
                self.by_uscc.insert(uscc.clone(), id);
            }
            None => self.bare.add(&one.name, id),
        }
        self.all.add(&one.name, id);
        let named = self.by_name.entry(name_key).or_default();
        if !named.contains(&id) {
            named.push(id);
        }
        for short in short_names {
            self.by_short.entry(short.clone()).or_default().insert(id);
        }
        self.ones.insert(id, one);
    }

    /// Notes what an enterprise was called before it was merged into this one.
    fn also(&mut self, id: Uuid, uscc: Option<String>, name_key: String) {
        if let Some(uscc) = uscc {
            self.by_uscc.entry(uscc).or_insert(id);
        }
        let named = self.by_name.entry(name_key).or_default();
        if !named.contains(&id) {
            named.push(id);
        }
    }

    /// Notes an enterprise that a row of this file makes.
    pub fn made(&mut self, id: Uuid, new: &NewEnterprise, row: usize) {
        let one = One { name: new.name.clone(), uscc: new.uscc.clone(), carrier: new.carrier_id, row: Some(row) };
        self.add(id, one, name_key(&new.name), &new.short_names);
    }

    /// The enterprise that a name means: by code, by full name, or by a short name
    /// that only one has.
    pub fn enterprise(&self, name: &str, uscc: Option<&str>) -> Option<Uuid> {
        if let Some(id) = uscc.and_then(|uscc| self.by_uscc.get(&Uscc::normalise(uscc))) {
            return Some(*id);
        }
        if let Some([id]) = self.by_name.get(&name_key(name)).map(Vec::as_slice) {
            return Some(*id);
        }
        self.by_short.get(name.trim()).filter(|ids| ids.len() == 1).and_then(|ids| ids.first().copied())
    }

    /// What is wrong with a name that no enterprise has.
    pub fn unknown(&self, column: &str, name: &str) -> FieldError {
        match self.all.index.near(name, NEAR, 1).first() {
            Some(near) => FieldError::new(column, "import_enterprise_near").with("name", near.name),
            None => FieldError::new(column, "import_enterprise"),
        }
    }

    /// The enterprise of the register that a row speaks of; an error when code
    /// and name speak of two.
    pub fn same(&self, new: &NewEnterprise) -> Result<Option<Uuid>, (&'static str, FieldError)> {
        let by_name = self.by_name.get(&name_key(&new.name)).map_or(&[][..], Vec::as_slice);
        let by_code = new.uscc.as_ref().and_then(|code| self.by_uscc.get(code));
        match (by_code, by_name) {
            (Some(id), names) => {
                let known = self.ones.get(id).map(|one| one.name.as_str()).unwrap_or_default();
                let same = names.contains(id)
                    || similarity(known, &new.name) >= NEAR
                    || short_name_match(&new.name, known).is_some();
                if same {
                    Ok(Some(*id))
                } else {
                    Err(("uscc", FieldError::new("uscc", "import_other_name").with("name", known)))
                }
            }
            (None, []) => Ok(None),
            (None, [id]) => {
                let known = self.ones.get(id).and_then(|one| one.uscc.as_ref());
                match (known, &new.uscc) {
                    (Some(known), Some(_)) => {
                        Err(("uscc", FieldError::new("uscc", "import_other_uscc").with("uscc", known)))
                    }
                    _ => Ok(Some(*id)),
                }
            }
            (None, [_, _, ..]) => Err(("name", FieldError::new("name", "import_two_named"))),
        }
    }

    /// The enterprise that a new one may be already. Two with different codes are
    /// two, whatever they are called.
    pub fn alike(&self, new: &NewEnterprise) -> Option<Candidate> {
        let names = if new.uscc.is_some() { &self.bare } else { &self.all };
        let sketch = Sketch { name: &new.name, carrier: new.carrier_id };
        let short = |id: &Uuid| {
            let has = |name: &String| self.by_short.get(name.trim()).is_some_and(|ids| ids.contains(id));
            has(&new.name) || new.short_names.iter().any(has)
        };
        let near = names
            .index
            .near(&new.name, 0.3, 5)
            .into_iter()
            .filter_map(|near| Some((*names.ids.get(near.at)?, near.score)));
        let called = std::iter::once(&new.name)
            .chain(&new.short_names)
            .filter_map(|name| self.by_short.get(name.trim()))
            .flatten()
            .filter(|id| new.uscc.is_none() || self.ones.get(id).is_some_and(|one| one.uscc.is_none()))
            .take(5)
            .map(|id| (*id, 0.0));
        let mut best: Option<(usize, Candidate)> = None;
        for (id, score) in near.chain(called) {
            let Some(one) = self.ones.get(&id) else { continue };
            let why = reasons(sketch, Sketch { name: &one.name, carrier: one.carrier }, score, short(&id));
            if why.len() > best.as_ref().map_or(0, |(n, _)| *n) {
                let known = one.row.is_none().then_some(id);
                let found = Candidate { id: known, row: one.row, name: one.name.clone(), reasons: why };
                best = Some((found.reasons.len(), found));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_that_may_be_one_firm() {
        let carrier = Some(Uuid::from_u128(1));
        for (a, b, there, expected) in [
            ("山东北辰机电设备有限公司", "北辰机电设备有限公司", false, &[Reason::Within, Reason::Alike][..]),
            ("佳禾食品有限公司", "佳合食品有限公司", false, &[Reason::Sound]),
            ("济南佳禾食品有限公司", "济南佳合食品有限公司", true, &[Reason::Sound, Reason::Alike, Reason::Carrier]),
            ("第一机械厂有限公司", "第二机械厂有限公司", true, &[]),
            ("第101号机械制造有限公司", "第102号机械制造有限公司", false, &[]),
            ("晨屿食品有限公司", "明砺精密铸造有限公司", true, &[]),
        ] {
            let at = |name| Sketch { name, carrier: carrier.filter(|_| there) };
            assert_eq!(reasons(at(a), at(b), similarity(a, b), false), expected, "{a} {b}");
        }
        let named = |name| Sketch { name, carrier: None };
        assert_eq!(reasons(named("瑞禾"), named("瑞禾新源机械有限公司"), 0.0, true), [Reason::ShortName]);
    }

    #[test]
    fn a_body_is_suggested() {
        let bodies = Bodies::of(vec![
            (Uuid::from_u128(1), "西岭产业园".into(), "西岭".into()),
            (Uuid::from_u128(2), "平川智造园".into(), "平川".into()),
        ]);
        assert_eq!(bodies.find(" 西岭 "), Some(Uuid::from_u128(1)));
        let near = bodies.unknown("carrier_id", "西岭园", "import_carrier_near", "import_carrier");
        assert_eq!((near.code, near.args[0].1.as_str()), ("import_carrier_near", "西岭产业园"));
        assert_eq!(bodies.unknown("carrier_id", "火星基地", "near", "none").code, "none");
    }
}
