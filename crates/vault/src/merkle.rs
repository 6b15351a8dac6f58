//! A Merkle tree that only grows (RFC 6962 §2.1): its hashes, its growing
//! edge, inclusion proofs from stored nodes.

use crate::{Error, Result};
use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(data);
    hasher.finalize().into()
}

/// The hash of an interior node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// A complete subtree: at `level`, over leaves `index·2^level` and on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// 0 for leaves.
    pub level: u32,
    /// Place within the level, from the left.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The growing edge: the complete subtrees from the largest to the smallest, one
/// for each bit of the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a stored tree; as many peaks as the size has bits set.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Result<Self> {
        if peaks.len() == size.count_ones() as usize { Ok(Self { size, peaks }) } else { Err(Error::Node) }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf; answers every subtree that this completes, the leaf first.
    pub fn append(&mut self, leaf: Hash) -> Vec<Node> {
        let mut node = Node { level: 0, index: self.size, hash: leaf };
        let mut completed = vec![node];
        // Each trailing one of the size is a subtree that waits for its sibling.
        while node.index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = Node { level: node.level + 1, index: node.index / 2, hash: node_hash(&left, &node.hash) };
            completed.push(node);
        }
        self.peaks.push(node.hash);
        self.size += 1;
        completed
    }

    /// The hash of the whole tree; of nothing it is SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Sha256::digest([]).into() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// A subtree of the tree, perhaps incomplete at the right edge.
type Span = (u64, u64);

/// The largest power of two below `n` (n > 1).
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The siblings on the way from a leaf to the root, nearest first.
fn path(index: u64, size: u64) -> Vec<Span> {
    let (mut from, mut to) = (0, size);
    let mut siblings = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            siblings.push((middle, to));
            to = middle;
        } else {
            siblings.push((from, middle));
            from = middle;
        }
    }
    siblings.reverse();
    siblings
}

/// The complete subtrees that a span consists of, largest first.
fn complete((from, to): Span) -> Vec<(u32, u64)> {
    let mut at = from;
    let mut parts = Vec::new();
    while at < to {
        let level = (63 - (to - at).leading_zeros()).min(if at == 0 { 63 } else { at.trailing_zeros() });
        parts.push((level, at >> level));
        at += 1 << level;
    }
    parts
}

/// The stored nodes, as (level, index), that an inclusion proof needs.
pub fn proof_nodes(index: u64, size: u64) -> Vec<(u32, u64)> {
    if index >= size {
        return Vec::new();
    }
    path(index, size).into_iter().flat_map(complete).collect()
}

/// The inclusion proof of a leaf (RFC 6962 §2.1.1), from stored complete nodes.
pub fn inclusion_proof(index: u64, size: u64, mut node: impl FnMut(u32, u64) -> Option<Hash>) -> Result<Vec<Hash>> {
    if index >= size {
        return Err(Error::Node);
    }
    path(index, size)
        .into_iter()
        .map(|span| {
            let hashes: Option<Vec<Hash>> = complete(span).into_iter().map(|(level, at)| node(level, at)).collect();
            let mut hashes = hashes.ok_or(Error::Node)?.into_iter().rev();
            let last = hashes.next().ok_or(Error::Node)?;
            Ok(hashes.fold(last, |right, left| node_hash(&left, &right)))
        })
        .collect()
}

/// Whether a proof leads from the leaf to the root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let spans = path(index, size);
    if spans.len() != proof.len() {
        return false;
    }
    let computed = spans.iter().zip(proof).fold(*leaf, |hash, ((from, _), sibling)| {
        if *from > index { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) }
    });
    computed == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The definition of RFC 6962, word by word.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            many => {
                let (left, right) = many.split_at(split(many.len() as u64) as usize);
                node_hash(&naive(left), &naive(right))
            }
        }
    }

    fn leaves(n: usize) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn roots_of_the_reference_log() {
        // The eight inputs and roots of the Certificate Transparency test suite.
        let inputs: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let mut edge = Frontier::new();
        assert_eq!(hex(&edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (input, root) in inputs.iter().zip([
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]) {
            edge.append(leaf_hash(input));
            assert_eq!(hex(&edge.root()), root);
        }
    }

    proptest! {
        #[test]
        fn the_edge_agrees_with_the_definition(n in 0_usize..300) {
            let leaves = leaves(n);
            let mut edge = Frontier::new();
            for leaf in &leaves {
                edge.append(*leaf);
            }
            prop_assert_eq!(edge.root(), naive(&leaves));
            prop_assert_eq!(edge.peaks().len(), (n as u64).count_ones() as usize);
        }

        #[test]
        fn every_leaf_can_be_proved_and_no_other(n in 1_u64..300, at in 0_u64..300) {
            let index = at % n;
            let leaves = leaves(n as usize);
            let mut edge = Frontier::new();
            let nodes: HashMap<_, _> = leaves
                .iter()
                .flat_map(|leaf| edge.append(*leaf))
                .map(|node| ((node.level, node.index), node.hash))
                .collect();
            let proof = inclusion_proof(index, n, |level, at| nodes.get(&(level, at)).copied()).expect("nodes are there");
            let root = edge.root();
            prop_assert!(verify_inclusion(&leaves[index as usize], index, n, &proof, &root));
            prop_assert!(!verify_inclusion(&leaf_hash(b"another"), index, n, &proof, &root));
            if n > 1 {
                prop_assert!(!verify_inclusion(&leaves[index as usize], (index + 1) % n, n, &proof, &root));
            }
        }
    }
}
