/** Why those are refused whom the old server was asked about. */
import { describe, expect, test } from 'vitest'
import { findRefusal } from '../../src/admin/operations/refusals.ts'
import type { TestResponse } from '../harness.ts'
import { listen, login, type NewServer, PASSWORD, startNew, startOld } from '../upstream/old-server.ts'

async function why({ store, writeRefusals }: NewServer, answer: TestResponse) {
  await writeRefusals()
  const found = await findRefusal({ store } as never, 'any', answer.header('x-newstore-request-id') ?? '')
  if (found === null) throw new Error('no refusal')
  return found
}

describe('a login that the old server refuses', () => {
  test.each([
    ['a name with white space', 'ann@example.com ', 'user_like'],
    ['the name of nobody', 'nobody@example.com', undefined],
  ])('of %s', async (_, username, fact) => {
    const old = await startOld()
    const here = startNew(old.url)
    await here.user({ username: 'ann@example.com', password: PASSWORD })
    const { reason, diagnosis } = await why(here, await login(here, username))
    expect(reason).toBe('upstream_refused')
    expect(diagnosis.facts[0]?.fact).toBe(fact)
    expect(JSON.stringify(diagnosis)).not.toContain(username.trim())
  })

  test('because it does not answer', async () => {
    const old = await listen((_, response) => void response.destroy())
    const here = startNew(old.url)
    const { status, reason, diagnosis } = await why(here, await login(here, 'bob@example.com'))
    expect([status, reason]).toEqual([503, 'upstream_failed'])
    expect(diagnosis.facts[0]?.fact).toBe('again_at')
    expect(diagnosis.explanation).toContain('could not be asked')
  })
})
