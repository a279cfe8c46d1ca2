//! The Merkle tree over the log (RFC 9162 §2.1).
//!
//! Pure: hashes in, hashes out. A tree of any size is known by its [`Frontier`];
//! a proof is made from whatever can tell the [`Nodes`] and is verified from
//! nothing but the proof itself and the roots.

mod consistency;
mod frontier;
mod inclusion;
mod stored;

pub use consistency::{prove_consistency, verify_consistency};
pub use frontier::Frontier;
pub use inclusion::{prove_inclusion, verify_inclusion};
pub use stored::{Block, FANOUT, Known, blocks_asked_by, kept_level};

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf is not within the tree, or the older tree is the larger one.
    #[error("the proof speaks of a place that the tree does not have")]
    OutOfRange,
    /// It has too few or too many hashes for these sizes.
    #[error("the proof has the wrong number of hashes")]
    WrongLength,
    /// It leads to another root.
    #[error("the proof leads to another root")]
    WrongRoot,
    /// A hash that is needed to make it is not there.
    #[error("a hash of the tree is missing")]
    Incomplete,
}

/// The hash of an entry: `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(entry).finalize().into()
}

/// The hash of two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let both = Sha256::new_with_prefix([1]).chain_update(left);
    both.chain_update(right).finalize().into()
}

/// The root of the tree without leaves: `SHA-256()`.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Something that knows the roots of the full subtrees of a log.
pub trait Nodes {
    /// The root of the leaves `index · 2^level` up to `(index + 1) · 2^level`.
    fn node(&self, level: u8, index: u64) -> Option<Hash>;
}

/// The largest power of two smaller than `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The root of the leaves from `from` up to `to`. As the recursion of the RFC
/// comes by it: `from` is a multiple of the power of two that covers the range.
fn root_of(nodes: &impl Nodes, from: u64, to: u64) -> Result<Hash, ProofError> {
    let size = to - from;
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        let level = u8::try_from(level).map_err(|_error| ProofError::OutOfRange)?;
        return nodes.node(level, from >> level).ok_or(ProofError::Incomplete);
    }
    let middle = from + split(size);
    Ok(node_hash(&root_of(nodes, from, middle)?, &root_of(nodes, middle, to)?))
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// [`ProofError::Incomplete`] where a node is missing.
pub fn root(nodes: &impl Nodes, size: u64) -> Result<Hash, ProofError> {
    if size == 0 {
        return Ok(empty_root());
    }
    root_of(nodes, 0, size)
}

#[cfg(test)]
mod tests;
