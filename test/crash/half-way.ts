/**
 * A process that is meant to be killed half-way. Arguments: what it does, and the path of its database.
 * It says `done` if nobody kills it.
 */

import { generatedAdminToken } from '../../src/cli/serve/admin-token.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { createMintkeeper } from '../../src/server.ts'
import { migrateSqlite, openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { bootConfiguration, PURGE_AT } from './half-way-fixture.ts'

const [what = '', path = ''] = process.argv.slice(2)

async function boot(): Promise<void> {
  const mintkeeper = await createMintkeeper(bootConfiguration(path))
  await generatedAdminToken(mintkeeper.services.store, createRandom(), {
    show: (token) => process.stdout.write(`token ${token}\n`),
    takeBack: () => process.stdout.write('taken back\n'),
  })
  await mintkeeper.close()
}

async function purge(): Promise<void> {
  const store = await openSqliteStore({ path, clock: () => PURGE_AT * 1000 })
  while ((await store.purge(PURGE_AT, 100)) > 0) process.stdout.write('.')
  await store.close()
}

const deeds: Readonly<Record<string, () => Promise<unknown>>> = {
  boot,
  purge,
  migrate: () => migrateSqlite({ path, clock: Date.now }),
}
await deeds[what]?.()
process.stdout.write('done\n')
