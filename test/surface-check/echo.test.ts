/** A server that repeats whatever it was sent: nothing of that is shown, however it is written. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../clients/server.ts'
import { check } from './checked.ts'
import { type Asked, type Said, startRelay } from './old-server.ts'

/** With every character that some encoding writes otherwise. */
const USER = { username: 'joe@example.com', password: `canary "&<\\ +%/ü'> canary` }
const CLIENT = { client_id: 'sync', client_secret: 'canary+"secret"/of=&the-sync-client-0123456789' }

let here: RunningServer
beforeAll(async () => {
  here = await startServer({
    users: [{ ...USER, id: '1', roles: ['admin'] }],
    clients: [
      {
        id: CLIENT.client_id,
        secret: CLIENT.client_secret,
        grants: ['client_credentials', 'password', 'refresh_token'],
        scopes: ['admin'],
      },
    ],
  })
})
afterAll(() => here.close())

type Echo = (asked: Asked, said: Said) => Said

/** The same Mintkeeper, which says what it was asked besides. */
async function findingsFor(echo: Echo): Promise<string> {
  const old = await startRelay(here.origin, (said, asked) => echo(asked, said))
  try {
    const results = await check('spree', { against: old.origin, here: here.origin }, { ...USER, ...CLIENT })
    return JSON.stringify([...results.values()])
  } finally {
    await old.close()
  }
}

function withMembers({ body, ...said }: Said, members: object): Said {
  return { ...said, body: JSON.stringify({ ...JSON.parse(body), ...members }) }
}

describe('what it repeats is not shown', () => {
  test.each<[string, Echo]>([
    ['as text', ({ body }, said) => withMembers(said, { got: body })],
    ['as text inside an object', ({ body }, said) => withMembers(said, { got: { body: [body] } })],
    ['as the name of a member', ({ body }, said) => withMembers(said, { [body]: 1 })],
    ['as the names of members at a refusal', ({ body }) => json(500, { [body]: 1 })],
    ['as its error', ({ body }) => json(400, { error: 'bad', error_description: `not ${body}` })],
    [
      'in a redirect',
      ({ body }, said) => ({ ...said, status: 302, headers: { location: `/login?${encodeURI(body)}` } }),
    ],
    [
      'in headers',
      ({ body, headers }, said) => ({
        ...said,
        headers: {
          ...said.headers,
          'x-body': encodeURIComponent(body).replaceAll(/%../g, (code) => code.toLowerCase()),
          'x-authorization': headers.authorization ?? 'none',
        },
      }),
    ],
    [
      'in the type',
      ({ body }, said) => ({
        ...said,
        headers: { 'content-type': `text/${encodeURIComponent(body)}` },
        body: 'x',
      }),
    ],
  ])('%s', async (_name, echo) => {
    const findings = await findingsFor(echo)
    expect(findings).not.toContain('canary')
    expect(findings).not.toContain(btoa(`${CLIENT.client_id}:${CLIENT.client_secret}`))
    expect(findings.match(/[A-Za-z0-9_-]{43}/g) ?? []).toEqual([])
  })
})

function json(status: number, body: object): Said {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
