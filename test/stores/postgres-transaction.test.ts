import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Connection, connect } from '../../src/stores/postgres/connection.ts'
import { faultOf } from '../../src/stores/postgres/failure.ts'
import { createTranslation } from '../../src/stores/postgres/statement.ts'
import { runTransaction } from '../../src/stores/postgres/transaction.ts'
import { change, type Operation } from '../../src/stores/sql/operation.ts'
import { startPostgres } from '../postgres/server.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'

const server = sharedPostgres({ fsync: 'off' })
let url: string
let connection: Connection
beforeEach(async () => {
  url = await server.createDatabase()
  await server.query(url, 'create table numbers (n int primary key)')
  connection = await connect({ url, timeoutMs: 5000, named: true, translate: createTranslation() }, () => {})
  return () => connection.close()
})

const insert = (n: number) => () => change('insert into numbers (n) values (?)', n)
const numbers = () => server.query(url, 'select n from numbers order by n')

test('where it can not begin nothing is written, and the session is as good as before', async () => {
  const operations = [insert(1)]
  await expect(runTransaction(connection, { begin: 'begin; select 1 / 0', operations })).rejects.toThrow(
    'zero',
  )
  await expect(runTransaction(connection, { begin: 'start nothing', operations })).rejects.toThrow('syntax')
  expect(await numbers()).toEqual([])
  await runTransaction(connection, { begin: 'begin', operations: [insert(2)] })
  expect(await numbers()).toEqual([{ n: 2 }])
})

test('a commit that is answered with ROLLBACK is not taken for one', async () => {
  /** Its last words make the transaction fail, and nobody listens to the answer. */
  function* spoiled(): Operation<void> {
    yield* insert(1)()
    connection.execute('select 1 / 0').catch(() => {})
  }
  await expect(runTransaction(connection, { begin: 'begin', operations: [spoiled] })).rejects.toThrow(
    'answered the commit with ROLLBACK',
  )
  expect(await numbers()).toEqual([])
  await runTransaction(connection, { begin: 'begin', operations: [insert(2)] })
  expect(await numbers()).toEqual([{ n: 2 }])
})

test('a connection that is destroyed rejects what was asked, and what is asked then', async () => {
  const asked = connection.execute('select pg_sleep(60)')
  const lost = expect(asked).rejects.toSatisfy((error) => faultOf(error) === 'lost')
  connection.destroy()
  await lost
  expect(connection.isOpen).toBe(false)
  await expect(connection.execute('select 1')).rejects.toThrow('closed')
})

test('what a server does for a client that was cut off is ended, over a Unix socket too', async () => {
  const directory = mkdtempSync('/tmp/mintkeeper-socket-')
  chmodSync(directory, 0o777)
  const local = await startPostgres({ fsync: 'off', unix_socket_directories: directory })
  onTestFinished(async () => {
    await local.remove()
    rmSync(directory, { recursive: true })
  })
  const database = await local.createDatabase()
  const { pathname, username } = new URL(database)
  const socketUrl = `postgres://${username}@/${pathname.slice(1)}?host=${directory}&port=${local.port}`
  const options = { timeoutMs: 200, connectTimeoutMs: 5000, named: true, translate: createTranslation() }
  const session = await connect({ url: socketUrl, ...options }, () => {})
  await expect(session.execute('select pg_sleep(3600)')).rejects.toThrow()
  const active = "from pg_stat_activity where query like '%pg_sleep(3600)' and state = 'active'"
  while ((await local.query(database, `select 1 ${active}`)).length > 0) {}
})

test('statements are sent as they come, and each has its own answer', async () => {
  const answers = Array.from({ length: 50 }, (_, n) =>
    connection.run({ sql: n % 2 ? 'select ? + 0.0' : 'select ? * 2.0', parameters: [n], returns: 'rows' }),
  )
  expect(connection.pending).toBe(50)
  expect((await Promise.all(answers)).map((rows) => Number((rows as unknown[][])[0]?.[0]))).toEqual(
    Array.from({ length: 50 }, (_, n) => (n % 2 ? n : n * 2)),
  )
  expect(connection.pending).toBe(0)
})

test.each([
  ['select 1 / 0', 'own'],
  ['select 1 from nowhere', 'refused'],
  ["do $$ begin raise exception using errcode = '40001'; end $$", 'conflict'],
  ["do $$ begin raise exception using errcode = '40P01'; end $$", 'conflict'],
  ["do $$ begin raise exception using errcode = '53100'; end $$", 'refused'],
  ["do $$ begin raise exception using errcode = '57014'; end $$", 'refused'],
  ["do $$ begin raise exception using errcode = '57P01'; end $$", 'lost'],
  ["do $$ begin raise exception using errcode = 'XX001'; end $$", 'lost'],
])('what %s means for the work', async (sql, fault) => {
  const session = await connect(
    { url, timeoutMs: 5000, named: true, translate: createTranslation() },
    () => {},
  )
  onTestFinished(() => session.close())
  const error: unknown = await session.execute(sql).catch((thrown: unknown) => thrown)
  expect(faultOf(error)).toBe(fault)
  expect(session.isOpen).toBe(fault !== 'lost')
})

test('a statement has the same name on every connection of every node, and no two have one', () => {
  const [one, other] = [createTranslation(), createTranslation()]
  expect(one('select a from b where c = ? and d = ?')).toEqual({
    name: expect.stringMatching(/^mintkeeper_[0-9a-f]{16}$/),
    text: 'select a from b where c = $1 and d = $2',
  })
  other('select something else')
  expect(other('select a from b where c = ? and d = ?')).toEqual(one('select a from b where c = ? and d = ?'))
  const names = Array.from({ length: 1000 }, (_, n) => one(`select ${n} from b where c = ?`).name)
  expect(new Set(names).size).toBe(1000)
  expect(one('create table tokens_20260101 (key int)').name).toBeNull()
})
