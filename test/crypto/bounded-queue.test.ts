import { describe, expect, it } from 'vitest'
import { createBoundedQueue } from '../../src/crypto/bounded-queue.ts'

/** A piece of work that ends when the test says so. */
function piece(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const work = () => {
    log.push(name)
    return promise
  }
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('createBoundedQueue', () => {
  it('runs so many at once, the others in the order they came', async () => {
    const { run } = createBoundedQueue(2, 10)
    const log: string[] = []
    const pieces = ['a', 'b', 'c', 'd'].map((name) => piece(log, name))
    const results = pieces.map(({ work }) => run(work))
    await settle()
    expect(log).toEqual(['a', 'b'])
    pieces[1]!.end()
    await settle()
    expect(log).toEqual(['a', 'b', 'c'])
    pieces[0]!.end()
    pieces[2]!.end()
    pieces[3]!.end()
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('refuses what would have to wait behind a full queue, at once and with a time to come back', async () => {
    const { run } = createBoundedQueue(1, 1)
    const log: string[] = []
    const first = piece(log, 'first')
    const second = piece(log, 'second')
    const results = [run(first.work), run(second.work)]
    await expect(run(piece(log, 'third').work)).rejects.toMatchObject({
      name: 'OAuthError',
      code: 'temporarily_unavailable',
      reason: 'hash_queue_full',
      retryAfter: 1,
    })
    first.end()
    second.end()
    await Promise.all(results)
    expect(log).toEqual(['first', 'second'])
  })

  it('frees the place of a piece that fails, and tells its error', async () => {
    const { run } = createBoundedQueue(1, 1)
    const log: string[] = []
    const failing = piece(log, 'failing')
    const next = piece(log, 'next')
    const failed = run(failing.work)
    const waited = run(next.work)
    failing.fail()
    await expect(failed).rejects.toThrow('failing')
    next.end()
    expect(await waited).toBe('next')
    expect(await run(async () => 'later')).toBe('later')
    await expect(
      run(() => {
        throw new Error('synchronous')
      }),
    ).rejects.toThrow('synchronous')
    expect(await run(async () => 'still')).toBe('still')
  })

  it('tells its observer how long each piece waited and which were refused, and how many wait', async () => {
    const told: string[] = []
    const { run, statistics } = createBoundedQueue(1, 1, {
      started: (waitMs) => told.push(waitMs === 0 ? 'at once' : 'later'),
      refused: (bound) => told.push(`refused: ${bound}`),
      abandoned: () => told.push('abandoned'),
    })
    const first = piece([], 'first')
    const running = [run(first.work)]
    expect(statistics()).toEqual({ waiting: 0 })
    running.push(run(async () => 'second'))
    await settle()
    expect(statistics()).toEqual({ waiting: 1 })
    await expect(run(async () => 'third')).rejects.toMatchObject({ reason: 'hash_queue_full' })
    first.end()
    await Promise.all(running)
    expect(statistics()).toEqual({ waiting: 0 })
    expect(told).toEqual(['at once', 'refused: queue', 'later'])
  })

  it('has as many places after much use as before', async () => {
    const { run } = createBoundedQueue(2, 1000)
    let running = 0
    let most = 0
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 200 }, () =>
          run(async () => {
            most = Math.max(most, ++running)
            await settle()
            running--
          }),
        ),
      )
    }
    expect(most).toBe(2)
  })
})
