import { describe, expect, test } from 'vitest'
import {
  type Case,
  compare,
  digest,
  type Exchange,
  fillRequest,
  MissingValue,
  type RecordedResponse,
  readRecording,
  type Values,
} from '../wire/spree/recording.ts'
import { CLIENTS, clientId, clientSecret, openShop } from '../wire/spree/shop.ts'

const RECORDING = readRecording()

/** The step needs a token that an earlier, deviating step did not give: there is no such request. */
const NOT_REACHED = 'not reached'

interface Deviation {
  /** By product.md, by an RFC, or because Doorkeeper itself mended it. */
  readonly reason: string
  /** Step → what is answered instead. */
  readonly steps: Readonly<Record<number, RecordedResponse | typeof NOT_REACHED>>
}

const JSON_TYPE = 'application/json; charset=utf-8'

const ISSUED = {
  'content-type': JSON_TYPE,
  'cache-control': 'no-store',
  pragma: 'no-cache',
}

/** An answer in the form of all Doorkeeper's errors. */
function refused(status: number, error: string, description: string): RecordedResponse {
  const challenge = `Bearer realm="Doorkeeper", error="${error}", error_description="${description}"`
  return {
    status,
    headers: { ...ISSUED, 'www-authenticate': challenge },
    body: { error, error_description: description },
  }
}

function issued(accessToken: string, refreshToken: string): RecordedResponse {
  const body = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 2629746,
    refresh_token: refreshToken,
    created_at: '{{any:epoch}}',
  }
  return { status: 200, headers: ISSUED, body }
}

/** What a newer Doorkeeper answers there; its errors have no `Pragma`, which is no part of what it mended. */
function mended(name: string, version: string, step: number): RecordedResponse {
  const stack = RECORDING.find((each) => each.name === name)?.elsewhere[
    `Spree 5.3 settings, Doorkeeper ${version}`
  ]
  const response = stack?.[step]
  if (response === undefined) throw new Error(`${name}: nothing recorded of Doorkeeper ${version}`)
  const noStore = response.headers['cache-control'] === 'no-store'
  return noStore ? { ...response, headers: { ...response.headers, pragma: 'no-cache' } } : response
}

function notAllowed(allow: string): RecordedResponse {
  return { status: 405, headers: { 'content-type': 'text/html; charset=UTF-8', allow }, body: '' }
}

const ANY_PAIR = issued('{{any:token43}}', '{{any:token43}}')
const INVALID_GRANT = refused(
  400,
  'invalid_grant',
  'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
)
const INVALID_SCOPE = refused(400, 'invalid_scope', 'The requested scope is invalid, unknown, or malformed.')
const IN_QUERY = refused(400, 'invalid_request', 'Credentials must not be sent in the query string.')
const REVOKED: RecordedResponse = {
  status: 401,
  headers: { 'content-type': 'application/vnd.api+json; charset=utf-8', 'cache-control': 'no-cache' },
  body: { error: 'The access token was revoked' },
}
const NOTHING_REVOKED: RecordedResponse = {
  status: 200,
  headers: { 'content-type': JSON_TYPE, 'cache-control': 'max-age=0, private, must-revalidate' },
  body: {},
}

const CHOICE_3 = 'product.md choice 3: scope admin is for users with the role and clients with the scope'
const CHOICE_5 = 'product.md choice 5: a credential in the query string is refused'
const CHOICE_6 = 'product.md choice 6: a bearer beside the request is ignored, expired or not'
const CHOICE_7 = 'product.md choice 7: a known path with another method is 405'

/** Every case that is answered otherwise than recorded, and nothing else. */
const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'password/query string only, empty body': { reason: CHOICE_5, steps: { 0: IN_QUERY } },
  'duplicate/query against body: body counts': { reason: CHOICE_5, steps: { 0: IN_QUERY } },
  'info/access_token in the query': { reason: CHOICE_5, steps: { 1: IN_QUERY } },
  'password/xml body': {
    reason: "product.md choice 4: Spree's document lists application/xml",
    steps: { 0: ANY_PAIR },
  },
  'scope/admin, client with no scopes': { reason: CHOICE_3, steps: { 0: INVALID_SCOPE } },
  'scope/admin write read': { reason: CHOICE_3, steps: { 0: INVALID_SCOPE } },
  'scope/repeated and with extra blanks': { reason: CHOICE_3, steps: { 0: INVALID_SCOPE } },
  'scope/with a line break': { reason: CHOICE_3, steps: { 0: INVALID_SCOPE } },
  'refresh/scope kept': { reason: CHOICE_3, steps: { 0: INVALID_SCOPE, 1: NOT_REACHED } },
  "platform/customer's admin-scope token of a client": {
    reason: CHOICE_3,
    steps: { 0: INVALID_SCOPE, 1: NOT_REACHED },
  },
  'client_credentials/public client, no secret': {
    reason: 'RFC 6749 §4.4: "MUST only be used by confidential clients"',
    steps: {
      0: refused(
        401,
        'unauthorized_client',
        'The client is not authorized to perform this request using this method.',
      ),
    },
  },
  'client/Basic, wrong secret': {
    reason: 'mended in Doorkeeper 5.5.1',
    steps: { 0: mended('client/Basic, wrong secret', '5.8.2', 0) },
  },
  'client/Basic, unknown client': {
    reason: 'mended in Doorkeeper 5.5.1',
    steps: { 0: mended('client/Basic, unknown client', '5.8.2', 0) },
  },
  "client/Basic valid, other client's id and secret in the body": {
    reason: 'mended in Doorkeeper 5.9.5 (RFC 6749 §2.3)',
    steps: { 0: mended("client/Basic valid, other client's id and secret in the body", '5.9.6', 0) },
  },
  'method/GET token': { reason: CHOICE_7, steps: { 0: notAllowed('POST') } },
  'method/HEAD token': { reason: CHOICE_7, steps: { 0: notAllowed('POST') } },
  'method/PUT token': { reason: CHOICE_7, steps: { 0: notAllowed('POST') } },
  'method/PATCH token': { reason: CHOICE_7, steps: { 0: notAllowed('POST') } },
  'method/OPTIONS token': { reason: CHOICE_7, steps: { 0: notAllowed('POST') } },
  'method/GET token, Accept application/json': {
    reason: CHOICE_7,
    steps: {
      0: {
        status: 405,
        headers: { 'content-type': 'application/json; charset=UTF-8', allow: 'POST' },
        body: { status: 405, error: 'Method Not Allowed' },
      },
    },
  },
  'method/POST token/info': { reason: CHOICE_7, steps: { 0: notAllowed('GET') } },
  'refresh/old refresh token dies when the new access token is first used': {
    reason: 'product.md "Refresh": a replay within 60 s is answered with the same pair',
    steps: { 4: issued('{{access_token2}}', '{{refresh_token2}}') },
  },
  'refresh/using the new refresh token does not kill the older one, using its access token does': {
    reason: 'product.md "Refresh": a replay after the successor was spent revokes the family',
    steps: { 3: INVALID_GRANT, 4: REVOKED, 6: INVALID_GRANT },
  },
  'refresh/new access token sent as bearer to the token endpoint counts as use': {
    reason: CHOICE_6,
    steps: { 3: issued('{{access_token2}}', '{{refresh_token2}}') },
  },
  'refresh/expired access token in the Authorization header': { reason: CHOICE_6, steps: { 2: ANY_PAIR } },
  'bearer at token endpoint/expired': { reason: CHOICE_6, steps: { 2: ANY_PAIR } },
  'bearer at token endpoint/revoked': { reason: CHOICE_6, steps: { 2: ANY_PAIR } },
  'bearer at revoke/expired': { reason: CHOICE_6, steps: { 2: NOTHING_REVOKED } },
  'refresh/the stored SHA-256 digest itself is accepted (plain fallback), and the real token is then dead': {
    reason: 'product.md choice 9: the stored digest is never accepted as the token',
    steps: { 2: INVALID_GRANT, 3: ANY_PAIR },
  },
  "revoke/public client's token, no client": {
    reason: 'mended in Doorkeeper 5.9.1',
    steps: {
      1: mended("revoke/public client's token, no client", '5.9.6', 1),
      2: mended("revoke/public client's token, no client", '5.9.6', 2),
    },
  },
  'revoke/refresh token whose access token expired': {
    reason: 'mended in Doorkeeper 5.8.1',
    steps: { 3: mended('revoke/refresh token whose access token expired', '5.8.2', 3) },
  },
  "platform/client's token without scope": {
    reason: 'mended in Doorkeeper 5.8.2: the text was missing',
    steps: { 1: mended("platform/client's token without scope", '5.8.2', 1) },
  },
}

function knownValues(): Values {
  const names = Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]
  return new Map(
    names.flatMap((name) => [
      [`${name}_uid`, clientId(name)],
      [`${name}_secret`, clientSecret(name)],
    ]),
  )
}

/** Plays a case against a fresh server, and holds every step against what was recorded or is listed. */
async function play({ name, steps }: Case, deviations: Deviation['steps'] = {}): Promise<void> {
  const shop = await openShop()
  const values = knownValues()
  for (const [index, step] of steps.entries()) {
    const where = `${name} [${index}]`
    if ('age' in step) shop.advance(step.seconds)
    else if ('sha256' in step) values.set(step.as, digest(step, values))
    else if (deviations[index] === NOT_REACHED) {
      expect(() => fillRequest(step.request, values), where).toThrow(MissingValue)
    } else {
      const response = await shop.visit(fillRequest(step.request, values))
      save(step, response.body, values)
      const recorded = compare(response, step.response, values)
      const deviation = deviations[index]
      if (deviation === undefined) expect(recorded.actual, where).toBe(recorded.expected)
      else {
        expect(recorded.actual, `${where}: is listed, but does not deviate`).not.toBe(recorded.expected)
        const listed = compare(response, deviation, values)
        expect(listed.actual, where).toBe(listed.expected)
      }
    }
  }
}

function save(step: Exchange, body: string, values: Values): void {
  for (const [placeholder, member] of Object.entries(step.save ?? {})) {
    const value: unknown = JSON.parse(body)[member]
    if (typeof value !== 'string') continue
    expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/)
    values.set(placeholder, value)
  }
}

describe('as recorded from Doorkeeper', () => {
  test('the recording is whole', () => {
    expect(RECORDING).toHaveLength(143)
    expect(new Set(RECORDING.map(({ name }) => name)).size).toBe(143)
  })

  test('every listed deviation is one of a recorded step', () => {
    for (const [name, { steps }] of Object.entries(DEVIATIONS)) {
      const recorded = RECORDING.find((each) => each.name === name)?.steps ?? []
      for (const index of Object.keys(steps))
        expect(recorded[Number(index)], `${name} [${index}]`).toHaveProperty('request')
    }
  })

  test.each(RECORDING.filter(({ name }) => !Object.hasOwn(DEVIATIONS, name)))('$name', (recorded) =>
    play(recorded),
  )
})

describe('other than recorded', () => {
  test.each(
    RECORDING.filter(({ name }) => Object.hasOwn(DEVIATIONS, name)).map((recorded) => ({
      recorded,
      name: recorded.name,
      ...DEVIATIONS[recorded.name],
    })),
  )('$name ($reason)', ({ recorded, steps }) => play(recorded, steps))
})
