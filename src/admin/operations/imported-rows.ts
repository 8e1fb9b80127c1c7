import { prepareClientSecret } from '../../crypto/client-secret.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import type { ClientRow, UserRow } from '../../store/rows.ts'
import { AdminError } from './admin-error.ts'
import { type ClientInput, clientInput, clientProblems } from './client-input.ts'
import { deletionFact, newClientRow, newSecretRow, withDefaults } from './clients.ts'
import type { Operations } from './operations.ts'
import { passwordProblems, type UserInput, userInput } from './user-input.ts'
import { newUserRow } from './users.ts'
import { validated } from './validated.ts'

/** The row of a user of another system, by the rules for users that are created here. Throws `invalid`. */
export function importedUserRow(
  operations: Operations,
  tenant: string,
  input: UserInput & { readonly id: string },
  createdAt: EpochSeconds | null,
): UserRow {
  const { passwordHash, ...fields } = validated('user', userInput, input, passwordProblems)
  const row = newUserRow(operations, tenant, fields, passwordHash)
  return createdAt === null ? row : { ...row, createdAt }
}

/** A secret of a client of another system: as it was handed out, or as that system stored it. */
export type ImportedSecret = { readonly text: string } | { readonly hash: string } | null

/**
 * The row of a client of another system, by the rules for clients that are created here. Throws `invalid`, and
 * `conflict` if a client of this id was deleted here: nobody wants it back.
 */
export async function importedClientRow(
  operations: Operations,
  tenant: string,
  input: ClientInput & { readonly id: string },
  secret: ImportedSecret,
  createdAt: EpochSeconds | null,
): Promise<ClientRow> {
  const given = secret !== null && 'text' in secret ? { ...input, secret: secret.text } : input
  const { secret: text, ...fields } = validated('client', clientInput, given, (client) =>
    clientProblems(withDefaults(client), secret !== null),
  )
  if ((await operations.store.findFact(deletionFact(tenant, input.id))) !== null) {
    throw new AdminError('conflict', 'The client was here before, and was deleted.')
  }
  const hash = text == null ? hashOf(secret) : await prepareClientSecret(text, operations.passwords)
  const secrets = hash === null ? [] : [newSecretRow(operations, { name: null, hash, expiresAt: null })]
  const row = newClientRow(operations, tenant, fields, secrets)
  return createdAt === null ? row : { ...row, createdAt }
}

function hashOf(secret: ImportedSecret): string | null {
  return secret !== null && 'hash' in secret ? secret.hash : null
}
