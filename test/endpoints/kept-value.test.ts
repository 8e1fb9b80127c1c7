import { describe, expect, it } from 'vitest'
import { keepValue } from '../../src/endpoints/kept-value.ts'

/** A value whose readings end when the test says so. */
function setUp() {
  let nowMs = 0
  const readings: PromiseWithResolvers<string>[] = []
  const failures: unknown[] = []
  const kept = keepValue<string>({
    read: () => {
      const reading = Promise.withResolvers<string>()
      readings.push(reading)
      return reading.promise
    },
    clock: () => nowMs,
    maxAgeMs: 5000,
    onFailure: (cause) => failures.push(cause),
  })
  /** Ends the reading with this number, and lets the news get around. */
  async function end(number: number, value: string | Error): Promise<void> {
    if (typeof value === 'string') readings[number]?.resolve(value)
    else readings[number]?.reject(value)
    await new Promise(setImmediate)
  }
  return {
    kept,
    failures,
    end,
    readings: () => readings.length,
    advance(ms: number) {
      nowMs += ms
    },
    async begin(value: string) {
      const first = kept.latest()
      await end(0, value)
      expect(await first).toBe(value)
    },
  }
}

const GONE = new Error('the store is gone')

describe('a kept value', () => {
  it('is read once by all who ask first', async () => {
    const { kept, end, readings } = setUp()
    expect(() => kept.current()).toThrow()
    const asked = Promise.all([kept.latest(), kept.latest()])
    await end(0, 'one')
    expect(await asked).toEqual(['one', 'one'])
    expect([kept.current(), readings()]).toEqual(['one', 1])
  })

  it('is read again after a first reading that failed', async () => {
    const { kept, end, failures } = setUp()
    const asked = kept.latest()
    const refused = expect(asked).rejects.toBe(GONE)
    await end(0, GONE)
    await refused
    const again = kept.latest()
    await end(1, 'one')
    expect(await again).toBe('one')
    expect(failures).toEqual([])
  })

  it.each(['current', 'latest'] as const)('is read anew behind %s, once, when it is old', async (method) => {
    const { kept, begin, advance, end, readings } = setUp()
    await begin('one')
    advance(4999)
    expect([await kept[method](), readings()]).toEqual(['one', 1])
    advance(1)
    expect([await kept[method](), await kept[method](), readings()]).toEqual(['one', 'one', 2])
    await end(1, 'two')
    expect([await kept[method](), readings()]).toEqual(['two', 2])
  })

  it('is waited for when nobody has asked for long, by all who ask meanwhile', async () => {
    const { kept, begin, advance, end } = setUp()
    await begin('one')
    advance(10_000)
    const asked = Promise.all([kept.latest(), kept.latest()])
    await end(1, 'two')
    expect(await asked).toEqual(['two', 'two'])
  })

  it('is not waited for by those who asked all the time, however long a reading takes', async () => {
    const { kept, begin, advance, readings } = setUp()
    await begin('one')
    for (let asked = 0; asked < 20; asked++) {
      advance(5000)
      expect(await kept.latest()).toBe('one')
    }
    expect(readings()).toBe(2)
  })

  it('is the old one where it can not be read; that is reported, and tried again after a while', async () => {
    const { kept, begin, advance, end, failures, readings } = setUp()
    await begin('one')
    advance(5000)
    expect(await kept.latest()).toBe('one')
    await end(1, GONE)
    expect([await kept.latest(), kept.current(), readings(), failures]).toEqual(['one', 'one', 2, [GONE]])
    advance(3_600_000)
    const asked = Promise.all([kept.latest(), kept.latest()])
    await end(2, GONE)
    expect([await asked, failures]).toEqual([
      ['one', 'one'],
      [GONE, GONE],
    ])
    advance(5000)
    kept.current()
    await end(3, 'two')
    expect(kept.current()).toBe('two')
  })

  it('is read by whoever changed it, whatever was being read before', async () => {
    const { kept, begin, advance, end, failures } = setUp()
    await begin('one')
    advance(5000)
    kept.current()
    const reloaded = kept.reload()
    await end(2, 'changed')
    expect([await reloaded, kept.current()]).toEqual(['changed', 'changed'])
    await end(1, 'from before the change')
    expect(kept.current()).toBe('changed')
    const failed = expect(kept.reload()).rejects.toBe(GONE)
    await end(3, GONE)
    await failed
    expect([kept.current(), failures]).toEqual(['changed', []])
  })
})
