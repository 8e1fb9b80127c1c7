import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Action, Fact, Outcome } from './facts.ts'

/** Facts, on the disk before anybody acts on them. */
export interface Journal {
  /** Before a request is sent; the number of the fact. */
  intend(worker: number, action: Action): number
  /** After it was answered. */
  conclude(id: number, outcome: Outcome): void
  /** The facts since the last time, as the file has them, in the order of their intents. */
  take(): readonly Fact[]
  close(): void
}

export function createJournal(path: string): Journal {
  const file = openSync(path, 'ax', 0o600)
  let lastId = 0
  let taken = 0

  function append(line: object): void {
    writeSync(file, `${JSON.stringify(line)}\n`)
    fdatasyncSync(file)
  }

  return {
    intend(worker, action) {
      lastId += 1
      append({ id: lastId, worker, action })
      return lastId
    },
    conclude: (id, outcome) => append({ id, outcome }),
    take() {
      const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
      const facts = new Map<number, Fact>()
      for (const line of lines.slice(taken)) {
        const entry = JSON.parse(line) as Partial<Fact> & { readonly id: number }
        const known = facts.get(entry.id)
        facts.set(entry.id, { outcome: null, ...known, ...entry } as Fact)
      }
      taken = lines.length
      return [...facts.values()]
    },
    close: () => closeSync(file),
  }
}
