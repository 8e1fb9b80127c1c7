import { describe } from 'vitest'
import { configuration, type Refusals, testRefusals, withClient } from './configurations.ts'

const port = (value: string) => `must be a whole number from 0 to 65535, not ${value}`

const PROCESS: Refusals = {
  'a port that is too great': [
    configuration({}, { server: { port: 65_536 } }),
    `server.port: ${port('65536')}`,
  ],
  'a port in quotes': [
    configuration({}, { server: { adminPort: '8081' } }),
    `server.adminPort: ${port('"8081"')}`,
  ],
  'one port for both planes': [
    configuration({}, { server: { port: 8081 } }),
    'server.adminPort: is the port of the token plane too: the control plane needs its own, or 0 to switch it off',
  ],
  'a host with a port': [
    configuration({}, { server: { host: '0.0.0.0:80' } }),
    'server.host: must be a host name or IP address to listen on, not "0.0.0.0:80"',
  ],
  'a proxy by name': [
    configuration({}, { server: { trustedProxies: ['10.0.0.0/8', 'proxy'] } }),
    'server.trustedProxies[1]: must be an IP address or network such as 10.0.0.0/8, not "proxy"',
  ],
  'a network that is too wide': [
    configuration({}, { server: { trustedProxies: ['10.0.0.0/33'] } }),
    'server.trustedProxies[0]: must be an IP address or network such as 10.0.0.0/8, not "10.0.0.0/33"',
  ],
  'another database': [
    configuration({}, { database: 'mysql://u:p@h/d' }),
    'database: must be sqlite: and a path, a postgres:// URL, or memory:',
  ],
  'a database without path': [
    configuration({}, { database: 'sqlite:' }),
    'database: must be sqlite: and a path, a postgres:// URL, or memory:',
  ],
  'a log level': [
    configuration({}, { logLevel: 'warning' }),
    'logLevel: must be fatal, error, warn, info, debug, trace or silent, not "warning", did you mean "warn"?',
  ],
  'a short master key': [
    configuration({}, { masterKey: 'f'.repeat(40) }),
    'masterKey: must be 32 bytes or more as hexadecimal or base64 text; make one with: openssl rand -base64 32',
  ],
  'a short admin token': [
    configuration({}, { adminToken: 'letmein' }),
    'adminToken: must have 16 characters or more',
  ],
  'an admin token no header can carry': [
    configuration({}, { adminToken: 'correct horse battery' }),
    'adminToken: must be letters, digits and -._~+/ only (RFC 6750 §2.1)',
  ],
  'fewer connections than one to read, to write and to listen': [
    configuration({}, { databaseConnections: 2 }),
    'databaseConnections: must be a whole number from 3 to 1000, not 2',
  ],
  'a database that is given too long to answer': [
    configuration({}, { databaseTimeoutSeconds: 61 }),
    'databaseTimeoutSeconds: must be a whole number of seconds from 1 to 60, not 61',
  ],
  'another word for statements': [
    configuration({}, { databaseStatements: 'prepared' }),
    'databaseStatements: must be named or unnamed, not "prepared"',
  ],
  'another word for migrations': [
    configuration({}, { databaseMigration: 'never' }),
    'databaseMigration: must be automatic or manual, not "never"',
  ],
  'an hour to drain': [
    configuration({}, { server: { drainSeconds: 3600 } }),
    'server.drainSeconds: must be a whole number of seconds from 0 to 300 (five minutes), not 3600',
  ],
  'to listen at what is no PostgreSQL': [
    configuration({}, { databaseListen: 'sqlite:secret-canary' }),
    'databaseListen: must be a postgres:// URL',
  ],
  'a purge interval of a week': [
    configuration({}, { purgeIntervalSeconds: 604_800 }),
    'purgeIntervalSeconds: must be a whole number of seconds from 0 to 86400 (a day), not 604800',
  ],
  'a usage ledger of a century': [
    configuration({}, { usageRetentionDays: 36_500 }),
    'usageRetentionDays: must be a whole number of days from 0 to 3650 (ten years), not 36500',
  ],
  'no thread to hash passwords': [
    configuration({}, { passwordHashConcurrency: 0 }),
    'passwordHashConcurrency: must be a whole number from 1 to 1024, not 0',
  ],
  'a queue of passwords without a place': [
    configuration({}, { passwordHashQueue: 0 }),
    'passwordHashQueue: must be a whole number from 1 to 10000, not 0',
  ],
  'more failures of a user than anybody needs': [
    configuration({}, { loginFailuresPerUser: 101 }),
    'loginFailuresPerUser: must be a whole number from 0 to 100, not 101',
  ],
  'a limit of failures that is none': [
    configuration({}, { loginFailuresPerSource: -1 }),
    'loginFailuresPerSource: must be a whole number from 0 to 1000000, not -1',
  ],
  'a trusted source that is a name': [
    configuration({}, { trustedSources: ['shop.example'] }),
    'trustedSources[0]: must be an IP address or network such as 10.0.0.0/8, not "shop.example"',
  ],
  'a password cache of an hour': [
    configuration({}, { passwordCacheSeconds: 3600 }),
    'passwordCacheSeconds: must be a whole number of seconds from 0 to 300 (five minutes), not 3600',
  ],
}

const KEYS: Refusals = {
  'a misspelt key': [
    configuration({ host: ['x.example'] }),
    'tenants[0].host: is not a known key, did you mean "hosts"?',
  ],
  'a key in snake case': [
    withClient({ expires_in: 60 }),
    `tenants[0].clients[0].expires_in: is not a known key, did you mean "expiresIn"?`,
  ],
  'a misplaced key': [
    configuration({}, { port: 80, clients: [] }),
    'port: does not belong here, but to "server"',
    'clients: does not belong here, but to a tenant',
  ],
  'a key nobody knows': [
    configuration({}, { server: { xyzzyplugh: 1 } }),
    'server.xyzzyplugh: is not a known key (known: host, port, adminPort, trustedProxies, baseDomains, drainSeconds)',
  ],
  'the key __proto__': [
    JSON.parse('{"tenants":[],"__proto__":{"database":1}}'),
    '__proto__: is not a known key (known: server, database, databaseConnections, databaseTimeoutSeconds, databaseStatements, databaseMigration, databaseListen, defaultTenant, logLevel, masterKey, masterKeyFile, adminToken, adminTokenFile, purgeIntervalSeconds, auditRetentionDays, auditIssues, usageRetentionDays, refusalRetentionDays, passwordHashConcurrency, passwordHashQueue, loginFailuresPerUser, loginFailuresPerSource, trustedSources, passwordCacheSeconds, tenants)',
  ],
}

describe('the process', () => testRefusals(PROCESS))

describe('keys', () => testRefusals(KEYS))
