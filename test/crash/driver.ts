/** Kills a server again and again while it works, and looks after each start whether it has kept its word. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApi } from './api.ts'
import { type Checked, type Checking, checkKeys, checkWorker } from './checker.ts'
import { createJournal } from './journal.ts'
import { work } from './load.ts'
import { type Chain, createModel, learn, type Single } from './model.ts'
import { type RandomBelow, seededRandom } from './random.ts'
import { firstSecretOf, type UnderTest } from './under-test.ts'

/** Each asks for one thing after the other. */
export const WORKERS = 12

/** A server is killed at a random moment up to so long after the load began. */
const LONGEST_LIFE_MS = 1500

/** Every so many cycles the clock is moved, by more than the purge waits before it deletes what is dead. */
const CYCLES_A_DAY = 4
const A_DAY_MS = 26 * 3_600_000

/** Of what was known before the last crash, so much is asked about again after each; all of it at the end. */
const OLD_SUBJECTS = 120

export interface CrashOptions {
  readonly cycles: number
  readonly seed: number
  /** Told after each cycle. */
  readonly onCycle?: (cycle: number, report: CrashReport) => void
}

export interface CrashReport {
  readonly problems: readonly string[]
  /** Requests that were answered under load. */
  readonly answers: number
  /** Facts whose outcome nobody was told, for the server was gone. */
  readonly unknown: number
  /** Questions of the checker. */
  readonly checks: number
  readonly starts: number
  readonly slowestStartMs: number
}

export async function crashAgainAndAgain(underTest: UnderTest, options: CrashOptions): Promise<CrashReport> {
  const random = seededRandom(options.seed)
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-journal-'))
  const journal = createJournal(join(directory, 'journal'))
  const secrets = Array.from({ length: WORKERS }, (_, worker) => firstSecretOf(worker))
  const model = createModel(secrets)
  const checked: Checked = { problems: [], count: 0 }
  const totals = { answers: 0, unknown: 0, starts: 0, slowestStartMs: 0 }
  let aheadMs = 0

  async function start() {
    const begunAt = performance.now()
    const endpoints = await underTest.start(aheadMs)
    // The first one makes everything.
    if (totals.starts > 0)
      totals.slowestStartMs = Math.max(totals.slowestStartMs, performance.now() - begunAt)
    totals.starts += 1
    const now = () => Math.floor((Date.now() + aheadMs) / 1000)
    return {
      api: createApi(endpoints, aheadMs, underTest.refusesForGood),
      journal,
      model,
      random,
      checked,
      now,
    }
  }

  /** Loads the server until it is gone, and learns from the journal what that was. */
  async function loadAndKill(): Promise<ReadonlySet<number>> {
    const { api, now } = await start()
    // The workers' own view; what counts is what the journal says afterwards.
    const view = structuredClone(model)
    const workers = secrets.map((_, worker) => work(worker, { api, journal, model: view, random, now }))
    await sleep(random(LONGEST_LIFE_MS))
    await underTest.kill()
    for (const answers of await Promise.all(workers)) totals.answers += answers
    const touched = new Set<number>()
    for (const fact of journal.take()) {
      if (fact.outcome === null) totals.unknown += 1
      touched.add('of' in fact.action ? fact.action.of : fact.id)
      learn(model, fact)
    }
    return touched
  }

  async function check(isAsked: (subject: Chain | Single) => boolean): Promise<void> {
    const checking: Checking = await start()
    const subjects = [...model.chains.values(), ...model.singles.values()].filter(isAsked)
    await Promise.all(secrets.map((_, worker) => checkWorker(worker, subjects, checking)))
    await checkKeys(
      subjects.map((subject) => ('latest' in subject ? subject.latest : subject.token)),
      checking,
    )
    // What the checker did it has learned already.
    journal.take()
    await underTest.kill()
    for (const problem of await underTest.findProblems()) checked.problems.push(problem)
    checked.problems.push(...model.violations.splice(0))
  }

  const report = (): CrashReport => ({ ...totals, problems: checked.problems, checks: checked.count })
  try {
    for (let cycle = 1; cycle <= options.cycles && checked.problems.length === 0; cycle++) {
      const touched = await loadAndKill()
      const old = pick(OLD_SUBJECTS, model.chains.size + model.singles.size, random)
      let index = 0
      await check(({ id }) => touched.has(id) || old.has(index++))
      if (underTest.movesClock && cycle % CYCLES_A_DAY === 0) aheadMs += A_DAY_MS
      options.onCycle?.(cycle, report())
    }
    if (checked.problems.length === 0) await check(() => true)
    return report()
  } finally {
    journal.close()
    rmSync(directory, { recursive: true })
  }
}

function pick(count: number, of: number, random: RandomBelow): ReadonlySet<number> {
  return new Set(Array.from({ length: Math.min(count, of) }, () => random(of)))
}
