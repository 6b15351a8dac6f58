use crate::{name_key, short_name_match, similarity};
use std::collections::HashMap;

/// So few names are compared one by one.
const FEW: usize = 64;
/// A pair of characters that so many names hold tells little.
const COMMON: usize = 1000;
/// So many of the names that share most pairs are compared in full.
const COMPARED: usize = 24;

/// Names among which the like of one is found without comparing them all: by the
/// pairs of characters that they share.
#[derive(Clone, Debug, Default)]
pub struct NameIndex {
    names: Vec<String>,
    pairs: HashMap<[char; 2], Vec<u32>>,
}

/// A name that is like another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near<'a> {
    /// Its place, in the order of adding.
    pub at: usize,
    /// The name.
    pub name: &'a str,
    /// How like it is, from 0 to 1: by pairs of characters, or as a short name.
    pub score: f64,
}

impl NameIndex {
    /// An index of these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for name in names {
            index.add(name);
        }
        index
    }

    /// Adds a name; answers its place.
    pub fn add(&mut self, name: &str) -> usize {
        let at = self.names.len();
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        for pair in pairs(name) {
            let places = self.pairs.entry(pair).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        self.names.push(name.to_owned());
        at
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names whose likeness is at least `least`, the most like first, at most
    /// `most`. Of names that share only very common pairs some may be missed.
    pub fn near(&self, name: &str, least: f64, most: usize) -> Vec<Near<'_>> {
        let places: Vec<usize> =
            if self.names.len() <= FEW { (0..self.names.len()).collect() } else { self.sharing(name) };
        let mut found: Vec<Near<'_>> = places
            .into_iter()
            .filter_map(|at| {
                let other = self.names.get(at)?.as_str();
                let score = similarity(name, other).max(short_name_match(name, other).unwrap_or(0.0));
                (score >= least).then_some(Near { at, name: other, score })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
        found.truncate(most);
        found
    }

    /// The places of the names that share most pairs with this one.
    fn sharing(&self, name: &str) -> Vec<usize> {
        let mut lists: Vec<&[u32]> = pairs(name).filter_map(|pair| self.pairs.get(&pair)).map(Vec::as_slice).collect();
        lists.sort_by_key(|list| list.len());
        let rare = lists.iter().take_while(|list| list.len() <= COMMON).count();
        let mut all: Vec<u32> = lists[..rare].concat();
        if rare == 0 {
            all.extend(lists.first().into_iter().flat_map(|list| list.iter().take(COMMON)));
        }
        all.sort_unstable();
        let mut counted: Vec<(usize, u32)> = all.chunk_by(|a, b| a == b).map(|same| (same.len(), same[0])).collect();
        counted.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        counted.into_iter().take(COMPARED).map(|(_, place)| place as usize).collect()
    }
}

fn pairs(name: &str) -> impl Iterator<Item = [char; 2]> {
    let key: Vec<char> = name_key(name).chars().collect();
    (1..key.len()).map(move |i| [key[i - 1], key[i]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_like_is_found_among_many() {
        let mut index = NameIndex::default();
        for n in 0..5000 {
            index.add(&format!("第{n}号机械制造有限公司"));
        }
        let at = index.add("山东北辰机电设备股份有限公司");
        let near = index.near("北辰机电设备有限公司", 0.5, 3);
        assert_eq!(near.first().map(|near| near.at), Some(at));
        assert!(index.near("晨屿食品有限公司", 0.5, 3).is_empty());
        assert_eq!(index.near("第77号机械制造有限责任公司", 0.9, 1)[0].name, "第77号机械制造有限公司");
    }

    #[test]
    fn few_names_are_compared_one_by_one() {
        let index = NameIndex::of(["西岭产业园", "平川智造园"]);
        assert_eq!(index.near("西岭园", 0.45, 1)[0].name, "西岭产业园");
        assert!(index.near("火星基地", 0.45, 1).is_empty());
        assert_eq!((index.len(), index.is_empty()), (2, false));
    }
}
