//! One attempt to sign in, counted before it is judged.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use ipnetwork::IpNetwork;
use uuid::Uuid;

use super::back_off::{Counted, wait};
use super::queries::sign_in;
use super::secrets::Use;
use crate::error::Result;
use crate::limits::neighbourhood;
use crate::services::Services;

/// An attempt to sign in to one account from one address.
pub struct Attempt {
    peer: Option<IpAddr>,
    now: DateTime<Utc>,
    pair: Vec<u8>,
    account: Vec<u8>,
    address: Vec<u8>,
    /// When the last failure from the address was, before this.
    before: Option<DateTime<Utc>>,
}

impl Attempt {
    /// An attempt on the account of `email`, whether or not there is one.
    pub fn new(services: &Services, peer: Option<IpAddr>, email: &str) -> Self {
        let near = peer.map(|peer| neighbourhood(peer).to_string()).unwrap_or_default();
        let key = |text: String| services.secrets.digest(Use::SignIn, text.as_bytes()).to_vec();
        Self {
            peer,
            now: services.clock.now(),
            pair: key(format!("pair {near} {email}")),
            account: key(format!("account {email}")),
            address: key(format!("address {near}")),
            before: None,
        }
    }

    /// Counts it as failed, or says how many seconds it is too early. The first has to
    /// stand before the password of `user` is looked at, the second to be undone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wait(&mut self, connection: &mut AsyncPgConnection, user: Option<Uuid>) -> Result<Option<u32>> {
        let peer = self.peer.map(IpNetwork::from);
        let is_known = match user {
            Some(user) => sign_in::is_known_at(connection, user, peer, self.now).await?,
            None => false,
        };
        let keys = vec![self.pair.clone(), self.account.clone(), self.address.clone()];
        let before = sign_in::count_attempt(connection, keys, self.address.clone(), self.now).await?;
        self.before = before
            .iter()
            .find(|(key, _)| *key == self.address)
            .map(|(_, failures)| failures.last_at);
        let opens = before.into_iter().filter_map(|(key, failures)| {
            let counted = self.counted(&key)?;
            let applies = counted == Counted::Pair || !is_known;
            applies.then(|| counted.opens_at(failures))
        });
        Ok(wait(opens, self.now))
    }

    /// Takes it back, with the failures before it of the account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn succeeded(&self, connection: &mut AsyncPgConnection) -> Result<()> {
        let forgotten = vec![self.pair.clone(), self.account.clone()];
        self.forgive(connection, forgotten).await
    }

    /// Takes it back for the address alone: the password was right, and the code is
    /// still to come.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_half_done(&self, connection: &mut AsyncPgConnection) -> Result<()> {
        self.forgive(connection, Vec::new()).await
    }

    async fn forgive(&self, connection: &mut AsyncPgConnection, forgotten: Vec<Vec<u8>>) -> Result<()> {
        let address = self.address.clone();
        sign_in::forgive(connection, forgotten, address, (self.now, self.before)).await
    }

    fn counted(&self, key: &[u8]) -> Option<Counted> {
        if key == self.pair {
            Some(Counted::Pair)
        } else if key == self.account {
            Some(Counted::Account)
        } else {
            (key == self.address).then_some(Counted::Address)
        }
    }
}
