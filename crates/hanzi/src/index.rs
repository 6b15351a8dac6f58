use crate::name::{Shape, name_key, pairs};
use std::cmp::Reverse;
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
    names: Vec<(String, Shape)>,
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
        let key: Vec<char> = name_key(name).chars().collect();
        for pair in pairs(&key) {
            let places = self.pairs.entry(pair).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        self.names.push((name.to_owned(), Shape::with_key(name, &key)));
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
        let key: Vec<char> = name_key(name).chars().collect();
        let shape = Shape::with_key(name, &key);
        let places: Vec<usize> =
            if self.names.len() <= FEW { (0..self.names.len()).collect() } else { self.sharing(&key) };
        let mut found: Vec<Near<'_>> = places
            .into_iter()
            .filter_map(|at| {
                let (other, like) = self.names.get(at)?;
                let score = shape.similarity(like).max(shape.fits(like).unwrap_or(0.0));
                (score >= least).then_some(Near { at, name: other, score })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
        found.truncate(most);
        found
    }

    /// The places of the names that share most pairs with this key.
    fn sharing(&self, key: &[char]) -> Vec<usize> {
        let mut lists: Vec<&[u32]> = pairs(key).filter_map(|pair| self.pairs.get(&pair)).map(Vec::as_slice).collect();
        lists.sort_by_key(|list| list.len());
        let rare = lists.iter().take_while(|list| list.len() <= COMMON).count();
        let lists = match lists.first() {
            Some(rarest) if rare == 0 => vec![&rarest[..COMMON]],
            _ => lists.into_iter().take(rare).collect(),
        };
        // A count for each name costs less than sorting what the lists hold.
        let mut counts = vec![0_u8; self.names.len()];
        let mut sharing = Vec::new();
        for place in lists.into_iter().flatten().map(|place| *place as usize) {
            if counts[place] == 0 {
                sharing.push(place);
            }
            counts[place] = counts[place].saturating_add(1);
        }
        let rank = |place: &usize| (Reverse(counts[*place]), *place);
        if sharing.len() > COMPARED {
            sharing.select_nth_unstable_by_key(COMPARED, rank);
            sharing.truncate(COMPARED);
        }
        sharing
    }
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
