/**
 * What no token server can do quicker, one process on its core: signatures, password hashes, durable inserts
 * (`node bench/limits/limits.ts DIRECTORY MILLISECONDS [POSTGRES_URL]`); told over IPC.
 */
import type { Rate } from '../figures.ts'
import type { Limit } from './limit.ts'
import { passwordHashes } from './passwords.ts'
import { postgresInserts, postgresWrites } from './postgres.ts'
import { signatures } from './signatures.ts'
import { GROUP, sqliteInserts, sqliteWrites } from './sqlite.ts'

const [directory = '', milliseconds = '1000', url = ''] = process.argv.slice(2)

const LIMITS: Readonly<Record<string, () => Promise<Limit> | Limit>> = {
  'signatures, RS256': () => signatures('RS256'),
  'signatures, ES256': () => signatures('ES256'),
  'signatures, EdDSA': () => signatures('EdDSA'),
  'argon2id hashes': passwordHashes,
  [`SQLite inserts, ${GROUP} a transaction`]: () => sqliteInserts(directory),
  [`SQLite store, ${GROUP} writes underway`]: () => sqliteWrites(directory),
  ...(url !== '' && {
    [`PostgreSQL inserts, ${GROUP} a transaction`]: () => postgresInserts(url),
    [`PostgreSQL store, ${GROUP} writes underway`]: () => postgresWrites(url),
  }),
}

for (const [limit, make] of Object.entries(LIMITS)) process.send?.({ limit, ...(await rateOf(await make())) })
process.disconnect?.()

async function rateOf({ work, end }: Limit): Promise<Rate> {
  const warm = performance.now() + Number(milliseconds) / 4
  while (performance.now() < warm) await work()
  let done = 0
  const cpuBefore = process.cpuUsage()
  const from = performance.now()
  const until = from + Number(milliseconds)
  while (performance.now() < until) done += await work()
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  await end?.()
  return { perSecond: done / seconds, perCpuSecond: (done * 1e6) / (user + system) }
}
