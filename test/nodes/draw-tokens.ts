/**
 * A process that draws tokens as a server does, and prints them: an opaque token and a `jti` a line.
 * Arguments: path of the database, how many.
 */
import { createJwtId, createOpaqueToken } from '../../src/crypto/opaque-token.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'

const [path = '', count = '0'] = process.argv.slice(2)
const store = await openSqliteStore({ path, clock: Date.now })
const random = createRandom()
// All processes hold their places at the same time.
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
for (let drawn = 0; drawn < Number(count); drawn += 1000) {
  const lines = Array.from({ length: 1000 }, () => {
    return `${createOpaqueToken(store.nextKey(), 43, random)} ${createJwtId(null, random)}\n`
  })
  if (!process.stdout.write(lines.join('')))
    await new Promise((resolve) => process.stdout.once('drain', resolve))
}
await store.close()
process.stdin.destroy()
