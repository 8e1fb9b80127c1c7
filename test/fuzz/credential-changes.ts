/** Credentials that are nearly right, or somebody else's. Whether they are still good is not said here. */
import type { Choice } from './choice.ts'
import { changed, type Draft } from './draft.ts'
import { isEntitled } from './entitled.ts'
import type { Pair } from './parameters-arbitrary.ts'
import { CLIENTS, type Shown, type Stock, WRONG_CLIENTS, WRONG_PEOPLE } from './stock.ts'

/** Null: there is nothing to change. */
export type Change = (draft: Draft, choice: Choice, stock: Stock) => Draft | null

const SECRETS = [
  'password',
  'client_secret',
  'refresh_token',
  'token',
  'username',
  'client_id',
  'basic',
  'bearer',
]

/** Texts that are one step away from another. */
function near(text: string, choice: Choice): string {
  const at = choice.below(text.length)
  const character = text[at] ?? ''
  const otherCase = character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
  return choice.of([
    () => text.slice(0, -1),
    () => text.slice(1),
    () => text.slice(0, at),
    () => text.slice(0, 9),
    () => text.slice(0, Math.ceil(text.length / 2)),
    () => text.slice(0, at) + text.slice(at + 1),
    () => `${text}A`,
    () => `${text} `,
    () => ` ${text}`,
    () => `${text}=`,
    () => `${text}.`,
    () => `${text}%`,
    () => `${text}\t`,
    () => `${text}\u200b`,
    () => text + text,
    () => text.toUpperCase(),
    () => text.toLowerCase(),
    () => [...text].reverse().join(''),
    () => text.slice(0, at) + otherCase + text.slice(at + 1),
    () =>
      text.slice(0, at) +
      String.fromCharCode(text.charCodeAt(at) ^ (1 << choice.below(6))) +
      text.slice(at + 1),
    () => text.replace(/[a-z]/, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
    () => Buffer.from(text).toString('base64url'),
    () => encodeURIComponent(encodeURIComponent(`${text}+`)),
  ])()
}

const EMPTY_OR_ODD = [
  ...['', ' ', '0', 'null', 'undefined', 'true', '[]', '{}', '*', '%', '_%', "' or 1=1 --", '$2a$12$x'],
  ...['__proto__', 'constructor', 'toString', 'sha256:', 'Bearer', '\u{1f600}', 'x'.repeat(300)],
]

function replaced(pairs: readonly Pair[], name: string, value: string): readonly Pair[] {
  return pairs.map((pair) => (pair[0] === name ? [name, value] : pair))
}

/** One of the secrets of the request, as `near` makes it, or nothing at all. */
const nearly: Change = (draft, choice) => {
  const there = SECRETS.filter((name) =>
    name === 'basic'
      ? draft.basic !== null
      : name === 'bearer'
        ? draft.bearer !== null
        : draft.pairs.some(([each, value]) => each === name && typeof value === 'string'),
  )
  if (there.length === 0) return null
  const name = choice.of(there)
  const spoilt = (text: string) =>
    text === '' || choice.percent(20) ? choice.of(EMPTY_OR_ODD) : near(text, choice)
  if (name === 'basic' && draft.basic !== null) {
    const { id, secret } = draft.basic
    const basic = choice.percent(30) ? { id: spoilt(id), secret } : { id, secret: spoilt(secret) }
    // A colon in an id ends it.
    return basic.id.includes(':') ? null : changed(draft, 'nearly the client', 'odd', { basic })
  }
  if (name === 'bearer' && draft.bearer !== null) {
    const bearer = onHeader(spoilt(draft.bearer))
    return changed(draft, 'nearly the bearer', 'odd', { bearer })
  }
  const value = draft.pairs.find(([each]) => each === name)?.[1] as string
  return changed(draft, `nearly the ${name}`, 'odd', { pairs: replaced(draft.pairs, name, spoilt(value)) })
}

/** What a header can hold. */
function onHeader(text: string): string {
  return [...text].filter((character) => character >= ' ' && character <= '~').join('')
}

const wrongClient: Change = (draft, choice) => {
  if (draft.operation.surface === 'newstore' || draft.operation.method === 'GET') return null
  return withClient(draft, choice.of(WRONG_CLIENTS), 'a client with a wrong secret', choice)
}

/** Right, and not the one the request is about. */
const otherClient: Change = (draft, choice) => {
  if (draft.operation.surface === 'newstore' || draft.operation.method === 'GET') return null
  return withClient(draft, choice.of(CLIENTS), 'another client', choice)
}

const noClient: Change = (draft) => {
  const pairs = draft.pairs.filter(([name]) => name !== 'client_id' && name !== 'client_secret')
  if (draft.basic === null && pairs.length === draft.pairs.length) return null
  return changed(draft, 'no client', 'odd', { pairs, basic: null, bearer: null })
}

const noSecret: Change = (draft) => {
  const pairs = draft.pairs.filter(([name]) => name !== 'client_secret')
  const basic = draft.basic === null ? null : { id: draft.basic.id, secret: '' }
  if (basic === null && pairs.length === draft.pairs.length) return null
  return changed(draft, 'no client secret', 'odd', { pairs, basic })
}

function withClient(draft: Draft, { id, secret }: Shown, name: string, choice: Choice): Draft {
  const others = draft.pairs.filter(([each]) => each !== 'client_id' && each !== 'client_secret')
  const asBasic = choice.percent(50)
  const own: readonly Pair[] = [
    ['client_id', id],
    ...(secret === null ? [] : [['client_secret', secret] as const]),
  ]
  return changed(draft, name, 'odd', {
    pairs: asBasic ? others : [...others, ...own],
    basic: asBasic ? { id, secret: secret ?? '' } : null,
    bearer: null,
  })
}

const wrongPerson: Change = (draft, choice) => {
  if (!draft.pairs.some(([name]) => name === 'username')) return null
  const { username, password } = choice.of(WRONG_PEOPLE)
  const pairs = replaced(replaced(draft.pairs, 'username', username), 'password', password)
  return changed(draft, 'a wrong user', 'odd', { pairs })
}

/** Another token than its own, dead or alive: one of a kind, surface or client that is of no use here. */
const otherToken: Change = (draft, choice, stock) => {
  const name = ['refresh_token', 'token'].find((each) => draft.pairs.some(([other]) => other === each))
  if (name === undefined && draft.bearer === null) return null
  const live = choice.percent(50) ? choice.of(stock.kept) : null
  const text = live?.text ?? choice.of(stock.useless)
  const next =
    name === undefined || (draft.bearer !== null && choice.percent(50))
      ? changed(draft, 'another bearer', 'odd', { bearer: onHeader(text) })
      : changed(draft, 'another token', 'odd', { pairs: replaced(draft.pairs, name, text), about: live })
  // Its holder would use it up, or end it.
  const uses = draft.operation.endpoint === 'token' || draft.operation.endpoint === 'revocation'
  return live !== null && uses && isEntitled(next, stock) ? null : next
}

/** The holder's own, where it is of no use: an access token that should refresh, a refresh token as a bearer. */
const otherKind: Change = (draft, _choice, stock) => {
  const { about, operation, bearer } = draft
  const own = stock.kept.find(
    ({ surface, client, kind }) =>
      surface === about?.surface && client === about.client && kind !== about.kind,
  )
  if (own === undefined) return null
  if (bearer !== null) return changed(draft, 'a refresh token for a bearer', 'odd', { bearer: own.text })
  if (operation.endpoint !== 'token') return null
  const pairs = replaced(draft.pairs, 'refresh_token', own.text)
  return changed(draft, 'an access token to refresh with', 'odd', { pairs, about: own })
}

/** The spent token of a family that is kept, from anybody but its holder. */
const replayByStranger: Change = (draft, choice, stock) => {
  const spent = stock.spent.filter(({ surface }) => surface === draft.operation.surface)
  const named = draft.pairs.some(([name]) => name === 'refresh_token')
  if (draft.operation.endpoint !== 'token' || !named || spent.length === 0) return null
  const { text, client } = choice.of(spent)
  const pairs = replaced(draft.pairs, 'refresh_token', text)
  const stranger = choice.of(CLIENTS.filter(({ id }) => id !== client))
  return withClient(changed(draft, 'a spent token', 'odd', { pairs }), stranger, 'of another client', choice)
}

/** Nothing of these is one letter away from what is right. */
export const FAR_CHANGES: readonly Change[] = [wrongClient, otherClient, noClient, noSecret, wrongPerson]

export const CREDENTIAL_CHANGES: readonly Change[] = [
  ...[nearly, nearly, nearly, nearly, otherToken, otherToken],
  ...[...FAR_CHANGES, otherKind, replayByStranger],
]
