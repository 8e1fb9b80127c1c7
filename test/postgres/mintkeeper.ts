import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { MintkeeperConfig } from '../../src/index.ts'
import { createLog } from '../../src/log/log.ts'
import { createMintkeeper, type Mintkeeper } from '../../src/server.ts'
import { type Answer, type Call, CLIENT, callsOf, ORIGIN } from './calls.ts'

/** A whole server on a PostgreSQL database, and what is asked of it. */
export interface ServerUnderTest {
  readonly mintkeeper: Mintkeeper
  readonly calls: Readonly<Record<Call, (token?: string) => Promise<Answer>>>
  /** The lines of its log. */
  readonly lines: string[]
}

/** Statements have a second, so that nobody waits long for a test. */
export async function startOn(
  database: string,
  more: Partial<MintkeeperConfig> = {},
): Promise<ServerUnderTest> {
  const lines: string[] = []
  const log = createLog('info', { write: (line) => lines.push(line) })
  const mintkeeper = await createMintkeeper({ ...configurationOf(database), ...more }, { log })
  onTestFinished(() => mintkeeper.close())
  return { mintkeeper, lines, calls: callsOf(mintkeeper) }
}

function configurationOf(database: string): MintkeeperConfig {
  return {
    database,
    databaseTimeoutSeconds: 1,
    masterKey: Buffer.alloc(32, 7).toString('base64'),
    defaultTenant: 'shop',
    purgeIntervalSeconds: 0,
    tenants: [
      {
        id: 'shop',
        issuer: `${ORIGIN}/`,
        surfaces: { standard: { reuseWindow: 60 }, realm: {}, spree: {}, newstore: {} },
        clients: [
          {
            ...CLIENT,
            grants: ['client_credentials', 'refresh_token'],
            scopes: ['read'],
            introspect: 'any',
          },
        ],
      },
    ],
  }
}

/** Rejects if it takes longer: for what must not hang, not to measure. */
export async function within<T>(ms: number, what: Promise<T>): Promise<T> {
  const timeout = new AbortController()
  const late = sleep(ms, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`it takes longer than ${ms} ms`)
  })
  try {
    return await Promise.race([what, late])
  } finally {
    late.catch(() => {})
    timeout.abort()
  }
}

/** Asks again until it is answered as wanted. */
export async function until(ask: () => Promise<Answer>, status: number): Promise<void> {
  while ((await ask()).status !== status) await sleep(10)
}
