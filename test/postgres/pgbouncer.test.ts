import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { DatabaseRefused } from '../../src/store/errors.ts'
import { clientRow, inParallel, issued, NOW, tokenRow, write } from '../stores/conformance/fixture.ts'
import { openStore } from '../stores/postgres-store.ts'
import { startOn, until, within } from './mintkeeper.ts'
import { type PgBouncer, pgBouncerVersion, startPgBouncer } from './pgbouncer.ts'
import { openSession } from './session.ts'
import { sharedPostgres } from './shared-server.ts'

const VERSION = pgBouncerVersion()
const [, minor = 0] = (VERSION ?? '').split('.').map(Number)
const WHERE = VERSION === null ? 'skipped: there is no pgbouncer on PATH' : `version ${VERSION}`

describe.skipIf(VERSION === null)(`T186 behind PgBouncer in transaction mode (${WHERE})`, () => {
  const postgres = sharedPostgres({ fsync: 'off' })
  let bouncer: PgBouncer
  beforeAll(async () => {
    // Since 1.21 it knows prepared statements, if it is told to.
    bouncer = await startPgBouncer(postgres, minor >= 21 ? { max_prepared_statements: 200 } : {})
    return () => bouncer.stop()
  })

  async function open(namedStatements: boolean) {
    const direct = await postgres.createDatabase()
    const store = await openStore({
      url: bouncer.through(direct),
      listenUrl: direct,
      clock: () => NOW * 1000,
      namedStatements,
      timeoutMs: 10_000,
    })
    return { store, direct }
  }

  test.each(minor >= 21 ? [false, true] : [false])(
    'one of many spends a token (named statements: %s)',
    async (named) => {
      const { store } = await open(named)
      for (let round = 0; round < 10; round++) {
        const parent = await issued(store)
        const outcomes = await inParallel(20, () =>
          store.issue(
            write({
              spend: { key: parent.key, now: NOW },
              row: tokenRow(store.nextKey(), { parent: parent.key, family: parent.key }),
            }),
          ),
        )
        expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(1)
      }
      await store.purge(NOW + 10, 100)
    },
  )

  test('changes are told by a listener with a URL of its own', async () => {
    const { store, direct } = await open(false)
    const session = await openSession(direct)
    await session.until(
      "select 1 from pg_stat_activity where state = 'idle' and query like '%clock_timestamp%' and application_name like '%listener'",
    )
    await session.end()
    const told = new Promise((resolve) => store.onChange((table) => table === 'tenants' && resolve(table)))
    const tenant = { id: 'acme', hosts: [], issuer: 'https://acme.example/' } as const
    await store.saveTenant({ ...tenant, signingAlgorithm: 'RS256', surfaces: null })
    expect(await told).toBe('tenants')
  })

  test.each([
    ['kept where the server itself is listened to', true],
    ['read anew where PgBouncer is listened to, which is told', false],
  ])('clients are %s', async (_, isDirect) => {
    const direct = await postgres.createDatabase()
    const deaf = Promise.withResolvers<void>()
    const store = await openStore({
      url: bouncer.through(direct),
      listenUrl: isDirect ? direct : undefined,
      clock: () => NOW * 1000,
      namedStatements: false,
      timeoutMs: 10_000,
      onWarning: (message) => message.includes('databaseListen') && deaf.resolve(),
    })
    await store.insertClient(clientRow())
    const find = () => store.findClient('acme', 'shop')
    const isKept = async () => {
      const first = await find()
      return first === (await find())
    }
    if (isDirect) await vi.waitFor(async () => expect(await isKept()).toBe(true), { timeout: 5000 })
    else {
      await deaf.promise
      expect(await isKept()).toBe(false)
    }
  })

  test('500 requests at once share its few sessions', async () => {
    const direct = await postgres.createDatabase()
    const { calls } = await startOn(bouncer.through(direct), {
      databaseStatements: 'unnamed',
      databaseListen: direct,
      databaseTimeoutSeconds: 10,
    })
    const answers = await Promise.all(Array.from({ length: 500 }, () => calls.issue()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await calls.introspect(answers[0]?.json.access_token)).json.active).toBe(true)
  })

  test.skipIf(minor >= 21)(
    'with named statements, which it does not know, the start is refused: with what to do',
    async () => {
      const refused = open(true).then(
        () => null,
        (error: unknown) => error,
      )
      expect(await refused).toBeInstanceOf(DatabaseRefused)
      expect(((await refused) as Error).message).toContain('set databaseStatements to unnamed')
    },
  )

  test('a PgBouncer that is restarted is found again', async () => {
    const own = await startPgBouncer(postgres)
    const direct = await postgres.createDatabase()
    const { calls } = await startOn(own.through(direct), {
      databaseStatements: 'unnamed',
      databaseListen: direct,
    })
    expect((await calls.issue()).status).toBe(200)
    await own.stop()
    await within(5000, until(calls.issue, 503))
    const again = await startPgBouncer(postgres, {
      port: Number(new URL(own.through(direct)).port),
    })
    onTestFinished(() => again.stop())
    await within(5000, until(calls.issue, 200))
  })
})
