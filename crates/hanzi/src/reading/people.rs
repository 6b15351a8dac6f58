//! People, their roles, and who they belong to.

use super::{Draft, Text, What};
use crate::tagger::Tag;

/// Forms of address after a surname. They give no name.
const ADDRESSES: &[&str] = &["女士", "先生", "师傅", "经理", "主任", "局长", "工", "总"];
/// What people are, the longer before what it ends in.
const ROLES: &[&str] = &[
    "班子成员",
    "副总经理",
    "总经理助理",
    "总经理",
    "客户经理",
    "董事长",
    "项目负责人",
    "相关负责人",
    "负责人",
    "副主任",
    "主任",
    "副书记",
    "书记",
    "副局长",
    "局长",
    "副部长",
    "部长",
    "领导",
    "专员",
    "工程师",
    "厂长",
    "院长",
    "副院长",
    "科长",
    "经理",
    "队长",
    "秘书长",
    "工作人员",
    "联络员",
];

pub(super) fn people(text: &Text, bodies: &[Draft]) -> Vec<Draft> {
    let mut out = Vec::new();
    for word in &text.words {
        let mut span = word.span.clone();
        if word.tag != Tag::Person
            || text.dropped(span.start)
            || bodies.iter().any(|d| d.span.start < span.end && span.start < d.span.end)
        {
            continue;
        }
        let mut name = text.slice(span.clone());
        if let Some(bare) = name.strip_suffix("同志") {
            name = bare.to_owned();
            span.end -= 2;
        }
        let after = text.slice(span.end..(span.end + 2).min(text.chars.len()));
        let mut partial = ADDRESSES.iter().any(|address| {
            name.strip_suffix(address).is_some_and(|surname| (1..=2).contains(&surname.chars().count()))
        });
        if span.len() == 1
            && let Some(address) = ADDRESSES.iter().find(|address| after.starts_with(**address))
        {
            span.end += address.chars().count();
            name.push_str(address);
            partial = true;
        }
        if span.len() < 2 || name.chars().any(|c| !crate::is_han(c) && c != '·') {
            continue;
        }
        let (role, organisation) = belongs(text, span.start, bodies);
        out.push(text.draft(span, What::Person { name, partial, role, organisation }));
    }
    out
}

/// The role before a name, and the body or firm before the role. In a list of names the first one's counts for all.
fn belongs(text: &Text, start: usize, bodies: &[Draft]) -> (Option<String>, Option<String>) {
    let mut at = start;
    // Back over 、 and the names before.
    while at > 0 && text.chars[at - 1] == '、' {
        match text.words.iter().find(|word| word.span.end == at - 1 && word.tag == Tag::Person) {
            Some(word) => at = word.span.start,
            None => break,
        }
    }
    let from = (0..at).rev().find(|i| "，。！？；：“”、\n".contains(text.chars[*i])).map_or(0, |i| i + 1);
    let said = text.slice(from..at);
    let role = ROLES.iter().find(|role| said.ends_with(**role)).map(|role| (*role).to_owned());
    let end = at - role.as_ref().map_or(0, |role| role.chars().count());
    let near = |draft: &&Draft| matches!(draft.what, What::Enterprise | What::Agency) && draft.span.end <= end;
    let beside = bodies.iter().filter(near).filter(|draft| draft.span.start >= from).max_by_key(|draft| draft.span.end);
    let beside = beside.filter(|draft| role.is_some() || draft.span.end == end);
    (role, beside.map(|draft| draft.mention.clone()))
}
