import { sha256 } from '../../crypto/digest.ts'
import type { Random } from '../../crypto/random.ts'
import type { Store } from '../../store/store.ts'

/** How the operator hears of an admin token that was generated just now. */
export interface AdminTokenNotice {
  /** It is not shown again. */
  show(token: string): void
  /** What was shown opens nothing: a server that started at the same time has shown the token that does. */
  takeBack(): void
}

/** Name of the fact that holds the SHA-256 of the generated admin token, in hexadecimal. */
const FACT = 'admin_token_sha256'

/** 256 bits. */
const LENGTH = 43

/**
 * The digest of the admin token that was generated once for this database. The first time the token is shown, and that
 * before its digest is stored: who stops the server in between gets another one at the next start, rather than a
 * server that nobody has the token of. Of servers that start at once each may show one; one of these counts.
 */
export async function generatedAdminToken(
  store: Pick<Store, 'findFact' | 'claimFact'>,
  random: Random,
  notice: AdminTokenNotice,
): Promise<Uint8Array> {
  const known = await store.findFact(FACT)
  if (known !== null) return Buffer.from(known, 'hex')
  const token = random.text(LENGTH)
  const digest = Buffer.from(sha256(token)).toString('hex')
  notice.show(token)
  const claimed = await store.claimFact(FACT, digest)
  if (claimed !== digest) notice.takeBack()
  return Buffer.from(claimed, 'hex')
}
