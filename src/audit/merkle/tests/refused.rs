//! Wrong, cut, swapped, swollen and displaced proofs: each is refused.

use proptest::prelude::*;

use super::super::{Hash, ProofError, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion};
use super::{Log, log};

/// Every way to spoil a proof that leaves it no proof of the same fact.
fn spoilt(proof: &[Hash]) -> Vec<(String, Vec<Hash>)> {
    let mut found = Vec::new();
    let mut add = |how: String, spoilt: Vec<Hash>| {
        if spoilt != proof {
            found.push((how, spoilt));
        }
    };
    for place in 0..proof.len() {
        let mut other = proof.to_vec();
        other[place][31] ^= 1;
        add(format!("bit flipped in {place}"), other);
        let mut other = proof.to_vec();
        other.remove(place);
        add(format!("without {place}"), other);
        let mut other = proof.to_vec();
        other.insert(place, proof[place]);
        add(format!("{place} twice"), other);
        let mut other = proof.to_vec();
        other.swap(place, proof.len() - 1 - place);
        add(format!("{place} swapped"), other);
        add(format!("cut at {place}"), proof[..place].to_vec());
    }
    for (what, hash) in [("zero", [0; 32]), ("ones", [0xff; 32])] {
        add(format!("{what} at the end"), [proof, &[hash]].concat());
        add(format!("{what} at the start"), [&[hash], proof].concat());
    }
    add("twice over".to_owned(), [proof, proof].concat());
    add("swollen".to_owned(), [proof, &[[7; 32]; 80][..]].concat());
    add("reversed".to_owned(), proof.iter().rev().copied().collect());
    found
}

const SIZES: [u64; 14] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64];

#[test]
fn no_spoilt_proof_of_inclusion_is_believed() {
    let log = log(64);
    for size in SIZES {
        let root = &log.roots[size as usize];
        for index in 0..size {
            let leaf = &log.leaves[index as usize];
            let proof = prove_inclusion(&log.known, index, size).unwrap();
            for (how, spoilt) in spoilt(&proof) {
                let verified = verify_inclusion(leaf, index, size, &spoilt, root);
                assert!(verified.is_err(), "{index} in {size}, {how}");
            }
            refuse_inclusion_elsewhere(&log, index, size, &proof);
        }
    }
}

/// The true proof, told of another leaf, place, size or root.
fn refuse_inclusion_elsewhere(log: &Log, index: u64, size: u64, proof: &[Hash]) {
    let (leaf, root) = (&log.leaves[index as usize], &log.roots[size as usize]);
    for other in 0..size {
        if other != index {
            let other_leaf = &log.leaves[other as usize];
            assert!(verify_inclusion(other_leaf, index, size, proof, root).is_err());
            assert!(verify_inclusion(leaf, other, size, proof, root).is_err());
        }
    }
    for (place, of) in [
        (size, size),
        (u64::MAX, size),
        (index, 0),
        (size + 1, size),
        (u64::MAX, u64::MAX),
    ] {
        assert_eq!(
            verify_inclusion(leaf, place, of, proof, root),
            Err(ProofError::OutOfRange),
            "{place} of {of}"
        );
    }
    assert!(verify_inclusion(leaf, index, size, proof, &[0; 32]).is_err());
    assert!(verify_inclusion(leaf, index, size, proof, &log.roots[size as usize - 1]).is_err());
}

#[test]
fn no_spoilt_proof_of_consistency_is_believed() {
    let log = log(64);
    for newer in SIZES {
        for older in 1..=newer {
            let roots = (&log.roots[older as usize], &log.roots[newer as usize]);
            let proof = prove_consistency(&log.known, older, newer).unwrap();
            for (how, spoilt) in spoilt(&proof) {
                let verified = verify_consistency((older, roots.0), (newer, roots.1), &spoilt);
                assert!(verified.is_err(), "{older} to {newer}, {how}");
            }
            refuse_consistency_of_others(&log, older, newer, &proof);
        }
    }
}

/// The true proof, told of other sizes or roots.
fn refuse_consistency_of_others(log: &Log, older: u64, newer: u64, proof: &[Hash]) {
    let (old, new) = (&log.roots[older as usize], &log.roots[newer as usize]);
    for forged in [&[0; 32], &log.roots[older as usize - 1]] {
        assert!(verify_consistency((older, forged), (newer, new), proof).is_err());
        assert!(verify_consistency((older, old), (newer, forged), proof).is_err() || forged == new);
    }
    for (from, to) in [(0, newer), (newer + 1, newer), (u64::MAX, newer), (older, 0)] {
        assert_eq!(
            verify_consistency((from, old), (to, new), proof),
            Err(ProofError::OutOfRange)
        );
    }
    if older < newer {
        assert!(verify_consistency((newer, new), (older, old), proof).is_err());
        assert!(verify_consistency((older, new), (newer, old), proof).is_err());
    }
}

#[test]
fn another_history_of_the_same_length_is_no_extension() {
    let (ours, mut theirs) = (log(40), log(40));
    theirs.leaves[3][0] ^= 1;
    let mut frontier = super::Frontier::default();
    let mut forged = super::Known::default();
    for leaf in &theirs.leaves {
        frontier.append(*leaf, |level, index, hash| {
            if let Some(kept) = super::kept_level(level) {
                forged.insert(kept, index, hash);
            }
        });
    }
    for older in 4..40 {
        let proof = prove_consistency(&forged, older, 40).unwrap();
        let verified = verify_consistency((older, &ours.roots[older as usize]), (40, &frontier.root()), &proof);
        assert!(verified.is_err(), "{older}");
    }
}

proptest! {
    #[test]
    fn anything_at_all_is_read_without_a_panic_and_not_believed(
        index: u64, size: u64, older: u64, leaf: [u8; 32], root: [u8; 32],
        path in prop::collection::vec(any::<[u8; 32]>(), 0..80),
    ) {
        prop_assert!(verify_inclusion(&leaf, index, size, &path, &root).is_err());
        prop_assert!(verify_consistency((older, &leaf), (size, &root), &path).is_err());
    }

    #[test]
    fn a_frontier_taken_up_again_goes_on_the_same(size in 0_u64..80, more in 0_u64..20) {
        let (short, long) = (log(size), log(size + more));
        let mut frontier = super::Frontier::default();
        for leaf in &short.leaves {
            frontier.append(*leaf, |_, _, _| {});
        }
        let mut again = super::Frontier::new(frontier.size(), frontier.peaks().to_vec()).unwrap();
        for leaf in &long.leaves[size as usize..] {
            again.append(*leaf, |_, _, _| {});
        }
        prop_assert_eq!(again.root(), long.roots[(size + more) as usize]);
        prop_assert!(super::Frontier::new(size + 1, frontier.peaks().to_vec()).is_none()
            || (size + 1).count_ones() == size.count_ones());
    }
}
