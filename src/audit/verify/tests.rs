//! A log that is whole, and what is found in one that was meddled with.

use super::super::entry::tests::event;
use super::super::note::{KeyKind, NoteSigner};
use super::super::queries::JsonText;
use super::*;

const ORIGIN: &str = "wardlink.example/audit";
const BODY_SEED: Seed = [4; 16];

fn row(seq: i64) -> AuditRow {
    let event = event(seq);
    AuditRow {
        seq,
        id: event.id,
        at: event.at,
        op: event.op.to_owned(),
        action: event.action.to_owned(),
        outcome: event.outcome.to_owned(),
        status: event.status,
        reason: None,
        actor_user_id: event.actor,
        org_id: event.org,
        session_id: event.session,
        on_behalf_of: event.on_behalf_of.map(str::to_owned),
        purpose: event.purpose.to_owned(),
        justification: event.justification.map(str::to_owned),
        request_id: event.request,
        peer: Some("203.0.113.9".parse().unwrap()),
        case_ids: event.cases.to_vec(),
        case_org_ids: event.case_owners.to_vec(),
        record_ids: event.records.to_vec(),
        data_classes: event.classes.to_vec(),
        recipient_org_ids: event.recipients.to_vec(),
        facts: JsonText(event.facts.to_owned()),
        case_classes: None,
    }
}

/// The leaf of the event `100 + index`.
fn leaf(index: i64) -> Leaf {
    let row = row(100 + index);
    let seal = SealRow {
        leaf_index: index,
        seq: row.seq,
        link_salt: vec![3; 16],
        body_salt: Some(BODY_SEED.to_vec()),
        body_hash: entry::commit(&row.event().body(), &BODY_SEED).to_vec(),
    };
    (seal, Some(row))
}

/// The leaf after a lawful erasure.
fn erased(index: i64) -> Leaf {
    let (mut seal, event) = leaf(index);
    seal.body_salt = None;
    let event = event.map(|event| AuditRow {
        session_id: None,
        on_behalf_of: None,
        justification: None,
        peer: None,
        facts: JsonText("{}".to_owned()),
        ..event
    });
    (seal, event)
}

/// A log as it was sealed.
struct Kept {
    leaves: Vec<Leaf>,
    hashes: std::collections::BTreeMap<u64, Hash>,
    upper: Upper,
    roots: Vec<Hash>,
    peaks: Vec<Hash>,
}

fn kept(size: i64) -> Kept {
    sealed((0..size).map(leaf).collect())
}

fn sealed(leaves: Vec<Leaf>) -> Kept {
    let mut frontier = Frontier::default();
    let (mut hashes, mut upper) = (std::collections::BTreeMap::new(), Upper::new());
    let mut roots = vec![frontier.root()];
    for leaf in &leaves {
        frontier.append(reckoned(leaf).unwrap(), |level, place, hash| match kept_level(level) {
            Some(0) => hashes.extend([(place, hash)]),
            Some(level) => upper.extend([((level, place), hash)]),
            None => {}
        });
        roots.push(frontier.root());
    }
    Kept {
        leaves,
        hashes,
        upper,
        roots,
        peaks: frontier.peaks().to_vec(),
    }
}

impl Kept {
    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: self.roots[size as usize],
        }
    }

    fn extent(&self) -> queries::Extent {
        queries::Extent {
            size: self.leaves.len() as i64,
            peaks: self.peaks.iter().map(|peak| peak.to_vec()).collect(),
            restored: false,
        }
    }

    /// What is found by somebody who knows of these checkpoints and erasures.
    fn watched(&self, signed: &[Checkpoint], erased: &[Uuid]) -> (Watch, Report) {
        let mut watch = Watch::new(erased.iter().copied().collect());
        watch.expect(signed.iter().cloned());
        let mut report = Report::default();
        for leaf in &self.leaves {
            watch.pass(leaf, reckoned(leaf), &self.hashes, &self.upper, &mut report);
        }
        (watch, report)
    }

    fn findings(&self) -> Vec<Finding> {
        self.watched(&[], &[]).1.findings
    }
}

fn at(seq: i64, fault: Fault) -> Finding {
    Finding { seq: Some(seq), fault }
}

#[test]
fn a_log_that_is_whole_has_no_findings() {
    let kept = kept(260);
    let signed = [1, 5, 256, 260].map(|size| kept.checkpoint(size));

    let (mut watch, mut report) = kept.watched(&signed, &[]);
    watch.left_over(&mut report);
    watch.hold_to(&kept.extent(), &mut report);

    assert_eq!(report.findings, []);
    assert!(report.is_whole());
    assert_eq!((report.leaves, report.erased), (260, 0));
    assert_eq!(watch.frontier.root(), kept.roots[260]);
}

#[test]
fn an_event_that_was_changed_or_taken_out_is_found() {
    let mut kept = kept(5);
    let event = |leaf: &mut Leaf| leaf.1.take().unwrap();
    kept.leaves[1].1 = Some(AuditRow {
        action: "list_cases".to_owned(),
        ..event(&mut kept.leaves[1])
    });
    kept.leaves[2].1 = Some(AuditRow {
        justification: None,
        ..event(&mut kept.leaves[2])
    });
    kept.leaves[3].1 = None;

    assert_eq!(
        kept.findings(),
        [
            at(101, Fault::EventChanged),
            at(102, Fault::EventChanged),
            at(103, Fault::EventGone)
        ]
    );
    let (watch, mut report) = kept.watched(&[kept.checkpoint(5)], &[]);
    watch.hold_to(&kept.extent(), &mut report);
    assert_eq!(report.findings.len(), 3, "the tree is still the one that was sealed");
    assert_eq!((report.first_bad(), report.is_whole()), (Some(101), false));
}

#[test]
fn salts_of_another_length_prove_nothing() {
    let mut kept = kept(3);
    kept.leaves[0].0.link_salt.pop();
    kept.leaves[1].0.body_salt = Some(vec![4; 17]);

    assert_eq!(
        kept.findings(),
        [at(100, Fault::EventChanged), at(101, Fault::EventChanged)]
    );
}

#[test]
fn a_leaf_that_is_not_there_is_found() {
    let mut without_hash = kept(3);
    without_hash.hashes.remove(&1);
    assert_eq!(without_hash.findings(), [at(101, Fault::LeafMissing { leaf_index: 1 })]);

    let mut without_row = kept(3);
    without_row.leaves.remove(1);
    let (watch, report) = without_row.watched(&[], &[]);
    assert_eq!(report.findings, [at(102, Fault::LeafMissing { leaf_index: 1 })]);
    assert_eq!((report.leaves, watch.frontier.size()), (1, 1));
}

#[test]
fn a_kept_hash_that_is_not_that_of_its_leaves_is_found() {
    let mut changed = kept(513);
    changed.upper.insert((1, 1), [7; 32]);
    assert_eq!(changed.findings(), [at(611, Fault::TreeChanged { level: 1, place: 1 })]);

    let mut gone = kept(257);
    gone.upper.clear();
    assert_eq!(gone.findings(), [at(355, Fault::TreeChanged { level: 1, place: 0 })]);
}

#[test]
fn a_body_is_erased_openly_and_wholly() {
    let mut kept = kept(4);
    for index in [1, 2, 3] {
        kept.leaves[index] = erased(index as i64);
    }
    if let Some(event) = &mut kept.leaves[3].1 {
        event.facts = JsonText("{\"q\": 2}".to_owned());
    }
    let told = [row(101).id, row(103).id];

    let (_, report) = kept.watched(&[kept.checkpoint(4)], &told);

    assert_eq!(
        report.findings,
        [at(102, Fault::ErasedInSilence), at(103, Fault::EventChanged)]
    );
    assert_eq!(report.erased, 3);
}

/// A log of events that happened at these seconds, in this order.
fn timed(seconds: &[i64]) -> Kept {
    let leaves = seconds.iter().zip(0..).map(|(seconds, index)| {
        let (seal, event) = leaf(index);
        let event = event.map(|event| AuditRow {
            at: event.at + TimeDelta::seconds(*seconds),
            ..event
        });
        (seal, event)
    });
    sealed(leaves.collect())
}

#[test]
fn an_event_from_long_before_a_checkpoint_that_does_not_cover_it_is_found() {
    let late = LATE.num_seconds();
    let kept = timed(&[0, 2 * late, 0, late, late - 1, late]);

    let (_, report) = kept.watched(&[kept.checkpoint(3)], &[]);

    assert_eq!(report.findings, [at(104, Fault::Backdated)]);
    assert_eq!(kept.findings(), [], "nothing was signed");
}

#[test]
fn a_log_that_is_not_the_one_that_was_signed_is_found() {
    let kept = kept(5);
    let other = |size| Checkpoint {
        root: [7; 32],
        ..kept.checkpoint(size)
    };
    let (mut watch, mut report) = kept.watched(&[kept.checkpoint(2), other(2), other(4)], &[]);
    watch.left_over(&mut report);
    assert_eq!(
        report.findings,
        [at(101, Fault::Fork { signed: 2 }), at(103, Fault::Fork { signed: 4 })]
    );

    let later = Checkpoint {
        size: 6,
        ..kept.checkpoint(5)
    };
    let empty = kept.checkpoint(0);
    let (mut watch, mut report) = kept.watched(&[later, empty], &[]);
    watch.left_over(&mut report);
    let rollback = Fault::Rollback { now: 5, signed: 6 };
    assert_eq!(
        report.findings,
        [Finding {
            seq: None,
            fault: rollback
        }]
    );
}

#[test]
fn a_checkpoint_within_the_log_that_it_never_came_by_is_a_fork() {
    let kept = kept(5);
    let (mut watch, mut report) = kept.watched(&[], &[]);
    watch.signed = vec![kept.checkpoint(3)];

    watch.left_over(&mut report);

    let fork = Fault::Fork { signed: 3 };
    assert_eq!(report.findings, [Finding { seq: None, fault: fork }]);
}

#[test]
fn a_checkpoint_of_the_empty_log_is_no_finding_in_any_log() {
    for size in [0, 1, 5] {
        let kept = kept(size);
        let (mut watch, mut report) = kept.watched(&[kept.checkpoint(0), kept.checkpoint(size.unsigned_abs())], &[]);

        watch.left_over(&mut report);

        assert_eq!(report.findings, [], "{size}");
    }
}

#[test]
fn a_position_that_is_not_that_of_the_leaves_is_found() {
    let kept = kept(5);
    let holds = |spoil: &dyn Fn(&mut queries::Extent)| {
        let (watch, mut report) = kept.watched(&[], &[]);
        let mut extent = kept.extent();
        spoil(&mut extent);
        watch.hold_to(&extent, &mut report);
        report.findings.first().map(|finding| finding.fault)
    };

    assert_eq!(holds(&|_| {}), None);
    assert_eq!(holds(&|extent| extent.size = 6), Some(Fault::PositionFalse { says: 6 }));
    let false_peaks = Some(Fault::PositionFalse { says: 5 });
    assert_eq!(holds(&|extent| extent.peaks[1] = vec![7; 32]), false_peaks);
    assert_eq!(holds(&|extent| drop(extent.peaks.pop())), false_peaks);
    assert_eq!(holds(&|extent| extent.peaks.reverse()), false_peaks);
}

#[test]
fn a_kept_checkpoint_counts_only_if_it_is_what_was_signed() {
    let signer = NoteSigner::new(ORIGIN, KeyKind::Log, &[7; 32]).unwrap();
    let other = NoteSigner::new(ORIGIN, KeyKind::Log, &[8; 32]).unwrap();
    let kept = kept(5);
    let row = |signer: &NoteSigner, size: u64| CheckpointRow {
        tree_size: size as i64,
        root: kept.checkpoint(size).root.to_vec(),
        note: signer.sign(&kept.checkpoint(size).text()).to_string(),
        verifier_key: signer.verifier().to_string(),
        signed_at: DateTime::UNIX_EPOCH,
    };
    let resized = CheckpointRow {
        tree_size: 3,
        ..row(&signer, 2)
    };
    let rooted = CheckpointRow {
        root: vec![7; 32],
        ..row(&signer, 4)
    };
    let mut report = Report::default();

    let rows = vec![row(&signer, 1), resized, rooted, row(&other, 5), row(&signer, 5)];
    let signed = signed(rows, signer.verifier(), &mut report);

    assert_eq!(signed, [kept.checkpoint(1), kept.checkpoint(5)]);
    let found = report.findings.iter().map(|finding| finding.fault);
    assert!(found.eq([3, 4, 5].map(|size| Fault::CheckpointFalse { size })));
}
