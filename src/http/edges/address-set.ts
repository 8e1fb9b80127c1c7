import { BlockList, isIP } from 'node:net'

/** Whether an address is one of a set; false for what is no address. */
export type AddressSet = (address: string) => boolean

/** A set of addresses and CIDR ranges. */
export function createAddressSet(entries: readonly string[]): AddressSet {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    if (prefix === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(prefix), family(address))
  }
  return (address) => isIP(address) !== 0 && list.check(address, family(address))
}

/** A set of sources, as `sourceOf` names them: of an IPv6 address in the list, its whole /64 is in the set. */
export function createSourceSet(entries: readonly string[]): AddressSet {
  const networks = entries.map((entry) => {
    const [address = '', prefix = '64'] = entry.split('/')
    return address.includes(':') ? `${address}/${Math.min(Number(prefix), 64)}` : entry
  })
  // Apart, for ::/64 would have all IPv4 addresses in it as well (RFC 4291 §2.5.5.2), and it is of whoever lists ::1.
  const ipv4 = createAddressSet(networks.filter((entry) => family(entry) === 'ipv4'))
  const ipv6 = createAddressSet(networks.filter((entry) => family(entry) === 'ipv6'))
  return (source) => ipv4(source) || (family(source) === 'ipv6' && ipv6(source.replace(/\/64$/, '')))
}

function family(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
