//! 解决方案: what is proposed for an appeal (R-DIF-7). One of several is chosen, with
//! the reason. What an appeal was solved by is kept in the library of its category
//! (方案库) by an officer's own hand, in words that name no enterprise and nobody, and is
//! offered to the next appeal of the category. Who may do what when is [`TURNS`].

mod api;
pub mod desk;
pub(super) mod pages;
mod store;

use super::{Hat, Hats, Refusal, ResultKind, Status};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::time::Time;
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// How a solution stands.
    pub enum SolutionState {
        /// 备选
        Proposed = "proposed",
        /// 已选定
        Chosen = "chosen",
        /// 已放弃
        Dropped = "dropped",
    }
}

words! {
    /// What can be done with a solution.
    pub enum Move {
        /// 征求企业意见: the enterprise is shown it.
        Offer = "offer",
        /// 企业倾向: the enterprise says which it prefers.
        Prefer = "prefer",
        /// 选定
        Choose = "choose",
        /// 放弃
        Drop = "drop",
        /// 重新列入
        Again = "again",
        /// 入库
        Keep = "keep",
        /// 不入库
        PassOver = "pass_over",
    }
}

words! {
    /// Who bears what a solution costs and takes.
    pub enum Bearer {
        /// 管委会
        Office = "office",
        /// 企业
        Enterprise = "enterprise",
        /// 双方共担
        Shared = "shared",
        /// 协同单位
        Agency = "agency",
        /// 其他
        Other = "other",
    }
}

/// When something is done with the solutions of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The appeal is at work.
    AtWork,
    /// It was closed as solved.
    Solved,
    /// It is not handed in yet, or ended otherwise.
    Past,
}

impl Phase {
    /// Of an appeal with this status and result.
    pub fn of(status: Status, result: Option<ResultKind>) -> Self {
        match status {
            Status::Closed if result.is_some_and(ResultKind::is_solved) => Self::Solved,
            Status::Draft => Self::Past,
            status if status.is_open() => Self::AtWork,
            _ => Self::Past,
        }
    }
}

/// A row of the rule book: who does what with a solution that stands where.
struct Turn {
    who: &'static [Hat],
    /// Whether who proposed it may do it too.
    author: bool,
    does: Move,
    from: &'static [SolutionState],
    when: Phase,
    to: Option<SolutionState>,
}

const fn row(
    who: &'static [Hat],
    author: bool,
    does: Move,
    from: &'static [SolutionState],
    when: Phase,
    to: Option<SolutionState>,
) -> Turn {
    Turn { who, author, does, from, when, to }
}

/// The rule book of solutions. What is not here is forbidden.
const TURNS: &[Turn] = {
    use Hat::{Desk, Keeper, Lead, Owner};
    use Phase::{AtWork, Solved};
    use SolutionState::{Chosen, Dropped, Proposed};
    &[
        row(&[Lead, Desk], false, Move::Offer, &[Proposed], AtWork, None),
        row(&[Owner, Keeper], false, Move::Prefer, &[Proposed, Chosen], AtWork, None),
        row(&[Lead, Desk], false, Move::Choose, &[Proposed], AtWork, Some(Chosen)),
        row(&[Lead, Desk], true, Move::Drop, &[Proposed, Chosen], AtWork, Some(Dropped)),
        row(&[Lead, Desk], true, Move::Again, &[Dropped], AtWork, Some(Proposed)),
        row(&[Lead, Desk], false, Move::Keep, &[Chosen], Solved, None),
        row(&[Lead, Desk], false, Move::PassOver, &[Chosen], Solved, None),
    ]
};

/// Who proposes solutions.
pub const PROPOSERS: &[Hat] = &[Hat::Lead, Hat::Desk, Hat::Assist, Hat::Keeper, Hat::Overseer];

/// What a solution is turned into by a move; `author` says that the person proposed it.
pub fn turn(state: SolutionState, does: Move, hats: Hats, author: bool, when: Phase) -> Result<SolutionState, Refusal> {
    let mine = |turn: &&Turn| turn.does == does && (hats.any(turn.who) || author && turn.author);
    let mut rows = TURNS.iter().filter(mine).peekable();
    if rows.peek().is_none() {
        return Err(Refusal::NotYours);
    }
    let found = rows.find(|turn| turn.from.contains(&state) && turn.when == when);
    found.map(|turn| turn.to.unwrap_or(state)).ok_or(Refusal::NotNow)
}

/// A solution as it is typed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolutionDraft {
    /// What it is called, in one line.
    pub method: String,
    /// What is done, step by step.
    pub measures: String,
    /// Who bears it.
    pub bearer: Bearer,
    /// What speaks for it.
    pub pros: Option<String>,
    /// Where it ends, and what speaks against it.
    pub limits: Option<String>,
    /// The rule or policy that it respects.
    pub basis: Option<String>,
}

/// What somebody wants to do with the solutions of an appeal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Propose one.
    Propose(SolutionDraft),
    /// Take one over from the library; what was taken keeps its source.
    Adopt {
        /// The entry of the library.
        remedy_id: Uuid,
    },
    /// Show it to the enterprise, which may say that it prefers it.
    Offer {
        /// Which one.
        solution_id: Uuid,
    },
    /// Say, as the enterprise or for it, that this one is preferred.
    Prefer {
        /// Which one.
        solution_id: Uuid,
    },
    /// Choose it; what was chosen before stands beside it again.
    Choose {
        /// Which one.
        solution_id: Uuid,
        /// Why this one.
        reason: String,
    },
    /// Give it up.
    Drop {
        /// Which one.
        solution_id: Uuid,
        /// Why.
        reason: String,
    },
    /// Take up again what was dropped.
    Again {
        /// Which one.
        solution_id: Uuid,
    },
    /// Keep it in the library, in words that name no enterprise and nobody.
    Keep(Kept),
    /// Leave it out of the library.
    PassOver {
        /// Which one.
        solution_id: Uuid,
    },
}

/// A solution on its way into the library.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Which one.
    pub solution_id: Uuid,
    /// What it is called, in one line.
    pub method: String,
    /// What is done, step by step.
    pub measures: String,
    /// What speaks for it.
    pub pros: Option<String>,
    /// Where it ends.
    pub limits: Option<String>,
    /// The rule or policy that it respects.
    pub basis: Option<String>,
}

/// A solution that was proposed for an appeal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Solution {
    /// Key.
    pub id: Uuid,
    /// The appeal.
    pub appeal_id: Uuid,
    /// What it is called.
    pub method: String,
    /// What is done.
    pub measures: String,
    /// Who bears it.
    pub bearer: Bearer,
    /// What speaks for it.
    pub pros: Option<String>,
    /// Where it ends, and what speaks against it.
    pub limits: Option<String>,
    /// The rule or policy that it respects.
    pub basis: Option<String>,
    /// How it stands.
    pub state: SolutionState,
    /// Whether the enterprise is shown it.
    pub offered: bool,
    /// When the enterprise said that it prefers this one.
    pub preferred_at: Option<Time>,
    /// Who proposed it.
    pub proposed_by: Option<Uuid>,
    /// His name.
    pub proposer: Option<String>,
    /// The department that he was of then, by its short name.
    pub proposed_unit: Option<String>,
    /// When.
    pub proposed_at: Time,
    /// When it was chosen.
    pub chosen_at: Option<Time>,
    /// Why it was chosen, or dropped.
    pub reason: Option<String>,
    /// The entry of the library that it came from, or that came of it.
    pub remedy_id: Option<Uuid>,
    /// That entry's number.
    pub remedy_number: Option<String>,
    /// When it was left out of the library.
    pub passed_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Solution {
    id,
    appeal_id,
    method,
    measures,
    bearer,
    pros,
    limits,
    basis,
    state,
    offered,
    preferred_at,
    proposed_by,
    proposer,
    proposed_unit,
    proposed_at,
    chosen_at,
    reason,
    remedy_id,
    remedy_number,
    passed_at,
    version,
});

impl Versioned for Solution {
    fn version(&self) -> i64 {
        self.version
    }
}

/// An entry of the library, with how often it was chosen and what came of it, as far as
/// the reader may see the appeals.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Remedy {
    /// Key.
    pub id: Uuid,
    /// Its number, such as FA-20261130-0001.
    pub number: String,
    /// The kind of difficulty that it helps with.
    pub category: String,
    /// What it is called.
    pub method: String,
    /// What is done.
    pub measures: String,
    /// Who bears it.
    pub bearer: Bearer,
    /// What speaks for it.
    pub pros: Option<String>,
    /// Where it ends.
    pub limits: Option<String>,
    /// The rule or policy that it respects.
    pub basis: Option<String>,
    /// When it was kept.
    pub kept_at: Time,
    /// When it was taken out; it is offered no longer.
    pub retired_at: Option<Time>,
    /// Appeals for which it was chosen, the first among them.
    pub used: i64,
    /// Of these: closed as solved.
    pub solved: i64,
    /// Of these: ended otherwise.
    pub unsolved: i64,
    /// Of these: still at work.
    pub at_work: i64,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Remedy {
    id,
    number,
    category,
    method,
    measures,
    bearer,
    pros,
    limits,
    basis,
    kept_at,
    retired_at,
    used,
    solved,
    unsolved,
    at_work,
    version,
});

impl Versioned for Remedy {
    fn version(&self) -> i64 {
        self.version
    }
}

words! {
    /// What came of an appeal for which an entry of the library was chosen.
    pub enum Ended {
        /// 已解决
        Solved = "solved",
        /// 未以解决办结
        Unsolved = "unsolved",
        /// 办理中
        AtWork = "at_work",
    }
}

/// What somebody does with an entry of the library.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum RemedyAct {
    /// Change its words.
    Change(SolutionDraft),
    /// Take it out: it is offered no longer, and stays where it was adopted.
    Retire {
        /// Why.
        reason: String,
    },
    /// Offer it again.
    Restore {},
}

/// How many closed appeals there are, by whether production went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WentOnCount {
    /// Whether production went on.
    pub production_continued: super::WentOn,
    /// How many.
    pub count: i64,
}

from_row!(WentOnCount { production_continued, count });

/// Why a text may not go into the library: it names one of these, or holds a number
/// that a person or an enterprise is reached or known by. None when it may.
pub fn leaks(text: &str, names: &[String]) -> Option<&'static str> {
    let named = |name: &String| name.chars().count() > 1 && text.contains(name.as_str());
    // What enterprises are called by law ends so: it names one that the register may not know.
    if names.iter().any(named)
        || ["有限公司", "有限责任公司", "合伙企业", "个体工商户"].iter().any(|w| text.contains(w))
    {
        return Some("names_somebody");
    }
    // Telephones, bank accounts, resident numbers, however they are spaced; a day is shorter. Credit codes.
    let (mut digits, mut signs) = (0, 0);
    for c in text.chars() {
        digits = match c {
            c if c.is_ascii_digit() => digits + 1,
            ' ' | '-' => digits,
            _ => 0,
        };
        signs = if c.is_ascii_alphanumeric() { signs + 1 } else { 0 };
        if digits >= 11 || signs >= 18 {
            return Some("holds_number");
        }
    }
    None
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Who may do what with a solution, when, and where it leads. What is not here is
    /// forbidden. `author` is who proposed it.
    const RULE_BOOK: &str = "
        lead desk         offer      proposed         at work  -> proposed
        owner keeper      prefer     proposed         at work  -> proposed
        owner keeper      prefer     chosen           at work  -> chosen
        lead desk         choose     proposed         at work  -> chosen
        lead desk author  drop       proposed chosen  at work  -> dropped
        lead desk author  again      dropped          at work  -> proposed
        lead desk         keep       chosen           solved   -> chosen
        lead desk         pass_over  chosen           solved   -> chosen
    ";

    #[test]
    fn every_move_is_allowed_or_forbidden_as_the_rule_book_says() {
        type Row = (String, String, String, String, String);
        let mut book: BTreeSet<Row> = BTreeSet::new();
        for line in RULE_BOOK.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (left, to) = line.split_once(" -> ").expect("an arrow");
            let columns: Vec<&str> = left.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
            let [hats, does, states, when] = columns[..] else { panic!("four columns: {line}") };
            for (hat, state) in hats.split(' ').flat_map(|hat| states.split(' ').map(move |state| (hat, state))) {
                book.insert((hat.to_owned(), does.to_owned(), state.to_owned(), when.to_owned(), to.to_owned()));
            }
        }
        let mut found: BTreeSet<Row> = BTreeSet::new();
        for (phase, when) in [(Phase::AtWork, "at work"), (Phase::Solved, "solved"), (Phase::Past, "past")] {
            for (does, state) in
                Move::ALL.iter().flat_map(|does| SolutionState::ALL.iter().map(move |state| (*does, *state)))
            {
                for hat in Hat::ALL {
                    if let Ok(to) = turn(state, does, Hats::of(&[*hat]), false, phase) {
                        found
                            .insert([hat.word(), does.word(), state.word(), when, to.word()].map(str::to_owned).into());
                    }
                }
                if let Ok(to) = turn(state, does, Hats::default(), true, phase) {
                    found.insert(["author", does.word(), state.word(), when, to.word()].map(str::to_owned).into());
                }
            }
        }
        assert_eq!(found, book);
    }

    #[test]
    fn a_refusal_says_whether_it_is_the_person_or_the_moment() {
        let lead = Hats::of(&[Hat::Lead]);
        assert_eq!(turn(SolutionState::Dropped, Move::Choose, lead, false, Phase::AtWork), Err(Refusal::NotNow));
        assert_eq!(turn(SolutionState::Chosen, Move::Keep, lead, false, Phase::AtWork), Err(Refusal::NotNow));
        assert_eq!(
            turn(SolutionState::Proposed, Move::Choose, Hats::of(&[Hat::Owner]), false, Phase::AtWork),
            Err(Refusal::NotYours)
        );
    }

    #[test]
    fn what_an_appeal_stands_in_decides_when_solutions_can_be_moved() {
        for (status, result, phase) in [
            (Status::Draft, None, Phase::Past),
            (Status::Registered, None, Phase::AtWork),
            (Status::Answered, Some(ResultKind::Solved), Phase::AtWork),
            (Status::LongTerm, Some(ResultKind::LongTerm), Phase::AtWork),
            (Status::Closed, Some(ResultKind::Solved), Phase::Solved),
            (Status::Closed, Some(ResultKind::SolvedOtherwise), Phase::Solved),
            (Status::Closed, Some(ResultKind::PolicyDoesNotAllow), Phase::Past),
            (Status::Withdrawn, Some(ResultKind::Withdrawn), Phase::Past),
            (Status::Merged, None, Phase::Past),
        ] {
            assert_eq!(Phase::of(status, result), phase, "{status} {result:?}");
        }
    }

    #[test]
    fn the_library_holds_no_enterprise_and_nobody() {
        let names = ["历下测试机电有限公司", "测试机电", "王小明", "王"].map(str::to_owned);
        for (text, wrong) in [
            ("在厂区内自建采样点，由卫生院培训职工。", None),
            ("为测试机电开放东门。", Some("names_somebody")),
            ("请王小明到场。", Some("names_somebody")),
            ("王先生到场", None),
            ("由甲乙丙有限公司代为运输。", Some("names_somebody")),
            ("电话 138 0000 0000", Some("holds_number")),
            ("0531-88880000 转企服部", Some("holds_number")),
            ("按鲁政发〔2026〕3号第 12 条，2026 年 11 月 30 日前办结", None),
            ("2026-11-30 前办结", None),
            ("2026-11-30 10:00 前办结", None),
            ("信用代码 91370100MA3C12345X", Some("holds_number")),
        ] {
            assert_eq!(leaks(text, &names), wrong, "{text}");
        }
    }
}
