//! How many requests are taken from one person, organisation and address, and how much
//! of what would let data out in bulk.
//!
//! Each has a bucket (GCRA) that is as large as a minute's rate, or an hour's, and fills
//! up evenly. The buckets are of this process: two processes take twice as much.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use dashmap::DashMap;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::clock::Steady;
use crate::error::{AppError, Result};

/// So many in the time of a limit, or as many as come. Written as a number, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Option<NonZeroU32>);

impl Rate {
    /// As many as come.
    pub const OFF: Self = Self(None);

    /// How many, where there is a limit.
    pub fn most(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }

    /// So many; 0 means as many as come.
    pub fn of(many: u32) -> Self {
        Self(NonZeroU32::new(many))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        match text.parse() {
            Ok(requests) => Ok(Self(Some(requests))),
            Err(_) => Err(format!("`{text}` is neither a number nor `off`")),
        }
    }
}

/// What one account does only so often in an hour, since much of it at once is how data
/// leave (OWASP API Security Top 10 2023, API6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// Looking at people, vehicles and premises: each that is shown.
    Subjects,
    /// Searching for words, at an address, or for somebody; not on the map.
    Searches,
    /// Sharing a case, or asking for it.
    Shares,
    /// Taking the log away.
    Exports,
}

/// How much a request takes out of the limits of people and organisations: about as much as
/// it costs the database (README.md, Measured).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Looking up a record, or a page of a list in its order.
    Look,
    /// Changing something, or trying to.
    Change,
    /// Looking for words, for an address, for somebody or on the map.
    Search,
}

impl Weight {
    /// The parameters of lists by which is searched.
    const SEARCHING: [&str; 4] = ["q", "uprn", "bbox", "near_case"];
    /// What is looked for by a body, since it says who somebody is.
    const SEARCH_BY_BODY: &str = "/v1/subjects/search";

    /// That of a request by `method` with `query`, at a path of that `pattern` if of any.
    pub fn of(method: &str, pattern: Option<&str>, query: &str) -> Self {
        let searches =
            || form_urlencoded::parse(query.as_bytes()).any(|(name, _)| Self::SEARCHING.contains(&name.as_ref()));
        match method {
            "GET" | "HEAD" if searches() => Self::Search,
            "GET" | "HEAD" => Self::Look,
            "POST" if pattern == Some(Self::SEARCH_BY_BODY) => Self::Search,
            _ => Self::Change,
        }
    }

    /// As how many requests it counts.
    pub fn requests(self) -> u32 {
        match self {
            Self::Look => 1,
            Self::Change => 2,
            Self::Search => 10,
        }
    }
}

/// What is refused ahead of the doors where nobody has shown who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nameless {
    /// A request without a token.
    NoToken,
    /// A token that is none of ours.
    ForgedToken,
    /// More requests, or attempts to sign in, than one address may make.
    Excess,
}

/// The rates of a service: requests a minute, but for the last five, of which the first four
/// are by the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of one person (`WARDLINK_LIMIT_PERSON`).
    pub person: Rate,
    /// Of all people of one organisation together (`WARDLINK_LIMIT_ORGANISATION`).
    pub organisation: Rate,
    /// Of one address, whoever is behind it (`WARDLINK_LIMIT_ADDRESS`).
    pub address: Rate,
    /// Of attempts to sign in, refresh, or get, end and look into tokens from one address
    /// (`WARDLINK_LIMIT_SIGN_IN`).
    pub sign_in: Rate,
    /// [`Volume::Subjects`] of one account (`WARDLINK_LIMIT_SUBJECTS`).
    pub subjects: Rate,
    /// [`Volume::Searches`] of one account (`WARDLINK_LIMIT_SEARCHES`).
    pub searches: Rate,
    /// [`Volume::Shares`] of one account (`WARDLINK_LIMIT_SHARES`).
    pub shares: Rate,
    /// [`Volume::Exports`] of one account (`WARDLINK_LIMIT_EXPORTS`).
    pub exports: Rate,
    /// MiB that one organisation adds as attachments in 24 hours, counted in the database
    /// (`WARDLINK_LIMIT_UPLOADS`).
    pub uploads: Rate,
}

impl Rates {
    /// No limits at all.
    pub const OFF: Self = Self {
        person: Rate::OFF,
        organisation: Rate::OFF,
        address: Rate::OFF,
        sign_in: Rate::OFF,
        subjects: Rate::OFF,
        searches: Rate::OFF,
        shares: Rate::OFF,
        exports: Rate::OFF,
        uploads: Rate::OFF,
    };
}

/// What is left of a limit after a request was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whose limit it is: `person`, `organisation`.
    pub name: &'static str,
    /// Requests a minute; each counts as its [`Weight`].
    pub quota: u32,
    /// Requests that would be taken at once now.
    pub left: u32,
}

impl Allowance {
    /// Whole seconds until nothing is used up any more.
    pub fn restored_in(&self) -> u32 {
        let used = u64::from(self.quota.saturating_sub(self.left));
        u32::try_from((used * 60).div_ceil(u64::from(self.quota.max(1)))).unwrap_or(60)
    }
}

/// The limits, and what was used of them.
pub struct Limits {
    person: Bucket<Uuid>,
    organisation: Bucket<Uuid>,
    address: Bucket<IpNetwork>,
    sign_in: Bucket<IpNetwork>,
    subjects: Bucket<Uuid>,
    searches: Bucket<Uuid>,
    shares: Bucket<Uuid>,
    exports: Bucket<Uuid>,
    /// Refusals that are written to the log: one a minute for each person.
    logged: Bucket<Uuid>,
    /// What is refused to nobody by name and written to the log: one of each kind a minute
    /// for each address.
    nameless: Bucket<(IpNetwork, Nameless)>,
    /// The organisation of each person who was let in.
    members: DashMap<Uuid, Uuid>,
}

/// Less in a bucket than was wanted of it.
struct Lack {
    left: Allowance,
    retry_after: u32,
}

type Buckets<K> = RateLimiter<K, DashMapStateStore<K>, Steady, StateInformationMiddleware>;

struct Bucket<K: std::hash::Hash + Eq + Clone> {
    name: &'static str,
    rate: Rate,
    filled: Option<Buckets<K>>,
    clock: Steady,
}

impl<K: std::hash::Hash + Eq + Clone> Bucket<K> {
    /// One that takes a minute to fill up.
    fn new(name: &'static str, rate: Rate, clock: &Steady) -> Self {
        Self::filling(name, rate, Quota::per_minute, clock)
    }

    /// One that takes an hour to fill up.
    fn of_an_hour(name: &'static str, rate: Rate, clock: &Steady) -> Self {
        Self::filling(name, rate, Quota::per_hour, clock)
    }

    fn filling(name: &'static str, rate: Rate, quota: fn(NonZeroU32) -> Quota, clock: &Steady) -> Self {
        let filled = rate.0.map(|many| {
            RateLimiter::dashmap_with_clock(quota(many), clock.clone()).with_middleware::<StateInformationMiddleware>()
        });
        Self {
            name,
            filled,
            rate,
            clock: clock.clone(),
        }
    }

    /// Takes so many out, or all it can hold where that is less. Says what is left, or how
    /// long that many are yet to come.
    fn draw(&self, key: &K, many: u32) -> Result<Option<Allowance>, Lack> {
        use governor::clock::Clock as _;
        let (Some(filled), Some(most)) = (&self.filled, self.rate.0) else {
            return Ok(None);
        };
        let wanted = NonZeroU32::new(many).unwrap_or(NonZeroU32::MIN).min(most);
        let allowance = |left| Allowance {
            name: self.name,
            quota: most.get(),
            left,
        };
        match filled.check_key_n(key, wanted) {
            Ok(Ok(state)) => Ok(Some(allowance(state.remaining_burst_capacity()))),
            Ok(Err(not_yet)) => {
                let wait = not_yet.wait_time_from(self.clock.now());
                let apart = not_yet.quota().replenish_interval();
                let missing = wait.as_nanos().div_ceil(apart.as_nanos().max(1));
                let missing = u32::try_from(missing).unwrap_or(u32::MAX);
                Err(Lack {
                    left: allowance(wanted.get().saturating_sub(missing)),
                    retry_after: whole_seconds(wait),
                })
            }
            // Never, since no more is wanted than it can hold.
            Err(_insufficient) => Ok(None),
        }
    }

    /// Takes so many of what is counted by the hour out.
    fn take_many(&self, key: &K, many: usize) -> Result<()> {
        let many = u32::try_from(many).unwrap_or(u32::MAX);
        self.draw(key, many).map(drop).map_err(|lack| AppError::VolumeExceeded {
            volume: self.name,
            retry_after: lack.retry_after,
        })
    }

    /// Takes a request out, which counts as so many.
    fn take(&self, key: &K, many: u32) -> Result<Option<Allowance>> {
        self.draw(key, many).map_err(|lack| AppError::LimitExceeded {
            allowance: lack.left,
            retry_after: lack.retry_after,
        })
    }

    fn forget_idle(&self) {
        if let Some(filled) = &self.filled {
            filled.retain_recent();
            filled.shrink_to_fit();
        }
    }
}

fn whole_seconds(wait: Duration) -> u32 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

impl Limits {
    /// Full buckets.
    pub fn new(rates: &Rates, clock: &Steady) -> Self {
        Self {
            person: Bucket::new("person", rates.person, clock),
            organisation: Bucket::new("organisation", rates.organisation, clock),
            address: Bucket::new("address", rates.address, clock),
            sign_in: Bucket::new("sign-in", rates.sign_in, clock),
            subjects: Bucket::of_an_hour("people, vehicles and premises", rates.subjects, clock),
            searches: Bucket::of_an_hour("searches", rates.searches, clock),
            shares: Bucket::of_an_hour("shares", rates.shares, clock),
            exports: Bucket::of_an_hour("exports", rates.exports, clock),
            logged: Bucket::new("logged", Rate::of(1), clock),
            nameless: Bucket::new("nameless", Rate::of(1), clock),
            members: DashMap::new(),
        }
    }

    /// Takes a request of `person`, and of their organisation once that is known: as many
    /// as its weight.
    ///
    /// # Errors
    /// [`AppError::LimitExceeded`].
    pub fn admit(&self, person: Uuid, weight: Weight) -> Result<Vec<Allowance>> {
        let many = weight.requests();
        let own = self.person.take(&person, many)?;
        let organisation = self.organisation_of(person);
        let all = organisation.map_or(Ok(None), |organisation| self.organisation.take(&organisation, many))?;
        Ok(own.into_iter().chain(all).collect())
    }

    /// Remembers the organisation of somebody who was let in. Nobody changes it.
    pub fn learn(&self, person: Uuid, organisation: Uuid) {
        if !self.members.contains_key(&person) {
            self.members.insert(person, organisation);
        }
    }

    /// The organisation of somebody who was let in before.
    pub fn organisation_of(&self, person: Uuid) -> Option<Uuid> {
        self.members.get(&person).map(|known| *known)
    }

    /// Takes a request from `address`.
    ///
    /// # Errors
    /// [`AppError::LimitExceeded`].
    pub fn admit_address(&self, address: IpAddr) -> Result<()> {
        self.address.take(&neighbourhood(address), 1).map(drop)
    }

    /// Takes an attempt to sign in from `address`.
    ///
    /// # Errors
    /// [`AppError::LimitExceeded`].
    pub fn admit_sign_in(&self, address: IpAddr) -> Result<()> {
        self.sign_in.take(&neighbourhood(address), 1).map(drop)
    }

    /// Takes so many of what `person` does only so often in an hour.
    ///
    /// # Errors
    /// [`AppError::VolumeExceeded`].
    pub fn spend(&self, volume: Volume, person: Uuid, many: usize) -> Result<()> {
        let bucket = match volume {
            Volume::Subjects => &self.subjects,
            Volume::Searches => &self.searches,
            Volume::Shares => &self.shares,
            Volume::Exports => &self.exports,
        };
        bucket.take_many(&person, many)
    }

    /// Whether a refusal of `person` by a limit, or of their token that is out of its time,
    /// is to be logged: else whoever floods the service would flood the log.
    pub fn is_to_be_logged(&self, person: Uuid) -> bool {
        self.logged.take(&person, 1).is_ok()
    }

    /// Whether what is refused to `address` is to be logged, where nobody has shown who they
    /// are.
    pub fn is_nameless_to_be_logged(&self, address: IpAddr, refused: Nameless) -> bool {
        self.nameless.take(&(neighbourhood(address), refused), 1).is_ok()
    }

    /// Lets go of whoever has used up nothing lately.
    pub fn forget_idle(&self) {
        self.person.forget_idle();
        self.organisation.forget_idle();
        self.address.forget_idle();
        self.sign_in.forget_idle();
        for volume in [&self.subjects, &self.searches, &self.shares, &self.exports] {
            volume.forget_idle();
        }
        self.logged.forget_idle();
        self.nameless.forget_idle();
    }
}

/// An IPv4 address, or the /64 that one customer of IPv6 has all to themselves.
pub fn neighbourhood(address: IpAddr) -> IpNetwork {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let network = u128::from(six) >> 64 << 64;
            IpNetwork::from(IpAddr::from(network.to_be_bytes()))
        }
        four => IpNetwork::from(four),
    }
}

#[cfg(test)]
mod tests;
