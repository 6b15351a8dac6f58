//! Where messages may go: not into the house's own networks, unless the settings of the
//! server name them. A channel's address is typed by people and read by the program, which
//! must not become somebody's hand inside the network (SSRF).

use super::Why;
use super::send::Fault;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Internal networks that may be reached all the same, such as `10.1.2.0/24`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u32)>);

impl Networks {
    /// Reads networks: an address, or an address with the length of its prefix.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let one = |text: &str| {
            let (address, length) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
            let address: IpAddr = address.parse().ok()?;
            let all = if address.is_ipv4() { 32 } else { 128 };
            let length = if length.is_empty() { all } else { length.parse().ok()? };
            (length <= all).then_some((address, length))
        };
        let read = texts.into_iter().map(|text| one(text).ok_or_else(|| format!("“{text}” is no network")));
        read.collect::<Result<_, _>>().map(Self)
    }

    fn holds(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|(network, length)| match (network, ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0,
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0,
            _ => false,
        })
    }

    /// Whether messages may go to that address.
    pub fn allows(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        !is_internal(ip) || self.holds(ip)
    }
}

/// Whether an address is none of the open internet.
pub fn is_internal(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => v4(ip),
        IpAddr::V6(ip) => v6(ip),
    }
}

fn v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        // This network, carriers' own addresses, protocols, measurements, the rest.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240
}

fn v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let inner = |high: u16, low: u16| v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    // IPv4 that travels in IPv6: 6to4, NAT64, and the old compatible form with :: and ::1.
    let carried = match s {
        [0x2002, high, low, ..] => inner(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0, 0, 0, 0, 0, 0, _, _] => true,
        // Translated (SIIT), and Teredo, which turns the bits round.
        [0, 0, 0, 0, 0xffff, 0, high, low] => inner(high, low),
        [0x2001, 0, ..] => true,
        _ => false,
    };
    carried
        || ip.is_multicast()
        // Local to a site, to a link, and what is only written about; 64:ff9b:1::/48 is local too.
        || s[0] & 0xfe00 == 0xfc00
        || s[0] & 0xffc0 == 0xfe80
        || s[0] & 0xffc0 == 0xfec0
        || (s[0] == 0x2001 && s[1] == 0x0db8)
        || (s[0] == 0x64 && s[1] == 0xff9b && s[2] == 1)
}

/// The addresses of a host, each of which may be reached. They are connected to as they
/// are: asking again could answer another one.
pub async fn resolve(host: &str, port: u16, allowed: &Networks) -> Result<Vec<SocketAddr>, Fault> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((bare, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|error| Fault::of(Why::Unreachable, error))?.collect();
    if found.is_empty() {
        return Err(Fault::of(Why::Unreachable, "no address"));
    }
    if !found.iter().all(|address| allowed.allows(address.ip())) {
        return Err(Fault::of(Why::Internal, host));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_house() {
        for (address, internal) in [
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("10.0.0.1", true),
            ("172.16.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("0.0.0.0", true),
            ("255.255.255.255", true),
            ("224.0.0.1", true),
            ("192.0.2.1", true),
            ("198.18.0.1", true),
            ("8.8.8.8", false),
            ("::", true),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("::ffff:8.8.8.8", false),
            ("::10.0.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("fec0::1", true),
            ("ff02::1", true),
            ("2001:db8::1", true),
            ("2002:a00:1::1", true),
            ("2002:808:808::1", false),
            ("64:ff9b::a00:1", true),
            ("64:ff9b::808:808", false),
            ("64:ff9b:1::1", true),
            ("2400:3200::1", false),
        ] {
            assert_eq!(is_internal(address.parse().expect("an address")), internal, "{address}");
        }
    }

    #[test]
    fn what_the_settings_allow() {
        let allowed = Networks::read(["10.1.2.0/24", "127.0.0.1", "fd00:1::/32", " 192.168.7.9 "]).expect("networks");
        for (address, may) in [
            ("10.1.2.200", true),
            ("10.1.3.1", false),
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("fd00:1:2::3", true),
            ("fd00:2::3", false),
            ("192.168.7.9", true),
            ("8.8.8.8", true),
        ] {
            assert_eq!(allowed.allows(address.parse().expect("an address")), may, "{address}");
        }
        let all = Networks::read(["0.0.0.0/0"]).expect("everything");
        assert!(all.allows("10.0.0.1".parse().expect("an address")));
        for junk in ["10.0.0.0/33", "10.0.0", "house", "10.0.0.0/x", ""] {
            assert!(Networks::read([junk]).is_err(), "{junk}");
        }
    }

    #[tokio::test]
    async fn a_name_of_the_house_is_found_out() {
        let none = Networks::default();
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let refused = resolve(host, 80, &none).await.expect_err("internal");
            assert_eq!(refused.why, Why::Internal, "{host}");
        }
        let own = Networks::read(["127.0.0.0/8", "::1"]).expect("networks");
        assert!(resolve("localhost", 80, &own).await.is_ok());
    }
}
