import { createLatestEntries } from '../crypto/latest-entries.ts'
import { formatScope, type Scope } from '../protocol/scope.ts'
import { sourceOf } from '../protocol/source.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { LONGEST_USER_AGENT, userAgentOf } from '../protocol/user-agent.ts'
import type { UsageFact, UsageFactName } from '../store/usage.ts'

/** Values of one name that are told apart between two writes; one more takes the place of the one not seen longest. */
const MOST = 8

/** Texts of each kind that are held for whoever says them next: so many of the latest at least. */
const HELD = 500

/** Characters of a scope; what is beyond is left out, by whole words. */
const LONGEST_SCOPE = 800

/** A fact, and what the last request that it was found in said. */
interface NotedFact<Said> {
  said: Said
  readonly value: string
  calls: number
  lastAt: EpochSeconds
}

/** What is known of the calls of one key since the last write. */
export interface NotedFacts {
  readonly source: NotedFact<string>[]
  readonly agent: NotedFact<string>[]
  readonly scope: NotedFact<Scope>[]
  readonly refusal: NotedFact<string>[]
}

export function newFacts(): NotedFacts {
  return { source: [], agent: [], scope: [], refusal: [] }
}

/** Notes what requests say. What was said is read only if it is new to the key, and held once for all keys. */
export interface FactNotes {
  source(facts: NotedFacts, source: string, now: EpochSeconds): void
  agent(facts: NotedFacts, header: string, now: EpochSeconds): void
  scope(facts: NotedFacts, scope: Scope, now: EpochSeconds): void
}

export function createFactNotes(): FactNotes {
  const readSource = createReading((text) => ({ said: text, value: sourceOf(text) }))
  const readAgent = createReading((text) => ({ said: text, value: userAgentOf(text) }))
  const readScope = createReading((text) => ({ said: text.split(' '), value: text }))
  return {
    source(facts, source, now) {
      if (!again(facts.source, source, now)) add(facts.source, readSource(source), now)
    },
    agent(facts, header, now) {
      const said = header.length <= LONGEST_USER_AGENT ? header : userAgentOf(header)
      if (said !== null && !again(facts.agent, said, now)) add(facts.agent, readAgent(said), now)
    },
    scope(facts, scope, now) {
      for (const fact of facts.scope) if (isSame(fact.said, scope)) return count(fact, now)
      add(facts.scope, readScope(scopeText(scope)), now)
    },
  }
}

/** What was said, and what is kept of it: nothing, if that is empty. */
interface Told<Said> {
  readonly said: Said
  readonly value: string | null
}

function createReading<Said>(read: (text: string) => Told<Said>): (text: string) => Told<Said> {
  const latest = createLatestEntries<Told<Said>>(HELD)
  return (text) => {
    const known = latest.get(text)
    if (known !== undefined) return known
    const own = copyOf(text)
    const told = read(own)
    latest.set(own, told)
    return told
  }
}

/** Reasons are few, and all are kept: they add up to the calls that failed. */
export function noteRefusal(facts: NotedFacts, reason: string, now: EpochSeconds): void {
  if (again(facts.refusal, reason, now)) return
  facts.refusal.push({ said: reason, value: reason, calls: 1, lastAt: now })
}

/** Takes what could not be written back. */
export function joinFacts(facts: NotedFacts, others: NotedFacts): void {
  joinList(facts.source, others.source, MOST)
  joinList(facts.agent, others.agent, MOST)
  joinList(facts.scope, others.scope, MOST)
  joinRefusals(facts, others)
}

export function joinRefusals(facts: NotedFacts, others: NotedFacts): void {
  joinList(facts.refusal, others.refusal, Number.POSITIVE_INFINITY)
}

export function toUsageFacts(facts: NotedFacts): readonly UsageFact[] {
  const names: readonly UsageFactName[] = ['source', 'agent', 'scope', 'refusal']
  return names.flatMap((fact) =>
    facts[fact].map(({ value, calls, lastAt }) => ({ fact, value, calls, lastAt })),
  )
}

function again(facts: readonly NotedFact<string>[], said: string, now: EpochSeconds): boolean {
  for (const fact of facts) {
    if (fact.said !== said) continue
    count(fact, now)
    return true
  }
  return false
}

function count(fact: NotedFact<unknown>, now: EpochSeconds): void {
  fact.calls += 1
  if (fact.lastAt < now) fact.lastAt = now
}

function add<Said>(facts: NotedFact<Said>[], { said, value }: Told<Said>, now: EpochSeconds): void {
  if (value !== null && value !== '') joinList(facts, [{ said, value, calls: 1, lastAt: now }], MOST)
}

/** A part of a text keeps all of it in memory, and that may be a long header. */
function copyOf(text: string): string {
  return [...text].join('')
}

function joinList<Said>(facts: NotedFact<Said>[], others: readonly NotedFact<Said>[], most: number): void {
  for (const other of others) {
    const known = facts.find(({ value }) => value === other.value)
    if (known !== undefined) {
      known.said = other.said
      known.calls += other.calls
      known.lastAt = Math.max(known.lastAt, other.lastAt)
    } else if (facts.length < most) facts.push(other)
    else facts.splice(facts.indexOf(oldest(facts)), 1, other)
  }
}

function oldest<Said>(facts: readonly NotedFact<Said>[]): NotedFact<Said> {
  return facts.reduce((one, other) => (other.lastAt < one.lastAt ? other : one))
}

function isSame(one: Scope, other: Scope): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

function scopeText(scope: Scope): string {
  const text = formatScope(scope)
  return text.length <= LONGEST_SCOPE ? text : text.slice(0, text.lastIndexOf(' ', LONGEST_SCOPE))
}
