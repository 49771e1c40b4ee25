//! A block of IP addresses, as a network policy and `pg_hba.conf` take it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::invalid;
use crate::error::ConfigError;

/// A block of addresses such as `10.0.0.0/16` or `2001:db8::/64`, with blocks inside it that are left out.
///
/// It serialises as Kubernetes' `ipBlock`: `cidr` and `except`.
///
/// ```
/// use backingstore_config::surroundings::AddressBlock;
///
/// let subnets: AddressBlock = "10.20.0.0/16".parse()?;
/// let without_first = subnets.clone().except(["10.20.0.0/24".parse()?])?;
/// assert!(without_first.contains("10.20.1.7".parse().unwrap()));
/// assert!(!without_first.contains("10.20.0.7".parse().unwrap()));
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressBlock {
    network: Network,
    except: Vec<Network>,
}

/// An address whose bits behind the prefix are all 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl AddressBlock {
    /// The block of one address: `/32`, or `/128` for IPv6. An IPv4 address written as IPv6
    /// (`::ffff:10.0.0.1`) is taken for the IPv4 one that is on the wire.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { network: Network { address, prefix: width(address) }, except: Vec::new() }
    }

    /// The same block without these ones, in the place of those that were left out before.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](crate::ConfigErrorKind::InvalidValue) if one of them is not smaller than this block and
    /// inside it, as Kubernetes demands, or leaves out blocks itself.
    pub fn except(mut self, blocks: impl IntoIterator<Item = AddressBlock>) -> Result<Self, ConfigError> {
        self.except.clear();
        for block in blocks {
            let inside =
                self.network.contains(block.network.address) && block.network.prefix > self.network.prefix;
            if !inside || !block.except.is_empty() {
                return Err(fault(
                    "a block to leave out that is no smaller block inside it",
                    "leave out blocks with a longer prefix that lie inside the block, and nothing of those",
                ));
            }
            self.except.push(block.network);
        }
        Ok(self)
    }

    /// The block as `ADDRESS/PREFIX`, without what is left out of it.
    pub fn cidr(&self) -> String {
        self.network.to_string()
    }

    /// The blocks that are left out, each as `ADDRESS/PREFIX`.
    pub fn excepted(&self) -> impl Iterator<Item = String> {
        self.except.iter().map(ToString::to_string)
    }

    /// Whether the block is of IPv6 addresses.
    pub fn is_ipv6(&self) -> bool {
        self.network.address.is_ipv6()
    }

    /// Whether an address is in the block and not in one that is left out.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.network.contains(address) && !self.except.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

fn fault(problem: &'static str, help: &'static str) -> ConfigError {
    invalid("address block", problem, help)
}

/// Reads `ADDRESS/PREFIX`, or an address alone for the block of that one address.
///
/// # Errors
///
/// [`InvalidValue`](crate::ConfigErrorKind::InvalidValue) for what is neither, for a prefix longer than the address,
/// and for bits of the address behind the prefix: Kubernetes takes them today and warns, and they mostly mean
/// that the prefix is wrong.
impl FromStr for AddressBlock {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write a block such as `10.0.0.0/16` or `2001:db8::/64`, or one address";
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(fault("no IP address before its `/`", FORM));
        };
        let Some(prefix) = prefix else { return Ok(Self::of(address)) };
        // An IPv4 address in an IPv6 block can never match what is on the wire.
        if address != address.to_canonical() {
            return Err(fault("an IPv4 address written as IPv6", "write the IPv4 block"));
        }
        // `u8::from_str` would take a sign, and Kubernetes refuses a leading 0.
        let digits =
            prefix.bytes().all(|b| b.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
        let prefix = prefix.parse::<u8>().ok().filter(|prefix| digits && *prefix <= width(address));
        let Some(prefix) = prefix else {
            return Err(fault("a prefix that is not a number from 0 to 32, or to 128 for IPv6", FORM));
        };
        if masked(address, prefix) != address {
            return Err(fault(
                "bits of its address behind the prefix",
                "write the block's first address, or the prefix 32 (128 for IPv6) for one address",
            ));
        }
        Ok(Self { network: Network { address, prefix }, except: Vec::new() })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// `ADDRESS/PREFIX`, and what is left out if anything is.
impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network.fmt(f)?;
        for (index, network) in self.except.iter().enumerate() {
            write!(f, "{}{network}", if index == 0 { " except " } else { ", " })?;
        }
        Ok(())
    }
}

impl Serialize for AddressBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut block = serializer.serialize_struct("IPBlock", 1 + usize::from(!self.except.is_empty()))?;
        block.serialize_field("cidr", &self.cidr())?;
        if self.except.is_empty() {
            block.skip_field("except")?;
        } else {
            block.serialize_field("except", &self.excepted().collect::<Vec<_>>())?;
        }
        block.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::write_yaml;
    use super::*;
    use crate::ConfigErrorKind;

    fn block(text: &str) -> AddressBlock {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_and_single_addresses_are_read() {
        for (text, cidr) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.168.86.9/32", "192.168.86.9/32"),
            ("192.168.86.9", "192.168.86.9/32"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ] {
            assert_eq!(block(text).cidr(), cidr, "{text}");
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "/",
            "db",
            "db/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.1/8",
            "2001:db8::/129",
            "2001:db8::1/64",
            "10.0.0/8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/8\n",
            "fe80::1%eth0/128",
            "10.0.0.0/256",
        ] {
            let error = text.parse::<AddressBlock>().unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::InvalidValue, "{text}");
        }
    }

    #[test]
    fn an_address_is_in_its_block_up_to_the_last_bit() {
        let small = block("10.0.0.128/25");
        for (address, inside) in
            [("10.0.0.127", false), ("10.0.0.128", true), ("10.0.0.255", true), ("10.0.1.0", false)]
        {
            assert_eq!(small.contains(address.parse().unwrap()), inside, "{address}");
        }
        assert!(small.contains("::ffff:10.0.0.200".parse().unwrap()));
        assert!(block("0.0.0.0/0").contains("255.1.2.3".parse().unwrap()));
        assert!(!block("0.0.0.0/0").contains("::1".parse().unwrap()));
        assert!(block("::/0").contains("ff00::1".parse().unwrap()));
        assert!(block("2001:db8::/127").contains("2001:db8::1".parse().unwrap()));
        assert!(!block("2001:db8::/127").contains("2001:db8::2".parse().unwrap()));
    }

    #[test]
    fn what_is_left_out_is_smaller_and_inside() {
        let whole = block("10.0.0.0/8");
        let part = whole.clone().except([block("10.1.0.0/16"), block("10.2.3.4")]).unwrap();
        assert!(!part.contains("10.1.2.3".parse().unwrap()));
        assert!(!part.contains("10.2.3.4".parse().unwrap()));
        assert!(part.contains("10.2.3.5".parse().unwrap()));
        assert_eq!(part.to_string(), "10.0.0.0/8 except 10.1.0.0/16, 10.2.3.4/32");
        assert_eq!(write_yaml(&part), "cidr: 10.0.0.0/8\nexcept:\n- 10.1.0.0/16\n- 10.2.3.4/32\n");
        assert_eq!(write_yaml(&whole), "cidr: 10.0.0.0/8\n");
        for outside in ["10.0.0.0/8", "11.0.0.0/16", "0.0.0.0/0", "2001:db8::/32"] {
            assert!(whole.clone().except([block(outside)]).is_err(), "{outside}");
        }
        let nested = block("10.1.0.0/16").except([block("10.1.1.0/24")]).unwrap();
        assert!(whole.except([nested]).is_err());
    }
}
