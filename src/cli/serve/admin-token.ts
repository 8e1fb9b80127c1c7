import { sha256 } from '../../crypto/digest.ts'
import type { Random } from '../../crypto/random.ts'
import type { Store } from '../../store/store.ts'

/** Name of the fact that holds the SHA-256 of the generated admin token, in hexadecimal. */
const FACT = 'admin_token_sha256'

/** 256 bits. */
const LENGTH = 43

/**
 * The digest of the admin token that was generated once for this database. The first time `show` is given the token,
 * before its digest is stored: who stops the server in between gets another one at the next start, rather than a
 * server that nobody has the token of.
 */
export async function generatedAdminToken(
  store: Pick<Store, 'findFact' | 'saveFact'>,
  random: Random,
  show: (token: string) => void,
): Promise<Uint8Array> {
  const known = await store.findFact(FACT)
  if (known !== null) return Buffer.from(known, 'hex')
  const token = random.text(LENGTH)
  const digest = sha256(token)
  show(token)
  await store.saveFact(FACT, Buffer.from(digest).toString('hex'))
  return digest
}
