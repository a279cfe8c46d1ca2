//! The built-in roles (domain §1.6 maps real posts onto them).

use serde::{Deserialize, Serialize};

/// A built-in role by name, as the rules of tasking and of case types ask for it.
///
/// Custom roles carry permissions only and give nobody command over others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the role of that name in the API")]
pub enum Role {
    CallHandler,
    Officer,
    Supervisor,
    Coordinator,
    IntelOfficer,
    IntelSupervisor,
    Contractor,
    PanelMember,
    OrgAdmin,
    DataProtectionOfficer,
    Auditor,
    Integration,
    PlatformOperator,
}

impl Role {
    /// Every built-in role.
    pub const ALL: [Self; 13] = [
        Self::CallHandler,
        Self::Officer,
        Self::Supervisor,
        Self::Coordinator,
        Self::IntelOfficer,
        Self::IntelSupervisor,
        Self::Contractor,
        Self::PanelMember,
        Self::OrgAdmin,
        Self::DataProtectionOfficer,
        Self::Auditor,
        Self::Integration,
        Self::PlatformOperator,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallHandler => "call_handler",
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
            Self::Coordinator => "coordinator",
            Self::IntelOfficer => "intel_officer",
            Self::IntelSupervisor => "intel_supervisor",
            Self::Contractor => "contractor",
            Self::PanelMember => "panel_member",
            Self::OrgAdmin => "org_admin",
            Self::DataProtectionOfficer => "data_protection_officer",
            Self::Auditor => "auditor",
            Self::Integration => "integration",
            Self::PlatformOperator => "platform_operator",
        }
    }

    /// The built-in role of that name; `None` for a custom role.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// A role that every deployment has and nobody can change.
#[derive(Debug)]
pub struct BuiltInRole {
    /// The name used in grants.
    pub code: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Bundles of permissions it is made of.
    bundles: &'static [&'static [&'static str]],
}

impl BuiltInRole {
    /// Whether it carries `permission`.
    pub fn carries(&self, permission: &str) -> bool {
        self.bundles.iter().any(|bundle| bundle.contains(&permission))
    }

    /// Every permission it carries, once each.
    pub fn permissions(&self) -> Vec<&'static str> {
        let mut all: Vec<_> = self.bundles.iter().flat_map(|bundle| bundle.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

const LOOK: &[&str] = &["case.read", "task.read"];
const RECORD: &[&str] = &["case.read", "case.create", "note.create", "attachment.create"];
const WORK: &[&str] = &[
    "case.update",
    "case.transition",
    "subject.read",
    "subject.manage",
    "task.read",
    "task.propose",
    "task.answer",
    "task.work",
    "task.verify",
    "audit.case",
];
const SUPERVISE: &[&str] = &["case.share", "case.share.approve", "recall.answer", "team.manage"];
const PROMISE: &[&str] = &["ward_priority.manage"];
const COORDINATE: &[&str] = &["agreement.manage", "task.assess"];

/// All built-in roles.
///
/// An administrator manages people and reads no case content; an auditor reads
/// the log and no case content; who proposes a share outside an agreement is
/// never who approves it, whatever their roles.
pub const BUILT_IN: &[BuiltInRole] = &[
    BuiltInRole {
        code: Role::CallHandler.as_str(),
        description: "Records what the public reports.",
        bundles: &[RECORD, &["case.transition"]],
    },
    BuiltInRole {
        code: Role::Officer.as_str(),
        description: "Works cases and tasks.",
        bundles: &[LOOK, RECORD, WORK, &["case.share"]],
    },
    BuiltInRole {
        code: Role::Supervisor.as_str(),
        description: "Works, supervises, shares and approves.",
        bundles: &[LOOK, RECORD, WORK, SUPERVISE, PROMISE],
    },
    BuiltInRole {
        code: Role::Coordinator.as_str(),
        description: "Runs joint tasking and agreements.",
        bundles: &[LOOK, RECORD, WORK, SUPERVISE, PROMISE, COORDINATE],
    },
    BuiltInRole {
        code: Role::IntelOfficer.as_str(),
        description: "Assesses and links information.",
        bundles: &[LOOK, RECORD, WORK],
    },
    BuiltInRole {
        code: Role::IntelSupervisor.as_str(),
        description: "Approves what leaves the intelligence unit.",
        bundles: &[LOOK, RECORD, WORK, SUPERVISE],
    },
    BuiltInRole {
        code: Role::Contractor.as_str(),
        description: "Does jobs that were assigned.",
        bundles: &[LOOK, &["case.transition", "task.work", "attachment.create"]],
    },
    BuiltInRole {
        code: Role::PanelMember.as_str(),
        description: "Sets the priorities of its ward; sees what everybody signed in does: wards, their teams, \
                      partners and agreements; no case.",
        bundles: &[PROMISE],
    },
    BuiltInRole {
        code: Role::OrgAdmin.as_str(),
        description: "Manages people, roles and teams; reads no case.",
        bundles: &[&[
            "user.manage",
            "role.manage",
            "service_account.manage",
            "organisation.manage",
            "team.manage",
        ]],
    },
    BuiltInRole {
        code: Role::DataProtectionOfficer.as_str(),
        description: "Keeps agreements; reads the log and who was shown what.",
        bundles: &[&[
            "agreement.manage",
            "recall.answer",
            "audit.read",
            "audit.case",
            "audit.cosign",
        ]],
    },
    BuiltInRole {
        code: Role::Auditor.as_str(),
        description: "Reads the log; no case content.",
        bundles: &[&["audit.read", "audit.case", "audit.cosign"]],
    },
    BuiltInRole {
        code: Role::Integration.as_str(),
        description: "A partner's system that reads and updates cases and tasks.",
        bundles: &[LOOK, RECORD, WORK, &["audit.cosign"]],
    },
    BuiltInRole {
        code: Role::PlatformOperator.as_str(),
        description: "Adds organisations and partnerships; reads no case and no log.",
        bundles: &[&["organisation.manage", "partnership.manage"]],
    },
];

/// The permission that only people of the platform's own organisation may hold.
pub const PLATFORM_ONLY: &str = "partnership.manage";
/// The permission that somebody holds in every organisation that once had its administrator.
pub const MANAGES_PEOPLE: &str = "user.manage";

/// The codes of the built-in roles that carry `permission`.
pub fn carriers(permission: &str) -> Vec<&'static str> {
    let carrying = BUILT_IN.iter().filter(|role| role.carries(permission));
    carrying.map(|role| role.code).collect()
}

/// The built-in role with that code.
pub fn built_in(code: &str) -> Option<&'static BuiltInRole> {
    BUILT_IN.iter().find(|role| role.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::may;

    #[test]
    fn roles_hold_only_permissions_that_exist() {
        for role in BUILT_IN {
            for code in role.permissions() {
                assert!(may::CODES.contains(&code), "{} holds {code}", role.code);
            }
        }
    }

    #[test]
    fn every_permission_is_held_by_some_role() {
        for code in may::CODES {
            assert!(
                BUILT_IN.iter().any(|role| role.permissions().contains(code)),
                "nobody holds {code}"
            );
        }
    }

    #[test]
    fn administrators_and_auditors_read_no_case() {
        for code in [
            "org_admin",
            "auditor",
            "data_protection_officer",
            "platform_operator",
            "panel_member",
        ] {
            let role = built_in(code).unwrap();
            assert!(
                role.permissions()
                    .iter()
                    .all(|p| !p.starts_with("case.") && !p.starts_with("subject."))
            );
        }
    }

    #[test]
    fn the_ward_panel_sets_priorities_and_does_nothing_else() {
        assert_eq!(
            built_in("panel_member").unwrap().permissions(),
            ["ward_priority.manage"]
        );
    }

    #[test]
    fn who_has_a_part_in_a_case_type_may_play_it() {
        for workflow in crate::cases::workflow::Catalogue::built_in().unwrap().iter() {
            let document = workflow.document();
            let posts = document["posts"].as_array().unwrap();
            for role in posts.iter().flat_map(|post| post["roles"].as_array().unwrap()) {
                let role = built_in(role.as_str().unwrap()).unwrap();
                assert!(role.permissions().contains(&"case.transition"), "{}", role.code);
            }
        }
    }

    #[test]
    fn a_role_is_found_by_its_code_and_carries_each_permission_once() {
        for role in BUILT_IN {
            assert_eq!(built_in(role.code).map(|found| found.code), Some(role.code));
            let permissions = role.permissions();
            let distinct: std::collections::BTreeSet<_> = permissions.iter().collect();
            assert_eq!(distinct.len(), permissions.len(), "{}", role.code);
        }
        assert!(built_in("nobody").is_none() && built_in("").is_none());
        assert!(built_in("officer").unwrap().permissions().contains(&"subject.read"));
    }

    #[test]
    fn each_role_that_rules_ask_for_is_built_in() {
        let known: Vec<&str> = BUILT_IN.iter().map(|role| role.code).collect();
        assert_eq!(known, Role::ALL.map(Role::as_str));
    }

    #[test]
    fn the_platform_operator_alone_may_do_what_is_the_platforms() {
        assert_eq!(carriers(PLATFORM_ONLY), ["platform_operator"]);
    }
}
