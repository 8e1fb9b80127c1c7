import { createPasswords } from '../../src/crypto/password.ts'
import type { Limit } from './limit.ts'

/** Enough for every thread there is. */
const AT_ONCE = 8

/** Passwords verified by the server's own pool, with its own cost. */
export async function passwordHashes(): Promise<Limit> {
  const passwords = createPasswords()
  const hash = await passwords.hash('correct horse')
  return {
    async work() {
      await Promise.all(Array.from({ length: AT_ONCE }, () => passwords.verify(hash, 'correct horse')))
      return AT_ONCE
    },
  }
}
