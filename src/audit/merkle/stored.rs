//! A tree of which only every eighth level is kept.
//!
//! Level 0 has the leaves, level 1 the root of every 256 of them, level 2 that of
//! every 256 of those. Rows are only ever added, and a proof needs at most two
//! blocks of 256 hashes of each level, however large the log is.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Hash, Nodes, node_hash};

/// Levels of the tree between two that are kept.
const FANOUT_BITS: u8 = 8;
/// Hashes of a kept level below one of the next.
pub const FANOUT: u64 = 1 << FANOUT_BITS;

/// 256 neighbours on a kept level: which level, and which of its blocks.
pub type Block = (u8, u64);

/// The kept level of a level of the tree, if it is one.
pub fn kept_level(level: u8) -> Option<u8> {
    level.is_multiple_of(FANOUT_BITS).then_some(level / FANOUT_BITS)
}

/// Some hashes of the kept levels, by level and place.
#[derive(Debug, Default)]
pub struct Known {
    kept: BTreeMap<(u8, u64), Hash>,
    /// Nodes between the kept levels, once they were reckoned: level, height above, place.
    reckoned: RefCell<BTreeMap<(u8, u8, u64), Hash>>,
}

impl Known {
    /// Adds a hash of a kept level.
    pub fn insert(&mut self, kept_level: u8, index: u64, hash: Hash) {
        self.kept.insert((kept_level, index), hash);
    }

    /// The root of `2^height` neighbours on a kept level.
    fn root(&self, kept_level: u8, height: u8, index: u64) -> Option<Hash> {
        if height == 0 {
            return self.kept.get(&(kept_level, index)).copied();
        }
        let place = (kept_level, height, index);
        if let Some(hash) = self.reckoned.borrow().get(&place) {
            return Some(*hash);
        }
        let left = self.root(kept_level, height - 1, index * 2)?;
        let hash = node_hash(&left, &self.root(kept_level, height - 1, index * 2 + 1)?);
        self.reckoned.borrow_mut().insert(place, hash);
        Some(hash)
    }
}

impl Nodes for Known {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.root(level / FANOUT_BITS, level % FANOUT_BITS, index)
    }
}

/// The blocks that `work` asks nodes of. The hashes it gets are of no use.
pub fn blocks_asked_by<T>(work: impl FnOnce(&Asked) -> T) -> BTreeSet<Block> {
    let asked = Asked::default();
    work(&asked);
    asked.0.into_inner()
}

/// Nodes that only remember what they were asked for.
#[derive(Debug, Default)]
pub struct Asked(RefCell<BTreeSet<Block>>);

impl Nodes for Asked {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let first = index << (level % FANOUT_BITS);
        self.0.borrow_mut().insert((level / FANOUT_BITS, first / FANOUT));
        Some(Hash::default())
    }
}
