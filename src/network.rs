//! Networks, as people name them.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

/// Why a text names no network that anybody can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoNetwork {
    /// It is neither an address nor a network.
    #[error("must be an address or a network like 203.0.113.0/24")]
    Unreadable,
    /// IPv4 within IPv6 (RFC 4291 §2.5.5.2): who comes so is taken for who they are in
    /// IPv4, and would never be found in it.
    #[error("is of IPv4: write it like 203.0.113.0/24")]
    Mapped,
}

/// The network that `text` names; an address alone is a network of one.
///
/// # Errors
/// [`NoNetwork`].
pub fn parse(text: &str) -> Result<IpNetwork, NoNetwork> {
    let network: IpNetwork = text.parse().map_err(|_error| NoNetwork::Unreadable)?;
    match network.ip() {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => Err(NoNetwork::Mapped),
        _ => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_one_that_somebody_can_be_in() {
        for good in ["203.0.113.7", "203.0.113.0/24", "2001:db8::/32", "::/0", "::1"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for mapped in ["::ffff:203.0.113.7", "::ffff:203.0.113.0/120", "::ffff:cb00:7100/120"] {
            assert_eq!(parse(mapped), Err(NoNetwork::Mapped), "{mapped}");
        }
        for unreadable in ["", "here", "203.0.113.0/33", "203.0.113.0/24 "] {
            assert_eq!(parse(unreadable), Err(NoNetwork::Unreadable), "{unreadable}");
        }
    }
}
