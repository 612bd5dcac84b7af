//! What kind of address a name led to. The ranges are those of IANA's special-purpose registries (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What may be done with an address, from the harmless to the hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// On the internet.
    Public,
    /// On this machine or in a network of the operator's: loopback, RFC 1918, shared (RFC 6598), unique local (RFC 4193).
    Private,
    /// For documentation, tests, transition between protocols, or nothing yet.
    Special,
    /// Never asked: link-local, where clouds hand out secrets to whoever asks; multicast; no address at all.
    Never,
}

/// Where clouds hand out secrets at addresses that are not link-local: Amazon's over IPv6, Alibaba's, Azure's.
const METADATA: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Judges one address.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        _ if METADATA.contains(&address) => Reach::Never,
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Reach {
    if address.is_unspecified() || address.is_link_local() || address.is_multicast() || address.is_broadcast() {
        return Reach::Never;
    }
    match address.octets() {
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Reach::Private,
        // "This network" (RFC 791), and what is reserved (RFC 1112, section 4).
        [0 | 240..=255, ..] => Reach::Special,
        // Protocol assignments (RFC 6890), documentation (RFC 5737), what was the relay of 6to4 (RFC 7526), benchmarks (RFC 2544).
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] | [198, 18..=19, ..] => {
            Reach::Special
        }
        _ => Reach::Public,
    }
}

fn v6(address: Ipv6Addr) -> Reach {
    if address.is_unspecified() || address.is_unicast_link_local() || address.is_multicast() {
        return Reach::Never;
    }
    if address.is_loopback() || address.is_unique_local() {
        return Reach::Private;
    }
    if let Some(inside) = embedded(address) {
        // Whatever translates it would reach that one.
        return reach(IpAddr::V4(inside)).max(Reach::Special);
    }
    match address.segments() {
        // Protocol assignments (RFC 2928), and documentation (RFC 3849, RFC 9637).
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Special,
        // The only block that is given out (RFC 4291, section 2.4).
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Special,
    }
}

/// The IPv4 address in one that only carries it: mapped and compatible (RFC 4291), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056),
/// Teredo (RFC 4380), whose client stands there inverted.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x0064, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(of(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(of(!high, !low)),
        _ => None,
    }
}
