//! What must be so.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;

use super::super::{
    Block, FANOUT, Hash, Known, Nodes as _, ProofError, blocks_asked_by, empty_root, leaf_hash, node_hash,
    prove_consistency, prove_inclusion, root, verify_consistency, verify_inclusion,
};
use super::log;

fn hex(hash: &Hash) -> String {
    HEXLOWER.encode(hash)
}

/// The definition of RFC 9162 §2.1.1, word for word.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        leaves => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&defined(&leaves[..k]), &defined(&leaves[k..]))
        }
    }
}

#[test]
fn the_hashes_are_those_of_the_standard() {
    assert_eq!(
        hex(&empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex(&leaf_hash(b"")),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}

#[test]
fn the_root_is_the_one_defined_at_every_size() {
    let log = log(300);
    for size in 0..=300 {
        let expected = defined(&log.leaves[..size]);
        assert_eq!(log.roots[size], expected, "frontier at {size}");
        assert_eq!(root(&log.known, size as u64), Ok(expected), "nodes at {size}");
    }
}

#[test]
fn every_leaf_is_proved_in_every_tree_to_256() {
    let log = log(256);
    for size in 1..=256 {
        let root = &log.roots[size];
        for index in 0..size {
            let proof = prove_inclusion(&log.known, index as u64, size as u64).unwrap();
            let verified = verify_inclusion(&log.leaves[index], index as u64, size as u64, &proof, root);
            assert_eq!(verified, Ok(()), "{index} in {size}");
        }
    }
}

#[test]
fn every_tree_is_proved_to_extend_every_older_one_to_256() {
    let log = log(256);
    for newer in 1..=256_u64 {
        for older in 1..=newer {
            let proof = prove_consistency(&log.known, older, newer).unwrap();
            let verified = verify_consistency(
                (older, &log.roots[older as usize]),
                (newer, &log.roots[newer as usize]),
                &proof,
            );
            assert_eq!(verified, Ok(()), "{older} to {newer}");
        }
    }
}

#[test]
fn what_is_not_in_the_tree_cannot_be_proved() {
    let log = log(20);

    assert_eq!(prove_inclusion(&log.known, 20, 20), Err(ProofError::OutOfRange));
    assert_eq!(prove_inclusion(&log.known, 0, 0), Err(ProofError::OutOfRange));
    assert_eq!(prove_inclusion(&log.known, 0, 21), Err(ProofError::Incomplete));
    assert_eq!(prove_consistency(&log.known, 0, 20), Err(ProofError::OutOfRange));
    assert_eq!(prove_consistency(&log.known, 20, 19), Err(ProofError::OutOfRange));
    assert_eq!(prove_consistency(&log.known, 20, 40), Err(ProofError::Incomplete));
}

#[test]
fn a_proof_in_a_large_log_needs_few_blocks() {
    let size = 123_456_789;
    for index in [0, 255, 256, 70_000_000, size - 1] {
        let blocks = blocks_asked_by(|nodes| prove_inclusion(nodes, index, size));
        assert!(blocks.len() <= 8, "{index}: {blocks:?}");
    }
    let blocks = blocks_asked_by(|nodes| prove_consistency(nodes, 100_000_001, size));
    assert!(blocks.len() <= 8, "{blocks:?}");
}

#[test]
fn a_proof_is_made_from_the_blocks_it_asks_for_alone() {
    let size = 1_000;
    let log = log(size);
    let only = |blocks: BTreeSet<Block>| {
        let mut known = Known::default();
        for (level, block) in blocks {
            for place in block * FANOUT..(block + 1) * FANOUT {
                let hash = log.known.node(level * 8, place);
                hash.into_iter().for_each(|hash| known.insert(level, place, hash));
            }
        }
        known
    };

    for index in [0, 255, 256, 700, 999] {
        let known = only(blocks_asked_by(|nodes| prove_inclusion(nodes, index, size)));
        let whole = prove_inclusion(&log.known, index, size);
        assert_eq!(prove_inclusion(&known, index, size), whole, "{index}");
    }
    for older in [1, 255, 256, 300, 999] {
        let known = only(blocks_asked_by(|nodes| prove_consistency(nodes, older, size)));
        let whole = prove_consistency(&log.known, older, size);
        assert_eq!(prove_consistency(&known, older, size), whole, "{older}");
    }
}
