import { isIP } from 'node:net'
import type { Origin } from '../app.ts'
import { createAddressSet } from './address-set.ts'

/** Says where a request comes from, given its peer and headers. */
export type OriginOf = (peer: string | undefined, header: (name: string) => string | undefined) => Origin

/**
 * `X-Forwarded-For` and `X-Forwarded-Host` count only when the peer is a trusted proxy. The source is the last
 * address in `X-Forwarded-For` that is no trusted proxy: everything left of it is hearsay.
 * `trustedProxies` are addresses or CIDR ranges.
 */
export function createOriginOf(trustedProxies: readonly string[]): OriginOf {
  if (trustedProxies.length === 0) {
    return (peer, header) => ({
      host: header('host') ?? null,
      source: peer === undefined ? null : plain(peer),
    })
  }
  const isTrusted = createAddressSet(trustedProxies)
  return (peer, header) => {
    const address = peer === undefined ? null : plain(peer)
    if (address === null || !isTrusted(address)) return { host: header('host') ?? null, source: address }
    const hops = (header('x-forwarded-for') ?? '').split(',').map((hop) => plain(withoutPort(hop.trim())))
    const source = hops.reverse().find((hop) => !isTrusted(hop))
    return {
      host: header('x-forwarded-host')?.split(',').at(-1)?.trim() ?? header('host') ?? null,
      source: source !== undefined && isForeign(source) ? source : address,
    }
  }
}

const WITH_PORT = /^(?:\[([\da-fA-F:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3}))(?::\d{1,5})?$/

/** Some proxies name the port, too: `203.0.113.9:4711`, `[2001:db8::9]:4711`. */
function withoutPort(hop: string): string {
  const [, inBrackets, dotted] = WITH_PORT.exec(hop) ?? []
  return inBrackets ?? dotted ?? hop
}

/** An address of another host. A zone (RFC 4007 §11) means nothing there, and could be any text of any length. */
function isForeign(address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%')
}

/** An IPv4 address that came over an IPv6 socket, as IPv4. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
