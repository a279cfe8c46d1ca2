//! That a tree extends an older one (RFC 9162 §2.1.4).

use super::{Hash, Nodes, ProofError, node_hash, root_of, split};

/// The proof that the tree of the first `newer` leaves begins with that of the
/// first `older`.
///
/// # Errors
/// [`ProofError::OutOfRange`] unless `0 < older ≤ newer`, or
/// [`ProofError::Incomplete`] where a node is missing.
pub fn prove_consistency(nodes: &impl Nodes, older: u64, newer: u64) -> Result<Vec<Hash>, ProofError> {
    if older == 0 || older > newer {
        return Err(ProofError::OutOfRange);
    }
    let (mut from, mut to) = (0, newer);
    let mut path = Vec::new();
    while older < to {
        let middle = from + split(to - from);
        if older <= middle {
            path.push(root_of(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(root_of(nodes, from, middle)?);
            from = middle;
        }
    }
    // The verifier has the older root already where it is a subtree by itself.
    if from != 0 {
        path.push(root_of(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Verifies that the tree of `newer` leaves with root `newer_root` begins with the
/// tree of `older` leaves with root `older_root`.
///
/// # Errors
/// Why it does not prove that.
pub fn verify_consistency(
    (older, older_root): (u64, &Hash),
    (newer, newer_root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), ProofError> {
    if older == 0 || older > newer {
        return Err(ProofError::OutOfRange);
    }
    if older == newer {
        return match (path.is_empty(), older_root == newer_root) {
            (false, _) => Err(ProofError::WrongLength),
            (true, false) => Err(ProofError::WrongRoot),
            (true, true) => Ok(()),
        };
    }
    let (first, rest) = if older.is_power_of_two() {
        (older_root, path)
    } else {
        path.split_first().ok_or(ProofError::WrongLength)?
    };
    let (mut place, mut last) = (older - 1, newer - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut of_older, mut of_newer) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if place & 1 == 1 || place == last {
            of_older = node_hash(hash, &of_older);
            of_newer = node_hash(hash, &of_newer);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            of_newer = node_hash(&of_newer, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if of_older == *older_root && of_newer == *newer_root {
        Ok(())
    } else {
        Err(ProofError::WrongRoot)
    }
}
