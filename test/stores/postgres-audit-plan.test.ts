import { expect, onTestFinished, test } from 'vitest'
import { keysWithin } from '../../src/stores/key-sequence.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { KEYS_OF_TENANT } from '../../src/stores/postgres/dialect.ts'
import { listOfTenant } from '../../src/stores/sql/audit.ts'
import { OTHER_HEADS } from '../../src/stores/sql/audit-chain.ts'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'

const server = sharedPostgres({ fsync: 'off' })

const RECORDS = 200_000

/**
 * A table of so many tenants, a record every 100 ms: the last minutes are a small part of it. Its records are short, so
 * that to read them all looks cheap with few of them.
 */
async function filled(tenants: number) {
  const url = await server.createDatabase()
  const store = await openPostgresStore({ url, clock: Date.now })
  await store.close()
  const session = await openSession(url)
  onTestFinished(() => session.end())
  // Nobody else makes statistics, as nobody has after a restore.
  await session.query('alter table audit set (autovacuum_enabled = off)')
  await session.query(`insert into audit
    select i * ${keysWithin(100)}::bigint, 't' || (i * 7919::bigint % ${tenants}), i % 5 + 1, null, null,
      'd', case when i % 600 < 5 then '[]' end, 'e'
    from generate_series(1, ${RECORDS}) as i`)
  return session
}

test.each([1, 3, 300])(
  'T162 an anchor does not read all records of %i tenants, whatever PostgreSQL knows of them',
  async (tenants) => {
    const session = await filled(tenants)
    const parameters = [0, keysWithin(120_000)]
    const query = OTHER_HEADS.replaceAll('?', () => String(parameters.shift()))
    for (const known of ['nothing', 'all']) {
      if (known === 'all') await session.query('analyze audit')
      const plan = await session.query(`explain ${query}`)
      expect(JSON.stringify(plan), known).not.toMatch(/Seq Scan on audit/)
      expect(await session.query(query)).toHaveLength(5)
    }
  },
)

test('T162 the events of a tenant that has hardly any are found without those of all others, also by a plan for any tenant', async () => {
  const session = await filled(3)
  await session.query(`update audit set tenant = 'rare' where key = ${keysWithin(100)}::bigint`)
  let places = 0
  const sql = listOfTenant(KEYS_OF_TENANT).replaceAll('?', () => `$${++places}`)
  await session.query(`prepare list as ${sql}`)
  await session.query('set plan_cache_mode = force_generic_plan')
  const execute = `execute list('rare', 0, 'rare', ${2 ** 53}, 50)`
  for (const known of ['nothing', 'all']) {
    if (known === 'all') await session.query('analyze audit')
    expect(await session.query(execute)).toHaveLength(1)
    const plan = JSON.stringify(await session.query(`explain ${execute}`))
    expect(plan, known).toMatch(/Scan Backward using audit_by_tenant/)
    expect(plan, known).not.toMatch(/Sort|Filter|audit_pkey/)
  }
})
