//! One attempt at what somebody signs in with, counted before it is judged.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::back_off::{Counted, wait};
use super::queries::sign_in;
use super::secrets::Use;
use crate::doors::Room;
use crate::error::{AppError, Result};
use crate::limits::neighbourhood;
use crate::services::Services;

/// An attempt to sign in to one account from one address.
pub struct Attempt {
    now: DateTime<Utc>,
    pair: Vec<u8>,
    account: Vec<u8>,
    address: Vec<u8>,
    /// The client, if the account was signed in with from it.
    client: Option<Vec<u8>>,
    /// When the last failure under each key was, before this.
    before: Vec<(Vec<u8>, DateTime<Utc>)>,
}

impl Attempt {
    /// An attempt on `account`, whether or not there is one: an e-mail address, for what
    /// signs in.
    pub fn new(services: &Services, peer: Option<IpAddr>, account: &str) -> Self {
        let near = peer.map(|peer| neighbourhood(peer).to_string()).unwrap_or_default();
        Self {
            now: services.clock.now(),
            pair: key(services, &format!("pair {near} {account}")),
            account: key(services, &format!("account {account}")),
            address: key(services, &format!("address {near}")),
            client: None,
            before: Vec::new(),
        }
    }

    /// The same, made with a client that is known by `mark`: only its own failures
    /// slow it, wherever it is.
    pub fn of_client(self, services: &Services, mark: &str) -> Self {
        let client = Some(key(services, &format!("client {mark}")));
        Self { client, ..self }
    }

    /// One on `account` by the person in `room`, counted as failed, and for their session
    /// wherever that is used, so that others do not slow them. Step out before it is judged.
    ///
    /// # Errors
    /// [`AppError::TooManyRequests`] where it is too early.
    pub async fn in_session(room: &mut Room, account: &str) -> Result<Self> {
        let (services, mark) = (room.services.clone(), format!("{} {account}", room.person.session_id));
        let mut attempt = Self::new(&services, room.request.peer, account).of_client(&services, &mark);
        match attempt.wait(room).await? {
            Some(retry_after) => Err(AppError::TooManyRequests { retry_after }),
            None => Ok(attempt),
        }
    }

    /// Counts it as failed, or says how many seconds it is too early. The first has to
    /// stand before the password is looked at, the second to be undone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wait(&mut self, connection: &mut AsyncPgConnection) -> Result<Option<u32>> {
        let mut keys = self.of_account();
        keys.push(self.address.clone());
        let before = sign_in::count_attempt(connection, keys, self.address.clone(), self.now).await?;
        self.before = before
            .iter()
            .map(|(key, failures)| (key.clone(), failures.last_at))
            .collect();
        let opens = before.into_iter().filter_map(|(key, failures)| {
            let counted = self.counted(&key)?;
            let applies = (counted == Counted::Client) == self.client.is_some();
            applies.then(|| counted.opens_at(failures))
        });
        Ok(wait(opens, self.now))
    }

    /// Takes it back, with the failures before it of the account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn succeeded(&self, connection: &mut AsyncPgConnection) -> Result<()> {
        self.forgive(connection, self.of_account(), &self.address).await
    }

    /// Takes it back for the address alone: the password was right, and the code is
    /// still to come.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_half_done(&self, connection: &mut AsyncPgConnection) -> Result<()> {
        self.forgive(connection, Vec::new(), &self.address).await
    }

    /// Takes it back and nothing else: nobody has judged what was sent.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn was_not_judged(&self, connection: &mut AsyncPgConnection) -> Result<()> {
        let mut keys = self.of_account();
        keys.push(self.address.clone());
        // Locked in the order in which they are counted.
        keys.sort();
        for key in keys {
            self.forgive(connection, Vec::new(), &key).await?;
        }
        Ok(())
    }

    /// Forgets some counts, and takes this attempt back from another.
    async fn forgive(&self, connection: &mut AsyncPgConnection, forgotten: Vec<Vec<u8>>, key: &[u8]) -> Result<()> {
        let before = self.before.iter().find(|(known, _)| known == key);
        let times = (self.now, before.map(|(_, last_at)| *last_at));
        sign_in::forgive(connection, forgotten, key.to_vec(), times).await
    }

    /// The keys under which failures of this account are counted.
    fn of_account(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![self.pair.clone(), self.account.clone()];
        keys.extend(self.client.clone());
        keys
    }

    fn counted(&self, key: &[u8]) -> Option<Counted> {
        let own = self.client.as_deref().map(|client| (client, Counted::Client));
        let all = [
            (self.pair.as_slice(), Counted::Pair),
            (self.account.as_slice(), Counted::Account),
            (self.address.as_slice(), Counted::Address),
        ];
        let found = all.into_iter().chain(own).find(|(known, _)| *known == key);
        found.map(|(_, counted)| counted)
    }
}

fn key(services: &Services, text: &str) -> Vec<u8> {
    services.secrets.digest(Use::SignIn, text.as_bytes()).to_vec()
}
