/**
 * Whom a request comes from, as limits count: an IPv4 address, or the network of an IPv6 address, of which whoever has
 * one has all 2^64 others as well (RFC 6177). One text for each, however its address is spelt. Null for no address.
 */
export function sourceOf(address: string | null): string | null {
  if (address === null || !address.includes(':')) return address
  const groups = groupsOf(address)
  const [, , , , , mark, high = 0, low = 0] = groups
  // ::ffff:0:0/96 are IPv4 addresses (RFC 4291 §2.5.5.2).
  if (mark === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/** The eight numbers of an IPv6 address (RFC 4291 §2.2), without its zone. */
function groupsOf(address: string): readonly number[] {
  const [text = ''] = address.split('%')
  const [head = '', tail] = text.split('::')
  const before = numbersOf(head)
  const after = numbersOf(tail ?? '')
  return tail === undefined
    ? before
    : [...before, ...Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after]
}

/** Of groups in a row, the last of which may be an IPv4 address. */
function numbersOf(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}
