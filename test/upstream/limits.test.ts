/** Guessing through the old server is no cheaper than guessing here: T100, T106, T117. */
import { describe, expect, test } from 'vitest'
import {
  addAnn,
  listen,
  login,
  type NewServer,
  PASSWORD,
  REFUSED,
  reasonOf,
  reply,
  startNew,
  startOld,
} from './old-server.ts'

const LIMITS = { loginFailures: { perUser: 3, perSource: 5 } }

function from(server: NewServer, source: string, username: string, password = 'wrong') {
  const form = { grant_type: 'password', username, password }
  return server.send({
    path: '/v0/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    source,
  })
}

describe('a refusal of the old server counts', () => {
  test('T100 as a wrong password here: then nobody is asked, and the right one is refused', async () => {
    const old = await startOld()
    await addAnn(old)
    const here = startNew(old.url, LIMITS)
    for (let time = 0; time < 3; time++)
      expect((await login(here, 'ann@example.com', 'wrong')).status).toBe(403)
    expect(old.asked).toHaveLength(3)
    const wrong = here.entries.at(-1)
    expect((await login(here)).status).toBe(403)
    expect([wrong?.reason, reasonOf(here)]).toEqual(['upstream_refused', 'login_blocked'])
    expect(old.asked).toHaveLength(3)
    // T106: elsewhere the user logs in.
    expect((await from(here, '203.0.113.9', 'ann@example.com', PASSWORD)).status).toBe(200)
    here.advance(300)
    expect((await login(here)).status).toBe(200)
  })

  test('T117 of all users from one source', async () => {
    const old = await startOld()
    const here = startNew(old.url, LIMITS)
    for (let user = 0; user < 8; user++) await from(here, '192.0.2.1', `user-${user}`)
    expect(old.asked).toHaveLength(5)
    await from(here, '203.0.113.9', 'user-9')
    expect(old.asked).toHaveLength(6)
  })

  test('a right password does not', async () => {
    const old = await startOld()
    await addAnn(old)
    const here = startNew(old.url, LIMITS)
    Object.assign(here.upstreams, { rowOf: () => null })
    for (let time = 0; time < 12; time++) expect((await login(here)).status).toBe(200)
    expect(old.asked).toHaveLength(12)
  })

  test('what it fails to answer does not, and says nothing about the password', async () => {
    let status = 500
    const old = await listen((_, response) => reply(response, status, REFUSED))
    const here = startNew(old.url, { ...LIMITS, settings: { failures: 1000 } })
    for (let time = 0; time < 12; time++) expect((await login(here)).status).toBe(503)
    status = 403
    for (let time = 0; time < 3; time++) expect((await login(here)).status).toBe(403)
    expect(reasonOf(here)).toBe('upstream_refused')
    await login(here)
    expect(reasonOf(here)).toBe('login_blocked')
    expect(old.asked).toHaveLength(15)
  })
})

test('T028 of guesses at once no more are asked about than have room', async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>()
  const old = await listen((_, response) => void go.then(() => reply(response, 403, REFUSED)))
  const here = startNew(old.url, LIMITS)
  const answers = Array.from({ length: 12 }, () => login(here, 'ann@example.com', 'wrong'))
  // As many as there is room for, and the others wait for what becomes of them.
  while (old.asked.length < 3) await new Promise((run) => setImmediate(run))
  resolve()
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(12).fill(403))
  expect(old.asked).toHaveLength(3)
  const reasons = here.entries.map(({ reason }) => reason)
  expect(reasons.filter((reason) => reason === 'login_blocked')).toHaveLength(9)
})

test('T027 many right logins of one user at once are all answered', async () => {
  const old = await startOld()
  await addAnn(old)
  const here = startNew(old.url, LIMITS)
  const answers = await Promise.all(Array.from({ length: 20 }, () => login(here)))
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  expect((await here.store.listUsers('dodici', null, 10)).rows).toHaveLength(1)
})

test('who waits for the old server keeps nobody waiting who is here', async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>()
  const old = await listen((_, response) => void go.then(() => reply(response, 403, REFUSED)))
  const here = startNew(old.url, LIMITS)
  await here.user({ username: 'bob', password: PASSWORD })
  const waiting = [login(here, 'one'), login(here, 'two')]
  while (old.asked.length < 2) await new Promise((run) => setImmediate(run))
  expect((await login(here, 'bob')).status).toBe(200)
  expect((await login(here, 'bob', 'wrong')).status).toBe(403)
  resolve()
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([403, 403])
})
