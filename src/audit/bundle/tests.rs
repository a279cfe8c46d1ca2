//! Bundles that are whole, and those that were cut, changed or are of another log.

use super::super::notary::tests::config;
use super::super::proved::tests::{SealedLog, sealed_log};
use super::*;

const ORGANISATION: Uuid = Uuid::from_u128(1);

struct Deployment {
    notary: Notary,
    _folder: tempfile::TempDir,
}

fn deployment() -> Deployment {
    let folder = tempfile::tempdir().unwrap();
    let notary = Notary::open(&config(folder.path())).unwrap();
    Deployment {
        notary,
        _folder: folder,
    }
}

impl Deployment {
    fn checkpoint(&self, log: &SealedLog) -> Checkpoint {
        Checkpoint {
            origin: self.notary.verifier().name().to_owned(),
            size: log.size,
            root: log.root,
        }
    }

    fn head(&self, log: &SealedLog) -> Head {
        Head {
            bundle: FORM.to_owned(),
            organisation: ORGANISATION,
            made_at: DateTime::UNIX_EPOCH,
            filters: serde_json::json!({}),
            checkpoint: self.notary.vouch(&self.checkpoint(log).text()).to_string(),
            verifier_key: self.notary.verifier().to_string(),
        }
    }

    /// The lines of a bundle of the events at `places`.
    fn bundle(&self, head: &Head, log: &SealedLog, places: &[u64]) -> Vec<Vec<u8>> {
        let mut writer = Writer::default();
        let mut lines = vec![writer.line(head).unwrap()];
        for place in places {
            lines.push(writer.event(&log.prove(*place, |_| true)).unwrap());
        }
        lines.push(writer.end(&self.notary).unwrap());
        lines
    }

    fn verify(&self, lines: &[Vec<u8>]) -> Result<Summary, BundleError> {
        verify(&lines.concat()[..], self.notary.verifier(), &Elsewhere::default())
    }

    fn whole(&self) -> Vec<Vec<u8>> {
        let log = sealed_log(5);
        self.bundle(&self.head(&log), &log, &[0, 2, 3])
    }
}

#[test]
fn a_whole_bundle_is_believed_and_told_of() {
    let deployment = deployment();
    let log = sealed_log(9);
    let lines = deployment.bundle(&deployment.head(&log), &log, &[0, 2, 3, 5, 8]);

    let summary = deployment.verify(&lines).unwrap();

    assert_eq!(
        (summary.organisation, summary.events, summary.erased),
        (ORGANISATION, 5, 3)
    );
    assert_eq!(summary.checkpoint, deployment.checkpoint(&log));
    let none = deployment.bundle(&deployment.head(&log), &log, &[]);
    assert_eq!(deployment.verify(&none).unwrap().events, 0);
}

#[test]
fn a_bundle_that_was_cut_or_added_to_is_refused() {
    let deployment = deployment();
    let whole = deployment.whole();
    let cut = |lines: &[Vec<u8>]| assert!(matches!(deployment.verify(lines), Err(BundleError::Cut)), "{lines:?}");

    for length in 0..whole.len() {
        cut(&whole[..length]);
    }
    for missing in 1..whole.len() - 1 {
        cut(&[&whole[..missing], &whole[missing + 1..]].concat());
    }
    let mut unended = whole.clone();
    unended.last_mut().unwrap().pop();
    cut(&unended);
    cut(&[&whole[..], &whole[whole.len() - 1..]].concat());
    cut(&[&whole[..], &whole[1..2]].concat());
    cut(&[&whole[..], &[b"\n".to_vec()]].concat());
}

#[test]
fn a_line_may_be_long_but_not_without_end() {
    let deployment = deployment();
    let log = sealed_log(5);
    let long = Head {
        filters: serde_json::json!({ "q": "x".repeat(2 * 1024 * 1024) }),
        ..deployment.head(&log)
    };

    assert!(deployment.verify(&deployment.bundle(&long, &log, &[0])).is_ok());
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let outcome = verify(endless, deployment.notary.verifier(), &Elsewhere::default());
    assert!(matches!(outcome, Err(BundleError::Cut)));
}

#[test]
fn the_end_of_another_bundle_is_refused() {
    let deployment = deployment();
    let log = sealed_log(5);
    let (mut one, other) = (
        deployment.whole(),
        deployment.bundle(&deployment.head(&log), &log, &[0, 1, 3]),
    );

    *one.last_mut().unwrap() = other.last().unwrap().clone();

    assert!(matches!(deployment.verify(&one), Err(BundleError::Cut)));
}

#[test]
fn what_was_changed_is_refused_with_its_line() {
    let deployment = deployment();
    let whole = deployment.whole();
    let changed = |line: usize, from: &str, to: &str| {
        let mut lines = whole.clone();
        let text = String::from_utf8(lines[line].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        lines[line] = text.replace(from, to).into_bytes();
        deployment.verify(&lines).unwrap_err()
    };

    assert!(matches!(
        changed(0, "wardlink-audit/1", "wardlink-audit/2"),
        BundleError::Malformed { line: 1, .. }
    ));
    assert!(matches!(
        changed(0, "\"made_at\"", "\"was_made_at\""),
        BundleError::Malformed { line: 1, .. }
    ));
    assert!(matches!(
        changed(0, "\\n5\\n", "\\n6\\n"),
        BundleError::Unsigned { line: 1, .. }
    ));
    assert!(matches!(
        changed(2, "read_case", "list_cases"),
        BundleError::Unproved {
            line: 3,
            leaf_index: 2,
            ..
        }
    ));
    assert!(matches!(
        changed(2, "\"proof\"", "\"roof\""),
        BundleError::Malformed { line: 3, .. }
    ));
    assert!(matches!(
        changed(4, "\\n3\\n", "\\n2\\n"),
        BundleError::Unsigned { line: 5, .. }
    ));
    let mut bytes = whole.clone();
    bytes[1][0] = 0xff;
    assert!(matches!(
        deployment.verify(&bytes),
        Err(BundleError::Malformed { line: 2, .. })
    ));
}

#[test]
fn events_stand_once_each_and_in_the_order_of_the_tree() {
    let deployment = deployment();
    let log = sealed_log(5);

    for places in [[3, 0], [2, 2]] {
        let lines = deployment.bundle(&deployment.head(&log), &log, &places);
        assert!(matches!(
            deployment.verify(&lines),
            Err(BundleError::Malformed { line: 3, .. })
        ));
    }
}

#[test]
fn a_bundle_of_another_key_is_refused() {
    let (ours, theirs) = (deployment(), deployment());
    let log = sealed_log(5);

    assert!(matches!(
        theirs.verify(&ours.whole()),
        Err(BundleError::Unsigned {
            line: 1,
            source: NoteError::Unsigned
        })
    ));
    let ended_by_theirs = theirs.bundle(&ours.head(&log), &log, &[0]);
    assert!(matches!(
        ours.verify(&ended_by_theirs),
        Err(BundleError::Unsigned {
            line: 3,
            source: NoteError::Unsigned
        })
    ));
    let of_no_log = Head {
        checkpoint: ours.notary.vouch("something else\n").to_string(),
        ..ours.head(&log)
    };
    assert!(matches!(
        ours.verify(&ours.bundle(&of_no_log, &log, &[])),
        Err(BundleError::Unsigned {
            line: 1,
            source: NoteError::NotACheckpoint
        })
    ));
}

/// That the log of `newer` entries begins with that of `older`.
fn consistency(older: u64, newer: u64) -> Consistency {
    let proof = sealed_log(newer).consistency_with(older);
    Consistency {
        from: older,
        to: newer,
        proof: proof.iter().map(base64).collect(),
    }
}

#[test]
fn a_bundle_agrees_with_every_checkpoint_kept_elsewhere() {
    let deployment = deployment();
    let whole = deployment.whole();
    let kept = |size: u64| deployment.checkpoint(&sealed_log(size));
    let forged = |size: u64| Checkpoint {
        root: [7; 32],
        ..kept(size)
    };
    let verified = |checkpoints: &[Checkpoint], proofs: &[Consistency]| {
        let elsewhere = Elsewhere {
            checkpoints: checkpoints.to_vec(),
            proofs: proofs.to_vec(),
        };
        verify(&whole.concat()[..], deployment.notary.verifier(), &elsewhere)
    };

    assert!(verified(&[kept(0), kept(5)], &[]).is_ok());
    assert!(verified(&[kept(3), kept(8)], &[consistency(5, 8), consistency(3, 5)]).is_ok());
    assert!(matches!(verified(&[forged(5)], &[]), Err(BundleError::Fork(5))));
    assert!(matches!(
        verified(&[kept(3)], &[consistency(3, 8), consistency(4, 5)]),
        Err(BundleError::NotCompared { older: 3, newer: 5 })
    ));
    assert!(matches!(
        verified(&[kept(8)], &[]),
        Err(BundleError::NotCompared { older: 5, newer: 8 })
    ));
    assert!(matches!(
        verified(&[kept(3), forged(8)], &[consistency(3, 5), consistency(5, 8)]),
        Err(BundleError::BadProof { older: 5, newer: 8, .. })
    ));
    assert!(matches!(
        verified(&[forged(3)], &[consistency(3, 5)]),
        Err(BundleError::BadProof { older: 3, newer: 5, .. })
    ));
    let unreadable = Consistency {
        proof: vec!["?".to_owned()],
        ..consistency(3, 5)
    };
    assert!(matches!(
        verified(&[kept(3)], &[unreadable]),
        Err(BundleError::BadProof { older: 3, newer: 5, .. })
    ));
}
