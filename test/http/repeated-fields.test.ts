/**
 * T063, T122: a field that stands once and is there twice. Whoever takes the first and whoever takes the last see two
 * requests, so it is neither: both edges see all of it (RFC 9110 §5.3), and no surface reads that.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFetchHandler } from '../../src/http/edges/fetch.ts'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createNodeHandler } from '../../src/http/edges/node.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import type { Harness } from '../harness.ts'
import { FACES, PASSWORD, startFaces } from '../surfaces/faces.ts'
import { listen, parse, type Wire } from './wire.ts'

type Fields = readonly (readonly [name: string, value: string])[]

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'] as const
const JSON_TYPE = ['content-type', 'application/json'] as const
const UTF8_FORM = ['Content-Type', `${FORM[1]}; charset=UTF-8`] as const
const basic = (id: string, secret: string) =>
  ['Authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`] as const
const RIGHT = basic('jwt', PASSWORD)
const WRONG = basic('jwt', 'wrong')
const OTHER = basic('stranger', PASSWORD)
const CLIENT_CREDENTIALS = 'grant_type=client_credentials'

/** Where clients authenticate. */
const TOKEN_PATHS = [
  ...new Set(FACES.filter(({ client }) => client !== null).map(({ tokenPath }) => tokenPath)),
]

let harness: Harness
let wire: Wire
beforeAll(async () => {
  harness = await startFaces()
  await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD, roles: ['newstore_admin'] })
  wire = await listen(createNodeHandler(harness.app, createOriginOf([]), createTurn()))
})
beforeEach(() => {
  harness.entries.length = 0
})
afterAll(() => wire.close())

/** How each edge answers. */
const EDGES: Readonly<Record<string, (path: string, fields: Fields, body: string) => Promise<number>>> = {
  async node(path, fields, body) {
    const head = [
      ...fields,
      ['Host', 'main.example'],
      ['Connection', 'close'],
      ['Content-Length', body.length],
    ]
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    return parse(await wire.raw(`POST ${path} HTTP/1.1\r\n${lines}\r\n${body}`)).status
  },
  async fetch(path, fields, body) {
    const headers = new Headers()
    for (const [name, value] of fields) headers.append(name, value)
    const request = new Request(`https://main.example${path}`, { method: 'POST', headers, body })
    return (await createFetchHandler(harness.app, createTurn())(request)).status
  },
}

describe.each(Object.entries(EDGES))('by the edge %s', (name, ask) => {
  describe.each(TOKEN_PATHS)('%s', (path) => {
    test('T063 two clients in two headers are none', async () => {
      expect(await ask(path, [FORM, RIGHT], CLIENT_CREDENTIALS)).toBe(200)
      for (const two of [
        [RIGHT, WRONG],
        [WRONG, RIGHT],
        [RIGHT, OTHER],
        [OTHER, RIGHT],
      ]) {
        expect(await ask(path, [FORM, ...two], CLIENT_CREDENTIALS)).toBe(401)
        expect(harness.entries.at(-1)).toMatchObject({ outcome: 'invalid_client', client: null })
      }
    })

    test('T122 a body of two types is of none', async () => {
      const body = `${CLIENT_CREDENTIALS}&client_id=jwt&client_secret=${PASSWORD}`
      for (const types of [
        [FORM, JSON_TYPE],
        [JSON_TYPE, FORM],
        [FORM, ['CONTENT-TYPE', 'text/plain']],
        [UTF8_FORM, JSON_TYPE],
      ] as const) {
        expect(await ask(path, types, body)).toBe(400)
        expect(harness.entries.at(-1)?.outcome).toBe('invalid_request')
      }
    })
  })

  test('T122 nor is one at /v0/token', async () => {
    const login = { grant_type: 'password', username: 'ann', password: PASSWORD }
    const [form, json] = [new URLSearchParams(login).toString(), JSON.stringify(login)]
    expect(await ask('/v0/token', [FORM], form)).toBe(200)
    expect(await ask('/v0/token', [JSON_TYPE], json)).toBe(200)
    for (const body of [form, json]) {
      for (const types of [
        [FORM, JSON_TYPE],
        [JSON_TYPE, FORM],
      ]) {
        expect(await ask('/v0/token', types, body)).toBe(400)
        expect(harness.entries.at(-1)?.reason).toBe('unsupported_media_type')
      }
    }
  })

  // Of two values that say the same nobody can take the other one. Fetch does not tell that there were two.
  test.runIf(name === 'node')('what is said twice in the same words is said once', async () => {
    expect(await ask('/oauth/token', [FORM, RIGHT, FORM, RIGHT], CLIENT_CREDENTIALS)).toBe(200)
    expect(await ask('/oauth/token', [FORM, RIGHT, RIGHT, WRONG], CLIENT_CREDENTIALS)).toBe(401)
  })
})
