/** What is no token, or one of another place, on every surface: T049 to T052. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createHarness, type Harness, type TestResponse } from '../harness.ts'
import {
  type Answer,
  addClients,
  credentials,
  expectLive,
  FACES,
  loginOf,
  refresh,
  revoke,
  startFaces,
  tenantOfFaces,
} from './faces.ts'

/** Texts that are nobody's token. */
const NO_TOKENS: readonly string[] = [
  ' ',
  'null',
  'undefined',
  'NaN',
  '0',
  '-1',
  'true',
  '[]',
  '{}',
  '%',
  '*',
  "' or '1'='1",
  '\ufeff',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'ey',
  'ey.',
  'ey..',
  'eyJ.eyJ.x',
  'é',
  'A'.repeat(36),
  'A'.repeat(43),
  'A'.repeat(52),
  'x'.repeat(60_000),
  `ey${'x'.repeat(30_000)}.${'y'.repeat(20_000)}.z`,
  `ey${'.'.repeat(50_000)}`,
]

/** No surface takes a NUL, wherever it stands. */
const WITH_NUL = ['\u0000', 'a\u0000', '\u0000'.repeat(43)]

/** Texts that are nearly a token. */
function altered(token: string): readonly string[] {
  const middle = Math.floor(token.length / 2)
  const flipped = [...token].map((letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
  const flippedAt = (place: number) => token.slice(0, place) + flipped[place] + token.slice(place + 1)
  const letters = [...token].flatMap((_, place) => (flipped[place] === token[place] ? [] : [place]))
  return [
    token.slice(0, -1),
    token.slice(1),
    token.slice(0, middle),
    token + token,
    ...['A', '=', '==', '.', ' ', '\n', '%00', ',', ';'].map((text) => token + text),
    ...[' ', '\t', '.', 'Bearer '].map((text) => text + token),
    flipped.join(''),
    token.toLowerCase(),
    token.toUpperCase(),
    ...[letters[0], letters[Math.floor(letters.length / 2)], letters.at(-1)].map((place) =>
      flippedAt(place ?? 0),
    ),
    token.replaceAll('-', '+').replaceAll('_', '/').concat('='),
  ].filter((text) => text !== token)
}

function ask(harness: Harness, path: string, token: string, client = 'api'): Promise<TestResponse> {
  return harness.post(path, { token, ...credentials(client) })
}

/** The endpoints that answer questions about tokens. */
const ASKED = FACES.flatMap((face) => (face.introspectPath === null ? [] : [face.introspectPath]))
const INTROSPECTION = [...new Set(ASKED)]

describe.each(INTROSPECTION)('%s', (path) => {
  test('T049 T050 of what is no token: exactly inactive', async () => {
    const harness = await startFaces()
    for (const text of NO_TOKENS) {
      const response = await ask(harness, path, text)
      expect([text.slice(0, 40), response.status, response.body]).toEqual([
        text.slice(0, 40),
        200,
        '{"active":false}',
      ])
    }
    for (const text of WITH_NUL) {
      expect((await ask(harness, path, text)).status).toBe(400)
    }
  })

  test('T049 an empty token and none are malformed, one of 100 KB is too large', async () => {
    const harness = await startFaces()
    const empty = await ask(harness, path, '')
    const missing = await harness.post(path, credentials('api'))
    for (const response of [empty, missing]) {
      // As Doorkeeper has it.
      if (path.startsWith('/spree'))
        expect([response.status, response.body]).toEqual([200, '{"active":false}'])
      else expect([response.status, response.json().error]).toEqual([400, 'invalid_request'])
    }
    const large = await ask(harness, path, 'x'.repeat(100 * 1024))
    expect([large.status, large.json().error]).toEqual([413, 'invalid_request'])
  })

  test('T048 nobody asks without a right: who is not authenticated hears so, who may not ask hears nothing', async () => {
    const harness = await startFaces()
    for (const face of FACES) {
      const answer = await loginOf(face, harness)
      for (const token of [answer.access_token, answer.refresh_token]) {
        const nobody = await harness.post(path, { token })
        const wrong = await harness.post(path, { token, client_id: 'api', client_secret: 'wrong' })
        const named = await harness.post(path, { token, client_id: 'api' })
        // Who does not even try is malformed to Doorkeeper.
        const absent = path.startsWith('/spree') ? [400, 'invalid_request'] : [401, 'invalid_client']
        expect([nobody.status, nobody.json().error]).toEqual(absent)
        for (const response of [wrong, named]) {
          expect([response.status, response.json().error]).toEqual([401, 'invalid_client'])
        }
        // Doorkeeper tells any client about tokens that were issued to none.
        if (face.client === null && path === face.introspectPath) continue
        expect((await ask(harness, path, token, 'stranger')).body).toBe('{"active":false}')
      }
      await expectLive(face, harness, answer)
    }
  })
})

describe.each(FACES)('$name', (face) => {
  let harness: Harness
  let answer: Answer

  beforeEach(async () => {
    harness = await startFaces()
    answer = await loginOf(face, harness)
  })

  async function refusedAs(text: string): Promise<string> {
    const response = await refresh(face, harness, text)
    const { error } = response.json()
    return `${response.status} ${error} for ${text.slice(0, 40)}`
  }

  const refusal = (text: string) => `${face.refusal.status} ${face.refusal.error} for ${text.slice(0, 40)}`

  test('T050 what is no token refreshes nothing, and revokes nothing', async () => {
    // To Rails white space is nothing, and NewStore's bodies are small.
    for (const text of NO_TOKENS.filter((each) => each.trim() !== '' && each.length < 10_000)) {
      expect(await refusedAs(text)).toBe(refusal(text))
    }
    for (const text of WITH_NUL) expect((await refresh(face, harness, text)).status).toBe(400)
    for (const text of NO_TOKENS) if (face.revokePath !== null) await revoke(face, harness, text)
    const empty = await refresh(face, harness, '')
    expect([empty.status, empty.json().error]).toEqual([400, face.refusal.error && 'invalid_request'])
    await expectLive(face, harness, answer)
  })

  test('T051 what is nearly a token is none', async () => {
    for (const path of INTROSPECTION) {
      for (const text of [...altered(answer.access_token), ...altered(answer.refresh_token)]) {
        expect([text, (await ask(harness, path, text)).body]).toEqual([text, '{"active":false}'])
      }
    }
    for (const text of altered(answer.refresh_token)) expect(await refusedAs(text)).toBe(refusal(text))
    for (const text of [...altered(answer.access_token), ...altered(answer.refresh_token)]) {
      if (face.revokePath !== null) await revoke(face, harness, text)
    }
    await expectLive(face, harness, answer)
  })

  test('T052 an access token refreshes nothing, on any surface', async () => {
    for (const place of FACES) {
      const response = await refresh(place, harness, answer.access_token)
      expect([place.name, response.status]).toEqual([place.name, place.refusal.status])
    }
    await expectLive(face, harness, answer)
  })

  test.each(FACES.filter(({ surface }) => surface !== face.surface))(
    'T052 its refresh token is none at $name, nor are its tokens revoked there',
    async (place) => {
      const response = await refresh(place, harness, answer.refresh_token)
      expect([response.status, response.json().error]).toEqual([place.refusal.status, place.refusal.error])
      if (place.revokePath !== null) {
        for (const token of [answer.access_token, answer.refresh_token]) await revoke(place, harness, token)
      }
      await expectLive(face, harness, answer)
      expect((await refresh(face, harness, answer.refresh_token)).status).toBe(200)
    },
  )

  test('T052 no token but an access token of spree is a bearer there', async () => {
    for (const token of [answer.access_token, answer.refresh_token]) {
      const headers = { authorization: `Bearer ${token}` }
      const info = await harness.send({ method: 'GET', path: '/spree_oauth/token/info', headers })
      const isBearer = face.surface === 'spree' && token === answer.access_token
      expect([face.name, info.status]).toEqual([face.name, isBearer ? 200 : 401])
      const asked = await harness.post('/spree_oauth/introspect', { token: 'x' }, headers)
      expect([face.name, asked.status]).toEqual([face.name, isBearer ? 200 : 401])
    }
  })
})

test('T052 a JWT whose issuer two surfaces share, which no configuration allows, is none of the other', async () => {
  const tenant = tenantOfFaces()
  const surfaces = { ...tenant.surfaces, realm: { passwordGrant: true, issuer: tenant.issuer } }
  const harness = createHarness({ tenants: [{ ...tenant, surfaces }] })
  await addClients(harness)
  for (const [path, answering] of [
    ['/oauth/introspect', true],
    ['/auth/realms/main/protocol/openid-connect/token/introspect', false],
  ] as const) {
    const face = FACES.find(({ introspectPath, client }) => introspectPath === path && client === 'jwt')
    if (face === undefined) throw new Error(path)
    const { access_token } = await loginOf(face, harness)
    for (const each of INTROSPECTION) {
      expect([path, each, (await ask(harness, each, access_token)).json().active]).toEqual([
        path,
        each,
        answering,
      ])
    }
  }
})
