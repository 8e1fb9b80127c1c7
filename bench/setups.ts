import { availableParallelism } from 'node:os'
import type { ProcessSettings } from './config.ts'
import { OAUTH2_SERVER, OIDC_PROVIDER } from './peers/scenarios.ts'
import type { Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import type { ServerKind } from './server.ts'

/** A server, what it keeps its rows in, and what it is asked. */
export interface Setup {
  readonly name: string
  readonly kind: ServerKind
  readonly database: 'sqlite' | 'postgres' | null
  readonly settings: ProcessSettings
  readonly processes: number
  readonly scenarios: readonly Scenario[]
}

export const SQLITE = 'Mintkeeper, SQLite'
export const PASSWORD_CACHE = `${SQLITE}, verification cache`
export const POSTGRES = 'Mintkeeper, PostgreSQL'

export const CEILING = 'a server that only commits or signs, SQLite'

/** For RS256 the signature is nearly all, and the limit. */
const OF_CEILING = [
  'standard client_credentials, opaque',
  'standard client_credentials, JWT ES256',
  'standard client_credentials, JWT EdDSA',
  'standard refresh, rotate, opaque',
  'standard password, opaque',
  'standard introspection, opaque',
]

/** Of a kind each: what writes much, what signs, what only reads. */
const TYPICAL = [
  'standard client_credentials, opaque',
  'standard client_credentials, JWT RS256',
  'standard refresh, rotate, opaque',
  'standard introspection, opaque',
]

const MANY = availableParallelism()

export const SETUPS: readonly Setup[] = [
  {
    ...mintkeeper(CEILING, 'sqlite', 1, (name) => OF_CEILING.includes(name)),
    kind: 'ceiling',
  },
  mintkeeper(SQLITE, 'sqlite', 1, () => true),
  {
    ...mintkeeper(PASSWORD_CACHE, 'sqlite', 1, (name) => name === 'standard password, opaque'),
    settings: { passwordCacheSeconds: 300 },
  },
  {
    // A line a request, as `serve` writes it unless it is told otherwise.
    ...mintkeeper(`${SQLITE}, log`, 'sqlite', 1, (name) => name === TYPICAL[0]),
    settings: { logLevel: 'info' },
  },
  mintkeeper(POSTGRES, 'postgres', 1, (name) => TYPICAL.includes(name) || name.includes('revocation')),
  peer('oidc-provider', 'oidc-provider', OIDC_PROVIDER),
  peer('@node-oauth/oauth2-server', 'oauth2-server', OAUTH2_SERVER),
  mintkeeper(`${SQLITE}, ${MANY} processes`, 'sqlite', MANY, (name) => TYPICAL.includes(name)),
  mintkeeper(`${POSTGRES}, ${MANY} processes`, 'postgres', MANY, (name) => TYPICAL.includes(name)),
]

function mintkeeper(
  name: string,
  database: 'sqlite' | 'postgres',
  processes: number,
  isAsked: (name: string) => boolean,
): Setup {
  const scenarios = SCENARIOS.filter((scenario) => isAsked(scenario.name))
  return { name, kind: 'mintkeeper', database, settings: {}, processes, scenarios }
}

function peer(name: string, kind: ServerKind, scenarios: readonly Scenario[]): Setup {
  return { name, kind, database: null, settings: {}, processes: 1, scenarios }
}
