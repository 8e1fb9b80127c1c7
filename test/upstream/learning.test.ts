/** What is learned is one write, on every database, however many come at once; and it fails no login. */
import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { everyEvent } from '../audit/listed.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { openStore as openPostgres } from '../stores/postgres-store.ts'
import { newPath, openStore } from '../stores/sqlite-file.ts'
import {
  addAnn,
  listen,
  login,
  noteOf,
  PASSWORD,
  reasonOf,
  reply,
  SUB,
  startNew,
  startOld,
} from './old-server.ts'

/** The hash of a password that nobody knows. */
const ANOTHER = `$argon2id$v=19$m=19456,t=2,p=1$${'c2FsdA'.repeat(4)}$${'a'.repeat(43)}`
const CLOCK = { clock: () => 1_767_225_600_000 }

const server = sharedPostgres({ fsync: 'off' })

const STORES: Readonly<Record<string, () => Promise<() => Promise<Store>>>> = {
  async SQLite() {
    const path = newPath()
    return () => openStore(path, CLOCK)
  },
  async PostgreSQL() {
    const url = await server.createDatabase()
    return () => openPostgres({ url, ...CLOCK })
  },
}

describe.each(Object.entries(STORES))('on %s', (_, database) => {
  test('of first logins at once, on two servers, one makes the user; all are answered', async () => {
    const open = await database()
    const old = await startOld()
    await addAnn(old)
    const [first, second] = [
      startNew(old.url, { store: await open() }),
      startNew(old.url, { store: await open() }),
    ]
    const answers = await Promise.all(
      Array.from({ length: 12 }, (__, index) => login(index % 2 === 0 ? first : second)),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect((await first.store.listUsers('dodici', null, 10)).rows).toMatchObject([{ id: SUB, version: 1 }])
    const learned = [...first.entries, ...second.entries].filter(({ note }) => note?.includes('learned'))
    expect(learned.map(({ note }) => note)).toEqual(['upstream, user learned'])
    const events = await everyEvent(first.store)
    expect(events.filter(({ type }) => type === 'user.learn')).toHaveLength(1)
    await old.close()
    for (const node of [first, second]) {
      expect((await login(node)).status).toBe(200)
      expect((await login(node, 'ann@example.com', 'wrong')).status).toBe(403)
    }
  })

  test('a user who was made or disabled while the old server was asked is decided here', async () => {
    const open = await database()
    const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const old = await startOld()
    await addAnn(old)
    const here = startNew(old.url, { store: await open() })
    const find = here.store.findCurrentUser
    // After it was looked for, and before it is written.
    here.store.findCurrentUser = async (...key) => {
      const found = await find(...key)
      reached.resolve()
      if (found === null) await go.promise
      return found
    }
    const answer = login(here)
    await reached.promise
    await here.user({ id: SUB, username: 'ann@example.com', password: PASSWORD, disabled: true })
    go.resolve()
    expect((await answer).status).toBe(403)
    expect(reasonOf(here)).toBe('user_disabled')
    expect(await here.store.findUser('dodici', SUB)).toMatchObject({ disabled: true, version: 1 })
  })

  test.each([
    ['is disabled', { disabled: true }, 'user_disabled'],
    ['gets another password', { passwordHash: ANOTHER }, 'wrong_password'],
  ])('of a user who %s while one is learned it is decided anew', async (__, change, reason) => {
    const open = await database()
    const old = await startOld()
    await addAnn(old)
    const here = startNew(old.url, { store: await open() })
    const ann = await here.user({ id: SUB, username: 'ann@example.com', password: null })
    const { updateUser } = here.store
    here.store.updateUser = async (...row) => {
      here.store.updateUser = updateUser
      await updateUser({ ...ann, ...change })
      return await updateUser(...row)
    }
    expect((await login(here)).status).toBe(403)
    expect(reasonOf(here)).toBe(reason)
    expect(await here.store.findCurrentUser('dodici', SUB)).toMatchObject({ ...change, version: 2 })
  })

  test('a name that somebody else has got meanwhile is theirs', async () => {
    const open = await database()
    const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const old = await startOld()
    await addAnn(old)
    const here = startNew(old.url, { store: await open() })
    const { importUsers } = here.store
    here.store.importUsers = async (...rows) => {
      reached.resolve()
      await go.promise
      return await importUsers(...rows)
    }
    const answer = login(here)
    await reached.promise
    await here.user({ id: 'somebody', username: 'ann@example.com', password: 'another password' })
    go.resolve()
    expect((await answer).status).toBe(403)
    expect(reasonOf(here)).toBe('upstream_other_user')
    expect((await here.store.listUsers('dodici', null, 10)).rows).toMatchObject([{ id: 'somebody' }])
  })
})

test('a database that can not be written fails no login, and it is tried with the next', async () => {
  const old = await startOld()
  await addAnn(old)
  const here = startNew(old.url)
  const { importUsers } = here.store
  here.store.importUsers = () => Promise.reject(new StoreUnavailable('the disk is full'))
  expect((await login(here)).status).toBe(200)
  expect(noteOf(here)).toBe('upstream, user not learned')
  expect(here.entries.at(-1)?.user).toBeNull()
  here.store.importUsers = importUsers
  expect((await login(here)).status).toBe(200)
  expect(noteOf(here)).toBe('upstream, user learned')
})

test('a password that is too long to be hashed here is good, and is not learned', async () => {
  const claims = Buffer.from(JSON.stringify({ sub: SUB })).toString('base64url')
  const tokens = { access_token: `e30.${claims}.c2ln`, token_type: 'Bearer', expires_in: 86_400 }
  const old = await listen((_, response) => reply(response, 200, tokens))
  const here = startNew(old.url)
  expect((await login(here, 'ann@example.com', 'x'.repeat(300))).status).toBe(200)
  expect(noteOf(here)).toBe('upstream, user not learned')
  expect((await here.store.listUsers('dodici', null, 10)).rows).toEqual([])
})
