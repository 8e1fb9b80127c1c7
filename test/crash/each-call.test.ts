/** The server is killed at each of the system calls that one request makes to the disk, one after the other. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newDirectory } from '../directory.ts'
import { createApi } from './api.ts'
import { type Checked, type Checking, checkKeys, checkWorker } from './checker.ts'
import type { Action, SubjectId, Surface } from './facts.ts'
import { createJournal } from './journal.ts'
import { act } from './load.ts'
import { createModel } from './model.ts'
import { seededRandom } from './random.ts'
import { sqliteUnderTest } from './sqlite.ts'
import { attach, DISK_CALLS, whyNoStrace } from './strace.ts'
import { firstSecretOf } from './under-test.ts'

const reason = await whyNoStrace()

/** More than any of the requests makes. */
const MOST_CALLS = 40

/** Kills the server at its n-th call, for every n there is, and checks what it has kept. How often it was killed. */
async function killAtEachCall(surface: Surface, actionOn: (of: SubjectId) => Action): Promise<number> {
  const underTest = sqliteUnderTest(1)
  onTestFinished(() => underTest.remove())
  const journal = createJournal(join(newDirectory(), 'journal'))
  onTestFinished(() => journal.close())
  const model = createModel([firstSecretOf(0)])
  const now = () => Math.floor(Date.now() / 1000)
  const random = seededRandom(1)

  const checked: Checked = { problems: [], count: 0 }
  const start = async (): Promise<Checking> => {
    return { api: createApi(await underTest.start(0), 0), journal, model, random, now, checked }
  }

  let server = await start()
  for (let call = 1; call <= MOST_CALLS; call++) {
    await act(0, { kind: 'single', format: 'jwt' }, server)
    await act(0, { kind: 'login', surface }, server)
    const of = Math.max(...model.chains.keys())
    const kill = `inject=${DISK_CALLS}:signal=SIGKILL:when=${call}`
    const tracer = await attach(underTest.pid(), ['-e', `trace=${DISK_CALLS}`, '-e', kill])
    const outcome = await act(0, actionOn(of), server).catch(() => null)
    if (outcome === null) await underTest.ended()
    else await underTest.kill()
    await tracer.detach()

    server = await start()
    await checkWorker(
      0,
      [...[...model.chains.values()].slice(-3), ...[...model.singles.values()].slice(-3)],
      server,
    )
    await checkKeys(
      [...model.singles.values()].map(({ token }) => token),
      server,
    )
    const problems = [...checked.problems, ...model.violations, ...(await underTest.findProblems())]
    expect(problems, `call ${call}`).toEqual([])
    if (outcome !== null) {
      expect(outcome.kind).toBe('done')
      return call - 1
    }
  }
  throw new Error(`the request made more than ${MOST_CALLS} calls`)
}

describe.skipIf(reason !== null)(
  `a server that is killed at each system call${reason === null ? '' : ` (${reason})`}`,
  () => {
    test('T004 of a refresh', async () => {
      expect(await killAtEachCall('spree', (of) => ({ kind: 'refresh', of }))).toBeGreaterThanOrEqual(3)
    }, 120_000)

    test('T004 of a revocation', async () => {
      // One page, and the flush.
      const kills = await killAtEachCall('standard', (of) => ({ kind: 'revoke', of, token: 'refresh' }))
      expect(kills).toBeGreaterThanOrEqual(2)
    }, 120_000)

    test('T007 of a key rotation', async () => {
      expect(await killAtEachCall('newstore', () => ({ kind: 'rotate-keys' }))).toBeGreaterThanOrEqual(3)
    }, 120_000)
  },
)
