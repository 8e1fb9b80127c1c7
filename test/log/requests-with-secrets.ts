/** Requests with secrets in all places where somebody might put one. */
import { expect } from 'vitest'
import {
  type Answer,
  basic,
  CLIENT,
  expectNone,
  IMPORTED,
  type Line,
  OPAQUE,
  SECRETS,
  SERVER,
  type Server,
} from './canaries.ts'

/** The endpoints of a surface; null: it has none. */
export interface Surface {
  readonly token: string
  readonly refresh: string
  readonly revoke: string | null
  readonly introspect: string | null
}

const REALM = '/auth/realms/main/protocol/openid-connect'
export const SURFACES: Readonly<Record<string, Surface>> = {
  newstore: { token: '/v0/token', refresh: '/v0/refresh_token', revoke: null, introspect: null },
  spree: {
    ...{ token: '/spree_oauth/token', refresh: '/spree_oauth/token' },
    ...{ revoke: '/spree_oauth/revoke', introspect: '/spree_oauth/introspect' },
  },
  standard: {
    ...{ token: '/oauth/token', refresh: '/oauth/token' },
    ...{ revoke: '/oauth/revoke', introspect: '/oauth/introspect' },
  },
  realm: {
    ...{ token: `${REALM}/token`, refresh: `${REALM}/token` },
    ...{ revoke: `${REALM}/revoke`, introspect: `${REALM}/token/introspect` },
  },
}

const PUBLIC = [
  '/.well-known/jwks.json',
  '/.well-known/openid-configuration',
  '/v0/openapi.json',
  `${REALM}/certs`,
]

type Fields = Readonly<Record<string, string>>

/** Sends requests, and checks all that is seen of each. */
export interface Sender {
  send(method: string, path: string, headers?: Fields, body?: string): Promise<Answer>
  form(path: string, fields: Fields, headers?: Fields): Promise<Answer>
  json(path: string, fields: Fields, headers?: Fields): Promise<Answer>
}

export function createSender(server: Server): Sender {
  // Why they were refused is found out beside them, and that may fail.
  const linesOfRequests = () => server.lines().filter(({ msg }) => msg === 'request')
  const send: Sender['send'] = async (method, path, headers = {}, body) => {
    const before = linesOfRequests().length
    const answer = await server.send(method, path, headers, body)
    const lines = linesOfRequests()
    expect(lines).toHaveLength(before + 1)
    expectLine(lines.at(-1)!, answer)
    const issued = issuedBy(answer)
    // A kept refresh token is answered again, so it is known already.
    const known = [...server.secrets].filter((secret) => !issued.includes(secret))
    expectNone(answer.body, known)
    for (const token of issued) server.secrets.add(token)
    expectNone(JSON.stringify([...answer.headers]), server.secrets)
    return answer
  }
  return {
    send,
    form(path, fields, headers) {
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      return send('POST', path, { ...type, ...headers }, new URLSearchParams(fields).toString())
    },
    json: (path, fields, headers) =>
      send('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(fields)),
  }
}

function issuedBy({ status, body }: Answer): readonly string[] {
  if (status !== 200) return []
  const { access_token, refresh_token } = JSON.parse(body)
  return [access_token, refresh_token].filter((token) => token !== undefined)
}

/** One line of JSON with all it has to have, and the answer's request id. */
function expectLine(line: Line, { status, headers }: Answer): void {
  expect(line).toMatchObject({
    requestId: headers.get('x-request-id') ?? headers.get('x-newstore-request-id'),
    tenant: 'main',
    surface: expect.stringMatching(/^(?:newstore|spree|standard|realm)$/),
    outcome: status < 400 ? 'ok' : expect.stringMatching(/^[a-z_]+$/),
    reason: status < 400 ? null : expect.stringMatching(/^[a-z0-9_]+$/),
    durationMs: expect.any(Number),
    status,
    msg: 'request',
  })
  for (const name of ['endpoint', 'grant', 'client', 'user', 'source', 'note']) {
    expect(['string', 'object']).toContain(typeof line[name])
  }
  // Causes of what is the client's own fault would only repeat what it sent.
  expect(line.error === undefined).toBe(status < 500)
}

export function as({ id, secret }: { readonly id: string; readonly secret: string }): Fields {
  return { authorization: basic(id, secret) }
}

export const LOGIN = { grant_type: 'password', username: 'ann', password: SECRETS.password }

/** Everything that goes well; the tokens of the last login. */
export async function useWell(
  { send, form, json }: Sender,
  { token, refresh, revoke, introspect }: Surface,
): Promise<void> {
  for (const client of [CLIENT, OPAQUE, IMPORTED]) {
    const { body } = await form(token, LOGIN, as(client))
    const { refresh_token } = JSON.parse(body)
    const again = await form(refresh, { grant_type: 'refresh_token', refresh_token }, as(client))
    const next = JSON.parse(again.body)
    await form(refresh, { grant_type: 'refresh_token', refresh_token }, as(client))
    await send('GET', '/spree_oauth/token/info', { authorization: `Bearer ${next.access_token}` })
    if (introspect !== null) {
      await form(introspect, { token: next.access_token }, as(SERVER))
      await form(introspect, { token: next.refresh_token }, as(client))
      await form(introspect, { token: next.refresh_token }, { authorization: `Bearer ${next.access_token}` })
    }
    if (revoke !== null) {
      await form(revoke, { token: next.access_token }, as(client))
      await form(revoke, { token: next.refresh_token }, as(client))
      const own = await form(token, { grant_type: 'client_credentials' }, as(client))
      await form(revoke, { token: JSON.parse(own.body).access_token }, as(client))
    }
    // A spent one: the family is dead.
    await form(refresh, { grant_type: 'refresh_token', refresh_token }, as(client))
  }
  await form(token, { ...LOGIN, username: 'bob', password: SECRETS.weakPassword }, as(CLIENT))
  await json(token, LOGIN)
}

/** Everything that is refused, with a secret in each place where somebody might put one. */
export async function useBadly(
  { send, form }: Sender,
  { token, refresh, revoke, introspect }: Surface,
): Promise<void> {
  const wrong = { id: CLIENT.id, secret: SECRETS.wrongSecret }
  const refused = [
    await form(token, { ...LOGIN, password: SECRETS.wrongPassword }, as(CLIENT)),
    await form(token, { ...LOGIN, username: SECRETS.mistypedName, password: 'x' }, as(CLIENT)),
    await form(token, { grant_type: SECRETS.wrongPassword }, as(CLIENT)),
    await form(token, { grant_type: 'client_credentials', scope: SECRETS.wrongPassword }, as(CLIENT)),
    await form(token, { grant_type: 'client_credentials' }, as(wrong)),
    await form(token, { grant_type: 'client_credentials' }, as({ id: SECRETS.mistypedName, secret: 'x' })),
    await form(token, {
      grant_type: 'client_credentials',
      client_id: CLIENT.id,
      client_secret: SECRETS.wrongSecret,
    }),
    await form(
      token,
      { ...LOGIN, password: SECRETS.wrongPassword, client_secret: CLIENT.secret },
      as(CLIENT),
    ),
    await form(refresh, { grant_type: 'refresh_token', refresh_token: SECRETS.unknownToken }, as(CLIENT)),
    await form(`${token}?password=${SECRETS.password}`, LOGIN, as(CLIENT)),
    await form(`${token}?client_secret=${SECRETS.clientSecret}&x=${SECRETS.stateOfNobody}`, LOGIN),
    await form(`${token}?%70assword=${SECRETS.password}`, LOGIN),
    await send('GET', `${token}?username=ann&secret=${SECRETS.password}`, as(CLIENT)),
    await send('DELETE', token, as(CLIENT), undefined),
    await send('POST', `${token}/${SECRETS.password}`, as(CLIENT), SECRETS.password),
    await send('POST', token, { 'content-type': 'application/json' }, `{"password":"${SECRETS.password}",}`),
    await send('POST', token, { 'content-type': 'application/json' }, `"${SECRETS.password}"`),
    await send(
      'POST',
      token,
      { 'content-type': 'text/plain', ...as(CLIENT) },
      `password=${SECRETS.password}`,
    ),
    await send('POST', token, { 'content-type': `text/${SECRETS.password}` }, SECRETS.password),
    await send('POST', token, { 'content-type': 'application/xml' }, `<a><${SECRETS.password}>x</a>`),
    await send(
      'POST',
      token,
      { 'content-type': 'multipart/form-data; boundary=b' },
      `--b\r\n${SECRETS.password}`,
    ),
    await form(token, { [SECRETS.password]: SECRETS.password, grant_type: SECRETS.password }),
    await send('POST', token, {}, `password=${SECRETS.password}&password=${SECRETS.wrongPassword}`),
    await send('POST', token, {}, `password=${SECRETS.password}%`),
    await send('POST', token, {}, `${SECRETS.password}%00=%FF`),
    await send('POST', token, {}, `grant_type=password&x=${SECRETS.password.repeat(3000)}`),
    await send('POST', token, { authorization: SECRETS.password }),
    await send('POST', token, { authorization: `Basic ${SECRETS.clientSecret}` }),
    await send('POST', token, { authorization: `${SECRETS.clientSecret} x` }),
  ]
  for (const { status } of refused) expect([400, 401, 403, 404, 405, 413]).toContain(status)
  for (const path of [revoke, introspect]) {
    if (path === null) continue
    await form(path, { token: SECRETS.unknownToken }, as(CLIENT))
    await form(path, { token: SECRETS.unknownToken }, as(wrong))
    await form(path, { token: SECRETS.unknownToken, token_type_hint: SECRETS.password })
    await form(path, { token: `ey${SECRETS.unknownToken}.x.y` }, as(CLIENT))
    await form(`${path}?token=${SECRETS.unknownToken}`, {}, as(CLIENT))
    await send('POST', path, as(CLIENT), `token=${SECRETS.unknownToken}&token=x`)
    await send('POST', path, { authorization: `Bearer ${SECRETS.unknownToken}` }, 'token=x')
  }
}

/** What never writes, and what a bearer shows. */
export async function useRest({ send }: Sender): Promise<void> {
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  await send('GET', '/spree_oauth/token/info', bearer(SECRETS.unknownToken))
  await send('GET', '/spree_oauth/token/info', bearer(`ey${SECRETS.unknownToken}.x.y`))
  await send('GET', `/spree_oauth/token/info?access_token=${SECRETS.unknownToken}`)
  for (const path of PUBLIC) {
    await send('GET', path, as(CLIENT))
    await send('GET', `${path}?x=${SECRETS.password}`)
    await send('GET', `${path}?token=${SECRETS.password}`)
  }
}
