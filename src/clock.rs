//! The time, as a thing that is passed in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// Where the service reads the time. Rules never do: they are given it.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set, for tests.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at `at`.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// The time now, in whole microseconds, which is what PostgreSQL keeps.
    pub fn now(&self) -> DateTime<Utc> {
        use chrono::SubsecRound;
        match self {
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
                let now = Utc::now();
                now.trunc_subsecs(6)
            }
            Self::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Sets a fixed clock; the machine's own is left alone.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Self::Fixed(at) = self {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }
}

/// Where limits read how much time has passed: it only goes forward, whatever is
/// done to the machine's clock.
#[derive(Debug, Clone)]
pub enum Steady {
    /// Since the service was started.
    Since(Instant),
    /// A clock that stands still until it is advanced, for tests; in nanoseconds.
    Fixed(Arc<AtomicU64>),
}

impl Steady {
    /// The machine's.
    pub fn start() -> Self {
        Self::Since(Instant::now())
    }

    /// One that stands still.
    pub fn fixed() -> Self {
        Self::Fixed(Arc::default())
    }

    /// Moves a fixed clock; the machine's own is left alone.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(nanoseconds) = self {
            let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            nanoseconds.fetch_add(by, Ordering::Relaxed);
        }
    }
}

impl governor::clock::Clock for Steady {
    type Instant = Duration;

    fn now(&self) -> Duration {
        match self {
            Self::Since(start) => start.elapsed(),
            Self::Fixed(nanoseconds) => Duration::from_nanos(nanoseconds.load(Ordering::Relaxed)),
        }
    }
}
