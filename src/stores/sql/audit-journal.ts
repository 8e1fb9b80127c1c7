import type { AuditStart } from '../../store/audit.ts'
import { createNotes, type Notes } from '../audit/notes.ts'
import type { NextKey } from '../key-sequence.ts'
import { type AuditChain, createAuditChain } from './audit-chain.ts'

/** What is needed to write records. */
export interface AuditMeans extends AuditStart {
  readonly nextKey: NextKey
}

/** Where events come from, for those who write them. */
export interface AuditJournal {
  readonly notes: Notes
  /** To be called before any event is kept. */
  start(means: AuditMeans): void
  /** Throws if it was not started. */
  means(): AuditMeans
  /** A chain of its own for a connection that writes: so nobody waits for anybody. */
  openChain(): AuditChain
}

export function createAuditJournal(): AuditJournal {
  const notes = createNotes()
  let given: AuditMeans | null = null
  function means(): AuditMeans {
    if (given === null) throw new Error('the audit log must be started before the first event')
    return given
  }
  return {
    notes,
    start(start) {
      given = start
    },
    means,
    openChain: () => createAuditChain(notes, means),
  }
}
