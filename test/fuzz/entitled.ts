/**
 * Whether a request has in it, somewhere and however badly told, what entitles whoever sends it to what it asks for.
 * Knows nothing of how the server reads requests. Where it says no, the server must; where it says yes, the server
 * may still have objections to how it is told.
 */
import type { Draft } from './draft.ts'
import { CLIENTS, type HeldToken, PEOPLE, type Shown, type Stock } from './stock.ts'
import { RESOURCE_SERVER } from './world.ts'

export function isEntitled(draft: Draft, stock: Stock): boolean {
  const { surface, endpoint } = draft.operation
  const proven = provenClients(draft)
  const named = namesClient(draft)
  /** The holder shows up, or there is none. */
  const isHeld = ({ client }: HeldToken) => client === null || proven.some(({ id }) => id === client)
  const tokens = (name: string) =>
    valuesOf(draft, name).flatMap((text) => {
      const token = stock.find(text)
      return token === null ? [] : [token]
    })
  switch (endpoint) {
    case 'token': {
      if (surface !== 'newstore' && proven.length === 0 && (surface !== 'spree' || named)) return false
      const asks = (grantType: string) => valuesOf(draft, 'grant_type').includes(grantType)
      return (
        (asks('password') && knowsPerson(draft)) ||
        (asks('client_credentials') && proven.some(({ secret }) => secret !== null)) ||
        (asks('refresh_token') && tokens('refresh_token').some((token) => isRefresh(token) && isHeld(token)))
      )
    }
    case 'revocation': {
      if (proven.length === 0 && (surface !== 'spree' || named)) return false
      return tokens('token').some((token) => token.surface === surface && isHeld(token))
    }
    case 'introspection': {
      const asked = tokens('token')
      const confidential = proven.filter(({ secret }) => secret !== null)
      if (confidential.some(({ id }) => id === RESOURCE_SERVER.id)) return asked.length > 0
      const bearer = surface === 'spree' && !named ? bearerOf(draft, stock) : null
      return asked.some(
        (token) =>
          token.surface === surface &&
          ((confidential.length > 0 && (token.client === null || isHeld(token))) ||
            (bearer !== null && (token.client === null || token.client === bearer.client))),
      )
    }
    case 'info':
      return bearerOf(draft, stock) !== null
    default:
      return true
  }

  function isRefresh(token: HeldToken): boolean {
    return token.kind === 'refresh' && token.surface === surface
  }
}

function knowsPerson(draft: Draft): boolean {
  const usernames = valuesOf(draft, 'username').map((text) => text.normalize('NFKC').trim().toLowerCase())
  const passwords = valuesOf(draft, 'password').map((text) => text.normalize('NFC'))
  return PEOPLE.some(({ username, password }) => usernames.includes(username) && passwords.includes(password))
}

function provenClients(draft: Draft): readonly Shown[] {
  const ids = [...valuesOf(draft, 'client_id'), ...(draft.basic === null ? [] : [draft.basic.id])]
  const secrets = [...valuesOf(draft, 'client_secret'), ...(draft.basic === null ? [] : [draft.basic.secret])]
  // A public client has no secret: who shows one, and nothing but one, is somebody else.
  const plain = draft.pairs.filter(([name, value]) => name === 'client_secret' && value !== null)
  const shows =
    (plain.length > 0 && !plain.some(([, value]) => value === '')) || (draft.basic?.secret ?? '') !== ''
  return CLIENTS.filter(
    ({ id, secret }) => ids.includes(id) && (secret === null ? !shows : secrets.includes(secret)),
  )
}

/** Spree takes a name that is nearly right for none. */
function namesClient({ pairs, basic }: Draft): boolean {
  return pairs.some(([name, value]) => name === 'client_id' && value !== null) || (basic?.id ?? '') !== ''
}

function bearerOf({ bearer }: Draft, stock: Stock): HeldToken | null {
  // White space around a header's value is none of it.
  const token = bearer === null ? null : stock.find(bearer.trim())
  return token?.surface === 'spree' && token.kind === 'access' ? token : null
}

/** What stands under a name, `name[]` and `name[x]` among them, and in lists. */
function valuesOf({ pairs }: Draft, name: string): readonly string[] {
  return pairs.flatMap(([each, value]) => {
    const bracket = each.indexOf('[')
    return (bracket === -1 ? each : each.slice(0, bracket)) === name ? textsOf(value) : []
  })
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}
