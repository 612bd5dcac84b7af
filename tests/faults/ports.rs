//! Ports for servers that stop and start again.

use std::net::TcpListener;

/// So many ports that nobody uses. The system gives none of them to a connection, so each is still free for a server that starts
/// again. `scripts/postgres.sh` chooses its own alike.
pub fn free(count: usize) -> Vec<u16> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let end: u32 = range.split_whitespace().next().map_or(32_768, |first| first.parse().expect("a port"));
    let ports = end.checked_sub(10_240).expect("ports below those of connections");
    // Each test is a process, and begins elsewhere.
    let tried = (0..ports).map(|number| 10_240 + (std::process::id() * 16 + number) % ports);
    let port = |tried: u32| u16::try_from(tried).expect("a port");
    let free = tried.map(port).filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    let held: Vec<_> = free.take(count).collect();
    held.iter().map(|one| one.local_addr().expect("an address").port()).collect()
}
