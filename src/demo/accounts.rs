//! Who takes part in the demo. All invented, but for the names of public bodies.

/// Every demo account's password.
pub const PASSWORD: &str = "Demo-only-passphrase-1";

pub(super) struct Organisation {
    pub key: &'static str,
    pub kind: &'static str,
    pub name: &'static str,
    pub partnerships: &'static [&'static str],
    pub flags: &'static [(&'static str, &'static str)],
}

const CDA5: &str = "Crime and Disorder Act 1998 s.5";
const CDA17: &str = "Crime and Disorder Act 1998 s.17";
const CDA115: &str = "Crime and Disorder Act 1998 s.115";
const ASB104: &str = "Anti-social Behaviour, Crime and Policing Act 2014 s.105";
const RESPONSIBLE: &[(&str, &str)] = &[
    ("is_responsible_authority", CDA5),
    ("is_s115_relevant_authority", CDA115),
    ("is_s104_relevant_body", ASB104),
    ("s17_duty", CDA17),
];
const POLICE: &[(&str, &str)] = &[
    ("is_responsible_authority", CDA5),
    ("is_s115_relevant_authority", CDA115),
    ("is_s104_relevant_body", ASB104),
    ("is_part3_competent_authority", "Data Protection Act 2018 Sch.7"),
    ("s17_duty", CDA17),
];
const CO_OPTED: &[(&str, &str)] = &[
    (
        "is_s104_relevant_body",
        "Anti-social Behaviour, Crime and Policing Act 2014 Sch.4 para.5 (co-opted)",
    ),
    (
        "is_s115_relevant_authority",
        "Crime and Disorder Act 1998 s.115(2)(h) (non-profit registered provider)",
    ),
];

pub(super) const ORGANISATIONS: &[Organisation] = &[
    Organisation {
        key: "met",
        kind: "police",
        name: "Metropolitan Police Service",
        partnerships: &["CAM", "ISL"],
        flags: POLICE,
    },
    Organisation {
        key: "camden",
        kind: "council",
        name: "London Borough of Camden",
        partnerships: &["CAM"],
        flags: RESPONSIBLE,
    },
    Organisation {
        key: "primrose",
        kind: "housing",
        name: "Primrose Homes",
        partnerships: &["CAM"],
        flags: CO_OPTED,
    },
    Organisation {
        key: "islington",
        kind: "council",
        name: "London Borough of Islington",
        partnerships: &["ISL"],
        flags: RESPONSIBLE,
    },
    Organisation {
        key: "platform",
        kind: "platform",
        name: "Wardlink platform",
        partnerships: &[],
        flags: &[],
    },
];

pub(super) struct Account {
    pub email: &'static str,
    pub organisation: &'static str,
    pub name: &'static str,
    pub rank: Option<&'static str>,
    pub post: &'static str,
    pub roles: &'static [&'static str],
    pub areas: &'static [&'static str],
    pub case_types: &'static [&'static str],
}

const KENTISH_TOWN: &[&str] = &["E05013663", "E05013664"];
const STREET: &[&str] = &["graffiti", "abandoned_vehicle", "fly_tipping"];

pub(super) const ACCOUNTS: &[Account] = &[
    Account {
        email: "sgt.kentish-town@met.example",
        organisation: "met",
        name: "Amara Osei",
        rank: Some("Sergeant"),
        post: "Safer Neighbourhoods, Kentish Town",
        roles: &["supervisor"],
        areas: KENTISH_TOWN,
        case_types: &[],
    },
    Account {
        email: "pc.kentish-town@met.example",
        organisation: "met",
        name: "Tom Hadley",
        rank: Some("Constable"),
        post: "Dedicated ward officer, Kentish Town",
        roles: &["officer"],
        areas: KENTISH_TOWN,
        case_types: &[],
    },
    Account {
        email: "insp.north@met.example",
        organisation: "met",
        name: "Ruth Calder",
        rank: Some("Inspector"),
        post: "Sector inspector, north",
        roles: &["supervisor", "coordinator"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "intel@met.example",
        organisation: "met",
        name: "Jude Farrow",
        rank: None,
        post: "Intelligence unit",
        roles: &["intel_officer"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "admin@met.example",
        organisation: "met",
        name: "Callum Frayne",
        rank: None,
        post: "Systems administrator",
        roles: &["org_admin"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "dpo@met.example",
        organisation: "met",
        name: "Ishbel Tarrant",
        rank: None,
        post: "Data protection officer",
        roles: &["data_protection_officer", "auditor"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "street@camden.example",
        organisation: "camden",
        name: "Priya Nair",
        rank: None,
        post: "Street environment",
        roles: &["officer"],
        areas: &[],
        case_types: STREET,
    },
    Account {
        email: "asb@camden.example",
        organisation: "camden",
        name: "Marek Dvorak",
        rank: None,
        post: "Anti-social behaviour team",
        roles: &["officer", "supervisor"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "csm@camden.example",
        organisation: "camden",
        name: "Helen Birch",
        rank: None,
        post: "Community safety manager",
        roles: &["coordinator", "supervisor"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "admin@camden.example",
        organisation: "camden",
        name: "Leo Whitcombe",
        rank: None,
        post: "Systems administrator",
        roles: &["org_admin"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "dpo@camden.example",
        organisation: "camden",
        name: "Nadia Rahman",
        rank: None,
        post: "Data protection officer",
        roles: &["data_protection_officer", "auditor"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "housing@primrose.example",
        organisation: "primrose",
        name: "Grace Adeyemi",
        rank: None,
        post: "Housing officer",
        roles: &["officer"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "manager@primrose.example",
        organisation: "primrose",
        name: "Owen Pryce",
        rank: None,
        post: "Neighbourhood manager",
        roles: &["supervisor", "coordinator"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "asb@islington.example",
        organisation: "islington",
        name: "Sofia Marsh",
        rank: None,
        post: "Anti-social behaviour team",
        roles: &["officer", "supervisor"],
        areas: &[],
        case_types: &[],
    },
    Account {
        email: "operator@wardlink.example",
        organisation: "platform",
        name: "Platform operator",
        rank: None,
        post: "Operations",
        roles: &["platform_operator"],
        areas: &[],
        case_types: &[],
    },
];

/// The e-mail addresses of the demo accounts, each with what it is.
pub fn accounts() -> impl Iterator<Item = (&'static str, &'static str)> {
    ACCOUNTS.iter().map(|account| (account.email, account.post))
}
