//! Where the endpoint listens.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use tokio::net::{TcpListener, TcpSocket};

use super::error::ScrapeError;
use crate::config::address_of;

/// Connections that the operating system holds until they are accepted.
const BACKLOG: u32 = 1024;

/// How often to look for a port that is free in both families.
const ATTEMPTS: usize = 16;

/// Listens at all addresses of `host`, the first of which is the one to show;
/// called inside a runtime.
///
/// `localhost` is not looked up: it must be loopback, whatever a hosts file or
/// a name server makes of it.
pub(super) fn listen(host: &str, port: u16) -> Result<Vec<TcpListener>, ScrapeError> {
    if let Some(address) = address_of(host) {
        return Ok(vec![listener((address, port).into())?]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return loopback(port);
    }
    let unknown = |reason: String| ScrapeError::UnknownHost {
        host: host.into(),
        reason,
    };
    let found = (host, port).to_socket_addrs();
    let mut addresses: Vec<_> = found.map_err(|error| unknown(error.to_string()))?.collect();
    addresses.sort_unstable();
    addresses.dedup();
    // Any that is free is one, not one a family.
    if port == 0 {
        addresses.truncate(1);
    }
    if addresses.is_empty() {
        return Err(unknown("it resolves to nothing".into()));
    }
    addresses.into_iter().map(listener).collect()
}

/// In both families where there are both: either may be what a scraper makes
/// of `localhost`, and on the other might listen somebody else.
fn loopback(port: u16) -> Result<Vec<TcpListener>, ScrapeError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let first = listener((Ipv4Addr::LOCALHOST, port).into())?;
        let address = address(&first)?;
        match listener((IpAddr::V6(Ipv6Addr::LOCALHOST), address.port()).into()) {
            Ok(second) => return Ok(vec![first, second]),
            // There is no IPv6 here.
            Err(ScrapeError::Unavailable { .. }) => return Ok(vec![first]),
            Err(ScrapeError::AddressInUse { .. }) if port == 0 && attempts < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// The address that a listener has got.
pub(super) fn address(listener: &TcpListener) -> Result<SocketAddr, ScrapeError> {
    listener
        .local_addr()
        .map_err(|error| ScrapeError::thread(&error))
}

fn listener(address: SocketAddr) -> Result<TcpListener, ScrapeError> {
    let open = || -> io::Result<_> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        // A port whose last owner has just ended is free; elsewhere the option
        // means that a port may be taken from somebody who has it.
        socket.set_reuseaddr(cfg!(unix))?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|error| ScrapeError::at(address, &error))
}
