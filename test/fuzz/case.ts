/** One request of a run: which operation, what is done to it, and what must come of it. */
import { BODY_CHANGES, inChunks, spelledType } from './body-changes.ts'
import { type Choice, choiceOf } from './choice.ts'
import { type Change, CREDENTIAL_CHANGES, FAR_CHANGES } from './credential-changes.ts'
import { OPERATIONS } from './documents.ts'
import type { Draft } from './draft.ts'
import { isEntitled } from './entitled.ts'
import { honestDraft } from './honest-draft.ts'
import { HTTP_CHANGES, noise, query } from './http-changes.ts'
import { PARAMETER_CHANGES, unknownParameter } from './parameter-changes.ts'
import type { Stock } from './stock.ts'

export type Expected = 'granted' | 'refused' | 'either'

export interface Case {
  readonly draft: Draft
  readonly expected: Expected
}

export async function caseOf(seed: number, number: number, stock: Stock): Promise<Case> {
  const choice = choiceOf(seed, number)
  // Most of what can go wrong is at token endpoints.
  const operations = choice.percent(70)
    ? OPERATIONS.filter(({ endpoint }) => endpoint === 'token')
    : OPERATIONS
  const honest = await honestDraft(choice.of(operations), stock, choice)
  const draft = disturbed(spoilt(honest, choice, stock), choice, stock)
  return { draft, expected: expectedOf(draft, stock) }
}

/** A request that is honest, or far from it: for those whose bytes are going to be changed as well. */
export async function plainCaseOf(choice: Choice, far: boolean, stock: Stock): Promise<Case> {
  const honest = await honestDraft(choice.of(OPERATIONS), stock, choice)
  const draft = far ? applied(honest, FAR_CHANGES, choice, stock) : honest
  return { draft, expected: expectedOf(draft, stock) }
}

function expectedOf(draft: Draft, stock: Stock): Expected {
  if (draft.form === 'broken' || !isEntitled(draft, stock)) return 'refused'
  return draft.form === 'documented' ? 'granted' : 'either'
}

/** Wrong in what it says, in how it says it, in both, or not at all. */
function spoilt(honest: Draft, choice: Choice, stock: Stock): Draft {
  const kind = choice.below(100)
  if (kind < 30) return honest
  const form = choice.of([PARAMETER_CHANGES, BODY_CHANGES, HTTP_CHANGES])
  if (kind < 60) return applied(honest, CREDENTIAL_CHANGES, choice, stock)
  if (kind < 92) return applied(honest, form, choice, stock)
  return applied(applied(honest, CREDENTIAL_CHANGES, choice, stock), form, choice, stock)
}

const HARMLESS: readonly Change[] = [noise, noise, query, unknownParameter, spelledType, inChunks]

/** With what makes no difference, now and then. */
function disturbed(draft: Draft, choice: Choice, stock: Stock): Draft {
  let next = draft
  while (choice.percent(35)) next = applied(next, HARMLESS, choice, stock, 1)
  return next
}

/** The first of some changes that there is something for. */
function applied(
  draft: Draft,
  changes: readonly Change[],
  choice: Choice,
  stock: Stock,
  attempts = 8,
): Draft {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const next = choice.of(changes)(draft, choice, stock)
    if (next !== null) return next
  }
  return draft
}
