import { isReplacement } from '../store/imported-rows.ts'
import type { TokenRow } from '../store/rows.ts'
import { addNote, type Call } from './call.ts'

/**
 * Ends the tokens that an imported row replaces, as one of its own is used: until then both worked in Doorkeeper, for
 * the answer to a refresh may be lost. Not being able to must not make a true answer fail: they then only live on until
 * the next time.
 */
export async function endReplaced(row: TokenRow, call: Call): Promise<void> {
  if (row.parent === null || !isReplacement(row)) return
  try {
    await call.services.store.revokeToken(row.parent, call.now)
  } catch {
    addNote(call.trace, 'replaced token not ended')
  }
}
