/** What no kill can show: that an answer is sent only after what it says was flushed to the disk. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Api, createApi } from './api.ts'
import type { Outcome, Surface } from './facts.ts'
import { type SqliteUnderTest, sqliteUnderTest } from './sqlite.ts'
import { attach, callsOf, type SystemCall, whyNoStrace } from './strace.ts'
import { firstSecretOf } from './under-test.ts'

const reason = await whyNoStrace()
const SECRET = firstSecretOf(0)

const LATE_MS = 60

describe.skipIf(reason !== null)(
  `T002 the order of system calls${reason === null ? '' : ` (${reason})`}`,
  () => {
    let underTest: SqliteUnderTest
    let api: Api
    beforeAll(async () => {
      underTest = sqliteUnderTest(1)
      api = createApi(await underTest.start(0), 0)
    })
    afterAll(() => underTest.remove())

    /** The calls on the database's files and on sockets while something is asked for. */
    async function callsWhile(ask: () => Promise<Outcome>): Promise<readonly SystemCall[]> {
      const tracer = await attach(underTest.pid(), [
        '-e',
        'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg',
      ])
      onTestFinished(() => tracer.detach())
      expect((await ask()).kind).toBe('done')
      // What is written too late shall be seen too.
      await sleep(LATE_MS)
      await tracer.detach()
      return callsOf(tracer.lines()).filter(({ target }) => /\.db|TCP/.test(target))
    }

    /** Every write is followed by a flush of the same file, and that by the answer; nothing is written after it. */
    function expectFlushed(calls: readonly SystemCall[]): void {
      const answer = calls.findIndex(
        ({ target, text }) => target.startsWith('TCP') && text.includes('HTTP/1.1 20'),
      )
      const text = calls.map((call) => call.text).join('\n')
      expect(answer, text).toBeGreaterThan(0)
      const before = calls.slice(0, answer)
      const written = before.findLastIndex(
        ({ name, target }) => name === 'pwrite64' && target.includes('.db-wal'),
      )
      const flushed = before.findLastIndex(
        ({ name, target }) => /^(fsync|fdatasync)$/.test(name) && target.includes('.db-wal'),
      )
      expect(written, text).toBeGreaterThanOrEqual(0)
      expect(flushed, text).toBeGreaterThan(written)
      const late = calls.slice(answer).filter(({ name }) => name === 'pwrite64')
      expect(late, text).toEqual([])
      expect(
        calls.slice(answer).filter(({ name }) => name === 'pwrite64'),
        text,
      ).toEqual([])
    }

    async function login(surface: Surface): Promise<{ access: string; refresh: string }> {
      const outcome = await api.login(0, surface, SECRET)
      if (outcome.kind !== 'done' || outcome.tokens === null) throw new Error(JSON.stringify(outcome))
      return { access: outcome.tokens.access, refresh: outcome.tokens.refresh ?? '' }
    }

    test.each(['spree', 'standard', 'newstore'] as const)('a login at %s', async (surface) => {
      expectFlushed(await callsWhile(() => api.login(0, surface, SECRET)))
    })

    test.each(['spree', 'standard', 'newstore'] as const)('a refresh at %s', async (surface) => {
      const { refresh } = await login(surface)
      expectFlushed(await callsWhile(() => api.refresh(0, surface, refresh, SECRET)))
    })

    test.each([
      ['spree', 'access'],
      ['spree', 'refresh'],
      ['standard', 'refresh'],
      ['newstore', 'access'],
    ] as const)('a revocation at %s of the %s token', async (surface, which) => {
      const tokens = await login(surface)
      expectFlushed(await callsWhile(() => api.revoke(0, surface, tokens[which], SECRET)))
    })

    test('a revocation of a JWT that is stored nowhere', async () => {
      const outcome = await api.single(0, 'jwt', SECRET)
      const token = outcome.kind === 'done' ? (outcome.tokens?.access ?? '') : ''
      expectFlushed(await callsWhile(() => api.revoke(0, 'jwt', token, SECRET)))
    })

    test('a user who is disabled, and enabled', async () => {
      expectFlushed(await callsWhile(() => api.disableUser(0, true)))
      expectFlushed(await callsWhile(() => api.disableUser(0, false)))
    })

    test('a secret that is replaced, and keys that are rotated', async () => {
      expectFlushed(await callsWhile(() => api.rotateKeys('ES256')))
      expectFlushed(await callsWhile(() => api.setSecret(0, SECRET.split('').toReversed().join(''))))
    })
  },
)
