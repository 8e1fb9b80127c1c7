/**
 * Servers on PostgreSQL keep clients and users they have read. What one of them changes holds on all others within a
 * second, whatever becomes of the sessions by which they hear of it.
 */
import pg from 'pg'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  addClientSecret,
  changeClientSecret,
  rotateClientSecret,
} from '../../src/admin/operations/client-secrets.ts'
import { updateClient } from '../../src/admin/operations/clients.ts'
import { revokeTokensBefore } from '../../src/admin/operations/tokens.ts'
import { deleteUser, setPassword, showUser, updateUser } from '../../src/admin/operations/users.ts'
import type { MintkeeperConfig } from '../../src/index.ts'
import type { Mintkeeper } from '../../src/server.ts'
import type { ClientRow, UserRow } from '../../src/store/rows.ts'
import { startProxy } from '../postgres/proxy.ts'
import { onPostgres } from './postgres.ts'
import { configurationOf, isActive, login, post, SYNC, startServer } from './servers.ts'

const installation = onPostgres(2)
let url: string
let one: Mintkeeper
let annsId: string
beforeEach(async () => {
  url = (await installation.newDatabase()).url
  one = await start()
  annsId = (await namedUserOf(one))?.id ?? ''
})

async function start(more: Partial<MintkeeperConfig> = {}): Promise<Mintkeeper> {
  return await startServer(configurationOf(url, more), Date.now)
}

const clientOf = ({ services }: Mintkeeper) => services.store.findClient('shop', SYNC.id)
const namedUserOf = ({ services }: Mintkeeper) => services.store.findUserByLogin('shop', 'ann')
const userOf = ({ services }: Mintkeeper) => services.store.findUser('shop', annsId)

/** What is kept is the very same object each time. */
async function keeps(find: () => Promise<ClientRow | UserRow | null>): Promise<boolean> {
  const first = await find()
  return first === (await find())
}

async function untilKept(server: Mintkeeper): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await keeps(() => clientOf(server))).toBe(true)
      expect(await keeps(() => userOf(server))).toBe(true)
    },
    { timeout: 5000, interval: 10 },
  )
}

/** The promise is a second; the machine may have something else to do. */
async function withinASecond(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 1500, interval: 10 })
}

const query = (sql: string) => installation.server.query(url, sql)
const LISTENERS = `select pid from pg_stat_activity
  where application_name = 'mintkeeper listener' and datname = current_database()`

async function stopListeners(): Promise<void> {
  for (const { pid } of await query(LISTENERS)) {
    process.kill(pid as number, 'SIGSTOP')
    onTestFinished(() => void process.kill(pid as number, 'SIGCONT'))
  }
}

const disableClient = () => updateClient(one.operations, 'shop', SYNC.id, { disabled: true })
const grant = async (server: Mintkeeper, client = SYNC) =>
  (await post(server, '/oauth/token', { grant_type: 'client_credentials' }, client)).status

test('clients and users are read once, and the server that changes them knows at once', async () => {
  await untilKept(one)
  await disableClient()
  expect(await clientOf(one)).toMatchObject({ disabled: true })
  expect(await grant(one)).toBe(401)
})

test('T068 a client that is refused is read once, whether it is kept, or there is none', async () => {
  await untilKept(one)
  const queries = vi.spyOn(pg.Client.prototype, 'query')
  onTestFinished(() => queries.mockRestore())
  const readsFor = async (client: typeof SYNC) => {
    queries.mockClear()
    expect(await grant(one, client)).toBe(401)
    return queries.mock.calls.filter(([query]) => JSON.stringify(query).includes('from clients')).length
  }
  expect(await readsFor({ ...SYNC, secret: 'wrong' })).toBe(1)
  expect(await readsFor({ id: 'nobody', secret: 'wrong' })).toBe(1)
})

describe('T043 T053 T069 on another server, within a second', () => {
  let other: Mintkeeper
  beforeEach(async () => {
    other = await start()
    await untilKept(other)
  })

  test('a client that is disabled gets nothing', async () => {
    expect(await grant(other)).toBe(200)
    await disableClient()
    await withinASecond(async () => expect(await grant(other)).toBe(401))
  })

  test('T029 a client is let in with a new secret, and once it is enabled again, while the old row is kept', async () => {
    const { secret } = await rotateClientSecret(one.operations, 'shop', SYNC.id, 0)
    const fresh = { ...SYNC, secret: secret?.reveal() ?? '' }
    expect(await grant(other, fresh)).toBe(200)
    await disableClient()
    await withinASecond(async () => expect(await grant(other, fresh)).toBe(401))
    await updateClient(one.operations, 'shop', SYNC.id, { disabled: false })
    expect(await grant(other, fresh)).toBe(200)
  })

  test('T043 who logs in is looked up each time: a new password, and a user who is disabled, hold at once', async () => {
    await setPassword(one.operations, 'shop', annsId, 'another-Horse_8')
    expect(await login(other)).toMatchObject({ error: 'invalid_grant' })
    expect(await login(other, 'another-Horse_8')).toHaveProperty('access_token')
    await updateUser(one.operations, 'shop', annsId, { disabled: true })
    expect(await login(other, 'another-Horse_8')).toMatchObject({ error: 'invalid_grant' })
  })

  test.each([
    ['disabled', (id: string) => updateUser(one.operations, 'shop', id, { disabled: true })],
    ['deleted', (id: string) => deleteUser(one.operations, 'shop', id)],
    ['given an end of all tokens', () => revokeTokensBefore(one.operations, 'shop', 'now')],
  ])('tokens of a user who is %s are dead', async (_, act) => {
    const { access_token } = await login(other)
    expect(await isActive(other, access_token)).toBe(true)
    await act(annsId)
    await withinASecond(async () => expect(await isActive(other, access_token)).toBe(false))
  })

  test.each([
    ["update clients set disabled = 1 where id = 'sync'", async () => (await clientOf(other))?.disabled],
    ["update users set disabled = 1 where username = 'ann'", async () => (await userOf(other))?.disabled],
    ["delete from user_logins where login = 'ann'", async () => (await namedUserOf(other)) === null],
    ['truncate clients', async () => (await clientOf(other)) === null],
    [
      "insert into facts values ('tokens_valid_after/shop', '2000000000')",
      async () => (await userOf(other))?.tokensValidAfter === 2_000_000_000,
    ],
  ])('what is changed by hand counts: %s', async (sql, isSeen) => {
    expect(await isSeen()).toBe(false)
    await query(sql)
    await withinASecond(async () => expect(await isSeen()).toBe(true))
  })

  test('what the database writes all the time is no reason to read them again', async () => {
    const before = await clientOf(other)
    await one.services.store.check()
    await one.services.store.saveFact('something', 'else')
    // Were it told, this would have been told by then, as it comes later.
    await query("update users set roles = '[\"late\"]' where username = 'ann'")
    await withinASecond(async () => expect((await userOf(other))?.roles).toEqual(['late']))
    expect(await clientOf(other)).toBe(before)
  })
})

describe('though the session that listens', () => {
  test('is stopped where it is', async () => {
    const other = await start()
    await untilKept(other)
    await stopListeners()
    await disableClient()
    await withinASecond(async () => expect(await grant(other)).toBe(401))
  })

  test('is stopped where it is, an operator sees and changes at once what another server has changed', async () => {
    const other = await start()
    await untilKept(other)
    await stopListeners()
    const { added, client } = await addClientSecret(one.operations, 'shop', SYNC.id, {})
    const { version } = client
    const muting = changeClientSecret(
      other.operations,
      'shop',
      SYNC.id,
      added.id,
      { muted: true },
      { version },
    )
    expect((await muting).changed).toMatchObject({ id: added.id, muted: true })
    const user = await updateUser(one.operations, 'shop', annsId, { disabled: true })
    expect(await showUser(other.operations, 'shop', annsId)).toEqual(user)
    await updateUser(other.operations, 'shop', annsId, { disabled: false }, { version: user.version })
  })

  test('has its answers vanish on the way', async () => {
    const proxy = await startProxy(installation.server)
    onTestFinished(() => proxy.close())
    const other = await start({ databaseListen: proxy.by(url) })
    await untilKept(other)
    proxy.mute()
    await disableClient()
    await withinASecond(async () => expect(await grant(other)).toBe(401))
  })

  test('is ended, and a change is made before there is another', async () => {
    const other = await start()
    await untilKept(other)
    await query(`select pg_terminate_backend(pid) from (${LISTENERS}) as listeners`)
    await query("update clients set disabled = 1 where id = 'sync'")
    await withinASecond(async () => expect(await grant(other)).toBe(401))
    await untilKept(other)
    expect(await clientOf(other)).toMatchObject({ disabled: true })
  })
})

describe('nothing is kept where', () => {
  async function expectNothingKept(server: Mintkeeper): Promise<void> {
    // It would have heard by then.
    await untilKept(await start())
    expect(await keeps(() => clientOf(server))).toBe(false)
    await disableClient()
    expect(await grant(server)).toBe(401)
  }

  test('nobody listens', async () => {
    await expectNothingKept(await start({ databaseListen: 'postgres://nobody@127.0.0.1:1/none' }))
  })

  test('another database is listened to', async () => {
    const { url: databaseListen } = await installation.newDatabase()
    await expectNothingKept(await start({ databaseListen }))
  })
})
