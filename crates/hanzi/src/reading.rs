//! Reads a brief, a visit note or a chat log: what it says of people, enterprises, difficulties, numbers.
//!
//! Everything is a draft for a person to confirm, beside the place that says so. What the text does
//! not say stays empty: 相关部门 has no name, 近日 is no date, a person known by the surname stays so.

mod number;
mod people;

use crate::name::name_key;
use crate::tagger::{Tag, Word, tag};
use crate::{is_han, words};
use std::collections::HashMap;
use std::ops::Range;

/// A record that the caller has, by the names it goes by.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub id: String,
    /// The full, registered name.
    pub name: String,
    pub short_names: Vec<String>,
}

/// A category of difficulties and the words that speak for it, with their weights.
#[derive(Clone, Debug, Default)]
pub struct Category {
    pub key: String,
    pub words: Vec<(String, f64)>,
}

/// What the caller knows: only from it are short names and categories read.
#[derive(Clone, Debug, Default)]
pub struct Register {
    pub enterprises: Vec<Known>,
    pub projects: Vec<Known>,
    pub agencies: Vec<Known>,
    pub people: Vec<Known>,
    pub categories: Vec<Category>,
}

/// A record of the register that a mention may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub id: String,
    pub name: String,
    /// From 0 to 1; 1 is the name itself.
    pub score: f64,
}

/// How a number is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Exact,
    /// 近, 不超过, 以下: at most so many.
    AtMost,
    /// 上百, 以上, 多, 超过: at least so many.
    AtLeast,
    /// 约, 左右.
    About,
}

/// What a draft says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Person {
        name: String,
        /// Known by the surname alone (李女士): no given name is invented.
        partial: bool,
        role: Option<String>,
        organisation: Option<String>,
    },
    /// With no candidate where the register has none: a person must say who it is.
    Enterprise,
    Project,
    Agency,
    Difficulty {
        /// Categories that the caller's words propose, the likeliest first.
        categories: Vec<String>,
    },
    Measure,
    Promise,
    Quantity {
        value: f64,
        unit: String,
        bound: Bound,
        /// What is counted or measured, as the text says it; a proposal.
        meaning: String,
    },
    Date {
        year: Option<i16>,
        month: Option<i8>,
        day: Option<i8>,
    },
    /// Something ordered: an item of a list before 订单.
    Order,
}

/// Something that the text says, for a person to confirm.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Where, in characters of the text that was read.
    pub span: Range<usize>,
    pub mention: String,
    pub what: What,
    /// Records that it may mean, the likeliest first.
    pub candidates: Vec<Candidate>,
}

/// A text that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// In the order of the text.
    pub drafts: Vec<Draft>,
    /// Disclaimers and the like, of which nothing is read.
    pub boilerplate: Vec<Range<usize>>,
    /// Whether the text has no date of its own (only 近日, or a day without a year): then the day of publication is asked for.
    pub asks_for_date: bool,
}

/// Bodies that are no enterprises, by how their names end.
const BODIES: &[&str] = &[
    "管委会",
    "管理委员会",
    "委员会",
    "卫生院",
    "专班",
    "人民政府",
    "街道办事处",
    "办事处",
    "街道办",
    "管理局",
    "发展局",
    "金融局",
    "服务局",
    "监管局",
    "税务局",
    "公安局",
    "局",
    "救援大队",
    "大队",
    "支队",
    "法院",
    "检察院",
    "商会",
    "协会",
    "工会",
    "医院",
    "学院",
    "大学",
    "研究院",
    "中心",
    "交警部门",
    "组织人事部",
    "办公室",
];
/// Enterprises, by how their names end.
const FIRMS: &[&str] = &[
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "分公司",
    "公司",
    "集团",
    "重工",
    "银行",
    "厂",
    "合作社",
    "企业",
    "店",
    "动力",
    "科技",
    "实业",
];
/// Bodies without a name.
const NAMELESS: &[&str] = &["相关", "有关", "责任部门", "各部门", "该", "各", "本"];
/// What is said of projects in general.
const GENERAL: &[&str] = &[
    "重点", "省市", "该", "各", "所有", "全部", "一批", "保障", "建设", "审批", "在建", "新", "大", "多个", "个",
    "列入", "名单", "为", "对", "凡是", "的", "将", "与", "向", "实现", "落实", "引导", "幸福", "工程", "省级", "市级",
    "国家", "推动", "服务",
];
const TROUBLE: &[&str] = &[
    "困难",
    "难题",
    "问题",
    "不便",
    "无法",
    "面临",
    "缺口",
    "短缺",
    "不足",
    "延误",
    "受阻",
    "停工",
    "停产",
    "停运",
    "积压",
    "招工难",
    "留工难",
    "只能绕行",
    "没有办完",
    "进不去",
    "紧张",
    "上升",
    "积水",
    "着急",
    "断供",
    "缺货",
    "不畅",
    "滞留",
    "拖欠",
    "隐患",
];
/// Trouble that the clause says is past or avoided.
const NO_TROUBLE: &[&str] =
    &["不停工", "不停产", "不停运", "问题导向", "克服困难", "解决困难", "难题，", "安全生产", "不延误", "困难，保"];
const DOES: &[&str] = &[
    "协调",
    "帮助",
    "组织",
    "开展",
    "提供",
    "成立",
    "推行",
    "开通",
    "安排",
    "制定",
    "实行",
    "挑选",
    "引导",
    "鼓励",
    "推出",
    "举办",
    "联系",
    "调来",
    "落实",
    "畅通",
    "反馈",
    "沟通",
    "评估",
    "统筹",
    "分解",
    "带队",
    "跟进",
    "调研",
    "送达",
    "办理",
    "放置",
    "压缩",
    "打造",
    "督促",
    "下达",
    "检查",
    "讲解",
    "邀请",
    "利用",
    "带领",
    "谋对策",
    "协商",
    "应急预案",
    "防控方案",
    "一张表",
    "进行核酸检测",
    "寄送",
    "抽排",
    "对接",
];
const PROMISES: &[&str] =
    &["承诺", "答应", "保证", "确保", "将在", "将于", "将与", "日前", "底前", "工作日内", "本周内", "下周"];
const OATHS: &[&str] =
    &["承诺", "答应", "表示，将", "将与", "将在", "将于", "计划", "要求", "工作日内", "底前", "本周内"];
const VAGUE: &[&str] = &[
    "近日",
    "日前",
    "近期",
    "目前",
    "前期",
    "昨天",
    "今天",
    "明天",
    "上午",
    "下午",
    "今年",
    "去年",
    "近年来",
    "疫情期间",
    "疫情防控特殊时期",
    "截至目前",
    "下一步",
    "本周",
    "上周",
    "下周",
    "月底",
    "当前",
    "连日来",
];
const LEGAL: &[&str] = &[
    "免责声明",
    "声明：",
    "声明:",
    "来源：",
    "来源:",
    "责任编辑",
    "责编",
    "编辑：",
    "扫码",
    "阅读量",
    "浏览次数",
    "上一篇",
    "下一篇",
    "分享到",
];

/// A text taken apart, for the readers of each kind.
struct Text {
    chars: Vec<char>,
    words: Vec<Word>,
    /// For each character, whether it stands in quotation marks with fewer than 16 others: a slogan, a name of a service.
    quoted: Vec<bool>,
    boilerplate: Vec<Range<usize>>,
}

impl Text {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut quoted = vec![false; chars.len()];
        let mut open = None;
        for (at, c) in chars.iter().enumerate() {
            match c {
                '“' => open = Some(at),
                '”' => {
                    if let Some(start) = open.take().filter(|start| at - start <= 16) {
                        quoted[start..=at].fill(true);
                    }
                }
                '\n' => open = None,
                _ => {}
            }
        }
        let mut boilerplate = Vec::new();
        for line in split(&chars, 0..chars.len(), &['\n']) {
            let said: String = chars[line.clone()].iter().collect();
            let said = said.trim_start();
            let rights = said.contains("版权") && (said.contains("删除") || said.contains("转载"));
            if rights || LEGAL.iter().any(|begin| said.starts_with(begin)) {
                boilerplate.push(line);
            }
        }
        Self { words: tag(text), chars, quoted, boilerplate }
    }

    fn slice(&self, range: Range<usize>) -> String {
        self.chars[range].iter().collect()
    }

    fn dropped(&self, at: usize) -> bool {
        self.boilerplate.iter().any(|range| range.contains(&at))
    }

    /// Clauses, without those of the boilerplate and of headings in quotation marks.
    fn clauses(&self) -> Vec<Range<usize>> {
        let marks = ['，', '。', '！', '？', '；', '：', ',', ';', '\n'];
        split(&self.chars, 0..self.chars.len(), &marks).into_iter().filter(|range| !self.dropped(range.start)).collect()
    }

    /// The places of a word.
    fn find(&self, word: &str) -> Vec<Range<usize>> {
        let word: Vec<char> = word.chars().collect();
        if word.is_empty() {
            return Vec::new();
        }
        let places = self.chars.windows(word.len()).enumerate().filter(|(_, found)| *found == word);
        places.map(|(at, _)| at..at + word.len()).filter(|range| !self.dropped(range.start)).collect()
    }

    fn draft(&self, span: Range<usize>, what: What) -> Draft {
        Draft { mention: self.slice(span.clone()), span, what, candidates: Vec::new() }
    }
}

/// Stretches between signs; none is empty.
fn split(chars: &[char], within: Range<usize>, signs: &[char]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = within.start;
    for at in within.clone() {
        if signs.contains(&chars[at]) {
            if at > start {
                out.push(start..at);
            }
            start = at + 1;
        }
    }
    if within.end > start {
        out.push(start..within.end);
    }
    out
}

/// Reads a text. It should have been repaired before.
pub fn read(text: &str, register: &Register) -> Reading {
    let text = Text::of(text);
    let bodies = organisations(&text, register);
    let mut drafts = people::people(&text, &bodies);
    drafts.extend(bodies);
    drafts.extend(projects(&text));
    drafts.extend(sentences(&text, register));
    drafts.extend(number::quantities(&text));
    let dates = number::dates(&text, VAGUE);
    let asks_for_date =
        !dates.iter().any(|draft| matches!(draft.what, What::Date { year: Some(_), month: Some(_), .. }));
    drafts.extend(dates);
    drafts.extend(orders(&text));
    for draft in &mut drafts {
        let among = match draft.what {
            What::Enterprise if draft.candidates.is_empty() => &register.enterprises,
            What::Project => &register.projects,
            What::Agency => &register.agencies,
            What::Person { .. } => &register.people,
            _ => continue,
        };
        draft.candidates = candidates(&draft.mention, among);
    }
    drafts.sort_by_key(|draft| (draft.span.start, draft.span.end));
    Reading { drafts, boilerplate: text.boilerplate, asks_for_date }
}

/// At most so many candidates of one mention.
const OFFERED: usize = 5;

/// Records that a mention may mean: those named so, and those in whose name its characters stand in
/// order, weighed by how few other names have them.
fn candidates(mention: &str, among: &[Known]) -> Vec<Candidate> {
    let mut rarity: HashMap<char, f64> = HashMap::new();
    for known in among {
        let mut chars: Vec<char> = known.name.chars().collect();
        chars.sort_unstable();
        chars.dedup();
        chars.into_iter().for_each(|c| *rarity.entry(c).or_default() += 1.0);
    }
    let all = among.len() as f64;
    let weight = |c: char| ((all + 1.0) / (rarity.get(&c).copied().unwrap_or(0.0) + 0.5)).ln().max(0.1);
    let key = name_key(mention);
    let mut found: Vec<Candidate> = Vec::new();
    for known in among {
        let score = if known.name == mention || known.short_names.iter().any(|short| short == mention) {
            1.0
        } else {
            subsequence(&key, &known.name, &weight).max(if crate::similarity(mention, &known.name) > 0.6 {
                0.8
            } else {
                0.0
            })
        };
        if score >= 0.5 {
            found.push(Candidate { id: known.id.clone(), name: known.name.clone(), score });
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.name.cmp(&b.name)));
    found.truncate(OFFERED);
    found
}

/// How well the characters of a short name stand in a full one in order: each gap costs what the
/// character behind it is worth, common characters are worth little. 0 where one lacks.
fn subsequence(short: &str, full: &str, weight: &impl Fn(char) -> f64) -> f64 {
    let full: Vec<char> = full.chars().collect();
    let (mut worth, mut whole, mut at) = (0.0, 0.0, 0);
    let mut count = 0;
    for c in short.chars().filter(|c| is_han(*c) || c.is_alphanumeric()) {
        let Some(step) = full.get(at..).and_then(|rest| rest.iter().position(|f| *f == c)) else { return 0.0 };
        let gap = if count > 0 && step > 0 { 0.4 } else { 0.0 };
        worth += weight(c) * (1.0 - gap);
        whole += weight(c);
        at += step + 1;
        count += 1;
    }
    if count < 2 { 0.0 } else { worth / whole * 0.95 }
}

fn ends<'a>(name: &str, with: &[&'a str]) -> Option<&'a str> {
    with.iter().copied().find(|end| name.ends_with(end) && name.chars().count() > end.chars().count())
}

/// Enterprises and agencies.
fn organisations(text: &Text, register: &Register) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let taken =
        |out: &[Draft], span: &Range<usize>| out.iter().any(|d| d.span.start < span.end && span.start < d.span.end);
    // What the model takes for one, joined with what it split off before the ending.
    for (i, word) in text.words.iter().enumerate() {
        if text.dropped(word.span.start) || text.quoted[word.span.start] {
            continue;
        }
        let mut start = word.span.start;
        let name = text.slice(word.span.clone());
        let body = ends(&name, BODIES).is_some() && matches!(word.tag, Tag::Organisation | Tag::Place);
        let firm = word.tag == Tag::Organisation && ends(&name, FIRMS).is_some();
        // The ending alone, after a name: 大学城|管委会.
        let ending = matches!(word.tag, Tag::Noun | Tag::Organisation | Tag::Name)
            && (BODIES.contains(&name.as_str())
                || FIRMS[..4].contains(&name.as_str())
                || ends(&name, &FIRMS[..4]).is_some());
        if ending || body || firm {
            for before in text.words[..i].iter().rev().take(4) {
                let names = matches!(before.tag, Tag::Name | Tag::Place | Tag::Organisation | Tag::Person)
                    || (before.tag == Tag::Noun && ending && firm_ending(&name));
                if before.span.end != start || !names || text.slice(before.span.clone()).contains('、') {
                    break;
                }
                start = before.span.start;
            }
        }
        let span = start..word.span.end;
        let name = text.slice(span.clone());
        let named = span.len() > 2
            && (start < word.span.start || body || firm)
            && !NAMELESS.iter().any(|n| name.starts_with(n));
        if !named || taken(&out, &span) || text.chars[..start].ends_with(&['家']) {
            continue;
        }
        let what =
            if ends(&name, &FIRMS[..4]).is_some() || (ends(&name, BODIES).is_none() && ends(&name, FIRMS).is_some()) {
                What::Enterprise
            } else {
                What::Agency
            };
        out.push(text.draft(span, what));
    }
    // A task force has its name from what it is for.
    for place in text.find("专班") {
        let start = (place.start.saturating_sub(10)..place.start)
            .rev()
            .find(|i| !is_han(text.chars[*i]) || matches!(text.chars[*i], '立' | '由' | '的'))
            .map_or(place.start, |i| i + 1);
        if place.start - start >= 4 && !taken(&out, &(start..place.end)) && text.chars[..start].ends_with(&['立']) {
            out.push(text.draft(start..place.end, What::Agency));
        }
    }
    for (known, what) in [(&register.enterprises, What::Enterprise), (&register.agencies, What::Agency)] {
        for name in known.iter().flat_map(|k| k.short_names.iter().chain([&k.name])) {
            for span in text.find(name) {
                if !taken(&out, &span) && !text.quoted[span.start] {
                    out.push(text.draft(span, what.clone()));
                }
            }
        }
    }
    short_names(text, register, &mut out);
    // The short form of a name that the text gives in full.
    let full: Vec<(String, What)> = out
        .iter()
        .filter(|d| d.what == What::Enterprise || d.mention.ends_with("管委会"))
        .map(|d| (d.mention.clone(), d.what.clone()))
        .collect();
    for (name, what) in full {
        let short = if name.ends_with("管委会") {
            "管委会".to_owned()
        } else {
            name_key(&name).chars().take(2).collect()
        };
        for span in text.find(&short) {
            let apart = what == What::Agency || enumerated(text, &span);
            if apart && !taken(&out, &span) && !text.quoted[span.start] && short.chars().count() > 1 {
                out.push(text.draft(span, what.clone()));
            }
        }
    }
    out
}

fn firm_ending(name: &str) -> bool {
    FIRMS[..4].iter().any(|firm| name.ends_with(firm))
}

/// Whether a place is an item of a list: 济柴、北辰、艺高等.
fn enumerated(text: &Text, span: &Range<usize>) -> bool {
    let before = span.start.checked_sub(1).map(|i| text.chars[i]);
    let after = text.chars.get(span.end);
    before == Some('、') || after == Some(&'、')
}

/// Short names of the register, and those that stand in one list with them.
fn short_names(text: &Text, register: &Register, out: &mut Vec<Draft>) {
    if register.enterprises.is_empty() {
        return;
    }
    let taken =
        |out: &[Draft], span: &Range<usize>| out.iter().any(|d| d.span.start < span.end && span.start < d.span.end);
    // Items of lists that end in 等…企业, and words that the model takes for names.
    let mut lists: Vec<Vec<Range<usize>>> = Vec::new();
    for clause in text.clauses() {
        let items = split(&text.chars, clause.clone(), &['、']);
        if items.len() < 2 {
            continue;
        }
        // Up to the item that 等 closes: 佳宝等员工较多的重点企业.
        let closing = items.iter().position(|item| {
            item.clone().find(|i| text.chars[*i] == '等').is_some_and(|end| {
                let tail = text.slice(end..item.end);
                end > item.start && (tail.contains("企业") || tail.contains("公司"))
            })
        });
        if let Some(last) = closing {
            let mut list = items[..=last].to_vec();
            if let Some(item) = list.last_mut() {
                item.end = item.clone().find(|i| text.chars[*i] == '等').unwrap_or(item.end);
            }
            lists.push(list.into_iter().filter(|item| (2..=8).contains(&item.len())).collect());
        }
    }
    for list in lists {
        let found: Vec<Vec<Candidate>> =
            list.iter().map(|item| candidates(&text.slice(item.clone()), &register.enterprises)).collect();
        if found.iter().filter(|c| !c.is_empty()).count() * 2 < list.len() {
            continue;
        }
        for (item, candidates) in list.into_iter().zip(found) {
            if !taken(out, &item) {
                out.push(Draft { candidates, ..text.draft(item, What::Enterprise) });
            }
        }
    }
    for (i, word) in text.words.iter().enumerate() {
        for count in 1..=2 {
            let Some(last) = text.words.get(i + count - 1) else { break };
            let span = word.span.start..last.span.end;
            let name = text.slice(span.clone());
            let told =
                [word, last].iter().any(|w| matches!(w.tag, Tag::Organisation | Tag::Name | Tag::Place | Tag::Person));
            let plain = !(2..=6).contains(&span.len()) || !name.chars().all(is_han) || words::words().has(&name);
            if (!told && span.len() < 4)
                || plain
                || text.dropped(span.start)
                || text.quoted[span.start]
                || taken(out, &span)
            {
                continue;
            }
            let candidates: Vec<Candidate> =
                candidates(&name, &register.enterprises).into_iter().filter(|c| c.score >= 0.7).collect();
            if !candidates.is_empty() {
                out.push(Draft { candidates, ..text.draft(span, What::Enterprise) });
            }
        }
    }
}

/// Projects with a name: what stands before 项目 and is not said of any project.
fn projects(text: &Text) -> Vec<Draft> {
    let mut out = Vec::new();
    for place in text.find("项目") {
        let mut start = place.start;
        for word in text.words.iter().rev().skip_while(|word| word.span.end > place.start) {
            let name = text.slice(word.span.clone());
            let names = matches!(word.tag, Tag::Name | Tag::Organisation | Tag::Place | Tag::Noun);
            if word.span.end != start || !names || GENERAL.contains(&name.as_str()) {
                break;
            }
            start = word.span.start;
        }
        // Words that the model did not cut at 项目.
        if start == place.start
            && let Some(word) = text.words.iter().find(|w| w.span.contains(&place.start) && w.span.start < place.start)
            && matches!(word.tag, Tag::Organisation | Tag::Name)
        {
            start = word.span.start;
        }
        let name = text.slice(start..place.start);
        let proper = text.words.iter().any(|w| {
            w.span.start >= start
                && w.span.end <= place.end
                && matches!(w.tag, Tag::Name | Tag::Organisation | Tag::Place)
        });
        if place.start - start >= 3 && proper && !GENERAL.iter().any(|word| name == *word) && !text.quoted[start] {
            out.push(text.draft(start..place.end, What::Project));
        }
    }
    out
}

/// Difficulties, measures and promises, by clause.
fn sentences(text: &Text, register: &Register) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    for clause in text.clauses() {
        let said = text.slice(clause.clone());
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if said.chars().count() < 5 {
            continue;
        }
        let trouble = has(TROUBLE) && !has(NO_TROUBLE);
        if trouble {
            // What leads to it stands before it in the same sentence.
            let categories = categories(&said, register);
            out.push(text.draft(clause.clone(), What::Difficulty { categories }));
        } else if has(OATHS) && has(PROMISES) {
            out.push(text.draft(clause.clone(), What::Promise));
        } else if has(DOES) {
            out.push(text.draft(clause.clone(), What::Measure));
        }
    }
    out
}

/// The categories that a sentence's words speak for.
fn categories(said: &str, register: &Register) -> Vec<String> {
    let mut found: Vec<(f64, &str)> = Vec::new();
    for category in &register.categories {
        let weight: f64 = category.words.iter().filter(|(word, _)| said.contains(word.as_str())).map(|(_, w)| w).sum();
        if weight > 0.0 {
            found.push((weight, &category.key));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    found.into_iter().map(|(_, key)| key.to_owned()).collect()
}

/// What is ordered: the items of a list before 订单.
fn orders(text: &Text) -> Vec<Draft> {
    let mut out = Vec::new();
    for clause in text.clauses() {
        let said = text.slice(clause.clone());
        let Some(byte) = said.find("订单") else { continue };
        let end = clause.start + said[..byte].chars().count();
        let items = split(&text.chars, clause.start..end, &['、']);
        let count = items.len();
        if count < 2 {
            continue;
        }
        for (i, mut item) in items.into_iter().enumerate() {
            if i == 0
                && let Some(of) = item.clone().rev().find(|at| text.chars[*at] == '的')
            {
                item.start = of + 1;
            }
            if i + 1 == count {
                item.end = item.clone().find(|at| text.chars[*at] == '等').unwrap_or(item.end);
            }
            if (1..=12).contains(&item.len()) {
                out.push(text.draft(item, What::Order));
            }
        }
    }
    out
}
