//! `Fn::Cidr`.

use std::net::Ipv4Addr;

use serde_json::Value;

/// The blocks of an IPv4 network: its CIDR, how many, and the number of host bits of each.
pub(super) fn blocks(arguments: &[String]) -> Option<Vec<Value>> {
    let [network, count, bits] = arguments else { return None };
    let (address, length) = network.split_once('/')?;
    let base = u32::from(address.parse::<Ipv4Addr>().ok()?);
    let (length, count, bits): (u32, u32, u32) = (length.parse().ok()?, count.parse().ok()?, bits.parse().ok()?);
    let fits = bits <= 32 && u64::from(count) << bits <= 1 << (32 - length.min(32));
    let block = |index: u32| Value::String(format!("{}/{}", Ipv4Addr::from(base + (index << bits)), 32 - bits));
    fits.then(|| (0..count).map(block).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(network: &str, count: &str, bits: &str) -> Option<Vec<Value>> {
        blocks(&[network, count, bits].map(str::to_owned))
    }

    #[test]
    fn a_network_is_cut_into_blocks_that_it_has_room_for() {
        assert_eq!(cidr("10.20.0.0/16", "3", "12").unwrap(), ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"]);
        assert_eq!(cidr("10.20.0.0/24", "3", "7"), None);
    }
}
