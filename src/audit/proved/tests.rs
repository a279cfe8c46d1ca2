//! Events that are proved, proofs that were meddled with, and who is shown what.

use super::super::entry::tests::event;
use super::super::merkle::{Frontier, Known, kept_level, prove_consistency, prove_inclusion};
use super::*;

const OWNER: Uuid = Uuid::from_u128(1);
const ACTING: Uuid = Uuid::from_u128(2);
const TOLD: Uuid = Uuid::from_u128(3);
const STRANGER: Uuid = Uuid::from_u128(9);

/// A log of some events, of which every third has lost its body to an erasure.
pub(in crate::audit) struct SealedLog {
    known: Known,
    pub(in crate::audit) size: u64,
    pub(in crate::audit) root: Hash,
}

fn kept(index: u64) -> Kept {
    let body_seed = [4; 16];
    Kept {
        leaf_index: index,
        link_seed: [3; 16],
        body_seed: (index % 3 != 2).then_some(body_seed),
        body_hash: entry::commit(&event(index as i64).body(), &body_seed),
    }
}

fn leaf(index: u64) -> Hash {
    let kept = kept(index);
    event(index as i64).leaf(&kept.body_hash, &kept.link_seed).unwrap()
}

pub(in crate::audit) fn sealed_log(size: u64) -> SealedLog {
    let (mut frontier, mut known) = (Frontier::default(), Known::default());
    for index in 0..size {
        frontier.append(leaf(index), |level, place, hash| {
            if let Some(level) = kept_level(level) {
                known.insert(level, place, hash);
            }
        });
    }
    let root = frontier.root();
    SealedLog { known, size, root }
}

impl SealedLog {
    pub(in crate::audit) fn prove(&self, index: u64, shows: impl Fn(&Part) -> bool) -> Proved {
        let path = prove_inclusion(&self.known, index, self.size).unwrap();
        Proved::of(&event(index as i64), &kept(index), &path, shows).unwrap()
    }

    pub(in crate::audit) fn consistency_with(&self, older: u64) -> Vec<Hash> {
        prove_consistency(&self.known, older, self.size).unwrap()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: "wardlink.example/audit".to_owned(),
            size: self.size,
            root: self.root,
        }
    }
}

#[test]
fn an_event_is_proved_whatever_of_it_is_shown() {
    let log = sealed_log(5);
    for index in [0, 1, 3, 4] {
        for shows in [|_: &Part| true, |_: &Part| false, |part: &Part| part.name == "peer"] {
            assert_eq!(log.prove(index, shows).verify(&log.checkpoint()), Ok(true), "{index}");
        }
    }
}

#[test]
fn an_event_whose_body_was_erased_is_proved_without_it() {
    let log = sealed_log(5);

    let erased = log.prove(2, |_| true);

    assert_eq!(erased.verify(&log.checkpoint()), Ok(false));
    let names: Vec<&str> = erased.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "case/0",
            "case/1",
            "data_classes",
            "recipient/0",
            "recipient/1",
            "records"
        ]
    );
}

#[test]
fn a_part_is_shown_with_its_salt_or_only_by_its_hash() {
    let proved = sealed_log(3).prove(0, |part| part.name == "facts");
    let part = |name: &str| proved.parts.iter().find(|part| part.name == name).unwrap();

    let (shown, hidden) = (part("facts"), part("peer"));

    assert_eq!(shown.salt, Some(base64(&entry::salt_of(&[4; 16], "facts"))));
    assert_eq!((shown.value.as_deref(), &shown.hash), (Some("{\"q\": 1}"), &None));
    assert_eq!((&hidden.salt, &hidden.value), (&None, &None));
    let commitment = entry::commitment(&entry::salt_of(&[4; 16], "peer"), "peer", "\"203.0.113.9\"");
    assert_eq!(hidden.hash, Some(base64(&commitment)));
}

#[test]
fn parts_that_are_not_those_of_the_entry_are_refused() {
    let log = sealed_log(5);
    let spoilt = |spoil: &dyn Fn(&mut Vec<DisclosedPart>)| {
        let mut proved = log.prove(1, |_| true);
        spoil(&mut proved.parts);
        proved.verify(&log.checkpoint())
    };
    let at = |name: &'static str| move |part: &DisclosedPart| part.name == name;

    for name in ["facts", "peer", "case/0", "recipient/1", "records"] {
        let changed = |parts: &mut Vec<DisclosedPart>| {
            let place = parts.iter().position(at(name)).unwrap();
            parts[place].value = Some("null".to_owned());
        };
        assert_eq!(spoilt(&changed), Err(Unproved::OtherParts), "{name} changed");
        let removed = |parts: &mut Vec<DisclosedPart>| parts.retain(|part| part.name != name);
        assert_eq!(spoilt(&removed), Err(Unproved::OtherParts), "{name} removed");
    }
    assert_eq!(spoilt(&|parts| parts.swap(0, 1)), Err(Unproved::OtherParts));
    assert_eq!(spoilt(&|parts| parts.reverse()), Err(Unproved::OtherParts));
    let renamed = |parts: &mut Vec<DisclosedPart>| parts[0].name = "case/7".to_owned();
    assert_eq!(spoilt(&renamed), Err(Unproved::OtherParts));
}

#[test]
fn a_part_that_is_neither_shown_nor_hidden_is_refused() {
    let log = sealed_log(5);
    let hash = Some(base64(&[7; 32]));
    let spoilt = |spoil: &dyn Fn(&mut DisclosedPart)| {
        let mut proved = log.prove(1, |_| true);
        spoil(&mut proved.parts[0]);
        proved.verify(&log.checkpoint())
    };

    let refused = Err(Unproved::Malformed);
    assert_eq!(spoilt(&|part| part.hash = hash.clone()), refused);
    assert_eq!(spoilt(&|part| part.salt = None), refused);
    assert_eq!(spoilt(&|part| part.value = None), refused);
    assert_eq!(spoilt(&|part| (part.salt, part.value) = (None, None)), refused);
    assert_eq!(spoilt(&|part| part.salt = Some("AAAA".to_owned())), refused);
    assert_eq!(spoilt(&|part| part.salt = Some("?".to_owned())), refused);
}

#[test]
fn a_proof_is_of_one_event_at_one_place_in_one_log() {
    let (log, other) = (sealed_log(5), sealed_log(4));
    let good = log.prove(1, |_| true);

    let elsewhere = Proved {
        leaf_index: 0,
        ..good.clone()
    };
    assert_eq!(
        elsewhere.verify(&log.checkpoint()),
        Err(Unproved::NotInLog(ProofError::WrongRoot))
    );
    assert!(matches!(good.verify(&other.checkpoint()), Err(Unproved::NotInLog(_))));
    let entry = Proved {
        entry: good.entry.replace("read_case", "list_cases"),
        ..good.clone()
    };
    assert_eq!(
        entry.verify(&log.checkpoint()),
        Err(Unproved::NotInLog(ProofError::WrongRoot))
    );
    for (entry, proof) in [
        ("{}", "AAAA"),
        (good.entry.as_str(), "AAAA"),
        (good.entry.as_str(), "?"),
    ] {
        let spoilt = Proved {
            entry: entry.to_owned(),
            proof: vec![proof.to_owned()],
            ..good.clone()
        };
        assert_eq!(spoilt.verify(&log.checkpoint()), Err(Unproved::Malformed));
    }
}

#[test]
fn an_act_is_looked_at_from_one_side() {
    let of = |owners: &[Uuid], recipients: &[Uuid]| Side::of(Some(ACTING), owners, recipients, TOLD);

    assert_eq!(Side::of(Some(TOLD), &[OWNER], &[TOLD], TOLD), Side::Own);
    assert_eq!(of(&[TOLD], &[]), Side::Owner);
    assert_eq!(of(&[TOLD, TOLD], &[TOLD]), Side::Owner);
    assert_eq!(of(&[OWNER], &[TOLD]), Side::Recipient);
    assert_eq!(of(&[], &[OWNER, TOLD]), Side::Recipient);
    assert_eq!(of(&[OWNER, OWNER], &[TOLD]), Side::Among);
    assert_eq!(of(&[TOLD, OWNER], &[TOLD]), Side::Among);
    assert_eq!(of(&[OWNER], &[OWNER]), Side::Among);
    assert_eq!(of(&[], &[]), Side::Among);
    assert_eq!(Side::of(None, &[], &[], TOLD), Side::Own, "nobody's");
    assert_eq!(Side::of(None, &[OWNER], &[], TOLD), Side::Own, "nobody's, on a case");
    assert_eq!(Side::of(None, &[TOLD], &[], TOLD), Side::Owner);
    assert_eq!(Side::of(None, &[TOLD, OWNER], &[], TOLD), Side::Among);
    assert_eq!(Side::of(None, &[OWNER], &[TOLD], TOLD), Side::Recipient);
}

/// The parts of an event on the cases of two organisations, told to two, that a side may see.
fn shown(side: Side, viewer: Uuid) -> Vec<String> {
    let event = event(7);
    let parts = event.links().into_iter().chain(event.body());
    let parts = parts.filter(|part| side.shows(&event, viewer, part));
    parts.map(|part| part.name.into_owned()).collect()
}

#[test]
fn each_side_is_shown_its_own_and_no_more() {
    assert_eq!(shown(Side::Own, ACTING).len(), 11);
    assert_eq!(
        shown(Side::Owner, OWNER),
        [
            "case/0",
            "data_classes",
            "recipient/0",
            "recipient/1",
            "records",
            "facts",
            "on_behalf_of"
        ]
    );
    assert_eq!(
        shown(Side::Recipient, TOLD),
        [
            "case/0",
            "case/1",
            "data_classes",
            "recipient/1",
            "records",
            "facts",
            "on_behalf_of"
        ]
    );
    assert_eq!(
        shown(Side::Among, OWNER),
        ["case/0", "data_classes", "recipient/0", "on_behalf_of"]
    );
    assert_eq!(shown(Side::Among, STRANGER), ["data_classes", "on_behalf_of"]);
}

#[test]
fn of_cases_that_were_shown_in_part_each_owner_is_shown_its_own() {
    let of_each = ["core,location".to_owned(), "core".to_owned()];
    let event = Event {
        case_classes: Some(&of_each),
        ..event(7)
    };
    let shown = |side: Side, viewer: Uuid| -> Vec<String> {
        let parts = event
            .links()
            .into_iter()
            .filter(|part| side.shows(&event, viewer, part));
        parts.map(|part| part.name.into_owned()).collect()
    };

    assert_eq!(shown(Side::Among, OWNER), ["case/0", "classes/0", "recipient/0"]);
    assert!(shown(Side::Among, STRANGER).is_empty());
    assert!(shown(Side::Own, ACTING).contains(&"classes/1".to_owned()));
}

#[test]
fn whose_a_case_is_that_was_tried_in_vain_is_proved_to_its_owner_alone() {
    let refused = Event {
        op: "security",
        outcome: "refused",
        ..event(7)
    };
    let shown = |side: Side, viewer: Uuid, name: &'static str| {
        let part = Part {
            name: name.into(),
            value: "null".to_owned(),
        };
        side.shows(&refused, viewer, &part)
    };

    assert!(!shown(Side::Own, ACTING, "case/0") && shown(Side::Own, ACTING, "case/1"));
    assert!(shown(Side::Own, ACTING, "facts") && shown(Side::Own, ACTING, "records"));
    assert!(shown(Side::Owner, OWNER, "case/0"));
}

#[test]
fn a_part_of_no_case_and_of_no_recipient_is_shown_to_nobody_else() {
    let event = event(7);
    let part = |name: &'static str| Part {
        name: name.into(),
        value: "null".to_owned(),
    };

    for name in [
        "case/2",
        "case/x",
        "recipient/2",
        "peer",
        "session",
        "justification",
        "anything",
    ] {
        assert!(!Side::Recipient.shows(&event, OWNER, &part(name)), "{name}");
        assert!(Side::Own.shows(&event, OWNER, &part(name)), "{name}");
    }
}
