/** T110: what a flood from one source, or from several, leaves to the others. */
import { describe, expect, it } from 'vitest'
import { type BoundedQueue, createBoundedQueue, type Requester } from '../../src/crypto/bounded-queue.ts'
import { OAuthError } from '../../src/protocol/errors.ts'

const from = (source: string | null, has?: { gone: boolean }): Requester => ({
  source: () => source,
  isGone: () => has?.gone === true,
})

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A queue that does one piece of work at a time, whose first is under way until `end`. */
function busy(queue: number, observer?: Parameters<typeof createBoundedQueue>[2]) {
  const { run, statistics }: BoundedQueue = createBoundedQueue(1, queue, observer)
  const { promise, resolve } = Promise.withResolvers<void>()
  const done: string[] = []
  const asked: Promise<void>[] = [run(() => promise, from('the first'))]

  /** Asks for so many pieces of work; how many were refused at once, and why. */
  async function ask(source: string | null, count = 1, has?: { gone: boolean }): Promise<string[]> {
    const refusals: string[] = []
    for (let piece = 1; piece <= count; piece++) {
      const work = async () => void done.push(`${source}${piece}`)
      asked.push(
        run(work, from(source, has)).catch((thrown) => {
          if (!(thrown instanceof OAuthError)) throw thrown
          refusals.push(thrown.reason)
        }),
      )
    }
    await settle()
    return refusals
  }

  /** What was done, in its order. */
  async function end(): Promise<readonly string[]> {
    resolve()
    await Promise.all(asked)
    return done
  }

  return { ask, end, waiting: () => statistics().waiting }
}

const times = (count: number, text: string) => Array<string>(count).fill(text)

describe('sources take turns', () => {
  it('each of them first come, first served', async () => {
    const { ask, end } = busy(64)
    await ask('a', 3)
    await ask('b', 2)
    await ask('c')
    expect(await end()).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  it('T110: whoever comes after a flood is next but one', async () => {
    const { ask, end } = busy(64)
    await ask('flood', 1000)
    await ask('honest')
    const done = await end()
    expect(done.indexOf('honest1')).toBe(1)
    expect(done).toHaveLength(33)
  })

  it('who was served is last, whoever has come meanwhile', async () => {
    const run = createBoundedQueue(1, 64).run
    const done: string[] = []
    const work = (name: string, then?: () => void) => async () => {
      done.push(name)
      then?.()
    }
    const late: Promise<void>[] = []
    await Promise.all([
      run(settle, from('the first')),
      run(
        work('a1', () => late.push(run(work('a3'), from('a')))),
        from('a'),
      ),
      run(
        work('b1', () => late.push(run(work('c1'), from('c')))),
        from('b'),
      ),
      run(work('a2'), from('a')),
    ])
    await Promise.all(late)
    expect(done).toEqual(['a1', 'b1', 'a2', 'c1', 'a3'])
  })

  it('so does what nobody in particular asks for', async () => {
    const { ask, end } = busy(64)
    await ask('a', 2)
    await ask(null, 2)
    expect(await end()).toEqual(['a1', 'null1', 'a2', 'null2'])
  })
})

describe('no source has more waiting than places are left', () => {
  it('T110: one alone has half of the queue, and the others are refused at once', async () => {
    const { ask, waiting } = busy(64)
    expect(await ask('a', 1000)).toEqual(times(968, 'hash_queue_share'))
    expect(waiting()).toBe(32)
  })

  it('T110: two that flood leave a third one room', async () => {
    const { ask, end } = busy(64)
    for (let round = 0; round < 2; round++) for (const source of ['a', 'b']) await ask(source, 100)
    expect(await ask('honest', 3)).toEqual([])
    const done = await end()
    expect(done.slice(0, 9).filter((name) => name.startsWith('honest'))).toEqual([
      'honest1',
      'honest2',
      'honest3',
    ])
  })

  it('sources that ask for more again and again come to the same share', async () => {
    const queue = createBoundedQueue(1, 60)
    const served = new Map<string, number>()
    let left = 600
    /** Asks for the same again as soon as it was served or refused. */
    async function flood(source: string): Promise<void> {
      while (left > 0) {
        const work = async () => {
          left--
          served.set(source, (served.get(source) ?? 0) + 1)
          await settle()
        }
        await queue.run(work, from(source)).catch(settle)
      }
    }
    // The first has come with everything before the others have come at all.
    const floods = ['a', 'b', 'c'].flatMap((source) => Array.from({ length: 100 }, () => flood(source)))
    await Promise.all(floods)
    for (const count of served.values()) expect(count).toBeGreaterThan(170)
    expect(served.size).toBe(3)
  })

  it('T110: however many sources there are, no more wait than there are places', async () => {
    const { ask, waiting } = busy(64)
    const refusals: string[] = []
    for (let source = 0; source < 1000; source++) refusals.push(...(await ask(`source ${source}`)))
    expect(waiting()).toBe(64)
    expect(refusals).toEqual(times(936, 'hash_queue_full'))
  })

  it('nobody in particular has all of the queue', async () => {
    const { ask } = busy(64)
    expect(await ask(null, 65)).toEqual(['hash_queue_full'])
  })

  it.each([1, 2, 3])('a queue of %i has a place for somebody', async (queue) => {
    const { ask, end } = busy(queue)
    expect(await ask('a')).toEqual([])
    expect(await end()).toEqual(['a1'])
  })

  it('what has been served is forgotten: the next flood has as many places', async () => {
    const queue = createBoundedQueue(1, 64)
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, (_, at) => queue.run(settle, from(`source ${round} ${at % 2}`))),
      )
      // One is done at once; with two sources in turn two thirds of the places are taken, and the rest refused.
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(44)
      expect(queue.statistics()).toEqual({ waiting: 0 })
    }
  })
})

describe('whoever has gone', () => {
  it('is not worked for, and holds up nobody', async () => {
    const told: string[] = []
    const { ask, end, waiting } = busy(64, {
      started: () => told.push('started'),
      refused: () => told.push('refused'),
      abandoned: () => told.push('abandoned'),
    })
    const has = { gone: false }
    const refusals = ask('a', 3, has)
    await ask('a')
    has.gone = true
    expect(waiting()).toBe(4)
    expect(await end()).toEqual(['a1'])
    expect(await refusals).toEqual(times(3, 'request_aborted'))
    expect(told).toEqual(['started', 'abandoned', 'abandoned', 'abandoned', 'started'])
    expect(waiting()).toBe(0)
  })

  it('leaves its place to whoever wants it, of its own source or, in a full queue, of another', async () => {
    const { ask, end, waiting } = busy(8)
    const has = { gone: false }
    const refusals = [ask('a', 4, has), ask('b', 2, has), ask('c', 1, has)]
    await Promise.all(refusals)
    expect(await ask('a')).toEqual(['hash_queue_share'])
    has.gone = true
    expect(await ask('a', 5)).toEqual(['hash_queue_share'])
    expect(waiting()).toBe(4)
    const have = { gone: false }
    for (const source of ['d', 'e', 'f', 'g']) await ask(source, 1, have)
    expect(await ask('h')).toEqual(['hash_queue_full'])
    have.gone = true
    expect(await ask('h')).toEqual([])
    expect(waiting()).toBe(5)
    expect(await end()).toEqual(['a1', 'h1', 'a2', 'a3', 'a4'])
    expect((await Promise.all(refusals)).flat()).toEqual(times(7, 'request_aborted'))
  })

  it('is not worked for where nobody waits either', async () => {
    const { run } = createBoundedQueue(1, 1)
    const work = async () => 'done'
    await expect(run(work, from('a', { gone: true }))).rejects.toMatchObject({ reason: 'request_aborted' })
    expect(await run(work, from('a', { gone: false }))).toBe('done')
  })
})
