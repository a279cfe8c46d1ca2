//! The gateways in law through which information may pass (domain brief §5.1).

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::organisation::{OrgKind, OrganisationFacts};
use super::share::{CaseFacts, DataClass};

/// A gateway in law. `ASB104` is for a case review: there is no such case type yet, so that an
/// agreement may name it, and no share passes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Gateway {
    /// Disclosure to a relevant authority for crime and disorder purposes.
    #[serde(rename = "CDA115")]
    Cda115,
    /// Depersonalised data among relevant authorities.
    #[serde(rename = "CDA17A")]
    Cda17a,
    /// The duty to consider crime and disorder; a reason, not a power.
    #[serde(rename = "CDA17")]
    Cda17,
    /// Information for a case review.
    #[serde(rename = "ASB104")]
    Asb104,
    /// Law enforcement processing, and its further use.
    #[serde(rename = "DPA_S35_36")]
    DpaS35To36,
    /// To the police, for crime and taxation purposes.
    #[serde(rename = "DPA_SCH2_P1_2")]
    DpaSch2P1Para2,
    /// A condition for special category or criminal offence data.
    #[serde(rename = "DPA_SCH1")]
    DpaSch1,
    /// Safeguarding of children and of adults at risk.
    #[serde(rename = "SAFEGUARD")]
    Safeguard,
    /// The person's own, withdrawable consent.
    #[serde(rename = "CONSENT")]
    Consent,
    /// The information is already public.
    #[serde(rename = "PUBLIC")]
    Public,
    /// A court ordered it.
    #[serde(rename = "COURT")]
    Court,
}

impl Gateway {
    /// Every gateway.
    pub const ALL: [Self; 11] = [
        Self::Cda115,
        Self::Cda17a,
        Self::Cda17,
        Self::Asb104,
        Self::DpaS35To36,
        Self::DpaSch2P1Para2,
        Self::DpaSch1,
        Self::Safeguard,
        Self::Consent,
        Self::Public,
        Self::Court,
    ];

    /// The code used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cda115 => "CDA115",
            Self::Cda17a => "CDA17A",
            Self::Cda17 => "CDA17",
            Self::Asb104 => "ASB104",
            Self::DpaS35To36 => "DPA_S35_36",
            Self::DpaSch2P1Para2 => "DPA_SCH2_P1_2",
            Self::DpaSch1 => "DPA_SCH1",
            Self::Safeguard => "SAFEGUARD",
            Self::Consent => "CONSENT",
            Self::Public => "PUBLIC",
            Self::Court => "COURT",
        }
    }

    /// The gateway of that code, if there is one.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gateway| gateway.as_str() == code)
    }

    /// The provision.
    #[must_use]
    pub const fn legal_ref(self) -> &'static str {
        match self {
            Self::Cda115 => "Crime and Disorder Act 1998 s.115",
            Self::Cda17a => "Crime and Disorder Act 1998 s.17A; SI 2007/1831",
            Self::Cda17 => "Crime and Disorder Act 1998 s.17",
            Self::Asb104 => "Anti-social Behaviour, Crime and Policing Act 2014 s.104 and Sch 4 para 7",
            Self::DpaS35To36 => "Data Protection Act 2018 ss.35-36",
            Self::DpaSch2P1Para2 => "Data Protection Act 2018 Sch 2 para 2",
            Self::DpaSch1 => "Data Protection Act 2018 Sch 1",
            Self::Safeguard => "Children Act 2004 s.11; Care Act 2014 ss.6-7, 42-45",
            Self::Consent => "UK GDPR Art 6(1)(a), 9(2)(a)",
            Self::Public => "already published",
            Self::Court => "order of a court",
        }
    }

    /// What has to be met, for people to read.
    #[must_use]
    pub const fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::Cda115 => &[
                "the recipient is a relevant authority or acts on behalf of one",
                "necessary or expedient for a provision of the Act: say the purpose",
                "case by case, not wholesale",
            ],
            Self::Cda17a => &["both are relevant authorities", "depersonalised data only"],
            Self::Cda17 => &["the sharing organisation has the duty", "no personal data"],
            Self::Asb104 => &[
                "the recipient is a relevant body",
                "the case is an open case review: there is no such case type yet",
            ],
            Self::DpaS35To36 => &[
                "the sharing organisation is a competent authority",
                "a recipient that is not needs an authorisation by law: s.36(4)",
            ],
            Self::DpaSch2P1Para2 => &[
                "the recipient is the police or another competent authority",
                "the request form is on file: give its reference",
            ],
            Self::DpaSch1 => &["name the condition relied on"],
            Self::Safeguard => &["the recipient has safeguarding functions"],
            Self::Consent => &["the consent is on file: give its reference", "withdrawable"],
            Self::Public => &["published information only"],
            Self::Court => &["the order is on file: give its reference"],
        }
    }

    /// Whether the gateway is open between these organisations on this case.
    #[must_use]
    pub fn is_available(
        self,
        from: &OrganisationFacts,
        to: &OrganisationFacts,
        case: &CaseFacts,
        today: NaiveDate,
    ) -> bool {
        let authority = |org: &OrganisationFacts| {
            org.is_s115_relevant_authority.holds_on(today) || org.is_responsible_authority.holds_on(today)
        };
        let competent = |org: &OrganisationFacts| org.is_part3_competent_authority.holds_on(today);
        match self {
            Self::Cda115 => to.is_s115_relevant_authority.holds_on(today),
            Self::Cda17a => authority(from) && authority(to),
            Self::Cda17 => from.s17_duty.holds_on(today),
            Self::Asb104 => case.open_case_review && to.is_s104_relevant_body.holds_on(today),
            Self::DpaS35To36 => competent(from),
            Self::DpaSch2P1Para2 => to.kind == OrgKind::Police || competent(to),
            Self::Safeguard => !matches!(to.kind, OrgKind::Contractor | OrgKind::Oversight),
            Self::DpaSch1 | Self::Consent | Self::Public | Self::Court => true,
        }
    }

    /// Whether a reference has to be given: a form, a condition, a consent, an
    /// order, or the law that authorises further use (s.36(4) DPA 2018).
    #[must_use]
    pub fn needs_reference(self, to: &OrganisationFacts, today: NaiveDate) -> bool {
        match self {
            Self::DpaSch2P1Para2 | Self::DpaSch1 | Self::Consent | Self::Court => true,
            Self::DpaS35To36 => !to.is_part3_competent_authority.holds_on(today),
            Self::Cda115 | Self::Cda17a | Self::Cda17 | Self::Asb104 | Self::Safeguard | Self::Public => false,
        }
    }

    /// Whether it is a general one, which shows subjects who are children where the share says
    /// how it safeguards them.
    #[must_use]
    pub const fn takes_safeguarding_note(self) -> bool {
        matches!(self, Self::Cda115 | Self::DpaS35To36 | Self::DpaSch1)
    }

    /// What to do where it does not show a subject who is a child, for people to read.
    #[must_use]
    pub const fn for_a_child(self) -> &'static str {
        match self.takes_safeguarding_note() {
            true => "say in safeguarding_note how it does",
            false => "use a gateway that is for that, or leave subjects out",
        }
    }

    /// Whether `class` may pass through it.
    ///
    /// Subjects, notes and attachments hold personal data, so s.17A, s.17 and
    /// what is published open core and location only. Intelligence needs a
    /// gateway made for it.
    #[must_use]
    pub const fn carries(self, class: DataClass) -> bool {
        match class {
            DataClass::Core | DataClass::Location => true,
            DataClass::Subjects | DataClass::Notes | DataClass::Attachments => {
                !matches!(self, Self::Cda17a | Self::Cda17 | Self::Public)
            }
            DataClass::Intelligence => {
                matches!(self, Self::Cda115 | Self::DpaS35To36 | Self::Safeguard | Self::Court)
            }
        }
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The gateways open between these organisations on this case.
#[must_use]
pub fn available_gateways(
    from: &OrganisationFacts,
    to: &OrganisationFacts,
    case: &CaseFacts,
    today: NaiveDate,
) -> Vec<Gateway> {
    Gateway::ALL
        .into_iter()
        .filter(|g| g.is_available(from, to, case, today))
        .collect()
}
