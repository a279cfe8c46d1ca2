//! The closed vocabularies of workflow files; those of clocks are in [`crate::clocks`].

/// An enum of words with one spelling everywhere: in the file, in JSON and in messages.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every word, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as written in files, JSON and messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The word's meaning, or `None` if it is not one of these words.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateClass {
    /// Work goes on.
    Open,
    /// It ended.
    Closed,
}

impl StateClass {
    /// The word as written in files, SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

words! {
    /// The eight statuses a reporter may see.
    PublicStatus {
        Received = "received",
        BeingAssessed = "being_assessed",
        Investigating = "investigating",
        ActionPlanned = "action_planned",
        WithAnotherOrganisation = "with_another_organisation",
        WaitingForYouOrOwner = "waiting_for_you_or_owner",
        Done = "done",
        ClosedNoFurtherAction = "closed_no_further_action",
    }
}

words! {
    /// What a clock is for.
    ClockPurpose {
        /// Something must be done before it is due; open until stopped.
        Deadline = "deadline",
        /// Something must not be done before it is due; over once it is due.
        WaitingPeriod = "waiting_period",
    }
}

words! {
    /// The moment a started clock counts from.
    CountsFrom {
        /// When the event was recorded.
        Event = "event",
        /// When the case was opened.
        Report = "report",
    }
}

words! {
    /// What a step is in the log where it is more than an alteration (Data Protection Act
    /// 2018 s.62(1)).
    LoggedAs {
        /// Something comes from outside of the system.
        Collection = "collection",
        /// Somebody outside of the system is told.
        Disclosure = "disclosure",
    }
}

words! {
    /// When in the life of a problem a photo was taken.
    Phase {
        Before = "before",
        After = "after",
    }
}

words! {
    /// Band of the latest risk assessment.
    RiskBand {
        Standard = "standard",
        Medium = "medium",
        High = "high",
    }
}

/// Whom anti-social behaviour falls upon (NSIR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Qualifier {
    /// A person or group is targeted or suffers most.
    Personal,
    /// The community at large.
    Nuisance,
    /// The wider environment.
    Environmental,
}

impl Qualifier {
    /// Every qualifier.
    pub const ALL: [Self; 3] = [Self::Personal, Self::Nuisance, Self::Environmental];

    /// The word as written in files, SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Nuisance => "nuisance",
            Self::Environmental => "environmental",
        }
    }

    /// The qualifier of that name, if there is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

words! {
    /// Why a reporter was not told that a case is being closed.
    NotToldReason {
        Anonymous = "anonymous",
        UnsafeToContact = "unsafe_to_contact",
        DeclinedUpdates = "declined_updates",
        NoContactDetails = "no_contact_details",
        ReportedByOfficer = "reported_by_officer",
    }
}
