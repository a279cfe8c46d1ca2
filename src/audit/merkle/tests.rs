//! Known vectors, every pair of sizes to 256, and proofs that must be refused.

mod pairs;
mod refused;

use super::{Frontier, Hash, Known, kept_level, leaf_hash};

/// A log of `size` entries, kept as the database keeps it, with its root at every size.
struct Log {
    leaves: Vec<Hash>,
    known: Known,
    roots: Vec<Hash>,
}

fn log(size: u64) -> Log {
    let mut frontier = Frontier::default();
    let (mut known, mut leaves, mut roots) = (Known::default(), Vec::new(), vec![frontier.root()]);
    for number in 0..size {
        let leaf = leaf_hash(&number.to_be_bytes());
        leaves.push(leaf);
        frontier.append(leaf, |level, index, hash| {
            if let Some(kept) = kept_level(level) {
                known.insert(kept, index, hash);
            }
        });
        roots.push(frontier.root());
    }
    Log { leaves, known, roots }
}
