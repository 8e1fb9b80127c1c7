import type { ImportedTokenRow } from '../store/imported-rows.ts'
import type { Sha256, TokenRow } from '../store/rows.ts'
import { tokenId } from '../store/token-id.ts'
import type { ImportedToken } from './import.ts'
import { changesInParts, type ImportRun, patiently } from './import-run.ts'

/** What has ended in the source: to be ended here if it was imported. */
export interface EndedToken {
  readonly accessHash: Sha256
  readonly reason: string
}

/** Tokens of one run. */
export interface TokenWriter {
  rowOf(token: ImportedToken): ImportedTokenRow
  write(batch: readonly ImportedTokenRow[]): Promise<void>
  end(batch: readonly EndedToken[]): Promise<void>
}

export function createTokenWriter(run: ImportRun): TokenWriter {
  const { target, tenant, tally } = run
  return {
    rowOf: (token) => ({ ...rowOf(token, tenant, target.nextKey()), replaces: token.replaces }),
    async write(batch) {
      const imported = await patiently(() => target.importTokens(batch))
      tally.imported('token', imported)
      tally.known('token', batch.length - imported)
    },
    async end(batch) {
      const hashes = batch.map(({ accessHash }) => accessHash)
      const rows = await patiently(() => target.findLiveImportedTokens(tenant, hashes))
      const ends = rows.map(({ key, userId, clientId }) => ({
        key,
        event: run.eventOf('token.revoke', {
          ...(userId !== null && { user: userId }),
          ...(clientId !== null && { client: clientId }),
          object: tokenId(key),
          details: 'revoked in the source',
        }),
      }))
      let ended = 0
      for (const part of changesInParts(ends))
        ended += await patiently(() => target.endImportedTokens(part, run.now))
      tally.updated('token', ended)
      for (const { reason } of batch.slice(ended)) tally.leftOut('token', reason)
    },
  }
}

function rowOf(token: ImportedToken, tenant: string, key: number): TokenRow {
  const { replaces: _, ...columns } = token
  return {
    ...columns,
    key,
    tenant,
    accessScope: token.scope,
    family: null,
    parent: null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: null,
  }
}
