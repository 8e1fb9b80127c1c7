/** T108: whoever is refused gets the same answer for the same work, on every surface. */
import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { legacyPasswordHash } from '../../src/crypto/password-legacy.ts'
import { createHarness, type Harness } from '../harness.ts'
import { addClients, credentials, FACES, type Face, PASSWORD, tenantOfFaces } from './faces.ts'

// The real libraries, with every call on record: what a refusal costs is what it calls.
vi.mock('@node-rs/argon2', { spy: true })
vi.mock('@node-rs/bcrypt', { spy: true })

/** Of `spree123`. */
const BCRYPT = '$2a$05$lpvm7aqqBD4OB5DzsAw.uuWWwsCaE9VxJ2TPJKNkbmlm.uMd2U/Ce'
const AUTHLOGIC = legacyPasswordHash.authlogicSha512(
  'b95212a604407a7251ba47a1840e1dbbc4a4953f01d19fd59a48294c4b0d85be57e05fe68dc69774153c8bd1745c1493ecf0335a05a6a7003e1aed39fc62015b',
  'dJ5pWkq8Zr1aYt0uLx2C',
)
const REQUEST_ID = '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11'

let harness: Harness
beforeEach(async () => {
  const tenant = tenantOfFaces({ requiredRoles: ['staff'] })
  harness = createHarness({ tenants: [tenant], loginFailures: { perUser: 2, perSource: 1000 } })
  await addClients(harness)
  const user = { tenant: 'main', password: PASSWORD, roles: ['staff'] }
  await harness.user({ ...user, username: 'ann' })
  await harness.user({ ...user, username: 'blocked' })
  await harness.user({ ...user, username: 'disabled', disabled: true })
  await harness.user({ ...user, username: 'no-password', password: null })
  await harness.user({ ...user, username: 'no-role', roles: [] })
  await harness.user({ ...user, username: 'bcrypt', password: null, passwordHash: BCRYPT })
  await harness.user({ ...user, username: 'blocked-bcrypt', password: null, passwordHash: BCRYPT })
  await harness.user({ ...user, username: 'authlogic', password: null, passwordHash: AUTHLOGIC })
  await harness.user({ ...user, username: 'broken', password: null, passwordHash: '$2a$05$broken' })
})

async function login(face: Face, username: string, password: string, source?: string) {
  const form = { grant_type: 'password', username, password, ...credentials(face.client) }
  return await harness.send({
    path: face.tokenPath,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-request-id': REQUEST_ID },
    body: new URLSearchParams(form).toString(),
    ...(source !== undefined && { source }),
  })
}

const REFUSED = [
  ['unknown', 'nobody', 'wrong', 'unknown_user'],
  ['without a name', ' ', 'wrong', 'unknown_user'],
  ['with a wrong password', 'ann', 'wrong', 'wrong_password'],
  ['disabled, with a wrong password', 'disabled', 'wrong', 'user_disabled'],
  ['disabled, with the right one', 'disabled', PASSWORD, 'user_disabled'],
  ['without a password', 'no-password', 'wrong', 'user_has_no_password'],
  ['without the role, with a wrong password', 'no-role', 'wrong', 'user_lacks_role'],
  ['without the role, with the right one', 'no-role', PASSWORD, 'user_lacks_role'],
  ['with an imported bcrypt hash', 'bcrypt', 'wrong', 'wrong_password'],
  ['with an imported SHA-512 hash', 'authlogic', 'wrong', 'wrong_password'],
  ['with a hash that is broken', 'broken', 'wrong', 'wrong_password'],
  ['blocked, with a wrong password', 'blocked', 'wrong', 'login_blocked'],
  ['blocked, with the right one', 'blocked', PASSWORD, 'login_blocked'],
  ['blocked, with an imported hash and a wrong password', 'blocked-bcrypt', 'wrong', 'login_blocked'],
  ['blocked, with an imported hash and the right one', 'blocked-bcrypt', 'spree123', 'login_blocked'],
] as const

describe.each(FACES)('T108 on $name', (face) => {
  test('nobody who is refused can be told from others', async () => {
    // So that there is a bcrypt hash to be told apart by.
    await login(face, 'blocked-bcrypt', 'wrong')
    for (const username of ['blocked', 'blocked', 'blocked-bcrypt']) await login(face, username, 'wrong')
    const read = vi.spyOn(harness.store, 'readLoginFailures')
    const added = vi.spyOn(harness.store, 'addLoginFailure')

    for (const [who, username, password, reason] of REFUSED) {
      vi.clearAllMocks()
      const { status, headers, body } = await login(face, username, password)
      expect([who, harness.entries.at(-1)?.reason]).toEqual([who, reason])
      expect([who, work()]).toEqual([who, ['argon2', 'bcrypt 05']])
      expect([who, read.mock.calls.length, added.mock.calls.length]).toEqual([who, 1, 1])
      const expected = await login(face, 'somebody else', 'wrong', '203.0.113.9')
      expect([who, status, headers, body]).toEqual([
        ...[who, expected.status, expected.headers, expected.body],
      ])
    }
  })
})

/** What was hashed since the last call. */
function work(): string[] {
  const ofBcrypt = vi
    .mocked(bcrypt.compare)
    .mock.calls.map(([, hash]) => `bcrypt ${String(hash).slice(4, 6)}`)
  return [...vi.mocked(argon2.verify).mock.calls.map(() => 'argon2'), ...ofBcrypt]
}
