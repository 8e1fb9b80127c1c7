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
  const contains = createAddressSet(
    entries.map((entry) => {
      const [address = '', prefix = '64'] = entry.split('/')
      return address.includes(':') ? `${address}/${Math.min(Number(prefix), 64)}` : entry
    }),
  )
  return (source) => contains(source.replace(/\/64$/, ''))
}

function family(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
