//! Which addresses may be connected to: by the registries, and against another reader of them.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use countersign::egress::{Reach, reach};

fn at(address: &str) -> Reach {
    reach(address.parse().expect("an address"))
}

#[test]
fn the_first_and_the_last_address_of_each_range_are_in_it() {
    let ranges: [(Reach, &[&str]); 4] = [
        (
            Reach::Public,
            &[
                "1.0.0.0 9.255.255.255",
                "11.0.0.0 100.63.255.255",
                "100.128.0.0 126.255.255.255",
                "128.0.0.0 168.63.129.15",
                "168.63.129.17 169.253.255.255",
                "169.255.0.0 172.15.255.255",
                "172.32.0.0 191.255.255.255",
                "192.0.1.0 192.0.1.255",
                "192.0.3.0 192.88.98.255",
                "192.88.100.0 192.167.255.255",
                "192.169.0.0 198.17.255.255",
                "198.20.0.0 198.51.99.255",
                "198.51.101.0 203.0.112.255",
                "203.0.114.0 223.255.255.255",
                "2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db9:: 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2003:: 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "3fff:1000:: 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ],
        ),
        (
            Reach::Private,
            &[
                "10.0.0.0 10.255.255.255",
                "127.0.0.0 127.255.255.255",
                "172.16.0.0 172.31.255.255",
                "192.168.0.0 192.168.255.255",
                "100.64.0.0 100.100.100.199",
                "100.100.100.201 100.127.255.255",
                "::1 ::1",
                "fc00:: fd00:ec2::253",
                "fd00:ec2::255 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ],
        ),
        (
            Reach::Special,
            &[
                "0.0.0.1 0.255.255.255",
                "192.0.0.0 192.0.0.255",
                "192.0.2.0 192.0.2.255",
                "192.88.99.0 192.88.99.255",
                "198.18.0.0 198.19.255.255",
                "198.51.100.0 198.51.100.255",
                "203.0.113.0 203.0.113.255",
                "240.0.0.0 255.255.255.254",
                // What carries others, or may.
                "::2 ::ffff:1.1.1.1",
                "::ffff:10.0.0.1 ::ffff:127.0.0.1",
                "64:ff9b::1.1.1.1 64:ff9b::192.168.0.1",
                "64:ff9b:1::10.0.0.1 64:ff9b:1:ffff::1.1.1.1",
                "2002:100:: 2002:a00:1::",
                "2001::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                "100:: 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                "3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                "4000:: fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "fe00:: fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ],
        ),
        (
            Reach::Never,
            &[
                "0.0.0.0 0.0.0.0",
                "169.254.0.0 169.254.255.255",
                "169.254.169.254 169.254.170.2",
                "224.0.0.0 239.255.255.255",
                "255.255.255.255 255.255.255.255",
                ":: ::",
                "fe80:: febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "ff00:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                // Where clouds keep secrets, however it is written.
                "168.63.129.16 168.63.129.16",
                "100.100.100.200 100.100.100.200",
                "fd00:ec2::254 fd00:ec2::254",
                "::ffff:169.254.169.254 ::169.254.169.254",
                "64:ff9b::169.254.169.254 64:ff9b:1::169.254.169.254",
                "2002:: 2002:a9fe:a9fe::1",
                "2001:0:1:2:3:4:5601:5601 2001:0:ffff::5601:5601",
                "::ffff:0:169.254.169.254 ::ffff:0.0.0.0",
            ],
        ),
    ];
    for (expected, ranges) in ranges {
        for end in ranges.iter().flat_map(|range| range.split(' ')) {
            assert_eq!(at(end), expected, "{end}");
        }
    }
}

/// Pseudo-random addresses, the same each time: every first byte of IPv4, and IPv6 in and around what the registries name.
#[expect(clippy::cast_possible_truncation, reason = "some of the random bits are enough")]
fn many() -> Vec<IpAddr> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut all = Vec::new();
    for first in 0..=255_u32 {
        all.extend((0..60).map(|_| IpAddr::V4(Ipv4Addr::from_bits(first << 24 | (next() as u32 & 0x00ff_ffff)))));
    }
    // The blocks of /24 that have a meaning of their own, and their neighbors.
    for block in [0xc000_0000_u32, 0xc000_0200, 0xc058_6300, 0xc633_6400, 0xcb00_7100, 0xc612_0000, 0xc613_ff00] {
        all.extend((0..2000).map(|_| {
            let near = block.wrapping_sub(512) + (next() as u32 & 0x3ff);
            IpAddr::V4(Ipv4Addr::from_bits(near))
        }));
    }
    for first in [
        0x0000_u16, 0x0064, 0x0100, 0x2000, 0x2001, 0x2002, 0x2a00, 0x3ffe, 0x3fff, 0x4000, 0x5f00, 0xfc00, 0xfd00,
        0xfe80, 0xfec0, 0xff02,
    ] {
        all.extend((0..500).map(|_| {
            let (high, low) = (next(), next());
            let second = [0, 1, 2, 0x20, 0x1ff, 0x200, 0xdb8, 0xfff, 0x1000, high as u16][(high >> 48) as usize % 10];
            let rest = u128::from(high & 0xffff_ffff) << 64 | u128::from(low);
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(first) << 112 | u128::from(second) << 96 | rest))
        }));
    }
    all
}

#[test]
fn what_counts_as_public_here_is_global_to_python_as_well() {
    let script = "import ipaddress, sys\nfor line in sys.stdin:\n    a = ipaddress.ip_address(line.strip())\n    print(int(a.is_global and not a.is_multicast))\n";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3; `make setup-test` installs it");
    let all = many();
    let lines = all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let mut input = python.stdin.take().expect("a pipe");
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().expect("it ends");
    writing.join().expect("no panic").expect("it reads");
    let theirs: Vec<bool> = String::from_utf8(output.stdout).expect("text").lines().map(|line| line == "1").collect();
    assert_eq!(theirs.len(), all.len());
    let mut public = 0;
    for (address, is_global) in all.into_iter().zip(theirs) {
        if reach(address) == Reach::Public {
            public += 1;
            assert!(is_global, "{address} is public here");
        } else if is_global {
            // What is stricter here, on purpose: each of these is none that a service has.
            assert!(is_stricter(address), "{address} is refused here");
        }
    }
    assert!(public > 5_000, "{public}");
}

/// What the registries call global and is refused here: transition, anycast relays, assignments to protocols, and what is not
/// given out.
fn is_stricter(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => matches!(address.octets(), [192, 0, 0, _] | [192, 88, 99, _] | [168, 63, 129, 16]),
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            let is_given_out = (0x2000..=0x3fff).contains(&first);
            !is_given_out
                || first == 0x2002
                || (first == 0x2001 && second < 0x200)
                || (first == 0x3fff && second < 0x1000)
        }
    }
}
