import { z } from 'zod'
import { Secret } from '../protocol/secret.ts'
import { expected, leafOf } from './option.ts'
import { quote } from './text-values.ts'

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

function networkText(what: string, accepts: (text: string) => boolean) {
  return leafOf<string>((value) => {
    if (typeof value !== 'string') return expected(what, value)
    return accepts(value) ? null : `must be ${what}, not ${quote(value)}`
  })
}

function isHostName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => LABEL.test(label))
}

function isIpv4(text: string): boolean {
  return z.ipv4().safeParse(text).success
}

function isIpv6(text: string): boolean {
  return z.ipv6().safeParse(text).success
}

/** A host that requests name, in lower case: a name, an IPv4 address, or an IPv6 address in brackets. */
export const requestHost = leafOf<string>((value) => {
  const what = 'a host name'
  if (typeof value !== 'string') return expected(what, value)
  if (value.includes('://')) return `must be ${what} without a scheme, not ${quote(value)}`
  if (/^\[.*\]$/.test(value) && isIpv6(value.slice(1, -1))) return null
  if (/:\d+$/.test(value)) return `must be ${what} without a port, not ${quote(value)}`
  if (value.includes('/')) return `must be ${what} without a path, not ${quote(value)}`
  if (value.endsWith('.') && isHostName(value.slice(0, -1)))
    return `must be ${what} without the dot at its end`
  return isHostName(value) ? null : `must be ${what}, not ${quote(value)}`
}).transform((host) => host.toLowerCase())

/** Where a listener binds. */
export const bindAddress = networkText('a host name or IP address to listen on', (text) => {
  return isHostName(text) || isIpv6(text)
})

/** A proxy, or a network of them. */
export const addressOrNetwork = networkText('an IP address or network such as 10.0.0.0/8', (text) => {
  return (
    isIpv4(text) || isIpv6(text) || z.cidrv4().safeParse(text).success || z.cidrv6().safeParse(text).success
  )
})

/** An issuer identifier (RFC 8414 §2): https, no query, no fragment. Plain http for loopback hosts only. */
export const issuerUrl = leafOf<string>((value) => {
  if (typeof value !== 'string') return expected('an https URL', value)
  const url = /^https?:\/\/[^\s\\]+$/.test(value) ? URL.parse(value) : null
  if (url === null) return `must be an absolute https URL, not ${quote(value)}`
  if (value.includes('?') || value.includes('#')) return 'must have no query and no fragment (RFC 8414 §2)'
  if (url.username !== '' || url.password !== '') return 'must hold no user name and password'
  if (url.protocol === 'https:' || LOOPBACK.test(url.hostname)) return null
  return `must begin with https://; http:// is for loopback hosts only (localhost, 127.0.0.1, [::1]), not ${quote(url.host)}`
})

/** The paths of the legacy surfaces, which are added to it. */
const SURFACE_PATH = /\/(v0|spree_oauth)(\/|$)/

/** Another server, up to where the paths of a surface begin there. It holds no credentials: those of requests are sent. */
export const upstreamUrl = leafOf<string>((value) => {
  if (typeof value !== 'string') return expected('an https URL', value)
  const url = /^https?:\/\/[^\s\\]+$/.test(value) ? URL.parse(value) : null
  if (url === null) return `must be an absolute https URL, not ${quote(value)}`
  if (url.username !== '' || url.password !== '') return 'must hold no user name and password'
  if (value.includes('?') || value.includes('#')) return 'must have no query and no fragment'
  if (SURFACE_PATH.test(url.pathname)) {
    return `must end before the paths of the surface, which are added to it, not ${quote(value)}`
  }
  if (url.protocol === 'https:' || LOOPBACK.test(url.hostname)) return null
  return `must begin with https://, since passwords are sent there; http:// is for loopback hosts only (localhost, 127.0.0.1, [::1]), not ${quote(url.host)}`
}).transform(withoutSlash)

/** Without those at its end. */
function withoutSlash(url: string): string {
  let end = url.length
  while (url[end - 1] === '/') end--
  return url.slice(0, end)
}

/** A page for people, which goes into a `Link` header. */
export const pageUrl = networkText('an absolute http or https URL', (text) => {
  return /^https?:\/\/[\x21\x23-\x3b\x3d\x3f-\x7e]+$/.test(text) && URL.canParse(text)
})

/** May hold a password, hence a secret, and is never quoted. */
export const databaseUrl = leafOf<string>((value) => {
  if (typeof value !== 'string') return expected('a database URL', value)
  if (value === 'memory:') return null
  if (/^sqlite:./s.test(value) && !value.includes('\0')) return null
  return postgresProblem(value, 'must be sqlite: and a path, a postgres:// URL, or memory:')
}).transform((url) => new Secret(url))

/** The same of PostgreSQL alone. */
export const postgresUrl = leafOf<string>((value) => {
  if (typeof value !== 'string') return expected('a postgres:// URL', value)
  return postgresProblem(value, 'must be a postgres:// URL')
}).transform((url) => new Secret(url))

function postgresProblem(url: string, otherwise: string): string | null {
  if (!/^postgres(ql)?:\/\/./.test(url)) return otherwise
  return URL.canParse(url) ? null : 'is a postgres URL that can not be parsed'
}

/** A database URL as it may be printed: without its password. */
export function printableDatabase(database: Secret): string {
  const url = database.reveal()
  if (!url.startsWith('postgres')) return url
  const parsed = new URL(url)
  return `${parsed.protocol}//${parsed.username === '' ? '' : `${parsed.username}@`}${parsed.host}${parsed.pathname}`
}
