//! `AddressBlock`.

use std::net::IpAddr;

use backingstore_config::surroundings::AddressBlock;

/// A block that is read is written as one that is read the same, holds its own address, and can leave out a smaller one.
pub fn address_block(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(block) = text.parse::<AddressBlock>() else { return };
    let cidr = block.cidr();
    assert_eq!(cidr.parse(), Ok(block.clone()), "{text}");
    let (address, prefix) = cidr.split_once('/').expect("a block has a prefix");
    let address: IpAddr = address.parse().expect("a block has an address");
    assert!(block.contains(address), "{text}");
    assert_eq!(block.is_ipv6(), address.is_ipv6(), "{text}");

    let is_one = prefix == if address.is_ipv6() { "128" } else { "32" };
    match block.clone().except([AddressBlock::of(address)]) {
        Ok(rest) => {
            assert!(!is_one && !rest.contains(address), "{text}");
            assert_eq!(rest.excepted().count(), 1);
        }
        Err(_) => assert!(is_one, "{text}"),
    }
    assert!(block.clone().except([block]).is_err(), "{text}");
}
